"""A whole band under a dummy clock: inputs at exact stamps, outputs as exact lists."""

import random
from collections import deque
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from jamtui import paths
from jamtui.music.chart import Chart
from jamtui.music.phrase import Role
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import Command, Report, Route
from jamtui.playback.fakes import DummyTime, RecordingSink
from jamtui.playback.ledger import Ledger
from jamtui.playback.output import OutputLoop
from jamtui.session.band import Band
from jamtui.session.book import ReflexBook
from jamtui.session.book_compile import compile_book
from jamtui.session.conductor import Conductor
from jamtui.session.demo_player import DemoPlayer
from jamtui.session.hearing import ChordStream
from jamtui.session.midi_map import Mapping, MidiMap
from jamtui.session.settings import BandOptions, BandSettings
from jamtui.styles.loading import load_styles
from jamtui.styles.style import Style

MS = 1_000_000
SINKS = ("lead", "bass", "comp", "drums", "thru")
CHANNEL = {Role.LEAD: 0, Role.BASS: 1, Role.COMP: 2, Role.DRUMS: 9}


@cache
def styles() -> dict[str, Style]:
    """The styles that ship."""
    return dict(load_styles(paths.styles_dir()))


@cache
def book() -> ReflexBook:
    """The phrases that ship, compiled."""
    return compile_book(Path(paths.phrase_library_dir()), styles())


@dataclass
class Stage:
    """One band with its output loop; ``play_until`` moves time on."""

    style: str = "swing"
    seed: int = 7
    tempo: float = 120.0
    grid: str = "1/8"
    feel: float = 1.0
    hedge: bool = True
    demo: bool = False
    count_in: int = 0
    chart: Chart | None = None
    clock_source: str = "internal"
    clock_port: str = ""
    mappings: tuple[Mapping, ...] = ()
    step_ms: tuple[float, float] = (5.0, 5.0)
    """Shortest and longest time between two looks of the planning thread."""
    heard: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.time = DummyTime(1_000 * MS)
        self.commands: deque[Command] = deque()
        self.reports: deque[Report] = deque()
        self.sinks = {name: RecordingSink(self.time) for name in SINKS}
        self.clock = MusicalClock(self.tempo, self.time())
        self.ledger = Ledger(SINKS)
        routes = {role: Route(role.value, channel) for role, channel in CHANNEL.items()}
        self.loop = OutputLoop(
            self.clock, routes, self.sinks, self.commands, self.reports, self.ledger, now=self.time
        )
        conductor = Conductor(
            "test",
            self.seed,
            book(),
            styles(),
            BandSettings(style=self.style, grid=self.grid, feel=self.feel, hedge=self.hedge),
            chart=self.chart,
            click_port="drums",
        )
        self.band = Band(
            conductor=conductor,
            chords=ChordStream(),
            clock=self.clock,
            commands=self.commands,
            options=BandOptions(
                count_in=self.count_in,
                thru_port="thru",
                clock_source=self.clock_source,
                clock_port=self.clock_port,
            ),
            midi_map=MidiMap(self.mappings),
            demo=DemoPlayer(self.seed, self.tempo) if self.demo else None,
            chart=self.chart,
            tell=lambda text, severity: self.heard.append((severity, text)),
        )
        self.all_reports: list[Report] = []
        self._rng = random.Random(99)
        self._planned_look = self.time()

    def press(self, *notes: int, velocity: int = 80, at: int | None = None) -> None:
        """Strike keys now (or with an earlier stamp)."""
        for note in notes:
            self.band.midi(self.time() if at is None else at, "keys", bytes((0x90, note, velocity)))
        self._send()

    def lift(self, *notes: int) -> None:
        """Let keys go."""
        for note in notes:
            self.band.midi(self.time(), "keys", bytes((0x80, note, 0)))
        self._send()

    def act(self, action: str, argument: str | float | None = None, *, soon: bool = False) -> None:
        """Do an action now."""
        self.band.act(action, argument, soon=soon, ns=self.time())
        self._send()

    def wait(self, ms: float) -> None:
        """Let time pass."""
        self.play_until(self.time() + round(ms * MS))

    def play_until(self, ns: int) -> None:
        """Drive planning and output up to ``ns``, each at its own moments."""
        while True:
            deadline = self.loop.step(self.time())
            self._collect()
            due = min(x for x in (deadline, self._planned_look, ns) if x is not None)
            self.time.advance_to(max(due, self.time()))
            if self.time() >= ns:
                self.loop.step(self.time())
                self._collect()
                return
            if self.time() >= self._planned_look:
                self.band.advance(self.time())
                low, high = self.step_ms
                self._planned_look = self.time() + round(self._rng.uniform(low, high) * MS)

    def notes(self) -> list[tuple[str, int, bool, int]]:
        """What left: role, tick, on, pitch, in the order of ticks."""
        from jamtui.playback.commands import SentNote

        return sorted(
            (r.role.value, r.tick, r.on, r.pitch) for r in self.all_reports if isinstance(r, SentNote)
        )

    def _send(self) -> None:
        self.loop.step(self.time())
        self._collect()

    def _collect(self) -> None:
        taken = []
        while self.reports:
            taken.append(self.reports.popleft())
        self.all_reports += taken
        self.band.take_reports(taken, self.time())
