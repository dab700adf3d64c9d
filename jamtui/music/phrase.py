"""Notes, phrases, bars and briefs: the values that travel between the parts of the band."""

from dataclasses import dataclass
from enum import StrEnum

from jamtui.music.chord import Chord
from jamtui.music.meter import COMMON_TIME, Meter

FORECAST_BARS = 16
"""How many bars ahead a brief tells what is expected."""


class Role(StrEnum):
    """What a player of the band does; each has a MIDI port of its own."""

    LEAD = "lead"
    BASS = "bass"
    COMP = "comp"
    DRUMS = "drums"


MONOPHONIC = frozenset({Role.LEAD, Role.BASS})
"""Roles that play one note at a time."""


class Source(StrEnum):
    """Where a note came from; the value is the letter the screen shows."""

    REFLEX = "R"
    LIBRARY = "L"
    MODEL = "M"
    OLLAMA = "O"
    YOU = "Y"


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One note. ``onset`` counts ticks from the start of its container on the straight grid;
    ``residual`` is the played deviation from that grid in ticks (negative: early)."""

    onset: int
    pitch: int
    duration: int
    velocity: int = 80
    residual: int = 0


@dataclass(frozen=True, slots=True)
class ChordSpan:
    """``chord`` sounds from ``start`` for ``length`` ticks, both relative to the container."""

    start: int
    length: int
    chord: Chord


@dataclass(frozen=True, slots=True)
class Phrase:
    """Notes over a whole number of bars, with the chords they were made for."""

    name: str
    role: Role
    style: str
    bars: int
    chords: tuple[ChordSpan, ...]
    notes: tuple[Note, ...]
    meter: Meter = COMMON_TIME
    tempo: float = 120.0
    origin: Source = Source.REFLEX

    @property
    def length(self) -> int:
        """Ticks from first to last bar line."""
        return self.bars * self.meter.bar_ticks


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar on the move: the unit that crosses processes and that the guard accepts or refuses.

    ``start_tick`` is absolute musical time; note onsets are relative to it. ``plan_revision`` and
    ``chords_assumed`` say which plan the bar was written for; a stale bar is refused.
    """

    session: str
    role: Role
    start_tick: int
    length: int
    plan_revision: int
    brief_id: str
    chords_assumed: tuple[ChordSpan, ...]
    origin: Source
    seed: int
    notes: tuple[Note, ...]
    label: str = ""
    """What to call the material on screen: a phrase's name, a model's, a file's."""
    ref: str = ""
    """What the material is at its source, such as ``L:1234`` for a phrase of the library; empty: nothing
    that could be named again."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What a generator is asked for: the coming bars of one role and what is known about them.

    Ticks are absolute for ``start_tick`` and relative to it in ``chords`` and ``just_played``
    (negative onsets: before the start). ``temperature`` and ``energy`` run from 0 to 1.
    """

    brief_id: str
    session: str
    role: Role
    style: str
    meter: Meter
    start_tick: int
    bars: int
    chords: tuple[ChordSpan, ...]
    plan_revision: int
    tempo: float
    temperature: float
    energy: float
    seed: int
    just_played: tuple[Note, ...] = ()
    deadline_ms: int = 0
    """Milliseconds from sending until the first bar is too late."""
    density: float = 0.5
    """How many notes are wanted, 0 (few) to 1 (many); 0.5 is the style's own measure."""
    surprise: float = 0.0
    """How far out of the chord's own scale the player wants it, 0 to 1, beside what temperature does."""
    forecast: tuple[ChordSpan, ...] = ()
    """Chords from ``start_tick`` on, those of ``chords`` first, up to ``FORECAST_BARS`` bars: as the chart
    or the prediction has them. Empty where nothing is known beyond ``chords``."""
    confidence: float = 0.0
    """How likely the chords of ``forecast`` are to come, 0 to 1; 1 over a chart."""
    key: str = ""
    """The key in words, such as ``D minor``; empty while none is known."""
    chart: str = ""
    """Name of the chart that is followed, the same for the same chords each time; empty: none."""
    bar_number: int = 0
    """0-based number of the first bar in the song."""
    low: int = 0
    high: int = 127
    """Range of the role in this style (MIDI numbers, inclusive)."""
    level: float = 1.0
    """How hard the role strikes in this style."""
