"""What the output loop writes to."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jamtui.errors import PortError


class PortGone(PortError):  # noqa: N818  (the field says "gone"; it is a state of the port, not a fault)
    """The port disappeared and *nothing of this message was sent*."""


class Sink(Protocol):
    """An open output port. Only the output thread calls it."""

    def send(self, data: bytes) -> None:
        """Send one MIDI message now, without blocking. Raises `PortGone` when the port is no longer there."""
        ...


@runtime_checkable
class AheadSink(Sink, Protocol):
    """A port that can be told before the time: what it is given leaves at its own time, in order."""

    def send_at(self, data: bytes, due_ns: int, *, lapses: bool = False, reported: bool = False) -> int:
        """Have one MIDI message leave at ``due_ns``, at once where that has passed; returns a number by which
        its receipt, if one is wanted (``reported``), is known. It may be left out when it cannot leave soon
        enough (``lapses``), and be kept until all is there that leaves together (``OutputLoop``'s
        ``hand_over``).

        Raises `PortGone` when nothing can be sent now."""
        ...


@dataclass(frozen=True, slots=True)
class Gather:
    """How long it takes to hand over messages that leave together, in nanoseconds: so much later they are
    due."""

    first_ns: int = 0
    each_ns: int = 0

    def ns(self, count: int) -> int:
        """For ``count`` messages."""
        return self.first_ns + self.each_ns * count


AT_ONCE = Gather()


class NullSink:
    """Takes everything and sends nothing: the output where the system has no MIDI."""

    def send(self, data: bytes) -> None:
        """Forget ``data``."""
