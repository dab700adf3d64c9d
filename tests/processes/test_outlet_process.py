"""The outlet as a process, without any MIDI system: what the engine's link sees of it."""

import contextlib
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jamtui.errors import PortError
from jamtui.playback.handover import Fate, Receipt
from jamtui.playback.ledger import Key, Ledger, read_owed
from jamtui.playback.sinks import PortGone
from jamtui.processes.children import start_child
from jamtui.processes.link import link_key
from jamtui.processes.outlet_link import NoOutletError, OutletLink, RemotePort
from jamtui.processes.placing import NULL, PORT, OutputsView, Wanted
from jamtui.processes.shared import SharedState
from jamtui.processes.sinks import SINKS

LEAD = SINKS.index("lead")
NOWHERE = {"lead": Wanted(NULL, "jamtui lead", reason="a test")}
PATIENCE_S = 20.0


class Outlets:
    """Outlets in a runtime folder, one after the other."""

    def __init__(self, home: Path) -> None:
        self.runtime = home / "run"
        link_key(self.runtime, create=True)
        self.shared = SharedState(self.runtime / "state.map", create=True)
        self._home = home
        self.start()

    def start(self) -> None:
        self.process = start_child("jamtui.processes.outlet", [str(self.runtime), "none"], self._home)

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)


@pytest.fixture
def outlets(jamtui_home: Path) -> Iterator[Outlets]:
    outlets = Outlets(jamtui_home)
    yield outlets
    if outlets.process.poll() is None:
        outlets.end()
    outlets.shared.close()


def opened(outlets: Outlets) -> tuple[OutletLink, RemotePort, OutputsView]:
    link = OutletLink(outlets.runtime)
    link.find(PATIENCE_S)
    view = link.arrange(NOWHERE, PATIENCE_S)
    return link, RemotePort("lead", view.sinks["lead"], link), view


def receipts(link: OutletLink, count: int) -> list[Receipt]:
    found: list[Receipt] = []
    link.hand_over()
    end = time.monotonic() + PATIENCE_S
    while len(found) < count and time.monotonic() < end:
        found += link.receipts()
        time.sleep(0.001)
    return found


def wait_owed(shared: SharedState, owed: list[tuple[int, int, int]]) -> None:
    end = time.monotonic() + PATIENCE_S
    while read_owed(shared.bitmap) != owed:
        assert time.monotonic() < end, read_owed(shared.bitmap)
        time.sleep(0.002)


def test_messages_leave_at_their_time_and_say_so(outlets: Outlets) -> None:
    link, lead, view = opened(outlets)
    assert view.priority
    assert not lead.placed.is_port
    now = time.perf_counter_ns()
    later = lead.send_at(b"\x80\x3c\x00", now + 30_000_000, reported=True)
    sooner = lead.send_at(b"\x90\x3d\x50", now + 20_000_000, lapses=True, reported=True)
    other = lead.send_at(b"\x91\x3d\x50", now + 5_000_000, lapses=True, reported=True)
    got = {r.serial: r for r in receipts(link, 3)}
    assert {r.fate for r in got.values()} == {Fate.SENT}
    assert got[other].sent_ns >= now + 5_000_000
    assert got[sooner].sent_ns >= got[later].sent_ns >= now + 30_000_000  # in order on one channel
    wait_owed(outlets.shared, [(LEAD, 0, 61), (LEAD, 1, 61)])
    lead.send(b"\x80\x3d\x00")
    link.close()
    wait_owed(outlets.shared, [])


