"""Note-offs that must arrive although JACK2 is taking a killed program's clients away.

It does so one client after the other, each in its client timeout (jackd's ``-t``, 500 ms unless set), and
meanwhile neither answers requests nor runs those who were connected to the dead: what is sent to them then is
lost. So note-offs are sent again and again until the dead ports are gone.
"""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

REPEAT_S = 0.05
FOR_S = 8.0
"""No longer than this: by then JACK itself is hung."""
SETTLED_S = 0.15
"""After the last dead port went, those who listen run again within this time."""


class Ports(Protocol):
    """As ``jamtui.midi.jack.JackControl`` has it."""

    @property
    def alive(self) -> bool:
        """Whether the server answers."""
        ...

    def senders(self) -> Sequence[str]:
        """Full names of the ports that send."""
        ...


def insist(
    send: Callable[[], object],
    ports: Ports,
    dead: Callable[[str], bool],
    over: Callable[[], bool] = lambda: False,
    *,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Call ``send`` now and until shortly after the last port for which ``dead`` holds is gone.

    Args:
        over: ends it early, with a successor about to play for instance.
    """
    end = now() + FOR_S
    settled: float | None = None
    while ports.alive and not over():
        send()
        at = now()
        if settled is None and not any(dead(name) for name in ports.senders()):
            settled = at + SETTLED_S
        if at >= end or (settled is not None and at >= settled):
            return
        sleep(REPEAT_S)
