"""Tempo from taps."""

from statistics import median

TAP_RESET_NS = 2_000_000_000
"""A longer pause begins a new tempo."""

MIN_TAP_BPM = 30.0
MAX_TAP_BPM = 300.0

_KEPT = 5
"""Intervals the tempo is the median of: one slip among them does not show."""

_SHORTEST_NS = 60_000_000_000 / MAX_TAP_BPM


class TapTempo:
    """The median of the last taps' intervals, 30 to 300 BPM."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._intervals: list[int] = []

    def tap(self, ns: int) -> float | None:
        """A tap at ``ns``. Returns the tempo in beats a minute, None at the first tap.

        A tap sooner after the last than 300 BPM allows is a bounce and changes nothing.
        """
        last = self._last
        if last is None or ns - last > TAP_RESET_NS:
            self._last = ns
            self._intervals.clear()
            return None
        if ns - last >= _SHORTEST_NS:
            self._last = ns
            self._intervals = [*self._intervals, ns - last][-_KEPT:]
        if not self._intervals:
            return None
        return max(MIN_TAP_BPM, min(MAX_TAP_BPM, 60e9 / median(self._intervals)))
