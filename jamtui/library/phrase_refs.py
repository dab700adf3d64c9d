"""How the band calls phrases of the library, and how the screen shows them."""

from jamtui.library.search import SearchHit
from jamtui.music.phrase import Source
from jamtui.session.generator import Hit


def hit_of(hit: SearchHit) -> Hit:
    """``hit`` as the screen shows it: chords where it would be played."""
    phrase = hit.record.phrase
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
        notes=tuple((n.onset, n.duration, n.pitch) for n in phrase.notes[:96]),
        length=phrase.length,
        ref=ref_of(hit.record.id),
        role=phrase.role.value,
        kept=hit.record.kept,
    )


def ref_of(number: int) -> str:
    """How the band calls phrase ``number`` of the library (``Bar.ref``)."""
    return f"{Source.LIBRARY.value}:{number}"


def number_of(ref: str) -> int | None:
    """The phrase that ``ref`` calls, None for something else."""
    letter, _, number = ref.partition(":")
    return int(number) if letter == Source.LIBRARY.value and number.isdigit() else None
