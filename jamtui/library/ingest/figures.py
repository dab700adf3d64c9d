"""What music21 calls a set of pitch classes over a bass, looked up instead of asked for.

``figures.txt`` holds all 24,576 answers; asking music21 takes some five milliseconds each.
"""

from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple


class Figure(NamedTuple):
    """An answer of music21: pitch class of the root, its word for the kind of chord ("" where it has none),
    pitch class of the bass."""

    root: int
    kind: str
    bass: int


QUALITY_OF_KIND = {
    "major": "",
    "minor": "m",
    "augmented": "aug",
    "diminished": "dim",
    "dominant-seventh": "7",
    "major-seventh": "maj7",
    "minor-seventh": "m7",
    "minor-major-seventh": "mMaj7",
    "augmented-major-seventh": "maj7#5",
    "augmented-seventh": "aug7",
    "half-diminished-seventh": "m7b5",
    "diminished-seventh": "dim7",
    "seventh-flat-five": "7b5",
    "major-sixth": "6",
    "minor-sixth": "m6",
    "major-ninth": "maj9",
    "dominant-ninth": "9",
    "minor-ninth": "m9",
    "minor-major-ninth": "mMaj9",
    "augmented-dominant-ninth": "9#5",
    "half-diminished-ninth": "m9b5",
    "dominant-11th": "11",
    "minor-11th": "m11",
    "dominant-13th": "13",
    "major-13th": "maj13",
    "minor-13th": "m13",
    "suspended-second": "sus2",
    "suspended-fourth": "sus4",
    "suspended-fourth-seventh": "7sus4",
}
"""jamtui's quality for music21's kinds of chord; the rest have no use on a lead sheet."""


@lru_cache(maxsize=1)
def _table() -> tuple[dict[str, str], tuple[str, ...]]:
    lines = [
        line
        for line in files(__package__).joinpath("figures.txt").read_text(encoding="ascii").splitlines()
        if line and not line.startswith("#")
    ]
    kinds = dict(item.split("=") for item in lines[0].split()[1:])
    return {**kinds, ".": ""}, tuple(lines[1:])


def figure(mask: int, bass: int) -> Figure:
    """music21's answer for the pitch classes in ``mask`` (bit n: n semitones above C), ``bass`` among them,
    in close position above it."""
    kinds, rows = _table()
    relative = ((mask << 12 | mask) >> bass) & 0xFFF
    if not relative & 1:
        raise ValueError("the bass must be one of the pitch classes")
    at = relative & ~1  # two characters for each set, and every set holds the bass
    row = rows[bass]
    return Figure((bass + int(row[at], 16)) % 12, kinds[row[at + 1]], bass)
