"""One open port: an output that is a sink, an input that stamps, and the output that is none."""

import contextlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from jamtui.midi.apis import failures
from jamtui.midi.stamping import ArrivalStamps
from jamtui.playback.sinks import PortGone

_ACTIVE_SENSING = 0xFE

Callback = Callable[[int, bytes], None]
"""Gets ``(stamp_ns, message)`` in an input thread: ``time.perf_counter_ns`` at arrival, one whole message."""


class OutputPort:
    """An open output; a ``jamtui.playback.sinks.Sink``.

    ``name`` is ours (``jamtui lead``), ``target`` the port it plays into, empty for a virtual port. Without a
    ``client`` it waits for its target to appear: every send raises PortGone until ``replace``.
    """

    def __init__(self, name: str, target: str, client: Any, full_name: str = "") -> None:
        self.name = name
        self.target = target
        self.full_name = full_name
        """JACK's ``client:port`` of our own port, empty elsewhere."""
        self.gone = ""
        """Why nothing can be sent now; empty while all is well. Set by whoever watches the port."""
        self.client = client
        self._send: Callable[[bytes], object] = _closed if client is None else client.send_message
        if client is None:
            self.gone = f"{target} is not there" if target else "it could not be opened"

    def send(self, data: bytes) -> None:
        """Send one whole message.

        Raises:
            PortGone: the port is not there; nothing was sent.
        """
        if self.gone:
            raise PortGone(f"{self.name}: {self.gone}")
        try:
            self._send(data)
        except failures() as error:
            self.gone = str(error) or type(error).__name__
            raise PortGone(f"{self.name}: {self.gone}") from error

    def replace(self, client: Any, full_name: str = "") -> None:
        """Go on with another rtmidi client, after a loss."""
        self.client = client
        self._send = client.send_message
        self.full_name = full_name
        self.gone = ""

    def close(self) -> None:
        """Close the port; later sends raise PortGone."""
        self.gone = "the port is closed"
        if self._send is not _closed:
            self._send = _closed
            close_client(self.client)


class NullOutput:
    """Takes everything and sends nothing; ``reason`` says why there is no port."""

    target = ""
    full_name = ""
    gone = ""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason

    def send(self, data: bytes) -> None:
        """Forget ``data``."""

    def close(self) -> None:
        """Nothing to close."""


class InputPort:
    """An open input. Messages go to its callback until it is closed.

    Where ``queued``, they wait in rtmidi's queue until ``fetch`` (see ``jamtui.midi.pump``); otherwise they
    come in rtmidi's thread. Without a ``client`` nothing comes until ``replace``.
    """

    def __init__(
        self,
        name: str,
        target: str,
        client: Any,
        callback: Callback,
        full_name: str = "",
        *,
        queued: bool = False,
    ) -> None:
        self.name = name
        self.target = target
        self.full_name = full_name
        self.gone = ""
        self.error = ""
        """What the callback last raised, empty if it never did."""
        self.closed = False
        self._callback = callback
        self._queued = queued
        self.client: Any = client
        """rtmidi's object."""
        self._stamps = ArrivalStamps()
        if client is None:
            self.gone = "it could not be opened"
        else:
            self.replace(client, full_name)

    def replace(self, client: Any, full_name: str = "") -> None:
        """Go on with another rtmidi client, after a loss."""
        if not self._queued:
            hand_on = self._hand_on
            client.set_callback(lambda event, _data: hand_on(event[0], time.perf_counter_ns()))
        self.client = client
        self.full_name = full_name
        self.gone = ""
        self._stamps = ArrivalStamps()

    def fetch(self) -> bool:
        """Hand on what waits in the queue; False when there was nothing."""
        client = self.client
        heard = False
        while client is not None and not self.closed:
            looked = time.perf_counter_ns()
            event = client.get_message()
            if event is None:
                self._stamps.nothing(looked)
                break
            heard = True
            message, distance_s = event
            stamp = self._stamps.arrived(distance_s, time.perf_counter_ns())
            if message[0] != _ACTIVE_SENSING:
                self._hand_on(message, stamp)
        return heard

    def _hand_on(self, message: list[int], stamp: int) -> None:
        try:
            self._callback(stamp, bytes(message))
        except Exception as error:  # there is nobody above this thread to tell; the log hears of it once
            if repr(error) != self.error:
                self.error = repr(error)
                traceback.print_exc()

    def close(self) -> None:
        """Close the port; no callback comes after this."""
        self.gone = "the port is closed"
        if self.closed:
            return
        self.closed = True
        if self.client is None:
            return
        if not self._queued:
            with contextlib.suppress(*failures()):
                self.client.cancel_callback()
        close_client(self.client)


def _closed(_data: bytes) -> object:
    raise PortGone("the port is closed")


def close_client(client: Any) -> None:
    """Close the port of an rtmidi client. The client itself lives until ``delete_client``."""
    with contextlib.suppress(*failures()), quiet():
        client.close_port()


def delete_client(client: Any) -> None:
    """Free an rtmidi client. Python does not do it by itself, and any later call on it crashes in C: only for
    a client that no thread can be using."""
    with contextlib.suppress(*failures()), quiet():
        client.delete()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drop what C libraries (ALSA, libjack) write to standard error meanwhile; it may be the screen."""
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, AttributeError, ValueError):
        yield  # no standard error to protect
        return
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
        os.close(null)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
