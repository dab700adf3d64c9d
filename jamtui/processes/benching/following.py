"""How well a MIDI clock is followed: ``clock``.

The clock comes from the bench's player, each pulse up to 3 ms early or late. Where the music is shows in the
notes, played without feel, so that each belongs to its tick exactly.
"""

import random
import time
from collections.abc import Callable, Sequence

from jamtui.music.meter import PPQ
from jamtui.processes.benching.answering import pings
from jamtui.processes.benching.band import BandUnderTest, write_config
from jamtui.processes.benching.bench import Bench
from jamtui.processes.benching.figures import Check, Figure, at_least, at_most, percentile
from jamtui.processes.benching.matching import Out, on_wire, read_outs
from jamtui.processes.benching.playing import Stroke
from jamtui.processes.benching.wire import KEYS
from jamtui.processes.options import SessionOptions

JITTER_MS = 3.0
PULSES = 24
BAR = 4 * PPQ
MS = 1_000_000
SONG_POSITIONS = (64, 16, 200)
"""Sixteenths that are jumped to."""
LANDED_MS = 5.0


class Score:
    """The clock that is sent: strokes, and where the music truly is at each tick of each stretch."""

    def __init__(self, start_ns: int, bpm: float, seed: int) -> None:
        self.strokes: list[Stroke] = []
        self.stretches: list[tuple[float, float, Callable[[float], float], int, int]] = []
        """(first tick, last tick, tick to ns, begin ns, end ns)"""
        self._rng = random.Random(seed)
        self._at = float(start_ns)
        self._tick = 0.0
        self._bpm = bpm

    @property
    def now(self) -> float:
        """When what was written so far ends."""
        return self._at

    def message(self, data: bytes, *, early_ms: float = 5.0) -> None:
        """A message shortly before the next pulse."""
        self.strokes.append((round(self._at - early_ms * MS), KEYS, data.hex()))

    def run(self, quarters: float, bpm: float | None = None, *, silent: bool = False) -> int:
        """Pulses for so many quarter notes (none where ``silent``: time goes on); the stretch's index."""
        self._bpm = bpm or self._bpm
        pulse_ns = 60e9 / self._bpm / PULSES
        at0, tick0, tick_ns = self._at, self._tick, 60e9 / self._bpm / PPQ
        count = round(quarters * PULSES)
        if not silent:
            for index in range(count):
                jitter = self._rng.uniform(-JITTER_MS, JITTER_MS) * MS
                self.strokes.append((round(at0 + index * pulse_ns + jitter), KEYS, "f8"))
        self._at = at0 + count * pulse_ns
        self._tick = tick0 + count * PPQ / PULSES
        self.stretches.append(
            (tick0, self._tick, lambda tick: at0 + (tick - tick0) * tick_ns, round(at0), round(self._at))
        )
        return len(self.stretches) - 1

    def stop(self) -> None:
        """Stop between two pulses."""
        self.strokes.append((round(self._at - 6 * MS), KEYS, "fc"))
        self._at += 300 * MS

    def go_on_from(self, sixteenth: int) -> None:
        """Song Position and Continue."""
        self.message(bytes((0xF2, sixteenth & 0x7F, sixteenth >> 7)), early_ms=60.0)
        self.message(b"\xfb", early_ms=8.0)
        self._tick = sixteenth * PPQ / 4.0

    def errors(self, stretch: int, outs: Sequence[Out], skip: float = 0.0) -> list[tuple[float, float]]:
        """(tick, ms after where it belongs) of the note-ons in a stretch, its first ``skip`` ticks left out.

        A note belongs to the stretch by its tick and by when it was sent."""
        first, last, ns_at, begin, end = self.stretches[stretch]
        return [
            (out.tick, (out.ns - ns_at(out.tick)) / 1e6)
            for out in outs
            if out.on
            and first + skip <= out.tick < last - PPQ / 8
            and begin - 20 * MS <= out.ns <= end + 20 * MS
        ]


