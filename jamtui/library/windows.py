"""Stretches of the chords to come."""

from collections.abc import Sequence

from jamtui.music.chord import Chord, Family
from jamtui.music.phrase import ChordSpan


def window(chords: Sequence[ChordSpan], start: int, length: int) -> tuple[ChordSpan, ...]:
    """``chords`` from ``start`` on for ``length`` ticks, relative to it."""
    found = []
    for span in chords:
        begin, end = max(span.start, start), min(span.start + span.length, start + length)
        if end > begin:
            found.append(ChordSpan(begin - start, end - begin, span.chord))
    return tuple(found)


def chords_in(chords: Sequence[ChordSpan], start: int, length: int) -> tuple[tuple[int, Chord], ...]:
    """Onsets and chords in that window; a chord that is struck again is the same."""
    found: list[tuple[int, Chord]] = []
    for span in window(chords, start, length):
        if not found or found[-1][1] != span.chord:
            found.append((span.start, span.chord))
    return tuple(found)


def known(chords: Sequence[ChordSpan], start: int, length: int) -> bool:
    """Whether a chord is known throughout; no chord is not one."""
    spans = window(chords, start, length)
    whole = sum(s.length for s in spans) == length
    return whole and any(s.chord.family is not Family.NONE for s in spans)
