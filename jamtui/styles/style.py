"""Style values. A style is data (TOML in ``styles/``); nothing here computes music."""

from collections.abc import Mapping
from dataclasses import dataclass

from jamtui.music.meter import PPQ
from jamtui.music.phrase import Role

STYLE_VERSION = 1
"""Version of the style file schema; a file with another one is refused with a message."""


@dataclass(frozen=True, slots=True)
class Feel:
    """How straight ticks become played time. All amounts are for ``amount`` 1.0; at 0 nothing changes.

    ``swing`` is the place of the off-beat within a pair of ``swing_unit`` notes (0.5 straight, 2/3
    triplet). Times are milliseconds, negative early; together at most 40 ms early.
    """

    swing: float = 0.5
    swing_unit: int = PPQ // 2
    push_ms: float = 0.0
    spread_ms: float = 0.0
    velocity_spread: int = 0
    accents: tuple[float, ...] = ()
    """Velocity factors for the eighths of a bar, cycled; empty means no accents."""
    articulation: float = 1.0
    """Share of the written duration that sounds."""


@dataclass(frozen=True, slots=True)
class DrumHit:
    """``onset`` in ticks in the pattern, General MIDI drum key, velocity."""

    onset: int
    key: int
    velocity: int


@dataclass(frozen=True, slots=True)
class DrumPattern:
    """``kind`` is ``groove``, ``fill``, ``intro`` or ``ending``; ``energy`` (0 to 1): where it fits best."""

    name: str
    kind: str
    meter: str
    bars: int
    energy: float
    hits: tuple[DrumHit, ...]


@dataclass(frozen=True, slots=True)
class FigureText:
    """A bass figure as written: ``chords`` and ``notes`` are still text, read when the book is compiled.

    ``energy``, ``density`` and ``surprise`` run from 0 to 1; ``density`` is None where the file leaves it
    to be counted from the notes.
    """

    name: str
    context: str
    chords: str
    meter: str
    energy: float
    density: float | None
    surprise: float
    notes: str


@dataclass(frozen=True, slots=True)
class RoleStyle:
    """One role in a style: feel, written range (MIDI, inclusive), density, General MIDI program."""

    feel: Feel
    low: int
    high: int
    density: float
    """Share of the time the role has notes to say, 0 to 1."""
    program: int | None = None
    level: float = 1.0
    """How hard it strikes: a factor of its velocities, so that the roles balance."""
    approach: float = 1.0
    """How freely its lines lead into chord tones by a semitone from outside the scale, 0 (never) to 1."""
    accent: float = 1.0
    """How much harder its written lines strike what pushes over a beat or ends a figure off it, 0 to 1."""
    ghosts: float = 0.6
    """How often its written lines ghost a short note between two higher ones, 0 (never) to 1."""


@dataclass(frozen=True, slots=True)
class Style:
    """A style profile as loaded and checked."""

    name: str
    title: str
    tempo: float
    tempo_range: tuple[float, float]
    meter: str
    roles: Mapping[Role, RoleStyle]
    drums: tuple[DrumPattern, ...]
    count_in: int = 1
    """Bars of count-in clicks."""
    bass: tuple[FigureText, ...] = ()
    """Bass figures, in the order of the file."""
