"""One band per runtime folder: a lock that the operating system drops when its holder dies."""

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import IO

from jamtui.errors import LinkError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

RUNNING = "a band is already running; `jamtui attach` joins it, `jamtui stop` ends it"
_PATIENCE_S = 0.2
_ASKING_S = 0.03 if sys.platform == "win32" else 0.0
"""How long who asks goes on asking: Windows knows no lock that several who ask may hold at once."""


class LockedError(LinkError):
    """Another supervisor is there."""


class InstanceLock:
    """Held for as long as this process lives.

    Raises:
        LockedError: another supervisor holds it.
    """

    def __init__(self, runtime: Path) -> None:
        runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = runtime / "supervisor.lock"
        self._file: IO[bytes] = self._path.open("a+b")
        # Whoever asks whether a band is running holds the lock for a moment.
        if not _lock(self._file, _PATIENCE_S):
            self._file.close()
            raise LockedError(RUNNING)
        (runtime / "supervisor.pid").write_text(str(os.getpid()), encoding="ascii")

    def release(self) -> None:
        """Let the next supervisor start."""
        with contextlib.suppress(OSError):
            (self._path.parent / "supervisor.pid").unlink()
        self._file.close()


def band_is_running(runtime: Path) -> bool:
    """Whether a supervisor holds the lock in ``runtime``."""
    path = runtime / "supervisor.lock"
    if not path.exists():
        return False
    with path.open("a+b") as file:
        return not _lock(file, _ASKING_S, shared=True)


def _lock(file: IO[bytes], patience_s: float, *, shared: bool = False) -> bool:
    """Whether the lock was had within ``patience_s``. A ``shared`` one keeps out only who wants it alone: of
    two who ask at once neither takes the other for a band."""
    end = time.monotonic() + patience_s
    while not (held := _try_lock(file, shared=shared)) and time.monotonic() < end:
        time.sleep(0.01)
    return held


def _try_lock(file: IO[bytes], *, shared: bool) -> bool:
    try:
        if sys.platform == "win32":
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
