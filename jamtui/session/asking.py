"""What a pitched role's player is asked for, and what it plays."""

from dataclasses import dataclass

from jamtui.music.phrase import Note
from jamtui.session.barlines import BarSpan


@dataclass(frozen=True, slots=True)
class Ask:
    """What a player is asked for: the notes of ``bar`` from ``start`` on.

    ``answer_at`` is the tick at which a new chord is to be answered (None: no new chord in this bar);
    ``must_answer`` wants a note exactly there. ``hush_until``: no onset before it other than the answer.
    """

    bar: BarSpan
    start: int
    style: str
    low: int
    high: int
    density: float
    energy: float
    temperature: float
    before: tuple[int, ...]
    """Pitches of the role's last note or voicing before ``start``; empty when it has not played yet."""
    before_tick: int = -1
    answer_at: int | None = None
    must_answer: bool = False
    hush_until: int = 0
    safe: frozenset[int] = frozenset()
    safe_until: int = 0
    level: float = 1.0
    """How hard the role strikes in this style."""
    wanted: float = 0.5
    """How many notes the player wants; 0.5 is the style's own measure."""
    surprise: float = 0.0
    """How far out the player wants it, beside what temperature does."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Notes relative to the bar's start, what they are called, and whether the bar is a planned rest."""

    notes: tuple[Note, ...]
    label: str
    ref: str = ""
    """What it is in the phrase library; empty for what is not of it."""
