"""A connection of one's own for reading: what a search needs (``StoreReader``)."""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from jamtui.library.cells import Cells
from jamtui.library.flatten import Floats
from jamtui.library.records import PhraseRecord
from jamtui.library.store import vectors
from jamtui.library.store.database import explained, open_database
from jamtui.library.store.interface import CatalogueRow, ChangedPhrase, MarkRow, ShelfEntry, ShelfVectors
from jamtui.library.store.rows import PHRASE_SQL, padded, phrase_record, placeholders

_WHOLE = PHRASE_SQL + "where p.id in ({})"
_MARKS = "select id, count, played, kept, banned from phrases where id in ({})"
_SHELVES = (
    "select s.id, s.role, s.style, s.meter, "
    "coalesce((select max(c.revision) from cells c where c.shelf = s.id), 0) from shelves s"
)
_CATALOGUE = (
    "select p.id, p.notes, p.bars, s.meter, p.root, p.source, p.kept "
    "from phrases p join shelves s on s.id = p.shelf where p.id > ? order by p.id limit ?"
)
_CHANGES = (
    "select distinct c.phrase, p.shelf, p.banned, p.source, p.kept from changes c "
    "left join phrases p on p.id = c.phrase where c.revision > ?"
)


class SqliteReader:
    """A ``StoreReader`` of the library at ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: apsw.Connection = open_database(path, read_only=True, checked=True)[0]
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def version(self) -> int:
        """Another number after each commit to the file, whoever made it."""
        return int(self._all("pragma data_version")[0][0])

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """A transaction around what is read inside."""
        with self._lock, explained(self._path):
            self._connection.execute("begin")
            try:
                yield
            finally:
                self._connection.execute("commit")

    def records(self, numbers: Collection[int]) -> list[PhraseRecord]:
        """Those of ``numbers`` that there are."""
        wanted = tuple(numbers)
        return [phrase_record(row) for row in self._all(_WHOLE.format(placeholders(wanted)), padded(wanted))]

    def marks(self, numbers: Collection[int]) -> Sequence[MarkRow]:
        """What may change of those of ``numbers`` that there are."""
        wanted = tuple(numbers)
        return self._all(_MARKS.format(placeholders(wanted)), padded(wanted))

    def source_rows(self, hashes: Collection[str]) -> dict[str, int]:
        """The rows of files by their hashes."""
        sql = f"select sha256, id from sources where sha256 in ({','.join('?' * len(hashes))})"
        return {str(sha256): int(row) for sha256, row in self._all(sql, tuple(hashes))}

    def shelves(self) -> list[ShelfEntry]:
        """All shelves."""
        return [ShelfEntry(*row) for row in self._all(_SHELVES)]

    def arrivals(self, after: int) -> Sequence[tuple[int, int]]:
        """(phrase, shelf) of all phrases above number ``after``."""
        return self._all("select id, shelf from phrases where id > ? order by id", (after,))

    def catalogue(self, after: int, count: int) -> Sequence[CatalogueRow]:
        """The next ``count`` phrases above number ``after``."""
        return self._all(_CATALOGUE, (after, count))

    def change_range(self) -> tuple[int, int]:
        """The oldest and the newest change that are remembered."""
        sql = "select coalesce(min(revision), 0), coalesce(max(revision), 0) from changes"
        oldest, newest = self._all(sql)[0]
        return int(oldest), int(newest)

    def changes(self, after: int) -> list[ChangedPhrase]:
        """The phrases that changed after change ``after``."""
        return [
            ChangedPhrase(number, shelf, bool(banned), source, bool(kept))
            for number, shelf, banned, source, kept in self._all(_CHANGES, (after,))
        ]

    def banned(self, shelf: int, first: int = 0) -> list[int]:
        """The banned phrases of a shelf from number ``first`` on."""
        sql = "select id from phrases where shelf = ? and id >= ? and banned"
        return [int(row[0]) for row in self._all(sql, (shelf, first))]

    def shelf_vectors(self, shelf: int) -> ShelfVectors:
        """All vectors of a shelf, from sqlite-vec's chunks."""
        with self._lock, explained(self._path):
            return vectors.read_shelf(self._connection, shelf)

    def vectors(self, number: int) -> tuple[Floats, Floats] | None:
        """The vectors of one phrase."""
        with self._lock, explained(self._path):
            return vectors.read_vectors(self._connection, number)

    def cells(self, shelf: int, space: str) -> Cells | None:
        """The cells of a shelf's space."""
        with self._lock, explained(self._path):
            return vectors.read_cells(self._connection, shelf, space)

    def nearest(self, shelf: int, space: str, query: Floats, k: int) -> list[tuple[int, float]]:
        """sqlite-vec's own scan."""
        with self._lock, explained(self._path):
            return vectors.nearest(self._connection, shelf, space, query, k)

    def _all(self, sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
        """Rows: their columns' types are those of the schema."""
        with self._lock, explained(self._path):
            return self._connection.execute(sql, values).fetchall()
