"""Tempo maps: seconds for ticks and back, for music whose tempo changes at known places."""

from bisect import bisect_right
from collections.abc import Iterable

from jamtui.music.meter import PPQ


class TempoMap:
    """Piecewise constant tempo. Immutable; changes are ``(tick, bpm)`` with quarter notes a minute.

    Before the first change its tempo holds too, so every tick has a time; tick 0 is at 0 seconds.
    Several changes on one tick: the last one wins.
    """

    __slots__ = ("_bpms", "_seconds", "_ticks")

    def __init__(self, changes: Iterable[tuple[int, float]] = ((0, 120.0),)) -> None:
        """Raises ValueError for a tempo that is not positive or for no change at all."""
        by_tick = dict(sorted(changes, key=lambda change: change[0]))
        if not by_tick:
            raise ValueError("a tempo map needs at least one tempo")
        if any(not bpm > 0 for bpm in by_tick.values()):
            raise ValueError("a tempo must be a positive number of quarter notes a minute")
        self._ticks = tuple(by_tick)
        self._bpms = tuple(float(bpm) for bpm in by_tick.values())
        seconds = [0.0]
        for i in range(1, len(self._ticks)):
            seconds.append(seconds[-1] + (self._ticks[i] - self._ticks[i - 1]) * self._tick_seconds(i - 1))
        zero = self._locate(seconds, 0)
        self._seconds = tuple(s - zero for s in seconds)

    @property
    def changes(self) -> tuple[tuple[int, float], ...]:
        """The changes in order of ticks."""
        return tuple(zip(self._ticks, self._bpms, strict=True))

    def bpm_at(self, tick: float) -> float:
        """Quarter notes a minute at ``tick``; a change counts from its own tick on."""
        return self._bpms[max(bisect_right(self._ticks, tick) - 1, 0)]

    def seconds_at(self, tick: float) -> float:
        """Seconds from tick 0, negative before it."""
        return self._locate(self._seconds, tick)

    def tick_at(self, seconds: float) -> float:
        """The inverse of ``seconds_at``, not rounded."""
        i = max(bisect_right(self._seconds, seconds) - 1, 0)
        return self._ticks[i] + (seconds - self._seconds[i]) / self._tick_seconds(i)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TempoMap) and self.changes == other.changes

    def __hash__(self) -> int:
        return hash(self.changes)

    def __repr__(self) -> str:
        return f"TempoMap({self.changes!r})"

    def _tick_seconds(self, index: int) -> float:
        return 60.0 / (self._bpms[index] * PPQ)

    def _locate(self, seconds: Iterable[float], tick: float) -> float:
        i = max(bisect_right(self._ticks, tick) - 1, 0)
        return tuple(seconds)[i] + (tick - self._ticks[i]) * self._tick_seconds(i)
