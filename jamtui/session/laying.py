"""Lay a phrase of the book over the chords that are really there: lines note by note, comping by voicings."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from jamtui.music.chord import Family
from jamtui.music.meter import EIGHTH, PPQ
from jamtui.music.phrase import Note, Role
from jamtui.session.book import Function, ReflexNote
from jamtui.session.harmony import Harmony
from jamtui.session.randomness import chance
from jamtui.session.shelf import Line
from jamtui.session.voicelead import (
    ChordTable,
    anchor_line,
    chord_table,
    clear_mud,
    close_stack,
    fold,
    movement,
    octave_near,
    surprise_of,
    voicings_for,
)

_BEAT = PPQ

COMP_CENTRE = 61.0
"""Where the middle of a voicing likes to be: around middle C, under the lead."""

EDGE = 5
"""Semitones at either end of its range that the lead goes to for a climax only."""

_GHOST = 60
"""Written velocities below it are ghost notes."""
_CALM = 0.4
"""Energy below which ornaments are left out, the more the calmer."""


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


@dataclass(slots=True)
class _Laid:
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
            table = _table(harmony, at, surprise)
        here = table
        if high - at <= EIGHTH and origin + note.onset + note.duration > high:
            # A push: it sounds on under the chord to come, and belongs to it.
            here = _table(harmony, high, surprise) or table
        found.append(here)
    return found


def _table(harmony: Harmony, tick: int, surprise: float) -> ChordTable | None:
    chord = harmony.at(tick)
    if chord is None or chord.family is Family.NONE:
        return None
    return chord_table(chord, harmony.key, surprise)


def _gather(
    line: Line, origin: int, start: int, end: int, harmony: Harmony, surprise: float
) -> tuple[list[_Laid], int]:
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
    laid: list[_Laid] = []
    count = 0
    for n, (note, table) in enumerate(
        zip(chosen, _tables(line, origin, chosen, harmony, surprise), strict=True)
    ):
        if table is None:
            continue
        contour = line.chords[note.chord].root + note.interval
        laid.append(_Laid(origin + note.onset, note, table, contour))
        count += n < inside
    return laid, count


def _velocity(note: ReflexNote, hand: Hand) -> int:
    return max(1, min(127, round(note.velocity * (0.75 + 0.5 * hand.energy) * hand.level)))


def _groups(laid: Sequence[_Laid]) -> list[list[_Laid]]:
    groups: list[list[_Laid]] = []
    for note in laid:
        last = groups[-1][-1] if groups else None
        if last and last.table is note.table and last.written.chord == note.written.chord:
            groups[-1].append(note)
        else:
            groups.append([note])
    return groups


def _degree(note: _Laid, quality: str) -> int:
    """Semitones above the root of the real chord that the written interval becomes."""
    interval = note.written.interval
    if note.written.function is Function.APPROACH:
        return interval
    tone, scale = note.table.shifts(quality)
    return interval + (tone if note.written.function is Function.CHORD else scale)[interval % 12]


@lru_cache(maxsize=512)
def _to_members(classes: frozenset[int]) -> tuple[int, ...]:
    ways = []
    for pc in range(12):
        options = [((c - pc + 6) % 12) - 6 for c in classes]
        ways.append(min(options, key=lambda w: (abs(w), w)))
    return tuple(ways)


def lay_line(
    line: Line, origin: int, start: int, end: int, bar_start: int, hand: Hand, harmony: Harmony
) -> list[Note]:
    """The notes of a single line (lead, bass) from ``start`` to ``end``, onsets relative to ``bar_start``."""
    laid, count = _gather(line, origin, start, end, harmony, surprise_of(hand.temperature))
    if not count:
        return []
    # A bass lives in its lower half; either line is drawn home a little by each new phrase.
    bass = hand.role is Role.BASS
    centre = hand.low + 10.0 if bass else (hand.low + hand.high) / 2
    last_pitch = hand.before[0] if hand.before else None
    last_contour = _contour_before(line, origin, laid[0].tick, hand.before_tick)
    # After a breath a lead may begin anywhere, so it begins nearer the middle.
    breathed = laid[0].tick - hand.before_tick > 2 * PPQ
    draw = 0.4 if bass else 0.6 if breathed else 0.3
    for group in _groups(laid):
        first = group[0]
        quality = line.chords[first.written.chord].quality
        degrees = [_degree(n, quality) for n in group]
        if last_pitch is None:
            expected = centre
        elif last_contour is not None:
            expected = last_pitch + max(-7, min(7, first.contour - last_contour))
        else:
            expected = last_pitch + (centre - last_pitch) * draw
        reach = degrees
        if not bass and last_contour is None:
            reach = [*degrees, *(degrees[0] + c - first.contour for c in _extremes(line, origin, first.tick))]
        root = anchor_line(
            first.table.root, reach, expected, (hand.low, hand.high), centre, 0.35 if bass else 0.08,
            None if bass else (hand.low + EDGE, hand.high - EDGE),
        )  # fmt: skip
        for note, degree in zip(group, degrees, strict=True):
            note.pitch = root + degree
        if not bass and last_pitch is not None and abs(first.pitch - last_pitch) > 9:
            _invert(group, last_pitch, hand)
        last_pitch, last_contour = group[-1].pitch, group[-1].contour
    for note in laid:
        note.pitch = fold(note.pitch, hand.low, hand.high)
    if bass:
        told = laid[0].table if hand.rooted else _table_before(start, hand, harmony)
        _root_on_change(laid, hand, told)
    _part_repeats(laid, hand)
    _resolve(laid, count, hand, harmony, end)
    if not bass:
        _colour(laid, bar_start, hand)
    laid, count = _thin(laid, count, hand)
    safe = hand.safe
    notes: list[Note] = []
    for index, note in enumerate(laid[:count]):
        pitch = fold(note.pitch, hand.low, hand.high)
        if safe and note.tick < hand.safe_until and pitch % 12 not in safe:
            pitch = fold(pitch + _to_members(safe)[pitch % 12], hand.low, hand.high)
        duration = note.written.duration
        if index + 1 < len(laid):
            duration = min(duration, max(1, laid[index + 1].tick - note.tick))
        duration = _until_wrong(note.tick, pitch, duration, harmony, hand)
        notes.append(Note(note.tick - bar_start, pitch, duration, _velocity(note.written, hand)))
    return notes


def _extremes(line: Line, origin: int, tick: int) -> tuple[int, int]:
    """The lowest and highest contour of what the phrase still brings: it begins where there is room."""
    ahead = [line.chords[n.chord].root + n.interval for n in line.notes if origin + n.onset >= tick]
    return min(ahead), max(ahead)


def _contour_before(line: Line, origin: int, tick: int, before_tick: int) -> int | None:
    """Contour of the written note that was played last, None when the last note was not of this phrase."""
    for note in reversed(line.notes):
        if origin + note.onset < tick:
            if origin + note.onset == before_tick:
                return line.chords[note.chord].root + note.interval
            return None
    return None


def _invert(group: Sequence[_Laid], last_pitch: int, hand: Hand) -> None:
    """Where the range forces a leap, lay the group near the last note instead and let every note take the
    nearest note of its own kind there: same contour, another inversion."""
    first = group[0].contour
    low = min(n.contour for n in group) - first
    high = max(n.contour for n in group) - first
    base = max(hand.low - low, min(hand.high - high, last_pitch))
    for note in group:
        pitch = base + note.contour - first
        table = note.table
        way = table.to_tone if note.written.function is Function.CHORD else table.to_scale
        note.pitch = pitch + way[pitch % 12]


def _table_before(start: int, hand: Hand, harmony: Harmony) -> ChordTable | None:
    """The chord that the last note before ``start`` was played for: a push was for the chord to come."""
    if not hand.before:
        return None
    coming = _table(harmony, start, surprise_of(hand.temperature))
    if coming is not None and start - hand.before_tick <= EIGHTH and hand.before[0] % 12 == coming.bass:
        return coming
    return _table(harmony, start - 1, surprise_of(hand.temperature))


def _root_on_change(laid: Sequence[_Laid], hand: Hand, previous: ChordTable | None) -> None:
    """The bass says where a new chord is: its first note there is the chord's bass (also under a slash)."""
    for note in laid:
        if note.table is not previous:
            if note.written.function is not Function.APPROACH:
                note.pitch = fold(octave_near(note.pitch, note.table.bass), hand.low, hand.high)
            previous = note.table


