"""Putting prepared phrases into the tables: everything was computed before the transaction begins."""

from collections.abc import Mapping, Sequence

import apsw

from jamtui.library.prepared import Key, Prepared
from jamtui.library.records import AddResult
from jamtui.library.store.rows import MOST_PARAMETERS, padded, placeholders
from jamtui.library.store.vectors import add_vectors

Marks = Mapping[int, tuple[int, int, int]]
"""By fingerprint: kept, banned, played."""


class Insertion:
    """Inserts into the tables of ``connection``; whoever calls has the transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def insert(self, source: int | None, prepared: Prepared) -> AddResult:
        """Store what is new and count what is not."""
        stored = self._stored(prepared.fingerprints)
        met = [(i, *stored[p]) for i, p in enumerate(prepared.fingerprints) if p in stored]
        self._meet(source, prepared, met)
        fresh = [i for i, p in enumerate(prepared.fingerprints) if p not in stored]
        if not fresh:
            return AddResult((), prepared.found, tuple(phrase for _, phrase, _ in met))
        row = self._connection.execute(
            "select coalesce(max(seq), 0) from sqlite_sequence where name = 'phrases'"
        ).fetchone()
        first = 1 + (int(row[0]) if row else 0)
        numbers = range(first, first + len(fresh))
        shelves = self._numbers("shelves (role, style, meter)", prepared.shelves)
        harmonies = self._numbers(
            "harmonies (chords, key, romans)",
            prepared.harmonies,
            {prepared.harmony_of[i] for i in fresh} if met else None,
        )
        shelf_of = prepared.shelf_of
        self._connection.executemany(
            "insert into phrases (id, shelf, harmony, source, first_bar, fingerprint, count, name, bars, "
            "tempo, swing, root, played, kept, banned, notes) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                (
                    number, shelves[shelf_of[i]], harmonies[prepared.harmony_of[i]], source,
                    prepared.first_bars[i], prepared.fingerprints[i], prepared.counts[i],
                    *prepared.values[i],
                )
                for number, i in zip(numbers, fresh, strict=True)
            ),
        )  # fmt: skip
        whole, harmony = prepared.whole, prepared.harmony
        add_vectors(
            self._connection,
            (
                (number, shelves[shelf_of[i]], whole[i].tobytes(), harmony[i].tobytes())
                # By shelf: sqlite-vec writes each chunk while it is at hand.
                for i, number in sorted(zip(fresh, numbers, strict=True), key=lambda row: shelf_of[row[0]])
            ),
        )
        return AddResult(
            tuple(numbers),
            prepared.found - len(fresh),
            tuple(phrase for _, phrase, _ in met),
            tuple(prepared.shelves[shelf_of[i]][1::-1] for i in fresh),
        )

    def remembered(self, added: Sequence[int], marks: Marks) -> list[tuple[int, int, int, int]]:
        """``(phrase, kept, banned, played)`` for those of ``added`` that had ``marks`` before."""
        if not marks:
            return []
        found = []
        for number in added:
            row = self._connection.execute(
                "select fingerprint from phrases where id = ?", (number,)
            ).fetchone()
            if row is not None and row[0] in marks:
                found.append((number, *marks[int(row[0])]))
        return found

    def _stored(self, fingerprints: Sequence[int]) -> dict[int, tuple[int, int | None]]:
        """Number and source of those that are in the library, by fingerprint."""
        found: dict[int, tuple[int, int | None]] = {}
        for at in range(0, len(fingerprints), MOST_PARAMETERS):
            part = fingerprints[at : at + MOST_PARAMETERS]
            sql = f"select fingerprint, id, source from phrases where fingerprint in ({placeholders(part)})"
            for print_, phrase, source in self._connection.execute(sql, padded(part)):
                found[print_] = (phrase, source)
        return found

    def _meet(
        self, source: int | None, prepared: Prepared, met: Sequence[tuple[int, int, int | None]]
    ) -> None:
        self._connection.executemany(
            "update phrases set count = count + ? where id = ?",
            ((prepared.counts[i], phrase) for i, phrase, _ in met),
        )
        if source is not None:
            self._connection.executemany(
                "insert into meetings (phrase, source, first_bar, count) values (?, ?, ?, ?) "
                "on conflict do update set count = count + excluded.count",
                (
                    (phrase, source, prepared.first_bars[i], prepared.counts[i])
                    for i, phrase, owner in met
                    if owner != source
                ),
            )

    def _numbers(self, table: str, keys: Sequence[Key], wanted: set[int] | None = None) -> dict[int, int]:
        """The rows of ``table`` (its name, its columns) that hold ``keys``, by their place in it; made where
        they are new. ``wanted``: only those places."""
        name, _, columns = table.partition(" ")
        first, second, third = columns.strip("()").split(", ")
        make = f"insert into {name} {columns} values (?, ?, ?) on conflict do nothing returning id"
        find = f"select id from {name} where {first} = ? and {second} = ? and {third} = ?"
        # Most shelves are there, most harmonies are not.
        order = (find, make) if name == "shelves" else (make, find)
        numbers: dict[int, int] = {}
        for place, key in enumerate(keys):
            if wanted is not None and place not in wanted:
                continue
            row = self._connection.execute(order[0], key).fetchone()
            if row is None:
                row = self._connection.execute(order[1], key).fetchone()
            assert row is not None
            numbers[place] = int(row[0])
        return numbers
