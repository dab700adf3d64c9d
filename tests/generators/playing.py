"""A whole band in the time of an event loop, with the worker process's half around a source.

The band is the one of ``tests/session/stage.py``: its clock is moved to where the loop's is (which may be
simulated, see ``virtual_time``), so that what is played has exact stamps. Briefs and bars pass the link's
codec.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from jamtui.generators.ollama import OllamaSource
from jamtui.music.chart import parse_chart
from jamtui.music.phrase import Bar, Role, Source
from jamtui.playback.commands import SentNote
from jamtui.processes.codec import decode, encode, from_plain
from jamtui.processes.sources import Sources
from jamtui.processes.workers import Workers
from jamtui.session.generator import Generator, GeneratorHealth
from tests.session.stage import MS, Stage

LOOP_TEXT = "Dm7 | G7 | Cmaj7 | A7"
LOOP_KEYS = ((50, 60, 65, 69), (55, 59, 65, 74), (48, 59, 64, 67), (57, 61, 67, 76))
"""The same as keys."""
LOOK_MS = (20.0, 20.0)
"""Coarser than the engine looks; what is played depends on stamps alone."""
EARLY_MS = 15
"""A player is a little ahead of the beat."""


def _now() -> float:
    return asyncio.get_running_loop().time()


REFLEX = GeneratorHealth(Source.REFLEX, "reflex", "ready", "")


@dataclass
class Playing:
    """One band that plays ``bars`` bars, over a chart or with a player who plays chords.

    ``chords``: keys that are struck, in turn, one chord a bar, ``EARLY_MS`` before its bar line; without a
    chart the band has to learn what comes. ``events``: what happens at the beginning of which bar (0-based),
    once; they may use the stage. ``look``: called every 20 ms.
    """

    source: OllamaSource | None
    bars: int
    tempo: float = 320.0
    chart: str = LOOP_TEXT
    """Empty: no chart."""
    chords: Sequence[Sequence[int]] = ()
    style: str = "swing"
    events: dict[int, Callable[["Playing"], None]] = field(default_factory=dict)
    started: Callable[["Playing"], bool] = lambda _playing: True
    """The first bar is not begun before this holds (ten seconds at most)."""
    seed: int = 7
    others: Sequence[Generator] = ()
    """Further sources in the worker process."""
    look: Callable[["Playing"], None] = lambda _playing: None

    def __post_init__(self) -> None:
        chart = parse_chart(self.chart) if self.chart else None
        self.stage = Stage(style=self.style, tempo=self.tempo, seed=self.seed, chart=chart, step_ms=LOOK_MS)
        self.health: list[tuple[float, GeneratorHealth]] = []
        self.offered: list[tuple[Bar, bool, str]] = []
        self.sources = Sources(REFLEX)
        self.bar_at: list[float] = []
        self.outlook: object = None
        self.position = 0.0
        """Bars since the beginning."""

    # -- the engine's half of the link -------------------------------------------------------------------

    def send(self, kind: str, body: object = None) -> bool:
        """A message of the worker process."""
        kind, plain = decode(encode(kind, body))
        band = self.stage.band
        if kind == "bar":
            bar = from_plain(Bar, plain)
            verdict = band.offer(bar, self.stage.time())
            self.offered.append((bar, verdict.accepted, verdict.reason))
        elif kind == "health":
            health = [from_plain(GeneratorHealth, one) for one in plain]
            self.health += [(_now(), h) for h in health if h.source is Source.OLLAMA]
            self.sources.take(health)
            band.conductor.set_sources(self.sources.wanted)
        return True

    def _brief(self, workers: Workers) -> None:
        band = self.stage.band
        tick = band.clock.segment.tick_at(self.stage.time())
        outlook = band.conductor.outlook(tick)
        if outlook != self.outlook:
            self.outlook = outlook
            useless = self.sources.useless(lambda brief: band.conductor.wants(brief, tick))
            if useless:
                workers.take("cancel", useless)
        for brief in band.briefs():
            self.sources.sent(brief)
            workers.take(*decode(encode("brief", brief)))

    # -- playing -----------------------------------------------------------------------------------------

    async def play(self) -> "Playing":
        """Play all bars."""
        sources: list[Generator] = [] if self.source is None else [self.source]
        workers = Workers(self, [*sources, *self.others])
        workers.attach()
        workers.introduce()
        patience = _now() + 10
        while not self.started(self) and _now() < patience:
            await asyncio.sleep(0.02)
        stage = self.stage
        stage.act("start_stop")
        begin, zero = _now(), stage.time()
        bar_ns = round(4 * 60e9 / self.tempo)
        due = dict(self.events)
        struck = 0
        try:
            while True:
                passed = int((_now() - begin) * 1e9)
                bar = passed // bar_ns
                if bar >= self.bars:
                    break
                while len(self.bar_at) <= bar:
                    self.bar_at.append(_now())
                while self.chords and struck * bar_ns - EARLY_MS * MS <= passed:
                    stage.play_until(max(stage.time(), zero + struck * bar_ns - EARLY_MS * MS))
                    stage.lift(*self.chords[(struck - 1) % len(self.chords)] if struck else ())
                    stage.press(*self.chords[struck % len(self.chords)])
                    struck += 1
                stage.play_until(zero + passed)
                for number in [n for n in due if n <= bar]:
                    due.pop(number)(self)
                self.position = passed / bar_ns
                self.look(self)
                self._brief(workers)
                await asyncio.sleep(0.02)
        finally:
            await workers.close()
            workers.cancel_all()
        stage.play_until(zero + self.bars * bar_ns - MS)
        return self

    # -- what came of it ---------------------------------------------------------------------------------

    def notes(self, *roles: Role) -> list[tuple[str, int, bool, int]]:
        """What left the machine for ``roles``: role, tick, on, pitch."""
        names = {role.value for role in roles}
        return [n for n in self.stage.notes() if n[0] in names]

    def lead_by_bar(self) -> list[str]:
        """Per bar, the letters of the sources whose notes of the lead were sent in it."""
        found: list[set[str]] = [set() for _ in range(self.bars)]
        for report in self.stage.all_reports:
            if isinstance(report, SentNote) and report.on and report.role is Role.LEAD:
                bar = report.tick // 3840
                if bar < self.bars:
                    found[bar].add(report.source.value)
        return ["".join(sorted(letters)) for letters in found]

    def onsets(self, role: Role) -> list[set[tuple[int, int]]]:
        """Per bar, tick and pitch of the notes that began in it."""
        found: list[set[tuple[int, int]]] = [set() for _ in range(self.bars)]
        for name, tick, on, pitch in self.stage.notes():
            if on and name == role.value and tick // 3840 < self.bars:
                found[tick // 3840].add((tick, pitch))
        return found

    def shown(self, since: float, seconds: float) -> list[GeneratorHealth]:
        """What the panel showed from ``since`` on for so long: what stood there, and what came."""
        before = [h for at, h in self.health if at < since][-1:]
        return before + [h for at, h in self.health if since <= at <= since + seconds]

    def states(self) -> list[str]:
        """The states that the panel showed, in order, equal neighbours once."""
        found: list[str] = []
        for _, health in self.health:
            if not found or found[-1] != health.state:
                found.append(health.state)
        return found

    def told(self, state: str) -> str:
        """The last sentence that was shown with ``state``."""
        return next((h.detail for _, h in reversed(self.health) if h.state == state), "")

    def refusals(self) -> Counter[str]:
        """Why the engine refused bars."""
        return Counter(reason for _, accepted, reason in self.offered if not accepted)

    @property
    def dead_air(self) -> int:
        """Silences that nobody planned."""
        return self.stage.band.kpi.dead_air


def ready(playing: Playing) -> bool:
    """A host is ready to write."""
    return bool(playing.health) and playing.health[-1][1].state in ("ready", "slow")


async def play_all(bands: Sequence[Playing]) -> None:
    """Play several bands at once."""
    await asyncio.gather(*(band.play() for band in bands))
