"""What the output loop writes to."""

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
        enough (``lapses``).

        Raises `PortGone` when nothing can be sent now."""
        ...


class NullSink:
    """Takes everything and sends nothing: the output where the system has no MIDI."""

    def send(self, data: bytes) -> None:
        """Forget ``data``."""
