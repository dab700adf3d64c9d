"""The guard at the door of the timeline: every bar passes it, the reflex's own too.

What can be put right with a small change is repaired; what would have to become another bar is refused,
with the reason's name. A bar that was repaired passes again unchanged.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from jamtui.music.chord import Family
from jamtui.music.meter import PPQ
from jamtui.music.phrase import MONOPHONIC, Bar, ChordSpan, Note, Role, Source
from jamtui.music.scale import Key
from jamtui.session.voicelead import ChordTable, chord_table

GRIDS = (PPQ // 8, PPQ // 6)
"""Onsets lie on thirty-seconds or on sixteenth triplets."""

MAX_RESIDUAL = 60
"""Ticks a note may have been played off its grid point (a sixteenth's quarter)."""

STEP = 2
"""Semitones within which a foreign note must resolve."""

DRUM_KEYS = frozenset(range(35, 83))
"""General MIDI percussion, with the shaker."""

NOTES_PER_QUARTER = {Role.LEAD: 6, Role.BASS: 4, Role.COMP: 18, Role.DRUMS: 24}
"""More notes than this in a quarter, on average over the bar, is more than the role can say."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a role may play: range (MIDI, inclusive), key for the choice of scales, how far out they may go,
    onsets that are allowed off the grid (an answer in free mode), and drum keys."""

    role: Role
    low: int
    high: int
    key: Key | None = None
    surprise: float = 0.0
    free_onsets: frozenset[int] = frozenset()
    keys: frozenset[int] = DRUM_KEYS


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of a bar: whether it was accepted, why not (one word), the bar as it may be played, and
    which repairs it took."""

    accepted: bool
    reason: str = ""
    bar: Bar | None = None
    repairs: tuple[str, ...] = ()


@dataclass(slots=True)
class Guard:
    """Checks bars and counts, by reason, what was refused and what was repaired."""

    refused: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)

    def check(self, bar: Bar, limits: Limits) -> Judgement:
        """Accept, repair or refuse ``bar``. Reasons: ``role``, ``length``, ``grid``, ``range``, ``scale``,
        ``drum key``, ``density``."""
        reason, notes, repairs = _judge(bar, limits)
        if reason:
            self.refused[reason] += 1
            return Judgement(False, reason)
        if repairs:
            self.repaired.update(repairs)
            bar = replace(bar, notes=notes)
        return Judgement(True, "", bar, repairs)

    def refuse(self, reason: str) -> Judgement:
        """Count and report a bar that is refused for a reason other than its notes."""
        self.refused[reason] += 1
        return Judgement(False, reason)


def _judge(bar: Bar, limits: Limits) -> tuple[str, tuple[Note, ...], tuple[str, ...]]:
    if bar.role is not limits.role:
        return "role", (), ()
    if bar.length <= 0 or any(not 0 <= n.onset < bar.length for n in bar.notes):
        return "length", (), ()
    repairs: list[str] = []
    notes = sorted(bar.notes)
    total = len(notes)
    wrong = 0
    if bar.role is Role.DRUMS:
        kept = [n for n in notes if n.pitch in limits.keys]
        if len(kept) < total:
            if len(kept) * 2 < total:
                return "drum key", (), ()
            repairs.append("drum key")
        notes = kept
    else:
        notes, wrong = _fold_range(notes, limits)
        if wrong:
            if wrong * 2 > total and total > 2 and bar.origin is not Source.REFLEX:
                return "range", (), ()
            repairs.append("range")
    notes, wrong = _on_grid(notes, limits, bar.length)
    if wrong:
        if wrong * 2 > total:
            return "grid", (), ()
        repairs.append("grid")
    if len(notes) > max(1, NOTES_PER_QUARTER[bar.role] * bar.length // PPQ):
        if len(notes) > 2 * max(1, NOTES_PER_QUARTER[bar.role] * bar.length // PPQ):
            return "density", (), ()
        notes = _thin(notes, max(1, NOTES_PER_QUARTER[bar.role] * bar.length // PPQ))
        repairs.append("density")
    if bar.role is not Role.DRUMS:
        notes, wrong = _in_scale(notes, bar, limits)
        if wrong:
            if wrong * 2 > total and total > 2 and bar.origin is not Source.REFLEX:
                return "scale", (), ()
            repairs.append("scale")
    shorter = _apart(notes, bar.role in MONOPHONIC)
    if shorter != notes:
        repairs.append("overlap")
        notes = shorter
    shorter = _within(notes, bar.length)
    if shorter != notes:
        repairs.append("length")
        notes = shorter
    result = tuple(notes)
    if not repairs and result != bar.notes:
        repairs.append("order")
    return "", result, tuple(repairs)


def _fold_range(notes: list[Note], limits: Limits) -> tuple[list[Note], int]:
    wrong = sum(not limits.low <= n.pitch <= limits.high for n in notes)
    if not wrong:
        return notes, 0
    folded = []
    for note in notes:
        pitch = note.pitch
        while pitch < limits.low:
            pitch += 12
        while pitch > limits.high:
            pitch -= 12
        folded.append(note if pitch == note.pitch else replace(note, pitch=max(limits.low, pitch)))
    return sorted(folded), wrong


def _on_grid(notes: list[Note], limits: Limits, length: int) -> tuple[list[Note], int]:
    first, second = GRIDS
    wrong = 0
    moved: list[Note] = []
    for note in notes:
        onset = note.onset
        fine = onset % first == 0 or onset % second == 0 or onset in limits.free_onsets
        if fine and abs(note.residual) <= MAX_RESIDUAL:
            moved.append(note)
            continue
        if not fine:
            wrong += 1
            nearest = min(((onset + g // 2) // g * g for g in GRIDS), key=lambda t: abs(t - onset))
            if nearest >= length:
                nearest = (length - 1) // first * first
            residual = note.residual + onset - nearest
        else:
            wrong += 1
            nearest, residual = onset, note.residual
        bounded = max(-MAX_RESIDUAL, min(MAX_RESIDUAL, residual))
        moved.append(replace(note, onset=nearest, residual=bounded))
    return (sorted(moved), wrong) if wrong else (notes, 0)


def _thin(notes: list[Note], room: int) -> list[Note]:
    """The loudest ``room`` notes; of equals those on stronger places."""
    strong = sorted(notes, key=lambda n: (-n.velocity, n.onset % PPQ != 0, n.onset % (PPQ // 2) != 0, n))
    return sorted(strong[:room])


def _table_at(spans: Sequence[ChordSpan], onset: int, limits: Limits) -> ChordTable | None:
    for span in spans:
        if span.start <= onset < span.start + span.length:
            if span.chord.family is Family.NONE:
                return None
            return chord_table(span.chord, limits.key, limits.surprise)
    return None


def _in_scale(notes: list[Note], bar: Bar, limits: Limits) -> tuple[list[Note], int]:
    """Foreign notes stay where they resolve by step into the next onset within a beat; a note may also
    belong to the chord that comes within an eighth. Others take the nearest note of the scale."""
    spans = bar.chords_assumed
    if not spans:
        return notes, 0
    wrong = 0
    result: list[Note] = []
    following: list[Note] = []
    group: list[Note] = []
    table: ChordTable | None = None
    low = high = 0
    for note in reversed(notes):
        if group and note.onset != group[0].onset:
            following, group = group, []
        if not low <= note.onset < high:
            table, low, high = None, note.onset, note.onset + 1
            for span in spans:
                if span.start <= note.onset < span.start + span.length:
                    table = _table_at((span,), note.onset, limits)
                    low, high = span.start, span.start + span.length
                    break
        if table is not None and note.pitch % 12 not in table.scale:
            resolves = (
                any(abs(n.pitch - note.pitch) <= STEP for n in following)
                and following[0].onset - note.onset <= PPQ
                if following
                else _leads_on(note, bar, limits)
            )
            coming = _table_at(spans, note.onset + PPQ // 2, limits)
            if not resolves and not (coming is not None and note.pitch % 12 in coming.scale):
                wrong += 1
                way = table.to_scale[note.pitch % 12]
                pitch = note.pitch + way
                if not limits.low <= pitch <= limits.high:
                    pitch = _inward(note.pitch, table.scale, limits)
                note = replace(note, pitch=pitch)
        group.append(note)
        result.append(note)
    return (sorted(result), wrong) if wrong else (notes, 0)


def _leads_on(note: Note, bar: Bar, limits: Limits) -> bool:
    """A bar's last note may be foreign when it is short, close to the bar line, and a semitone from a tone
    of the chord that follows there (of the bar's last one, where the bar does not say). The reflex knows
    which note it goes to; that may be any note of the scale."""
    if bar.length - note.onset > PPQ or note.duration > PPQ:
        return False
    spans = bar.chords_assumed
    after = _table_at(spans, bar.length, limits) or _table_at(spans[-1:], spans[-1].start, limits)
    if after is None:
        return True
    goals = after.scale if bar.origin is Source.REFLEX else after.tones
    return any((note.pitch + step) % 12 in goals for step in (1, -1))


def _inward(pitch: int, scale: frozenset[int], limits: Limits) -> int:
    for step in range(1, 13):
        for candidate in (pitch - step, pitch + step):
            if candidate % 12 in scale and limits.low <= candidate <= limits.high:
                return candidate
    return pitch


def _apart(notes: list[Note], single: bool) -> list[Note]:
    """No two notes at once in a single line, no pitch struck while it still sounds in the others."""
    if single:
        result: list[Note] = []
        for note in notes:
            if result and result[-1].onset == note.onset:
                continue
            if result and result[-1].onset + result[-1].duration > note.onset:
                result[-1] = replace(result[-1], duration=note.onset - result[-1].onset)
            result.append(note)
        return result
    last: dict[int, int] = {}
    result = []
    for note in notes:
        at = last.get(note.pitch)
        if at is not None:
            before = result[at]
            if before.onset == note.onset:
                continue
            if before.onset + before.duration > note.onset:
                result[at] = replace(before, duration=note.onset - before.onset)
        last[note.pitch] = len(result)
        result.append(note)
    return result


def _within(notes: list[Note], length: int) -> list[Note]:
    """Durations of at least a moment and at most a bar (a note may ring over the bar line), velocities
    that MIDI has."""
    result: list[Note] = []
    changed = False
    for note in notes:
        if 1 <= note.duration <= length and 1 <= note.velocity <= 127:
            result.append(note)
            continue
        changed = True
        result.append(
            replace(
                note,
                duration=max(1, min(length, note.duration)),
                velocity=max(1, min(127, note.velocity)),
            )
        )
    return result if changed else notes
