"""Counts of durations in fixed memory, and percentiles from them."""

_LINEAR = 128
_STEP_BITS = 6
_STEPS = 1 << _STEP_BITS
_OCTAVES = 20


class Histogram:
    """Durations in nanoseconds, counted to 1 µs below 128 µs and to 1/64 above, up to two minutes.

    Adding is O(1) without allocation; percentiles walk the buckets and are for whoever looks.
    Negative durations count as 0. The largest value is kept exactly.
    """

    __slots__ = ("_counts", "_told", "count", "max_ns")

    def __init__(self) -> None:
        self._counts = [0] * (_LINEAR + _OCTAVES * _STEPS)
        self._told: dict[float, tuple[int, int]] = {}
        """By share, the count and the percentile that was told then."""
        self.count = 0
        self.max_ns = 0

    def add(self, ns: int) -> None:
        """Count one duration."""
        if ns < 0:
            ns = 0
        if ns > self.max_ns:
            self.max_ns = ns
        us = ns // 1000
        if us < _LINEAR:
            index = us
        else:
            shift = us.bit_length() - _STEP_BITS - 1
            index = _LINEAR + (shift - 1) * _STEPS + ((us >> shift) & (_STEPS - 1))
            if index >= len(self._counts):
                index = len(self._counts) - 1
        self._counts[index] += 1
        self.count += 1

    def percentile_ns(self, share: float) -> int | None:
        """The duration that ``share`` (0 to 1) of the values do not exceed, to the bucket's upper edge;
        None while nothing is counted."""
        if not self.count:
            return None
        told = self._told.get(share)
        if told is not None and told[0] == self.count:
            return told[1]
        found = self._find(share)
        self._told[share] = (self.count, found)
        return found

    def _find(self, share: float) -> int:
        rank = min(max(share * self.count, 1.0), float(self.count))
        seen = 0
        for index, count in enumerate(self._counts):
            seen += count
            if count and seen >= rank:
                return min(self._upper_edge(index), self.max_ns)
        return self.max_ns

    @staticmethod
    def _upper_edge(index: int) -> int:
        if index < _LINEAR:
            return (index + 1) * 1000 - 1
        octave, step = divmod(index - _LINEAR, _STEPS)
        return ((_STEPS + step + 1) << (octave + 1)) * 1000 - 1
