"""Roman numerals of chords in a key, as music21 writes them: ``ii7``, ``V7``, ``viio7``, ``bIII``."""

from jamtui.music.chord import Chord, Family
from jamtui.music.scale import Key

_NUMERALS = ("I", "bII", "II", "bIII", "III", "IV", "#IV", "V", "bVI", "VI", "bVII", "VII")
"""By semitones above the tonic, in major. In minor music21 counts the third degree from the natural minor
scale (``III``, ``#III``) and writes the sixth and seventh like those of major."""

_TENSIONS = ("13", "11", "9", "7", "6")


def roman(chord: Chord, key: Key) -> str:
    """The numeral: case by the third, ``o``, ``ø`` and ``+`` for diminished, half-diminished and augmented,
    then the highest of 6, 7, 9, 11 and 13 that the chord has. A slash bass is left aside. "" for N.C."""
    if chord.family is Family.NONE:
        return ""
    degree = (chord.root - key.tonic) % 12
    numeral = _NUMERALS[degree]
    if key.minor and degree in (3, 4):
        numeral = "III" if degree == 3 else "#III"
    tones = chord.quality.pitch_classes
    if 3 in tones and 4 not in tones:
        head = len(numeral) - len(numeral.lstrip("b#"))
        numeral = numeral[:head] + numeral[head:].lower()
    sign = ""
    if chord.family is Family.HALF_DIMINISHED:
        sign = "ø"
    elif chord.family is Family.DIMINISHED:
        sign = "o"
    elif chord.family is Family.AUGMENTED:
        sign = "+"
    return numeral + sign + _tension(chord, tones)


def _tension(chord: Chord, tones: frozenset[int]) -> str:
    name = chord.quality.name
    if 10 in tones or 11 in tones or chord.quality.name.startswith("dim7"):
        return next((n for n in _TENSIONS[:-1] if n in name.replace("#9", "").replace("b9", "")), "7")
    return "6" if 9 in tones and chord.family in (Family.MAJOR, Family.MINOR) else ""
