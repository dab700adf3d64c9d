"""One Ollama server over HTTP: what it has, loading a model, and text as it is written.

Every wait has an end, every failure is a ``Trouble`` with its kind, and a stream that is closed
(``contextlib.aclosing``) closes its connection, upon which the server frees the slot.
"""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import httpx
import ollama

from jamtui.config.address import Address, read_address
from jamtui.errors import ConfigError
from jamtui.generators.transport import GONE, Transport

CONNECT_S = 2.0
"""Longest wait for a connection; a machine on the stage's network answers in milliseconds."""
ANSWER_S = 5.0
"""Longest wait for a short answer (what there is, what is loaded)."""
LOAD_S = 600.0
"""Longest wait for a model to be loaded: from a slow disk that can take minutes."""
DEFAULT_PORT = 11434
THINKS = "thinks instead of playing"
FOREIGN = "what came is no answer of an Ollama server"


class Kind(StrEnum):
    """What went wrong with a request."""

    REFUSED = "refused"
    """Nobody listens there, or the host is not to be reached."""
    SILENT = "silent"
    """No answer in the time it was given."""
    BUSY = "busy"
    """The queue is full (503)."""
    MISSING = "missing"
    """The model is not on that host (404)."""
    ERROR = "error"
    """The server says that something went wrong."""
    CUT = "cut"
    """The stream ended without its end."""
    SLOW = "slow"
    """What it writes comes too late."""
    NONSENSE = "nonsense"
    """What came is no music."""
    FOREIGN = "foreign"
    """What came is no answer in the protocol: something else listens there."""