def _part_repeats(laid: Sequence[_Laid], hand: Hand) -> None:
    """Where moving made two different written notes one pitch, the second goes on in its direction."""
    for before, note in itertools.pairwise(laid):
        if note.pitch != before.pitch or note.contour == before.contour:
            continue
        if note.written.function is Function.APPROACH:
            continue
        if note.written.interval % 12 == 0 and hand.role is Role.BASS:
            continue
        way = 1 if note.contour > before.contour else -1
        members = note.table.tones if note.written.function is Function.CHORD else note.table.scale
        for step in (*range(way, 6 * way, way), *range(-way, -6 * way, -way)):
            if (note.pitch + step) % 12 in members and hand.low <= note.pitch + step <= hand.high:
                note.pitch += step
                break


def _resolve(laid: Sequence[_Laid], count: int, hand: Hand, harmony: Harmony, end: int) -> None:
    """Approach notes go by the written step into the note after them; from the end backwards, so that a
    chain of them leads to the right place."""
    for index in range(len(laid) - 1, -1, -1):
        note = laid[index]
        if index + 1 < len(laid):
            if note.written.function is not Function.APPROACH:
                continue
            following = laid[index + 1]
            step = following.contour - note.contour
            if 1 <= abs(step) <= 2 and hand.low <= following.pitch - step <= hand.high:
                note.pitch = following.pitch - step
            else:
                note.pitch += note.table.to_scale[note.pitch % 12]
        elif index < count:
            _lead_on(note, hand, harmony, end)


