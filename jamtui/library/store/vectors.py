"""The vectors in the file: written and searched through sqlite-vec, read in bulk from its chunks.

sqlite-vec keeps the vectors of a shelf (its partition key) in chunks of 256; a chunk is one row with a bitmap
of the places in use, the phrases' numbers and the vectors side by side. Reading those rows is how a million
vectors come into memory in about a second; one by one through the virtual table takes ten times that.
"""

from collections.abc import Iterable, Sequence

import apsw
import numpy as np

from jamtui.library.cells import Cells, Numbers
from jamtui.library.features import HARMONY, SPACES, WHOLE
from jamtui.library.flatten import Floats
from jamtui.library.store.interface import ShelfVectors
from jamtui.library.store.rows import Row

_WIDTH = {"whole": WHOLE, "harmony": HARMONY}
_COLUMN = {"whole": "vectors_vector_chunks00", "harmony": "vectors_vector_chunks01"}


def add_vectors(connection: apsw.Connection, rows: Iterable[tuple[int, int, bytes, bytes]]) -> None:
    """Insert ``(phrase, shelf, whole, harmony)``; quickest when sorted by shelf."""
    connection.executemany("insert into vectors (rowid, shelf, whole, harmony) values (?, ?, ?, ?)", rows)


def remove_vectors(connection: apsw.Connection, phrases: Iterable[int]) -> None:
    """Delete the vectors of ``phrases``."""
    connection.executemany("delete from vectors where rowid = ?", ((p,) for p in phrases))


def nearest(
    connection: apsw.Connection, shelf: int, space: str, query: Floats, k: int
) -> list[tuple[int, float]]:
    """The exact ``k`` nearest phrases of a shelf with their distances, nearest first (sqlite-vec's scan)."""
    sql = f"select rowid, distance from vectors where {space} match ? and k = ? and shelf = ?"
    found: Sequence[Row] = connection.execute(sql, (query.astype(np.float32).tobytes(), k, shelf)).fetchall()
    return sorted(((int(n), float(d)) for n, d in found), key=lambda pair: (pair[1], pair[0]))


def read_vectors(connection: apsw.Connection, phrase: int) -> tuple[Floats, Floats] | None:
    """The vectors of one phrase in both spaces."""
    row = connection.execute("select whole, harmony from vectors where rowid = ?", (phrase,)).fetchone()
    return None if row is None else (np.frombuffer(row[0], np.float32), np.frombuffer(row[1], np.float32))


def read_shelf(connection: apsw.Connection, shelf: int) -> ShelfVectors:
    """All vectors of ``shelf``."""
    numbers: list[Numbers] = []
    spaces: dict[str, list[Floats]] = {space: [] for space in SPACES}
    rows = connection.execute(
        "select c.validity, c.rowids, a.vectors, b.vectors from vectors_chunks c "
        f"join {_COLUMN['whole']} a on a.rowid = c.chunk_id "
        f"join {_COLUMN['harmony']} b on b.rowid = c.chunk_id where c.partition00 = ?",
        (shelf,),
    )
    for validity, rowids, *blobs in rows:
        used = np.unpackbits(np.frombuffer(validity, np.uint8), bitorder="little").astype(np.bool_)
        numbers.append(np.frombuffer(rowids, np.int64)[used])
        for space, blob in zip(SPACES, blobs, strict=True):
            spaces[space].append(np.frombuffer(blob, np.float32).reshape(-1, _WIDTH[space])[used])
    if not numbers:
        return ShelfVectors(np.zeros(0, np.int64), _none("whole"), _none("harmony"))
    phrases = np.concatenate(numbers)
    order = np.argsort(phrases)
    return ShelfVectors(
        phrases[order], np.concatenate(spaces["whole"])[order], np.concatenate(spaces["harmony"])[order]
    )


def write_cells(connection: apsw.Connection, shelf: int, space: str, cells: Cells) -> None:
    """Store the cells of a shelf's space under the next revision."""
    connection.execute(
        "insert into cells (shelf, space, revision, upto, centroids, phrases, members) "
        "values (?, ?, 1 + (select coalesce(max(revision), 0) from cells), ?, ?, ?, ?) "
        "on conflict (shelf, space) do update set revision = excluded.revision, upto = excluded.upto, "
        "centroids = excluded.centroids, phrases = excluded.phrases, members = excluded.members",
        (
            shelf, space, int(cells.phrases[-1]) if len(cells.phrases) else 0,
            cells.centroids.tobytes(), cells.phrases.tobytes(), cells.members.tobytes(),
        ),
    )  # fmt: skip


def read_cells(connection: apsw.Connection, shelf: int, space: str) -> Cells | None:
    """The cells of a shelf's space; None where it never had any."""
    row = connection.execute(
        "select centroids, phrases, members, revision from cells where shelf = ? and space = ?",
        (shelf, space),
    ).fetchone()
    if row is None:
        return None
    return Cells(
        np.frombuffer(row[0], np.float32).reshape(-1, _WIDTH[space]),
        np.frombuffer(row[1], np.int64),
        np.frombuffer(row[2], np.uint16),
        int(row[3]),
    )


def _none(space: str) -> Floats:
    return np.zeros((0, _WIDTH[space]), np.float32)
