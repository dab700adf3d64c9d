"""How fast and how right the band answers chords: ``ttfn``, ``spread`` and ``response``."""

import random
import time
from collections.abc import Mapping, Sequence

from jamtui.music.chord import parse_chord
from jamtui.music.meter import EIGHTH, PPQ, next_grid
from jamtui.music.scale import chord_scale
from jamtui.processes.benching.band import BandUnderTest, write_config
from jamtui.processes.benching.bench import Bench
from jamtui.processes.benching.figures import Check, Figure, at_least, at_most, beside, percentile
from jamtui.processes.benching.matching import (
    Answered,
    HeardChord,
    Out,
    answers,
    heard_between,
    on_wire,
    read_heard,
    read_outs,
)
from jamtui.processes.benching.playing import Attack, Stroke, attacks, random_times, trigger_of
from jamtui.processes.benching.wire import KEYS, PING
from jamtui.processes.options import SessionOptions

STYLES = ("swing", "blues", "bossa", "funk", "ballad", "lofi")
BLOCKS = 6
FEWEST_IN_BLOCK = 8
SPREAD_MS = (5.0, 40.0)
LATE_MS = 80.0
REPLACED_MS = 100.0
"""A wrong note is replaced within this time of the press, the second look at a spread chord included."""
TEMPO = 132.0
MS = 1_000_000


