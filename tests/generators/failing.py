"""A failure of an LLM as a case for a whole band: what its server does, and what the panel says of it."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from jamtui.generators.host import make_hosts
from jamtui.generators.ollama import OllamaSource
from jamtui.music.phrase import Source
from tests.generators.double import Double
from tests.generators.playing import Playing, play_all, ready
from tests.generators.plays import Music, Play
from tests.generators.told import Told
from tests.session.stage import styles

TEMPO = 120.0
BARS = 12
FAILS_AT = 3
"""The bar from whose beginning on things go wrong."""
MENDS = 3
"""Bars after which what happened to a server is undone."""
BEFORE = FAILS_AT + 1
"""Bars in which the LLM must have played, before that."""


def at_once(_server: Double) -> bool:
    return True


def first_play(server: Double) -> float:
    """When the first answer that was not music went wrong."""
    return min(s.wrong_at for s in server.seen if s.play not in (None, Music()))


@dataclass(frozen=True)
class Case:
    """A failure: what the server then answers, or what happens to it, and what the panel says of it."""

    plays: tuple[Play, ...] = ()
    event: Callable[[Double], None] | None = None
    when: Callable[[Double], bool] = at_once
    """The event waits for this."""
    later: Callable[[Double], None] | None = None
    moment: Callable[[Double], float] | None = None
    """When it could be known; else that of the event, or when an answer went wrong."""
    state: str = "ready"
    """What is shown within a second; ``ready``: nothing else ever is."""
    says: str = ""
    then: tuple[tuple[str, str], ...] = ()
    """States, with words, that are shown at any time after."""
    last: str | None = None
    """What is said of it afterwards; None: as ``says``; empty: nothing."""
    server: dict[str, object] = field(default_factory=dict)
    spare: dict[str, object] | None = None
    """A second host."""
    bars: int = BARS
    waits: bool = True
    """The band begins when the LLM is ready."""


@dataclass
class Scene:
    """A case while it is played, and after."""

    case: Case
    servers: list[Double]
    playing: Playing = field(init=False)
    happened: float | None = None
    position: float = 0.0
    told: bool = False
    mended: bool = False

    def __post_init__(self) -> None:
        source = OllamaSource(make_hosts([s.url for s in self.servers]), styles())
        started = ready if self.case.waits else (lambda _playing: True)
        self.playing = band(source, self.case.bars, started, self.look)

    def look(self, playing: Playing) -> None:
        """Let happen what is due."""
        case, server = self.case, self.servers[0]
        if playing.position < FAILS_AT and case.waits:
            return
        if not self.told:
            self.told = True
            server.play(*case.plays)
        if self.happened is None and case.event is not None and case.when(server):
            self.happened, self.position = server.now(), playing.position
            case.event(server)
        if self.happened is not None and not self.mended and playing.position >= self.position + MENDS:
            self.mended = True
            if case.later is not None:
                case.later(server)

    @property
    def moment(self) -> float:
        """When it could be known that something is wrong, in seconds."""
        if self.case.moment is not None:
            return self.case.moment(self.servers[0])
        if self.happened is not None:
            return self.happened
        return first_play(self.servers[0])


def band(
    source: OllamaSource | None,
    bars: int = BARS,
    started: Callable[[Playing], bool] = lambda _playing: True,
    look: Callable[[Playing], None] = lambda _playing: None,
) -> Playing:
    """A band with a library that has a bar for every bar, in time."""
    library = Told(Source.LIBRARY, dict.fromkeys(range(bars + 4), "soon"), "library")
    return Playing(source, bars, TEMPO, started=started, others=[library], look=look)


async def play_cases(cases: dict[str, Case]) -> tuple[dict[str, Scene], Playing]:
    """``cases``, each with servers of its own, and a band without an LLM, as long as the longest."""
    async with AsyncExitStack() as stack:
        scenes: dict[str, Scene] = {}
        for name, case in cases.items():
            servers = [Double(**({"tokens_per_s": 120.0} | case.server))]  # type: ignore[arg-type]
            if case.spare is not None:
                servers.append(Double(**case.spare))  # type: ignore[arg-type]  # as above
            for server in servers:
                await stack.enter_async_context(server)
            scenes[name] = Scene(case, servers)
        alone = band(None, max((case.bars for case in cases.values()), default=BARS))
        await play_all([alone, *(scene.playing for scene in scenes.values())])
    return scenes, alone
