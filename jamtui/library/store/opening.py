"""Where a library is opened: the one place that knows what is behind ``PhraseStore``."""

from pathlib import Path

from jamtui.library.store import database
from jamtui.library.store.interface import PhraseStore
from jamtui.library.store.sqlite import SqliteStore


def open_library(path: Path, *, read_only: bool = False) -> PhraseStore:
    """The library at ``path``, made or brought to the newest schema where needed.

    A damaged one is set aside (see ``PhraseStore.set_aside``). With ``read_only`` nothing is made, migrated
    or set aside, and it may lie where nobody can write.

    Raises:
        StoreError: it cannot be opened or made, or a newer jamtui wrote it; with ``read_only`` also where
            there is none yet, it is damaged or an older jamtui wrote it.
    """
    return SqliteStore.open(path, read_only=read_only)


def can_be_written(path: Path) -> bool:
    """Whether the library at ``path``, or one that is not there yet, can be written; if not, it may still be
    opened with ``read_only``."""
    return not path.exists() or database.writable(path)