class Trouble(Exception):  # noqa: N818 - caught by kind; it is a state of the host more than an error
    """A request that failed. The text is for the log and, shortened, for the screen."""

    def __init__(self, kind: Kind, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Installed:
    """A model on a host. ``size`` in bytes; ``parameters`` as the server words it (``1.7B``)."""

    name: str
    size: int
    parameters: str = ""
    family: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """The server's own figures at the end of an answer; times in seconds."""

    reason: str
    load_s: float = 0.0
    prompt_tokens: int = 0
    prompt_s: float = 0.0
    tokens: int = 0
    spoken_s: float = 0.0


@dataclass(frozen=True, slots=True)
class RunnerOptions:
    """What a loaded model runs with. The same in every request: any change makes the server load it again."""

    num_ctx: int = 4096
    num_batch: int = 512
    num_thread: int | None = None
    """None: as the server thinks best."""

    def as_dict(self) -> dict[str, int]:
        """As the protocol has it."""
        options = {"num_ctx": self.num_ctx, "num_batch": self.num_batch}
        return options if self.num_thread is None else {**options, "num_thread": self.num_thread}


@dataclass(frozen=True, slots=True)
class Ask:
    """One request for text. ``pattern``: what the answer must match (see ``generators/mask.py``), empty for
    none; ``first_s`` and ``between_s``: longest wait for the first piece and from piece to piece."""

    model: str
    prompt: str
    pattern: str
    num_predict: int
    temperature: float = 0.8
    seed: int = 0
    first_s: float = 60.0
    between_s: float = 10.0


def loop_time() -> float:
    """Seconds by the running event loop's clock, which also runs the time limits."""
    return asyncio.get_running_loop().time()


def host_url(host: str) -> str:
    """``host`` as configured (a name or address, with or without port and scheme) as a URL. ``localhost``
    and ``0.0.0.0`` become 127.0.0.1: one costs two seconds on Windows, the other is where servers listen.

    Raises:
        ConfigError: it is no address.
    """
    address = read_address(host)
    url = _url(address) if address is not None else ""
    if not _is_url(url):
        raise ConfigError(
            f"{host!r} is no address of a host: write it like `rack`, `rack:11434` or `https://rack:443`, "
            "under [llm] hosts or in OLLAMA_HOST"
        )
    return url


def _url(address: Address) -> str:
    name = "127.0.0.1" if address.name in ("localhost", "0.0.0.0", "::") else address.name
    port = address.port
    if port is None:
        port = 443 if address.scheme == "https" else DEFAULT_PORT
    return f"{address.scheme}://{f'[{name}]' if ':' in name else name}:{port}{address.path}"


def _is_url(url: str) -> bool:
    try:
        return httpx.URL(url).host != ""
    except httpx.InvalidURL:
        return False


def default_hosts(configured: tuple[str, ...]) -> tuple[str, ...]:
    """URLs of the hosts to use: those configured, else what ``OLLAMA_HOST`` says, else this machine."""
    return tuple(host_url(h) for h in configured or (os.environ.get("OLLAMA_HOST") or "127.0.0.1",))


class OllamaClient:
    """See the module. Args: ``url`` of the server, runner ``options``."""

    def __init__(self, url: str, options: RunnerOptions | None = None) -> None:
        self.url = url
        self.options = options or RunnerOptions()
        timeout = httpx.Timeout(LOAD_S, connect=CONNECT_S)
        self._client = ollama.AsyncClient(host=url, timeout=timeout, trust_env=False, transport=Transport())

    async def close(self) -> None:
        """Close what connections are open."""
        await self._client.close()  # type: ignore[no-untyped-call]  # the client's own gap

    async def models(self) -> tuple[Installed, ...]:
        """What is installed, in the server's order.

        Raises:
            Trouble: the server cannot be asked.
        """
        try:
            async with asyncio.timeout(ANSWER_S):
                listed = await self._client.list()
        except Exception as error:
            raise trouble(error) from error
        return tuple(
            Installed(
                m.model or "",
                int(m.size or 0),
                (m.details.parameter_size or "") if m.details else "",
                (m.details.family or "") if m.details else "",
            )
            for m in listed.models
            if m.model and m.model.isprintable()
        )

    async def thinks(self, model: str) -> bool:
        """Whether ``model`` is a thinking one, whose prompt must say that it has thought.

        Raises:
            Trouble: the server cannot be asked.
        """
        try:
            async with asyncio.timeout(ANSWER_S):
                shown = await self._client.show(model)
        except Exception as error:
            raise trouble(error) from error
        return "thinking" in (shown.capabilities or ())

    async def running(self) -> frozenset[str]:
        """The models that are loaded.

        Raises:
            Trouble: the server cannot be asked.
        """
        try:
            async with asyncio.timeout(ANSWER_S):
                listed = await self._client.ps()
        except Exception as error:
            raise trouble(error) from error
        return frozenset(m.model or m.name or "" for m in listed.models)

    async def load(self, model: str, timeout_s: float = LOAD_S) -> None:
        """Load ``model`` for good, with the options that every request has.

        Raises:
            Trouble: it is not there, or cannot be loaded in time.
        """
        try:
            async with asyncio.timeout(timeout_s):
                done = await self._client.generate(
                    model, keep_alive=-1, stream=False, options=self.options.as_dict()
                )
        except Exception as error:
            raise trouble(error) from error
        if not done.done:
            raise Trouble(Kind.ERROR, "the server did not say that the model is loaded")

    async def write(self, ask: Ask) -> AsyncGenerator[str | Figures, None]:
        """The answer to ``ask`` in pieces as they come; its last item are the ``Figures``.

        Raises:
            Trouble: of any kind. ``NONSENSE`` also where a model thinks instead of answering.
        """
        options = self.options.as_dict() | {
            "num_predict": ask.num_predict,
            "temperature": ask.temperature,
            "seed": ask.seed,
        }
        schema = {"type": "string", "pattern": ask.pattern} if ask.pattern else None
        thought = 0
        try:
            stream: AsyncIterator[Any] = await self._client.generate(
                ask.model,
                ask.prompt,
                raw=True,
                think=False,
                stream=True,
                format=schema,
                options=options,
                keep_alive=-1,
            )
            # Lines that bring no text do not count as an answer.
            until = loop_time() + ask.first_s
            async with aclosing(stream) as parts:  # type: ignore[type-var]  # the client returns a generator
                while True:
                    async with asyncio.timeout_at(until):
                        part = await anext(parts, None)
                    if part is None:
                        raise Trouble(Kind.CUT, "broke off in mid-answer")
                    if part.response is None and part.thinking is None and not part.done:
                        raise Trouble(Kind.FOREIGN, FOREIGN)
                    if part.response:
                        yield part.response
                        until = loop_time() + ask.between_s
                    elif part.thinking:
                        thought += 1
                        until = loop_time() + ask.between_s
                        if thought > ask.num_predict:
                            raise Trouble(Kind.NONSENSE, THINKS)
                    if part.done:
                        yield _figures(part)
                        if thought:
                            raise Trouble(Kind.NONSENSE, THINKS)
                        return
        except Exception as error:
            raise trouble(error) from error

    async def pull(self, model: str) -> AsyncGenerator[tuple[str, int, int], None]:
        """Fetch ``model``: status, bytes that are there, bytes in all (0 while not known).

        Raises:
            Trouble: there is no such model, or the server cannot fetch it.
        """
        try:
            stream: AsyncIterator[Any] = await self._client.pull(model, stream=True)
            async with aclosing(stream) as parts:  # type: ignore[type-var]  # the client returns a generator
                async for part in parts:
                    yield part.status or "", int(part.completed or 0), int(part.total or 0)
        except Exception as error:
            raise trouble(error) from error


def trouble(error: BaseException) -> Trouble:
    """What ``error`` of the client libraries means."""
    if isinstance(error, Trouble):
        return error
    if isinstance(error, ollama.ResponseError):
        return _said(error)
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, ConnectionError)):
        return Trouble(Kind.REFUSED, "nothing answers there")
    if isinstance(error, (TimeoutError, httpx.TimeoutException)):
        return Trouble(Kind.SILENT, "no answer in time")
    if isinstance(error, httpx.RemoteProtocolError) and not GONE.search(str(error)):
        return Trouble(Kind.FOREIGN, "what answers there speaks no HTTP")
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL)):
        return Trouble(Kind.REFUSED, "that is no address")
    if isinstance(error, (httpx.DecodingError, httpx.TooManyRedirects)):
        return Trouble(Kind.FOREIGN, FOREIGN)
    if isinstance(error, (httpx.TransportError, httpx.StreamError)):
        return Trouble(Kind.CUT, "the connection broke")
    if isinstance(error, (ValueError, AttributeError, TypeError, RecursionError)):
        return Trouble(Kind.FOREIGN, FOREIGN)
    return Trouble(Kind.ERROR, _plain(f"{type(error).__name__}: {error}"))


