"""How the band calls phrases of the library, and how the screen shows them."""

from jamtui.library.fitted import Fitted
from jamtui.library.search import SearchHit
from jamtui.music.phrase import Source
from jamtui.session.generator import Hit

NOTES_SHOWN = 96
"""Notes of a phrase that reach the screen."""


def hit_of(hit: SearchHit, fitted: Fitted | None = None) -> Hit:
    """``hit`` as the screen shows it: chords where it would be played, notes as they would be played
    (``fitted``) or else as they are stored."""
    phrase = hit.record.phrase
    notes = (phrase.notes if fitted is None else fitted.notes)[:NOTES_SHOWN]
    moved = () if fitted is None else fitted.moved[:NOTES_SHOWN]
    symbols: list[str] = []
    for span in phrase.chords:
        symbol = span.chord.transpose(hit.transpose).symbol
        if not symbols or symbols[-1] != symbol:
            symbols.append(symbol)
    return Hit(
        score=round(hit.score, 3),
        chords=" ".join(symbols),
        style=phrase.style,
        origin=phrase.name,
        notes=tuple((n.onset, n.duration, n.pitch) for n in notes),
        length=phrase.length if fitted is None else fitted.length,
        ref=ref_of(hit.record.id),
        role=phrase.role.value,
        kept=hit.record.kept,
        moved=tuple((at, by) for at, by in enumerate(moved) if by),
    )


def ref_of(number: int) -> str:
    """How the band calls phrase ``number`` of the library (``Bar.ref``)."""
    return f"{Source.LIBRARY.value}:{number}"


def number_of(ref: str) -> int | None:
    """The phrase that ``ref`` calls, None for something else."""
    letter, _, number = ref.partition(":")
    return int(number) if letter == Source.LIBRARY.value and number.isdigit() else None
