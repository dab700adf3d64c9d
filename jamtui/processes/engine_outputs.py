"""The engine's picture of the output ports, which are the outlet's: where sinks lead, what came and went."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from jamtui.midi.hotplug import PortChange
from jamtui.playback.commands import Command, SetSink
from jamtui.processes.outlet_link import AWAY, Outputs, RemotePort
from jamtui.processes.placing import NULL, VIRTUAL, OutputsView, Placed, Wanted

OPEN_S = 20.0
"""How long the first opening of all ports may take: JACK may still be taking dead clients away."""
_TRY_AGAIN_NS = 500_000_000
"""Time between a refused message and the next try to use its sink, where the port itself is well."""


class EngineOutputs:
    """For the planning thread.

    Args:
        outputs: who owns the ports.
        tell: one sentence and its severity for the event line.
    """

    def __init__(self, outputs: Outputs, tell: Callable[[str, str], None]) -> None:
        self._outputs = outputs
        self._tell = tell
        self.view = outputs.api()
        """What was seen last."""
        self.wanted: dict[str, Wanted] = {}
        """Where each sink is to lead."""
        self.sinks: dict[str, RemotePort] = {}
        self._lost = False
        self._try_again: dict[str, int] = {}

    def open(self) -> None:
        """Have what is wanted opened, and wait for it."""
        self._take(self._outputs.arrange(self.wanted, OPEN_S))

    def open_soon(self) -> None:
        """The same, without waiting: a later `follow` says what became of it."""
        self._outputs.arrange_soon(self.wanted)

    def follow(self, ns: int, failed: Iterable[tuple[str, str]]) -> list[Command]:
        """What the output loop has to know of the outputs."""
        commands: list[Command] = []
        outputs = self._outputs
        if not outputs.connected and not self._lost:
            self._lost = True
            self._tell("the process that owns the MIDI outputs died; it is started again", "warning")
            for sink, port in self.sinks.items():
                port.placed = replace(port.placed, gone=AWAY)
                commands.append(SetSink(sink, None))
        if self._lost and outputs.find_again(ns):
            outputs.arrange_soon(self.wanted)
        for kind, view in outputs.news(ns):
            if kind == "arrange":
                self._take(view)
                was_lost, self._lost = self._lost, False
                reached = any(at.is_port and not at.gone for at in view.sinks.values())
                if was_lost and reached and not view.refused:
                    self._tell("the MIDI outputs are back", "info")
                commands += [SetSink(sink, port) for sink, port in self.sinks.items()]
            elif not self._lost:
                commands += self._adopt(view)
        if not self._lost:
            commands += self._use_again(ns, failed)
        return commands

    def _take(self, view: OutputsView) -> None:
        """The outputs were arranged anew."""
        self.view = view
        reason = view.refused or "it could not be opened"
        placed = {sink: _unopened(want, reason) for sink, want in self.wanted.items()} | view.sinks
        self.sinks = {sink: RemotePort(sink, at, self._outputs) for sink, at in placed.items()}
        if view.refused:
            self._tell(f"not all MIDI outputs could be opened: {view.refused}", "warning")
        self._hear(view)

    def _adopt(self, view: OutputsView) -> list[Command]:
        """What came and went since the last look."""
        self.view = view
        self._hear(view)
        commands: list[Command] = []
        for sink, port in self.sinks.items():
            at, was = view.sinks.get(sink, port.placed), port.placed
            port.placed = at
            if at.gone and not was.gone:
                commands.append(SetSink(sink, None))
            elif not at.gone and (was.gone or self._is_back(at, view)):
                commands.append(SetSink(sink, port))
        return commands

    def _hear(self, view: OutputsView) -> None:
        for change in worth_telling(view.changes):
            # Of the server itself the inputs' keeper tells, too.
            if change.name != "JACK":
                self._tell(change.text, "info" if change.kind == "back" else "warning")

    def _is_back(self, placed: Placed, view: OutputsView) -> bool:
        return any(c.kind == "back" and c.name in (placed.name, "JACK") for c in view.changes)

    def _use_again(self, ns: int, failed: Iterable[tuple[str, str]]) -> list[Command]:
        """Sinks that the output loop gave up although their ports are well: more was to be sent than could
        be."""
        commands: list[Command] = []
        waiting, self._try_again = self._try_again, {}
        for sink, _reason in failed:
            port = self.sinks.get(sink)
            if port is None or port.placed.gone:
                continue
            at = waiting.get(sink, ns + _TRY_AGAIN_NS)
            if ns >= at:
                commands.append(SetSink(sink, port))
                at = ns + _TRY_AGAIN_NS
            self._try_again[sink] = at
        return commands

    def assign(self, sink: str, want: Wanted) -> SetSink:
        """Lead ``sink`` elsewhere; what the output loop has to know. Raises `PortError` where that fails.

        What came and went meanwhile is heard in the next `follow`."""
        view = self._outputs.assign(sink, want)
        self.wanted[sink] = want
        self.view = view
        port = RemotePort(sink, view.sinks[sink], self._outputs)
        self.sinks[sink] = port
        return SetSink(sink, port)

    def placed(self) -> dict[str, Placed]:
        """Where each sink leads."""
        return {sink: port.placed for sink, port in self.sinks.items()}

    def taken(self) -> set[str]:
        """Names of the ports that the band plays through and into."""
        return {name for at in self.placed().values() if at.is_port for name in (at.name, at.target) if name}

    def all_virtual(self) -> bool:
        """Whether each sink has a virtual port of its own."""
        return all(at.kind == VIRTUAL for at in self.placed().values())


def worth_telling(changes: Iterable[PortChange]) -> list[PortChange]:
    """Without the ports that are back with their server: that says it all."""
    changes = list(changes)
    with_server = any(c.name == "JACK" and c.kind == "back" for c in changes)
    return [c for c in changes if not (with_server and c.kind == "back" and c.name != "JACK")]


def _unopened(want: Wanted, reason: str) -> Placed:
    """What became of ``want`` when the outlet failed, for ``reason``, before it came to it."""
    return Placed(want.name, want.pattern, "" if want.kind == NULL else reason, want.reason, want.kind)
