"""Dead air: silence of 180 ms or more in a role that no planned rest explains.

Rests are planned by the bars that were accepted: time that an accepted bar covers is explained,
whatever its notes. What is left are stretches without a bar, and notes that were planned and not sent.
"""

from jamtui.music.phrase import Role

DEAD_AIR_NS = 180_000_000

_NEVER_SENT = frozenset({"late", "port"})
"""Reasons for a dropped note that leave a hole; muting and jumping are the player's own doing."""


class RoleAir:
    """Watches one role. Ticks for what is covered, nanoseconds for how long a hole lasts."""

    __slots__ = ("_counted", "_hole_ns", "_spans", "_uncovered_ns", "_uncovered_seen", "count", "sounding")

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []
        self._uncovered_ns: int | None = None
        self._uncovered_seen = False
        self._hole_ns: int | None = None
        self._counted = False
        self.count = 0
        self.sounding = 0

    def cover(self, start: int, end: int) -> None:
        """An accepted bar explains the time from tick ``start`` to ``end``."""
        if end <= start:
            return
        merged: list[tuple[int, int]] = []
        for low, high in self._spans:
            if high < start or low > end:
                merged.append((low, high))
            else:
                start, end = min(start, low), max(end, high)
        merged.append((start, end))
        merged.sort()
        self._spans = merged[-16:]

    def withdraw(self, from_tick: int) -> None:
        """The plan from ``from_tick`` on no longer stands."""
        self._spans = [(low, min(high, from_tick)) for low, high in self._spans if low < from_tick]

    def covered(self, tick: float) -> bool:
        """Whether an accepted bar explains this moment."""
        return any(low <= tick < high for low, high in self._spans)

    def dropped(self, reason: str, ns: int) -> None:
        """A planned note was not sent."""
        if reason in _NEVER_SENT and self._hole_ns is None and not self.sounding:
            self._hole_ns = ns
            self._counted = False

    def note(self, on: bool, ns: int) -> None:
        """A note-on or note-off of the role left."""
        if on:
            self.sounding += 1
            if self._hole_ns is not None:
                self._close_hole(ns)
                self._hole_ns = None
        elif self.sounding:
            self.sounding -= 1

    def advance(self, tick: float, ns: int, playing: bool) -> None:
        """Look at the present moment; ``playing`` says that the role is on and the band plays."""
        if not playing:
            self._uncovered_ns = self._hole_ns = None
            self._uncovered_seen = False
            return
        if self._hole_ns is not None:
            self._close_hole(ns)
        while self._spans and self._spans[0][1] <= tick - 1:
            del self._spans[0]
        if self.covered(tick) or self.sounding:
            self._uncovered_ns = None
            self._uncovered_seen = False
            return
        if self._uncovered_ns is None:
            self._uncovered_ns = ns
        elif not self._uncovered_seen and ns - self._uncovered_ns >= DEAD_AIR_NS:
            self._uncovered_seen = True
            self.count += 1

    def clear(self) -> None:
        """Musical time jumped or stopped: forget the plan, keep the count."""
        self._spans = []
        self._uncovered_ns = self._hole_ns = None
        self._uncovered_seen = False

    def _close_hole(self, ns: int) -> None:
        if self._hole_ns is not None and not self._counted and ns - self._hole_ns >= DEAD_AIR_NS:
            self._counted = True
            self.count += 1


def watch_all() -> dict[Role, RoleAir]:
    """One watcher per role."""
    return {role: RoleAir() for role in Role}
