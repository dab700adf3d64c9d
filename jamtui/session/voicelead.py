"""How written notes become notes over the chord that is really there.

A note keeps what it was: a chord tone becomes the same degree of the new chord (or its nearest chord
tone), a scale note a note of the new chord's scale, an approach note still resolves by step into the
note after it. Octave and inversion are chosen so that a line goes on from its last note.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache

from jamtui.music.chord import QUALITIES, Chord, Family
from jamtui.music.phrase import Role
from jamtui.music.scale import Key, avoid_notes, chord_scale, chord_tones

MUD = 52
"""E3: below it a voicing keeps its notes a fifth apart."""

MUD_GAP = 7


@lru_cache(maxsize=4096)
def ways_to(pitch_classes: frozenset[int]) -> tuple[int, ...]:
    """For each pitch class the signed way to the nearest of ``pitch_classes``; ties go down."""
    ways: list[int] = []
    for pc in range(12):
        options = [((target - pc + 6) % 12) - 6 for target in pitch_classes]
        ways.append(min(options, key=lambda way: (abs(way), way)) if options else 0)
    return tuple(ways)


def _degree(interval: int, quality: frozenset[int]) -> str:
    """The degree that ``interval`` is in a chord of ``quality`` (intervals folded to an octave)."""
    third = 3 if 3 in quality and 4 not in quality else 4
    if interval == 0:
        return "root"
    if interval == third or (interval in (2, 5) and not quality & {3, 4}):
        return "third"
    if interval == 7 or (interval in (6, 8) and 7 not in quality and interval in quality):
        return "fifth"
    if interval in (10, 11) or (interval == 9 and {3, 6, 9} <= quality):
        return "seventh"
    return ""


_DEGREES: dict[str, tuple[int, ...]] = {
    "root": (0,),
    "third": (4, 3, 5, 2),
    "fifth": (7, 6, 8),
    "seventh": (10, 11, 9),
}


class ChordTable:
    """All that planning asks of one chord, worked out once.

    ``tones`` and ``scale`` are absolute pitch classes (the scale includes the tones), ``consonant`` what
    a voicing may hold. ``to_tone``, ``to_scale`` and ``to_consonant`` give for each pitch class the signed
    way to the nearest member.
    """

    __slots__ = (
        "_shifts", "bass", "chord", "consonant", "root", "scale", "to_consonant", "to_scale", "to_tone",
        "tones", "voicings",
    )  # fmt: skip

    def __init__(self, chord: Chord, scale: frozenset[int]) -> None:
        self.chord = chord
        self.root = chord.root
        self.bass = chord.root if chord.bass is None else chord.bass
        self.tones = frozenset(chord_tones(chord)) or frozenset({chord.root})
        self.scale = scale | self.tones
        self.consonant = (self.scale - frozenset(avoid_notes(chord))) | self.tones
        self.to_tone = ways_to(self.tones)
        self.to_scale = ways_to(self.scale)
        self.to_consonant = ways_to(self.consonant)
        self._shifts: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self.voicings: dict[tuple[int, int, int], tuple[tuple[int, ...], ...]] = {}

    def members(self, role: Role) -> frozenset[int]:
        """Pitch classes that ``role`` may sound over the chord."""
        if role is Role.LEAD:
            return self.scale
        if role is Role.BASS:
            return self.tones | {self.bass}
        return self.consonant

    def passing(self, role: Role) -> frozenset[int]:
        """Those that it may have on its way: the same, but for a bass, which walks."""
        return self.scale if role is Role.LEAD else self.consonant

    def shifts(self, quality: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """For notes written over a chord of ``quality``: by interval above the root, how many semitones
        a chord tone and a scale note move when root is laid on root."""
        known = self._shifts.get(quality)
        if known is None:
            written = QUALITIES[quality].pitch_classes if quality in QUALITIES else frozenset({0, 4, 7})
            here = frozenset((pc - self.root) % 12 for pc in self.tones)
            tone: list[int] = []
            scale: list[int] = []
            for interval in range(12):
                absolute = (self.root + interval) % 12
                nearest = self.to_tone[absolute]
                for candidate in _DEGREES.get(_degree(interval, written), ()):
                    if candidate in here:
                        nearest = ((candidate - interval + 6) % 12) - 6
                        break
                tension = not _degree(interval, written) and absolute in self.consonant
                tone.append(0 if tension else nearest)
                scale.append(self.to_scale[absolute])
            known = self._shifts[quality] = (tuple(tone), tuple(scale))
        return known


def chord_table(chord: Chord, key: Key | None = None, surprise: float = 0.0) -> ChordTable:
    """The table of ``chord``, remembered. Round ``surprise`` before asking."""
    return _remembered(chord, key, surprise)


# Remembered here, where what is left out and what is said to be 0 are one question.
@lru_cache(maxsize=4096)
def _remembered(chord: Chord, key: Key | None, surprise: float) -> ChordTable:
    return _table(chord, chord_scale(chord, key, surprise))


@lru_cache(maxsize=4096)
def _table(chord: Chord, scale: frozenset[int]) -> ChordTable:
    # Keys are many and scales few: a key heard for the first time costs no new table.
    return ChordTable(chord, scale)


def warm_tables(low: int, high: int) -> None:
    """Work out the tables and voicings (from ``low`` to ``high``) of every quality on every root now, so
    that no chord is slow the first time."""
    for quality in QUALITIES.values():
        if quality.intervals:
            for root in range(12):
                table = chord_table(Chord(root, quality))
                for written in ("maj7", "m7", "7", "m7b5"):
                    table.shifts(written)
                for size in (3, 4):
                    voicings_for(table, size, low, high)


def surprise_of(temperature: float, asked: float = 0.0) -> float:
    """How surprising chord scales may be at ``temperature``: inside up to two thirds, then in a few steps
    further out, so that tables are reused; or as surprising as is ``asked`` for, in quarters."""
    warm = 0.0 if temperature < 0.65 else round(4 * (temperature - 0.5)) / 4 * 0.6
    return max(warm, round(4 * asked) / 4)


def octave_near(pitch: float, pitch_class: int) -> int:
    """The pitch of ``pitch_class`` nearest to ``pitch``."""
    return round((pitch - pitch_class) / 12) * 12 + pitch_class


def anchor_line(
    root: int,
    degrees: Sequence[int],
    expected: float,
    bounds: tuple[int, int],
    home: float,
    pull: float,
    comfort: tuple[int, int] | None = None,
) -> int:
    """Where the written root of a group of notes is laid: the pitch of pitch class ``root`` for which the
    first of the group's notes (``degrees``, in semitones above the root) comes nearest to ``expected`` while
    the group stays within ``bounds``; ``pull`` draws its middle towards ``home``, and outside ``comfort``
    it stays for a good reason only."""
    first, low, high = degrees[0], min(degrees), max(degrees)
    near = octave_near(expected - first, root)
    best, best_cost = near, 1e9
    for base in (near, near - 12, near + 12, near - 24, near + 24):
        over = max(0, bounds[0] - base - low) + max(0, base + high - bounds[1])
        cost = abs(base + first - expected) + 4.0 * over + pull * abs(base + (low + high) / 2 - home)
        if comfort is not None:
            cost += 2.0 * (max(0, comfort[0] - base - low) + max(0, base + high - comfort[1]))
        if cost < best_cost:
            best, best_cost = base, cost
    return best


def fold(pitch: int, low: int, high: int) -> int:
    """``pitch`` moved by octaves into ``low`` to ``high``; clamped where the range is under an octave."""
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return max(low, pitch)


def clear_mud(voicing: Sequence[int], low: int, high: int) -> tuple[int, ...]:
    """``voicing`` in range, in order, without doubled notes and without close notes below E3."""
    notes = sorted({fold(p, low, high) for p in voicing})
    for _ in range(len(notes)):
        for at in range(len(notes) - 1):
            if notes[at] < MUD and notes[at + 1] - notes[at] < MUD_GAP:
                raised = notes[at] + 12
                notes = sorted({*notes[:at], *notes[at + 1 :], *([raised] if raised <= high else [])})
                break
        else:
            break
    return tuple(notes)


def voicings_for(table: ChordTable, size: int, low: int, high: int) -> tuple[tuple[int, ...], ...]:
    """Close voicings of ``size`` notes from third, seventh, tension and fifth (the root where the chord has
    little else), in every inversion that clears the mud, within ``low`` to ``high``. Remembered."""
    asked = (size, low, high)
    known = table.voicings.get(asked)
    if known is not None:
        return known
    root = table.root
    relative = {(pc - root) % 12 for pc in table.tones}
    third = next((i for i in (4, 3, 5, 2) if i in relative), None)
    seventh = next((i for i in (10, 11, 9) if i in relative), None)
    fifth = next((i for i in (7, 6, 8) if i in relative), None)
    # The chord's own tensions come before those that its scale would allow; a diminished chord, half or
    # whole, is clearer with its root than with a tension.
    own = sorted(relative - {0, third, fifth, seventh})
    dark = table.chord.family in (Family.DIMINISHED, Family.HALF_DIMINISHED)
    free = [i for i in (2, 9, 1, 8) if (root + i) % 12 in table.consonant and i not in relative]
    added = own or ([] if dark or seventh is None else free[:1])
    order = [third, seventh, *added, fifth, 0, *free, *sorted(relative)]
    chosen: list[int] = []
    for interval in order:
        if interval is not None and interval not in chosen:
            chosen.append(interval)
    classes = sorted((root + i) % 12 for i in chosen[: max(1, size)])
    found: set[tuple[int, ...]] = set()
    for turn in range(len(classes)):
        for base in range(low - low % 12, high + 1, 12):
            stack = [base + classes[turn]]
            for pc in classes[turn + 1 :] + classes[:turn]:
                stack.append(stack[-1] + (pc - stack[-1]) % 12)
            if stack[0] >= low and stack[-1] <= high and clear_mud(stack, low, high) == tuple(stack):
                found.add(tuple(stack))
    # Seconds at the bottom or on top of a voicing blur it.
    clear = [v for v in found if len(v) < 3 or (v[1] - v[0] > 2 and v[-1] - v[-2] > 1)]
    known = table.voicings[asked] = tuple(sorted(clear or found))
    return known


def close_stack(
    classes: Collection[int], centre: float, low: int, high: int, before: Sequence[int]
) -> tuple[int, ...]:
    """``classes`` in close position around ``centre``, in the inversion that moves least from ``before``;
    without a semitone at the bottom or on top where another inversion avoids it."""
    ordered = sorted(classes)
    best: tuple[int, ...] = ()
    best_cost = 1e9
    for turn in range(len(ordered)):
        first = octave_near(centre - 4, ordered[turn])
        for base in (first, first - 12, first + 12):
            stack = [base]
            for pc in ordered[turn + 1 :] + ordered[:turn]:
                stack.append(stack[-1] + (pc - stack[-1]) % 12)
            voicing = clear_mud(stack, low, high)
            blur = sum(b - a == 1 for a, b in (voicing[:2], voicing[-2:])) if len(voicing) > 1 else 0
            cost = movement(before, voicing) + abs(sum(voicing) / len(voicing) - centre) / 2 + 8.0 * blur
            if cost < best_cost:
                best, best_cost = voicing, cost
    return best


def movement(before: Sequence[int], after: Sequence[int]) -> float:
    """How far the hand moves from one voicing to the next: semitones a voice, the top voice twice."""
    if not before or not after:
        return 0.0
    total = abs(before[-1] - after[-1]) * 1.0
    for pitch in after:
        total += min(abs(pitch - other) for other in before)
    return total / len(after)