def test_what_leaves_together_is_handed_over_together_and_no_more_than_the_outlet_takes(
    outlets: Outlets,
) -> None:
    link, lead, _ = opened(outlets)
    first = lead.send_at(b"\x90\x3c\x50", 0, reported=True)
    second = lead.send_at(b"\x80\x3c\x00", 0, reported=True)

    def flood() -> None:
        for number in range(200_000):
            lead.send_at(bytes((0xB0, number % 120, number // 120 % 128)), 0)
            if not number % 64:
                link.hand_over()  # never waits for an outlet that hangs

    os.kill(outlets.process.pid, signal.SIGSTOP)
    if sys.platform == "linux":
        # Where RealtimeKit gives the priority a real-time thread that computes too long is killed.
        resource.prlimit(outlets.process.pid, resource.RLIMIT_RTTIME, (100_000, 100_000))
    with pytest.raises(PortGone, match="more is to be sent"):
        flood()
    os.kill(outlets.process.pid, signal.SIGCONT)
    assert [(r.serial, r.fate) for r in receipts(link, 2)] == [(first, Fate.SENT), (second, Fate.SENT)]
    end = time.monotonic() + PATIENCE_S
    again = 0
    while not again and time.monotonic() < end:
        link.receipts()  # what could not be handed over then is, by whoever looks for receipts
        with contextlib.suppress(PortGone):
            again = lead.send_at(b"\x90\x3d\x50", 0, reported=True)
    assert [(r.serial, r.fate) for r in receipts(link, 1)] == [(again, Fate.SENT)]
    link.close()


def test_an_engine_that_is_gone_has_its_notes_ended(outlets: Outlets) -> None:
    link, lead, _ = opened(outlets)
    lead.send(b"\x90\x3c\x50")
    lead.send(b"\xb0\x40\x7f")
    lead.send_at(b"\x90\x3e\x50", time.perf_counter_ns() + 3_600_000_000_000)
    link.hand_over()
    wait_owed(outlets.shared, [(LEAD, 0, 60), (LEAD, 0, 128)])
    link.close()
    wait_owed(outlets.shared, [])
    with pytest.raises(PortGone):
        lead.send(b"\x90\x3c\x50")


def test_another_engine_takes_the_place_of_the_one_before(outlets: Outlets) -> None:
    _, first, _ = opened(outlets)
    first.send(b"\x90\x3c\x50")
    wait_owed(outlets.shared, [(LEAD, 0, 60)])
    second, lead, _ = opened(outlets)
    wait_owed(outlets.shared, [])
    lead.send_at(b"\x90\x40\x50", 0, reported=True)
    assert [r.fate for r in receipts(second, 1)] == [Fate.SENT]
    second.close()


def test_what_is_not_there_is_refused_with_the_reason(outlets: Outlets) -> None:
    link, lead, view = opened(outlets)
    assert (view.api, view.reason) == ("none", "MIDI is turned off (midi.api)")
    with pytest.raises(PortError, match="MIDI is turned off"):
        link.assign("lead", Wanted(PORT, "jamtui lead out", "Rack"))
    # What was told with the refusal, and only once, is not lost.
    (kind, told), *_ = link.news(0)
    assert (kind, told.sinks, told.refused[:21]) == ("look", view.sinks, "no MIDI output can be")
    gone = RemotePort("bass", lead.placed, link)
    serial = gone.send_at(b"\x91\x28\x50", 0, reported=True)
    assert receipts(link, 1) == [Receipt(serial, 0, Fate.GONE)]
    with pytest.raises(PortError):
        link.assign("lead", Wanted(PORT, "jamtui lead out", "Rack"))
    link.close()
    assert link.news(0) == []  # what it said goes with an outlet


def test_a_killed_outlet_is_missed_and_found_again(outlets: Outlets) -> None:
    link, lead, _ = opened(outlets)
    lead.send(b"\x90\x3c\x50")
    wait_owed(outlets.shared, [(LEAD, 0, 60)])
    last = lead.send_at(b"\x90\x3d\x50", time.perf_counter_ns() + 3_600_000_000_000, reported=True)
    link.hand_over()
    os.kill(outlets.process.pid, signal.SIGKILL)
    outlets.process.wait()
    assert outlets.process.stdin is not None
    outlets.process.stdin.close()
    end = time.monotonic() + PATIENCE_S
    while link.connected and time.monotonic() < end:
        link.receipts()
    assert link.lost == last
    with pytest.raises(PortGone, match="started again"):
        lead.send(b"\x80\x3c\x00")
    assert not link.find_again(time.perf_counter_ns())
    outlets.start()
    while not link.find_again(time.perf_counter_ns()) and time.monotonic() < end:
        time.sleep(0.01)
    link.arrange_soon(NOWHERE)
    news: list[tuple[str, OutputsView]] = []
    while not news and time.monotonic() < end:
        news += link.news(0)
    assert [kind for kind, _ in news] == ["arrange"]
    # What the one before could not end is ended where its port is back.
    wait_owed(outlets.shared, [])
    lead.send_at(b"\x90\x3c\x50", 0, reported=True)
    assert [r.fate for r in receipts(link, 1)] == [Fate.SENT]
    link.close()


def test_in_the_end_all_is_ended(outlets: Outlets) -> None:
    link, lead, _ = opened(outlets)
    lead.send(b"\x90\x3c\x50")
    wait_owed(outlets.shared, [(LEAD, 0, 60)])
    outlets.end()
    assert outlets.process.returncode == 0
    assert read_owed(outlets.shared.bitmap) == []
    link.close()


class _LostOnTheWay:
    """In place of the lock of an `OutletLink`: its outlet is lost just before it is taken."""

    def __init__(self, link: OutletLink) -> None:
        self._link = link
        self._lock = threading.RLock()
        self._over = False

    def __enter__(self) -> None:
        if not self._over:
            self._over = True
            self._link.close()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_no_message_is_taken_for_an_outlet_that_is_being_lost(
    outlets: Outlets, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, lead, _ = opened(outlets)
    lead.send(b"\x90\x3c\x50")
    # What was taken without an outlet would have neither a receipt nor a place before `lost`: no report
    # after it would ever be complete.
    monkeypatch.setattr(link, "_hand_lock", _LostOnTheWay(link))
    with pytest.raises(PortGone):
        lead.send_at(b"\x80\x3c\x00", 0, reported=True)
    assert link.lost == 1


def test_an_outlet_that_is_not_there_is_said(jamtui_home: Path) -> None:
    link_key(jamtui_home, create=True)
    with pytest.raises(NoOutletError):
        OutletLink(jamtui_home).find(0.05)


def test_what_an_outlet_left_in_the_bitmap_is_owed_by_the_next(tmp_path: Path) -> None:
    shared = SharedState(tmp_path / "state.map", create=True)
    key: Key = ("lead", 0, 60)
    Ledger(SINKS, shared.bitmap).add(key)
    assert Ledger(SINKS, shared.bitmap).owed() == (key,)
    shared.beat_outlet(5, 77)
    shared.beat(6, 78)
    assert (shared.outlet_heartbeat_ns, shared.outlet_pid) == (5, 77)
    assert (shared.heartbeat_ns, shared.engine_pid) == (6, 78)
    shared.close()
