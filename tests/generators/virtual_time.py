"""An event loop whose clock is not the machine's: real sockets, simulated time.

When nothing is left to do at the present moment, and nothing comes over a socket, the clock jumps to the
next timer. Minutes of music pass in seconds, however busy the machine is. Both ends of every connection have
to live in this loop.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_IN_FLIGHT_S = 0.00005
"""Real seconds in which what was written to a socket of this machine gets to its other end."""
_STUCK_S = 10.0


class _Selector(selectors.SelectSelector):
    # epoll and poll wait for whole milliseconds, a thousand times a simulated minute.
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is None:
            events = super().select(_STUCK_S)
            if not events:
                raise RuntimeError("nothing will ever happen in this loop")
            return events
        events = super().select(_IN_FLIGHT_S)
        if not events:
            self.now += max(0.0, timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """See the module."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Simulated seconds since the loop was made."""
        return self._virtual.now


def run(work: Coroutine[Any, Any, T]) -> T:
    """``work`` in a loop of simulated time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
