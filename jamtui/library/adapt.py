"""A stored phrase becomes notes over the chords that are really there.

Rhythm and contour are the phrase's. It is transposed as a whole, to the octave in which it goes on from the
line's last note; then single notes are fitted to chord and scale, and every one that had to move is marked.
Comping keeps its rhythm and the height of its voicings; a voicing that does not say the new chord is replaced
by one that does and that the hand reaches with the least movement.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jamtui.library.placing import Event, placed
from jamtui.library.records import PhraseRecord
from jamtui.library.voicing import voice
from jamtui.music.chord import Family
from jamtui.music.meter import COMMON_TIME, EIGHTH, PPQ, SIXTEENTH, Meter
from jamtui.music.phrase import MONOPHONIC, ChordSpan, Note, Role
from jamtui.music.scale import Key
from jamtui.session.voicelead import ChordTable, chord_table, fold, octave_near

LEAP = 7
"""Semitones: further than a fifth from the line's last note is no joint."""
STEP = 2
"""Semitones within which a foreign note resolves."""
OCTAVE = 12
MAX_RESIDUAL = 60
"""Ticks of played deviation that are kept: what the guard lets through."""
_BREATH = 2 * PPQ
"""After so long a rest a line may begin anywhere."""
_LOUD = 84
"""Mean velocity of an adapted phrase at middle energy."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a phrase is to stand.

    ``chords`` are relative to the start and may go on beyond the ``bars`` wanted: what comes then tells a
    push and a last note where they lead. ``low`` and ``high`` bound the pitches (inclusive). ``before`` are
    the pitches of the line's last note or voicing, which began ``since`` ticks before the start.
    """

    role: Role
    chords: tuple[ChordSpan, ...]
    bars: int
    low: int
    high: int
    meter: Meter = COMMON_TIME
    tempo: float = 120.0
    key: Key | None = None
    surprise: float = 0.0
    energy: float = 0.5
    level: float = 1.0
    before: tuple[int, ...] = ()
    since: int = PPQ

    @property
    def length(self) -> int:
        """Ticks of the bars wanted."""
        return self.bars * self.meter.bar_ticks


@dataclass(frozen=True, slots=True)
class Adapted:
    """``notes`` in order, onsets from the setting's start. ``moved``: for each by how many semitones it lies
    away from where the phrase moved as a whole has it, octaves left out (-6 to 5); 0: it is the phrase's own.
    ``transpose`` in semitones, octaves included."""

    notes: tuple[Note, ...]
    moved: tuple[int, ...]
    transpose: int

    @property
    def changed(self) -> tuple[bool, ...]:
        """For each note whether it is another pitch class than the phrase's own."""
        return tuple(by != 0 for by in self.moved)

    @property
    def changes(self) -> int:
        """How many notes are not the phrase's own."""
        return sum(self.changed)

    def bar(self, number: int, meter: Meter) -> "Adapted":
        """What begins in one bar (0-based), onsets from its bar line."""
        start, end = number * meter.bar_ticks, (number + 1) * meter.bar_ticks
        here = [(n, by) for n, by in zip(self.notes, self.moved, strict=True) if start <= n.onset < end]
        notes = tuple(replace(n, onset=n.onset - start) for n, _ in here)
        return Adapted(notes, tuple(by for _, by in here), self.transpose)


