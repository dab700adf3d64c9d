"""What a protocol double can be told to answer, and how an answer's bytes are sent."""

import asyncio
import json
import random
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WIRE = Path(__file__).parent / "ollama_wire"
"""Exchanges recorded from a real server."""
BUSY = "server busy, please try again.  maximum pending requests exceeded"
CREATED = "2026-11-20T09:56:14.362671911Z"
REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
           500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}  # fmt: skip


def recorded(name: str) -> dict[str, Any]:
    """A recorded exchange: ``request``, ``status``, ``headers`` and ``lines`` as (second, text)."""
    found: dict[str, Any] = json.loads((WIRE / f"{name}.json").read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class Music:
    """The normal answer: text that the request's pattern allows, token by token, then ``done``. Without a
    pattern, words by chance. ``backwards``: the keys of each line in another order than a server's."""

    backwards: bool = False


@dataclass(frozen=True)
class Replay:
    """The recorded exchange ``name``, its bytes cut at random places (``split``: the seed; None: a chunk a
    line) and, with ``paced``, at the moments that were recorded."""

    name: str
    split: int | None = None
    paced: bool = False


@dataclass(frozen=True)
class Says:
    """``pieces`` as an answer's ``response`` (or ``thinking``) fields, at the token rate. ``ends``: the last
    line's ``done_reason``; ``""``: the stream ends properly without a ``done``; ``cut``: the connection
    breaks; ``hang``: nothing more comes. Pieces of bytes are sent as they are, whole lines of the body."""

    pieces: Sequence[str | bytes]
    ends: str = "stop"
    where: str = "response"
    error: str = ""
    split: int | None = None


@dataclass(frozen=True)
class Status:
    """An error status with the error as a real server words it."""

    status: int
    error: str


@dataclass(frozen=True)
class Silence:
    """The request is taken and nothing comes for ``seconds``; then ``then`` does."""

    seconds: float
    then: "Music | Says | Replay | Status | Raw" = Music()


@dataclass(frozen=True)
class Raw:
    """``data``, ``times`` times, as it is in place of an HTTP answer; then the connection is closed,
    ``reset`` or left open (``hang``)."""

    data: bytes
    then: str = "close"
    times: int = 1


Play = Music | Replay | Says | Status | Silence | Raw


@dataclass
class Seen:
    """A request that came: when (in seconds of its loop), and when its slot was free again."""

    method: str
    path: str
    body: dict[str, Any]
    at: float
    tokens: int = 0
    first_token_at: float | None = None
    ended_at: float | None = None
    cancelled: bool = False
    new_prompt_tokens: int = 0
    play: Play | None = None
    """What it was answered with."""
    last_at: float | None = None
    """When something was sent last."""

    @property
    def wrong_at(self) -> float:
        """When what its play does wrong was done: at the last that was sent, else at the end of it."""
        if isinstance(self.play, Silence):
            return self.at
        play = self.play
        ends = play.ends if isinstance(play, Says) else play.then if isinstance(play, Raw) else ""
        return (self.last_at if ends == "hang" else self.ended_at) or self.at


async def send_raw(play: Raw, writer: asyncio.StreamWriter) -> None:
    """As ``play`` says. Raises ``ConnectionError`` where the connection is not to be used again."""
    for _ in range(play.times):
        writer.write(play.data)
        await writer.drain()
    if play.then == "hang":
        await asyncio.sleep(3600)
    if play.then == "reset":
        # With bytes unread or linger at 0 the other end gets RST, as from a killed process.
        found = writer.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()
    raise ConnectionAbortedError


async def send_replay(play: Replay, writer: asyncio.StreamWriter, now: Callable[[], float]) -> None:
    """The recorded exchange, byte for byte, with the headers that say how long it is."""
    exchange = recorded(play.name)
    kind = exchange["headers"]["content-type"]
    lines = [(at, line.encode()) for at, line in exchange["lines"]]
    if "content-length" in exchange["headers"]:
        length = exchange["headers"]["content-length"]
        head = f"HTTP/1.1 {exchange['status']} {REASONS[exchange['status']]}\r\nContent-Type: {kind}\r\n"
        writer.write(f"{head}Content-Length: {length}\r\n\r\n".encode())
        rng = random.Random(play.split)
        left = lines[0][1]
        while left:
            cut = len(left) if play.split is None else rng.randint(1, 40)
            writer.write(left[:cut])
            left = left[cut:]
            await asyncio.sleep(0)
        await writer.drain()
        return
    stream = Chunks(writer, play.split)
    await stream.head(exchange["status"], kind)
    start = now()
    for at, line in lines:
        if play.paced:
            await asyncio.sleep(start + at - now())
        await stream.send(line + b"\n")
    await stream.end()


class Chunks:
    """A chunked body. With ``split``, the chunks' borders lie anywhere, also inside a character."""

    def __init__(self, writer: asyncio.StreamWriter, split: int | None) -> None:
        self._writer = writer
        self._rng = None if split is None else random.Random(split)
        self._left = b""

    async def head(self, status: int, kind: str = "application/x-ndjson") -> None:
        head = f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {kind}\r\n"
        self._writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        await self._writer.drain()

    async def send(self, data: bytes) -> None:
        if self._rng is None:
            await self._chunk(data)
            return
        self._left += data
        while len(self._left) > 1 and self._rng.random() < 0.9:
            cut = self._rng.randint(1, min(40, len(self._left)))
            await self._chunk(self._left[:cut])
            self._left = self._left[cut:]

    async def flush(self) -> None:
        if self._left:
            await self._chunk(self._left)
            self._left = b""

    async def end(self) -> None:
        await self.flush()
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def _chunk(self, data: bytes) -> None:
        self._writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self._writer.drain()


def line_of(model: str, where: str, text: str) -> dict[str, Any]:
    """A line of an answer, as far as every line has it; ``where``: the field that ``text`` goes to."""
    line: dict[str, Any] = {"model": model, "created_at": CREATED, "response": ""}
    line[where] = text
    return line


def encode_line(line: dict[str, Any]) -> bytes:
    """As a server writes it."""
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


async def send_pull(total: int | None, writer: asyncio.StreamWriter) -> None:
    """The progress of fetching a model of ``total`` bytes; None: there is no such model."""
    stream = Chunks(writer, None)
    await stream.head(200)
    await stream.send(encode_line({"status": "pulling manifest"}))
    if total is None:
        await stream.send(encode_line({"error": "pull model manifest: file does not exist"}))
    else:
        for part in range(1, 5):
            line = {"status": "pulling 183715c43589", "digest": "sha256:183715c43589", "total": total}
            await stream.send(encode_line(line | {"completed": total * part // 4}))
        await stream.send(encode_line({"status": "success"}))
    await stream.end()
