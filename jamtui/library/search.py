"""Search: from the chords to come to the phrases that fit them.

Two fetches by vector, one by everything that is known and one by harmony alone; then the notes themselves are
held against the coming chords (see ``ranking.py``).
"""

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from types import TracebackType
from typing import Self

import numpy as np

from jamtui.errors import StoreError
from jamtui.library import ranking
from jamtui.library.candidates import BUDGET, fetch
from jamtui.library.index import CellIndex, Holdings
from jamtui.library.query_vector import Query, wanted
from jamtui.library.ranking import diverse, score
from jamtui.library.records import PhraseRecord
from jamtui.library.store import PhraseStore
from jamtui.library.texts import meter_of
from jamtui.music.phrase import Role

__all__ = ["HitParts", "Query", "SearchHit", "Searcher"]

POLL_S = 0.25
REMEMBERED = 16384
"""Phrases that a searcher keeps in memory as they were found, some 2 kB each."""
_AT_ONCE = 512

SAME_SOURCE = 0.04
AVOIDED_SOURCE = 0.15

WARM = (1, 2, 4, 8)
"""Numbers of phrases whose statements are prepared before the first search."""


@dataclass(frozen=True, slots=True)
class HitParts:
    """What a score is made of, each 0 to 1: notes against the coming chords, chords against chords, style,
    density against the energy wanted, nearness to what was just played."""

    fit: float
    harmony: float
    style: float
    energy: float
    register: float


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A phrase that fits. Moved by ``transpose`` semitones it lies best over the chords, near what was just
    played. ``score`` is 0 to 1."""

    record: PhraseRecord
    score: float
    transpose: int
    parts: HitParts


class Searcher:
    """Searches one store. ``search`` may be called from any thread, also while others write.

    What other processes add is found after ``refresh``, which ``start`` calls four times a second in a thread
    of its own. ``budget``: how many vectors of a shelf one fetch looks at.
    """

    def __init__(self, store: PhraseStore, budget: int = BUDGET) -> None:
        self._reader = store.reader()
        self._index = CellIndex(store.reader())
        self._budget = budget
        self._known: dict[int, tuple[int, PhraseRecord]] = {}
        """Phrases as they were at a version of the file."""
        self._sources: tuple[int, dict[str, int]] = (0, {})
        """Rows of files by their hashes, as of a revision of the index."""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.trouble = ""
        """Why the library was not refreshed the last time; empty where it was."""

    def __enter__(self) -> Self:
        self.warm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def warm(self) -> None:
        """Load the index and search once on every shelf: the first real search is as fast as others."""
        ranking.warm()
        self.refresh()
        for shelf in self._index.shelves:
            query = Query((), Role(shelf.role), shelf.style, meter=meter_of(shelf.meter))
            self.search(query)
        for count in WARM:  # each is a statement of its own
            self._reader.records(range(count))
            self._reader.marks(range(count))

    def read_ahead(self) -> None:
        """Take a library of no more than ``REMEMBERED`` phrases into memory as a whole (some 20 microseconds
        a phrase), so that no search has to read what it finds. Phrases of a larger one are read when they
        are found first."""
        catalogue = self._index.held.catalogue
        if catalogue.size <= REMEMBERED:
            for first in range(0, catalogue.size, _AT_ONCE):
                self._records(catalogue.numbers[first : min(first + _AT_ONCE, catalogue.size)].tolist())

    def start(self) -> None:
        """Refresh from now on in the background, until ``close``."""
        self._thread = threading.Thread(target=self._keep_fresh, name="library refresh", daemon=True)
        self._thread.start()

    def refresh(self) -> bool:
        """Take up now what was committed; whether there was anything."""
        return self._index.refresh()

    def close(self) -> None:
        """Stop refreshing and close the readers."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._index.close()
        self._reader.close()

    @property
    def size(self) -> int:
        """Phrases that can be found."""
        return sum(shelf.spaces["whole"].shown for shelf in self._index.shelves)

    def search(
        self,
        query: Query,
        k: int = 8,
        *,
        avoid: Collection[int] = (),
        avoid_sources: Collection[str] = (),
    ) -> list[SearchHit]:
        """The ``k`` best phrases, best first; fewer where there are no more.

        Banned phrases and those of ``avoid`` are left out; phrases of ``avoid_sources`` (hashes) come after
        others that fit about as well. Raises StoreError where the file cannot be read.
        """
        held = self._index.held
        known = wanted(query.chords, query.meter, query.just_played, query.energy)
        found = fetch(held.shelves, query, known, len(avoid), self._budget)
        if found is None:
            return []
        if avoid:
            found = found.but(avoid)
        numbers = found.numbers.tolist()
        if not numbers:
            return []
        scores = score(query, known, held.catalogue, found)
        wishes = scores.total
        if avoid_sources:
            wishes = wishes - AVOIDED_SOURCE * np.isin(scores.source, self._rows_of(avoid_sources, held))
        taken, records = self._best(numbers, wishes.tolist(), scores.source.tolist(), k)
        total, transpose = scores.total.tolist(), scores.transpose.tolist()
        parts = list(zip(*(part.tolist() for part in scores.parts), strict=True))
        return [SearchHit(records[numbers[i]], total[i], transpose[i], HitParts(*parts[i])) for i in taken]

    def get(self, number: int) -> PhraseRecord | None:
        """One phrase; None where there is none of that number. It waits for no writer."""
        return next(iter(self._reader.records((number,))), None)

    def _best(
        self, numbers: Sequence[int], wishes: Sequence[float], sources: Sequence[int], k: int
    ) -> tuple[list[int], dict[int, PhraseRecord]]:
        """Places of the ``k`` best of ``numbers`` that are not banned, and whole records by number."""
        there = list(range(len(numbers)))
        while True:
            places = diverse([wishes[i] for i in there], [sources[i] for i in there], k, SAME_SOURCE)
            taken = [there[place] for place in places]
            records = self._records([numbers[i] for i in taken])
            # Banned or deleted so lately that the index has not heard of it.
            gone = {i for i in taken if (r := records.get(numbers[i])) is None or r.banned}
            if not gone:
                return taken, records
            there = [i for i in there if i not in gone]

    def _rows_of(self, hashes: Collection[str], held: Holdings) -> list[int]:
        """The rows of the files of these hashes, those that are there."""
        revision, known = self._sources
        if revision != held.revision:
            known = {}
        unknown = [sha256 for sha256 in hashes if sha256 not in known]
        if unknown:
            known = known | dict.fromkeys(unknown, -2) | self._reader.source_rows(unknown)
        self._sources = held.revision, known
        return [known[sha256] for sha256 in hashes]

    def _records(self, numbers: Sequence[int]) -> dict[int, PhraseRecord]:
        """Whole records of those of ``numbers`` that there are. A number is never given twice, so what was
        read once is remembered; only counts and marks change."""
        known, version = self._known, self._reader.version()
        # Another thread may search and forget meanwhile.
        remembered = {n: held for n in numbers if (held := known.get(n)) is not None}
        records = {n: record for n, (then, record) in remembered.items() if then == version}
        unknown = [n for n in numbers if n not in remembered]
        fresh = self._reader.records(unknown) if unknown else []
        if len(records) < len(remembered):
            older = [n for n in remembered if n not in records]
            for number, count, played, kept, banned in self._reader.marks(older):
                record = remembered[number][1]
                marks = (count, played, bool(kept), bool(banned))
                if (record.count, record.played, record.kept, record.banned) != marks:
                    record = replace(record, count=count, played=played, kept=marks[2], banned=marks[3])
                fresh.append(record)
        for record in fresh:
            records[record.id] = record
            known[record.id] = version, record
        # The oldest go, a few each time: to free thousands of notes at once takes milliseconds.
        for number in list(islice(known, max(0, len(known) - REMEMBERED))):
            known.pop(number, None)
        return records

    def _keep_fresh(self) -> None:
        while not self._stop.wait(POLL_S):
            try:
                self.refresh()
                self.trouble = ""
            except StoreError as error:
                self.trouble = str(error)
