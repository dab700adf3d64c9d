"""A voicing as text in, its names as plain values out: what ``jamtui chord`` prints."""

import re
from typing import TypedDict

from jamtui.errors import MusicError
from jamtui.music.chord import Chord, Family, default_root_name
from jamtui.music.detect import Context, Guess, name_voicing
from jamtui.music.pitch import parse_note

_SEPARATORS = re.compile(r"[\s,;\[\]()]+")


class NamedVoicing(TypedDict):
    """``root`` and ``bass`` are note names, None for N.C.; ``alternatives`` are the next best symbols.

    Symbols are written so that a slash always means a bass (``C69``).
    """

    symbol: str
    alternatives: list[str]
    root: str | None
    bass: str | None


def parse_voicing(text: str) -> tuple[int, ...]:
    """MIDI numbers from ``60 64 67``, ``60,64,67``, ``[60, 64, 67]`` or names (``C4 E4 G4``).

    An empty text is no notes. Raises MusicError for what is neither a MIDI number nor a note name.
    """
    notes = []
    for token in _SEPARATORS.split(text.strip()):
        if not token:
            continue
        if re.fullmatch(r"[+-]?[0-9]{1,9}", token):
            note = int(token)
            if not 0 <= note <= 127:
                raise MusicError(f"{token} is not a MIDI note: give numbers from 0 to 127.")
        elif token[:1].isalpha():
            note = parse_note(token)
        else:
            raise MusicError(
                f"{token!r} is not a note: give MIDI numbers such as 60 64 67, or names such as C4."
            )
        notes.append(note)
    return tuple(notes)


def name_line(text: str, context: Context | None = None) -> NamedVoicing:
    """The names of one voicing given as text. Raises MusicError (see ``parse_voicing``)."""
    return named(name_voicing(parse_voicing(text), context))


def named(guesses: tuple[Guess, ...]) -> NamedVoicing:
    """Guesses, best first, as plain values."""
    best = guesses[0].chord
    return {
        "symbol": best.plain_symbol,
        "alternatives": [guess.chord.plain_symbol for guess in guesses[1:]],
        "root": None
        if best.family is Family.NONE
        else best.root_name or default_root_name(best.root, best.family),
        "bass": None if best.family is Family.NONE else _bass_name(best),
    }


def _bass_name(chord: Chord) -> str:
    symbol = chord.plain_symbol
    if chord.bass is not None:
        return symbol.rpartition("/")[2]
    return chord.root_name or default_root_name(chord.root, chord.family)
