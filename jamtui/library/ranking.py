"""Which of the phrases that were found fits best: chord tones over the coming bars, well transposed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heapify, heappop, heapreplace

import numpy as np

from jamtui.library.flatten import Floats, Ints
from jamtui.library.note_blob import NOTE_BYTES, NOTE_DTYPE
from jamtui.music.chord import QUALITIES, Chord
from jamtui.music.meter import PPQ, Meter
from jamtui.music.phrase import ChordSpan
from jamtui.music.scale import chord_scale

SCALE_TONE = 0.35
"""What a note of the chord's scale counts, where a chord tone counts 1 and any other 0."""
STRONG = 1.5
"""What a note on a felt beat counts beside others."""
ALIGNED = 0.03
"""What the transposition that brings the phrase's first root to the query's is ahead of others."""
LONGEST = 2 * PPQ
"""A longer note counts as much as this."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """For each phrase: ``share`` 0 to 1, how well its notes fit the chords at ``transpose`` semitones (-6 to
    5); ``mean_pitch`` as stored."""

    share: Floats
    transpose: Ints
    mean_pitch: Floats


@lru_cache(maxsize=4096)
def _worth(chord: Chord) -> Floats:
    """``(12, 12)``: what each absolute pitch class is worth over ``chord`` when it is moved by 0 to 11
    semitones; nothing under N.C."""
    tones, scale = chord.pitch_classes, chord_scale(chord)
    worth = [1.0 if pc in tones else SCALE_TONE if pc in scale else 0.0 for pc in range(12)]
    return np.array([[worth[(pc + up) % 12] for up in range(12)] for pc in range(12)], np.float32)


def warm() -> None:
    """Work out what notes are worth over every chord without a slash, so that no search has to."""
    for quality in QUALITIES.values():
        for root in range(12):
            _worth(Chord(root, quality))


def fit(
    blobs: Sequence[bytes],
    lengths: Sequence[int],
    roots: Sequence[int],
    chords: Sequence[ChordSpan],
    meter: Meter,
    window: int,
) -> Fit:
    """How phrases (note blobs, lengths in ticks, first roots or -1) fit ``chords`` over the first ``window``
    ticks. A phrase that is shorter is played again from its start."""
    counts = np.array([len(blob) // NOTE_BYTES for blob in blobs])
    notes = np.frombuffer(b"".join(blobs), NOTE_DTYPE)
    phrase = np.repeat(np.arange(len(blobs)), counts)
    onset = notes["onset"].astype(np.int64)
    pitch = notes["pitch"].astype(np.int64)
    weight = np.minimum(notes["duration"], LONGEST).astype(np.float64)
    mean = np.bincount(phrase, weights=pitch, minlength=len(blobs)) / np.maximum(counts, 1)
    shortest = min(lengths, default=window)
    if shortest < window:
        length = np.array(lengths, np.int64)[phrase]
        again = -(-window // max(1, shortest))
        onset = np.concatenate([onset + r * length for r in range(again)])
        phrase, pitch, weight = np.tile(phrase, again), np.tile(pitch, again), np.tile(weight, again)
    inside = onset % meter.bar_ticks
    for beat in meter.beat_ticks:
        weight[inside == beat] *= STRONG
    starts = np.array([span.start for span in chords])
    span = np.maximum(np.searchsorted(starts, onset, side="right") - 1, 0)
    silent = np.array([not span.chord.quality.intervals for span in chords])
    weight[(onset >= window) | silent[span]] = 0
    # Weight by phrase, chord and pitch class, times what each is worth at each transposition.
    width = 12 * len(chords)
    place = phrase * width + span * 12 + pitch % 12
    weights = np.bincount(place, weights=weight, minlength=len(blobs) * width).reshape(-1, width)
    got = weights @ np.concatenate([_worth(span.chord) for span in chords])
    share = got / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    first = next((s.chord.root for s in chords if s.chord.quality.intervals), 0)
    known = np.array(roots)
    ahead = share.copy()
    rows = np.flatnonzero(known >= 0)
    ahead[rows, (first - known[rows]) % 12] += ALIGNED
    best = np.argmax(ahead, axis=1)
    transpose = np.where(best > 5, best - 12, best)
    return Fit(share[np.arange(len(best)), best].astype(np.float32), transpose, mean.astype(np.float32))


def diverse(scores: Sequence[float], sources: Sequence[int | None], k: int, same_source: float) -> list[int]:
    """Indices of the ``k`` best, taken one after the other; each that was taken lowers those of its source
    by ``same_source``. Ties go to the earlier one."""
    # All of a source are lowered alike, so the best of it that is left stays the best of it.
    of_source: dict[int, list[int]] = {}
    for index in sorted(range(len(scores)), key=lambda i: -scores[i]):
        source = sources[index]
        of_source.setdefault(-1 - index if source is None else source, []).append(index)
    heap = [(-scores[group[0]], group[0], 0, group) for group in of_source.values()]
    heapify(heap)
    taken: list[int] = []
    while heap and len(taken) < k:
        _, index, times, group = heap[0]
        taken.append(index)
        times += 1
        if times < len(group):
            following = group[times]
            heapreplace(heap, (same_source * times - scores[following], following, times, group))
        else:
            heappop(heap)
    return taken
