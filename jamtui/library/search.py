"""Search: from the chords to come to the phrases that fit them.

Two fetches by vector, one by everything that is known and one by harmony alone; then the notes themselves are
held against the coming chords (see ``ranking.py``).
"""

import threading
from collections.abc import Collection
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

import numpy as np

from jamtui.errors import StoreError
from jamtui.library import ranking
from jamtui.library.database import explained
from jamtui.library.features import CHORDS, DENSITY, H_DENSITY, WEIGHTS
from jamtui.library.flatten import Floats
from jamtui.library.index import CellIndex, Found, Shelf
from jamtui.library.query_vector import Wanted, harmony_vector, wanted, whole_vector
from jamtui.library.ranking import diverse, fit
from jamtui.library.records import PhraseRecord
from jamtui.library.rows import PHRASE_SQL, Row, meter_of, meter_text, phrase_record
from jamtui.library.store import SqliteStore
from jamtui.library.vectors import padded, placeholders
from jamtui.music.meter import COMMON_TIME, Meter
from jamtui.music.phrase import ChordSpan, Note, Role

FETCH_WHOLE = 20
FETCH_HARMONY = 12
BUDGET = 4096
"""Vectors of a shelf that one fetch looks at."""
SMALL_SHELF = 512
"""With fewer phrases in the style that is wanted, other styles are asked too."""
FETCH_OTHERS = 12
POLL_S = 0.25
REMEMBERED = 4096
"""Phrases that a searcher keeps in memory as they were found, some 3 kB each."""

FIT, HARMONY, ENERGY, STYLE, REGISTER = 0.55, 0.2, 0.1, 0.1, 0.05
"""Shares of the score."""
ENOUGH = 0.92
"""Share of notes that fit from which on more do not count: passing notes are music too."""
UNSTYLED = 0.6
KEPT = 0.06
SAME_SOURCE = 0.04
AVOIDED_SOURCE = 0.15
OTHER_METER = 0.2
"""What such a phrase loses: it has to be cut or stretched."""

_MARKS = np.array([STYLE, HARMONY, ENERGY, -OTHER_METER, KEPT])
_CANDIDATE = "select id, notes, bars, source, root, kept, banned, count, played from phrases where id in ({})"


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


_Candidate = tuple[Shelf, float, float]
"""Where a phrase was found, and how near its chords and its density are (0 to 1)."""


