"""Hedging: where the chord is likely to change and nobody knows surely to what, notes are chosen that stay
right, or begin late.

A player changes the chord up to 80 ms after the beat. What the band has at that beat then sounds over the
wrong chord until it is answered. So each note that would sound there is judged by how likely it is to become
wrong: the chance of a change times the share of the chords that may come over which its pitch is wrong. One
that is too risky becomes a tone that the chord that holds and the likely ones share; where none is near, it
begins after the moment in which a late chord comes. A chord that does come is answered as ever, at once.

Pure: notes in, notes out, the same for the same doubts. Drums are not concerned.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from jamtui.music.chord import Family
from jamtui.music.meter import PPQ, Meter
from jamtui.music.phrase import Bar, Note, Role
from jamtui.music.scale import Key
from jamtui.playback.feel import is_triplet, swing_warp
from jamtui.session.guard import GRIDS, Limits
from jamtui.session.habit import Candidates, Doubt
from jamtui.session.harmony import Harmony
from jamtui.session.settings import BandSettings
from jamtui.session.voicelead import ChordTable, chord_table
from jamtui.styles.style import Feel, RoleStyle
from jamtui.styles.swing import feel_in_meter

RISKY = 0.25
"""Notes that become wrong with more than this probability are hedged."""
LATE_MS = 90.0
"""A chord comes no later than this after the beat it is meant for; a little more than a human's 80 ms."""
LONGEST_MS = 175.0
"""No note begins later than this after its place: silence of 180 ms would be a hole."""
NEAR = 4
"""Semitones within which a single note gives way to a common tone."""
VOICES = 2
"""Fewer common tones than this are no voicing."""
SHORTEST = PPQ // 16
"""A note that would be left with less (in ticks) keeps its length instead."""


@dataclass(frozen=True, slots=True)
class Window:
    """The ticks from ``start`` up to ``end`` in which a late chord may come: ``table`` is the chord that
    holds, ``risk`` the probability by pitch class that a note becomes wrong."""

    start: int
    end: int
    table: ChordTable
    risk: tuple[float, ...]


@lru_cache(maxsize=512)
def wrong_share(role: Role, candidates: Candidates, key: Key | None) -> tuple[float, ...]:
    """By pitch class, the share of ``candidates`` over which ``role`` may not sound it."""
    shares = [0.0] * 12
    for chord, weight in candidates:
        right = chord_table(chord, key).members(role)
        for pc in range(12):
            if pc not in right:
                shares[pc] += weight
    return tuple(shares)


