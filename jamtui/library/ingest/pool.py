"""The processes that read files: started fresh (spawn), watched, and replaced when one dies.

``multiprocessing.Pool`` and ``ProcessPoolExecutor`` give up altogether when a child is killed; here the file
it was reading is refused and the rest goes on.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from jamtui.library.ingest.files import refused
from jamtui.library.ingest.travel import Packed, pack
from jamtui.library.ingest.walk import Item
from jamtui.library.ingest.worker import SECONDS, Answer, Job, run_worker
from jamtui.music.phrase import Role

if sys.platform == "win32":
    from multiprocessing.connection import PipeConnection as Link
else:
    from multiprocessing.connection import Connection as Link

WALL_SECONDS = 10 * SECONDS
"""A worker that does not answer for so long hangs in something that takes no CPU time."""
_AHEAD = 3
"""Jobs a worker has at hand, so that it never waits for the next."""
_EARLY = 64
"""Answers that may come before one that takes long; then its turn is waited for."""
_HELD_BYTES = 64 << 20
"""All of these together, about."""


def default_workers() -> int:
    """One for each core but the one that the band plays on, at least one, at most eight."""
    return max(1, min(8, (os.cpu_count() or 2) - 1))


@dataclass(eq=False)
class _Worker:
    process: BaseProcess
    link: Link
    jobs: deque[Job] = field(default_factory=deque)
    since: float = 0.0


class Pool:
    """Reads files in ``workers`` processes; use it as a context, so that none is left behind."""

    def __init__(self, workers: int, known: frozenset[str]) -> None:
        self._size = max(1, workers)
        self._known = known
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all workers; jobs that are not answered are dropped."""
        for worker in self._workers:
            worker.link.close()
        for worker in self._workers:
            worker.process.join(0.3)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join(5)
        self._workers = []

    def read(
        self, items: Iterable[Item], style: str = "", role: Role | None = None
    ) -> Iterator[tuple[Item, Packed | str]]:
        """Each item with what became of it, in the order of ``items`` however many workers there are, so that
        the library does not depend on who was first; of a file that is known already its hash."""
        waiting = deque(Job(n, item, style, role) for n, item in enumerate(items))
        early: dict[int, tuple[Item, bytes]] = {}
        turn = 0
        while waiting or early or any(worker.jobs for worker in self._workers):
            while len(self._workers) < min(self._size, len(waiting) + len(self._workers)):
                self._workers.append(self._start())
            self._hand_out(waiting, turn, sum(len(answer) for _, answer in early.values()))
            busy = {worker.link: worker for worker in self._workers if worker.jobs}
            for link in wait(list(busy), timeout=0 if turn in early else 0.5):
                worker = busy[link]  # type: ignore[index]  # wait answers with what it was given
                job, answer = self._take(worker, waiting)
                early[job.number] = job.item, answer
            for worker in [w for w in self._workers if w.jobs]:
                if time.monotonic() - worker.since > WALL_SECONDS:
                    job = worker.jobs.popleft()
                    self._replace(worker, waiting)
                    early[job.number] = (
                        job.item,
                        _refusal(job.item, f"reading it hung for {WALL_SECONDS:.0f} seconds"),
                    )
            if turn in early:
                item, answer = early.pop(turn)
                turn += 1
                payload = pickle.loads(answer)
                assert isinstance(payload, Packed | str)
                yield item, payload

    def _hand_out(self, waiting: deque[Job], turn: int, held: int) -> None:
        """Keep the workers in jobs; ``turn`` is the number of the next answer that is wanted, ``held`` the
        size of those that came too early."""
        for _ in range(_AHEAD):
            for worker in self._workers:
                if not waiting or len(worker.jobs) >= _AHEAD:
                    continue
                if waiting[0].number == turn or (waiting[0].number < turn + _EARLY and held < _HELD_BYTES):
                    self._give(worker, waiting.popleft())

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        # One thread of algebra each: the pool itself is what runs side by side.
        before = {name: os.environ.get(name) for name in _ONE_THREAD}
        os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
        try:
            with _deaf_children():
                process = self._context.Process(target=run_worker, args=(theirs, self._known), daemon=True)
                process.start()
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
        theirs.close()
        return _Worker(process, ours, since=time.monotonic())

    def _give(self, worker: _Worker, job: Job) -> None:
        if not worker.jobs:
            worker.since = time.monotonic()
        worker.jobs.append(job)
        with contextlib.suppress(OSError):  # it is dead: reading its link says so
            worker.link.send(job)

    def _take(self, worker: _Worker, waiting: deque[Job]) -> tuple[Job, bytes]:
        try:
            answer = worker.link.recv()
        except (EOFError, OSError):
            job = worker.jobs.popleft()
            worker.process.join(1)
            code = worker.process.exitcode
            self._replace(worker, waiting)
            reason = "reading it broke the process that read it"
            if code is not None and code < 0:
                reason += f" (signal {-code})"
            return job, _refusal(job.item, reason)
        assert isinstance(answer, Answer)
        job = worker.jobs.popleft()
        worker.since = time.monotonic()
        if answer.last:
            self._replace(worker, waiting)
        return job, answer.payload

    def _replace(self, worker: _Worker, waiting: deque[Job]) -> None:
        """Put a worker's open jobs back and let it go; the next round starts another."""
        # In order: the one whose turn it is must come first.
        again = sorted([*worker.jobs, *waiting], key=lambda job: job.number)
        waiting.clear()
        waiting.extend(again)
        worker.jobs.clear()
        worker.link.close()
        if worker.process.is_alive():
            worker.process.kill()
        worker.process.join(5)
        self._workers.remove(worker)


def _refusal(item: Item, reason: str) -> bytes:
    return pickle.dumps(pack(refused(item, reason)))


@contextlib.contextmanager
def _deaf_children() -> Iterator[None]:
    """Children start with Ctrl-C ignored: it is for this process, which then closes their links."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
