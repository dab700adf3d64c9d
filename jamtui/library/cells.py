"""Cells: a search space cut into neighbourhoods, so that a search looks into a few of them only.

k-means (Lloyd 1957) over a sample; a search then scans the cells whose centroids are nearest, an inverted
file in the words of Jégou, Douze and Schmid (2011).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jamtui.library.flatten import Floats

Numbers = npt.NDArray[np.int64]
Members = npt.NDArray[np.uint16]

CELL_SIZE = 256
"""Phrases that a cell has on average."""
MOST_CELLS = 4096
SMALLEST = 4096
"""Shelves below this many phrases have one cell: scanning them whole is as fast."""
_SAMPLE = 32
_ROUNDS = 8
_BLOCK = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """``centroids`` is ``(cells, dimensions)``; ``members`` says for ``phrases`` (ascending numbers) which
    cell each is in. Phrases that are not in it are newer: ``assign`` finds their cell."""

    centroids: Floats
    phrases: Numbers
    members: Members
    revision: int = 0


def wanted_cells(phrases: int) -> int:
    """How many cells a shelf of that many phrases should have."""
    return 1 if phrases < SMALLEST else min(MOST_CELLS, phrases // CELL_SIZE)


def assign(vectors: Floats, centroids: Floats) -> Members:
    """The nearest centroid of each vector."""
    if len(centroids) == 1:
        return np.zeros(len(vectors), dtype=np.uint16)
    half = (centroids * centroids).sum(axis=1) / 2
    found = np.empty(len(vectors), dtype=np.uint16)
    for at in range(0, len(vectors), _BLOCK):
        block = vectors[at : at + _BLOCK]
        found[at : at + _BLOCK] = np.argmax(block @ centroids.T - half, axis=1)
    return found


def find_centroids(vectors: Floats, count: int, seed: int = 0) -> Floats:
    """``count`` centroids of ``vectors`` by k-means over a sample; the same input gives the same answer.

    A cell that runs empty takes up the vector that is farthest from its own."""
    if count <= 1:
        return np.asarray(vectors.mean(axis=0, keepdims=True), dtype=np.float32)
    chance = np.random.default_rng(seed)
    size = min(len(vectors), max(count * _SAMPLE, 10_000))
    sample = vectors[np.sort(chance.choice(len(vectors), size, replace=False))]
    centroids = sample[chance.choice(size, count, replace=False)].copy()
    for _ in range(_ROUNDS):
        member = assign(sample, centroids).astype(np.int64)
        counts = np.bincount(member, minlength=count)
        # Sums of runs of the sorted sample: np.add.at takes ten times as long.
        order = np.argsort(member, kind="stable")
        filled = np.flatnonzero(counts)
        starts = (np.cumsum(counts) - counts)[filled]
        sums = np.add.reduceat(sample[order], starts, axis=0)
        centroids[filled] = sums / counts[filled, None]
        empty = np.flatnonzero(counts == 0)
        if len(empty):
            away = ((sample - centroids[member]) ** 2).sum(axis=1)
            centroids[empty] = sample[np.argsort(-away)[: len(empty)]]
    return centroids
