"""The search index: vectors of the library in memory, in the order of their cells.

A search takes what is there as it is, without a lock; ``refresh`` (a thread of its own, see ``search.py``)
takes up what other processes wrote and puts whole new arrays in its place.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from jamtui.library.catalogue import Catalogue
from jamtui.library.cells import Cells, Numbers, assign
from jamtui.library.features import SPACES
from jamtui.library.flatten import Floats, Ints
from jamtui.library.store import ShelfEntry, StoreReader

MOST_NEW = 2048
"""New phrases of a shelf that are scanned beside its cells; with more, all are put in order again. On a large
shelf it is one in ``NEW_SHARE``."""
NEW_SHARE = 32
_HIGHEST = np.finfo(np.float32).max
_STRIPES = 32
"""Scores of a stripe, of which the lowest is looked at first."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Nearest phrases of a ``query``: their numbers, rows in the space and ``scores`` (half the squared
    distance, but for half the query's own squared length), nearest first."""

    phrases: Numbers
    rows: Ints
    scores: Floats
    query: Floats

    @property
    def squared(self) -> Floats:
        """Squared distances."""
        squared: Floats = np.maximum(2 * self.scores + float(self.query @ self.query), 0)
        return squared


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """One search space of a shelf. Row ``i`` of ``vectors`` belongs to ``phrases[i]``; ``half`` is half its
    squared length, infinite for a phrase that must not be found. ``bounds`` are the cells' first rows, and
    one more; what is above the last is new and in no cell. The arrays have room for more than ``size`` rows,
    so that new ones are added without a copy."""

    phrases: Numbers
    vectors: Floats
    half: Floats
    centroids: Floats
    half_centroids: Floats
    bounds: Numbers
    revision: int
    size: int

    @property
    def shown(self) -> int:
        """How many rows can be found."""
        return int(np.count_nonzero(np.isfinite(self.half[: self.size])))

    @property
    def room(self) -> int:
        """How many more rows there is room for."""
        return len(self.phrases) - self.size

    def nearest(self, query: Floats, k: int, budget: int) -> Found:
        """The ``k`` nearest among at least ``budget`` vectors of the nearest cells, and all new ones."""
        if self.size <= budget or len(self.centroids) == 1:
            scores = self.vectors[: self.size] @ query
            np.subtract(self.half[: self.size], scores, out=scores)
            rows = best = _lowest(scores, k)
        else:
            pieces = self._probe(query, budget)
            firsts = [0, *accumulate(end - start for start, end in pieces)]
            dots = np.empty(firsts[-1], np.float32)
            for (start, end), at in zip(pieces, firsts, strict=False):
                np.dot(self.vectors[start:end], query, out=dots[at : at + end - start])
            scores = np.concatenate([self.half[start:end] for start, end in pieces])
            scores -= dots
            best = _lowest(scores, k)
            piece = np.searchsorted(firsts, best, side="right") - 1
            rows = best + np.array([s - at for (s, _), at in zip(pieces, firsts, strict=False)])[piece]
        return Found(self.phrases[rows], rows, scores[best], query)

    def _probe(self, query: Floats, budget: int) -> list[tuple[int, int]]:
        """The rows of the nearest cells, until ``budget`` is reached, and of what is in no cell."""
        away = self.half_centroids - self.centroids @ query
        sizes = np.diff(self.bounds)
        likely = min(len(away), 1 + 2 * budget // max(1, int(sizes.mean())))
        order = np.argpartition(away, likely - 1)[:likely] if likely < len(away) else np.arange(len(away))
        order = order[np.argsort(away[order])]
        needed = int(np.searchsorted(np.cumsum(sizes[order]), budget)) + 1
        cells = np.sort(order[:needed])
        # Cells that lie side by side are one piece of memory.
        pieces: list[tuple[int, int]] = []
        starts, ends = self.bounds[cells].tolist(), self.bounds[cells + 1].tolist()
        for start, end in zip(starts, ends, strict=True):
            if pieces and pieces[-1][1] == start:
                pieces[-1] = (pieces[-1][0], end)
            else:
                pieces.append((start, end))
        if self.bounds[-1] < self.size:
            pieces.append((int(self.bounds[-1]), self.size))
        return pieces

    def grown(self, phrases: Numbers, vectors: Floats) -> "Space":
        """With new rows, for which there must be room. Searches that are under way do not look there."""
        end = self.size + len(phrases)
        self.phrases[self.size : end] = phrases
        self.vectors[self.size : end] = vectors
        self.half[self.size : end] = _half(vectors)
        return replace(self, size=end)

    def hide(self, phrases: Numbers, hidden: bool) -> None:
        """Leave phrases out of searches, or let them in again. In place: a number for each is written."""
        rows = np.flatnonzero(np.isin(self.phrases[: self.size], phrases))
        self.half[rows] = np.inf if hidden else _half(self.vectors[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """The phrases of one role, style and meter. ``mean`` and ``spread`` (standard deviation) are those of the
    whole space's dimensions."""

    number: int
    role: str
    style: str
    meter: str
    spaces: dict[str, Space]
    mean: Floats
    spread: Floats

    @property
    def size(self) -> int:
        """Phrases, hidden ones included."""
        return self.spaces["whole"].size


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """What there is to search at one moment; every phrase of ``shelves`` is in ``catalogue``. ``revision``
    is another number after each change."""

    shelves: tuple[Shelf, ...]
    catalogue: Catalogue
    revision: int


class CellIndex:
    """All shelves of the library behind ``reader``, which belongs to the index from now on."""

    def __init__(self, reader: StoreReader) -> None:
        self._reader = reader
        self._lock = threading.Lock()
        self._version = -1
        self.held = Holdings((), Catalogue.empty(), 0)
        """As of the last refresh; to be read once for each search."""
        self._last_change = -1
        """Newest change that was taken up; -1 before the first load."""

    @property
    def shelves(self) -> tuple[Shelf, ...]:
        """What there is to search, as of the last refresh."""
        return self.held.shelves

    def close(self) -> None:
        """Close the reader; searching goes on with what is in memory."""
        with self._lock:
            self._reader.close()

    def refresh(self) -> bool:
        """Take up what was committed since the last time; whether there was anything."""
        with self._lock:
            version = self._reader.version()
            if version == self._version:
                return False
            with self._reader.at_one_moment():
                self._take_up()
            self._version = version
            return True

    def _take_up(self) -> None:
        known = self.held.catalogue
        fresh: dict[int, list[int]] = {}
        for phrase, shelf in self._reader.arrivals(known.last):
            fresh.setdefault(shelf, []).append(phrase)
        oldest, newest = self._reader.change_range()
        # The store keeps only the newest changes: after a gap all is loaded as it is now.
        missed = 0 <= self._last_change < oldest - 1
        shelves = {shelf.number: shelf for shelf in self.held.shelves}
        for entry in self._reader.shelves():
            there = shelves.get(entry.number)
            new = fresh.get(entry.number, [])
            stale = missed or (there is not None and there.spaces["whole"].revision < entry.revision)
            if there is None or stale or len(new) > there.spaces["whole"].room:
                if there is not None or new:
                    shelves[entry.number] = self._load(entry)
            elif new:
                shelves[entry.number] = self._append(there, new)
        catalogue = (Catalogue.empty() if missed else known).grown(self._reader)
        if self._last_change >= 0 and not missed:
            self._take_up_changes(shelves, catalogue)
        self._last_change = newest
        self.held = Holdings(tuple(shelves.values()), catalogue, self.held.revision + 1)

    def _take_up_changes(self, shelves: dict[int, Shelf], catalogue: Catalogue) -> None:
        """Hide what was banned or deleted since the last time, show what is banned no more."""
        changed = self._reader.changes(self._last_change)
        catalogue.update([change for change in changed if change.shelf is not None])
        gone = [change.number for change in changed if change.shelf is None]
        if gone:  # on a shelf that is not known any more
            _hide(shelves.values(), gone, True)
        for number in {change.shelf for change in changed if change.shelf is not None}:
            for hidden in (True, False):
                phrases = [c.number for c in changed if c.shelf == number and c.banned == hidden]
                if phrases:
                    _hide([shelves[number]], phrases, hidden)

    def _load(self, entry: ShelfEntry) -> Shelf:
        read = self._reader.shelf_vectors(entry.number)
        spaces: dict[str, Space] = {}
        for space in SPACES:
            vectors = read.whole if space == "whole" else read.harmony
            cells = self._reader.cells(entry.number, space)
            spaces[space] = _in_order(read.phrases, vectors, cells)
        shelf = Shelf(entry.number, entry.role, entry.style, entry.meter, spaces, *_moments(read.whole))
        banned = self._reader.banned(entry.number)
        if banned:
            _hide([shelf], banned, True)
        return shelf

    def _append(self, shelf: Shelf, phrases: list[int]) -> Shelf:
        found = [(p, v) for p in phrases if (v := self._reader.vectors(p)) is not None]
        if not found:
            return shelf
        numbers = np.array([p for p, _ in found], np.int64)
        grown = {
            name: shelf.spaces[name].grown(numbers, np.stack([v[at] for _, v in found]))
            for at, name in enumerate(SPACES)
        }
        whole = grown["whole"]
        mean, spread = _moments(whole.vectors[: whole.size])
        made = replace(shelf, spaces=grown, mean=mean, spread=spread)
        banned = self._reader.banned(shelf.number, phrases[0])
        if banned:
            _hide([made], banned, True)
        return made


def _lowest(scores: Floats, k: int) -> Ints:
    """Places of the ``k`` lowest finite scores, the lowest first; of equal ones the first."""
    if k < 1:
        return np.zeros(0, np.int64)
    minima = scores
    width = len(scores) // _STRIPES
    if width >= k:
        # No more than k stripes have a minimum below the k-th lowest of all, so what is above the k-th
        # minimum is not among the k lowest. Several times as fast as to partition all scores.
        minima = scores[: _STRIPES * width].reshape(_STRIPES, width).min(axis=0)
    limit = np.partition(minima, k - 1)[k - 1] if k <= len(minima) else np.inf
    best = (scores <= min(limit, _HIGHEST)).nonzero()[0]
    return best[scores[best].argsort(kind="stable")[:k]]


def _hide(shelves: Iterable[Shelf], phrases: Sequence[int], hidden: bool) -> None:
    numbers = np.array(phrases, np.int64)
    for shelf in shelves:
        for space in shelf.spaces.values():
            space.hide(numbers, hidden)


def _in_order(phrases: Numbers, vectors: Floats, cells: Cells | None) -> Space:
    """The rows sorted by cell; phrases that are newer than the cells go to the nearest one."""
    size, width = vectors.shape
    if cells is None or len(cells.centroids) == 1:
        centroids, revision = np.zeros((1, width), np.float32), 0 if cells is None else cells.revision
        order, bounds = np.arange(size), np.array([0, size])
    else:
        centroids, revision = cells.centroids, cells.revision
        member = np.zeros(size, np.uint16)
        place = np.searchsorted(cells.phrases, phrases)
        known = place < len(cells.phrases)
        known[known] = cells.phrases[place[known]] == phrases[known]
        member[known] = cells.members[place[known]]
        member[~known] = assign(vectors[~known], centroids)
        order = np.argsort(member, kind="stable")
        bounds = np.searchsorted(member[order], np.arange(len(centroids) + 1))
    room = size + max(MOST_NEW, size // NEW_SHARE)
    sorted_phrases, sorted_vectors = np.zeros(room, np.int64), np.empty((room, width), np.float32)
    half = np.empty(room, np.float32)
    sorted_phrases[:size] = phrases[order]
    np.take(vectors, order, axis=0, out=sorted_vectors[:size])
    half[:size] = _half(sorted_vectors[:size])
    return Space(
        sorted_phrases,
        sorted_vectors,
        half,
        centroids,
        _half(centroids),
        bounds.astype(np.int64),
        revision,
        size,
    )


def _half(vectors: npt.NDArray[np.floating]) -> Floats:
    half: Floats = (np.einsum("ij,ij->i", vectors, vectors) / 2).astype(np.float32)
    return half


def _moments(vectors: Floats) -> tuple[Floats, Floats]:
    if not len(vectors):
        return np.zeros(vectors.shape[1], np.float32), np.ones(vectors.shape[1], np.float32)
    # Some thousand phrases tell what is usual as well as all of them.
    sample = vectors[:: max(1, len(vectors) // 4096)]
    return sample.mean(axis=0), sample.std(axis=0)