def clock(bench: Bench) -> Figure:
    """Steady, 120 to 140, a drop-out of 5 s, and Song Positions."""
    write_config(playing="feel = 0.0", clock='source = "midi"')
    options = SessionOptions(headless=True, seed=bench.seed, tempo=120.0, style="funk")
    floor = pings(bench, 100)
    with BandUnderTest(bench.listener, options) as band:
        keys = [
            (time.perf_counter_ns() + 500 * MS, KEYS, bytes((0x90, k, 80)).hex()) for k in (48, 64, 67, 70)
        ]
        bench.player.play(keys)
        score = Score(time.perf_counter_ns() + 1_500 * MS, 120.0, bench.seed)
        score.message(b"\xfa")
        steady = score.run(max(24.0, 4 * (bench.events // PULSES // 4)))
        faster = score.run(32.0, 140.0)
        dropped = score.run(140 / 60 * 5, silent=True)
        back = score.run(32.0)
        jumps = []
        for position in SONG_POSITIONS:
            score.stop()
            score.go_on_from(position)
            jumps.append(score.run(16.0))
        score.stop()
        bench.say(f"following a clock for {(score.now - time.perf_counter_ns()) / 1e9:.0f} s")
        bench.player.play(sorted(score.strokes), raised=True)
        band.fetch()
        records = band.journal().records
    outs = read_outs(records)
    wire = on_wire(outs, bench.listener.since(band.started_ns))
    bench.listener.clear()
    transport = [(w - o.ns) / 1e6 for o, w in zip(outs, wire, strict=True) if w is not None]
    settled = score.errors(steady, outs, 2 * BAR)
    relocked = score.errors(faster, outs, BAR)
    gap = score.errors(dropped, outs)
    returned = score.errors(back, outs)
    constant = percentile([e for _, e in settled], 0.5) if settled else 0.0
    landed = [_landing(score.errors(j, outs), constant) for j in jumps]
    steps = [abs(b - a) for (_, a), (_, b) in zip(gap + returned, (gap + returned)[1:], strict=False)]
    checks: tuple[Check, ...] = (
        at_most("phase error p99", _away(settled, constant, 0.99), 2.0),
        at_most("120 to 140: phase error p99 from a bar after", _away(relocked, constant, 0.99), 2.0),
        at_most("drift in a drop-out of 5 s", _away(gap, constant, 1.0), 10.0),
        at_most("largest step from note to note through drop-out and return", max(steps, default=None), 10.0),
        at_most(
            "after the drop-out, phase error p99 from a bar after",
            _away(returned[len(returned) // 8 :], constant, 0.99),
            2.0,
        ),
        at_least(
            "Song Positions that land right",
            sum(x is not None and x <= LANDED_MS for x in landed),
            len(landed),
        ),
    )
    return Figure(
        "clock",
        "following MIDI clock sent with ±3 ms jitter",
        checks,
        len(settled) + len(relocked) + len(gap) + len(returned),
        details={
            "constant part of the phase error (transport), ms": constant,
            "echo p50 ms": percentile(floor, 0.5),
            "send to wire p50 ms": percentile(transport, 0.5) if transport else None,
            "phase error p50 ms": _away(settled, constant, 0.5),
            "phase error max ms": _away(settled, constant, 1.0),
            "landing errors ms": " ".join("-" if x is None else f"{x:.2f}" for x in landed),
        },
    )


def _away(errors: Sequence[tuple[float, float]], constant: float, share: float) -> float | None:
    return percentile([abs(e - constant) for _, e in errors], share) if errors else None


def _landing(errors: Sequence[tuple[float, float]], constant: float) -> float | None:
    """How far from their places the notes of the first bar after a jump came; None where there are none."""
    if not errors:
        return None
    first = errors[0][0]
    return max(abs(e - constant) for tick, e in errors if tick < first + BAR)