def adapt(
    record: PhraseRecord, setting: Setting, *, transpose: int | None = None, first_bar: int = 0
) -> Adapted:
    """``record`` over the chords of ``setting``, in its meter and of its length: a longer phrase is taken
    from ``first_bar`` on, a shorter one comes again.

    Args:
        transpose: semitones, of which only the pitch class counts; None: the one that fits best.
    """
    events = placed(record.phrase, setting.meter, setting.bars, first_bar)
    tables = _Tables(setting)
    events = [e for e in events if tables.sounds(e.onset)]
    if not events:
        return Adapted((), (), 0)
    if setting.role in MONOPHONIC:
        events = _single(events, highest=setting.role is Role.LEAD)
    if setting.role is Role.DRUMS:
        notes = [e.note for e in events]
        return _finished(notes, [0] * len(notes), 0, record, setting)
    under = [tables.under(e.onset, e.duration) for e in events]
    way = best_transposition(events, under, setting) if transpose is None else transpose % OCTAVE
    way += _octave([e.pitch for e in events], way, setting)
    if setting.role is Role.COMP:
        beats = frozenset(setting.meter.beat_ticks)
        bar = setting.meter.bar_ticks
        bounds = (setting.low, setting.high)
        fitted = voice(events, under, way, bounds, setting.before, lambda tick: tick % bar in beats)
        events = [events[f.event] for f in fitted]
        under = [under[f.event] for f in fitted]
        pitches = [f.pitch for f in fitted]
    else:
        pitches = _line(events, under, way, setting, tables)
    moved = [(p - e.pitch - way + 6) % OCTAVE - 6 for p, e in zip(pitches, events, strict=True)]
    notes = [replace(e.note, pitch=p) for p, e in zip(pitches, events, strict=True)]
    notes = [
        replace(n, duration=tables.until_wrong(n.onset, n.pitch, n.duration, setting.role)) for n in notes
    ]
    return _finished(notes, moved, way, record, setting)


def _single(events: Sequence[Event], *, highest: bool) -> list[Event]:
    """One note at a time: of those that begin together the highest, or the lowest."""
    chosen: dict[int, Event] = {}
    for event in events:
        other = chosen.get(event.onset)
        if other is None or (event.pitch > other.pitch) == highest:
            chosen[event.onset] = event
    return [chosen[onset] for onset in sorted(chosen)]


def best_transposition(events: Sequence[Event], under: Sequence[ChordTable | None], setting: Setting) -> int:
    """The transposition (0 to 11) that leaves most of the phrase's weight on chord tones, then in the scale;
    notes weigh by duration, twice on a beat. Of equals the one that goes on nearest to the line."""
    goal = setting.before[-1] if setting.before else (setting.low + setting.high) // 2
    best, best_score = 0, -1e9
    beats = frozenset(setting.meter.beat_ticks)
    for way in range(OCTAVE):
        score = 0.0
        for event, table in zip(events, under, strict=True):
            if table is None:
                continue
            pc = (event.pitch + way) % OCTAVE
            weight = min(event.duration, PPQ) * (2 if event.onset % setting.meter.bar_ticks in beats else 1)
            score += weight * (1.0 if pc in table.tones else 0.5 if pc in table.scale else 0.0)
        first = events[0].pitch + way
        score -= 0.01 * abs(octave_near(goal, first % OCTAVE) - goal)
        if score > best_score:
            best, best_score = way, score
    return best


class _Tables:
    """The chords of a setting, each with what may be played over it."""

    def __init__(self, setting: Setting) -> None:
        self._spans = tuple((s.start, s.start + s.length, s.chord) for s in setting.chords)
        self._tables = tuple(
            None if s.chord.family is Family.NONE else chord_table(s.chord, setting.key, setting.surprise)
            for s in setting.chords
        )

    def _index(self, tick: int) -> int | None:
        for index, (start, end, _) in enumerate(self._spans):
            if start <= tick < end:
                return index
        return None

    def sounds(self, tick: int) -> bool:
        """False where no chord is wanted."""
        index = self._index(tick)
        return index is None or self._tables[index] is not None

    def at(self, tick: int) -> ChordTable | None:
        """The table at ``tick``, None where no chord is known."""
        index = self._index(tick)
        return None if index is None else self._tables[index]

    def under(self, onset: int, duration: int) -> ChordTable | None:
        """What a note is fitted to: a push belongs to the chord that it sounds on into."""
        index = self._index(onset)
        if index is None:
            return None
        end = self._spans[index][1]
        if end - onset <= EIGHTH and onset + duration > end:
            return self.at(end) or self._tables[index]
        return self._tables[index]

    def begins(self, onset: int) -> bool:
        """Whether a chord begins at ``onset``, or did within the last eighth."""
        return any(0 <= onset - start <= EIGHTH for start, _, _ in self._spans)

    def until_wrong(self, onset: int, pitch: int, duration: int, role: Role) -> int:
        """``duration`` cut where a chord comes in which ``pitch`` would be wrong."""
        for start, _, _ in self._spans:
            if onset < start < onset + duration and start - onset > SIXTEENTH:
                table = self.at(start)
                if table is None:
                    return start - onset
                if start - onset <= EIGHTH:
                    continue
                if pitch % OCTAVE not in table.members(role):
                    return start - onset
        return duration


