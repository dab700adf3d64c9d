"""What a band that died in bad order can leave behind: processes without a supervisor, and files."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from jamtui import paths
from jamtui.config import load_config
from jamtui.errors import JamtuiError
from jamtui.processes.children import kill_now
from jamtui.processes.lock import band_is_running
from jamtui.processes.rescue import end_left_notes

SOCKETS = ("outlet.sock", "notes.sock", "engine.sock", "supervisor.sock")
"""The links of a band's processes."""
FILES = (
    "state.map",
    "session.json",
    *SOCKETS,
    "key",
    "book.path",
    "supervisor.pid",
)
"""Files of a running band in its runtime folder; the lock file stays, it holds nothing."""

MODULES = (
    "jamtui.processes.supervisor",
    "jamtui.processes.outlet",
    "jamtui.processes.engine",
    "jamtui.processes.workers",
)

_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Empty while a band runs in good order."""

    running: bool
    processes: tuple[tuple[int, str], ...] = ()
    """Process id and module name of children whose supervisor is gone."""
    files: tuple[Path, ...] = ()


def find_leftovers(runtime: Path) -> Leftovers:
    """Look, change nothing."""
    if band_is_running(runtime):
        return Leftovers(True)
    return Leftovers(False, orphans(runtime), tuple(p for name in FILES if (p := runtime / name).exists()))


def orphans(runtime: Path) -> tuple[tuple[int, str], ...]:
    """Process id and module of every outlet, engine and worker process of ``runtime``, whoever started it."""
    return tuple(
        (pid, module)
        for pid, arguments in _processes()
        for module in MODULES[1:]
        if module in arguments and str(runtime) in arguments and pid != os.getpid()
    )


def end_orphans(runtime: Path) -> tuple[tuple[int, str], ...]:
    """End those processes: asked first, then killed; returns what was found."""
    found = orphans(runtime)
    for pid, _module in found:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE_S
    waiting = {pid for pid, _ in found}
    while waiting and time.monotonic() < deadline:
        time.sleep(0.02)
        waiting &= {pid for pid, _ in orphans(runtime)}
    for pid in waiting:
        with contextlib.suppress(OSError):
            kill_now(pid)
    return found


def clear_leftovers(runtime: Path) -> Leftovers:
    """End those processes and remove those files; returns what was found. A running band is left alone.

    What the dead band left sounding in ports that still exist is ended first.
    """
    found = find_leftovers(runtime)
    if found.processes:
        end_orphans(runtime)
    if found.files:
        api = "auto"
        with contextlib.suppress(JamtuiError):
            api = load_config(paths.config_file()).midi.api
        end_left_notes(runtime, api)
    for path in found.files:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    return found


def _processes() -> list[tuple[int, list[str]]]:
    """Process ids and arguments of this user's processes; empty where the system does not tell.

    That is Windows, where the children end by themselves when their supervisor's pipe closes.
    """
    found: list[tuple[int, list[str]]] = []
    system: str = sys.platform  # a plain string: the other systems' branches are code, too
    if system == "win32":
        return found
    if system == "linux":
        own = Path("/proc/self").stat().st_uid
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError):
                    if folder.stat().st_uid == own:
                        line = (folder / "cmdline").read_bytes().decode(errors="replace")
                        found.append((int(folder.name), line.split("\0")))
        return found
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(
            ["ps", "-x", "-o", "pid=,command="], capture_output=True, text=True, timeout=5, check=False
        )
        for line in done.stdout.splitlines():
            number, _, command = line.strip().partition(" ")
            if number.isdigit():
                found.append((int(number), command.split(" ")))
    return found
