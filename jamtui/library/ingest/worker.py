"""A worker of the ingest: one process that reads one file at a time, at low priority, within limits.

Runs as a spawned child. It answers every job once; on a file that takes too long it answers and leaves, so
that whatever that file did to the process goes with it.
"""

import contextlib
import os
import pickle
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

from jamtui.library.ingest.files import TOO_MUCH_MEMORY
from jamtui.library.ingest.walk import Item
from jamtui.music.phrase import Role

SECONDS = 5.0
"""CPU time that one file may take."""
MEMORY_BYTES = 500 << 20
"""Memory that a worker may take, where the system lets itself be told."""
NICENESS = 10


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is asked for."""

    number: int
    item: Item
    style: str
    role: Role | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a job. ``payload`` is a file's hash where it is known already, else ``Packed``; pickled,
    so that it can wait for its turn unopened."""

    number: int
    payload: bytes
    last: bool = False
    """The worker leaves; another takes its place."""


def run_worker(link: Connection, known: frozenset[str]) -> None:
    """Answer jobs until the link closes. ``known`` are hashes of files that need not be read again."""
    step_back()
    # The console's Ctrl-C is for the parent; it closes the link.
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory()
    lock = threading.Lock()
    watch = _Watch()
    threading.Thread(target=watch.run, args=(link, lock), daemon=True).start()
    while True:
        try:
            job = link.recv()
        except (EOFError, OSError):
            return
        if not isinstance(job, Job):
            return
        last = False
        watch.begin(job)
        try:
            payload, last = _read(job, known)
        except MemoryError:
            last = True
            payload = _packed_refusal(job.item, TOO_MUCH_MEMORY)
        except RecursionError:
            payload = _packed_refusal(job.item, "it is nested too deeply")
        except Exception as error:  # one bad file never stops the rest
            last = True
            reason = f"reading it failed ({type(error).__name__}: {' '.join(str(error).split())[:100]})"
            payload = _packed_refusal(job.item, reason)
        with lock:
            watch.end()
            try:
                link.send(Answer(job.number, pickle.dumps(payload), last))
            except (OSError, ValueError):
                return
        if last:
            return


def _read(job: Job, known: frozenset[str]) -> tuple[object, bool]:
    """What becomes of a file, and whether its memory goes with the worker: what it took and let go is not all
    the system's again, and the next file would be refused for it."""
    import hashlib

    from jamtui.library.ingest.files import analyse_bytes, refused
    from jamtui.library.ingest.song import RefusedError
    from jamtui.library.ingest.travel import pack
    from jamtui.library.ingest.walk import read_bytes

    try:
        data = read_bytes(job.item)
    except RefusedError as refusal:
        return pack(refused(job.item, str(refusal))), False
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 in known:
        return sha256, False
    analysed = analyse_bytes(data, job.item, style=job.style, role=job.role)
    return pack(analysed), analysed.source.refused == TOO_MUCH_MEMORY


def _packed_refusal(item: Item, reason: str) -> object:
    from jamtui.library.ingest.files import refused
    from jamtui.library.ingest.travel import pack

    return pack(refused(item, reason))


class _Watch:
    """Ends the process when a file takes too long, with an answer that says so."""

    def __init__(self) -> None:
        self._job: Job | None = None
        self._begun = 0.0

    def begin(self, job: Job) -> None:
        if not job.item.path.suffix.lower().startswith(".mid") and "music21" not in sys.modules:
            # The second that music21 takes to load is not the file's.
            import music21  # noqa: F401  (loaded for its effect)
        self._begun = time.process_time()
        self._job = job

    def end(self) -> None:
        self._job = None

    def run(self, link: Connection, lock: threading.Lock) -> None:
        while True:
            time.sleep(0.1)
            job = self._job
            if job is None or time.process_time() - self._begun < SECONDS:
                continue
            with lock:
                if self._job is not job:
                    continue
                reason = f"understanding it takes more than {SECONDS:.0f} seconds"
                try:
                    refusal = pickle.dumps(_packed_refusal(job.item, reason))
                    link.send(Answer(job.number, refusal, last=True))
                    link.close()
                finally:
                    os._exit(0)


def step_back() -> None:
    """Low priority: a band that plays goes first."""
    if sys.platform == "win32":
        import ctypes

        idle = 0x4000  # BELOW_NORMAL_PRIORITY_CLASS
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), idle)
    else:
        with contextlib.suppress(OSError):
            os.nice(NICENESS)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        for kind in (resource.RLIMIT_DATA, resource.RLIMIT_CORE):
            wanted = MEMORY_BYTES - (60 << 20) if kind == resource.RLIMIT_DATA else 0
            _, hard = resource.getrlimit(kind)
            if hard != resource.RLIM_INFINITY:
                wanted = min(wanted, hard)
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(kind, (wanted, hard))
