"""Written notes on their way over the chords that are really there: what lines and comping share."""

from collections.abc import Sequence
from dataclasses import dataclass

from jamtui.music.chord import Family
from jamtui.music.meter import EIGHTH, PPQ
from jamtui.music.phrase import Role
from jamtui.session.book import Function, ReflexNote
from jamtui.session.harmony import Harmony
from jamtui.session.shelf import Line
from jamtui.session.voicelead import ChordTable, chord_table, surprise_of


@dataclass(frozen=True, slots=True)
class Hand:
    """Who plays: role and range, what was played last (pitches and tick), how lively, how far out, and the
    pitch classes to keep to until ``safe_until``. ``rooted``: the bass says the new chord's root before these
    notes."""

    role: Role
    low: int
    high: int
    before: tuple[int, ...]
    before_tick: int
    energy: float
    temperature: float
    safe: frozenset[int] = frozenset()
    safe_until: int = 0
    rooted: bool = False
    seed: int = 0
    level: float = 1.0
    density: float = 0.5
    asked: float = 0.0
    """How surprising the player wants it, beside what temperature does."""

    @property
    def surprise(self) -> float:
        """How far out the scales may go."""
        return surprise_of(self.temperature, self.asked)


@dataclass(slots=True)
class Laid:
    """A note on its way: absolute tick, the note as written, the chord it is laid over, its pitch."""

    tick: int
    written: ReflexNote
    table: ChordTable
    contour: int
    """Semitones above the first written root."""
    pitch: int = 0
    chromatic: bool = False
    """It became an approach note here."""


def _tables(
    line: Line, origin: int, notes: Sequence[ReflexNote], harmony: Harmony, surprise: float
) -> list[ChordTable | None]:
    """The chord under each note. A note that anticipates its written chord is laid over the chord to come."""
    found: list[ChordTable | None] = []
    table: ChordTable | None = None
    low = high = -1
    for note in notes:
        written = line.chords[note.chord].start
        at = origin + (written if written > note.onset else note.onset)
        if not low <= at < high:
            low, high = at, harmony.next_change(at)
            table = table_at(harmony, at, surprise)
        here = table
        if high - at <= EIGHTH and origin + note.onset + note.duration > high:
            # A push: it sounds on under the chord to come, and belongs to it.
            here = table_at(harmony, high, surprise) or table
        found.append(here)
    return found


def table_at(harmony: Harmony, tick: int, surprise: float) -> ChordTable | None:
    chord = harmony.at(tick)
    if chord is None or chord.family is Family.NONE:
        return None
    return chord_table(chord, harmony.key, surprise)


def gather(
    line: Line, origin: int, start: int, end: int, harmony: Harmony, surprise: float
) -> tuple[list[Laid], int]:
    """Notes from ``start`` to ``end`` and the first onset after it, so that the last one knows where it
    leads; the second value counts those that belong to the bar."""
    chosen: list[ReflexNote] = []
    ahead = -1
    inside = 0
    for note in line.notes:
        tick = origin + note.onset
        if tick < start:
            continue
        if tick < end:
            inside += 1
        elif ahead < 0:
            ahead = note.onset
        elif note.onset > ahead:
            break
        chosen.append(note)
    laid: list[Laid] = []
    count = 0
    for n, (note, table) in enumerate(
        zip(chosen, _tables(line, origin, chosen, harmony, surprise), strict=True)
    ):
        if table is None:
            continue
        contour = line.chords[note.chord].root + note.interval
        laid.append(Laid(origin + note.onset, note, table, contour))
        count += n < inside
    return laid, count


def velocity_of(note: ReflexNote, hand: Hand) -> int:
    return max(1, min(127, round(note.velocity * (0.75 + 0.5 * hand.energy) * hand.level)))


def by_chord(laid: Sequence[Laid]) -> list[list[Laid]]:
    groups: list[list[Laid]] = []
    for note in laid:
        last = groups[-1][-1] if groups else None
        if last and last.table is note.table and last.written.chord == note.written.chord:
            groups[-1].append(note)
        else:
            groups.append([note])
    return groups


def degree_of(note: Laid, quality: str) -> int:
    """Semitones above the root of the real chord that the written interval becomes."""
    interval = note.written.interval
    if note.written.function is Function.APPROACH:
        return interval
    tone, scale = note.table.shifts(quality)
    return interval + (tone if note.written.function is Function.CHORD else scale)[interval % 12]


def until_wrong(tick: int, pitch: int, duration: int, harmony: Harmony, hand: Hand) -> int:
    """``duration`` cut where a chord comes in which the held pitch would be wrong."""
    change = harmony.next_change(tick)
    if tick + duration <= change:
        return duration
    chord = harmony.at(change)
    if chord is None or chord.family is Family.NONE:
        return change - tick
    members = chord_table(chord, harmony.key, hand.surprise).members(hand.role)
    # A note that comes just before the change is that chord's already.
    return duration if pitch % 12 in members or change - tick <= PPQ // 4 else change - tick
