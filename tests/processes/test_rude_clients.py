"""Clients that misbehave over the link: the band plays on and says what it did not understand."""

import contextlib
import json
import os
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from jamtui.processes.codec import LINK_VERSION, encode
from jamtui.processes.link import MESSAGE_LIMIT, connect
from jamtui.processes.options import SessionOptions
from tests.processes.wire import RunningBand, wait_until

pytestmark = pytest.mark.wire

GARBAGE = (
    b"",
    b"\xff\xfe\x00",
    b"[]",
    b"null",
    b'{"v":1}',
    b'{"v":1,"t":null,"b":{}}',
    b"[" * 100_000,
    encode("action"),
    encode("action", {"name": 3}),
    encode("action", {"name": "tempo", "argument": [1]}),
    encode("action", {"name": "tempo", "argument": {"a": 1}}),
    encode("action", {"name": "energy", "argument": "much"}),
    encode("action", {"name": "style", "argument": None}),
    b'{"v":1,"t":"action","b":{"name":"tempo","argument":NaN}}',
    b'{"v":1,"t":"action","b":{"name":"tempo","argument":1e999}}',
    b'{"v":1,"t":"action","b":{"name":"energy","argument":NaN}}',
    encode("midi"),
    encode("midi", 3),
    encode("midi", "no hex"),
    encode("midi", ""),
    encode("midi", "90"),
    encode("midi", "90ff7f"),
    encode("midi", "f0" + "00" * 100),
    encode("midi", "f8fafcfff7f4"),
    encode("bar", {"role": "lead"}),
    encode("bar", 7),
    encode("health", [{"source": "?", "name": 1}]),
    encode("health", {"a": 1}),
    encode("hello"),
    encode("hello", {"name": ["x"]}),
    encode("tell"),
    encode("cancel", 3),
    encode("no such kind", {"a": [1, 2]}),
)


def test_garbage_changes_nothing_but_the_event_line(jamtui_home: Path) -> None:
    with RunningBand(SessionOptions(demo=True, autostart=True, seed=5)) as band:
        engine = band.pid("engine")
        band.wait(lambda s: s.state == "playing", "playing")
        before = band.snapshot()
        rude = connect(band.runtime, "engine")
        for data in GARBAGE:
            rude.send_bytes(data)
        band.wait_event("not a jamtui message")
        band.wait_event("was not understood")
        other = encode("action", {"name": "panic"}).replace(f'"v":{LINK_VERSION}'.encode(), b'"v":99')
        rude.send_bytes(other)
        band.wait_event("link version 99")
        rude.send_bytes(b"x" * (MESSAGE_LIMIT - 1))
        rude.close()
        band.wait(lambda s: s.bar > before.bar, "the next bar")
        after = band.snapshot()
        assert (after.bpm, after.energy, after.style) == (before.bpm, before.energy, before.style)
        assert band.report()["hung_notes"] == 0
        assert band.pid("engine") == engine


@pytest.mark.slow
def test_clients_that_never_read_or_come_and_go_cost_nothing(jamtui_home: Path) -> None:
    with RunningBand(SessionOptions(demo=True, autostart=True, seed=5)) as band:
        engine = band.pid("engine")
        folder = Path(f"/proc/{engine}/fd")
        asleep: list[Connection] = []
        for _ in range(4):
            sleeper = connect(band.runtime, "engine")
            sleeper.send_bytes(encode("hello", {"name": "console", "pid": os.getpid()}))
            asleep.append(sleeper)
        wait_until(lambda: band.report()["clients"].count("console") == 4, "four consoles")
        before = len(list(folder.iterdir())) if folder.is_dir() else 0
        for _ in range(100):
            visitor = connect(band.runtime, "engine")
            visitor.send_bytes(encode("hello", {"name": "console", "pid": os.getpid()}))
            visitor.close()
        for sleeper in asleep:  # events that they do not read: they are disconnected, with all that waits
            with contextlib.suppress(ConnectionError):
                for _ in range(1200):
                    sleeper.send_bytes(encode("action", {"name": "tempo", "argument": "x" * 4000}))
        wait_until(lambda: "console" not in band.report()["clients"], "consoles disconnected")
        if folder.is_dir():
            wait_until(lambda: len(list(folder.iterdir())) <= before, "descriptors back")
        band.wait(lambda s: s.state == "playing", "playing")
        bar = band.snapshot().bar
        band.wait(lambda s: s.bar > bar, "the next bar")
        assert band.pid("engine") == engine
        for sleeper in asleep:
            sleeper.close()


@pytest.mark.slow
def test_a_flood_of_messages_starves_nobody(jamtui_home: Path) -> None:
    with RunningBand(SessionOptions(demo=True, autostart=True, seed=5, tempo=200.0)) as band:
        engine = band.pid("engine")
        band.wait(lambda s: s.state == "playing", "playing")
        over = threading.Event()
        flood = connect(band.runtime, "engine")
        sent = [0]

        def pour() -> None:
            message = encode("action", {"name": "energy", "argument": 0.5})
            while not over.is_set():
                flood.send_bytes(message)
                sent[0] += 1

        thread = threading.Thread(target=pour, daemon=True)
        thread.start()
        try:
            bar = band.snapshot().bar
            band.wait(lambda s: s.bar > bar + 3, "three bars more")
        finally:
            over.set()
            thread.join(20)
        flood.close()
        assert sent[0] > 500
        assert band.pid("engine") == engine
        assert band.report()["hung_notes"] == 0


def test_what_a_client_asks_is_answered_to_it_alone(jamtui_home: Path) -> None:
    with RunningBand(SessionOptions()) as band:
        visitor = connect(band.runtime, "engine")
        visitor.send_bytes(encode("hello", {"name": "tool", "pid": os.getpid()}))
        visitor.send_bytes(encode("report"))
        got = []
        end = time.monotonic() + 10
        while "report" not in got and time.monotonic() < end:
            assert visitor.poll(10)
            got.append(json.loads(visitor.recv_bytes())["t"])
        assert got == ["welcome", "report"]  # no snapshots: it is no console
        visitor.close()