def _octave(pitches: Sequence[int], way: int, setting: Setting) -> int:
    """Octaves (in semitones) by which the moved phrase joins on to what was played and stays in range."""
    low, high = min(pitches) + way, max(pitches) + way
    middle = (setting.low + setting.high) / 2
    if setting.role is Role.BASS:
        middle = setting.low + 10.0
    joined = bool(setting.before) and setting.since <= _BREATH
    options = range(-60, 61, OCTAVE)

    def cost(octave: int) -> float:
        over = max(0, setting.low - low - octave) + max(0, high + octave - setting.high)
        home = abs((low + high) / 2 + octave - middle)
        if joined and setting.role is not Role.COMP:
            return 3.0 * over + abs(pitches[0] + way + octave - setting.before[-1]) + 0.3 * home
        return 3.0 * over + home

    return min(options, key=lambda o: (cost(o), abs(o)))


def _line(
    events: Sequence[Event],
    under: Sequence[ChordTable | None],
    way: int,
    setting: Setting,
    tables: _Tables,
) -> list[int]:
    """The pitches of a single line."""
    low, high = setting.low, setting.high
    strong = frozenset(setting.meter.beat_ticks)
    written = [e.pitch + way for e in events]
    pitches = [fold(p, low, high) for p in written]
    anchored = [False] * len(events)
    told: ChordTable | None = None
    for n, (event, table) in enumerate(zip(events, under, strict=True)):
        if table is None:
            continue
        on_beat = event.onset % setting.meter.bar_ticks in strong
        if setting.role is Role.BASS and table is not told and (on_beat or tables.begins(event.onset)):
            # The bass says where a new chord is, its slash bass too.
            pitches[n] = fold(octave_near(pitches[n], table.bass), low, high)
            anchored[n] = True
            told = table
            continue
        told = table
        if on_beat or (event.own and event.duration >= EIGHTH) or event.duration > EIGHTH:
            moved = pitches[n] + table.to_tone[pitches[n] % OCTAVE]
            pitches[n] = _inside(moved, table.tones, low, high)
            anchored[n] = True
    for n in range(len(events) - 1, -1, -1):
        table = under[n]
        if table is None or anchored[n]:
            continue
        step = written[n + 1] - written[n] if n + 1 < len(events) else 0
        leads = 1 <= abs(step) <= STEP and events[n + 1].onset - events[n].onset <= PPQ
        if pitches[n] % OCTAVE in table.scale and not (leads and pitches[n] == pitches[n + 1]):
            continue
        if leads and low <= pitches[n + 1] - step <= high:
            pitches[n] = pitches[n + 1] - step  # it still leads by its own step
        else:
            pitches[n] = _inside(pitches[n] + table.to_scale[pitches[n] % OCTAVE], table.scale, low, high)
    _join(pitches, events, under, setting)
    _smooth(pitches, written, low, high)
    _part_repeats(pitches, written, under, anchored, low, high)
    return pitches


