"""Chords and meters as the library writes them down."""

from collections.abc import Sequence
from functools import lru_cache

from jamtui.music.chord import parse_chord
from jamtui.music.meter import METERS, Meter
from jamtui.music.phrase import ChordSpan


def chords_text(chords: Sequence[ChordSpan]) -> str:
    """``"0+1920 Dm7;1920+1920 G7"``: start and length in ticks, a slash only for a bass."""
    return ";".join(f"{s.start}+{s.length} {s.chord.plain_symbol}" for s in chords)


_chord = lru_cache(maxsize=4096)(parse_chord)


@lru_cache(maxsize=4096)
def _span(text: str) -> ChordSpan:
    place, _, symbol = text.partition(" ")
    start, _, length = place.partition("+")
    return ChordSpan(int(start), int(length), _chord(symbol))


@lru_cache(maxsize=4096)
def chords_of(text: str) -> tuple[ChordSpan, ...]:
    """The spans that ``chords_text`` wrote."""
    return tuple(map(_span, filter(None, text.split(";"))))


@lru_cache(maxsize=64)
def meter_text(meter: Meter) -> str:
    """``"4/4"``, and the groups for a meter that is not one of the band's: ``"12/8 3+3+3+3"``."""
    if METERS.get(meter.name) == meter:
        return meter.name
    return f"{meter.name} {'+'.join(map(str, meter.groups))}"


@lru_cache(maxsize=64)
def meter_of(text: str) -> Meter:
    """The meter that ``meter_text`` wrote."""
    name, _, groups = text.partition(" ")
    if not groups:
        return METERS[name]
    numerator, _, denominator = name.partition("/")
    return Meter(int(numerator), int(denominator), tuple(int(g) for g in groups.split("+")))
