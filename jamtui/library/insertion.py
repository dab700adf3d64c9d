"""Putting phrases into the tables: everything is computed before the transaction begins."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from jamtui.library.features import compute_flat
from jamtui.library.fingerprint import fingerprint
from jamtui.library.flatten import Floats, flatten
from jamtui.library.note_blob import NOTE_BYTES
from jamtui.library.records import PhraseRecord
from jamtui.library.rows import chords_text, meter_text
from jamtui.library.vectors import add_vectors


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Phrases with what is stored beside them."""

    records: tuple[PhraseRecord, ...]
    fingerprints: tuple[int, ...]
    blobs: tuple[bytes, ...]
    roots: tuple[int, ...]
    whole: Floats
    harmony: Floats


Marks = Mapping[int, tuple[int, int, int]]
"""By fingerprint: kept, banned, played."""


def prepare_phrases(records: Sequence[PhraseRecord]) -> Prepared:
    """Fingerprints, blobs and vectors: all that costs time and needs no store, so that any process can do it.

    Raises:
        StoreError: notes that do not fit the format.
    """
    flat = flatten([record.phrase for record in records])
    whole, harmony = compute_flat(flat)
    data = flat.notes.tobytes()
    ends = (flat.starts * NOTE_BYTES).tolist()
    return Prepared(
        records=tuple(records),
        fingerprints=tuple(fingerprint(record.phrase) for record in records),
        blobs=tuple(data[a:b] for a, b in itertools.pairwise(ends)),
        roots=tuple(flat.root.tolist()),
        whole=whole,
        harmony=harmony,
    )


class Insertion:
    """Inserts into the tables of ``connection``; whoever calls has the transaction."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def insert(self, source: int | None, prepared: Prepared) -> tuple[list[int], int, list[int]]:
        """Store what is new and count what is not: the new phrases' numbers, how many were merged, and the
        numbers of those that were stored before."""
        execute = self._connection.execute
        row = execute("select coalesce(max(seq), 0) from sqlite_sequence where name = 'phrases'").fetchone()
        number = int(row[0]) if row else 0
        shelves: dict[tuple[str, str, str], int] = {}
        harmonies: dict[tuple[str, str, str], int] = {}
        here: dict[int, int] = {}
        counts: dict[int, int] = {}
        fresh: list[tuple[int, int, int, int]] = []
        merged = 0
        met: dict[int, None] = {}
        for index, record in enumerate(prepared.records):
            phrase, print_ = record.phrase, prepared.fingerprints[index]
            if print_ in here:
                counts[here[print_]] += record.count
                merged += 1
                continue
            found = execute(
                "select id, source from phrases where fingerprint = ? limit 1", (print_,)
            ).fetchone()
            if found is not None:
                self._meet(int(found[0]), found[1] is not None and found[1] == source, source, record)
                met[int(found[0])] = None
                merged += 1
                continue
            number += 1
            here[print_] = number
            counts[number] = record.count
            shelf = self._shelf(shelves, (phrase.role.value, phrase.style, meter_text(phrase.meter)))
            key = (chords_text(phrase.chords), record.key, " ".join(record.romans))
            fresh.append((number, index, shelf, self._harmony(harmonies, key)))
        self._connection.executemany(
            "insert into phrases (id, shelf, harmony, source, first_bar, name, bars, tempo, swing, root, "
            "fingerprint, count, played, kept, banned, notes) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                _row(prepared, source, counts[n], n, index, shelf, harmony)
                for n, index, shelf, harmony in fresh
            ),
        )
        # By shelf: sqlite-vec writes each chunk while it is at hand.
        fresh.sort(key=lambda row: row[2])
        whole, harmony = prepared.whole, prepared.harmony
        add_vectors(
            self._connection,
            ((n, shelf, whole[i].tobytes(), harmony[i].tobytes()) for n, i, shelf, _ in fresh),
        )
        return list(counts), merged, list(met)

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

    def _meet(self, phrase: int, same: bool, source: int | None, record: PhraseRecord) -> None:
        execute = self._connection.execute
        execute("update phrases set count = count + ? where id = ?", (record.count, phrase))
        if source is not None and not same:
            execute(
                "insert into meetings (phrase, source, first_bar, count) values (?, ?, ?, ?) "
                "on conflict do update set count = count + excluded.count",
                (phrase, source, record.first_bar, record.count),
            )

    def _shelf(self, known: dict[tuple[str, str, str], int], key: tuple[str, str, str]) -> int:
        return self._number(known, key, "shelves (role, style, meter)")

    def _harmony(self, known: dict[tuple[str, str, str], int], key: tuple[str, str, str]) -> int:
        return self._number(known, key, "harmonies (chords, key, romans)")

    def _number(self, known: dict[tuple[str, str, str], int], key: tuple[str, str, str], table: str) -> int:
        """The row of ``table`` that holds ``key``, made where it is new."""
        number = known.get(key)
        if number is None:
            name, _, columns = table.partition(" ")
            first, second, third = columns.strip("()").split(", ")
            row = self._connection.execute(
                f"select id from {name} where {first} = ? and {second} = ? and {third} = ?", key
            ).fetchone()
            if row is None:
                row = self._connection.execute(
                    f"insert into {name} ({first}, {second}, {third}) values (?, ?, ?) returning id", key
                ).fetchone()
            assert row is not None
            number = known[key] = int(row[0])
        return number


def _row(
    prepared: Prepared, source: int | None, count: int, number: int, index: int, shelf: int, harmony: int
) -> tuple[Any, ...]:
    record = prepared.records[index]
    return (
        number, shelf, harmony, source, record.first_bar, record.phrase.name, record.phrase.bars,
        float(record.phrase.tempo), float(record.swing), prepared.roots[index], prepared.fingerprints[index],
        count, record.played, record.kept, record.banned, prepared.blobs[index],
    )  # fmt: skip
