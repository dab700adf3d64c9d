"""The library's file: opening, migrating and looking after it.

A damaged file is never opened and never deleted: it is renamed with the date, and a new one begins.
"""

import os
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path

import apsw
import sqlite_vec

from jamtui.errors import StoreError, StoreFullError
from jamtui.library.records import StoreSetAside

BUSY_MS = 20_000
"""How long a writer waits for another; readers never wait."""

CHECKED_BYTES = 48_000_000
"""Files up to this size are checked whole when they are opened (some 0.1 s); larger ones by their ends, and
whole by ``jamtui library vacuum``."""

MMAP_BYTES = 4 << 30
_MAGIC = b"SQLite format 3\x00"
_VECTORS = "vector"
"""sqlite-vec has no code for damage: it says that it cannot fetch some vector data."""
_DAMAGE = (apsw.CorruptError, apsw.NotADBError)


def migrations() -> list[str]:
    """The SQL of every schema version, the first first."""
    folder = files("jamtui.library.store") / "migrations"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [f.read_text(encoding="utf-8") for f in found]


def open_database(
    path: Path, *, read_only: bool = False, checked: bool = False, steps: Sequence[str] | None = None
) -> tuple[apsw.Connection, StoreSetAside | None]:
    """A connection to the library at ``path``, at the newest schema; and what was set aside for that.
    ``checked``: whoever asks has it open already, and its pages need not be looked through again.

    With ``read_only`` it may lie where nobody can write (another's folder, a read-only or a full disk), if
    it was closed in good order.

    Raises:
        StoreError: it cannot be opened or made, or a newer jamtui wrote it; with ``read_only`` also where
            there is none yet or its schema is older.
    """
    wanted = migrations() if steps is None else list(steps)
    if read_only and not path.exists():
        raise StoreError(f"there is no phrase library at {path} yet; `jamtui ingest FOLDER` makes one")
    with explained(path):
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _connect(path, read_only, wanted, checked), None
        except _DAMAGE:
            if read_only:
                raise
        except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.IOError) as error:
            # A write-ahead log needs an index beside it, also to read, and it cannot be made there.
            if not read_only or not path.exists() or (writable(path) and not _is_full(path)):
                raise
            if _left_behind(path):
                why = "the disk was full" if writable(path) else "its folder became read-only"
                raise StoreError(
                    f"the phrase library {path} was not closed before {why}; copy both files to a folder you "
                    "can write"
                ) from error
            return _connect(path, read_only, wanted, checked, unchanging=True), None
        with _alone(path):
            try:
                # Another process may have set it aside while this one waited: what is there now is a new one.
                return _connect(path, read_only, wanted), None
            except _DAMAGE as error:
                aside = set_aside(path, _reason(error))
            return _connect(path, read_only, wanted), aside


def set_aside(path: Path, reason: str) -> StoreSetAside:
    """Rename the library and its journals with the date."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    target = path.with_name(f"{path.stem}-damaged-{stamp}{path.suffix}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.stem}-damaged-{stamp}-{number}{path.suffix}")
    path.rename(target)
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(target.with_name(target.name + suffix))
    return StoreSetAside(target, reason)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time: SQLite's own lock, on an empty file beside the library."""
    gate = apsw.Connection(str(path.with_name(path.name + ".gate")))
    try:
        gate.set_busy_timeout(BUSY_MS)
        gate.execute("begin exclusive")
        yield
    finally:
        gate.close()


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one sentence that says what to do."""
    try:
        yield
    except _DAMAGE as error:
        raise StoreError(_damaged(path, error)) from error
    except apsw.FullError as error:
        raise StoreFullError(_full(path)) from error
    except apsw.IOError as error:
        if _is_full(path):
            raise StoreFullError(_full(path)) from error
        raise StoreError(_unusable(path, error)) from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise StoreError(
            f"another jamtui has been writing to {path} for {BUSY_MS // 1000} s; try again when it is done"
        ) from error
    except apsw.ReadOnlyError as error:
        raise StoreError(_read_only(path)) from error
    except apsw.ConnectionClosedError as error:
        raise StoreError(f"the phrase library {path} is being closed; it opens again soon") from error
    except apsw.SQLError as error:
        if _VECTORS not in str(error):
            raise
        raise StoreError(_damaged(path, error)) from error
    except (apsw.CantOpenError, apsw.PermissionsError, apsw.AuthError, OSError) as error:
        only_read = os.access(path, os.R_OK) and not writable(path)
        raise StoreError(_read_only(path) if only_read else _unusable(path, error)) from error


@contextmanager
def writing(connection: apsw.Connection) -> Iterator[None]:
    """One transaction that has the write lock from its start; rolled back when the block fails."""
    connection.execute("begin immediate")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        # A full disk makes SQLite roll back by itself.
        if connection.in_transaction:
            with suppress(apsw.Error):
                connection.execute("rollback")
        raise


def check(connection: apsw.Connection) -> str:
    """ "" where the whole file is in order, else SQLite's first complaint."""
    try:
        found = connection.execute("pragma integrity_check(1)").fetchall()
    except apsw.Error as error:
        return _reason(error)
    return "" if found == [("ok",)] else str(found[0][0])


