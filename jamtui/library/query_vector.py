"""What a search is for, as vectors: what is known of the phrase that is wanted.

Known are the chords to come, how busy it shall be and, where something was just played, its rhythm, its way
of moving and where it lies. Its notes are expected to be chord tones. What nothing is known of is what is
usual on the shelf, so that it does not decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import log2, sqrt

import numpy as np

from jamtui.library import features as f
from jamtui.library.features import WEIGHTS
from jamtui.library.flatten import Floats, first_root, tones_of
from jamtui.library.index import Shelf
from jamtui.music.chord import Chord
from jamtui.music.meter import COMMON_TIME, EIGHTH, PPQ, Meter
from jamtui.music.phrase import ChordSpan, Note, Role


@dataclass(frozen=True, slots=True)
class Query:
    """What is wanted. ``chords`` start at the first bar line of what is wanted; ``just_played`` has onsets
    relative to that (negative: before). ``energy`` runs from 0 to 1."""

    chords: tuple[ChordSpan, ...]
    role: Role
    style: str = ""
    bars: int = 2
    meter: Meter = COMMON_TIME
    just_played: tuple[Note, ...] = ()
    energy: float = 0.5
    tempo: float = 120.0


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """What is known, apart from any shelf. ``rhythm`` is 8 onsets and 3 moves of what was just played;
    it, ``duration`` and ``register`` are None where nothing was."""

    chords: Floats
    changes: Floats
    tones: Floats
    rhythm: Floats | None
    off_beats: float
    duration: float | None
    register: float | None
    energy: float


def wanted(chords: Sequence[ChordSpan], meter: Meter, just_played: Sequence[Note], energy: float) -> Wanted:
    """``chords`` from the start of what is wanted on; ``energy`` 0 to 1."""
    profile, changes, tones = _chord_side(chords, meter.bar_ticks)
    rhythm = duration = register = None
    off_beats = 0.5
    if just_played:
        rhythm, off_beats, duration, register = _played_side(just_played, meter)
    return Wanted(profile, changes, tones, rhythm, off_beats, duration, register, energy)


@dataclass(frozen=True, slots=True, eq=False)
class Aim:
    """A query before it is held to a shelf: of what is usual there, ``share`` of each of the 64 dimensions is
    taken, and ``own`` added; ``lift`` is by how many standard deviations it is to be busier. ``harmony`` is
    the query in the other space, but for its density, register and duration."""

    known: Wanted
    share: Floats
    own: Floats
    lift: float
    harmony: Floats

    def whole(self, shelf: Shelf) -> Floats:
        """``(64,)``: the query in the whole space of ``shelf``."""
        query = shelf.mean * self.share
        query += self.own
        query[f.DENSITY] += self.lift * shelf.spread[f.DENSITY]
        return query

    def by_harmony(self, shelf: Shelf) -> Floats:
        """``(32,)``: the query in the harmony space of ``shelf``."""
        register, duration = self.known.register, self.known.duration
        query, mean = self.harmony.copy(), shelf.mean
        query[f.H_DENSITY] = mean[f.DENSITY] + self.lift * shelf.spread[f.DENSITY]
        query[f.H_REGISTER] = mean[f.REGISTER] if register is None else WEIGHTS["register"] * register
        query[f.H_DURATION] = mean[f.DURATION] if duration is None else WEIGHTS["duration"] * duration
        return query


def aim(known: Wanted, pitched: bool) -> Aim:
    """What ``known`` asks of any shelf; with chords and register if ``pitched``."""
    share = np.ones(f.WHOLE, np.float32)
    own = np.zeros(f.WHOLE, np.float32)
    harmony = np.zeros(f.HARMONY, np.float32)
    if pitched:
        share[f.CHORDS] = 0
        own[f.CHORDS] = harmony[f.CHORDS] = WEIGHTS["chords"] * known.chords
        # Half expected from the chords, half from how this shelf's lines move over chords.
        share[f.NOTES] = 0.5
        own[f.NOTES] = WEIGHTS["notes"] / 2 * known.tones
        share[f.BEATS] = 0
        own[f.BEATS] = WEIGHTS["beats"] * known.tones
        harmony[f.H_CHORDS] = WEIGHTS["rhythm of chords"] * known.changes
        harmony[f.H_TONES] = harmony[f.H_BEATS] = WEIGHTS["chord tones"]
        harmony[f.H_OFF] = WEIGHTS["off-beats"] * known.off_beats
        if known.register is not None:
            share[f.REGISTER], own[f.REGISTER] = 0, WEIGHTS["register"] * known.register
    if known.rhythm is not None:
        share[f.ONSETS] = share[f.MOVES] = 0
        own[f.ONSETS] = WEIGHTS["onsets"] * known.rhythm[:8]
        own[f.MOVES] = WEIGHTS["moves"] * known.rhythm[8:]
    if known.duration is not None:
        share[f.DURATION], own[f.DURATION] = 0, WEIGHTS["duration"] * known.duration
    return Aim(known, share, own, (known.energy - 0.5) * 3, harmony)


@lru_cache(maxsize=4096)
def tone_steps(chord: Chord) -> tuple[int, ...]:
    """Semitones of the chord's tones above its root; none for N.C."""
    return tuple(step for step, tone in enumerate(tones_of(chord)) if tone)


