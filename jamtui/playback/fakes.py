"""Stand-ins for time and ports: with them a band plays flat out and leaves an exact list of events."""

from collections.abc import Callable

from jamtui.playback.output_thread import Stepped
from jamtui.playback.sinks import PortGone


class DummyTime:
    """A clock that stands still until it is moved. Call it for the time in nanoseconds."""

    def __init__(self, ns: int = 0) -> None:
        self.ns = ns

    def __call__(self) -> int:
        return self.ns

    def advance(self, ns: int) -> int:
        """Move on by ``ns`` nanoseconds; returns the new time."""
        return self.advance_to(self.ns + ns)

    def advance_to(self, ns: int) -> int:
        """Move on to ``ns``. Raises `ValueError` for a time that has passed."""
        if ns < self.ns:
            raise ValueError(f"time does not go back from {self.ns} to {ns}")
        self.ns = ns
        return ns


class RecordingSink:
    """An output port that writes down what it is sent: ``events`` holds ``(ns, bytes)``."""

    def __init__(self, time: Callable[[], int]) -> None:
        self._time = time
        self.events: list[tuple[int, bytes]] = []

    def send(self, data: bytes) -> None:
        """Write ``data`` down with the time."""
        self.events.append((self._time(), bytes(data)))

    def notes(self) -> list[tuple[int, bool, int, int]]:
        """Note messages only: ``(ns, on, channel, pitch)``."""
        return [
            (ns, data[0] >= 0x90 and data[2] > 0, data[0] & 15, data[1])
            for ns, data in self.events
            if 0x80 <= data[0] < 0xA0
        ]


class FlakySink(RecordingSink):
    """A port that is gone from ``gone_at`` until ``back_at`` (nanoseconds)."""

    def __init__(self, time: Callable[[], int], gone_at: int, back_at: int) -> None:
        super().__init__(time)
        self._gone_at = gone_at
        self._back_at = back_at

    def send(self, data: bytes) -> None:
        """Write ``data`` down, or raise `PortGone` while gone."""
        if self._gone_at <= self._time() < self._back_at:
            raise PortGone("The port was unplugged; plug it in again.")
        super().send(data)


def play(loop: Stepped, time: DummyTime, until_ns: int) -> None:
    """Drive ``loop`` from ``time`` to ``until_ns``, calling it exactly when it asks to be called."""
    stuck = 0
    while True:
        deadline = loop.step(time.ns)
        if deadline is None or deadline > until_ns:
            time.advance_to(max(time.ns, until_ns))
            return
        if deadline <= time.ns:
            stuck += 1
            if stuck > 3:
                raise RuntimeError(f"the loop asks for {deadline} again and again at {time.ns}")
        else:
            stuck = 0
            time.advance_to(deadline)