def writable(path: Path) -> bool:
    """Whether the file and its folder, where journals have to stand beside it, can be written."""
    there = [f for f in (path, path.parent) if f.exists()]
    return all(os.access(f, os.W_OK) for f in there)


def _connect(
    path: Path, read_only: bool, wanted: Sequence[str], checked: bool = False, *, unchanging: bool = False
) -> apsw.Connection:
    """``unchanging``: nobody writes it, so SQLite needs neither locks nor journals."""
    _check_ends(path)
    flags = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    name = str(path)
    if unchanging:
        name, flags = f"{path.absolute().as_uri()}?immutable=1", flags | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(name, flags=flags)
    try:
        connection.set_busy_timeout(BUSY_MS)
        connection.enable_load_extension(True)
        connection.load_extension(sqlite_vec.loadable_path())
        connection.enable_load_extension(False)
        if not read_only:
            connection.execute("pragma journal_mode = wal")
        # A commit survives a killed process; the last ones before a power cut may be lost, none is torn.
        connection.execute(
            "pragma synchronous = normal; pragma foreign_keys = on; pragma temp_store = memory"
        )
        connection.execute(f"pragma mmap_size = {MMAP_BYTES}")
        _migrate(connection, path, read_only, wanted)
        if not checked and path.stat().st_size <= CHECKED_BYTES:
            (found,) = connection.execute("pragma quick_check(1)").fetchone() or ("",)
            if found != "ok":
                raise apsw.CorruptError(str(found))
    except BaseException:
        connection.close()
        raise
    return connection


def _check_ends(path: Path) -> None:
    """Find garbage at the head and a missing tail without reading the file."""
    if not path.exists() or path.stat().st_size == 0:
        return
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100 or not head.startswith(_MAGIC):
        raise apsw.NotADBError("it is no SQLite file")
    if _left_behind(path):
        return  # the pages that are missing at the end may be in there
    (page,) = struct.unpack(">H", head[16:18])
    (pages,) = struct.unpack(">I", head[28:32])
    if path.stat().st_size < pages * (65536 if page == 1 else page):
        raise apsw.CorruptError("its end is missing")


def _migrate(connection: apsw.Connection, path: Path, read_only: bool, wanted: Sequence[str]) -> None:
    version = _version(connection)
    if version == 0 and connection.execute("select 1 from sqlite_schema limit 1").fetchone():
        raise StoreError(f"{path} is another program's file; move it away or set another folder")
    if version > len(wanted):
        raise StoreError(
            f"the phrase library {path} was written by a newer jamtui (schema {version}, this one knows "
            f"{len(wanted)}); update jamtui, or move the file away to begin a new one"
        )
    if version == len(wanted):
        return
    if read_only:
        raise StoreError(older(path))
    with writing(connection):
        # Another process may have done it while this one waited for the lock.
        for number in range(_version(connection), len(wanted)):
            connection.execute(wanted[number])
            connection.execute(f"pragma user_version = {number + 1}")


def older(path: Path) -> str:
    """What to say of a library that has to be brought up to date and must not be written."""
    return (
        f"the phrase library {path} is of an older jamtui; start `jamtui` once to bring it up to date, "
        "or copy it where it can be written"
    )


def _version(connection: apsw.Connection) -> int:
    found = connection.execute("pragma user_version").fetchone()
    return int(found[0]) if found else 0


def _left_behind(path: Path) -> bool:
    """Whether commits still stand in the write-ahead log."""
    wal = path.with_name(path.name + "-wal")
    return wal.exists() and wal.stat().st_size > 0


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text.removeprefix("CorruptError: ").removeprefix("NotADBError: ")


def _damaged(path: Path, error: BaseException) -> str:
    return f"the phrase library {path} is damaged ({_reason(error)}); start jamtui again, and it is set aside"


def _full(path: Path) -> str:
    return (
        f"there is no room left for the phrase library {path}; what was there before is intact, free some "
        "space and run it again, or write a copy to another disk with `jamtui library backup`"
    )


def _is_full(path: Path) -> bool:
    """Whether a write failed for want of room: SQLite reports a file-size limit as an input/output error."""
    if hasattr(os, "statvfs"):
        room = os.statvfs(path.parent)
        if room.f_bavail * room.f_frsize < 4_000_000:
            return True
    if sys.platform != "win32":
        import resource

        limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
        there = [path, path.with_name(path.name + "-wal")]
        if limit != resource.RLIM_INFINITY:
            return any(f.exists() and f.stat().st_size + 1_000_000 > limit for f in there)
    return False


def _read_only(path: Path) -> str:
    return (
        f"the phrase library {path} can be read but not written; make its folder writable, or set "
        "JAMTUI_HOME to another one"
    )


def _unusable(path: Path, error: BaseException) -> str:
    return (
        f"the phrase library {path} cannot be used ({_reason(error)}); check the folder and its permissions, "
        "or set JAMTUI_HOME to another one"
    )
