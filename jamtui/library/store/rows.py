"""Between the store's rows and the records of the library, and lists of values in statements."""

from collections.abc import Sequence
from typing import Any

from jamtui.library.note_blob import decode_notes
from jamtui.library.records import PhraseRecord, SourceRecord
from jamtui.library.texts import chords_of, meter_of
from jamtui.music.phrase import Phrase, Role, Source

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

MOST_PARAMETERS = 4096
"""Values that one statement is given for its ``in (...)``."""


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


def placeholders(values: Sequence[object]) -> str:
    """``?,?,?``, rounded up to a power of two so that few different statements are prepared; give the values
    through ``padded``."""
    return ",".join("?" * _rounded(len(values)))


def padded(numbers: Sequence[int]) -> tuple[int, ...]:
    """``numbers``, filled with 0 (no phrase has it) to the length of their placeholders."""
    return (*numbers, *(0,) * (_rounded(len(numbers)) - len(numbers)))


def _rounded(count: int) -> int:
    return 1 << max(0, count - 1).bit_length()
