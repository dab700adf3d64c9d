"""The control loop of the benches: the output thread's wait at the same priority, sending nothing.

Its lateness is this machine's floor at that moment; the output loop's stands beside it.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from jamtui.playback.priority import raise_this_thread
from jamtui.playback.waiting import SPIN_NS, PreciseWait


@dataclass(frozen=True, slots=True)
class ControlRun:
    """``lateness_ns`` of each deadline, in order, and the priority the loop was given."""

    lateness_ns: tuple[int, ...]
    priority: str


def run_control(
    count: int,
    interval_ns: int,
    spin_ns: int = SPIN_NS,
    *,
    raise_priority: Callable[[], str] = raise_this_thread,
    now: Callable[[], int] = time.perf_counter_ns,
) -> ControlRun:
    """Meet ``count`` deadlines ``interval_ns`` apart in a thread of its own, asleep until ``spin_ns`` before
    each; blocks until they are over."""
    lateness: list[int] = [0] * count
    said: list[str] = []

    def loop() -> None:
        said.append(raise_priority())
        wait = PreciseWait(spin_ns, now)
        first = now() + interval_ns
        for index in range(count):
            deadline = first + index * interval_ns
            wait.until(deadline)
            lateness[index] = now() - deadline

    thread = threading.Thread(target=loop, name="jamtui control", daemon=True)
    thread.start()
    thread.join()
    return ControlRun(tuple(lateness), said[0])