def ttfn(bench: Bench) -> Figure:
    """Block chords on the free grid, in turns with the bare echo."""
    count = max(BLOCKS, bench.events // 4)
    run = _play(bench, count, gaps_ms=(400.0, 520.0), grid="free")
    times = [a.ttfn_ms for a in run.answered if a is not None]
    inside = [(a.stamp_ns - a.trigger_ns) / 1e6 for a in run.answered if a is not None]
    answered = len(times) / len(run.answered)
    return Figure(
        "ttfn",
        "time to first note, block chords, free grid",
        (
            beside("p50", times, run.echo_ms, 0.5, 3.0),
            beside("p99", times, run.echo_ms, 0.99, 10.0),
            at_least("chords answered", answered, 0.999),
        ),
        len(run.answered),
        details={
            "max ms": max(times, default=None),
            "echo max ms": max(run.echo_ms, default=None),
            "press to the engine's stamp, p50 ms": percentile(inside, 0.5) if inside else None,
            "press to the engine's stamp, p99 ms": percentile(inside, 0.99) if inside else None,
            "echo pings": len(run.echo_ms),
            "notes not seen by the receiver": run.lost,
            "note events": run.presses,
        },
    )


def spread(bench: Bench) -> Figure:
    """Chords spread over 5 to 40 ms."""
    count = max(BLOCKS, bench.events // 5)
    run = _play(bench, count, gaps_ms=(700.0, 900.0), grid="free", spread_ms=SPREAD_MS)
    times = [a.ttfn_ms for a in run.answered if a is not None]
    again = [sum(h.kind == "revised" for h in group) for group in run.heard]
    told = [sum(h.kind == "provisional" for h in group) for group in run.heard]
    wrong = notes = later = 0
    for answered, group in zip(run.answered, run.heard, strict=True):
        if answered is None or not group:
            continue
        scale = chord_scale(parse_chord(_settled(group).symbol))
        first = min((out for out in answered.outs if out.role != "drums"), key=lambda out: out.ns)
        wrong += first.data[1] % 12 not in scale
        notes += sum(out is not first for out in answered.outs)
        later += sum(out is not first and out.data[1] % 12 not in scale for out in answered.outs)
    return Figure(
        "spread",
        "the same, keys spread over 5 to 40 ms",
        (
            at_most("re-triggers of one chord, most", max(again, default=0), 1, ""),
            at_most(
                "answers to one chord, most", max(map(sum, zip(told, again, strict=True)), default=0), 2, ""
            ),
            at_most(
                "first notes outside the settled chord's scale, share", wrong / max(1, len(times)), 0.01, ""
            ),
            at_least("chords answered", len(times) / len(run.answered), 0.99),
        ),
        len(run.answered),
        details={
            "chords triggered again": sum(a > 0 for a in again),
            "first notes outside": wrong,
            "the other roles' first notes": notes,
            "of these outside (approach notes among them)": later,
            "p50 ms": percentile(times, 0.5) if times else None,
            "p99 ms": percentile(times, 0.99) if times else None,
            "echo p50 ms": percentile(run.echo_ms, 0.5),
            "echo p99 ms": percentile(run.echo_ms, 0.99),
            "max ms": max(times, default=None),
        },
    )


def response(bench: Bench) -> Figure:
    """Grid 1/8: chords from 80 ms late to an eighth early get their first note at the next grid point."""
    count = max(BLOCKS, bench.events // 5)
    run = _play(bench, count, gaps_ms=(0.0, 0.0), grid="1/8", around_beats=True)
    right = replaced = 0
    offsets: list[float] = []
    for answered, group in zip(run.answered, run.heard, strict=True):
        heard = next((h for h in group if h.kind == "provisional"), None)
        if answered is None or heard is None:
            continue
        found = at_next_grid_point(answered, heard.tick, 60e9 / TEMPO / PPQ)
        right += found is not None
        if found is not None:
            offsets.append((found.ns - found.due) / 1e6)
            replaced += found is not min(answered.outs, key=lambda out: out.tick)
    checks: tuple[Check, ...] = (at_least("first note at the next grid point, share", right / count, 0.99),)
    return Figure(
        "response",
        "chord response, grid 1/8, chords from 80 ms late to 1/8 early",
        checks,
        count,
        details={
            "answered": sum(a is not None for a in run.answered),
            "late chords that replaced a wrong note at once as well": replaced,
            "first note sent after it was due, p99 ms": percentile(offsets, 0.99) if offsets else None,
        },
    )


def at_next_grid_point(answered: Answered, tick: float, tick_ns: float) -> Out | None:
    """The note that answers a chord played at ``tick`` at the next eighth, None where the first note comes
    elsewhere.

    A chord up to 80 ms after a grid point also ends and replaces, at once, what sounds and became wrong. That
    is no answer too early, but the answer must still come at the grid point.
    """
    goal = next_grid(-int(-tick // 1), EIGHTH)
    late_ns = (tick - (goal - EIGHTH)) * tick_ns
    answering = [
        out
        for out in answered.outs
        if out.tick >= goal or late_ns > LATE_MS * MS or out.ns - answered.stamp_ns > REPLACED_MS * MS
    ]
    first = min(answering, key=lambda out: out.tick, default=None)
    return first if first is not None and first.tick == goal else None


class _Run:
    """What a run of chords gave."""

    def __init__(self) -> None:
        self.answered: list[Answered | None] = []
        self.heard: list[list[HeardChord]] = []
        self.echo_ms: list[float] = []
        self.lost = 0
        self.presses = 0


def _play(
    bench: Bench,
    count: int,
    *,
    gaps_ms: tuple[float, float],
    grid: str,
    spread_ms: tuple[float, float] = (0.0, 0.0),
    around_beats: bool = False,
) -> _Run:
    """Play ``count`` chords in blocks, one style each, with the echo between them."""
    write_config()
    run = _Run()
    options = SessionOptions(autostart=True, headless=True, grid=grid, seed=bench.seed, tempo=TEMPO)
    listener = bench.listener
    with BandUnderTest(listener, options) as band, bench.console():
        band.wait_playing()
        triggers: list[int] = []
        last: Attack | None = None
        blocks = max(1, min(BLOCKS, count // FEWEST_IN_BLOCK))
        for block in range(blocks):
            bench.say(f"chords, block {block + 1} of {blocks}")
            run.echo_ms += pings(bench, max(20, bench.events // blocks))
            band.act("style", STYLES[block % len(STYLES)])
            size = count // blocks + (block < count % blocks)
            seed = bench.seed * 100 + block
            start = time.perf_counter_ns() + 2_500 * MS
            if around_beats:
                times = _beat_times(band, seed, size, start)
            else:
                times = random_times(seed, size, start, *gaps_ms)
            chords = attacks(seed, times, spread_ms=spread_ms, after=last)
            last = chords[-1]
            triggers += _triggers(bench, chords)
            run.presses += 2 * sum(len(c.keys) for c in chords)
        time.sleep(1.2)
        band.fetch()
        records = band.journal().records
    outs = read_outs(records)
    wire = on_wire(outs, listener.since(band.started_ns))
    end = triggers[-1] + 2_000 * MS
    run.lost = sum(w is None for w, out in zip(wire, outs, strict=True) if triggers[0] < out.ns < end)
    run.answered = answers(triggers, outs, wire)
    run.heard = heard_between(read_heard(records), triggers)
    listener.clear()
    return run


def _triggers(bench: Bench, chords: Sequence[Attack]) -> list[int]:
    """Play the chords; when each became one, by the player's own stamps."""
    strokes: list[tuple[Stroke, int]] = []
    for index, chord in enumerate(chords):
        strokes += [(stroke, index) for stroke in chord.strokes(KEYS)]
    strokes.sort(key=lambda s: s[0][0])
    sent = bench.player.play([stroke for stroke, _ in strokes])
    presses: list[list[tuple[int, int]]] = [[] for _ in chords]
    for (stroke, index), ns in zip(strokes, sent, strict=True):
        data = bytes.fromhex(stroke[2])
        if ns is not None and data[0] == 0x90:
            presses[index].append((data[1], ns))
    return [trigger_of(p) for p in presses]


def attacks_now(bench: Bench, seed: int) -> None:
    """Play one chord at once."""
    at = time.perf_counter_ns() + 5 * MS
    bench.player.play([s for chord in attacks(seed, [at]) for s in chord.strokes(KEYS)])


def presses_of(record: Mapping[str, object]) -> int | None:
    """When a journal's input record is a note-on: its stamp; None for all else."""
    if record.get("t") != "in":
        return None
    data, ns = bytes.fromhex(str(record["hex"])), record["ns"]
    return ns if isinstance(ns, int) and data[0] & 0xF0 == 0x90 and data[-1] else None


def pings(bench: Bench, count: int) -> list[float]:
    """Round trips through the bare echo in milliseconds, at random times."""
    rng = random.Random(bench.seed + count)
    listener = bench.listener
    before = len(listener.echoes())
    at = time.perf_counter_ns() + 20 * MS
    strokes: list[Stroke] = []
    for index in range(count):
        at += round(rng.uniform(8.0, 24.0) * MS)
        strokes.append((at, PING, bytes((0xA0, index % 128, index // 128 % 128)).hex()))
    sent = bench.player.play(strokes)
    time.sleep(0.1)
    waiting: dict[bytes, list[int]] = {}
    for (_, _, text), ns in zip(strokes, sent, strict=True):
        if ns is not None:
            waiting.setdefault(bytes.fromhex(text), []).append(ns)
    times: list[float] = []
    for arrival in listener.echoes()[before:]:
        queue = waiting.get(arrival.data)
        if queue:
            times.append((arrival.ns - queue.pop(0)) / 1e6)
    return times


def _beat_times(band: BandUnderTest, seed: int, count: int, start_ns: int) -> list[int]:
    """Times around every second beat after ``start_ns``: from an eighth early to 80 ms late."""
    rng = random.Random(seed)
    tick0, ns0, tick_ns = band.clock()
    beat = int((start_ns - ns0) / tick_ns + tick0) // PPQ + 2
    times: list[int] = []
    for index in range(count):
        on = ns0 + ((beat + 2 * index) * PPQ - tick0) * tick_ns
        times.append(round(on + rng.uniform(-EIGHTH * tick_ns, LATE_MS * MS)))
    return times


def _settled(group: Sequence[HeardChord]) -> HeardChord:
    """What the chord turned out to be: the last settled label, else the last that the band was told."""
    return next((h for h in reversed(group) if h.kind == "settled"), group[-1])
