"""Pitches and pitch classes by name. Middle C is MIDI 60 and is written C4."""

import re

from jamtui.errors import MusicError

FLAT_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
SHARP_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

_ACCIDENTALS = {"": 0, "b": -1, "#": 1, "bb": -2, "##": 2, "x": 2}
_NAME = re.compile(r"([A-G])(bb|##|x|b|#|)")
_NOTE = re.compile(r"([A-Ga-g](?:bb|##|x|b|#|))(-?\d+)")
_ASCII = str.maketrans({"♭": "b", "♯": "#", "♮": ""})


def parse_pitch_class(text: str) -> int:
    """Pitch class (0 to 11, C is 0) of a spelled name such as ``Bb``, ``F#`` or ``Ebb``.

    Raises MusicError for anything else.
    """
    name = text.strip().translate(_ASCII)
    match = _NAME.fullmatch(name[:1].upper() + name[1:])
    if match is None:
        raise MusicError(f"{text!r} is not a note name: write a letter from A to G, then # or b if needed.")
    return (LETTERS[match[1]] + _ACCIDENTALS[match[2]]) % 12


def pitch_class_name(pc: int, flats: bool = True) -> str:
    """Name of a pitch class, black keys spelled with flats or sharps."""
    return (FLAT_NAMES if flats else SHARP_NAMES)[pc % 12]


def note_name(pitch: int, flats: bool = True) -> str:
    """Name of a MIDI note with its octave: 60 is ``C4``."""
    return f"{pitch_class_name(pitch, flats)}{pitch // 12 - 1}"


def parse_note(text: str) -> int:
    """MIDI number (0 to 127) of a name with octave such as ``Eb4``. Raises MusicError."""
    match = _NOTE.fullmatch(text.strip().translate(_ASCII))
    if match is None:
        raise MusicError(f"{text!r} is not a note: write a name and an octave, for example Eb4.")
    name = match[1][0].upper() + match[1][1:]
    pitch = LETTERS[name[0]] + _ACCIDENTALS[name[1:]] + 12 * (int(match[2]) + 1)
    if not 0 <= pitch <= 127:
        raise MusicError(f"{text!r} is outside the MIDI range: stay between C-1 and G9.")
    return pitch


def spell(root_name: str, semitones: int, degree: int) -> str:
    """Name of the note ``semitones`` above a spelled root, written as scale ``degree`` (1 to 7) above it:
    ``spell("D", 4, 3)`` is ``F#``. White keys keep their white names, double accidentals are avoided."""
    letters = "CDEFGAB"
    letter = letters[(letters.index(root_name[0]) + degree - 1) % 7]
    pc = (parse_pitch_class(root_name) + semitones) % 12
    shift = (pc - LETTERS[letter] + 6) % 12 - 6
    if shift in (-1, 0, 1) and not (shift and pc in LETTERS.values()):
        return letter + {-1: "b", 0: "", 1: "#"}[shift]
    return pitch_class_name(pc, flats="b" in root_name or root_name in ("C", "F"))