def _colour(laid: Sequence[_Laid], bar_start: int, hand: Hand) -> None:
    """Temperature shows in the short notes off the beat and in quarters on two and four: the warmer, the
    more of them lead into the chord tone after them by a semitone; the cooler, the more written approach
    notes become notes of the scale."""
    outside, inside = 1.3 * (hand.temperature - 0.45), 2.5 * (0.35 - hand.temperature)
    if outside <= 0 and inside <= 0:
        return
    for index, (note, following) in enumerate(itertools.pairwise(laid)):
        weak = note.tick % PPQ != 0
        even = not weak and (note.tick - bar_start) // PPQ % 2 == 1
        if not (weak or even) or following.tick - note.tick > (EIGHTH if weak else PPQ):
            continue
        approach = note.written.function is Function.APPROACH
        leads_here = index > 0 and (
            laid[index - 1].chromatic or laid[index - 1].written.function is Function.APPROACH
        )
        if approach and chance(hand.seed, "colour", note.tick) < inside:
            pitch = note.pitch + note.table.to_scale[note.pitch % 12]
            if pitch != following.pitch and not leads_here:
                note.pitch = pitch
        elif not approach and not leads_here and following.written.function is Function.CHORD:
            way = note.pitch - following.pitch
            if 1 < abs(way) <= 4 and chance(hand.seed, "colour", note.tick) < outside:
                note.pitch = following.pitch + (1 if way > 0 else -1)
                note.chromatic = True


def _thin(laid: list[_Laid], count: int, hand: Hand) -> tuple[list[_Laid], int]:
    """A calm band leaves out ghost notes and, in a line, short notes off the beat; never one that an
    approach note leads to. The second value counts the notes kept of the first ``count``."""
    share = 1.5 * (_CALM - hand.energy)
    if share <= 0:
        return laid, count
    kept: list[_Laid] = []
    left = 0
    for index, note in enumerate(laid):
        ghost = note.written.velocity < _GHOST
        passing = hand.role is Role.LEAD and note.tick % PPQ and note.written.duration <= EIGHTH
        target = index > 0 and (
            laid[index - 1].chromatic or laid[index - 1].written.function is Function.APPROACH
        )
        if index < count and index and (ghost or passing) and not target:
            likely = 2.0 * share if ghost else share
            if chance(hand.seed, "thin", hand.role, note.tick) < likely:
                continue
        kept.append(note)
        left += index < count
    return kept, left


def _lead_on(note: _Laid, hand: Hand, harmony: Harmony, end: int) -> None:
    """The phrase's last note where nothing written follows: a short one leads into the chord to come."""
    to_come = harmony.at(end)
    if to_come is None or to_come.family is Family.NONE:
        return
    table = chord_table(to_come, harmony.key, 0.0)
    approach = note.written.function is Function.APPROACH
    reaches = note.tick + note.written.duration >= end - _BEAT // 4 and note.written.duration <= _BEAT
    if hand.role is Role.BASS:
        if not approach and (table.root == note.table.root or not reaches):
            return
        goal = octave_near(note.pitch, table.bass)
        if not approach and (goal - note.pitch) % 12 in (1, 2, 5, 7, 10, 11):
            return
        below = note.pitch <= goal
        pitch = goal - 1 if below else goal + 1
        note.pitch = pitch if hand.low <= pitch <= hand.high else 2 * goal - pitch
    elif approach:
        pc = note.pitch % 12
        if not any((pc + step) % 12 in table.tones for step in (1, -1)):
            note.pitch += note.table.to_scale[pc]


def _until_wrong(tick: int, pitch: int, duration: int, harmony: Harmony, hand: Hand) -> int:
    """``duration`` cut where a chord comes in which the held pitch would be wrong."""
    change = harmony.next_change(tick)
    if tick + duration <= change:
        return duration
    chord = harmony.at(change)
    if chord is None or chord.family is Family.NONE:
        return change - tick
    table = chord_table(chord, harmony.key, surprise_of(hand.temperature))
    members = (
        table.scale if hand.role is Role.LEAD else table.tones if hand.role is Role.BASS else table.consonant
    )
    # A note that comes just before the change is that chord's already.
    return duration if pitch % 12 in members or change - tick <= PPQ // 4 else change - tick