@lru_cache(maxsize=256)
def wait_ticks(bpm: int, feel: Feel, amount: float, meter: Meter) -> int:
    """How many ticks after a beat a note begins that starts late: the first place on the guard's grid that
    is played ``LATE_MS`` after the beat, feel included; 0 where that would be ``LONGEST_MS`` or more.
    ``feel`` is the role's in this ``meter``, ``amount`` how much of it is played."""
    swing = 0.5 + (feel.swing - 0.5) * amount
    for at in sorted({n * grid for grid in GRIDS for n in range(1, PPQ // grid + 1)}):
        moved = float(at) if is_triplet(at) else swing_warp(at, 0, meter.bar_ticks, feel.swing_unit, swing)
        late = moved * 60_000 / (bpm * PPQ) + max(0.0, feel.push_ms * amount)
        if late >= LATE_MS:
            return at if late < LONGEST_MS else 0
    return 0


def hedge(
    notes: Sequence[Note], role: Role, windows: Sequence[Window], low: int, high: int, length: int
) -> tuple[Note, ...]:
    """``notes`` of a bar of ``length`` ticks as they are played while it is in doubt whether the chord
    changes at each of ``windows``; pitches stay from ``low`` to ``high``. Hedging twice changes nothing."""
    hedged = tuple(notes)
    for here in windows:
        if any(here.start <= n.onset < here.end and here.risk[n.pitch % 12] > RISKY for n in hedged):
            hedged = _through(hedged, role, here, low, high, length)
    return hedged


def _through(
    notes: tuple[Note, ...], role: Role, here: Window, low: int, high: int, length: int
) -> tuple[Note, ...]:
    struck: dict[int, list[Note]] = {}
    done: list[Note] = []
    for note in sorted(notes):
        if here.start <= note.onset < here.end:
            struck.setdefault(note.onset, []).append(note)
        else:
            done.append(note)
    waiting: list[Note] = []
    for hit in struck.values():
        if not any(here.risk[n.pitch % 12] > RISKY for n in hit):
            done += hit
        elif (
            common := _voicing(hit, here, low, high)
            if role is Role.COMP
            else _tone(hit, role, here, low, high)
        ):
            done += common
        else:
            waiting += hit
    if waiting:
        done += _late(waiting, done, role, here, length)
    return tuple(sorted(done))


def _tone(hit: Sequence[Note], role: Role, here: Window, low: int, high: int) -> list[Note]:
    """The single line's note on the nearest tone that stays right: a chord tone rather than another note of
    the scale. Empty where none is near."""
    found: list[Note] = []
    tones, scale = here.table.tones, here.table.members(role)
    for note in hit:
        best, cost = 0, 1e9
        for pitch in range(max(low, note.pitch - NEAR), min(high, note.pitch + NEAR) + 1):
            pc = pitch % 12
            if here.risk[pc] > RISKY or pc not in scale:
                continue
            price = abs(pitch - note.pitch) + (0.0 if pc in tones else 2.5) + 4.0 * here.risk[pc]
            if price < cost:
                best, cost = pitch, price
        if cost < 1e9:
            found.append(replace(note, pitch=best))
    return found


def _voicing(hit: Sequence[Note], here: Window, low: int, high: int) -> list[Note]:
    """The voices of a hit that stay right, others moved by at most a whole tone to where they do, without
    doubling. Empty where too few are left for a voicing."""
    stay = [n for n in hit if here.risk[n.pitch % 12] <= RISKY]
    taken = {n.pitch for n in stay}
    classes = {n.pitch % 12 for n in stay}
    for note in hit:
        if here.risk[note.pitch % 12] <= RISKY:
            continue
        for step in (-1, 1, -2, 2):
            pitch = note.pitch + step
            pc = pitch % 12
            right = here.risk[pc] <= RISKY and pc in here.table.consonant and pc not in classes
            if right and low <= pitch <= high and all(abs(pitch - other) > 1 for other in taken):
                stay.append(replace(note, pitch=pitch))
                taken.add(pitch)
                classes.add(pc)
                break
    return stay if len(stay) >= min(VOICES, len(hit)) else []


def _late(
    waiting: Sequence[Note], others: Sequence[Note], role: Role, here: Window, length: int
) -> list[Note]:
    """``waiting`` begins at the end of the window. Notes that begin there anyway, or (in a single line)
    before the late one could be heard, take its place."""
    at = here.end
    if at >= length or any(n.onset == at for n in others):
        return []
    following = min((n.onset for n in others if n.onset > at), default=None)
    single = role is not Role.COMP
    first = max(n.onset for n in waiting)
    found: list[Note] = []
    for note in waiting:
        if note.onset != first:
            continue
        left = note.onset + note.duration - at
        duration = left if left >= SHORTEST else note.duration
        if single and following is not None:
            duration = min(duration, following - at)
        found.append(replace(note, onset=at, duration=duration, residual=0))
    return found[:1] if single else found


class Hedger:
    """Hedges the bars of one band against the doubts of its ``harmony``."""

    def __init__(self, harmony: Harmony) -> None:
        self._harmony = harmony
        self.bpm = 120.0
        """How fast the band plays: what is late is a matter of milliseconds."""

    def waits(self, settings: BandSettings, style: RoleStyle, meter: Meter) -> int:
        """Ticks after a beat at which a role of ``style`` begins where it starts late; 0: it does not."""
        return wait_ticks(round(self.bpm), feel_in_meter(style.feel, meter), settings.feel, meter)

    def window(self, doubt: Doubt, role: Role, wait: int, surprise: float) -> Window | None:
        """What ``doubt`` means for ``role``; None where no chord holds there. ``wait`` as of ``waits``."""
        harmony = self._harmony
        chord = harmony.at(doubt.tick)
        if chord is None or chord.family is Family.NONE or not wait:
            return None
        wrong = wrong_share(role, harmony.doubts.candidates, harmony.key)
        risk = tuple(doubt.likely * share for share in wrong)
        return Window(doubt.tick, doubt.tick + wait, chord_table(chord, harmony.key, surprise), risk)

    def hedge(self, bar: Bar, settings: BandSettings, style: RoleStyle, meter: Meter, limits: Limits) -> Bar:
        """``bar`` as it is played while nobody knows what comes; itself where there is no doubt."""
        doubts = self._harmony.doubts
        if not (settings.hedge and doubts) or bar.role is Role.DRUMS or not bar.notes:
            return bar
        wait = self.waits(settings, style, meter)
        windows = []
        for doubt in doubts.between(bar.start_tick, bar.start_tick + bar.length - 1):
            here = self.window(doubt, bar.role, wait, limits.surprise)
            if here is not None:
                windows.append(
                    replace(here, start=here.start - bar.start_tick, end=here.end - bar.start_tick)
                )
        notes = hedge(bar.notes, bar.role, windows, limits.low, limits.high, bar.length)
        return bar if notes == bar.notes else replace(bar, notes=notes)
