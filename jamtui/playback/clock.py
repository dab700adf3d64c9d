"""The musical clock: straight lines between ticks and nanoseconds, swapped atomically.

One thread writes (`MusicalClock`'s methods), any thread reads ``clock.segment``: it is a frozen value behind
one attribute, so a reader never sees half a change and never waits.
"""

from collections.abc import Callable
from dataclasses import dataclass

from jamtui.errors import MusicError
from jamtui.music.meter import PPQ

NEVER_NS = 1 << 62
"""An instant that never comes: when a stopped clock reaches any tick."""

MIN_BPM = 20.0
MAX_BPM = 400.0

_MINUTE_NS = 60_000_000_000


def ns_per_tick(bpm: float) -> float:
    """Nanoseconds of a tick at ``bpm`` quarter notes a minute."""
    return _MINUTE_NS / (bpm * PPQ)


@dataclass(frozen=True, slots=True)
class ClockSegment:
    """At ``ns0`` the music is at ``tick0`` and moves on by a tick every ``ns_per_tick`` nanoseconds.

    ``revision`` grows with every change. ``jump`` grows only when musical time jumped (Start, seek, Song
    Position), and ``jump_tick`` is where to: what lies before it is past. A segment that is not ``running``
    stays at ``tick0`` for ever: `tick_at` answers ``tick0`` and `ns_at` answers `NEVER_NS`.
    """

    tick0: float
    ns0: int
    ns_per_tick: float
    revision: int
    running: bool = True
    jump: int = 0
    jump_tick: float = 0.0

    def tick_at(self, ns: int) -> float:
        """Musical time at ``ns``, in ticks."""
        if not self.running:
            return self.tick0
        return self.tick0 + (ns - self.ns0) / self.ns_per_tick

    def ns_at(self, tick: float) -> int:
        """When the music reaches ``tick`` (may lie in the past), `NEVER_NS` while stopped."""
        if not self.running:
            return NEVER_NS
        return self.ns0 + round((tick - self.tick0) * self.ns_per_tick)

    @property
    def bpm(self) -> float:
        """Quarter notes a minute, also while stopped (the tempo at which it will go on)."""
        return _MINUTE_NS / (self.ns_per_tick * PPQ)


class MusicalClock:
    """Holds the current `ClockSegment`. Begins stopped at tick 0.

    All times are nanoseconds of ``time.perf_counter_ns`` given by the caller. ``on_change`` is called after
    every change, in the thread that made it (the output thread's ``wake`` belongs there).
    """

    def __init__(self, bpm: float, now: int = 0, on_change: Callable[[], None] | None = None) -> None:
        self.segment = ClockSegment(0.0, now, ns_per_tick(_checked(bpm)), 0, running=False)
        self.on_change = on_change

    @property
    def running(self) -> bool:
        """Whether musical time moves."""
        return self.segment.running

    @property
    def bpm(self) -> float:
        """Quarter notes a minute."""
        return self.segment.bpm

    def start(self, ns: int, tick: float | None = None) -> None:
        """Run from the held position, or from ``tick`` (a jump). Running already: only the jump is done."""
        held = self.segment
        if held.running and tick is None:
            return
        at = held.tick0 if tick is None else tick
        self._swap(at, ns, held.ns_per_tick, running=True, jumped=tick is not None)

    def stop(self, ns: int) -> None:
        """Hold at the position reached at ``ns``."""
        was = self.segment
        if was.running:
            self._swap(was.tick_at(ns), ns, was.ns_per_tick, running=False, jumped=False)

    def set_bpm(self, bpm: float, ns: int) -> None:
        """Change the tempo at ``ns`` without a jump in musical time. Raises `MusicError` out of range."""
        was = self.segment
        self._swap(was.tick_at(ns), ns, ns_per_tick(_checked(bpm)), running=was.running, jumped=False)

    def locate(self, tick: float, ns: int) -> None:
        """Jump to ``tick`` at ``ns``, keeping tempo and running or stopped."""
        was = self.segment
        self._swap(tick, ns, was.ns_per_tick, running=was.running, jumped=True)

    def follow(self, tick: float, ns: int, tick_ns: float, *, jumped: bool = False) -> None:
        """Run along a line someone else measured: at ``ns`` the music is at ``tick``."""
        self._swap(tick, ns, tick_ns, running=True, jumped=jumped)

    def hold(self, tick: float, ns: int, tick_ns: float, *, jumped: bool = False) -> None:
        """Stand still at ``tick``, with ``tick_ns`` as the tempo to go on with."""
        self._swap(tick, ns, tick_ns, running=False, jumped=jumped)

    def _swap(self, tick: float, ns: int, tick_ns: float, *, running: bool, jumped: bool) -> None:
        was = self.segment
        jump, jump_tick = (was.jump + 1, tick) if jumped else (was.jump, was.jump_tick)
        self.segment = ClockSegment(tick, ns, tick_ns, was.revision + 1, running, jump, jump_tick)
        if self.on_change is not None:
            self.on_change()


def _checked(bpm: float) -> float:
    if not MIN_BPM <= bpm <= MAX_BPM:
        raise MusicError(f"Choose a tempo between {MIN_BPM:g} and {MAX_BPM:g} beats a minute, not {bpm:g}.")
    return bpm
