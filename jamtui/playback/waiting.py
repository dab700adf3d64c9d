"""Waiting for a deadline: asleep until shortly before it, then looking at the clock."""

import sys
import threading
import time
from collections.abc import Callable, Sized

SPIN_NS = 1_500_000
"""How long before a deadline sleeping ends: more than a sleep's error at real-time priority, with room for
getting the interpreter back from another thread."""

# How much of the spin must be left when the interpreter is offered to other threads once: a thread that
# waits for it gets it by force only after a whole switch interval, so after this none can until the deadline.
_OFFER = 1.9


class PreciseWait:
    """A wait that can be ended early. `wake` is for any thread, `until` for the one that waits."""

    def __init__(self, spin_ns: int = SPIN_NS, now: Callable[[], int] = time.perf_counter_ns) -> None:
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
        offer_at = deadline - int(sys.getswitchinterval() * _OFFER * 1e9)
        if now() < offer_at:
            while now() < offer_at:
                if pending:
                    return
            time.sleep(0)
        while now() < deadline:
            if pending:
                return
