"""The note, or the voicing, that answers a new chord: just where it is wanted, near what came before."""

from jamtui.music.chord import Chord, Family
from jamtui.music.meter import EIGHTH, PPQ, SIXTEENTH
from jamtui.music.phrase import Note, Role
from jamtui.session.asking import Ask
from jamtui.session.comping import COMP_CENTRE
from jamtui.session.harmony import Harmony
from jamtui.session.voicelead import chord_table, close_stack, fold, movement, octave_near, voicings_for


def with_answer(role: Role, notes: list[Note], ask: Ask, harmony: Harmony) -> list[Note]:
    """``notes`` with one (or a voicing) exactly at ``ask.answer_at``: the next one pulled forward if it
    is near, else a new one that lasts to the next."""
    at = ask.answer_at
    chord = harmony.at(at) if at is not None else None
    if at is None or chord is None or chord.family is Family.NONE:
        return notes
    onset = at - ask.bar.start
    if any(n.onset == onset for n in notes):
        return notes
    following = [n for n in notes if n.onset > onset]
    kept = [n for n in notes if n.onset < onset]
    first = min((n.onset for n in following), default=ask.bar.length)
    near = EIGHTH if role is Role.LEAD else SIXTEENTH
    if following and first - onset <= near:
        pulled = [n for n in following if n.onset == first]
        rest = [n for n in following if n.onset > first]
        return [*kept, *(_pull(role, n, onset, ask, chord) for n in pulled), *rest]
    room = max(SIXTEENTH, first - onset)
    longest = {Role.BASS: 2 * PPQ, Role.COMP: PPQ + EIGHTH}.get(role, PPQ)
    duration = min(room, longest)
    velocity = answer_velocity(ask)
    ahead = following[0].pitch if following and room <= PPQ else None
    pitches = answer_pitches(role, chord, ask, harmony, ahead)
    return [*kept, *(Note(onset, p, duration, velocity) for p in pitches), *following]


def _pull(role: Role, note: Note, onset: int, ask: Ask, chord: Chord) -> Note:
    """``note`` moved forward to ``onset`` as the answer: never a ghost note; a bass says the root."""
    pitch = note.pitch
    if role is Role.BASS:
        pitch = fold(octave_near(pitch, chord.bass_pc), ask.low, ask.high)
    elif ask.safe and ask.bar.start + onset < ask.safe_until and pitch % 12 not in ask.safe:
        pitch = fold(_nearest_of(pitch, ask.safe), ask.low, ask.high)
    velocity = max(note.velocity, answer_velocity(ask))
    return Note(onset, pitch, note.duration + note.onset - onset, velocity)


def answer_pitches(
    role: Role, chord: Chord, ask: Ask, harmony: Harmony, ahead: int | None = None
) -> tuple[int, ...]:
    """What answers: a bass note, a voicing, or a chord tone; near what was played before and, for the
    bass, near ``ahead``, the pitch that follows soon."""
    table = chord_table(chord, harmony.key, 0.0)
    centre = (ask.low + ask.high) / 2
    if role is Role.BASS:
        home = ask.low + 10.0
        near = [0.7 * ask.before[0] + 0.3 * home if ask.before else home]
        if ahead is not None:
            near.append(ahead)
        roots = [p for p in range(ask.low, ask.high + 1) if p % 12 == table.bass]
        if not roots:
            return (fold(octave_near(home, table.bass), ask.low, ask.high),)
        return (min(roots, key=lambda p: (sum(abs(p - n) for n in near) + 0.4 * abs(p - home), p)),)
    tones = table.tones & ask.safe if ask.safe else table.tones
    if role is Role.COMP:
        options = voicings_for(table, 4 if len(table.tones) > 3 else 3, ask.low, ask.high)
        if ask.safe:
            options = tuple(v for v in options if all(p % 12 in ask.safe for p in v))
        if options:
            middle = min(COMP_CENTRE, centre)
            return min(options, key=lambda v: movement(ask.before, v) + abs(sum(v) / len(v) - middle) / 4)
        classes = sorted(tones or table.tones)[:4]
        return close_stack(classes, min(COMP_CENTRE, centre), ask.low, ask.high, ask.before)
    before = ask.before[0] if ask.before else round(centre)
    goal = before + (centre - before) * 0.2
    pitches = [fold(octave_near(goal, pc), ask.low, ask.high) for pc in sorted(tones or table.tones)]
    return (min(pitches, key=lambda p: (abs(p - goal) + (2.5 if p == before else 0), p)),)


def answer_velocity(ask: Ask) -> int:
    """How hard an answer is struck: never a ghost note."""
    return max(1, min(127, round(84 * (0.75 + 0.5 * ask.energy) * ask.level)))


def _nearest_of(pitch: int, classes: frozenset[int]) -> int:
    for step in range(7):
        if (pitch - step) % 12 in classes:
            return pitch - step
        if (pitch + step) % 12 in classes:
            return pitch + step
    return pitch
