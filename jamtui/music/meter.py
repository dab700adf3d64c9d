"""Meters and musical time: integer ticks, 960 to the quarter note."""

from dataclasses import dataclass

PPQ = 960
"""Ticks to the quarter note."""

EIGHTH = PPQ // 2
SIXTEENTH = PPQ // 4


@dataclass(frozen=True, slots=True)
class Meter:
    """A time signature with the grouping players feel.

    ``groups`` are beats in units of the denominator: 4/4 is ``(1, 1, 1, 1)``, 6/8 ``(3, 3)``,
    7/8 ``(2, 2, 3)``. A *beat* here is one group: what the foot taps and the screen shows.
    """

    numerator: int
    denominator: int
    groups: tuple[int, ...]

    @property
    def name(self) -> str:
        """As written on a lead sheet, for example ``"7/8"``."""
        return f"{self.numerator}/{self.denominator}"

    @property
    def unit(self) -> int:
        """Ticks of one denominator unit."""
        return 4 * PPQ // self.denominator

    @property
    def bar_ticks(self) -> int:
        """Ticks of one bar."""
        return self.numerator * self.unit

    @property
    def beats(self) -> int:
        """Felt beats in a bar."""
        return len(self.groups)

    @property
    def beat_ticks(self) -> tuple[int, ...]:
        """Onsets of the felt beats within the bar, in ticks; the first is 0."""
        onsets: list[int] = []
        at = 0
        for group in self.groups:
            onsets.append(at)
            at += group * self.unit
        return tuple(onsets)

    def beat_at(self, tick_in_bar: int) -> int:
        """Index (0-based) of the felt beat that contains ``tick_in_bar``."""
        index = 0
        for i, onset in enumerate(self.beat_ticks):
            if tick_in_bar >= onset:
                index = i
        return index


METERS: dict[str, Meter] = {
    m.name: m
    for m in (
        Meter(4, 4, (1, 1, 1, 1)),
        Meter(3, 4, (1, 1, 1)),
        Meter(6, 8, (3, 3)),
        Meter(5, 4, (1, 1, 1, 1, 1)),
        Meter(7, 8, (2, 2, 3)),
    )
}
"""The meters the band plays, by name, in the order in which the meter key steps through them."""

COMMON_TIME = METERS["4/4"]


def next_grid(tick: int, grid: int, origin: int = 0) -> int:
    """The first tick at or after ``tick`` on a grid of ``grid`` ticks that starts at ``origin``."""
    if grid <= 0:
        raise ValueError(f"grid must be positive ticks, not {grid}")
    return origin + -((origin - tick) // grid) * grid
