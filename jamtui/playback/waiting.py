"""Waiting for a deadline: asleep until shortly before it, then looking at the clock."""

import threading
import time
from collections.abc import Callable, Sized

SPIN_NS = 1_500_000
"""How long before a deadline sleeping ends: more than a sleep's error at real-time priority, with room for
getting the interpreter back from another thread."""


class PreciseWait:
    """A wait that can be ended early. `wake` is for any thread, `until` for the one that waits."""

    def __init__(
        self,
        spin_ns: int = SPIN_NS,
        now: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
        self._spin_ns = spin_ns
        self._now = now
        # A binary semaphore: taken while nobody has called.
        self._call = threading.Lock()
        self._call.acquire()

    def wake(self) -> None:
        """End the present sleep, or the next one if none is going on."""
        try:
            self._call.release()
        except RuntimeError:
            # Called already and not yet heard.
            return

    def until(self, deadline: int | None, pending: Sized = (), *, exact: bool = True) -> None:
        """Return at ``deadline`` (None: only when woken), when woken, or when ``pending`` has something.

        Not ``exact``: sleep all the way, which costs no processor time and comes back a little late.
        """
        if pending:
            return
        if deadline is None:
            self._call.acquire()
            return
        left = deadline - self._now()
        asleep = left - self._spin_ns if exact else left
        if asleep > 0 and self._call.acquire(timeout=min(asleep / 1e9, threading.TIMEOUT_MAX)):
            return
        if not exact:
            return
        now = self._now
        while now() < deadline:
            if pending:
                return
