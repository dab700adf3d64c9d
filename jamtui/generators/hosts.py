"""The servers an LLM may run on, in order of preference: which one writes now, and why not the others."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from urllib.parse import urlsplit

from jamtui.generators.breaker import Breaker
from jamtui.generators.complaints import in_words, state_of, without_advice
from jamtui.generators.models import SUGGESTED, Measurements, find_model, measured_on, recommend
from jamtui.generators.ollama_client import (
    LOAD_S,
    Kind,
    OllamaClient,
    RunnerOptions,
    Trouble,
    loop_time,
    trouble,
)
from jamtui.generators.pacing import Pace
from jamtui.music.phrase import Source
from jamtui.session.generator import GeneratorHealth

NAME = "ollama"
LOAD_PATIENCE_S = 20.0
"""How long a model may take to load where another host waits; without one, as long as it takes."""
WARM_S = 120.0
"""How long the first answer of a model that was just loaded may take: it reads a whole prompt."""
WARM_PATIENCE_S = 10.0
"""The same, where the model was heard before, unless it needed half as long then."""
LATE_ROW = 3
"""Requests in a row that were closed without a whole bar, because it would have been late, until a host is
left for another one."""
SLOW_S = 15.0
"""The same, of the time for which a host writes some bars and not all."""
SLOW_FOR_S = 60.0
"""How long a host that was left for being slow is not fled to from another one."""
LOOK_S = 1.0
"""How often the keeper looks, and how old a sentence on the screen gets."""
PULSE_S = 0.5
"""How often a host that has nothing to write is asked whether it is still there, and its model too."""
LOCAL = ("127.0.0.1", "[::1]", "::1")

Warm = Callable[["Host", float], Awaitable[None]]


@dataclass(slots=True)
class Host:
    """A server with what is known of it."""

    client: OllamaClient
    wish: str = ""
    """The configured model; empty: the recommended one."""
    model: str = ""
    """The model that is loaded there."""
    thinking: bool = False
    pace: Pace = field(default_factory=Pace)
    breaker: Breaker = field(default_factory=Breaker)
    warm_s: float = 0.0
    """How long it took to read its first prompt and to write two bars."""
    late_row: int = 0
    """Requests in a row that were closed as late, without a whole bar."""
    slow_since: float | None = None
    """Since when it does not keep up, in seconds."""
    slow_until: float = 0.0
    """Until when it counts as too slow, in seconds."""
    note: str = ""
    """What to do about a host that cannot play, in a sentence."""
    flaw: tuple[str, str] | None = None
    """State and sentence for what went wrong since its last bar."""
    listed: bool = False
    """Whether it said of itself that its model is loaded."""

    @property
    def where(self) -> str:
        """The host in words: empty for this machine."""
        name = urlsplit(self.client.url).netloc
        return "" if name.rsplit(":", 1)[0] in LOCAL else name

    @property
    def who(self) -> str:
        """Model and host in words."""
        model = self.model or self.wish or "model"
        return f"{model} on {self.where}" if self.where else model


def make_hosts(
    urls: Sequence[str], model: str = "", options: RunnerOptions | None = None
) -> tuple[Host, ...]:
    """Hosts for ``urls``, all with the same runner options."""
    return tuple(Host(OllamaClient(url, options), model) for url in urls)


class Hosts:
    """Keeps one host ready to write.

    Args:
        hosts: in order of preference.
        warm: asks a host that has just loaded its model for a few bars, so that its prompt is known; with
            the longest wait for its first piece, in seconds.
        keeps_up: whether a host's pace is enough for what is played.
        measured: what ``jamtui llm bench`` found, by host and model.
        now: the time in seconds; the event loop's, where nothing else is said.
    """

    def __init__(
        self,
        hosts: Sequence[Host],
        warm: Warm,
        keeps_up: Callable[[Host], bool] = lambda _host: True,
        measured: Measurements | None = None,
        now: Callable[[], float] = loop_time,
    ) -> None:
        self.all = tuple(hosts)
        self.active: Host | None = None
        self._warm = warm
        self._keeps_up = keeps_up
        self._probe: tuple[Host, asyncio.Task[None]] | None = None
        self._measured = measured
        self._now = now
        self._news = asyncio.Event()
        self.failures = 0
        """Requests that failed, and hosts that were lost, in this session."""
        self.unheard_since: float | None = None
        """When the one that writes was asked whether it is there, and has not said so, in seconds."""
        self._last = ""
        self._state = ("loading", "looking for Ollama")
        self._say: Callable[[], None] = lambda: None

    async def keep(self, say: Callable[[], None]) -> None:
        """Run until cancelled. ``say``: called when ``health`` has changed."""
        self._say = say
        try:
            while True:
                await self._choose()
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._pause()):
                        await self._news.wait()
        finally:
            if self._probe is not None:
                self._probe[1].cancel()
                await asyncio.gather(self._probe[1], return_exceptions=True)
                self._probe = None

    async def close(self) -> None:
        """Close all connections."""
        for host in self.all:
            await host.client.close()

    def health(self) -> GeneratorHealth:
        """While no host is ready: why."""
        return GeneratorHealth(Source.OLLAMA, NAME, *self._state)

    def failed(self, host: Host, said: Trouble) -> None:
        """A request to ``host`` failed."""
        self._count(host, said)
        host.flaw = state_of(said.kind), without_advice(host.who, said)
        if host.breaker.failed(said.kind, str(said), self._now()):
            host.note = in_words(host.who, host.client.url, said)
            if self.active is host:
                self.active = None
                self._tell_down()
        self._say()
        self._news.set()

    def flawed(self, host: Host, flaw: str) -> None:
        """``host`` wrote some bars and not all, for what ``flaw`` says."""
        said = Trouble(Kind.NONSENSE, flaw)
        self._count(host, said)
        host.flaw = state_of(said.kind), without_advice(host.who, said)
        self._say()

    def late(self, host: Host, *, stopped: bool) -> None:
        """A request to ``host`` was closed, for not one bar would have been in time; ``stopped``: because it
        had stopped writing."""
        if stopped:
            self._count(host, Trouble(Kind.SILENT, "stopped in mid-answer"))
        host.flaw = "slow", f"{host.who} {'stopped in mid-answer' if stopped else 'writes too slowly'}"
        host.late_row += 1
        if host.late_row >= LATE_ROW:
            self._leave(host)

    def review(self) -> None:
        """Look whether the one that writes keeps up."""
        host, now = self.active, self._now()
        if host is None:
            return
        if self._keeps_up(host):
            host.slow_since = None
        elif host.slow_since is None:
            host.slow_since = now
        elif now - host.slow_since > SLOW_S:
            self._leave(host)

    def _leave(self, host: Host) -> None:
        """Leave ``host`` for being too slow, if another one may be better."""
        now = self._now()
        host.late_row, host.slow_since = 0, None
        host.slow_until = now + SLOW_FOR_S
        if any(h.slow_until <= now and h.breaker.allows(now) for h in self.all if h is not host):
            self.failed(host, Trouble(Kind.SLOW, "what it writes comes too late"))

    def succeeded(self, host: Host) -> None:
        """A request to ``host`` brought music."""
        host.late_row = 0
        if host.breaker.succeeded() or host.flaw is not None:
            host.note, host.flaw = "", None
            self._say()

    def _count(self, host: Host, said: Trouble) -> None:
        self.failures += 1
        self._last = without_advice(host.who, said)

    @property
    def history(self) -> str:
        """How often a host failed in this session, and how last; empty: never."""
        times = "once" if self.failures == 1 else f"{self.failures} times"
        return f"failed {times}, last: {self._last}" if self.failures else ""

    async def listen(self, idle: Callable[[], bool]) -> None:
        """Ask the one that writes whether it is still there, while it is ``idle``, until cancelled. Between
        two requests nothing else would say that a server was killed, or has thrown out its model."""
        while True:
            await asyncio.sleep(PULSE_S)
            host = self.active
            if host is None or not idle():
                self.unheard_since = None
                continue
            if self.unheard_since is None:
                self.unheard_since = self._now()
            try:
                loaded = await host.client.running()
            except Exception as error:  # whatever it is, the next request tells more
                said = trouble(error)
                if said.kind is Kind.SILENT:
                    continue
                self.unheard_since = None
                if said.kind in (Kind.REFUSED, Kind.CUT) and self.active is host:
                    self.failed(host, said)
                continue
            self.unheard_since = None
            if host.model in loaded:
                host.listed = True
            elif host.listed and self.active is host and idle():
                # Only of one that did list it: not every server in Ollama's tongue does.
                host.listed = False
                self.active = None
                self._count(host, Trouble(Kind.ERROR, "threw out its model"))
                self._set("loading", f"{host.who}: it was thrown out; loading")
                self._news.set()

    def _pause(self) -> float:
        """Seconds until a host may be asked again, or until it is time to look."""
        now = self._now()
        return min([LOOK_S, *(h.breaker.retry_at - now for h in self.all if h.breaker.retry_at > now)])

    async def _choose(self) -> None:
        if self._probe is not None and self._probe[1].done():
            self._probe = None
        for host in self.all:
            if host is self.active:
                return
            probed = self._probe is not None and self._probe[0] is host
            if probed or not host.breaker.allows(self._now()):
                continue
            if self.active is None:
                await self._take(host)
            elif self._probe is None:
                # Beside the one that writes, which may fail meanwhile.
                self._probe = host, asyncio.ensure_future(self._take(host))
            if self.active is not None:
                return
        if self.active is None:
            self._tell_down()

    async def _take(self, host: Host) -> None:
        """Make ``host`` the one that writes, if it can be made ready and no better one is meanwhile."""
        if not await self._prepare(host):
            return
        active = self.active
        if active is None or self.all.index(host) < self.all.index(active):
            self.active = host
            self._say()
            self._news.set()

    async def _prepare(self, host: Host) -> bool:
        """Whether ``host`` has its model loaded and warm."""
        try:
            others = any(not h.breaker.open for h in self.all if h is not host)
            models = await host.client.models()
            known = measured_on(host.client.url, self._measured)
            model = find_model(host.wish, models) if host.wish else recommend(models, known)
            if model is None:
                missing = host.wish or SUGGESTED
                raise Trouble(Kind.MISSING, f"`jamtui llm pull {missing}` fetches a model")
            host.model = model.name
            host.thinking = await host.client.thinks(model.name)
            loading = host.client.load(model.name, LOAD_PATIENCE_S if others else LOAD_S)
            await self._while_loading(host, loading, "loading")
            patience = LOAD_PATIENCE_S if others else WARM_S
            if host.warm_s:
                patience = max(WARM_PATIENCE_S, 2 * host.warm_s)
            began = self._now()
            await self._while_loading(host, self._warm(host, patience), "warming up")
            host.warm_s = self._now() - began
            self._compare(host)
        except Exception as error:  # whatever it is, the next host may do better
            said = trouble(error)
            if not host.breaker.open:
                self._count(host, said)
            host.breaker.failed(said.kind, str(said), self._now())
            host.note = in_words(host.who, host.client.url, said)
            return False
        if host.breaker.reached():
            host.flaw = None
        return True

    def _compare(self, host: Host) -> None:
        """Raise ``Trouble`` if ``host`` is still too slow, and another one plays that is not slower."""
        now, active = self._now(), self.active
        if self._keeps_up(host):
            host.slow_until = 0.0
        elif active is not None and host.breaker.kind is Kind.SLOW:
            if active.slow_until > now and host.pace.tokens_per_s > active.pace.tokens_per_s:
                return
            host.slow_until = now + SLOW_FOR_S
            raise Trouble(Kind.SLOW, "what it writes comes too late")

    async def _while_loading(self, host: Host, work: Awaitable[None], doing: str) -> None:
        """Do ``work``, saying each second how long it takes, where nobody else plays meanwhile. What is said
        of a host whose answers were no music stays; for a second, what is said of one that is in trouble."""
        began = self._now()
        task = asyncio.ensure_future(work)
        kind = host.breaker.kind
        patience = {Kind.NONSENSE: inf, Kind.ERROR: LOOK_S, Kind.BUSY: LOOK_S, Kind.FOREIGN: LOOK_S}
        try:
            while not task.done():
                passed = self._now() - began
                if self.active is None and passed >= patience.get(kind or Kind.REFUSED, 0.0):
                    since = f", {passed:.0f} s" if passed >= 1 else ""
                    self._set("loading", f"{host.who}: {doing}{since}")
                await asyncio.wait({task}, timeout=LOOK_S)
            task.result()
        finally:
            task.cancel()

    def _tell_down(self) -> None:
        kinds = {h.breaker.kind for h in self.all}
        first = self.all[0] if self.all else None
        if first is None:
            self._set("absent", "Turned off in the configuration: `on = true` in [llm] turns it on.")
        elif kinds == {Kind.REFUSED} and not any(h.where or h.model for h in self.all):
            self._set("absent", f"Get it: ollama.com, then `jamtui llm pull {SUGGESTED}`")
        elif kinds == {Kind.MISSING}:
            self._set("absent", f"No model: {first.breaker.text}.")
        else:
            state = "nonsense" if kinds == {Kind.NONSENSE} else "down"
            self._set(state, "; ".join(h.note for h in self.all if h.note))

    def _set(self, state: str, detail: str) -> None:
        if (state, detail) != self._state:
            self._state = state, detail
            self._say()
