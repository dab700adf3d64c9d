"""A file as read, before it is understood: voices, tempos, meters, keys and chord symbols in ticks of 960."""

from dataclasses import dataclass, field
from typing import NamedTuple

from jamtui.errors import JamtuiError
from jamtui.music.chord import Chord
from jamtui.music.scale import Key


class RefusedError(JamtuiError):
    """A file nothing can be taken from; the text says why, in words for the musician."""

    exit_code = 2


class Sounded(NamedTuple):
    """A note as played or written: ticks of 960 to the quarter note from the start, MIDI pitch, velocity."""

    onset: int
    pitch: int
    duration: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Voice:
    """The notes of one track on one channel, in order of onset, then pitch."""

    name: str
    notes: tuple[Sounded, ...]
    channel: int = 0
    """0 to 15; 9 is the drums' in General MIDI."""
    program: int = -1
    """General MIDI program (0 to 127), -1 where the file gives none."""
    drums: bool = False


@dataclass(frozen=True, slots=True)
class MeterChange:
    """A time signature from ``tick`` on."""

    tick: int
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Song:
    """What a reader hands to the analysis. Ticks are of 960 to the quarter note, tempos in quarter notes a
    minute; ``symbols`` are chord symbols that the file itself gives."""

    voices: tuple[Voice, ...]
    title: str = ""
    tempos: tuple[tuple[int, float], ...] = ((0, 120.0),)
    meters: tuple[MeterChange, ...] = ()
    keys: tuple[tuple[int, Key], ...] = ()
    symbols: tuple[tuple[int, Chord], ...] = ()
    copyright: str = ""
    clocked: bool = False
    """The file counts seconds (SMPTE), so its ticks say nothing about beats."""
    notated: bool = False
    """Written as a score: bar lines are where the file says."""
    notes_to_reader: tuple[str, ...] = field(default=())
    """What was mended on the way, in words ("the last track ends too early")."""

    @property
    def length(self) -> int:
        """Tick at which the last note ends."""
        return max((n.onset + n.duration for v in self.voices for n in v.notes), default=0)
