"""Starting processes of the band, the same way on every system, and noticing when the parent is gone."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

PYTHON = (sys.executable, "-P", "-m")
"""Runs a module with this interpreter; ``-P``: nothing is imported from the folder that the player is in."""
LOG_LIMIT = 1 << 20
"""Bytes after which a log file is begun anew at the next start."""


def open_log(folder: Path, name: str) -> int:
    """A file descriptor for the log ``name``; the null device where none can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".old.log"))
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)


def start_child(
    module: str, arguments: Sequence[str], log_folder: Path, *, own_session: bool = False
) -> "subprocess.Popen[bytes]":
    """``python -m module arguments`` with its output in a log; its standard input is a pipe that closes
    when this process ends, however it ends (see ``when_orphaned``).

    ``own_session``: no signal of this terminal reaches it.
    """
    return _start(module, arguments, log_folder, subprocess.PIPE, own_session)


def start_detached(module: str, arguments: Sequence[str], log_folder: Path) -> "subprocess.Popen[bytes]":
    """The same in a session of its own, with no standard input: it outlives this process."""
    return _start(module, arguments, log_folder, subprocess.DEVNULL, True)


def _start(
    module: str, arguments: Sequence[str], log_folder: Path, stdin: int, own_session: bool
) -> "subprocess.Popen[bytes]":
    log = open_log(log_folder, module.rsplit(".", 1)[-1])
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW
        if own_session:
            flags |= subprocess.CREATE_NEW_PROCESS_GROUP
    try:
        return subprocess.Popen(
            [*PYTHON, module, *arguments],
            stdin=stdin,
            stdout=log,
            stderr=log,
            start_new_session=own_session and sys.platform != "win32",
            creationflags=flags,
        )
    finally:
        os.close(log)


def kill_now(pid: int) -> None:
    """End a process that is given no say in it (``kill -9``).

    Raises:
        OSError: it is gone, or somebody else's.
    """
    if sys.platform == "win32":
        os.kill(pid, signal.SIGTERM)  # there this ends it at once
    else:
        os.kill(pid, signal.SIGKILL)


def when_orphaned(do: Callable[[], None]) -> threading.Thread:
    """Call ``do`` once the process that started this one is gone (its end of standard input closed)."""

    def watch() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(0, 4096):
                pass
        do()

    thread = threading.Thread(target=watch, name="parent-watch", daemon=True)
    thread.start()
    return thread
