"""The grid notation: music as a language model writes it, one token a step.

A bar of eighths over Dm7, ringing on into a second one::

     D F A c - A . e | - - d - c A F - |

Every step of the grid (eighths, sixteenths or eighth-note triplets) is one token: a pitch letter spelled
with flats, lower case an octave higher; ``-`` holds what sounds (or goes on resting), across a bar line too;
``.`` rests. A bar ends with ``|``, the last one too. The letters name two octaves above ``GridSpec.low``.

Comping is written as the top voice of its chords, which is what a player leads and a listener follows; the
voices below are made from the chord. Drums have an alphabet of their own (``DRUM_LETTERS``): a token is all
that is struck together, such as ``kh``.

How loud a note is, its swing and its place around the beat are not written: they come from the style.
``quantised`` says what becomes of music that the grid cannot hold.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from jamtui.errors import MusicError
from jamtui.music.meter import EIGHTH, PPQ, SIXTEENTH, Meter
from jamtui.music.phrase import Note, Role
from jamtui.music.pitch import FLAT_NAMES, SHARP_NAMES

HOLD = "-"
REST = "."
BAR_LINE = "|"

TRIPLET = PPQ // 3
GRIDS: dict[int, str] = {EIGHTH: "eighths", SIXTEENTH: "sixteenths", TRIPLET: "eighth-note triplets"}
"""Steps in ticks, and what they are called."""

OCTAVES = 24
"""Semitones that the letters name."""

REGISTERS: dict[Role, int] = {Role.LEAD: 60, Role.BASS: 24, Role.COMP: 60, Role.DRUMS: 0}
"""The lowest pitch of each role's two octaves: C4, C1 and, for the top voice of a chord, C4."""

PLAIN = 80
"""Velocity of a note until the style says how loud it is."""

HIT_TICKS = 120
"""Length of a drum hit."""

LIMBS = 4
"""Drums that are struck together at most."""

DRUM_LETTERS: dict[str, int] = {
    "k": 36,
    "s": 38,
    "x": 37,
    "h": 42,
    "o": 46,
    "p": 44,
    "r": 51,
    "b": 53,
    "c": 49,
    "t": 48,
    "f": 43,
    "w": 40,
    "a": 82,
}
"""Letter to General MIDI percussion key: kick, snare, sidestick, closed, open and pedal hi-hat, ride, ride
bell, crash, tom, floor tom, brush swirl, shaker. Letters of one step stand in this order."""

_STRUCK_AS = {
    35: "k", 39: "s", 41: "f", 45: "f", 47: "t", 50: "t", 52: "c", 54: "a", 55: "c", 56: "b", 57: "c",
    59: "r", 60: "x", 61: "x", 62: "x", 63: "x", 64: "x", 65: "t", 66: "f", 67: "b", 68: "b", 69: "a",
    70: "a", 73: "a", 75: "x", 76: "x", 77: "x", 80: "b", 81: "b",
}  # fmt: skip
"""What stands for an instrument without a letter."""

_LETTER_OF = _STRUCK_AS | {key: letter for letter, key in DRUM_LETTERS.items()}
_ORDER = {letter: place for place, letter in enumerate(DRUM_LETTERS)}


@dataclass(frozen=True, slots=True)
class GridSpec:
    """What one text is written in: meter, role, step in ticks, and the lowest pitch that has a letter (by
    default that of the role's register)."""

    meter: Meter
    role: Role = Role.LEAD
    step: int = EIGHTH
    low: int = -1

    def __post_init__(self) -> None:
        if self.step not in GRIDS:
            raise MusicError(f"A grid of {self.step} ticks is not written: use one of {sorted(GRIDS)}.")
        if self.meter.bar_ticks % self.step:
            raise MusicError(
                f"A bar of {self.meter.name} is not a whole number of {GRIDS[self.step]}: use another grid."
            )
        if self.low < 0:
            object.__setattr__(self, "low", REGISTERS[self.role])
        if self.low + OCTAVES > 128:
            raise MusicError(
                f"Two octaves above MIDI {self.low} leave the MIDI range: take a lower register."
            )

    @property
    def steps(self) -> int:
        """Steps in a bar."""
        return self.meter.bar_ticks // self.step

    @property
    def letters(self) -> tuple[str, ...]:
        """The letter of each pitch from ``low`` on, 24 of them."""
        return _letters(self.low)

    @property
    def pitches(self) -> Mapping[str, int]:
        """Pitch of each letter; sharps are read as well, but never written."""
        return _pitches(self.low)


@lru_cache(maxsize=128)
def _letters(low: int) -> tuple[str, ...]:
    names = [FLAT_NAMES[(low + i) % 12] for i in range(12)]
    return (*names, *(n.lower() for n in names))


