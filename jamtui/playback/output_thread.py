"""The thread that drives the output loop in real time."""

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from typing import Protocol

from jamtui.playback.commands import Command
from jamtui.playback.priority import raise_this_thread
from jamtui.playback.waiting import PreciseWait

STAND_ASIDE_S = 0.001
"""How long `OutputThread.hurry` waits at most: several times what a step takes."""


class Stepped(Protocol):
    """What the thread drives: `OutputLoop`."""

    commands: deque[Command]
    next_is_send: bool

    def step(self, now: int, /) -> int | None: ...

    def finish(self, now: int, /) -> None: ...


class OutputThread:
    """Calls ``loop.step`` when it wants to be called, at the priority the system gives.

    ``on_crash`` is called in this thread with the traceback's text if the loop fails; the notes that
    sounded have been ended by then, and the thread is over (a new one may be given the same loop).
    """

    def __init__(
        self,
        loop: Stepped,
        *,
        on_crash: Callable[[str], None],
        wait: PreciseWait | None = None,
        raise_priority: Callable[[], str] = raise_this_thread,
        now: Callable[[], int] = time.perf_counter_ns,
        stand_aside_s: float = STAND_ASIDE_S,
    ) -> None:
        self._loop = loop
        self._on_crash = on_crash
        self._wait = PreciseWait(now=now) if wait is None else wait
        self._raise_priority = raise_priority
        self._now = now
        self._stand_aside_s = stand_aside_s
        self._stopping = False
        self._ready = threading.Event()
        self._stepped = threading.Event()
        self._awaited = False
        self._thread = threading.Thread(target=self._run, name="jamtui output", daemon=True)
        self.priority = ""
        """What priority the thread got, in a sentence; set when `start` returns."""

    def start(self) -> None:
        """Start and wait until the priority is settled."""
        self._thread.start()
        self._ready.wait()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def wake(self) -> None:
        """Have the loop look at its commands and clock now. Never blocks; for any thread."""
        self._wait.wake()

    def hurry(self) -> None:
        """Have the loop look at its commands now, and stand aside while it does: two threads that want the
        interpreter take it from each other between the notes of a chord. For one other thread."""
        self._stepped.clear()
        self._awaited = True
        self._wait.wake()
        self._stepped.wait(self._stand_aside_s)

    def stop(self, timeout: float | None = 2.0) -> None:
        """End all notes and the thread; returns when it is over (or after ``timeout`` seconds)."""
        self._stopping = True
        self._wait.wake()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        loop, wait, now = self._loop, self._wait, self._now
        try:
            try:
                self.priority = self._raise_priority()
            finally:
                self._ready.set()
            while not self._stopping:
                deadline = loop.step(now())
                if self._awaited:
                    self._awaited = False
                    self._stepped.set()
                wait.until(deadline, loop.commands, exact=loop.next_is_send)
            loop.step(now())
            loop.finish(now())
        except Exception:
            # Whatever it was: no note may hang and it must be said.
            self._crashed(traceback.format_exc())

    def _crashed(self, text: str) -> None:
        try:
            self._loop.finish(self._now())
        except Exception:
            # The first failure is the one to report, with this one below it.
            text += traceback.format_exc()
        self._on_crash(text)
