"""A phrase store in one SQLite file, with sqlite-vec.

Many readers while one process writes (write-ahead log); each file is one transaction.
"""

import threading
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import apsw

from jamtui.errors import StoreError, StoreFullError
from jamtui.library.prepared import Prepared, prepare_phrases
from jamtui.library.records import (
    FORGOTTEN,
    AddResult,
    Choice,
    Listed,
    PhraseRecord,
    SourceRecord,
    StoreSetAside,
    StoreStats,
)
from jamtui.library.store import database, listing, upkeep, vectors
from jamtui.library.store.database import explained, open_database, writing
from jamtui.library.store.insertion import Insertion
from jamtui.library.store.reader import SqliteReader
from jamtui.library.store.rows import (
    MOST_PARAMETERS,
    PHRASE_SQL,
    SOURCE_SQL,
    Row,
    padded,
    phrase_record,
    placeholders,
    source_record,
)
from jamtui.library.store.vectors import remove_vectors

CHANGES_KEPT = 10_000
"""Changes that are remembered for readers; one that has missed some loads everything again."""


class SqliteStore:
    """A ``PhraseStore`` in one SQLite file. Safe to use from several threads; they take turns."""

    def __init__(self, connection: apsw.Connection, path: Path, aside: StoreSetAside | None = None) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self._insertion = Insertion(connection)
        self.path = path
        self._aside = aside

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> Self:
        """The library at ``path``, made or brought to the newest schema where needed.

        A damaged file is set aside (see ``set_aside``). With ``read_only`` nothing is made, migrated or set
        aside. Raises StoreError where that cannot be.
        """
        connection, aside = open_database(path, read_only=read_only)
        try:
            with explained(path):
                # Asked first without the lock: whoever opens a library waits for no writer.
                if not upkeep.vectors_are_new(connection):
                    if read_only:
                        raise StoreError(database.older(path))
                    with writing(connection):
                        upkeep.renew_vectors(connection)
        except BaseException:
            connection.close()
            raise
        return cls(connection, path, aside)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; the store cannot be used any more."""
        with self._lock:
            self._connection.close()

    @property
    def place(self) -> str:
        """The file."""
        return str(self.path)

    @property
    def set_aside(self) -> StoreSetAside | None:
        """What was damaged and moved away when this one was opened."""
        return self._aside

    def reader(self) -> SqliteReader:
        """A connection of one's own for reading, for whoever must not wait for this store's writes."""
        return SqliteReader(self.path)

    def add(self, source: SourceRecord, phrases: Sequence[PhraseRecord]) -> AddResult:
        """Store one file's phrases in one transaction: all of them or, at an error, none.

        A near-duplicate of what is stored raises its count. A file that an older analysis read is replaced:
        its phrases go, but what the musician kept stays, and what was banned and comes again is banned.
        ``phrases`` of a source with ``refused`` must be empty. A source without a hash (captured phrases) is
        not recorded.

        Raises:
            StoreError: no room, no permission, damage, or notes that do not fit the format.
        """
        return self.add_prepared(source, prepare_phrases(phrases))

    def add_prepared(self, source: SourceRecord, prepared: Prepared) -> AddResult:
        """``add`` for phrases that another process has prepared."""
        if source.refused and prepared.found:
            raise ValueError("a refused file has no phrases")
        with self._lock:
            with explained(self.path), writing(self._connection):
                marks = self._replace(source, prepared.fingerprints)
                result = self._insertion.insert(self._record(source), prepared)
                for number, kept, banned, played in self._insertion.remembered(result.added, marks):
                    sql = "update phrases set kept = ?, banned = ?, played = ? where id = ?"
                    self._connection.execute(sql, (kept, banned, played, number))
            return result

    def has_source(self, sha256: str, analysis: int) -> bool:
        """Whether that file was read, or refused, by that analysis or a newer one."""
        found = self._one("select analysis from sources where sha256 = ?", (sha256,))
        return found is not None and int(found[0]) >= analysis

    def sources(self) -> list[SourceRecord]:
        """All files in the order in which they came."""
        return [source_record(row) for row in self._all(f"{SOURCE_SQL} order by id")]

    def source(self, sha256: str) -> SourceRecord | None:
        """One file by its hash; None where it was never read."""
        row = self._one(f"{SOURCE_SQL} where sha256 = ?", (sha256,))
        return None if row is None else source_record(row)

    def get(self, number: int) -> PhraseRecord | None:
        """One phrase; None where there is none of that number."""
        return self.get_many((number,)).get(number)

    def get_many(self, numbers: Collection[int]) -> dict[int, PhraseRecord]:
        """Those of ``numbers`` that there are."""
        wanted = tuple(numbers)
        records: dict[int, PhraseRecord] = {}
        for at in range(0, len(wanted), MOST_PARAMETERS):
            part = wanted[at : at + MOST_PARAMETERS]
            sql = f"{PHRASE_SQL} where p.id in ({placeholders(part)})"
            for row in self._all(sql, padded(part)):
                record = phrase_record(row)
                records[record.id] = record
        return records

    def numbers(
        self, *, role: str = "", style: str | None = None, source: str = "", only: str = ""
    ) -> list[int]:
        """Numbers of the phrases of a role, a style and a file's hash (or its beginning), where given;
        ``only``: those that are ``kept`` or ``banned``."""
        sql = (
            "select p.id from phrases p join shelves s on s.id = p.shelf "
            "left join sources f on f.id = p.source "
            "where (?1 = '' or s.role = ?1) and (?2 is null or s.style = ?2) "
            "and (?3 = '' or substr(f.sha256, 1, length(?3)) = ?3) "
            "and (?4 = '' or (?4 = 'kept' and p.kept) or (?4 = 'banned' and p.banned)) order by p.id"
        )
        return [int(row[0]) for row in self._all(sql, (role, style, source, only))]

    def styles(self) -> set[str]:
        """The styles that any phrase ever had."""
        with self._lock, explained(self.path):
            return listing.styles(self._connection)

    def page(self, choice: Choice, first: int, count: int) -> Listed:
        """``count`` phrases of those that ``choice`` means, from ``first`` on, the newest first."""
        with self._lock, explained(self.path):
            total, numbers = listing.listed(self._connection, choice, first, count)
            records = self.get_many(numbers)
        return Listed(total, tuple(records[n] for n in numbers if n in records))

    def alike(self, number: int, count: int) -> list[tuple[int, float]]:
        """The ``count`` phrases of its shelf that are most like a phrase, nearest first."""
        with self._lock, explained(self.path):
            own = vectors.read_vectors(self._connection, number)
            row = self._one("select shelf from phrases where id = ?", (number,))
            if own is None or row is None:
                return []
            found = vectors.nearest(self._connection, int(row[0]), "whole", own[0], count + 1)
            return [(n, distance) for n, distance in found if n != number][:count]

    def stats(self) -> StoreStats:
        """What the library holds."""
        with self._lock, explained(self.path):
            return upkeep.stats(self._connection, self.path)

    def mark(self, number: int, *, kept: bool | None = None, banned: bool | None = None) -> None:
        """Keep or ban a phrase, or take that back; None leaves it as it is.

        Raises:
            StoreError: there is no phrase of that number.
        """
        with self._lock, explained(self.path), writing(self._connection):
            self._connection.execute(
                "update phrases set kept = coalesce(?, kept), banned = coalesce(?, banned) where id = ?",
                (kept, banned, number),
            )
            if not self._connection.changes():
                raise StoreError(f"there is no phrase {number}; `jamtui library search` lists some")
            self._note_changes((number,))

    def played(self, numbers: Iterable[int]) -> None:
        """Count that the band has played phrases; numbers that are gone are passed over."""
        with self._lock, explained(self.path), writing(self._connection):
            self._connection.executemany(
                "update phrases set played = played + 1 where id = ?", ((n,) for n in numbers)
            )

    def remove(self, numbers: Iterable[int]) -> None:
        """Delete phrases; numbers that are gone are passed over."""
        with self._lock, explained(self.path), writing(self._connection):
            self._delete(list(numbers))

    def forget(self, sha256: str) -> int:
        """Delete a file (by its hash) and the phrases that came from it alone; how many those were.

        A phrase that was met in another file too stays and belongs to that one.

        Raises:
            StoreError: no such file was read.
        """
        with self._lock, explained(self.path), writing(self._connection):
            found = self._one("select id from sources where sha256 = ?", (sha256,))
            if found is None:
                raise StoreError(f"no file with the hash {sha256} is in the library")
            gone = self._drop(int(found[0]))
            self._connection.execute("delete from sources where id = ?", tuple(found))
            return gone

    def recluster(self, budget_s: float = 0.5) -> int:
        """Bring the search cells up to the library's size, shelf by shelf, until ``budget_s`` seconds are
        used; how many shelves were done. Readers go on with the old cells meanwhile. Cheap when nothing is
        due."""
        done = 0
        end = time.monotonic() + budget_s
        with self._lock, explained(self.path):
            for shelf in upkeep.overgrown(self._connection):
                # Computed outside the transaction: the file is locked for the writing of one row.
                made = upkeep.make_cells(self._connection, shelf)
                with writing(self._connection):
                    upkeep.store_cells(self._connection, shelf, made)
                done += 1
                if time.monotonic() >= end:
                    break
        return done

    def vacuum(self) -> str:
        """Check the file, give back its unused room and renew the search cells; "" or what is damaged."""
        with self._lock, explained(self.path):
            complaint = database.check(self._connection)
            if complaint:
                return complaint
            try:
                with explained(self.path):
                    self._connection.execute("vacuum")
            except StoreFullError as error:
                with suppress(apsw.Error):  # what it wrote beside the file took the last room
                    self._connection.execute("pragma wal_checkpoint(truncate)")
                raise StoreFullError(
                    f"giving back the unused room of the phrase library {self.path} takes for a while as "
                    f"much as it has ({self.path.stat().st_size / 1e6:.0f} MB), and that is not there; free "
                    "some, or write a copy, which is as small, to another disk with `jamtui library backup` "
                    "and put it in its place"
                ) from error
            self._connection.execute("pragma optimize; pragma wal_checkpoint(truncate)")
        self.recluster(float("inf"))
        return ""

    def backup(self, target: Path) -> int:
        """Write a copy of the library, as it is now, to ``target``; its size in bytes.

        Raises:
            StoreError: ``target`` exists, or there is no room.
        """
        if target.exists():
            raise StoreError(f"{target} is there already; name a new file for the backup")
        # Killed half-way, it leaves nothing that looks like a backup.
        part = target.with_name(target.name + ".part")
        with self._lock, explained(self.path):
            try:
                part.unlink(missing_ok=True)
                self._connection.execute("vacuum into ?", (str(part),))
                part.rename(target)
            except (apsw.FullError, apsw.CantOpenError, apsw.IOError, apsw.ReadOnlyError, OSError) as error:
                with suppress(OSError):
                    part.unlink()
                why = "there is no room left" if isinstance(error, apsw.FullError) else str(error)
                raise StoreError(f"cannot write the backup {target} ({why}); choose another place") from error
        return target.stat().st_size

    def _record(self, source: SourceRecord) -> int | None:
        if not source.sha256:
            return None
        row = self._one(
            "insert into sources (sha256, path, title, licence, ingested_at, analysis, refused) "
            "values (?, ?, ?, ?, ?, ?, ?) on conflict (sha256) do update set path = excluded.path, "
            "title = excluded.title, licence = excluded.licence, ingested_at = excluded.ingested_at, "
            "analysis = excluded.analysis, refused = excluded.refused returning id",
            (source.sha256, source.path, source.title, source.licence, float(source.ingested_at),
             source.analysis, source.refused),
        )  # fmt: skip
        assert row is not None
        return int(row[0])

    def _replace(self, source: SourceRecord, again: Collection[int]) -> dict[int, tuple[int, int, int]]:
        """Drop what an earlier reading of the file gave, but what is kept and is not among the fingerprints
        that come ``again``; the marks of what goes, by fingerprint."""
        found = self._one("select id from sources where sha256 = ?", (source.sha256,))
        if found is None:
            return {}
        marks = {
            int(f): (int(kept), int(banned), int(played))
            for f, kept, banned, played in self._all(
                "select fingerprint, kept, banned, played from phrases "
                "where source = ? and (kept or banned or played)",
                (int(found[0]),),
            )
        }
        kept = self._all("select id, fingerprint from phrases where source = ? and kept", (int(found[0]),))
        stay = set() if source.refused == FORGOTTEN else {int(n) for n, f in kept if f not in again}
        self._drop(int(found[0]), stay)
        return marks

    def _drop(self, source: int, stay: Collection[int] = ()) -> int:
        """Delete the phrases of a file that no other file has, but those that ``stay``; what another file has
        goes over to it."""
        self._connection.execute(
            "update phrases set count = phrases.count - m.count from meetings m "
            "where m.source = ? and m.phrase = phrases.id",
            (source,),
        )
        self._connection.execute("delete from meetings where source = ?", (source,))
        heirs = self._all(
            "select p.id, m.source, m.first_bar, total.n from phrases p "
            "join (select phrase, min(source) heir, sum(count) n from meetings group by phrase) total "
            "on total.phrase = p.id join meetings m on m.phrase = p.id and m.source = total.heir "
            "where p.source = ?",
            (source,),
        )
        for number, heir, first_bar, count in heirs:
            self._connection.execute(
                "update phrases set source = ?, first_bar = ?, count = ? where id = ?",
                (heir, first_bar, count, number),
            )
            self._connection.execute("delete from meetings where phrase = ? and source = ?", (number, heir))
        self._note_changes([int(row[0]) for row in heirs])
        left = self._all("select id from phrases where source = ?", (source,))
        gone = [int(row[0]) for row in left if row[0] not in stay]
        self._delete(gone)
        return len(gone)

    def _delete(self, numbers: Sequence[int]) -> None:
        remove_vectors(self._connection, numbers)
        self._connection.executemany("delete from phrases where id = ?", ((n,) for n in numbers))
        self._note_changes(numbers)

    def _note_changes(self, numbers: Sequence[int]) -> None:
        self._connection.executemany("insert into changes (phrase) values (?)", ((n,) for n in numbers))
        self._connection.execute(
            "delete from changes where revision <= (select max(revision) from changes) - ?", (CHANGES_KEPT,)
        )

    def _one(self, sql: str, values: Row = ()) -> Row | None:
        with self._lock, explained(self.path):
            return self._connection.execute(sql, tuple(values)).fetchone()

    def _all(self, sql: str, values: Row = ()) -> list[Row]:
        with self._lock, explained(self.path):
            return list(self._connection.execute(sql, tuple(values)).fetchall())