class Searcher:
    """Searches one store. ``search`` may be called from any thread, also while others write.

    What other processes add is found after ``refresh``, which ``start`` calls four times a second in a thread
    of its own.
    """

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._connection = store.reader()
        self._lock = threading.Lock()
        self._index = CellIndex(store.reader())
        self._known: dict[int, PhraseRecord] = {}
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

    def start(self) -> None:
        """Refresh from now on in the background, until ``close``."""
        self._thread = threading.Thread(target=self._keep_fresh, name="library refresh", daemon=True)
        self._thread.start()

    def refresh(self) -> bool:
        """Take up now what was committed; whether there was anything."""
        with explained(self._store.path):
            return self._index.refresh()

    def close(self) -> None:
        """Stop refreshing and close the connections."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._index.close()
        with self._lock:
            self._connection.close()

    @property
    def size(self) -> int:
        """Phrases that can be found."""
        return sum(shelf.size for shelf in self._index.shelves)

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
        known = wanted(query.chords, query.meter, query.just_played, query.energy)
        found = self._fetch(query, known, len(avoid))
        rows = self._candidates([n for n in found if n not in avoid])
        if not rows:
            return []
        return self._rank(query, known, found, rows, k, avoid_sources)

    def get(self, number: int) -> PhraseRecord | None:
        """One phrase; None where there is none of that number. It waits for no writer."""
        rows = self._all(f"{PHRASE_SQL} where p.id = ?", (number,))
        return phrase_record(rows[0]) if rows else None

    def _fetch(self, query: Query, known: Wanted, extra: int) -> dict[int, _Candidate]:
        """What the vectors say is near, by number."""
        meter = meter_text(query.meter)
        shelves = [s for s in self._index.shelves if s.role == query.role.value and s.size]
        here = [s for s in shelves if s.meter == meter]
        own = [s for s in here if not query.style or s.style in ("", query.style)]
        others = [s for s in here if s not in own] if sum(s.size for s in own) < SMALL_SHELF else []
        found: dict[int, _Candidate] = {}
        harmonic = query.role is not Role.DRUMS and bool(query.chords)
        budget = BUDGET // max(1, len(own))
        for shelf in own:
            self._take(
                found, shelf, "whole", whole_vector(known, shelf, harmonic), FETCH_WHOLE + extra, budget
            )
            if harmonic:
                self._take(found, shelf, "harmony", harmony_vector(known, shelf), FETCH_HARMONY, budget)
        if len(found) < FETCH_WHOLE and not others:
            others = [s for s in shelves if s.meter != meter]
        for shelf in others:
            self._take(found, shelf, "whole", whole_vector(known, shelf, harmonic), FETCH_OTHERS, budget // 4)
        return found

    def _take(
        self, found: dict[int, _Candidate], shelf: Shelf, space: str, query: Floats, k: int, budget: int
    ) -> None:
        near: Found = shelf.spaces[space].nearest(query, k, budget)
        density = DENSITY if space == "whole" else H_DENSITY
        away = near.vectors[:, CHORDS] - query[CHORDS]
        harmony = np.maximum(0, 1 - np.einsum("ij,ij->i", away, away) / (4 * WEIGHTS["chords"] ** 2))
        energy = np.maximum(0, 1 - np.abs(near.vectors[:, density] - query[density]) / WEIGHTS["density"])
        for number, h, e in zip(near.phrases.tolist(), harmony.tolist(), energy.tolist(), strict=True):
            if number not in found:
                found[number] = (shelf, h, e)

    def _candidates(self, numbers: list[int]) -> list[Row]:
        """Rows of those that are still there and not banned."""
        sql = _CANDIDATE.format(placeholders(numbers))
        return [row for row in self._all(sql, padded(numbers)) if not row[6]]

    def _rank(
        self,
        query: Query,
        known: Wanted,
        found: dict[int, _Candidate],
        rows: list[Row],
        k: int,
        avoid_sources: Collection[str],
    ) -> list[SearchHit]:
        of = [found[row[0]] for row in rows]
        end = max((s.start + s.length for s in query.chords), default=0)
        window = min(2 * query.meter.bar_ticks, end)
        pitched = query.role is not Role.DRUMS and window > 0
        ticks = {shelf.meter: meter_of(shelf.meter).bar_ticks for shelf, _, _ in of}
        lengths = [row[2] * ticks[c[0].meter] for row, c in zip(rows, of, strict=True)]
        if pitched:
            how = fit(
                [row[1] for row in rows], lengths, [row[4] for row in rows], query.chords, query.meter, window
            )
            share, transpose, mean = how.share, how.transpose, how.mean_pitch
        else:
            share, mean = np.ones(len(rows), np.float32), np.full(len(rows), 60, np.float32)
            transpose = np.zeros(len(rows), np.int64)
        register = np.ones(len(rows), np.float32)
        if pitched and known.register is not None:
            target = sum(n.pitch for n in query.just_played) / len(query.just_played)
            transpose = transpose + 12 * np.round((target - mean - transpose) / 12).astype(np.int64)
            register = np.maximum(0, 1 - np.abs(target - mean - transpose) / 12).astype(np.float32)
        meter = meter_text(query.meter)
        marks = np.array(
            [
                (_style(query.style, c[0].style), c[1] if pitched else 1.0, c[2], c[0].meter != meter, row[5])
                for c, row in zip(of, rows, strict=True)
            ]
        )
        scores = marks @ _MARKS + FIT * np.minimum(share / ENOUGH, 1) + REGISTER * register
        scores = np.clip(scores, 0, 1)
        chosen = scores - AVOIDED_SOURCE * self._avoided(rows, avoid_sources) if avoid_sources else scores
        taken = diverse(chosen.tolist(), [row[3] for row in rows], k, SAME_SOURCE)
        records = self._records([rows[i] for i in taken])
        columns = [part.tolist() for part in (share, marks[:, 1], marks[:, 0], marks[:, 2], register)]
        return [
            SearchHit(
                records[rows[i][0]], float(scores[i]), int(transpose[i]), HitParts(*(c[i] for c in columns))
            )
            for i in taken
            if rows[i][0] in records
        ]

    def _avoided(self, rows: list[Row], hashes: Collection[str]) -> Floats:
        """1 where a row comes from a file of ``hashes``."""
        sql = f"select id from sources where sha256 in ({','.join('?' * len(hashes))})"
        avoided = {row[0] for row in self._all(sql, tuple(hashes))}
        return np.array([row[3] in avoided for row in rows], np.float32)

    def _records(self, rows: list[Row]) -> dict[int, PhraseRecord]:
        """Whole records for rows of ``_candidates``. A number is never given twice, so what was read once is
        remembered; only counts and marks change."""
        unknown = [row[0] for row in rows if row[0] not in self._known]
        if unknown:
            if len(self._known) > REMEMBERED:
                self._known = {}
            sql = f"{PHRASE_SQL} where p.id in ({placeholders(unknown)})"
            self._known |= {row[0]: phrase_record(row) for row in self._all(sql, padded(unknown))}
        records: dict[int, PhraseRecord] = {}
        for number, _, _, _, _, kept, banned, count, played in rows:
            record = self._known.get(number)
            if record is not None:
                marks = (count, played, bool(kept), bool(banned))
                if (record.count, record.played, record.kept, record.banned) != marks:
                    record = replace(record, count=count, played=played, kept=marks[2], banned=marks[3])
                records[number] = record
        return records

    def _all(self, sql: str, values: Row) -> list[Row]:
        with self._lock, explained(self._store.path):
            return list(self._connection.execute(sql, tuple(values)).fetchall())

    def _keep_fresh(self) -> None:
        while not self._stop.wait(POLL_S):
            try:
                self.refresh()
                self.trouble = ""
            except StoreError as error:
                self.trouble = str(error)


def _style(wanted: str, given: str) -> float:
    """A phrase of no style in particular serves any."""
    return 1.0 if wanted in ("", given) else UNSTYLED if not given else 0.0