def _said(error: ollama.ResponseError) -> Trouble:
    """An error that the server answers: as a status, or as a line in a stream, which has none (-1)."""
    status, words = error.status_code, _words(str(error.error))
    if status in (429, 503):
        return Trouble(Kind.BUSY, words)
    # The client keeps the text alone. Ollama words its errors in JSON; what else listens there shows pages.
    response = getattr(error.__context__, "response", None)
    if isinstance(response, httpx.Response) and "json" not in response.headers.get("content-type", ""):
        kind = Kind.ERROR if status >= 500 else Kind.FOREIGN
        return Trouble(kind, f"HTTP status {status} and no word of Ollama's")
    return Trouble(Kind.MISSING if status == 404 else Kind.ERROR, words or f"HTTP status {status}")


def _words(error: str) -> str:
    """The sentence in an error as servers nest it: JSON in JSON."""
    for _ in range(4):
        try:
            inner = json.loads(error)
        except (ValueError, RecursionError):
            break
        if not isinstance(inner, dict):
            break
        found = inner.get("error", inner.get("message"))
        error = found if isinstance(found, str) else json.dumps(found)
    return _plain(error)


def _plain(text: str) -> str:
    """``text`` in one line without what would act on a terminal, 200 characters at most."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[:1000]).split())[:200]


def _figures(part: Any) -> Figures:
    return Figures(
        reason=part.done_reason or "",
        load_s=(part.load_duration or 0) / 1e9,
        prompt_tokens=part.prompt_eval_count or 0,
        prompt_s=(part.prompt_eval_duration or 0) / 1e9,
        tokens=part.eval_count or 0,
        spoken_s=(part.eval_duration or 0) / 1e9,
    )
