"""The thread that fetches input: when it looks."""

import itertools
import threading
from typing import Any, cast

from jamtui.midi.port import InputPort
from jamtui.midi.pump import BUSY_NS, IDLE_NS, InputPump


class Port:
    """An input with one message, which says how often it was looked at."""

    def __init__(self, looks: int) -> None:
        self.left = looks
        self.done = threading.Event()

    def fetch(self) -> int:
        self.left -= 1
        if self.left == 0:
            self.done.set()
        return 1


def test_the_time_of_every_look_is_asked_for() -> None:
    asked: list[int] = []

    def outside(wake: int) -> int:
        asked.append(wake)
        return wake

    pump = InputPump(outside=outside)
    port = Port(5)
    pump.add(cast("InputPort", cast("Any", port)))
    assert port.done.wait(10)
    pump.close()
    assert len(asked) >= 4
    # Something was fetched each time, so it looks again soon; time passes between the looks, not less.
    assert BUSY_NS < IDLE_NS
    assert all(b - a >= BUSY_NS for a, b in itertools.pairwise(asked))
