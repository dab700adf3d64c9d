"""Which of the phrases that were found fits best: chord tones over the coming bars, well transposed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heapify, heappop, heapreplace

import numpy as np
import numpy.typing as npt

from jamtui.library.candidates import Candidates
from jamtui.library.catalogue import Catalogue, Doubles, NoteRows
from jamtui.library.flatten import Floats, Ints
from jamtui.library.query_vector import Query, Wanted, tone_steps
from jamtui.library.texts import meter_text
from jamtui.music.chord import QUALITIES, Chord
from jamtui.music.meter import Meter
from jamtui.music.phrase import ChordSpan, Role
from jamtui.music.scale import chord_scale

SCALE_TONE = 0.35
"""What a note of the chord's scale counts, where a chord tone counts 1 and any other 0."""
STRONG = 1.5
"""What a note on a felt beat counts beside others."""
ALIGNED = 0.03
"""What the transposition that brings the phrase's first root to the query's is ahead of others."""


FIT, HARMONY, ENERGY, STYLE, REGISTER = 0.55, 0.2, 0.1, 0.1, 0.05
"""Shares of the score."""
ENOUGH = 0.92
"""Share of notes that fit from which on more do not count: passing notes are music too."""
UNSTYLED = 0.6
KEPT = 0.06
OTHER_METER = 0.2
"""What such a phrase loses: it has to be cut or stretched."""
_ALIKE = 6
"""Decimals; transpositions that differ in less fit alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """For each phrase: ``share`` 0 to 1, how well its notes fit the chords at ``transpose`` semitones (-6 to
    5)."""

    share: Doubles
    transpose: Ints


_MOVED = np.add.outer(np.arange(12), np.arange(12)) % 12
_SEMITONES = np.array([0, 1, 2, 3, 4, 5, -6, -5, -4, -3, -2, -1])
_AHEAD = np.zeros((12, 13, 12))
"""By the query's first root, a phrase's (the last one: none) and the transposition."""
_ROOTS = np.arange(12)
_AHEAD[_ROOTS[:, None], _ROOTS, (_ROOTS[:, None] - _ROOTS) % 12] = ALIGNED


@lru_cache(maxsize=4096)
def _worth(chord: Chord) -> Doubles:
    """``(12, 13)``: what each absolute pitch class is worth over ``chord`` when it is moved by 0 to 11
    semitones, and 1 for that it counts; 0 all over under N.C."""
    worth = np.zeros((12, 13))
    if chord.quality.intervals:
        tones, scale = chord.pitch_classes, chord_scale(chord)
        worths = [1.0 if pc in tones else SCALE_TONE if pc in scale else 0.0 for pc in range(12)]
        worth[:, :12] = np.array(worths, np.float32).take(_MOVED)
        worth[:, 12] = 1
    return worth


def warm() -> None:
    """Work out what notes are worth over every chord without a slash, so that no search has to."""
    for quality in QUALITIES.values():
        for root in range(12):
            chord = Chord(root, quality)
            _worth(chord)
            tone_steps(chord)


@lru_cache(maxsize=16)
def _strength(meter: Meter, window: int) -> Doubles:
    """What a note counts by where it begins, one entry for each tick of ``window`` ticks from a bar line on;
    and one more, 0: what begins later does not count."""
    strength = np.ones(meter.bar_ticks)
    strength[list(meter.beat_ticks)] = STRONG
    return np.append(np.resize(strength, window), 0)


def fit(
    notes: NoteRows,
    lengths: npt.NDArray[np.integer],
    roots: npt.NDArray[np.integer],
    chords: Sequence[ChordSpan],
    meter: Meter,
    window: int,
) -> Fit:
    """How phrases (their notes, lengths in ticks, first roots or -1) fit ``chords`` over the first ``window``
    ticks. A phrase that is shorter is played again from its start."""
    phrase, onset, pitch, duration = notes.phrase, notes.onset, notes.pitch, notes.duration
    shortest = int(lengths.min())
    if shortest < window:
        again = -(-window // max(1, shortest))
        onset = np.concatenate([onset + r * lengths[phrase] for r in range(again)])
        phrase, pitch, duration = np.tile(phrase, again), np.tile(pitch, again), np.tile(duration, again)
    weight = duration * _strength(meter, window).take(onset, mode="clip")
    # Chords that begin later are those of no note that counts; the first also goes for what is before it.
    spans = [*chords[:1], *(span for span in chords[1:] if span.start < window)]
    starts = np.array([span.start for span in spans[1:]], np.int64)
    # Weight by phrase, chord and pitch class, times what each is worth at each transposition.
    width, count = 12 * len(spans), len(lengths)
    place = phrase * width
    place += starts.searchsorted(onset, side="right") * 12
    place += pitch % 12
    weights = np.bincount(place, weights=weight, minlength=count * width).reshape(-1, width)
    got = weights @ np.concatenate([_worth(span.chord) for span in spans])
    share = got[:, :12] / np.maximum(got[:, 12:], 1e-9)
    first = next((s.chord.root for s in chords if s.chord.quality.intervals), 0)
    # Of equals the first, also where sums differ in their last bits: the same choice on every machine.
    best = (share + _AHEAD[first, roots]).round(_ALIKE).argmax(axis=1)
    return Fit(share[np.arange(count), best], _SEMITONES[best])


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """For each candidate: ``total`` 0 to 1; the row of its file; the semitones that it is moved by; and the
    five parts of the total in the order of ``HitParts``."""

    total: Doubles
    source: npt.NDArray[np.int32]
    transpose: Ints
    parts: tuple[Doubles | Floats, ...]


def score(query: Query, known: Wanted, catalogue: Catalogue, found: Candidates) -> Scores:
    """Hold the notes of what was found against the chords of the coming two bars, and weigh all parts."""
    rows = catalogue.rows(found.numbers)
    window = min(2 * query.meter.bar_ticks, max((s.start + s.length for s in query.chords), default=0))
    count = len(rows)
    register = np.ones(count)
    if query.role is Role.DRUMS or window <= 0:
        share, transpose = register, np.zeros(count, np.int64)
    else:
        notes, roots = catalogue.notes_of(rows), catalogue.root[rows]
        how = fit(notes, catalogue.length[rows], roots, query.chords, query.meter, window)
        share, transpose = how.share, how.transpose
        if known.register is not None:
            target = sum(n.pitch for n in query.just_played) / len(query.just_played)
            away = target - catalogue.mean_pitch[rows] - transpose
            # Half an octave away both ways is nearest: which one must not hang on the last bits either.
            octaves = 12 * np.rint((away / 12).round(_ALIKE)).astype(np.int64)
            transpose = transpose + octaves
            register = np.maximum(0, 1 - np.abs(away - octaves) / 12)
    meter = meter_text(query.meter)
    style = np.array([_style(query.style, shelf.style) for shelf in found.shelves])[found.shelf]
    total = (
        FIT * np.minimum(share / ENOUGH, 1)
        + HARMONY * found.harmony
        + ENERGY * found.energy
        + STYLE * style
        + REGISTER * register
        + KEPT * catalogue.kept[rows]
    )
    if any(shelf.meter != meter for shelf in found.shelves):
        total -= OTHER_METER * np.array([shelf.meter != meter for shelf in found.shelves])[found.shelf]
    return Scores(
        np.minimum(np.maximum(total, 0), 1),
        catalogue.source[rows],
        transpose,
        (share, found.harmony, style, found.energy, register),
    )


def _style(wanted: str, given: str) -> float:
    """A phrase of no style in particular serves any."""
    return 1.0 if wanted in ("", given) else UNSTYLED if not given else 0.0


def diverse(scores: Sequence[float], sources: Sequence[int], k: int, same_source: float) -> list[int]:
    """Indices of the ``k`` best, taken one after the other; each that was taken lowers those of its source
    by ``same_source``; a negative source is none. Ties go to the earlier one."""
    # All of a source are lowered alike, so the best of it that is left stays the best of it.
    of_source: dict[int, list[int]] = {}
    for index in sorted(range(len(scores)), key=scores.__getitem__, reverse=True):
        source = sources[index]
        of_source.setdefault(source if source >= 0 else -1 - index, []).append(index)
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
