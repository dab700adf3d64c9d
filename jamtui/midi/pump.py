"""Fetching input on JACK from rtmidi's own queue, because its callback loses notes there.

rtmidi calls back from JACK's process thread, which then waits for the interpreter lock. When that takes
longer than a JACK period, JACK reuses the buffer behind the events that were not read yet: with another
Python thread busy, 10 of 100 bursts of four notes came out wrong (64 frames, python-rtmidi 1.5.8). The
queue is filled without the lock (0 of 100), at the price of up to 0.6 ms until it is looked at.
"""

import threading
import time
from collections.abc import Callable

from jamtui.midi.port import InputPort

IDLE_NS = 600_000
BUSY_NS = 300_000
"""Between two looks while something is being played: a chord's notes come within some 40 ms."""
BUSY_FOR_NS = 50_000_000
QUEUE_MESSAGES = 16384


class InputPump:
    """One thread that hands on what arrived at all inputs.

    Args:
        outside: moves the time of the next look, in nanoseconds of ``time.perf_counter_ns``, where it would
            be in somebody's way.
    """

    def __init__(self, outside: Callable[[int], int] | None = None) -> None:
        self._outside = outside
        self._ports: tuple[InputPort, ...] = ()
        self._thread: threading.Thread | None = None
        self._stop = False

    def add(self, port: InputPort) -> None:
        """Fetch from this port, too."""
        self._ports = (*self._ports, port)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="midi-in", daemon=True)
            self._thread.start()

    def remove(self, port: InputPort) -> None:
        """Leave this port alone from now on."""
        self._ports = tuple(p for p in self._ports if p is not port)

    def close(self) -> None:
        """End the thread."""
        self._stop = True
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        busy_until = 0
        while not self._stop:
            now = time.perf_counter_ns()
            for port in self._ports:
                if port.fetch():
                    busy_until = now + BUSY_FOR_NS
            pause = BUSY_NS if now < busy_until else IDLE_NS
            if self._outside is not None:
                looked = time.perf_counter_ns()
                pause = self._outside(looked + pause) - looked
            time.sleep(pause / 1e9)
