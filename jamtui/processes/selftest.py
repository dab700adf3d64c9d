"""Measurements of this machine for ``jamtui doctor``: a MIDI loop of our own, and how sleep keeps time."""

import queue
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from jamtui.errors import PortError
from jamtui.midi.ports import MidiSystem

LOOP_OUT = "jamtui doctor out"
LOOP_IN = "jamtui doctor in"
GIVE_UP_AFTER = 8
"""Messages of which none came back: the loop is broken, not lossy."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds over ``count`` measurements; of those ``lost`` gave no value."""

    p50: float
    p99: float
    worst: float
    count: int
    lost: int = 0


def spread(values_ns: Sequence[int], lost: int = 0) -> Spread:
    """Percentiles by nearest rank.

    Raises:
        ValueError: there is nothing to measure.
    """
    if not values_ns:
        raise ValueError("no measurements")
    ordered = sorted(values_ns)
    last = len(ordered) - 1

    def rank(share: float) -> float:
        return ordered[min(last, round(share * last))] / 1e6

    return Spread(rank(0.5), rank(0.99), ordered[-1] / 1e6, len(ordered) + lost, lost)


def measure_loopback(system: MidiSystem, messages: int = 200, timeout_s: float = 0.25) -> Spread:
    """Send from one virtual port to another through the MIDI system; from send call to stamp.

    A message that is not there after ``timeout_s`` is lost: JACK drops what a client did not read in time.

    Raises:
        PortError: no virtual ports, no connection, or nothing comes back.
    """
    arrived: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
    sender = system.open_virtual_output(LOOP_OUT)
    try:
        receiver = system.open_input(LOOP_OUT, lambda stamp, data: arrived.put((stamp, data)), LOOP_IN)
        try:
            times: list[int] = []
            lost = 0
            for number in range(messages):
                # The velocity tells a message that comes late from its successors.
                data = bytes((0x90 if number % 2 == 0 else 0x80, 60, 1 + number % 127))
                sent = time.perf_counter_ns()
                sender.send(data)
                stamp = _await(data, arrived, timeout_s)
                if stamp is not None:
                    times.append(stamp - sent)
                    continue
                lost += 1
                if not times and lost == GIVE_UP_AFTER:
                    raise PortError("nothing that the self-test sent came back")
        finally:
            system.forget(receiver)
    finally:
        system.forget(sender)
    return spread(times, lost)


def _await(data: bytes, arrived: "queue.SimpleQueue[tuple[int, bytes]]", timeout_s: float) -> int | None:
    """The stamp of ``data``, None where it does not come; what was given up before it is passed over."""
    end = time.monotonic() + timeout_s
    while True:
        try:
            stamp, got = arrived.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            return None
        if got == data:
            return stamp


def measure_sleep(times: int = 200, sleep_s: float = 0.002) -> Spread:
    """How much later than asked ``time.sleep`` returns."""
    late: list[int] = []
    asked = int(sleep_s * 1e9)
    for _ in range(times):
        before = time.perf_counter_ns()
        time.sleep(sleep_s)
        late.append(max(0, time.perf_counter_ns() - before - asked))
    return spread(late)


def measure_priority() -> str:
    """What the output thread would be given, tried on a thread that ends at once."""
    # Imported here: the module loads system libraries on some systems.
    from jamtui.playback.priority import raise_this_thread

    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(raise_this_thread()))
    thread.start()
    thread.join()
    return said[0] if said else "Normal priority: the request failed."
