"""HTTP below the client, over real sockets: stale connections, answers without an end, strange servers."""

import asyncio
import gzip
import os
import socket
from contextlib import aclosing
from typing import Any

import httpx
import pytest

from jamtui.generators.ollama_client import Ask, Kind, OllamaClient, Trouble
from jamtui.generators.transport import Transport
from tests.generators.double import Double
from tests.generators.plays import Raw, Says
from tests.generators.virtual_time import run

ASK = Ask("qwen3:1.7b", "jam", r"^( (C|D)){4} \|$", 40, first_s=5.0, between_s=5.0)
LINE = b'{"model":"m","response":" D","done":false}\n'
LAST = b'{"model":"m","response":"","done":true,"done_reason":"stop"}\n'


def answer(body: bytes, head: str = "", status: str = "200 OK", kind: str = "application/x-ndjson") -> Raw:
    lines = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{head}"
    return Raw(f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body)


async def text(client: OllamaClient, ask: Ask = ASK) -> str:
    async with aclosing(client.write(ask)) as parts:
        return "".join([part async for part in parts if isinstance(part, str)])


async def kind(client: OllamaClient, ask: Ask = ASK) -> Kind:
    with pytest.raises(Trouble) as caught:
        await text(client, ask)
    assert str(caught.value).isprintable()
    return caught.value.kind


def test_a_connection_that_was_closed_between_two_requests_is_not_trouble() -> None:
    async def scene() -> list[str]:
        async with Double() as server:
            client = OllamaClient(server.url)
            said = [await text(client)]
            # Closed with the answer; at the moment of the request, politely and rudely; restarted between.
            for then in ("close", "reset"):
                server.play(Raw(b"", then))
                said.append(await text(client))
            server.play(answer(LINE * 3 + LAST))
            said += [await text(client), await text(client)]
            server.kill()
            server.start()
            await asyncio.sleep(0.1)
            said.append(await text(client))
            await client.close()
            return said

    said = run(scene())
    assert said[3] == " D D D"
    assert all(len(words.split()) == 6 for n, words in enumerate(said) if n != 3)


def test_a_server_that_closes_every_connection_unasked_is_trouble_after_two() -> None:
    async def scene() -> tuple[Kind, int]:
        async with Double() as server:
            server.play(*[Raw(b"", "reset")] * 9)
            client = OllamaClient(server.url)
            found = await kind(client)
            await client.close()
            return found, len(server.written)

    assert run(scene()) == (Kind.CUT, 2)


def test_an_answer_that_has_begun_is_not_asked_for_again() -> None:
    async def scene() -> tuple[Kind, int]:
        async with Double() as server:
            server.play(Says([" C", " D"], ends="cut"))
            client = OllamaClient(server.url)
            found = await kind(client)
            await client.close()
            return found, len(server.written)

    assert run(scene()) == (Kind.CUT, 1)


@pytest.mark.parametrize("coded", [False, True])
async def test_a_body_without_an_end_is_given_up(coded: bool) -> None:
    body = b"0123456789" * 1000
    head = ""
    if coded:
        body, head = gzip.compress(os.urandom(10_000)), "Content-Encoding: gzip\r\n"
    with Double() as server:
        server.answers["/api/tags"] = answer(body, head)
        async with httpx.AsyncClient(transport=Transport(most_bytes=10_000)) as client:
            if not coded:
                assert len((await client.get(f"{server.url}/api/tags")).content) == 10_000
            server.answers["/api/tags"] = answer(body + b"x", head)
            with pytest.raises(httpx.DecodingError):
                await client.get(f"{server.url}/api/tags")


def test_an_answer_in_gzip_is_read() -> None:
    async def scene() -> str:
        async with Double() as server:
            server.play(answer(gzip.compress(LINE * 2 + LAST), "Content-Encoding: gzip\r\n"))
            client = OllamaClient(server.url)
            found = await text(client)
            await client.close()
            return found

    assert run(scene()) == " D D"


