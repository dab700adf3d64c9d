"""A protocol double of an Ollama server: real HTTP on 127.0.0.1.

It runs in a thread of its own, or in the loop of who uses it (``async with``), whose time may be simulated.
It replays exchanges that were recorded from a real server byte for byte (``ollama_wire``), says what a test
wants said in the shapes that were recorded, or writes random music under the request's own pattern. It
behaves as a server does where that matters to a player: prompts and tokens take time, the prefix that a
prompt shares with the one before is free, requests wait for slots, a model is loaded before it speaks, and
a request whose client goes gives its slot back.
"""

import asyncio
import json
import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.generators.plays import (
    BUSY,
    CREATED,
    REASONS,
    Chunks,
    Music,
    Play,
    Raw,
    Replay,
    Says,
    Seen,
    Silence,
    Status,
    encode_line,
    line_of,
    recorded,
    send_pull,
    send_raw,
    send_replay,
)
from tests.generators.writing import prose_tokens, shared_tokens, text_for, tokens_of


def _now() -> float:
    return asyncio.get_running_loop().time()


class _GoneError(Exception):
    """The client closed the connection."""


@dataclass
class Double:
    """The server. A context manager: ``with Double(tokens_per_s=20) as server``."""

    tokens_per_s: float = 2000.0
    prompt_tokens_per_s: float = 50_000.0
    slots: int = 1
    queue: int = 512
    load_s: float = 0.0
    models: tuple[tuple[str, int], ...] = (("qwen3:1.7b", 1_359_293_444),)
    pulled: tuple[tuple[str, int], ...] = (("qwen2.5:1.5b", 986_061_892),)
    """What ``pull`` can bring."""
    rates: dict[str, float] = field(default_factory=dict)
    """Tokens a second by model, where not ``tokens_per_s``."""
    seed: int = 1
    port: int = 0

    def __post_init__(self) -> None:
        self.seen: list[Seen] = []
        self.plays: deque[Play] = deque()
        self.answers: dict[str, Replay | Raw | Status] = {}
        """What other paths than that for music answer, in place of what they should."""
        self.loaded: str | None = None
        self.options: dict[str, Any] | None = None
        self.loads = 0
        self._rng = random.Random(self.seed)
        self._cache: deque[list[str]] = deque(maxlen=max(1, self.slots))
        self._loop: asyncio.AbstractEventLoop | None = None
        self.here = False
        self._served: list[asyncio.Task[None]] = []

    # -- for tests ---------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def written(self) -> list[Seen]:
        """The requests for music: generate with a prompt."""
        return [s for s in list(self.seen) if s.path == "/api/generate" and s.body.get("prompt")]

    @staticmethod
    def now() -> float:
        """Seconds of the loop it runs in."""
        return _now()

    def play(self, *plays: Play) -> None:
        """What the coming requests for music are answered with; then ``Music`` again."""
        self.plays.extend(plays)

    def next_play(self, seen: Seen) -> Play:
        """What to answer the request for music that ``seen`` is."""
        return self.plays.popleft() if self.plays else Music()

    def figures(self) -> dict[str, int]:
        """Figures at the end of an answer that are not what happened."""
        return {}

    def __enter__(self) -> "Double":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    async def __aenter__(self) -> "Double":
        self.here = True
        self.start()
        await self._listening.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill()
        await asyncio.gather(*self._served)

    def start(self) -> None:
        """Listen, on the same port as before if there was one; nothing is loaded."""
        self.loaded, self.options = None, None
        self._cache.clear()
        if self.here:
            self._listening = asyncio.Event()
            self._served.append(asyncio.ensure_future(self._serve(self._listening.set)))
            return
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready.set)), name="double")
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the double does not start")

    def kill(self) -> None:
        """Break every connection and stop listening, as a killed process would."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        if self.here:
            self._end()
            return
        loop.call_soon_threadsafe(self._end)
        self._thread.join(10)

    # -- serving -----------------------------------------------------------------------------------------

    async def _serve(self, ready: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._free = asyncio.Semaphore(self.slots)
        self._waiting = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(self._connection(reader, writer))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        self._server = await asyncio.start_server(connected, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        tasks = self._tasks
        ready()
        await self._stop.wait()
        await asyncio.gather(*tuple(tasks), return_exceptions=True)

    def _end(self) -> None:
        self._server.close()
        for writer in tuple(self._open):
            writer.transport.abort()
        for task in tuple(self._tasks):
            task.cancel()
        self._stop.set()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            early = b""
            while True:
                head = (early + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                method, path, _ = head.split("\r\n", 1)[0].split(" ")
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
                raw = await reader.readexactly(int(headers.get("content-length", "0")))
                body = json.loads(raw) if raw else {}
                seen = Seen(method, path, body, _now())
                self.seen.append(seen)
                early = await self._answer(seen, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, _GoneError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """Answer ``seen``; what has come of the next request meanwhile."""
        if (told := self.answers.get(seen.path)) is not None and not seen.body.get("prompt"):
            await self._told(told, writer)
        elif (seen.method, seen.path) == ("GET", "/api/tags"):
            await self._whole(writer, 200, self._tags())
        elif (seen.method, seen.path) == ("GET", "/api/version"):
            await self._whole(writer, 200, recorded("version")["lines"][0][1].encode())
        elif (seen.method, seen.path) == ("GET", "/api/ps"):
            await self._whole(writer, 200, self._ps())
        elif (seen.method, seen.path) == ("POST", "/api/show"):
            await self._whole(writer, 200, recorded("show")["lines"][0][1].encode())
        elif (seen.method, seen.path) == ("POST", "/api/generate"):
            work = asyncio.ensure_future(self._generate(seen, writer))
            gone = asyncio.ensure_future(reader.read(1))
            try:
                await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not work.done() and not (gone.exception() is None and gone.result()):
                    seen.cancelled = True
                    raise _GoneError
                await work
                if gone.done() and gone.exception() is None:
                    # The client has read the whole answer and begun to ask again on this connection.
                    return gone.result()
            finally:
                for task in (work, gone):
                    task.cancel()
                await asyncio.gather(work, gone, return_exceptions=True)
        elif (seen.method, seen.path) == ("POST", "/api/pull"):
            await self._pull(seen, writer)
        else:
            await self._whole(writer, 404, b"404 page not found", "text/plain")
        return b""

    async def _generate(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        try:
            play: Play = Music()
            if seen.body.get("prompt"):
                play = self.next_play(seen)
            seen.play = play
            name = str(seen.body.get("model"))
            if ":" not in name:
                name += ":latest"
            if isinstance(play, Status):
                await self._told(play, writer)
                return
            if name not in dict(self.models) and not isinstance(play, Replay):
                await self._error(writer, 404, f"model '{seen.body.get('model')}' not found")
                return
            if self._waiting >= self.queue:
                await self._error(writer, 503, BUSY)
                return
            self._waiting += 1
            try:
                await self._free.acquire()
            finally:
                self._waiting -= 1
            try:
                await self._in_slot(seen, name, play, writer)
            finally:
                self._free.release()
        except ConnectionError:
            # Who is gone is noticed by reading or, on a busy machine, by writing to nobody.
            seen.cancelled = True
            raise
        finally:
            seen.ended_at = _now()

    async def _in_slot(self, seen: Seen, name: str, play: Play, writer: asyncio.StreamWriter) -> None:
        began = _now()
        if isinstance(play, Silence):
            await asyncio.sleep(play.seconds)
            play = play.then
        if isinstance(play, (Replay, Status, Raw)):
            seen.last_at = _now()
            await self._told(play, writer)
            return
        # The options of the runner: a change loads the model again.
        asked = seen.body.get("options") or {}
        options = {k: asked[k] for k in ("num_ctx", "num_batch", "num_thread") if k in asked}
        if self.loaded != name or (seen.body.get("prompt") and self.options not in (None, options)):
            self.loads += 1
            await asyncio.sleep(self.load_s)
            self.loaded = name
            self._cache.clear()
        self.options = options
        loaded_ns = int((_now() - began) * 1e9)
        if not seen.body.get("prompt"):
            line = {
                "model": name,
                "created_at": CREATED,
                "response": "",
                "done": True,
                "done_reason": "load",
            }
            await self._whole(writer, 200, json.dumps(line, separators=(",", ":")).encode())
            return
        prompt = prose_tokens(str(seen.body["prompt"]))
        shared = max((shared_tokens(prompt, known) for known in self._cache), default=0)
        seen.new_prompt_tokens = max(1, len(prompt) - shared)
        prompt_s = seen.new_prompt_tokens / self.prompt_tokens_per_s
        await asyncio.sleep(prompt_s)
        self._cache.append(prompt)
        await self._speak(seen, name, play, writer, loaded_ns, len(prompt), prompt_s)

    async def _told(self, play: Replay | Status | Raw, writer: asyncio.StreamWriter) -> None:
        if isinstance(play, Replay):
            await send_replay(play, writer, _now)
        elif isinstance(play, Raw):
            await send_raw(play, writer)
        else:
            await self._error(writer, play.status, play.error)

    async def _speak(
        self,
        seen: Seen,
        name: str,
        play: Play,
        writer: asyncio.StreamWriter,
        loaded_ns: int,
        prompt: int,
        prompt_s: float,
    ) -> None:
        body = seen.body
        ends, where, error, split = "stop", "response", "", None
        pieces: Sequence[str | bytes]
        if isinstance(play, Says):
            pieces, ends, where, error, split = play.pieces, play.ends, play.where, play.error, play.split
        else:
            pieces = self._music(body)
        most = int((body.get("options") or {}).get("num_predict", 128))
        if not isinstance(play, Says) and len(pieces) > most:
            pieces, ends = pieces[:most], "length"
        if not body.get("stream", True):
            await asyncio.sleep(len(pieces) / self._rate(name))
            text = "".join(p for p in pieces if isinstance(p, str))
            line = line_of(name, where, text) | {"done": True, "done_reason": ends}
            await self._whole(writer, 200, json.dumps(line, separators=(",", ":")).encode())
            return
        stream = Chunks(writer, split)
        await stream.head(200)
        start = _now()
        for number, piece in enumerate(pieces, 1):
            await asyncio.sleep(start + number / self._rate(name) - _now())
            if isinstance(piece, bytes):
                await stream.send(piece)
            else:
                line = line_of(name, where, piece) | {"done": False}
                backwards = isinstance(play, Music) and play.backwards
                await stream.send(encode_line(dict(reversed(line.items())) if backwards else line))
            seen.tokens, seen.last_at = number, _now()
            seen.first_token_at = seen.first_token_at or _now()
        if ends == "hang":
            await asyncio.sleep(3600)
        if ends == "cut":
            await stream.flush()
            writer.transport.abort()
            raise _GoneError
        if error:
            await stream.send(encode_line({"error": error}))
        elif ends:
            spoken_ns = int((_now() - start) * 1e9)
            await stream.send(
                encode_line(
                    line_of(name, where, "")
                    | {
                        "response": "",
                        "done": True,
                        "done_reason": ends,
                        "total_duration": loaded_ns + int(prompt_s * 1e9) + spoken_ns,
                        "load_duration": loaded_ns,
                        "prompt_eval_count": prompt,
                        "prompt_eval_duration": int(prompt_s * 1e9),
                        "eval_count": len(pieces),
                        "eval_duration": spoken_ns,
                    }
                    | self.figures()
                )
            )
        await stream.end()

    def _rate(self, name: str) -> float:
        return self.rates.get(name, self.tokens_per_s)

    def _music(self, body: dict[str, Any]) -> list[str]:
        schema = body.get("format")
        if isinstance(schema, dict) and "pattern" in schema:
            return ['"', *tokens_of(text_for(schema["pattern"], self._rng)), '"']
        return [f" {self._rng.choice(['solo', 'C', 'jazz', 'the', 'eb'])}" for _ in range(200)]

    # -- the rest of the life cycle ----------------------------------------------------------------------

    def _tags(self) -> bytes:
        entry = json.loads(recorded("tags")["lines"][0][1])["models"][0]
        entries = [entry | {"name": name, "model": name, "size": size} for name, size in self.models]
        return json.dumps({"models": entries}, separators=(",", ":")).encode()

    def _ps(self) -> bytes:
        entry = json.loads(recorded("ps")["lines"][0][1])["models"][0]
        entries = [entry | {"name": self.loaded, "model": self.loaded}] if self.loaded else []
        return json.dumps({"models": entries}, separators=(",", ":")).encode()

    async def _pull(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        name = str(seen.body.get("model"))
        total = dict(self.pulled).get(name)
        await send_pull(total, writer)
        if total is not None:
            self.models = (*self.models, (name, total))

    async def _error(self, writer: asyncio.StreamWriter, status: int, error: str) -> None:
        await self._whole(writer, status, json.dumps({"error": error}).encode())

    async def _whole(
        self, writer: asyncio.StreamWriter, status: int, body: bytes, kind: str = "application/json"
    ) -> None:
        head = f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {kind}\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
