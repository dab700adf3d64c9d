"""What the notation does not say: how hard notes are struck, how long they may ring, and the lower voices
of a chord. Swing, accents by beat and spread are the feel's, at lock time.
"""

from collections.abc import Sequence
from dataclasses import replace

from jamtui.generators.request import Request
from jamtui.music.chord import Chord, Family
from jamtui.music.meter import EIGHTH, SIXTEENTH
from jamtui.music.notation import DRUM_LETTERS
from jamtui.music.phrase import ChordSpan, Note, Role
from jamtui.music.phrase_text import VELOCITY_ACCENT, VELOCITY_PLAIN, VELOCITY_SOFT
from jamtui.session.randomness import chance
from jamtui.session.voicelead import ChordTable, chord_table, clear_mud, movement, voicings_for

_SNARES = frozenset({DRUM_LETTERS["s"], DRUM_LETTERS["x"], DRUM_LETTERS["w"]})
_CRASH = DRUM_LETTERS["c"]
_CALM = 0.4
"""Energy below which no note is accented."""


def struck(notes: Sequence[Note], request: Request, bar_tick: int) -> tuple[Note, ...]:
    """``notes`` of a bar with velocities as a player of the role strikes them: what pushes over a beat, and
    what ends a figure off the beat, is accented; short dips between two notes are ghosted. How much and how
    often is the style's to say; the bar's place (``bar_tick``) and the brief's seed decide what is left to
    chance."""
    drums = request.role is Role.DRUMS
    beats = request.spec.meter.beat_ticks
    scale = (0.75 + 0.5 * request.brief.energy) * request.playing.level
    done: list[Note] = []
    for index, note in enumerate(notes):
        if drums:
            velocity = _drum_velocity(note, beats)
        else:
            before = notes[index - 1] if index else None
            after = notes[index + 1] if index + 1 < len(notes) else None
            velocity = _line_velocity(note, before, after, request, bar_tick)
        done.append(replace(note, velocity=max(1, min(127, round(velocity * scale)))))
    return tuple(done)


def _drum_velocity(note: Note, beats: Sequence[int]) -> int:
    if note.pitch == _CRASH:
        return VELOCITY_ACCENT
    if note.pitch in _SNARES:
        if note.onset in beats[1::2]:
            return VELOCITY_ACCENT
        return VELOCITY_PLAIN if note.onset in beats else VELOCITY_SOFT
    return VELOCITY_PLAIN if note.onset in beats or note.onset % EIGHTH else VELOCITY_PLAIN - 12


def _line_velocity(
    note: Note, before: Note | None, after: Note | None, request: Request, bar_tick: int
) -> int:
    end = note.onset + note.duration
    meter = request.spec.meter
    off = note.onset not in meter.beat_ticks
    if off and request.brief.energy >= _CALM:
        over = any(note.onset < beat < end for beat in (*meter.beat_ticks, meter.bar_ticks))
        last = after is None or after.onset > end
        if over or (last and note.onset % EIGHTH == 0):
            return VELOCITY_PLAIN + round(request.playing.accent * (VELOCITY_ACCENT - VELOCITY_PLAIN))
    if off and note.duration <= request.spec.step and before and after and request.role is not Role.COMP:
        dip = before.pitch > note.pitch < after.pitch
        joined = before.onset + before.duration == note.onset and after.onset == end
        ghosts = request.playing.ghosts
        if dip and joined and chance(request.brief.seed, "ghost", bar_tick + note.onset) < ghosts:
            return VELOCITY_SOFT
    return VELOCITY_PLAIN


def let_go(notes: Sequence[Note], request: Request, bar_start: int) -> tuple[Note, ...]:
    """``notes`` (onsets from ``bar_start``, which counts from the request's first bar line), each ended where
    a chord comes in which it would be wrong, and after a bar at most. A note that begins within a sixteenth
    of the change belongs to the chord that comes."""
    if request.role is Role.DRUMS:
        return tuple(notes)
    done: list[Note] = []
    for note in notes:
        start = bar_start + note.onset
        length = min(note.duration, request.spec.meter.bar_ticks)
        for span in request.chords:
            if start + SIXTEENTH < span.start < start + length:
                table = _table(request, span.chord)
                if table is None or note.pitch % 12 not in table.members(request.role):
                    length = span.start - start
                    break
        done.append(note if length == note.duration else replace(note, duration=length))
    return tuple(done)


def voiced(
    tops: Sequence[Note], request: Request, bar_start: int, before: tuple[int, ...]
) -> tuple[tuple[Note, ...], tuple[int, ...]]:
    """Chords under a line of top voices, each moving as little as may be from the one before (``before``: the
    last one played). A chord struck within an eighth of a change and held over it is the coming one. Also
    returns the last voicing."""
    done: list[Note] = []
    for top in tops:
        start = bar_start + top.onset
        chord = _chord_at(request.chords, start)
        change = next((s for s in request.chords if s.start > start), None)
        if change and change.start - start <= EIGHTH and start + top.duration > change.start:
            chord = change.chord
        table = None if chord is None else _table(request, chord)
        voicing = (top.pitch,) if table is None else _under(top.pitch, table, request.playing.low, before)
        done.extend(replace(top, pitch=pitch) for pitch in voicing)
        before = voicing
    return tuple(sorted(done)), before


def _under(top: int, table: ChordTable, low: int, before: tuple[int, ...]) -> tuple[int, ...]:
    """The voicing of ``table``'s chord with ``top`` on top, from ``low`` up, nearest to ``before``."""
    ready = [v for size in (4, 3) for v in voicings_for(table, size, low, top) if v[-1] == top]
    if not ready:
        # No written voicing has this note on top: the chord in close position below it.
        below = sorted(top - (top - pc) % 12 for pc in table.tones if pc != top % 12)
        ready = [clear_mud([*(p for p in below[-3:] if p >= low), top], low, top)]
    return min(ready, key=lambda v: (movement(before, v), -len(v), v))


def _chord_at(spans: Sequence[ChordSpan], tick: int) -> Chord | None:
    return next((s.chord for s in spans if s.start <= tick < s.start + s.length), None)


def _table(request: Request, chord: Chord) -> ChordTable | None:
    return None if chord.family is Family.NONE else chord_table(chord, request.key, request.surprise)
