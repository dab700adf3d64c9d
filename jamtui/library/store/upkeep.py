"""Looking after the library's tables: what they hold, and search cells that keep up with its growth."""

from pathlib import Path

import apsw

from jamtui.library.cells import SMALLEST, Cells, assign, find_centroids, wanted_cells
from jamtui.library.features import FEATURES_VERSION, SPACES, compute
from jamtui.library.records import CAPTURED, FORGOTTEN, StoreStats
from jamtui.library.store.rows import PHRASE_SQL, phrase_record
from jamtui.library.store.vectors import add_vectors, read_shelf, write_cells

GROWTH = 1.5
"""Cells are made anew when a shelf has so many times the phrases that they were made for."""

_BATCH = 2000


def stats(connection: apsw.Connection, path: Path) -> StoreStats:
    """Counts over all tables."""

    def number(sql: str) -> int:
        row = connection.execute(sql).fetchone()
        return int(row[0] or 0) if row else 0

    def by(column: str) -> dict[str, int]:
        sql = f"select s.{column}, count(*) from phrases p join shelves s on s.id = p.shelf group by 1"
        return {str(name): int(count) for name, count in sorted(connection.execute(sql))}

    return StoreStats(
        phrases=number("select count(*) from phrases"),
        sources=number(f"select count(*) from sources where refused = '' and path <> '{CAPTURED}'"),
        refused=number(f"select count(*) from sources where refused not in ('', '{FORGOTTEN}')"),
        merged=number("select sum(count) - count(*) from phrases"),
        kept=number("select count(*) from phrases where kept"),
        banned=number("select count(*) from phrases where banned"),
        played=number("select count(*) from phrases where played"),
        roles=by("role"),
        styles=by("style"),
        bytes=sum(f.stat().st_size for f in (path, path.with_name(path.name + "-wal")) if f.exists()),
        schema=number("pragma user_version"),
    )


def overgrown(connection: apsw.Connection) -> list[int]:
    """Shelves whose cells are missing or were made for far fewer phrases, the largest first."""
    rows = connection.execute(
        "select p.shelf, count(*), coalesce((select min(length(c.members)) / 2 from cells c "
        "where c.shelf = p.shelf), 0) from phrases p group by p.shelf order by 2 desc"
    )
    return [int(shelf) for shelf, now, then in rows if now >= SMALLEST and now > GROWTH * then]


def make_cells(connection: apsw.Connection, shelf: int) -> dict[str, Cells]:
    """New cells for each search space of ``shelf``, over all its phrases."""
    read = read_shelf(connection, shelf)
    made: dict[str, Cells] = {}
    for space in SPACES:
        vectors = read.whole if space == "whole" else read.harmony
        centroids = find_centroids(vectors, wanted_cells(len(vectors)))
        made[space] = Cells(centroids, read.phrases, assign(vectors, centroids))
    return made


def store_cells(connection: apsw.Connection, shelf: int, made: dict[str, Cells]) -> None:
    """Store what ``make_cells`` made."""
    for space, cells in made.items():
        write_cells(connection, shelf, space, cells)


def vectors_are_new(connection: apsw.Connection) -> bool:
    """Whether this version of the features made the vectors."""
    row = connection.execute("select value from settings where name = 'features'").fetchone()
    return row is not None and row[0] == str(FEATURES_VERSION)


def renew_vectors(connection: apsw.Connection) -> None:
    """Compute all vectors again where another version of the features made them."""
    if vectors_are_new(connection):
        return
    connection.execute("delete from vectors; delete from cells")
    last = 0
    while True:
        rows = connection.execute(
            f"{PHRASE_SQL} where p.id > ? order by p.id limit {_BATCH}", (last,)
        ).fetchall()
        if not rows:
            break
        records = [phrase_record(r) for r in rows]
        last = records[-1].id
        shelves = dict(
            connection.execute(
                "select id, shelf from phrases where id between ? and ?", (records[0].id, last)
            )
        )
        whole, harmony = compute([record.phrase for record in records])
        add_vectors(
            connection,
            ((r.id, int(shelves[r.id]), w.tobytes(), h.tobytes())
             for r, w, h in zip(records, whole, harmony, strict=True)),
        )  # fmt: skip
    connection.execute("insert or replace into settings values ('features', ?)", (str(FEATURES_VERSION),))
