"""Where the bar lines are, also when the meter changes on the way."""

from dataclasses import dataclass

from jamtui.music.meter import Meter

NEVER = 1 << 62
"""A tick that does not come."""


@dataclass(frozen=True, slots=True)
class BarSpan:
    """One bar of the performance: number (0-based), start in absolute ticks, length, meter.

    ``length`` is shorter than the meter's bar where a meter change "at the next beat" cut the bar."""

    number: int
    start: int
    length: int
    meter: Meter

    @property
    def end(self) -> int:
        """The next bar line."""
        return self.start + self.length


class BarLines:
    """Bar lines from an origin on, where bar ``first`` begins. The meter may change at any later tick, which
    then is a bar line."""

    def __init__(self, origin: int, meter: Meter, first: int = 0) -> None:
        self._parts: list[tuple[int, int, Meter]] = [(origin, first, meter)]
        self._last: BarSpan | None = None
        """The bar that was asked for last: it is asked for again and again."""

    @property
    def origin(self) -> int:
        """Tick of the first bar line."""
        return self._parts[0][0]

    def bar_at(self, tick: int) -> BarSpan:
        """The bar that contains ``tick``; before the origin bars count backwards (-1, -2, …)."""
        last = self._last
        if last is not None and last.start <= tick < last.start + last.length:
            return last
        parts = self._parts
        at = len(parts) - 1
        while at > 0 and parts[at][0] > tick:
            at -= 1
        origin, first, meter = parts[at]
        index = (tick - origin) // meter.bar_ticks
        start = origin + index * meter.bar_ticks
        length = meter.bar_ticks
        if at + 1 < len(parts):
            length = min(length, parts[at + 1][0] - start)
        self._last = found = BarSpan(first + index, start, length, meter)
        return found

    def next_bar(self, bar: BarSpan) -> BarSpan:
        """The bar after ``bar``."""
        return self.bar_at(bar.end)

    def next_line(self, tick: int) -> int:
        """The first bar line at or after ``tick``."""
        bar = self.bar_at(tick)
        return tick if bar.start == tick else bar.end

    def next_beat(self, tick: int) -> int:
        """The first felt beat at or after ``tick``."""
        bar = self.bar_at(tick)
        for onset in bar.meter.beat_ticks:
            if bar.start + onset >= tick and onset < bar.length:
                return bar.start + onset
        return bar.end

    def change(self, tick: int, meter: Meter) -> None:
        """Use ``meter`` from ``tick`` on; later changes that were noted before are forgotten."""
        self._last = None
        while len(self._parts) > 1 and self._parts[-1][0] >= tick:
            self._parts.pop()
        if self._parts[0][0] >= tick:
            self._parts = [(*self._parts[0][:2], meter)]
            return
        before = self.bar_at(tick - 1)
        self._parts.append((tick, before.number + 1, meter))
        self._last = None
