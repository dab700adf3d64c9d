"""Putting phrases into the tables: everything is computed before the transaction begins.

``prepare_phrases`` can run in any process; what it makes are plain rows, so that they travel lightly to the
one process that writes, and little is left to do there.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from jamtui.library.features import compute_flat
from jamtui.library.fingerprint import fingerprint
from jamtui.library.flatten import Floats, flatten
from jamtui.library.note_blob import NOTE_BYTES
from jamtui.library.records import AddResult, PhraseRecord
from jamtui.library.rows import chords_text, meter_text
from jamtui.library.vectors import add_vectors, padded, placeholders

MOST_PARAMETERS = 4096

Key = tuple[str, str, str]
"""What a row of ``shelves`` (role, style, meter) or of ``harmonies`` (chords, key, romans) is known by."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Phrases as the tables hold them. Near-duplicates among them are one row, that of the first, with the
    counts of all. The tuples and the two arrays have one entry for each row."""

    found: int
    """Phrases before near-duplicates became one."""
    shelves: tuple[Key, ...]
    harmonies: tuple[Key, ...]
    fingerprints: tuple[int, ...]
    counts: tuple[int, ...]
    first_bars: tuple[int, ...]
    shelf_of: tuple[int, ...]
    """Place in ``shelves``."""
    harmony_of: tuple[int, ...]
    """Place in ``harmonies``."""
    values: tuple[tuple[Any, ...], ...]
    """Name, bars, tempo, swing, root, played, kept, banned, notes: as they are stored."""
    whole: Floats
    harmony: Floats


Marks = Mapping[int, tuple[int, int, int]]
"""By fingerprint: kept, banned, played."""


def prepare_phrases(records: Sequence[PhraseRecord]) -> Prepared:
    """Fingerprints, blobs and vectors: all that costs time and needs no store, so that any process can do it.

    Raises:
        StoreError: notes that do not fit the format.
    """
    counts: dict[int, int] = {}
    firsts: list[PhraseRecord] = []
    for record in records:
        print_ = fingerprint(record.phrase)
        if print_ not in counts:
            firsts.append(record)
        counts[print_] = counts.get(print_, 0) + record.count
    flat = flatten([record.phrase for record in firsts])
    whole, harmony = compute_flat(flat)
    data = flat.notes.tobytes()
    ends = (flat.starts * NOTE_BYTES).tolist()
    blobs = (data[a:b] for a, b in itertools.pairwise(ends))
    shelves: dict[Key, int] = {}
    harmonies: dict[Key, int] = {}
    return Prepared(
        found=len(records),
        fingerprints=tuple(counts),
        counts=tuple(counts.values()),
        first_bars=tuple(record.first_bar for record in firsts),
        shelf_of=tuple(shelves.setdefault(_shelf(record), len(shelves)) for record in firsts),
        harmony_of=tuple(harmonies.setdefault(_harmony(record), len(harmonies)) for record in firsts),
        shelves=tuple(shelves),
        harmonies=tuple(harmonies),
        values=tuple(
            (
                r.phrase.name, r.phrase.bars, float(r.phrase.tempo), float(r.swing), root,
                r.played, r.kept, r.banned, blob,
            )
            for r, root, blob in zip(firsts, flat.root.tolist(), blobs, strict=True)
        ),
        whole=whole,
        harmony=harmony,
    )  # fmt: skip


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


def _shelf(record: PhraseRecord) -> Key:
    return record.phrase.role.value, record.phrase.style, meter_text(record.phrase.meter)


def _harmony(record: PhraseRecord) -> Key:
    return chords_text(record.phrase.chords), record.key, " ".join(record.romans)
