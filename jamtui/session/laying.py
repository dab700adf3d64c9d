"""Lay a single line of the book, note by note, over the chords that are really there."""

import itertools
from collections.abc import Sequence

from jamtui.music.chord import Family
from jamtui.music.meter import EIGHTH, PPQ
from jamtui.music.phrase import Note, Role
from jamtui.session.book import Function
from jamtui.session.harmony import Harmony
from jamtui.session.laid import (
    Hand,
    Laid,
    by_chord,
    degree_of,
    gather,
    table_at,
    until_wrong,
    velocity_of,
)
from jamtui.session.shading import colour, thin
from jamtui.session.shelf import Line
from jamtui.session.voicelead import ChordTable, anchor_line, chord_table, fold, octave_near, ways_to

_BEAT = PPQ

EDGE = 5
"""Semitones at either end of its range that the lead goes to for a climax only."""


def lay_line(
    line: Line, origin: int, start: int, end: int, bar_start: int, hand: Hand, harmony: Harmony
) -> list[Note]:
    """The notes of a single line (lead, bass) from ``start`` to ``end``, onsets relative to ``bar_start``."""
    laid, count = gather(line, origin, start, end, harmony, hand.surprise)
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
    for group in by_chord(laid):
        first = group[0]
        quality = line.chords[first.written.chord].quality
        degrees = [degree_of(n, quality) for n in group]
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
        colour(laid, bar_start, hand)
    laid, count = thin(laid, count, hand)
    safe = hand.safe
    notes: list[Note] = []
    for index, note in enumerate(laid[:count]):
        pitch = fold(note.pitch, hand.low, hand.high)
        if safe and note.tick < hand.safe_until and pitch % 12 not in safe:
            pitch = fold(pitch + ways_to(safe)[pitch % 12], hand.low, hand.high)
        duration = note.written.duration
        if index + 1 < len(laid):
            duration = min(duration, max(1, laid[index + 1].tick - note.tick))
        duration = until_wrong(note.tick, pitch, duration, harmony, hand)
        notes.append(Note(note.tick - bar_start, pitch, duration, velocity_of(note.written, hand)))
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


def _invert(group: Sequence[Laid], last_pitch: int, hand: Hand) -> None:
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
    coming = table_at(harmony, start, hand.surprise)
    if coming is not None and start - hand.before_tick <= EIGHTH and hand.before[0] % 12 == coming.bass:
        return coming
    return table_at(harmony, start - 1, hand.surprise)


def _root_on_change(laid: Sequence[Laid], hand: Hand, previous: ChordTable | None) -> None:
    """The bass says where a new chord is: its first note there is the chord's bass (also under a slash)."""
    for note in laid:
        if note.table is not previous:
            if note.written.function is not Function.APPROACH:
                note.pitch = fold(octave_near(note.pitch, note.table.bass), hand.low, hand.high)
            previous = note.table


def _part_repeats(laid: Sequence[Laid], hand: Hand) -> None:
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


def _resolve(laid: Sequence[Laid], count: int, hand: Hand, harmony: Harmony, end: int) -> None:
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


def _lead_on(note: Laid, hand: Hand, harmony: Harmony, end: int) -> None:
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
