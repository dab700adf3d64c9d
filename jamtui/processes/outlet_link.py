"""The engine's end of the link to the outlet: ports to hand messages to, and questions to ask."""

import contextlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from jamtui.errors import LinkError, PortError
from jamtui.playback.handover import MESSAGE_LIMIT, Handed, Receipt, Receipts, pack
from jamtui.playback.sinks import PortGone
from jamtui.processes.codec import decode, encode, from_plain, to_plain
from jamtui.processes.link import AnyConnection, connect
from jamtui.processes.placing import OutputsView, Placed, Wanted, brought_up
from jamtui.processes.sinks import SINKS
from jamtui.processes.stream import Stream, open_stream

ASK_S = 3.0
"""How long a choice of the player waits for its port: longer than JACK takes to open one when it is busy."""
CONNECT_S = 0.5
"""How long the handshake may take: the outlet has little else to do."""
RETRY_NS = 100_000_000
"""Between two tries to find a new outlet."""
LOOK_NS = 250_000_000
"""Between two questions after ports that came or went."""
IN_HAND_LIMIT = 1 << 16
"""Bytes kept for an outlet that does not take them."""
AWAY = "the process that owns the ports is being started again"


class NoOutletError(PortError):
    """The outlet does not answer: it died, or is hung and will be replaced."""


class RemotePort:
    """A sink whose port is another process's; a ``jamtui.playback.sinks.AheadSink``."""

    def __init__(self, sink: str, placed: Placed, link: "Hands") -> None:
        self._index = SINKS.index(sink)
        self._link = link
        self.placed = placed
        """Where it leads, as far as is known."""

    def send(self, data: bytes) -> None:
        """Have one message leave now. Raises `PortGone` when nothing can be sent."""
        self.send_at(data, time.perf_counter_ns())
        self._link.hand_over()

    def send_at(self, data: bytes, due_ns: int, *, lapses: bool = False, reported: bool = False) -> int:
        """Have one message leave at ``due_ns`` (`AheadSink.send_at`); it goes with the next
        `OutletLink.hand_over`."""
        gone = self.placed.gone
        if gone:
            raise PortGone(f"{self.placed.name}: {gone}")
        if len(data) > MESSAGE_LIMIT:
            return 0  # a dump that no MIDI system would take in one piece is left out
        return self._link.hand(self._index, data, due_ns, lapses, reported)


class Hands(Protocol):
    """Who takes messages for ports."""

    def hand(self, port: int, data: bytes, due_ns: int, lapses: bool, reported: bool, /) -> int:
        """Take a message; returns its number. Raises `PortGone` where that is not possible."""
        ...

    def hand_over(self) -> None:
        """Hand over what was taken."""
        ...


class Outputs(Hands, Protocol):
    """Who owns the output ports, as the engine sees it: `OutletLink`, whose methods these are."""

    @property
    def connected(self) -> bool: ...

    @property
    def lost(self) -> int: ...

    def receipts(self) -> list[Receipt]: ...

    def api(self) -> OutputsView: ...

    def arrange(self, wanted: Mapping[str, Wanted], timeout_s: float, /) -> OutputsView: ...

    def arrange_soon(self, wanted: Mapping[str, Wanted], /) -> None: ...

    def assign(self, sink: str, want: Wanted, /) -> OutputsView: ...

    def find_again(self, ns: int, /) -> bool: ...

    def news(self, ns: int, /) -> list[tuple[str, OutputsView]]: ...


