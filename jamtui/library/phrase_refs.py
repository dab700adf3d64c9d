"""How the band calls phrases of the library, and how the screen shows them."""

from collections.abc import Sequence
from itertools import groupby

from jamtui.library.fitted import Fitted
from jamtui.library.search import SearchHit
from jamtui.music.phrase import ChordSpan, Note, Source
from jamtui.session.generator import Hit

NOTES_SHOWN = 96
"""Notes of a phrase that reach the screen."""


def hit_of(hit: SearchHit, fitted: Fitted | None = None) -> Hit:
    """``hit`` as the screen shows it: chords where it would be played, notes as they would be played
    (``fitted``) or else as they are stored."""
    phrase = hit.record.phrase
    notes = phrase.notes if fitted is None else fitted.notes
    moved = () if fitted is None else fitted.moved[:NOTES_SHOWN]
    return Hit(
        score=round(hit.score, 3),
        chords=chord_words(phrase.chords, hit.transpose),
        style=phrase.style,
        origin=phrase.name,
        notes=roll_notes(notes),
        length=phrase.length if fitted is None else fitted.length,
        ref=ref_of(hit.record.id),
        role=phrase.role.value,
        kept=hit.record.kept,
        moved=tuple((at, by) for at, by in enumerate(moved) if by),
    )


def chord_words(chords: Sequence[ChordSpan], transpose: int = 0) -> str:
    """Their symbols, moved by so many semitones; one that is struck again stands once."""
    symbols = [span.chord.transpose(transpose).symbol for span in chords]
    return " ".join(symbol for symbol, _ in groupby(symbols))


def roll_notes(notes: Sequence[Note]) -> tuple[tuple[int, int, int], ...]:
    """Onsets, durations and pitches of those that reach the screen."""
    return tuple((n.onset, n.duration, n.pitch) for n in notes[:NOTES_SHOWN])


def ref_of(number: int) -> str:
    """How the band calls phrase ``number`` of the library (``Bar.ref``)."""
    return f"{Source.LIBRARY.value}:{number}"


def number_of(ref: str) -> int | None:
    """The phrase that ``ref`` calls, None for something else."""
    letter, _, number = ref.partition(":")
    return int(number) if letter == Source.LIBRARY.value and number.isdigit() else None
