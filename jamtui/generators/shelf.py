"""Bars that an LLM wrote ahead of time: kept until they are due, or until the loop comes round again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from jamtui.music.meter import Meter
from jamtui.music.phrase import Bar, Brief, ChordSpan, Note, Role

CAPACITY = 96
"""Bars that are kept at most; the oldest go first."""

Wish = tuple[float, float, float]
"""What the player wants of a bar: temperature, density and surprise."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bar belongs: whose it is, in which style and meter, over which chords (relative to the bar),
    and how the player wants it."""

    role: Role
    style: str
    meter: str
    chords: tuple[ChordSpan, ...]
    wish: Wish


@dataclass(frozen=True, slots=True)
class Written:
    """A bar on the shelf. ``tick``: the bar line it was written for; ``played_at``: the one it was given out
    for, None while it was not; ``number``: counts the bars that were written."""

    place: Place
    tick: int
    notes: tuple[Note, ...]
    label: str
    seed: int
    number: int
    played_at: int | None = None


def wish_of(brief: Brief) -> Wish:
    """What the player wants of the bars of ``brief``."""
    return brief.temperature, brief.density, brief.surprise


def bar_chords(spans: Sequence[ChordSpan], start: int, length: int) -> tuple[ChordSpan, ...] | None:
    """What of ``spans`` sounds in the bar of ``length`` ticks at ``start``, relative to it, equal neighbours
    joined; None where they do not cover it."""
    found: list[ChordSpan] = []
    at = start
    for span in spans:
        begin, end = max(span.start, start), min(span.start + span.length, start + length)
        if end <= begin:
            continue
        if begin > at:
            return None
        last = found[-1] if found else None
        if last is not None and last.chord == span.chord:
            found[-1] = replace(last, length=end - start - last.start)
        else:
            found.append(ChordSpan(begin - start, end - begin, span.chord))
        at = end
    return tuple(found) if at >= start + length else None


def alike(one: Sequence[ChordSpan], other: Sequence[ChordSpan]) -> bool:
    """The same roots and families at the same places: what was written for the one can be tried on the other
    (the guard has the last word)."""
    return len(one) == len(other) and all(
        (a.start, a.length, a.chord.root, a.chord.family) == (b.start, b.length, b.chord.root, b.chord.family)
        for a, b in zip(one, other, strict=True)
    )


class Shelf:
    """See the module. Every bar is given out for one bar line only, and the newest one for a place wins."""

    def __init__(self) -> None:
        self._bars: list[Written] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._bars)

    def put(self, bar: Bar, style: str, meter: Meter, wish: Wish) -> None:
        """Keep ``bar``; one that was written for the same bar line and chords is replaced."""
        chords = bar_chords(bar.chords_assumed, 0, bar.length)
        if chords is None:
            return
        place = Place(bar.role, style, meter.name, chords, wish)
        played = None
        for old in self._bars:
            if old.tick == bar.start_tick and replace(old.place, wish=wish) == place:
                played = old.played_at
                self._bars.remove(old)
                break
        self._count += 1
        self._bars.append(Written(place, bar.start_tick, bar.notes, bar.label, bar.seed, self._count, played))
        del self._bars[:-CAPACITY]

    def find(self, place: Place, tick: int, without: Collection[int] = ()) -> Written | None:
        """The bar to play at ``tick``: the one that was written for it, else one that came too late for its
        own bar line (or whose chords did not come there) and was never played; those that are as the player
        wants it now first, those for the same chords before those for chords of the same root and family.
        ``without``: numbers of bars that are meant
        for other bar lines."""
        best: Written | None = None
        rank = (0, 0)
        for bar in self._bars:
            p = bar.place
            if (p.role, p.style, p.meter) != (place.role, place.style, place.meter) or bar.number in without:
                continue
            if bar.tick > tick or (bar.played_at is not None and bar.played_at != tick):
                continue
            same = p.chords == place.chords
            if not same and not alike(p.chords, place.chords):
                continue
            own = bar.played_at == tick or bar.tick == tick
            found = (4 * (p.wish == place.wish) + 2 * own + same + 1, bar.number)
            if found > rank:
                best, rank = bar, found
        return best

    def give(self, bar: Written, tick: int) -> None:
        """``bar`` goes out for ``tick``: it is not played anywhere else."""
        if bar in self._bars and bar.played_at != tick:
            self._bars[self._bars.index(bar)] = replace(bar, played_at=tick)

    def clear(self) -> None:
        """Forget everything (another song)."""
        self._bars.clear()
