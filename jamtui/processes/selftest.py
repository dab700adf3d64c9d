"""Measurements of this machine for ``jamtui doctor``: a MIDI loop of our own, and how sleep keeps time."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from jamtui.errors import PortError
from jamtui.midi.ports import MidiSystem

LOOP_OUT = "jamtui doctor out"
LOOP_IN = "jamtui doctor in"


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds over ``count`` measurements."""

    p50: float
    p99: float
    worst: float
    count: int


def spread(values_ns: Sequence[int]) -> Spread:
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

    return Spread(rank(0.5), rank(0.99), ordered[-1] / 1e6, len(ordered))


def measure_loopback(system: MidiSystem, messages: int = 200, timeout_s: float = 1.0) -> Spread:
    """Send from one virtual port to another through the MIDI system; from send call to stamp.

    Raises:
        PortError: no virtual ports, no connection, or a message that did not come back.
    """
    arrived = threading.Event()
    stamps: list[tuple[int, bytes]] = []

    def receive(stamp: int, data: bytes) -> None:
        stamps.append((stamp, data))
        arrived.set()

    sender = system.open_virtual_output(LOOP_OUT)
    try:
        receiver = system.open_input(LOOP_OUT, receive, LOOP_IN)
        try:
            times: list[int] = []
            for number in range(messages):
                arrived.clear()
                data = bytes((0x90 if number % 2 == 0 else 0x80, 60, 1 + number % 127))
                sent = time.perf_counter_ns()
                sender.send(data)
                if not arrived.wait(timeout_s):
                    raise PortError(f"message {number + 1} of the self-test did not come back")
                stamp, got = stamps[-1]
                if got != data:
                    raise PortError(f"the self-test sent {data.hex(' ')} and got {got.hex(' ')}")
                times.append(stamp - sent)
        finally:
            system.forget(receiver)
    finally:
        system.forget(sender)
    return spread(times)


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
