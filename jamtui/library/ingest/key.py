"""Keys as music21 finds them: its default weights over a histogram, in a microsecond instead of a second."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from jamtui.music.phrase import ChordSpan, Note
from jamtui.music.scale import Key, key_of

# Aarden and Essen's weights as published at extras.humdrum.org/man/keycor, which music21's
# `analyze('key')` takes by default; tests/library/ingest/test_theory.py holds the answers to music21's.
MAJOR_WEIGHTS = (
    *(17.7661, 0.145624, 14.9265, 0.160186, 19.8049, 11.3587),
    *(0.291248, 22.062, 0.145624, 8.15494, 0.232998, 4.95122),
)
MINOR_WEIGHTS = (
    *(18.2648, 0.737619, 14.0499, 16.8599, 0.702494, 14.4362),
    *(0.702494, 18.6161, 4.56621, 1.93186, 7.37619, 1.75623),
)


def _profiles() -> NDArray[np.float64]:
    rows = [np.roll(weights, tonic) for weights in (MAJOR_WEIGHTS, MINOR_WEIGHTS) for tonic in range(12)]
    centred = np.array(rows) - np.mean(rows, axis=1, keepdims=True)
    normed: NDArray[np.float64] = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return normed


_PROFILES = _profiles()


def correlations(histogram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation (-1 to 1) of a histogram of 12 pitch classes, or of several in rows, with the 24 keys:
    the twelve major ones by tonic, then the minor ones. An empty or flat histogram correlates with none."""
    centred = histogram - histogram.mean(axis=-1, keepdims=True)
    norm = np.linalg.norm(centred, axis=-1, keepdims=True)
    found: NDArray[np.float64] = (centred / np.where(norm > 1e-9, norm, 1.0)) @ _PROFILES.T
    return found


def find_key(histogram: NDArray[np.float64]) -> tuple[Key, float]:
    """The key that fits a duration-weighted histogram of the 12 pitch classes best, and its correlation."""
    found = correlations(np.asarray(histogram, dtype=np.float64))
    best = int(np.argmax(found))
    return Key(best % 12, best >= 12), float(found[best])


def key_over(chords: Sequence[ChordSpan], notes: Iterable[Note]) -> Key:
    """The key of notes over chords that are known: the chords', which say it surer than a line over them; the
    notes' where no chord says anything."""
    key = key_of(span.chord for span in chords)
    if key is not None:
        return key
    histogram = np.zeros(12)
    for note in notes:
        histogram[note.pitch % 12] += note.duration
    return find_key(histogram)[0]


def local_keys(
    histograms: NDArray[np.float64], home: Key, window: int = 8, margin: float = 0.12
) -> list[Key]:
    """A key for each bar from the histograms of the bars (n × 12): ``home`` unless the bars around it (in
    all ``window``) speak for another by more than ``margin`` of correlation."""
    if not len(histograms):
        return []
    total = np.vstack([np.zeros(12), np.cumsum(histograms, axis=0)])
    at = np.arange(len(histograms))
    low, high = np.maximum(at - window // 2, 0), np.minimum(at + window // 2, len(histograms))
    found = correlations(total[high] - total[low])
    mine = home.tonic + (12 if home.minor else 0)
    best = np.argmax(found, axis=1)
    rows = np.arange(len(best))
    chosen = np.where(found[rows, best] > found[:, mine] + margin, best, mine)
    return [Key(int(k) % 12, bool(k >= 12)) for k in chosen]