def _join(
    pitches: list[int], events: Sequence[Event], under: Sequence[ChordTable | None], setting: Setting
) -> None:
    """The first note lies within a fifth of the line's last one, unless there was time to breathe."""
    if not setting.before or setting.since + events[0].onset > _BREATH:
        return
    last = setting.before[-1]
    if abs(pitches[0] - last) <= LEAP or not setting.low <= last <= setting.high:
        return
    table = under[0]
    nearer = fold(octave_near(last, pitches[0] % OCTAVE), setting.low, setting.high)
    if abs(nearer - last) > LEAP and table is not None and setting.role is not Role.BASS:
        tones = [p for p in range(setting.low, setting.high + 1) if p % OCTAVE in table.tones and p != last]
        nearer = min(tones, key=lambda p: (abs(p - last), -p), default=nearer)
    pitches[0] = nearer


def _smooth(pitches: list[int], written: Sequence[int], low: int, high: int) -> None:
    """No leap beyond an octave that the phrase does not have itself."""
    for n in range(1, len(pitches)):
        leap = pitches[n] - pitches[n - 1]
        if abs(leap) <= OCTAVE or abs(written[n] - written[n - 1]) > OCTAVE:
            continue
        nearer = octave_near(pitches[n - 1], pitches[n] % OCTAVE)
        options = [p for p in (nearer, nearer - OCTAVE, nearer + OCTAVE) if low <= p <= high]
        pitches[n] = min(options, key=lambda p: abs(p - pitches[n - 1]), default=pitches[n])


def _part_repeats(
    pitches: list[int],
    written: Sequence[int],
    under: Sequence[ChordTable | None],
    anchored: Sequence[bool],
    low: int,
    high: int,
) -> None:
    """Where fitting made two different notes one pitch, the weaker goes on in the written direction."""
    for n in range(1, len(pitches)):
        table = under[n]
        if table is None or pitches[n] != pitches[n - 1] or written[n] == written[n - 1]:
            continue
        if anchored[n] and pitches[n] % OCTAVE == table.bass and n + 1 < len(pitches):
            continue
        members = table.tones if anchored[n] else table.scale
        way = 1 if written[n] > written[n - 1] else -1
        for step in (*range(way, 6 * way, way), *range(-way, -6 * way, -way)):
            if low <= pitches[n] + step <= high and (pitches[n] + step) % OCTAVE in members:
                pitches[n] += step
                break


def _inside(pitch: int, members: frozenset[int], low: int, high: int) -> int:
    """``pitch``, or where it left the range the nearest member within."""
    if low <= pitch <= high:
        return pitch
    inward = range(low, high + 1) if pitch < low else range(high, low - 1, -1)
    return next((p for p in inward if p % OCTAVE in members), fold(pitch, low, high))


def _finished(
    notes: Sequence[Note], moved: Sequence[int], way: int, record: PhraseRecord, setting: Setting
) -> Adapted:
    """In order, apart, within the bars; loudness and residuals of this band."""
    ranked = sorted(zip(notes, moved, strict=True), key=lambda pair: (pair[0].onset, pair[0].pitch))
    single = setting.role in MONOPHONIC
    kept: list[Note] = []
    marks: list[int] = []
    last: dict[int, int] = {}
    for note, mark in ranked:
        voice_key = -1 if single else note.pitch
        at = last.get(voice_key)
        if at is not None:
            before = kept[at]
            if before.onset == note.onset:
                continue
            if before.onset + before.duration > note.onset:
                kept[at] = replace(before, duration=note.onset - before.onset)
        last[voice_key] = len(kept)
        kept.append(note)
        marks.append(mark)
    mean = sum(n.velocity for n in kept) / max(1, len(kept))
    wanted = _LOUD * (0.75 + 0.5 * setting.energy) * setting.level
    # In milliseconds the player's timing is what it was.
    scale = setting.tempo / record.phrase.tempo if record.phrase.tempo > 0 else 1.0
    done = tuple(
        replace(
            n,
            duration=max(1, min(n.duration, setting.length - n.onset)),
            velocity=max(1, min(127, round(wanted + 0.7 * (n.velocity - mean)))),
            residual=max(-MAX_RESIDUAL, min(MAX_RESIDUAL, round(n.residual * scale))),
        )
        for n in kept
    )
    return Adapted(done, tuple(marks), way)
