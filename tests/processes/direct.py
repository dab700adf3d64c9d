"""The outlet's parts without its process: what the engine asks and hands over arrives at once."""

from collections.abc import Mapping

from jamtui.errors import PortError
from jamtui.midi.ports import MidiSystem
from jamtui.playback.fakes import DummyTime
from jamtui.playback.handover import Frames, Handed, Receipt, Receipts, pack, pack_receipt
from jamtui.playback.ledger import LEDGER_BYTES, Ledger, read_bitmap
from jamtui.playback.outlet import Outlet
from jamtui.playback.sinks import PortGone
from jamtui.processes.outlet_link import LOOK_NS
from jamtui.processes.outlet_ports import OutletPorts
from jamtui.processes.placing import OutputsView, Wanted, brought_up
from jamtui.processes.sinks import SINKS


class Direct:
    """The `Outputs` of an engine, over a given MIDI system and a dummy clock."""

    def __init__(self, system: MidiSystem, time: DummyTime) -> None:
        self._system = system
        self._time = time
        self._serial = 0
        self._next_look = 0
        self._soon: list[tuple[str, OutputsView]] = []
        self.connected = False
        self.lost = 0
        self.bitmap = bytearray(LEDGER_BYTES)
        self.reached = False
        """Whether a new outlet is there once the old one was killed."""
        self.begin()

    def begin(self) -> None:
        """A new outlet starts."""
        self.outlet = Outlet(SINKS, Ledger(SINKS, self.bitmap), now=self._time)
        self.ports = OutletPorts(self._system, self.outlet.serve)
        self._frames = Frames()
        self._receipts = Receipts()
        self.connected = True

    def kill(self) -> None:
        """The outlet dies."""
        self.connected = self.reached = False
        self.lost = self._serial
        self._soon.clear()

    def settled(self) -> bool:
        """Nothing is owed."""
        return read_bitmap(self.bitmap) == []

    def hand(self, port: int, data: bytes, due_ns: int, lapses: bool, reported: bool, /) -> int:
        if not self.connected:
            raise PortGone("away")
        self._serial += 1
        for handed in self._frames.take(pack(Handed(self._serial, due_ns, port, data, lapses, reported))):
            self.outlet.take(handed)
        self.outlet.step(self._time.ns)
        return self._serial

    def hand_over(self) -> None:
        pass

    def receipts(self) -> list[Receipt]:
        found: list[Receipt] = []
        while self.outlet.receipts:
            found += self._receipts.take(pack_receipt(self.outlet.receipts.popleft()))
        return found

    def api(self) -> OutputsView:
        return self.ports.view()

    def arrange(self, wanted: Mapping[str, Wanted], timeout_s: float, /) -> OutputsView:
        self.ports.arrange(wanted)
        return self.ports.view()

    def arrange_soon(self, wanted: Mapping[str, Wanted], /) -> None:
        self._soon.append(("arrange", self.arrange(wanted, 0.0)))

    def assign(self, sink: str, want: Wanted, /) -> OutputsView:
        if not self.connected:
            raise PortError("the MIDI outputs do not answer; try again in a moment")
        refused = ""
        try:
            self.ports.assign(sink, want)
        except PortError as error:
            refused = str(error)
        view = self.ports.view(refused=refused)
        self._soon = [*brought_up(self._soon, view), ("look", view)]
        if refused:
            raise PortError(refused)
        return view

    def find_again(self, ns: int, /) -> bool:
        if self.reached and not self.connected:
            self.begin()
            return True
        return False

    def news(self, ns: int, /) -> list[tuple[str, OutputsView]]:
        found, self._soon = self._soon, []
        if self.connected and ns >= self._next_look:
            self._next_look = ns + LOOK_NS
            self.ports.look(ns, self.outlet.gone())
            found.append(("look", self.ports.view()))
        return found