def _chord_side(chords: Sequence[ChordSpan], bar_ticks: int) -> tuple[Floats, Floats, Floats]:
    """``(24,)`` chord tones of two bars above the first root, ``(2,)`` how often they change, ``(12,)`` chord
    tones above their own roots; the same as ``features.chord_profile`` of a phrase over these chords."""
    root = first_root(chords)
    bars = [[0] * 12, [0] * 12]
    count = [0, 0]
    own = [0] * 12
    last = chords[-1] if chords else None
    end = last.start + last.length if last else 0
    # What is known of one bar only is heard twice.
    starts = (0, bar_ticks if end > bar_ticks else 0)
    for span in chords:
        begin, until = span.start, span.start + span.length
        if begin >= 2 * bar_ticks:
            break
        steps = tone_steps(span.chord)
        shift = span.chord.root - root
        for bar, at in enumerate(starts):
            sounding = min(until, at + bar_ticks) - max(begin, at)
            if sounding > 0 and steps:
                count[bar] += 1
                into = bars[bar]
                for step in steps:
                    into[(step + shift) % 12] += sounding
                    own[step] += sounding
    totals = [max(sum(bar), 1) for bar in bars]
    whole = max(sum(own), 1)
    profile = [v / total for bar, total in zip(bars, totals, strict=True) for v in bar]
    return (
        np.sqrt(np.array(profile, np.float32)),
        np.array([min(c / 4, 1) for c in count], np.float32),
        np.array([sqrt(v / whole) for v in own], np.float32),
    )


def _played_side(notes: Sequence[Note], meter: Meter) -> tuple[Floats, float, float, float]:
    """``(11,)`` onsets and moves, off-beats, duration and register of what was played."""
    ordered = sorted(notes)
    slots = [0] * 8
    off = 0
    beats, length = meter.beat_ticks, meter.bar_ticks
    for note in ordered:
        inside = note.onset % length
        slots[inside * 8 // length] += 1
        off += inside not in beats
    top: dict[int, int] = {}
    for note in ordered:
        top[note.onset] = note.pitch
    moves = [0] * 4
    for a, b in pairwise(top.values()):
        size = abs(b - a)
        moves[0 if size == 0 else 1 if size <= 2 else 2 if size >= 5 else 3] += 1
    n, m = len(ordered), max(1, len(top) - 1)
    shares = [sqrt(s / n) for s in slots] + [sqrt(v / m) for v in moves[:3]]
    # A note that is held long does not say that all are.
    mean = sum(min(max(x.duration, 1), 4 * PPQ) for x in ordered) / n
    duration = min(max(log2(mean / EIGHTH) / 4, -1.0), 1.0)
    register = min(max((sum(x.pitch for x in ordered) / n - 60) / 24, -1.0), 1.0)
    return np.array(shares, np.float32), off / n, duration, register
