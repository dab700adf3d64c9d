"""What a phrase is like, as numbers: the vectors that search compares.

Two spaces. The *whole* space has 64 dimensions, named in ``DIMENSIONS``; the *harmony* space has 32, named in
``HARMONY_DIMENSIONS``: the first 24 of the whole space and eight things a query knows before anything was
played. All pitch classes are relative to a chord's root, so a vector is the same in every key; only
``register`` knows how high the phrase lies.

Histograms are square roots of shares: the Euclidean distance between two is then Hellinger's distance
(Hellinger 1909), which is bounded and does not let one big bin decide. Each group has a weight
(``WEIGHTS``), the greatest share that it can have in a distance.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jamtui.library.flatten import Flat, Floats, Ints, flatten
from jamtui.music.meter import EIGHTH, PPQ
from jamtui.music.phrase import Phrase

Doubles = npt.NDArray[np.float64]

FEATURES_VERSION = 1
"""Of the vectors; a library with others is computed again from its notes."""

_STEPS = ("1", "b2", "2", "b3", "3", "4", "b5", "5", "b6", "6", "b7", "7")

DIMENSIONS: tuple[str, ...] = (
    *(f"chords bar 1: {s}" for s in _STEPS),
    *(f"chords bar 2: {s}" for s in _STEPS),
    *(f"notes: {s}" for s in _STEPS),
    *(f"notes on beats: {s}" for s in _STEPS),
    *(f"onsets in eighth {i} of the bar" for i in range(1, 9)),
    "repeated notes",
    "steps",
    "leaps",
    "rise",
    "arch",
    "duration",
    "density",
    "register",
)
"""Of the whole space. *chords*: tones of the chords in each of the first two bars, above the first chord's
root. *notes*: degrees above the root of the chord that sounds, by duration, and those that begin on felt
beats. *onsets*: where in the bar notes begin. *repeated notes*, *steps* (1 or 2 semitones), *leaps* (5 and
more): shares of the top line's moves. *rise*: last note against first, *arch*: middle against ends, in
octaves. *duration*: octaves above an eighth, a quarter of them. *density*: onsets a quarter note, a quarter
of them. *register*: mean pitch from middle C, in two octaves."""

HARMONY_DIMENSIONS: tuple[str, ...] = (
    *DIMENSIONS[:24],
    "density",
    "register",
    "chords in bar 1",
    "chords in bar 2",
    "chord tones",
    "chord tones on beats",
    "duration",
    "off-beats",
)
"""Of the harmony space. *chords in bar*: how many, a quarter of them. *chord tones*: their share of the time,
*on beats*: of the notes that begin on felt beats. *off-beats*: share of onsets that are on no felt beat."""

WEIGHTS = {
    "chords": 1.0,
    "notes": 0.7,
    "beats": 0.5,
    "onsets": 0.4,
    "moves": 0.35,
    "contour": 0.35,
    "duration": 0.5,
    "density": 0.6,
    "register": 0.5,
    "rhythm of chords": 0.5,
    "chord tones": 0.6,
    "off-beats": 0.25,
}
"""Of each group of dimensions."""

SPACES = ("whole", "harmony")
"""Names of the search spaces."""
WHOLE = 64
HARMONY = 32
CHORDS = slice(0, 24)
NOTES = slice(24, 36)
BEATS = slice(36, 48)
ONSETS = slice(48, 56)
MOVES = slice(56, 59)
RISE, ARCH, DURATION, DENSITY, REGISTER = 59, 60, 61, 62, 63
H_DENSITY, H_REGISTER, H_CHORDS, H_TONES, H_BEATS, H_DURATION, H_OFF = 24, 25, slice(26, 28), 28, 29, 30, 31


def compute(phrases: Sequence[Phrase]) -> tuple[Floats, Floats]:
    """``(n, 64)`` and ``(n, 32)``: the vectors of ``phrases`` in the whole and in the harmony space."""
    return compute_flat(flatten(phrases))


def compute_flat(flat: Flat) -> tuple[Floats, Floats]:
    """The same from arrays."""
    n = flat.n
    whole = np.zeros((n, WHOLE), dtype=np.float32)
    harmony = np.zeros((n, HARMONY), dtype=np.float32)
    chords, changes = chord_profile(flat)
    whole[:, CHORDS] = harmony[:, CHORDS] = WEIGHTS["chords"] * chords
    harmony[:, H_CHORDS] = WEIGHTS["rhythm of chords"] * np.minimum(changes / 4, 1)

    counts = np.diff(flat.starts)
    some = counts > 0
    of_note = flat.of_note
    duration = np.maximum(flat.notes["duration"].astype(np.float64), 1)
    pitch = flat.notes["pitch"].astype(np.int64)
    onset = flat.notes["onset"].astype(np.int64)

    under = flat.span_of >= 0
    under &= flat.pitched[of_note]
    span = flat.span_of[under]
    degree = (pitch[under] - flat.span_root[span]) % 12
    tone = flat.span_tones[span, degree]
    phrase = of_note[under]
    strong = flat.strong[under]
    held = np.minimum(duration[under], 2 * PPQ)
    profile = _histogram(phrase, degree, held, n, 12)
    on_beats = _histogram(phrase[strong], degree[strong], np.ones(int(strong.sum())), n, 12)
    whole[:, NOTES] = WEIGHTS["notes"] * np.sqrt(_shares(profile))
    whole[:, BEATS] = WEIGHTS["beats"] * np.sqrt(_shares(on_beats))
    weight = WEIGHTS["chord tones"]
    harmony[:, H_TONES] = weight * _ratio(_sum(phrase, held * tone, n), profile.sum(axis=1))
    harmony[:, H_BEATS] = weight * _ratio(_sum(phrase[strong], tone[strong], n), on_beats.sum(axis=1))

    slot = onset % flat.bar_ticks[of_note] * 8 // flat.bar_ticks[of_note]
    onsets = _histogram(of_note, slot, np.ones(len(slot)), n, 8)
    whole[:, ONSETS] = WEIGHTS["onsets"] * np.sqrt(_shares(onsets))
    off = _sum(of_note, ~flat.strong, n)
    harmony[:, H_OFF] = WEIGHTS["off-beats"] * _ratio(off, counts)

    top, quarters = _top_line(flat, onset), flat.bars * flat.bar_ticks / PPQ
    whole[:, MOVES], whole[:, RISE], whole[:, ARCH] = _moves(top, of_note, pitch, n)
    hits = np.bincount(of_note[top], minlength=n)
    density = WEIGHTS["density"] * np.minimum(hits / np.maximum(quarters, 1) / 4, 1)
    mean = np.zeros(n)
    mean[some] = np.log2(_ratio(_sum(of_note, duration, n), counts)[some] / EIGHTH) / 4
    register = np.zeros(n)
    register[some] = (_ratio(_sum(of_note, pitch, n), counts)[some] - 60) / 24
    register[~flat.pitched] = 0
    whole[:, DENSITY] = harmony[:, H_DENSITY] = density
    whole[:, DURATION] = harmony[:, H_DURATION] = WEIGHTS["duration"] * np.clip(mean, -1, 1)
    whole[:, REGISTER] = harmony[:, H_REGISTER] = WEIGHTS["register"] * np.clip(register, -1, 1)
    return whole, harmony


def chord_profile(flat: Flat) -> tuple[Doubles, Doubles]:
    """``(n, 24)``: square roots of the shares of chord tones in each phrase's first two bars, above its first
    root; and ``(n, 2)``: chords that sound in each. A phrase of one bar is heard twice."""
    profile = np.zeros((flat.n, 24))
    changes = np.zeros((flat.n, 2))
    named = flat.span_root >= 0
    of_span, root = flat.of_span[named], flat.span_root[named]
    start, length, tones = flat.span_start[named], flat.span_length[named], flat.span_tones[named]
    bar_ticks, shift = flat.bar_ticks[of_span], (root - flat.root[of_span]) % 12
    turned = tones[np.arange(len(tones))[:, None], (np.arange(12) - shift[:, None]) % 12]
    for bar in (0, 1):
        at = np.where(flat.bars[of_span] > bar, bar, 0) * bar_ticks
        sounding = np.minimum(start + length, at + bar_ticks) - np.maximum(start, at)
        sounding = np.maximum(sounding, 0)
        here = np.zeros((flat.n, 12))
        np.add.at(here, of_span, turned * sounding[:, None])
        profile[:, bar * 12 : bar * 12 + 12] = np.sqrt(_shares(here))
        changes[:, bar] = np.bincount(of_span[sounding > 0], minlength=flat.n)
    return profile, changes


def _top_line(flat: Flat, onset: Ints) -> Ints:
    """The highest note of each onset, in order: notes are sorted by phrase, onset and pitch."""
    if not len(onset):
        return np.zeros(0, dtype=np.int64)
    last = np.append((np.diff(flat.of_note) != 0) | (np.diff(onset) != 0), True)
    return np.flatnonzero(last)


def _moves(top: Ints, of_note: Ints, pitch: Ints, n: int) -> tuple[Doubles, Doubles, Doubles]:
    """``(n, 3)`` shares of repeats, steps and leaps as square roots; ``(n,)`` rise; ``(n,)`` arch."""
    phrase, line = of_note[top], pitch[top]
    inner = np.diff(phrase) == 0
    size = np.abs(np.diff(line))[inner]
    kind = np.select([size == 0, size <= 2, size >= 5], [0, 1, 2], 3)
    moves = _shares(_histogram(phrase[1:][inner], kind, np.ones(len(kind)), n, 4))[:, :3]
    rise, arch = np.zeros(n), np.zeros(n)
    hits = np.bincount(phrase, minlength=n)
    ends = np.cumsum(hits)
    some = hits > 0
    first, last = (ends - hits)[some], ends[some] - 1
    rise[some] = (line[last] - line[first]) / 12
    middle = _ratio(_sum(phrase, line, n), hits)
    arch[some] = (middle[some] - (line[last] + line[first]) / 2) / 12
    weight = WEIGHTS["contour"]
    return WEIGHTS["moves"] * np.sqrt(moves), weight * np.clip(rise, -1, 1), weight * np.clip(arch, -1, 1)


def _histogram(row: Ints, column: Ints, weight: npt.ArrayLike, n: int, width: int) -> Doubles:
    flat = np.bincount(
        row * width + column, weights=np.asarray(weight, dtype=np.float64), minlength=n * width
    )
    return flat.astype(np.float64, copy=False).reshape(n, width)


def _sum(row: Ints, values: npt.ArrayLike, n: int) -> Doubles:
    total = np.bincount(row, weights=np.asarray(values, dtype=np.float64), minlength=n)
    return total.astype(np.float64, copy=False)


def _shares(counts: Doubles) -> Doubles:
    return _ratio(counts, counts.sum(axis=1, keepdims=True))


def _ratio(part: Doubles, of: npt.ArrayLike) -> Doubles:
    ratio: Doubles = part / np.maximum(np.asarray(of, dtype=np.float64), 1e-9)
    return ratio
