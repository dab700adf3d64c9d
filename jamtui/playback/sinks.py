"""What the output loop writes to."""

from typing import Protocol

from jamtui.errors import PortError


class PortGone(PortError):  # noqa: N818  (the field says "gone"; it is a state of the port, not a fault)
    """The port disappeared and *nothing of this message was sent*."""


class Sink(Protocol):
    """An open output port. Only the output thread calls it."""

    def send(self, data: bytes) -> None:
        """Send one MIDI message now, without blocking. Raises `PortGone` when the port is no longer there."""
        ...


class NullSink:
    """Takes everything and sends nothing: the output where the system has no MIDI."""

    def send(self, data: bytes) -> None:
        """Forget ``data``."""
