"""The servers an LLM may run on, in order of preference: which one writes now, and why not the others."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from jamtui.generators.breaker import Breaker
from jamtui.generators.models import SUGGESTED, Measured, find_model, recommend
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
LOOK_S = 1.0
"""How often the keeper looks, and how old a sentence on the screen gets."""
LOCAL = ("127.0.0.1", "[::1]", "::1")

Warm = Callable[["Host"], Awaitable[None]]


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
    note: str = ""
    """What to do about a host that cannot play, in a sentence."""

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
        warm: asks a host that has just loaded its model for a few bars, so that its prompt is known.
        measured: what ``jamtui llm bench`` found, by model.
        now: the time in seconds; the event loop's, where nothing else is said.
    """

    def __init__(
        self,
        hosts: Sequence[Host],
        warm: Warm,
        measured: Mapping[str, Measured] | None = None,
        now: Callable[[], float] = loop_time,
    ) -> None:
        self.all = tuple(hosts)
        self.active: Host | None = None
        self._warm = warm
        self._measured = measured
        self._now = now
        self._news = asyncio.Event()
        self._state = ("loading", "looking for Ollama")
        self._say: Callable[[], None] = lambda: None

    async def keep(self, say: Callable[[], None]) -> None:
        """Run until cancelled. ``say``: called when ``health`` has changed."""
        self._say = say
        while True:
            await self._choose()
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._news.wait()

    async def close(self) -> None:
        """Close all connections."""
        for host in self.all:
            await host.client.close()

    def health(self) -> GeneratorHealth:
        """While no host is ready: why."""
        return GeneratorHealth(Source.OLLAMA, NAME, *self._state)

    def failed(self, host: Host, said: Trouble) -> None:
        """A request to ``host`` failed."""
        if host.breaker.failed(said.kind, str(said), self._now()):
            host.note = _note(host, said)
            if self.active is host:
                self.active = None
                self._tell_down()
        self._say()
        self._news.set()

    def succeeded(self, host: Host) -> None:
        """A request to ``host`` brought music."""
        if host.breaker.succeeded():
            host.note = ""
            self._say()

    def _pause(self) -> float:
        """Seconds until a host may be asked again, or until it is time to look."""
        now = self._now()
        return min([LOOK_S, *(h.breaker.retry_at - now for h in self.all if h.breaker.retry_at > now)])

    async def _choose(self) -> None:
        for place, host in enumerate(self.all):
            if host is self.active:
                return
            if not host.breaker.allows(self._now()):
                continue
            if await self._prepare(host, others=place + 1 < len(self.all)):
                self.active = host
                self._say()
                return
        if self.active is None:
            self._tell_down()

    async def _prepare(self, host: Host, *, others: bool) -> bool:
        """Whether ``host`` has its model loaded and warm."""
        try:
            models = await host.client.models()
            model = find_model(host.wish, models) if host.wish else recommend(models, self._measured)
            if model is None:
                missing = host.wish or SUGGESTED
                raise Trouble(Kind.MISSING, f"`jamtui llm pull {missing}` fetches a model")
            host.model = model.name
            host.thinking = await host.client.thinks(model.name)
            patience = LOAD_PATIENCE_S if others or self.active is not None else LOAD_S
            await self._while_loading(host, host.client.load(model.name, patience))
            await self._while_loading(host, self._warm(host))
        except Exception as error:  # whatever it is, the next host may do better
            said = trouble(error)
            host.breaker.failed(said.kind, str(said), self._now())
            host.note = _note(host, said)
            return False
        host.breaker.reached()
        return True

    async def _while_loading(self, host: Host, work: Awaitable[None]) -> None:
        """Do ``work``, saying each second how long it takes, where nobody else plays meanwhile."""
        began = self._now()
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                if self.active is None:
                    passed = self._now() - began
                    since = f", {passed:.0f} s" if passed >= 1 else ""
                    self._set("loading", f"{host.who}: loading{since}")
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
            self._set(
                "absent", "No Ollama here: get it at ollama.com, then `jamtui llm pull " + SUGGESTED + "`."
            )
        elif kinds == {Kind.MISSING}:
            self._set("absent", f"No model: {first.breaker.text}.")
        else:
            state = "nonsense" if kinds == {Kind.NONSENSE} else "down"
            self._set(state, "; ".join(h.note for h in self.all if h.note))

    def _set(self, state: str, detail: str) -> None:
        if (state, detail) != self._state:
            self._state = state, detail
            self._say()


_WORDS = {
    Kind.REFUSED: "does not answer; start Ollama there (`ollama serve`)",
    Kind.SILENT: "stopped answering; it is tried again",
    Kind.BUSY: "is busy with other requests; it is tried again",
    Kind.CUT: "broke off; it is tried again",
    Kind.NONSENSE: "answers nonsense; choose another model with `jamtui llm use`",
}


def _note(host: Host, said: Trouble) -> str:
    who = host.who if said.kind is not Kind.REFUSED else host.where or "Ollama"
    return f"{who} {_WORDS.get(said.kind, f'says: {said}')}"
