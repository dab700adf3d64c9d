"""What goes wrong with an LLM: what the issue names, every recorded exchange, and what no Ollama does."""

import json
import random

from tests.generators.double import Double
from tests.generators.failing import Case
from tests.generators.plays import BUSY, Music, Raw, Replay, Says, Seen, Silence, Status


def writing(server: Double) -> bool:
    """It is in the middle of a bar."""
    return bool(server.written) and server.written[-1].ended_at is None and server.written[-1].tokens >= 4


def garbage() -> list[str | bytes]:
    rng = random.Random(5)
    return ["".join(chr(rng.randint(33, 0x2FFF)) for _ in range(3)) for _ in range(10_000)]


def slow(server: Double) -> None:
    server.tokens_per_s = 1.0


def fast(server: Double) -> None:
    server.tokens_per_s = 120.0


def starts_slowly(server: Double) -> None:
    """Killed, and there again, with a model that takes half a minute to load."""
    server.kill()
    server.load_s = 30.0
    server.start()


def loads(server: Double) -> float:
    """When it began to load the model that it needs thirty seconds for."""
    return next(
        s.at for s in server.seen if not s.body.get("prompt") and s.path == "/api/generate" and long(s)
    )


def long(seen: Seen) -> bool:
    return seen.ended_at is None or seen.ended_at - seen.at > 20


def asked_for_it(server: Double) -> float:
    """When the first answer that was not music was asked for."""
    return min(s.at for s in server.seen if s.play not in (None, Music()))


def asked_when_slow(server: Double) -> float:
    """When the first token was due that came slowly."""
    return next(s.at for s in server.written if s.ended_at is None or s.ended_at - s.at > 1.0)


def throws_out(server: Double) -> None:
    server.loaded = None


def takes_port(server: Double) -> None:
    """Something else listens there now."""
    server.kill()
    server.answers = dict.fromkeys(("/api/tags", "/api/show", "/api/ps", "/api/generate"), PAGE)
    server.start()


def gives_port_back(server: Double) -> None:
    server.kill()
    server.answers = {}
    server.start()


def http(
    body: bytes, status: str = "200 OK", head: str = "", kind: str = "text/html", then: str = "close"
) -> Raw:
    """A whole answer in HTTP."""
    return Raw(
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode()
        + body,
        then,
    )


