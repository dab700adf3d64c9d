"""Chords: a root, a quality from one table, an optional slash bass."""

from dataclasses import dataclass, field
from enum import StrEnum


class Family(StrEnum):
    """What a chord does in harmony: the context in which phrases are chosen."""

    MAJOR = "major"
    MINOR = "minor"
    DOMINANT = "dominant"
    HALF_DIMINISHED = "half-diminished"
    DIMINISHED = "diminished"
    AUGMENTED = "augmented"
    SUS = "sus"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Quality:
    """A kind of chord. ``intervals`` are semitones above the root in stacking order, the root's 0
    included; tensions are written 13 (b9), 14 (9), 15 (#9), 17 (11), 18 (#11), 20 (b13), 21 (13)."""

    name: str
    intervals: tuple[int, ...]
    family: Family
    aliases: tuple[str, ...] = ()

    @property
    def pitch_classes(self) -> frozenset[int]:
        """Intervals folded into one octave, relative to the root."""
        return frozenset(i % 12 for i in self.intervals)


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord. ``root`` and ``bass`` are pitch classes 0 to 11 (C is 0); ``bass`` None means the root.

    Equality is by sound: spelling (``root_name``, ``bass_name``) is kept for printing only.
    """

    root: int
    quality: Quality
    bass: int | None = None
    root_name: str = field(default="", compare=False)
    bass_name: str = field(default="", compare=False)
