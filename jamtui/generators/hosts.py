"""The servers an LLM may run on, in order of preference: which one writes now, and why not the others."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from math import inf

from jamtui.generators.breaker import Breaker
from jamtui.generators.complaints import in_words, state_of, without_advice
from jamtui.generators.host import Host
from jamtui.generators.loading import LOOK_S, Loader, RepickedError, Warm
from jamtui.generators.models import SUGGESTED, Measurements
from jamtui.generators.ollama_client import Kind, Trouble, loop_time, trouble
from jamtui.music.phrase import Source
from jamtui.session.generator import GeneratorHealth

NAME = "ollama"
LATE_ROW = 3
"""Requests in a row that were closed without a whole bar, because it would have been late, until a host is
left for another one."""
SLOW_S = 15.0
"""The same, of the time for which a host writes some bars and not all."""
SLOW_FOR_S = 60.0
"""How long a host that was left for being slow is not fled to from another one."""
PULSE_S = 0.5
"""How often a host that has nothing to write is asked whether it is still there, and its model too."""
GONE = (Kind.REFUSED, Kind.CUT)
"""What of its answers to that says that it is not there any more."""


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
        self._loader = Loader(warm, self._loading, measured, now, alone=len(self.all) == 1)
        self._keeps_up = keeps_up
        self._probe: tuple[Host, asyncio.Task[None]] | None = None
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
        host.flaw = state_of(said.kind), self._count(without_advice(host.who, said))
        if host.breaker.failed(said.kind, str(said), self._now()):
            host.note = in_words(host.who, host.client.url, said)
            if self.active is host:
                self.active = None
                self._tell_down()
        self._say()
        self._news.set()

    def flawed(self, host: Host, flaw: str) -> None:
        """``host`` wrote some bars and not all, for what ``flaw`` says."""
        host.flaw = "nonsense", self._count(f"{host.who} {flaw}")
        self._say()

    def late(self, host: Host, *, stopped: bool) -> None:
        """A request to ``host`` was closed, for not one bar would have been in time; ``stopped``: because it
        had stopped writing."""
        words = f"{host.who} {'stopped in mid-answer' if stopped else 'writes too slowly'}"
        host.flaw = "slow", self._count(words) if stopped else words
        host.late_row += 1
        if host.late_row >= LATE_ROW:
            self._leave(host)

    def wish(self, model: str, owners: Sequence[Host]) -> None:
        """``model`` is to play from now on: the hosts that have it, ``owners``, come before the others."""
        self.all = (*(h for h in self.all if h in owners), *(h for h in self.all if h not in owners))
        for host in self.all:
            host.wish = model
            host.breaker = Breaker()
        if self._probe is not None:
            self._probe[1].cancel()
        if self.active is not self.all[0] or self.active.model != model:
            self.active = None
            self._set("loading", f"{model} was chosen")
        self._news.set()

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

    def _count(self, words: str) -> str:
        self.failures += 1
        self._last = words
        return words

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
            except Exception as error:  # whatever it is, it is looked at again in a moment
                said = trouble(error)
                if said.kind is Kind.SILENT:
                    continue
                self.unheard_since = None
                if self.active is host and (said.kind in GONE or not await self._answers(host)):
                    self.failed(host, said)
                continue
            self.unheard_since = None
            if host.model in loaded:
                host.listed = True
            elif host.listed and self.active is host and idle():
                # Only of one that did list it: not every server in Ollama's tongue does.
                host.listed = False
                self.active = None
                self._set("loading", self._count(f"{host.who} was thrown out of memory"))
                self._news.set()

    @staticmethod
    async def _answers(host: Host) -> bool:
        """Whether ``host`` knows at least what every server in Ollama's tongue does."""
        try:
            await host.client.models()
        except Exception:  # whatever it is, it does not
            return False
        return True

    def _pause(self) -> float:
        """Seconds until a host may be asked again, or until it is time to look."""
        now = self._now()
        return min([LOOK_S, *(h.breaker.retry_at - now for h in self.all if h.breaker.retry_at > now)])

    async def _choose(self) -> None:
        if self._probe is not None and self._probe[1].done():
            self._probe = None
        hosts: Sequence[Host] = self.all
        if self.active is None:
            hosts = await self._loader.soonest([h for h in self.all if h.breaker.allows(self._now())])
        for host in hosts:
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
            await self._loader.ready(host, others=others)
            self._compare(host)
        except RepickedError:
            self._news.set()
            return False
        except Exception as error:  # whatever it is, the next host may do better
            said = trouble(error)
            if not host.breaker.open:
                self._count(without_advice(host.who, said))
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

    def _loading(self, host: Host, words: str, passed: float) -> None:
        """Say how far ``host`` is, where nobody else plays meanwhile. What is said of a host whose answers
        were no music stays; for a second, what is said of one that is in trouble."""
        patience = {Kind.NONSENSE: inf, Kind.ERROR: LOOK_S, Kind.BUSY: LOOK_S, Kind.FOREIGN: LOOK_S}
        if self.active is None and passed >= patience.get(host.breaker.kind or Kind.REFUSED, 0.0):
            self._set("loading", f"{host.who}: {words}")

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
