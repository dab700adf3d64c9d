"""The output ports behind the sinks: opened as the engine wants them, kept when it dies."""

from collections.abc import Callable, Iterable, Mapping

from jamtui.errors import PortError
from jamtui.midi import names
from jamtui.midi.hotplug import PortChange, PortKeeper
from jamtui.midi.port import NullOutput, OutputPort
from jamtui.midi.ports import MidiSystem
from jamtui.playback.sinks import Sink
from jamtui.processes.placing import NULL, PORT, VIRTUAL, OutputsView, Placed, Wanted

_LEFT_NS = 1_000_000_000
"""Time between a sink's leaving a port and the port's closing."""
_SETTLE_NS = 1_000_000_000
"""Within this after a port's return the sending thread has surely heard of it."""
_LIST_NS = 2_000_000_000
"""Time between two readings of the list of outputs where reading holds the interpreter lock (not JACK)."""
_CHANGES = 64
"""Changes kept for an engine that is not there to hear of them."""

Output = OutputPort | NullOutput


class OutletPorts:
    """Which port each sink leads to. For one thread.

    Args:
        system: the ports.
        serve: has a sink served by a port from now on.
    """

    def __init__(self, system: MidiSystem, serve: Callable[[str, Sink | None], None]) -> None:
        self._system = system
        self._serve = serve
        self._keeper = PortKeeper(system, (), lambda _name: lambda _ns, _data: None)
        self._sinks: dict[str, Output] = {}
        self._wanted: dict[str, Wanted] = {}
        self._virtual: dict[str, OutputPort] = {}
        self._leaving: list[tuple[OutputPort, int]] = []
        self._settling: dict[str, int] = {}
        self._changes: list[PortChange] = []
        self._outputs: tuple[str, ...] = ()
        self._next_list = 0
        self._list_outputs()

    def arrange(self, wanted: Mapping[str, Wanted]) -> None:
        """Have exactly these sinks. What is open already stays as it is; what the system refuses is waited
        for and told as a change."""
        for sink in [s for s in self._sinks if s not in wanted]:
            self._serve(sink, None)
            self._put_away(sink, self._sinks.pop(sink), None)
            del self._wanted[sink]
        for sink, want in wanted.items():
            if want.same_place(self._wanted.get(sink)):
                continue
            try:
                port = self._open(sink, want)
            except PortError as error:
                if self._system.alive:  # else it is one matter for all ports, and told as such
                    self._note(PortChange("refused", False, want.name, str(error)))
                port = self._system.await_output(want.pattern, want.name)
                self._keeper.keep(port)
            self._place(sink, want, port)
        self._list_outputs()

    def assign(self, sink: str, want: Wanted) -> None:
        """Lead one sink elsewhere.

        Raises:
            PortError: no such port, or it is taken; nothing was changed.
        """
        self._place(sink, want, self._open(sink, want))
        self._list_outputs()

    def look(self, ns: int, failed: Iterable[tuple[str, str]] = ()) -> None:
        """Look for ports that came or went.

        Args:
            failed: sinks that failed in a send, with the reason (``Outlet.gone``).
        """
        for sink, reason in failed:
            port = self._sinks.get(sink)
            if isinstance(port, OutputPort) and not port.gone and ns >= self._settling.get(sink, 0):
                # Whatever the driver raised: the keeper says it and tries again.
                port.gone = reason
        changes = self._keeper.poll(ns)
        for change in changes:
            self._note(change)
            if change.kind != "back":
                continue
            for sink, port in self._sinks.items():
                if change.name in (port.name, "JACK"):
                    self._settling[sink] = ns + _SETTLE_NS
                    self._serve(sink, port)
        if self._leaving:
            self._close_left(ns)
        if changes or ns >= self._next_list or self._system.api == "jack":
            self._next_list = ns + _LIST_NS
            self._list_outputs()

    def view(self, priority: str = "", refused: str = "") -> OutputsView:
        """All that is to be known; the changes are told once."""
        changes, self._changes = tuple(self._changes), []
        return OutputsView(
            self._system.api,
            self._system.reason,
            {sink: _placed(port) for sink, port in self._sinks.items()},
            self._outputs,
            self._keeper.missing,
            changes,
            priority,
            refused,
        )

    def close(self) -> None:
        """Close every port."""
        self._system.close()

    def _list_outputs(self) -> None:
        self._outputs = self._system.outputs()

    def _note(self, change: PortChange) -> None:
        self._changes.append(change)
        del self._changes[:-_CHANGES]

    def _open(self, sink: str, want: Wanted) -> Output:
        if want.kind == NULL:
            return NullOutput(want.name, want.reason)
        if want.kind == VIRTUAL:
            port = self._virtual.pop(sink, None)
            if port is None:
                port = self._system.open_virtual_output(want.name)
                self._keeper.keep(port)
            return port
        return self._play_into(want.pattern, want.name)

    def _place(self, sink: str, want: Wanted, port: Output) -> None:
        old = self._sinks.get(sink)
        self._sinks[sink], self._wanted[sink] = port, want
        self._serve(sink, port)
        if old is not None and old is not port:
            self._put_away(sink, old, port)

    def _play_into(self, pattern: str, name: str) -> OutputPort:
        """The port that plays into what ``pattern`` means: one that is open already, for some systems let a
        port be opened only once, else a new one called ``name``."""
        found = names.find(pattern, self._system.outputs())
        for port in self._sinks.values():
            if isinstance(port, OutputPort) and port.target and port.target == found:
                return port
        port = self._system.open_output(pattern, name)
        self._keeper.keep(port)
        return port

    def _put_away(self, sink: str, port: Output, successor: Output | None) -> None:
        """A sink has left ``port``: a virtual one is kept, for those who are connected to it."""
        if not isinstance(port, OutputPort) or port is successor:
            return
        if not port.target:
            self._virtual[sink] = port
        elif not any(p is port for p in self._sinks.values()):
            self._keeper.drop(port)
            self._leaving.append((port, 0))

    def _close_left(self, ns: int) -> None:
        """Close ports that sinks left, when the last was surely sent into them."""
        waiting = [(port, due or ns + _LEFT_NS) for port, due in self._leaving]
        self._leaving = [(port, due) for port, due in waiting if due > ns]
        for port, due in waiting:
            if due <= ns:
                self._system.forget(port)


def _placed(port: Output) -> Placed:
    if isinstance(port, NullOutput):
        return Placed(port.name, reason=port.reason, kind=NULL)
    return Placed(port.name, port.target, port.gone, kind=PORT if port.target else VIRTUAL)
