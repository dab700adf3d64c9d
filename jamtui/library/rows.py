"""Between the store's rows and the records of the library."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from jamtui.library.note_blob import decode_notes
from jamtui.library.records import PhraseRecord, SourceRecord
from jamtui.music.chord import parse_chord
from jamtui.music.meter import METERS, Meter
from jamtui.music.phrase import ChordSpan, Phrase, Role, Source

Row = Sequence[Any]
"""A row as SQLite gives it: the columns' types are those of the schema."""

PHRASE_SQL = """
select p.id, p.notes, p.name, p.bars, p.tempo, p.swing, p.first_bar, p.count, p.played, p.kept, p.banned,
       s.role, s.style, s.meter, h.chords, h.key, h.romans, coalesce(f.sha256, '')
from phrases p join shelves s on s.id = p.shelf join harmonies h on h.id = p.harmony
left join sources f on f.id = p.source
"""
"""Selects what ``phrase_record`` reads."""

SOURCE_SQL = "select sha256, path, title, licence, ingested_at, analysis, refused from sources"
"""Selects what ``source_record`` reads."""


def chords_text(chords: Sequence[ChordSpan]) -> str:
    """``"0+1920 Dm7;1920+1920 G7"``: start and length in ticks, a slash only for a bass."""
    return ";".join(f"{s.start}+{s.length} {s.chord.plain_symbol}" for s in chords)


_chord = lru_cache(maxsize=4096)(parse_chord)


@lru_cache(maxsize=4096)
def chords_of(text: str) -> tuple[ChordSpan, ...]:
    """The spans that ``chords_text`` wrote."""
    spans: list[ChordSpan] = []
    for part in filter(None, text.split(";")):
        place, _, symbol = part.partition(" ")
        start, _, length = place.partition("+")
        spans.append(ChordSpan(int(start), int(length), _chord(symbol)))
    return tuple(spans)


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


def phrase_record(row: Row) -> PhraseRecord:
    """A record from a row of ``PHRASE_SQL``."""
    (number, notes, name, bars, tempo, swing, first_bar, count, played, kept, banned,
     role, style, meter, chords, key, romans, source) = row  # fmt: skip
    phrase = Phrase(
        name=name,
        role=Role(role),
        style=style,
        bars=bars,
        chords=chords_of(chords),
        notes=decode_notes(notes),
        meter=meter_of(meter),
        tempo=tempo,
        origin=Source.LIBRARY,
    )
    return PhraseRecord(
        phrase=phrase,
        key=key,
        romans=tuple(filter(None, romans.split(" "))),
        swing=swing,
        source=source,
        first_bar=first_bar,
        count=count,
        id=number,
        played=played,
        kept=bool(kept),
        banned=bool(banned),
    )


def source_record(row: Row) -> SourceRecord:
    """A record from a row of ``SOURCE_SQL``."""
    return SourceRecord(*row)
