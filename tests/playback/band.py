"""A band on a dummy clock, for tests: notes in, exact lists of what left out."""

from collections import deque
from collections.abc import Iterable, Mapping

from jamtui.music.meter import COMMON_TIME
from jamtui.music.phrase import Role, Source
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import (
    Command,
    DroppedNote,
    PlannedNote,
    Report,
    Route,
    SentNote,
    SetFeel,
    Splice,
)
from jamtui.playback.fakes import DummyTime, RecordingSink, play
from jamtui.playback.late import SEND_SOON, LatePolicy
from jamtui.playback.ledger import LEDGER_BYTES, Ledger, read_bitmap
from jamtui.playback.output import OutputLoop
from jamtui.playback.sinks import Sink
from jamtui.styles.style import Feel

MS = 1_000_000
TICK_NS = 60_000_000_000 / 120 / 960
"""At 120 BPM a quarter is 500 ms, an eighth 250 ms."""

ROUTES = {
    Role.LEAD: Route("lead"),
    Role.BASS: Route("bass", 1),
    Role.COMP: Route("comp", 2),
    Role.DRUMS: Route("drums", 9),
}


def note(
    tick: int,
    pitch: int,
    duration: int = 240,
    *,
    role: Role = Role.LEAD,
    velocity: int = 80,
    residual: int = 0,
    index: int = 0,
    seed: int = 1,
) -> PlannedNote:
    """A planned note whose bar is the 4/4 bar it is in."""
    bar = tick // 3840 * 3840
    return PlannedNote(role, tick, duration, pitch, velocity, residual, Source.REFLEX, bar, index, seed)


class Band:
    """An output loop at 120 BPM with recording sinks. Times are milliseconds."""

    def __init__(
        self,
        routes: Mapping[Role, Route] = ROUTES,
        sinks: Mapping[str, Sink] | None = None,
        late: LatePolicy = SEND_SOON,
    ) -> None:
        self.time = DummyTime()
        self.clock = MusicalClock(120.0)
        ports = sorted({route.port for route in routes.values()})
        self.recorded = {port: RecordingSink(self.time) for port in ports}
        self.commands: deque[Command] = deque()
        self.reports: deque[Report] = deque()
        self.bitmap = bytearray(LEDGER_BYTES)
        self.ledger = Ledger(ports, self.bitmap)
        self.loop = OutputLoop(
            self.clock,
            routes,
            self.recorded if sinks is None else sinks,
            self.commands,
            self.reports,
            self.ledger,
            now=self.time,
            late=late,
        )
        self.loop.step(0)
        for sink in self.recorded.values():
            sink.events.clear()

    def do(self, *commands: Command) -> None:
        """Hand over commands and have them obeyed now."""
        self.commands.extend(commands)
        self.loop.step(self.time.ns)

    def plan(self, *notes: PlannedNote, from_tick: int = 0) -> None:
        """Splice notes of one role."""
        self.do(Splice(notes[0].role, from_tick, notes))

    def feel(self, feel: Feel, role: Role = Role.LEAD, amount: float = 1.0) -> None:
        self.do(SetFeel(role, feel, COMMON_TIME, amount))

    def start(self) -> None:
        self.clock.start(self.time.ns)

    def until(self, ms: float) -> None:
        """Play on until ``ms``."""
        play(self.loop, self.time, round(ms * MS))

    def left(self, port: str = "lead") -> list[tuple[float, str, int]]:
        """``(ms, "on" or "off", pitch)`` of notes that left through ``port``."""
        return [(ns / MS, "on" if on else "off", pitch) for ns, on, _, pitch in self.recorded[port].notes()]

    def bytes_left(self, port: str = "lead") -> list[bytes]:
        return [data for _, data in self.recorded[port].events]

    def sent(self) -> list[SentNote]:
        return [report for report in self.reports if isinstance(report, SentNote)]

    def dropped(self) -> list[tuple[int, int, str]]:
        """``(tick, pitch, reason)``."""
        return [(r.tick, r.pitch, r.reason) for r in self.reports if isinstance(r, DroppedNote)]

    def settled(self) -> bool:
        """Nothing owed, in the ledger and in the bitmap."""
        return not self.ledger.owed() and not read_bitmap(self.bitmap)


def balanced(events: Iterable[tuple[int, bool, int, int]]) -> bool:
    """Every note-on has exactly its note-off, before the key is struck again."""
    sounding: set[tuple[int, int]] = set()
    for _, on, channel, pitch in events:
        key = (channel, pitch)
        if on == (key in sounding):
            return False
        (sounding.add if on else sounding.remove)(key)
    return not sounding