@lru_cache(maxsize=128)
def _pitches(low: int) -> dict[str, int]:
    sharps = [SHARP_NAMES[(low + i) % 12] for i in range(12)]
    found = {name: low + i for i, name in enumerate((*sharps, *(n.lower() for n in sharps)))}
    return found | {name: low + i for i, name in enumerate(_letters(low))}


def folded(pitch: int, spec: GridSpec) -> int:
    """``pitch`` moved by octaves, as few as may be, into the two octaves that have letters."""
    over = pitch - spec.low
    if over < 0:
        return spec.low + over % 12
    return pitch if over < OCTAVES else spec.low + 12 + over % 12


def nearest_step(tick: int, step: int) -> int:
    """Number of the step nearest to ``tick``; halfway goes to the earlier."""
    return -((step - 2 * tick) // (2 * step))


def drum_token(keys: Iterable[int]) -> str:
    """The token for drums struck together, ``.`` for none that has a letter."""
    letters = sorted({_LETTER_OF[k] for k in keys if k in _LETTER_OF}, key=_ORDER.__getitem__)
    return "".join(letters[:LIMBS]) or REST


def read_drum_token(token: str) -> tuple[int, ...] | None:
    """Keys struck by ``token`` (one that is not a rest); None where it is no drum token."""
    if not 0 < len(token) <= LIMBS or len(set(token)) != len(token):
        return None
    keys = tuple(DRUM_LETTERS.get(letter, -1) for letter in token)
    return None if -1 in keys else tuple(sorted(keys))


def quantised(notes: Iterable[Note], spec: GridSpec, bars: int) -> tuple[Note, ...]:
    """What the grid holds of ``notes``; reading what ``encode`` writes gives exactly this.

    Onsets go to the nearest step (halfway to the earlier; the last step rather than past the end), ends to
    the nearest step after that; notes that begin before or after the bars are left out. Of notes on one step
    the highest stays, in the bass the lowest; a note ends where the next begins, the last one at the last
    bar line. Pitches are folded by octaves into the two that have letters. Velocity becomes ``PLAIN``,
    residual 0.
    Drums: each instrument once a step, by its letter, at most ``LIMBS`` together, each ``HIT_TICKS`` long.
    """
    if spec.role is Role.DRUMS:
        return tuple(
            sorted(
                Note(at * spec.step, key, HIT_TICKS, PLAIN)
                for at, token in _drum_tokens(notes, spec, bars).items()
                for key in read_drum_token(token) or ()
            )
        )
    return tuple(
        Note(at * spec.step, pitch, (end - at) * spec.step, PLAIN)
        for at, end, pitch in _single_line(notes, spec, bars)
    )


def encode(notes: Iterable[Note], spec: GridSpec, bars: int) -> str:
    """``bars`` bars of ``notes`` (onsets from the first bar line) as text; see ``quantised``."""
    cells = [REST] * (spec.steps * bars)
    if spec.role is Role.DRUMS:
        for at, token in _drum_tokens(notes, spec, bars).items():
            cells[at] = token
    else:
        letters = spec.letters
        for at, end, pitch in _single_line(notes, spec, bars):
            cells[at] = letters[pitch - spec.low]
            cells[at + 1 : end] = [HOLD] * (end - at - 1)
    lines = (cells[n * spec.steps : (n + 1) * spec.steps] for n in range(bars))
    return "".join(f" {' '.join(line)} {BAR_LINE}" for line in lines)


def _place(onset: int, spec: GridSpec, total: int) -> int | None:
    """The step of ``onset``, None outside the bars."""
    if not 0 <= onset < total * spec.step:
        return None
    return min(nearest_step(onset, spec.step), total - 1)


def _single_line(notes: Iterable[Note], spec: GridSpec, bars: int) -> list[tuple[int, int, int]]:
    """``(step, end step, pitch)`` of a line, in order and without overlaps."""
    total = spec.steps * bars
    chosen: dict[int, Note] = {}
    for note in sorted(notes):
        at = _place(note.onset, spec, total)
        if at is None:
            continue
        there = chosen.get(at)
        lower = there is not None and note.pitch < there.pitch
        if there is None or lower is (spec.role is Role.BASS):
            chosen[at] = note
    line: list[tuple[int, int, int]] = []
    limit = total
    for at in sorted(chosen, reverse=True):
        note = chosen[at]
        end = max(at + 1, min(limit, nearest_step(note.onset + note.duration, spec.step)))
        line.append((at, end, folded(note.pitch, spec)))
        limit = at
    return line[::-1]


def _drum_tokens(notes: Iterable[Note], spec: GridSpec, bars: int) -> dict[int, str]:
    struck: dict[int, set[int]] = {}
    for note in notes:
        at = _place(note.onset, spec, spec.steps * bars)
        if at is not None:
            struck.setdefault(at, set()).add(note.pitch)
    return {at: token for at, keys in struck.items() if (token := drum_token(keys)) != REST}
