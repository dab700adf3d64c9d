"""The reflex book: phrases per style, role and chord family, analysed ahead of time.

The engine loads it and never analyses: each note already says what it is to its chord.
"""

from dataclasses import dataclass
from enum import StrEnum

from jamtui.music.chord import Family
from jamtui.music.phrase import Role


class Function(StrEnum):
    """What a note is to the chord under it."""

    CHORD = "c"
    SCALE = "s"
    APPROACH = "a"
    """Outside chord and scale, resolving by step into the next note."""


@dataclass(frozen=True, slots=True)
class ReflexNote:
    """``onset`` and ``duration`` in ticks from the phrase's start; ``interval`` is semitones above the
    *root* of chord number ``chord`` of the phrase (0 is the root in the phrase's own octave; may be
    negative or above 11, so contour is kept). For bass and comp alike. For a comp voicing, all notes of
    one hit share the onset."""

    onset: int
    duration: int
    interval: int
    velocity: int
    function: Function
    chord: int = 0


@dataclass(frozen=True, slots=True)
class ReflexChord:
    """A chord the phrase was written over: from ``start`` (ticks), its family, its root in semitones
    above the first chord's root, and its quality's name."""

    start: int
    root: int
    quality: str
    family: Family


@dataclass(frozen=True, slots=True)
class ReflexPhrase:
    """A phrase of the book. ``context`` is a family's name, ``ii-V-I``, ``minor ii-V-i``, ``turnaround`` or
    ``any``.

    ``energy`` and ``density`` (0 to 1) and ``surprise`` (0 to 1: how far out it goes) are what live
    control chooses by.
    """

    name: str
    role: Role
    style: str
    context: str
    meter: str
    bars: int
    energy: float
    density: float
    surprise: float
    chords: tuple[ReflexChord, ...]
    notes: tuple[ReflexNote, ...]
    ref: str = ""
    """What it is in the phrase library (``Bar.ref``); empty for a phrase of the book's own."""


@dataclass(frozen=True, slots=True)
class ReflexBook:
    """All phrases, with the digest of the sources they were compiled from."""

    digest: str
    phrases: tuple[ReflexPhrase, ...]
