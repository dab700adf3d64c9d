"""What the musician keeps, held against the coming chords one by one: it is found whatever else fits."""

from collections.abc import Collection, Sequence

from jamtui.library.records import PhraseRecord
from jamtui.library.search import HitParts, Query, SearchHit
from jamtui.music.chord import Family
from jamtui.music.meter import EIGHTH
from jamtui.music.phrase import ChordSpan

MOST = 4
"""Of eight hits, so that others are seen too."""


def own_hits(kept: Sequence[PhraseRecord], query: Query, avoid: Collection[int]) -> list[SearchHit]:
    """Of ``kept``, the newest first, those whose chords are the coming ones: roots in the same distances,
    the same families, at the same places."""
    found: list[SearchHit] = []
    for record in reversed(kept):
        phrase = record.phrase
        if phrase.role is not query.role or record.id in avoid or phrase.meter != query.meter:
            continue
        length = min(phrase.length, max((s.start + s.length for s in query.chords), default=0))
        mine, coming = _outline(phrase.chords, length), _outline(query.chords, length)
        if mine and mine == coming:
            way = (query.chords[0].chord.root - phrase.chords[0].chord.root + 6) % 12 - 6
            found.append(SearchHit(record, 1.0, way, HitParts(1.0, 1.0, 1.0, 1.0, 1.0)))
    return found[:MOST]


def _outline(chords: Sequence[ChordSpan], length: int) -> tuple[tuple[int, int, Family], ...]:
    """Where chords begin, in eighths, how far their roots lie above the first, and their families."""
    found: list[tuple[int, int, Family]] = []
    for span in chords:
        if span.start < length:
            step = (span.chord.root - chords[0].chord.root) % 12
            if not found or found[-1][1:] != (step, span.chord.family):
                found.append((round(span.start / EIGHTH), step, span.chord.family))
    return tuple(found)