def lay_chords(
    line: Line, origin: int, start: int, end: int, bar_start: int, hand: Hand, harmony: Harmony
) -> list[Note]:
    """The voicings of a comping phrase from ``start`` to ``end``, onsets relative to ``bar_start``.

    Rhythm, size and movement of the hits are the phrase's; which inversion begins over each chord is the
    one that moves the hand least."""
    laid, count = _gather(line, origin, start, end, harmony, surprise_of(hand.temperature))
    inside = _less_ghosts(laid[:count], hand)
    if not inside:
        return []
    before = hand.before
    notes: list[Note] = []
    for group in _groups(inside):
        hits: list[list[_Laid]] = []
        for note in group:
            if hits and hits[-1][0].tick == note.tick:
                hits[-1].append(note)
            else:
                hits.append([note])
        for hit, pitches in zip(hits, _voice(line, hits, before, hand), strict=True):
            tick = hit[0].tick
            duration = max(n.written.duration for n in hit)
            velocity = max(_velocity(n.written, hand) for n in hit)
            for pitch in pitches:
                lasting = _until_wrong(tick, pitch, duration, harmony, hand)
                notes.append(Note(tick - bar_start, pitch, lasting, velocity))
            before = pitches
    return notes


def _less_ghosts(laid: list[_Laid], hand: Hand) -> list[_Laid]:
    """Comping without some of its ghost hits where the band is calm; whole hits stay or go."""
    likely = 3.0 * (_CALM - hand.energy)
    if likely <= 0:
        return laid
    return [
        note
        for note in laid
        if note.written.velocity >= _GHOST or chance(hand.seed, "thin", hand.role, note.tick) >= likely
    ]


def _voice(
    line: Line, hits: Sequence[Sequence[_Laid]], before: tuple[int, ...], hand: Hand
) -> list[tuple[int, ...]]:
    """A voicing for each hit over one chord: the written ones in the octave, or a close one in the
    inversion, that is nearest to ``before`` and to the middle of the range."""
    table = hits[0][0].table
    quality = line.chords[hits[0][0].written.chord].quality
    centre = min(COMP_CENTRE, (hand.low + hand.high) / 2)
    degrees = [[_degree(n, quality) for n in hit] for hit in hits]

    def cost(voicing: Sequence[int]) -> float:
        middle = sum(voicing) / len(voicing)
        return movement(before, voicing) + abs(middle - centre) * (0.4 if before else 0.8)

    def laid_on(root: int, hit: Sequence[int]) -> tuple[int, ...]:
        pitches = [root + d for d in hit]
        pitches = [p + table.to_consonant[p % 12] for p in pitches]
        return clear_mud(pitches, hand.low, hand.high)

    best: list[tuple[int, ...]] = []
    best_cost = 1e9
    size = len(hits[0])
    every = sorted({d for hit in degrees for d in hit})
    near = octave_near(centre - sum(every) / len(every), table.root)
    safe = hand.safe if hand.safe and hits[0][0].tick < hand.safe_until else frozenset()
    for root in (near, near - 12, near + 12):
        if root + every[0] < hand.low or root + every[-1] > hand.high:
            continue
        # Where the first hit is one note of a broken chord, the whole chord says where the hand is.
        whole = laid_on(root, every if size < 3 else degrees[0])
        first = laid_on(root, degrees[0])
        if not first or (safe and any(p % 12 not in safe for p in first)):
            continue
        # What was written is preferred to what is built unless the hand would have to jump.
        if (here := cost(whole or first) - 2.5) < best_cost:
            best, best_cost = [first, *(laid_on(root, d) for d in degrees[1:])], here
    if size > 1:
        options = voicings_for(table, min(4, max(3, size)), hand.low, hand.high)
        if safe:
            options = tuple(v for v in options if all(p % 12 in safe for p in v))
        for voicing in options:
            if (here := cost(voicing)) < best_cost:
                best, best_cost = [voicing] * len(hits), here
    if not best:
        # What is safe is more than a voicing: of it, what says the chord.
        classes = sorted(safe & table.tones) or sorted(safe or table.tones)
        best = [close_stack(classes[:4], centre, hand.low, hand.high, before)] * len(hits)
    if safe:
        return [_kept_safe(v, hit[0].tick, hand) for v, hit in zip(best, hits, strict=True)]
    return [v or best[0] for v in best]


def _kept_safe(voicing: tuple[int, ...], tick: int, hand: Hand) -> tuple[int, ...]:
    if tick >= hand.safe_until:
        return voicing
    ways = _to_members(hand.safe)
    return tuple(sorted({fold(p + ways[p % 12], hand.low, hand.high) for p in voicing}))
