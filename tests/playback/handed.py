"""A band whose output loop hands over to an outlet, on one dummy clock; bytes in between, as in earnest."""

from collections import deque
from collections.abc import Mapping

from jamtui.music.phrase import Role
from jamtui.playback.commands import Command, Report, Route
from jamtui.playback.confirming import Confirming
from jamtui.playback.fakes import DummyTime, RecordingSink, play
from jamtui.playback.handover import Frames, Handed, Receipts, pack, pack_receipt
from jamtui.playback.ledger import LEDGER_BYTES, Ledger, read_bitmap
from jamtui.playback.outlet import Outlet
from jamtui.playback.output import OutputLoop
from jamtui.playback.sinks import AT_ONCE, Gather, PortGone, Sink
from tests.playback.band import MS, ROUTES, Band

AHEAD_MS = 2


class Hand:
    """The engine's end of a port."""

    def __init__(self, band: "HandedBand", index: int) -> None:
        self._band = band
        self._index = index

    def send(self, data: bytes) -> None:
        self.send_at(data, self._band.time.ns)

    def send_at(self, data: bytes, due_ns: int, *, lapses: bool = False, reported: bool = False) -> int:
        band = self._band
        if not band.linked:
            raise PortGone("no outlet")
        band.serial += 1
        frame = pack(Handed(band.serial, due_ns, self._index, data, lapses, reported))
        for handed in band.frames.take(frame):
            band.outlet.take(handed)
        return band.serial


class HandedBand(Band):
    """As `Band`; ``recorded`` are the ports behind the outlet, ``bitmap`` is its ledger's."""

    def __init__(
        self,
        routes: Mapping[Role, Route] = ROUTES,
        ports: Mapping[str, RecordingSink] | None = None,
        time: DummyTime | None = None,
        gather: Gather = AT_ONCE,
    ) -> None:
        super().__init__(routes)
        if time is not None:
            self.time = time
            self.recorded = {port: RecordingSink(time) for port in self.recorded}
        self._gather = gather
        if ports is not None:
            self.recorded = dict(ports)
        self.names = tuple(self.recorded)
        self.linked = True
        self.serial = 0
        self.frames = Frames()
        self.bitmap = bytearray(LEDGER_BYTES)
        self.held = Ledger(self.names, self.bitmap)
        self.outlet = Outlet(self.names, self.held, now=self.time)
        for name, sink in self.recorded.items():
            self.outlet.serve(name, sink)
        self.routes = routes
        self.confirming = Confirming()
        self.begin()
        self.outlet.step(0)
        for sink in self.recorded.values():
            sink.events.clear()

    def begin(self) -> None:
        """An engine starts."""
        self.commands: deque[Command] = deque()
        self.reports: deque[Report] = deque()
        self.ledger = Ledger(self.names)
        sinks: dict[str, Sink] = {name: Hand(self, index) for index, name in enumerate(self.names)}
        self.loop = OutputLoop(
            self.clock,
            self.routes,
            sinks,
            self.commands,
            self.reports,
            self.ledger,
            now=self.time,
            ahead_ns=AHEAD_MS * MS,
            gather=self._gather,
        )
        self.loop.step(self.time.ns)

    def kill(self) -> None:
        """The engine dies, whatever it was doing; its successor starts."""
        self.outlet.release()
        self.begin()

    @property
    def next_is_send(self) -> bool:
        """For the driver."""
        return self.loop.next_is_send

    def step(self, now: int, /) -> int | None:
        """Both processes do what is to be done."""
        due = [d for d in (self.loop.step(now), self.outlet.step(now)) if d is not None]
        return min(due) if due else None

    def finish(self, now: int, /) -> None:
        self.loop.finish(now)
        self.outlet.step(now)

    def do(self, *commands: Command) -> None:
        self.commands.extend(commands)
        self.step(self.time.ns)

    def until(self, ms: float) -> None:
        play(self, self.time, round(ms * MS))

    def confirmed(self) -> list[Report]:
        """The reports with what the receipts say, as far as they are there."""
        stream = Receipts()
        while self.outlet.receipts:
            self.confirming.receive(stream.take(pack_receipt(self.outlet.receipts.popleft())))
        while self.reports:
            self.confirming.take(self.reports.popleft())
        return self.confirming.drain()

    def settled(self) -> bool:
        return not self.held.owed() and not read_bitmap(self.bitmap)
