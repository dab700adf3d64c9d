"""What a search is for, as vectors: what is known of the phrase that is wanted.

Known are the chords to come, how busy it shall be and, where something was just played, its rhythm, its way
of moving and where it lies. Its notes are expected to be chord tones. What nothing is known of is what is
usual on the shelf, so that it does not decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log2, sqrt

import numpy as np

from jamtui.library import features as f
from jamtui.library.features import WEIGHTS
from jamtui.library.flatten import Floats, first_root, tones_of
from jamtui.library.index import Shelf
from jamtui.music.meter import EIGHTH, PPQ, Meter
from jamtui.music.phrase import ChordSpan, Note


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


def whole_vector(known: Wanted, shelf: Shelf, pitched: bool) -> Floats:
    """``(64,)``: the query in the whole space of ``shelf``."""
    query = shelf.mean.copy()
    if pitched:
        query[f.CHORDS] = WEIGHTS["chords"] * known.chords
        # Half expected from the chords, half from how this shelf's lines move over chords.
        query[f.NOTES] = (query[f.NOTES] + WEIGHTS["notes"] * known.tones) / 2
        query[f.BEATS] = WEIGHTS["beats"] * known.tones
    if known.rhythm is not None:
        query[f.ONSETS] = WEIGHTS["onsets"] * known.rhythm[:8]
        query[f.MOVES] = WEIGHTS["moves"] * known.rhythm[8:]
    if known.duration is not None:
        query[f.DURATION] = WEIGHTS["duration"] * known.duration
    if known.register is not None and pitched:
        query[f.REGISTER] = WEIGHTS["register"] * known.register
    query[f.DENSITY] += (known.energy - 0.5) * 3 * shelf.spread[f.DENSITY]
    return query


def harmony_vector(known: Wanted, shelf: Shelf) -> Floats:
    """``(32,)``: the query in the harmony space of ``shelf``."""
    query = np.zeros(f.HARMONY, np.float32)
    query[f.CHORDS] = WEIGHTS["chords"] * known.chords
    query[f.H_CHORDS] = WEIGHTS["rhythm of chords"] * known.changes
    query[f.H_DENSITY] = shelf.mean[f.DENSITY] + (known.energy - 0.5) * 3 * shelf.spread[f.DENSITY]
    query[f.H_REGISTER] = shelf.mean[f.REGISTER]
    query[f.H_DURATION] = shelf.mean[f.DURATION]
    if known.register is not None:
        query[f.H_REGISTER] = WEIGHTS["register"] * known.register
    if known.duration is not None:
        query[f.H_DURATION] = WEIGHTS["duration"] * known.duration
    query[f.H_TONES] = query[f.H_BEATS] = WEIGHTS["chord tones"]
    query[f.H_OFF] = WEIGHTS["off-beats"] * known.off_beats
    return query


def _chord_side(chords: Sequence[ChordSpan], bar_ticks: int) -> tuple[Floats, Floats, Floats]:
    """``(24,)`` chord tones of two bars above the first root, ``(2,)`` how often they change, ``(12,)`` chord
    tones above their own roots; the same as ``features.chord_profile`` of a phrase over these chords."""
    root = first_root(chords)
    bars = [[0.0] * 12, [0.0] * 12]
    count = [0, 0]
    own = [0.0] * 12
    end = max((s.start + s.length for s in chords), default=0)
    for span in chords:
        if not span.chord.quality.intervals:
            continue
        tones = tones_of(span.chord)
        shift = (span.chord.root - root) % 12
        for bar in (0, 1):
            # What is known of one bar only is heard twice.
            at = bar * bar_ticks if end > bar_ticks else 0
            sounding = min(span.start + span.length, at + bar_ticks) - max(span.start, at)
            if sounding > 0:
                count[bar] += 1
                for step, tone in enumerate(tones):
                    if tone:
                        bars[bar][(step + shift) % 12] += sounding
                        own[step] += sounding
    profile = np.sqrt(np.array([v / max(sum(bar), 1e-9) for bar in bars for v in bar], np.float32))
    total = max(sum(own), 1e-9)
    return (
        profile,
        np.array([min(c / 4, 1) for c in count], np.float32),
        np.array([sqrt(v / total) for v in own], np.float32),
    )


def _played_side(notes: Sequence[Note], meter: Meter) -> tuple[Floats, float, float, float]:
    """``(11,)`` onsets and moves, off-beats, duration and register of what was played."""
    ordered = sorted(notes)
    slots = [0] * 8
    off = 0
    beats = meter.beat_ticks
    for note in ordered:
        inside = note.onset % meter.bar_ticks
        slots[inside * 8 // meter.bar_ticks] += 1
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