class OutletLink:
    """Finds the outlet of a band, hands messages over and asks for ports. `hand` and `hand_over` are for any
    thread and never wait; everything else is the planning thread's.

    Args:
        runtime: the band's folder.
    """

    def __init__(self, runtime: Path) -> None:
        self._runtime = runtime
        self._control: AnyConnection | None = None
        self._stream: Stream | None = None
        self._receipts = Receipts()
        self._serial = 0
        self._hand_lock = threading.Lock()
        self._in_hand = bytearray()
        """Frames that go together: each write lets the interpreter go, and a thread that plans keeps it."""
        self._full = False
        self._asked = 0
        self._open: dict[int, str] = {}
        """Questions without an answer yet: their kinds by number."""
        self._unread: list[tuple[str, OutputsView]] = []
        """Answers that came while another one was waited for."""
        self._next_try = self._next_look = 0
        self.lost = 0
        """Of messages up to this number no receipt will come any more: their outlet is gone."""

    # Messages

    @property
    def connected(self) -> bool:
        """Whether there is an outlet to hand messages to."""
        return self._stream is not None

    def hand(self, port: int, data: bytes, due_ns: int, lapses: bool, reported: bool, /) -> int:
        """Take a message for the next `hand_over`; returns its number. Raises `PortGone` where that is not
        possible."""
        with self._hand_lock:
            if self._stream is None:  # asked here, so that no message is taken behind `lost`
                raise PortGone(AWAY)
            if len(self._in_hand) > IN_HAND_LIMIT:
                raise PortGone("more is to be sent than the ports take")
            self._serial += 1
            self._in_hand += pack(Handed(self._serial, due_ns, port, data, lapses, reported))
            return self._serial

    def hand_over(self) -> None:
        """Hand over what was taken. What there is no room for is kept for the next time."""
        if not self._in_hand:
            return
        # With an outlet that is gone goes what was meant for it: `receipts` finds out.
        with self._hand_lock, contextlib.suppress(OSError):
            if self._stream is not None:
                self._full = not self._stream.write(bytes(self._in_hand))
                if not self._full:
                    self._in_hand.clear()

    def receipts(self) -> list[Receipt]:
        """What became of what was handed over, since the last call."""
        stream = self._stream
        if stream is None:
            return []
        found: list[Receipt] = []
        try:
            stream.flush()
            if self._full:
                self.hand_over()
            while data := stream.read():
                found += self._receipts.take(data)
        except (EOFError, OSError, ValueError):  # also of what is no receipt
            self._lose()
        return found

    # Questions

    def find(self, timeout_s: float) -> None:
        """Wait for an outlet.

        Raises:
            NoOutletError: none answered in time.
        """
        end = time.monotonic() + timeout_s
        while True:
            try:
                self._connect()
                return
            except LinkError as error:
                if time.monotonic() >= end:
                    raise NoOutletError(str(error)) from error
                time.sleep(0.01)

    def find_again(self, ns: int) -> bool:
        """Try, if it is time, to reach the successor of an outlet that is gone; True once it is."""
        if self.connected or ns < self._next_try:
            return False
        self._next_try = ns + RETRY_NS
        try:
            self._connect()
        except LinkError:
            return False
        return True

    def api(self) -> OutputsView:
        """What ports the outlet has to do with. Raises `NoOutletError` without an answer."""
        return self._ask("api", {}, CONNECT_S * 10)

    def arrange(self, wanted: Mapping[str, Wanted], timeout_s: float) -> OutputsView:
        """Have exactly these sinks. Raises `NoOutletError` without an answer in time."""
        return self._ask("arrange", {"sinks": dict(wanted)}, timeout_s)

    def arrange_soon(self, wanted: Mapping[str, Wanted]) -> None:
        """The same, without waiting: the answer is the next of `news`."""
        self._send("arrange", {"sinks": dict(wanted)})

    def assign(self, sink: str, want: Wanted) -> OutputsView:
        """Lead ``sink`` elsewhere; what came and went meanwhile is left to `news`. Raises `PortError` with
        the reason where that is not possible."""
        view = self._ask("assign", {"sink": sink, "wanted": want}, ASK_S)
        # Changes are told once, be the assignment refused or not.
        self._unread = [*brought_up(self._unread, view), ("look", view)]
        if view.refused:
            raise PortError(view.refused)
        return view

    def news(self, ns: int) -> list[tuple[str, OutputsView]]:
        """Ask, if it is time, what came and went; the answers that are there, with what they answer."""
        if self.connected and not self._open and ns >= self._next_look:
            self._next_look = ns + LOOK_NS
            self._send("look", {})
        found, self._unread = self._unread, []
        while (answer := self._receive(0.0)) is not None:
            found.append(answer[1:])
        # With an outlet goes what it said last: its successor has yet to open the ports.
        return found if self.connected else []

    def close(self) -> None:
        """Leave; the outlet ends what sounds."""
        self._lose()

    def _connect(self) -> None:
        self._lose()
        control = connect(self._runtime, "outlet", CONNECT_S)
        try:
            notes = connect(self._runtime, "notes", CONNECT_S)
        except LinkError:
            control.close()
            raise
        self._control = control
        self._receipts = Receipts()
        self._stream = open_stream(notes)

    def _lose(self) -> None:
        control, self._control = self._control, None
        self._open.clear()
        self._unread.clear()
        with self._hand_lock:
            stream, self._stream = self._stream, None
            self._in_hand.clear()
            self._full = False
            self.lost = self._serial
        if stream is not None:
            stream.close()
        if control is not None:
            with contextlib.suppress(OSError):
                control.close()

    def _ask(self, kind: str, body: Mapping[str, object], timeout_s: float) -> OutputsView:
        number = self._send(kind, body)
        end = time.monotonic() + timeout_s
        while self.connected and (left := end - time.monotonic()) > 0:
            answer = self._receive(left)
            if answer is not None and answer[0] == number:
                return answer[2]
            if answer is not None:
                self._unread.append(answer[1:])
        raise NoOutletError("the MIDI outputs do not answer; try again in a moment")

    def _send(self, kind: str, body: Mapping[str, object]) -> int:
        self._asked += 1
        if self._control is not None:
            try:
                self._control.send_bytes(encode(kind, {"id": self._asked, **to_plain(dict(body))}))
                self._open[self._asked] = kind
            except (OSError, ValueError):
                self._lose()
        return self._asked

    def _receive(self, timeout_s: float) -> tuple[int, str, OutputsView] | None:
        control = self._control
        if control is None:
            return None
        try:
            if not control.poll(timeout_s):
                return None
            kind, body = decode(control.recv_bytes())
            number = int(body["id"])
            return number, self._open.pop(number, kind), from_plain(OutputsView, body["view"])
        except (EOFError, OSError, LinkError, KeyError, TypeError, ValueError):
            self._lose()
            return None
