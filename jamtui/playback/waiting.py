"""Waiting for a deadline: asleep until shortly before it, then looking at the clock."""

import threading
import time
from collections.abc import Callable, Sized

SPIN_NS = 1_500_000
"""How long before a deadline sleeping ends: more than a sleep's error at real-time priority, with room for
getting the interpreter back from another thread."""


REHEARSE_NS = 250_000
"""Between two rehearsals, and between the last one and the deadline: twice what a cold one takes."""


class PreciseWait:
    """A wait that can be ended early. `wake` is for any thread, `until` for the one that waits.

    ``rehearse`` is called with the time again and again shortly before a deadline, to have ready in the
    processor's caches what the deadline is for.
    """

    def __init__(
        self,
        spin_ns: int = SPIN_NS,
        now: Callable[[], int] = time.perf_counter_ns,
        rehearse: Callable[[int], object] | None = None,
    ) -> None:
        self._spin_ns = spin_ns
        self._now = now
        self._rehearse = rehearse
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
        now, rehearse = self._now, self._rehearse
        again = 0
        while (at := now()) < deadline:
            if pending:
                return
            if rehearse is not None and at >= again and deadline - at > REHEARSE_NS:
                rehearse(at)
                again = at + REHEARSE_NS