def chunked(data: bytes, then: str = "close", times: int = 1) -> Raw:
    """A chunked answer that does not come to its end."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    return Raw((head if times == 1 else b"") + f"{len(data):x}\r\n".encode() + data + b"\r\n", then, times)


PAGE = http(b"<html><body>It works!</body></html>")
ACCENT = '{"model":"m","response":" C\u00e9","done":false}\n'.encode()
LINE = b'{"model":"m","response":" D","done":false}\n'
JAZZY = ["Sure! Here is a jazzy", " solo: C E G", " and more.\n"]
JSON_NOTES = ['{"duration": 0.5, "velocity": 100, ', '"note": "C5"}', "\n"]
SHORT = ['"', " D", " F", " A", " c", " A", " F", " D", " -", " |", " E"]
FOREIGN = "no answer of an Ollama server"

NAMED = {
    "refused": Case(event=Double.kill, later=Double.start, state="down", says="does not answer"),
    "killed in mid-bar and restarted": Case(
        server={"tokens_per_s": 25.0},
        event=Double.kill,
        when=writing,
        later=Double.start,
        state="down",
        says="broke off in mid-answer",
        then=(("down", "does not answer"),),
        last="",
    ),
    "30 s of silence at load": Case(
        server={"load_s": 30.0}, waits=False, moment=loads, state="loading", says="loading", last="", bars=22
    ),
    "30 s of silence at load in mid-song": Case(
        event=starts_slowly, moment=loads, state="loading", says="loading", last="was thrown out", bars=26
    ),
    "error in mid-stream": Case(plays=(Replay("runner_killed_midstream", 2),), state="down", says="EOF"),
    "errors in mid-stream": Case(
        plays=(Replay("runner_killed_midstream", 2),) * 2,
        state="down",
        says="EOF",
        then=(("down", "tried again"),),
    ),
    "no done": Case(plays=(Says([" C", " D"], ends=""),), state="down", says="broke off in mid-answer"),
    "connection cut": Case(
        plays=(Says([" C", " D"], ends="cut"),), state="down", says="broke off in mid-answer"
    ),
    "length in mid-note": Case(
        plays=(Says(SHORT, ends="length"),), state="nonsense", says="stopped in mid-bar"
    ),
    "thinks only": Case(
        plays=(Replay("thinking_swallows_output", 4),) * 3,
        state="nonsense",
        says="thinks instead of playing",
        then=(("nonsense", "jamtui llm use"),),
    ),
    "keys of the lines in another order": Case(plays=(Music(backwards=True),) * 3, last=""),
    "JSON notes, their keys in another order": Case(
        plays=(Says(JSON_NOTES * 8),) * 3,
        state="nonsense",
        says='writes “{"duration": 0.5…”, which is no music',
    ),
    "format ignored": Case(
        plays=(Says(JAZZY),) * 3,
        state="nonsense",
        says="writes “Sure!”, which is no note",
        then=(("nonsense", "jamtui llm use"),),
    ),
    "queue full": Case(plays=(Status(503, BUSY),), state="down", says="its queue is full"),
    "stops in mid-stream": Case(
        plays=(Says([" D"] * 3, ends="hang"),), state="slow", says="no note for", last=""
    ),
    "one token a second": Case(
        event=slow, later=fast, moment=asked_when_slow, state="slow", says="no note for", last="", bars=24
    ),
    "10,000 tokens of garbage": Case(plays=(Says(garbage(), split=9),), state="nonsense", says="is no music"),
    "broken characters over chunks": Case(
        plays=(Says([ACCENT] * 9, split=3),), state="nonsense", says="writes “Cé”, which is no note"
    ),
    "half a character": Case(
        plays=(Says([ACCENT.replace(b"\xc3\xa9", b"\xc3")] * 9, split=3),),
        state="nonsense",
        says="writes “C\ufffd”, which is no note",
    ),
    "silent": Case(plays=(Silence(3.5),), state="slow", says="no note for", last=""),
    "the model is thrown out": Case(
        event=throws_out, state="loading", says="thrown out", last="was thrown out"
    ),
    "the better host is killed": Case(
        server={"tokens_per_s": 25.0},
        spare={"tokens_per_s": 60.0, "models": (("qwen2.5:1.5b", 9),)},
        event=Double.kill,
        when=writing,
        later=Double.start,
        state="down",
        says="broke off in mid-answer",
        then=(("ready", "qwen2.5:1.5b"), ("ready", "qwen3:1.7b")),
    ),
}
"""What the issue names, and its like."""

RECORDED = {
    "after_kill": ("nonsense", "stopped in mid-bar"),
    "chat_pattern": ("down", FOREIGN),
    "chat_thinking_unconstrained": ("down", FOREIGN),
    "err_404": ("absent", "model 'nope' not found"),
    "err_bad_schema": ("down", "unrecognized type note"),
    "err_badjson_options": ("down", "must be of type integer"),
    "err_format_array": ("down", "invalid format"),
    "err_think": ("down", "does not support thinking"),
    "generate_length": ("nonsense", "stopped in mid-bar"),
    "generate_logprobs": ("nonsense", "stopped in mid-bar"),
    "generate_nostream": ("nonsense", "”, which is no music"),
    "generate_raw_pattern": ("nonsense", "”, which is no music"),
    "generate_templated_pattern": ("nonsense", "”, which is no music"),
    "load": ("nonsense", "says nothing"),
    "ps": ("down", FOREIGN),
    "repeat_abort_no_done": ("down", "broke off in mid-answer"),
    "repeat_abort_nostream": ("down", "broke off in mid-answer"),
    "runner_killed_midstream": ("down", "EOF"),
    "show": ("down", FOREIGN),
    "tags": ("down", FOREIGN),
    "thinking_swallows_output": ("nonsense", "thinks instead of playing"),
    "unknown_option_ignored": ("nonsense", "stopped in mid-bar"),
    "unload": ("nonsense", "says nothing"),
    "version": ("down", FOREIGN),
}
"""Every recorded exchange, as the answer to a request for bars: music for another mask, or no music."""

STRANGE = {
    "a page": Case(plays=(PAGE,), state="down", says=FOREIGN),
    "something else on the port": Case(
        event=takes_port,
        later=gives_port_back,
        state="down",
        says=FOREIGN,
        last="",
        then=(("down", "hosts"),),
    ),
    "a redirect to itself": Case(
        plays=(http(b"", "307 Temporary Redirect", "Location: /api/generate\r\n"),) * 30,
        state="down",
        says=FOREIGN,
    ),
    "a redirect to nowhere": Case(
        plays=(http(b"", "307 Temporary Redirect", "Location: http://127.0.0.1:9/\r\n"),),
        state="down",
        says="does not answer",
    ),
    "another page than asked for": Case(
        plays=(http(b"404 page not found", "404 Not Found", kind="text/plain"),),
        state="down",
        says="HTTP status 404",
    ),
    "not allowed": Case(plays=(http(b"no", "401 Unauthorized"),), state="down", says="HTTP status 401"),
    "a gateway without its server": Case(
        plays=(http(b"<h1>502</h1>", "502 Bad Gateway"),), state="down", says="HTTP status 502"
    ),
    "nothing at all": Case(plays=(http(b"", "204 No Content"),), state="down", says="broke off"),
    "a body that ends early": Case(plays=(chunked(LINE * 3),), state="down", says="broke off in mid-answer"),
    "half a line": Case(plays=(http(LINE[:20], kind="application/x-ndjson"),), state="down", says=FOREIGN),
    "broken gzip": Case(plays=(http(LINE, head="Content-Encoding: gzip\r\n"),), state="down", says=FOREIGN),
    "a header without an end": Case(
        plays=(Raw(b"HTTP/1.1 200 OK\r\nContent-Type: ", "hang"),), state="slow", says="no note for", last=""
    ),
    "an endless header": Case(
        plays=(Raw(b"X-More: y\r\n" * 1000, times=50),) * 2, state="down", says="speaks no HTTP"
    ),
    "no HTTP": Case(plays=(Raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),), state="down", says="speaks no HTTP"),
    "an endless line": Case(
        plays=(Silence(0.0, http(b"a" * 70_000_000, kind="application/x-ndjson")),),
        state="down",
        says=FOREIGN,
    ),
    "lines without text": Case(
        plays=(Says([LINE.replace(b" D", b"")] * 4000),),
        moment=asked_for_it,
        state="slow",
        says="no note for",
        last="",
    ),
    "nested without end": Case(plays=(Says([b"[" * 200_000 + b"\n"]),), state="down", says=FOREIGN),
    "figures that are none": Case(
        plays=(
            Says([json.dumps({"response": " D", "done": True, "eval_duration": "soon"}).encode() + b"\n"]),
        ),
        state="down",
        says=FOREIGN,
    ),
    "an error that is no sentence": Case(
        plays=(Says([b'{"error":{"code":7}}\n']),), state="down", says=FOREIGN
    ),
    "an error that acts on terminals": Case(
        plays=(Status(500, "\x1b[2Jboo\x07"),), state="down", says="[2Jboo"
    ),
    "a connection reset once": Case(plays=(Raw(b"", "reset"),), last=""),
    "connections reset": Case(plays=(Raw(b"", "reset"),) * 2, state="down", says="broke off in mid-answer"),
    "a server that lists no models that run": Case(
        event=lambda server: server.answers.update({"/api/ps": Status(404, "no such thing")}), last=""
    ),
}
"""What no Ollama does, and what may stand there in its place."""

CASES = {
    **NAMED,
    **{f"recorded: {n}": Case(plays=(Replay(n, 3),), state=s, says=w) for n, (s, w) in RECORDED.items()},
    **STRANGE,
}