@pytest.mark.parametrize(
    ("play", "expected"),
    [
        (answer(b"<html>"), Kind.FOREIGN),
        (answer(b""), Kind.CUT),
        (answer(b"\n\n"), Kind.FOREIGN),
        (answer(b"null\n"), Kind.FOREIGN),
        (answer(b'{"error":{"message":"no"}}\n'), Kind.FOREIGN),
        (answer(b'{"error":"no\x1b[2J way"}\n'.replace(b"\x1b", b"\\u001b")), Kind.ERROR),
        (answer(b"[" * 100_000), Kind.FOREIGN),
        (answer(b'{"response":7,"done":false}\n'), Kind.FOREIGN),
        (answer(b'{"response":"","done":true,"eval_count":1e999}\n'), Kind.FOREIGN),
        (answer(b"", status="204 No Content"), Kind.CUT),
        (answer(b"404 page not found", status="404 Not Found", kind="text/plain"), Kind.FOREIGN),
        (answer(b'{"error":"slow down"}', status="429 Too Many Requests"), Kind.BUSY),
        (answer(b"", "Location: /api/generate\r\n", "308 Permanent Redirect"), Kind.FOREIGN),
        (answer(b"", "Location: ftp://x/\r\n", "302 Found"), Kind.REFUSED),
        (answer(b"", "Location: http://[\r\n", "302 Found"), Kind.REFUSED),
        (Raw(b"HTTP/1.1 200 OK\r\nX: ", "hang"), Kind.SILENT),
        (Raw(b"X: y\r\n" * 50_000), Kind.FOREIGN),
        (Raw(b"\x16\x03\x01\x00\xff" * 10 + b"\r\n\r\n"), Kind.FOREIGN),
        (Says([LINE.replace(b" D", b"")] * 100_000), Kind.SILENT),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_told_apart(play: Raw | Says, expected: Kind) -> None:
    async def scene() -> Kind:
        async with Double(tokens_per_s=50) as server:
            server.play(*[play] * 30)
            client = OllamaClient(server.url)
            try:
                return await kind(client)
            finally:
                await client.close()

    assert run(scene()) is expected


def test_lines_without_text_are_not_waited_for_in_mid_answer_either() -> None:
    async def scene() -> tuple[Kind, float]:
        empty = LINE.replace(b" D", b"")
        async with Double(tokens_per_s=50) as server:
            server.play(Says([LINE, *[empty] * 100_000]))
            client = OllamaClient(server.url)
            began = server.now()
            found = await kind(client)
            await client.close()
            return found, server.now() - began

    found, seconds = run(scene())
    assert found is Kind.SILENT
    assert seconds == pytest.approx(ASK.between_s, abs=0.2)


@pytest.mark.parametrize(
    "host", ["http://no-such-host.invalid:1", "http://x..y:1", "ftp://x", f"http://{'x' * 80}"]
)
async def test_a_name_that_leads_nowhere_is_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def without_a_network(name: str, *more: Any, **how: Any) -> Any:
        """A name server that does not answer, or that answers everything, is not this test's matter."""
        if str(name).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(name, *more, **how)

    monkeypatch.setattr(socket, "getaddrinfo", without_a_network)
    client = OllamaClient(host)
    with pytest.raises(Trouble) as caught:
        await client.models()
    assert caught.value.kind is Kind.REFUSED
    assert await kind(client) is Kind.REFUSED
    await client.close()


def test_a_request_that_is_cancelled_is_closed_before_the_next_tokens_are_written() -> None:
    """Both ends in one loop of real time, so that the order of what happens does not depend on the load: a
    server that writes a token every 10 ms has not written ten more when it sees that the client is gone."""

    async def scene() -> None:
        async with Double(tokens_per_s=100) as server:
            server.play(*[Says([" C"] * 100_000)] * 5)
            client = OllamaClient(server.url)
            for wanted in (1, 3, 10, 25, 40):
                task = asyncio.create_task(text(client))
                while not server.written or server.written[-1].tokens < wanted:
                    await asyncio.sleep(0)
                seen, task_had = server.written[-1], server.written[-1].tokens
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                while seen.ended_at is None:
                    await asyncio.sleep(0)
                assert seen.cancelled
                assert seen.tokens - task_had < 10
                server.seen.clear()
            # The slot is free: the next request is served at once.
            server.plays.clear()
            assert await text(client)
            await client.close()

    asyncio.run(scene())


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with Double() as server:
        client = OllamaClient(server.url)
        assert [m.name for m in await client.models()] == ["qwen3:1.7b"]
        await client.close()
