"""Everything a broken keyboard or a mad sequencer can send: ``flood``."""

import random
import time
from collections.abc import Iterator

from jamtui.processes.benching.band import BandUnderTest, resident_mb, write_config
from jamtui.processes.benching.bench import Bench
from jamtui.processes.benching.figures import Figure, at_most, exactly, holds
from jamtui.processes.benching.matching import sounding_at
from jamtui.processes.benching.playing import Stroke
from jamtui.processes.benching.wire import KEYS
from jamtui.processes.options import SessionOptions

FLOOD = 100_000
EVENTS_FOR_ALL = 5000
BURST, GAP_MS = 8, 2
MS = 1_000_000


def messages(seed: int) -> Iterator[bytes]:
    """Random input without end: notes, note-offs that end nothing, velocity 0, running status, controllers,
    bends, system exclusive, clock floods, Start and Stop, Song Position."""
    rng = random.Random(seed)
    while True:
        kind = rng.random()
        channel, key, value = rng.randrange(16), rng.randrange(128), rng.randrange(128)
        if kind < 0.30:
            yield bytes((0x90 | channel, key, rng.randrange(1, 128)))
        elif kind < 0.45:
            yield bytes((0x80 | channel, key, value))
        elif kind < 0.60:
            yield bytes((0x90 | channel, key, 0))
        elif kind < 0.68:
            # Running status as JACK hands it on, whose events are whole messages.
            for _ in range(rng.randrange(2, 5)):
                yield bytes((0x90 | channel, rng.randrange(128), rng.randrange(128)))
        elif kind < 0.76:
            yield bytes((0xB0 | channel, rng.choice((1, 7, 64, 66, 120, 121, 123)), value))
        elif kind < 0.80:
            yield bytes((rng.choice((0xC0, 0xD0)) | channel, key))
        elif kind < 0.84:
            yield bytes((0xE0 | channel, key, value))
        elif kind < 0.88:
            body = bytes(rng.randrange(128) for _ in range(rng.randrange(1, 40)))
            yield b"\xf0" + body + b"\xf7"
        elif kind < 0.97:
            yield b"\xf8"
        elif kind < 0.985:
            yield bytes((rng.choice((0xFA, 0xFB, 0xFC, 0xFE)),))
        else:
            yield bytes((0xF2, key, value))


def flood(bench: Bench) -> Figure:
    """A hundred thousand random input events, then every key let go."""
    write_config()
    count = round(FLOOD * min(1.0, bench.events / EVENTS_FOR_ALL))
    listener = bench.listener
    options = SessionOptions(autostart=True, headless=True, seed=bench.seed)
    with BandUnderTest(listener, options) as band, bench.console():
        band.wait_playing()
        engine = int(band.fetch()["engine_pid"])
        before = resident_mb(engine)
        source = messages(bench.seed)
        at = time.perf_counter_ns() + 500 * MS
        strokes: list[Stroke] = []
        for index in range(count):
            strokes.append((at, KEYS, next(source).hex()))
            if index % BURST == BURST - 1:
                at += GAP_MS * MS
        bench.say(f"{count} events in {(at - time.perf_counter_ns()) / 1e9:.0f} s")
        sent = bench.player.play(strokes)
        taken = sum(ns is not None for ns in sent)
        at = time.perf_counter_ns() + 200 * MS
        letting_go: list[Stroke] = []
        for channel in range(16):
            letting_go.append((at, KEYS, bytes((0xB0 | channel, 64, 0)).hex()))
            for key in range(128):
                letting_go.append((at, KEYS, bytes((0x80 | channel, key, 0)).hex()))
                at += MS // 4
        bench.player.play(letting_go)
        time.sleep(1.0)
        playing = band.fetch()
        if playing["state"] != "stopped":
            band.act("start_stop")
        time.sleep(1.5)
        report = band.fetch()
        alive = int(report["engine_pid"]) == engine
        ringing = sounding_at(listener.since(band.started_ns), time.perf_counter_ns())
        grown = resident_mb(engine) - before if alive else 0.0
    listener.clear()
    return Figure(
        "flood",
        f"{count} random input events",
        (
            holds("the engine is alive", alive, "the same process"),
            exactly("owed in the ledger at the end", int(report["sounding"]), 0),
            exactly("sounding on the wire at the end", len(ringing), 0),
            at_most("engine restarts", float(not alive), 0, ""),
        ),
        taken,
        details={
            "not taken by rtmidi": count - taken,
            "state afterwards": str(playing["state"]),
            "engine grew by MB": grown,
            "worst lateness ms": report["lateness_ms"]["max"],
        },
    )
