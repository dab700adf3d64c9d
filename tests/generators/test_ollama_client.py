"""The client over real HTTP: what was recorded from a real server, and what goes wrong on the way."""

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamtui.errors import ConfigError
from jamtui.generators.ollama_client import (
    Ask,
    Figures,
    Kind,
    OllamaClient,
    RunnerOptions,
    Trouble,
    default_hosts,
    host_url,
)
from tests.generators.double import Double
from tests.generators.plays import Music, Says, Silence, Status
from tests.generators.virtual_time import run

PATTERN = r"^( (C|D|Eb|F|G|A|Bb|c|-)){16} \|$"


def ask(**changed: object) -> Ask:
    values: dict[str, object] = {
        "model": "qwen3:1.7b",
        "prompt": "jam",
        "pattern": PATTERN,
        "num_predict": 80,
        "first_s": 5.0,
        "between_s": 2.0,
    }
    return Ask(**(values | changed))  # type: ignore[arg-type]


async def answer(client: OllamaClient, what: Ask) -> tuple[str, Figures | None]:
    text, figures = "", None
    async with aclosing(client.write(what)) as parts:
        async for part in parts:
            if isinstance(part, Figures):
                figures = part
            else:
                text += part
    return text, figures


async def fails(client: OllamaClient, what: Ask) -> Kind:
    with pytest.raises(Trouble) as caught:
        await answer(client, what)
    return caught.value.kind


@pytest.mark.parametrize(
    ("play", "kind"),
    [
        (Status(503, "server busy, please try again.  maximum pending requests exceeded"), Kind.BUSY),
        (Silence(30.0), Kind.SILENT),
        (Says([" C", " D"], ends="hang"), Kind.SILENT),
        (Says([" C", " D"], ends="cut"), Kind.CUT),
        (Says([" C", " D"], ends=""), Kind.CUT),
        (Says([" C"], error="llama runner process has terminated"), Kind.ERROR),
        (Says([b"<html>502 Bad Gateway</html>\n"]), Kind.FOREIGN),
        (Says([b"[1,2,3]\n"]), Kind.FOREIGN),
        (Says(["hm"] * 200, where="thinking"), Kind.NONSENSE),
    ],
)
def test_what_goes_wrong_is_named(play: Says | Silence | Status, kind: Kind) -> None:
    async def scene() -> Kind:
        async with Double() as server:
            server.play(play)
            client = OllamaClient(server.url)
            found = await fails(client, ask(first_s=0.3, between_s=0.3))
            await client.close()
            return found

    assert run(scene()) is kind


def test_nobody_there_is_refused_at_once() -> None:
    async def scene() -> float:
        async with Double() as server:
            url = server.url
        client = OllamaClient(url)
        began = server.now()
        assert await fails(client, ask()) is Kind.REFUSED
        with pytest.raises(Trouble) as caught:
            await client.models()
        assert caught.value.kind is Kind.REFUSED
        await client.close()
        return server.now() - began

    assert run(scene()) < 1.0, "no time limit was waited for"


async def test_keys_in_another_order_and_broken_characters_are_read() -> None:
    backwards = b'{"done":false,"response":" C","created_at":"x","model":"m"}\n'
    broken = '{"model":"m","created_at":"x","response":" \u00e9D","done":false}\n'.encode()
    half = broken.replace("\u00e9".encode(), b"\xc3")
    with Double() as server:
        server.play(Says([backwards, broken, half], split=3))
        client = OllamaClient(server.url)
        text, _ = await answer(client, ask())
        await client.close()
    assert text.startswith(" C \u00e9D")
    assert "\ufffd" in text


def test_a_closed_stream_frees_its_slot_and_the_next_request_gets_it() -> None:
    async def scene() -> None:
        async with Double(tokens_per_s=20) as server:
            client = OllamaClient(server.url)
            for number in range(3):
                async with aclosing(client.write(ask(prompt=f"jam {number}"))) as parts:
                    async for _ in parts:
                        break
                closed = server.now()
                await asyncio.sleep(0.3)
                seen = server.written[-1]
                assert seen.body["prompt"] == f"jam {number}"
                assert seen.cancelled
                assert seen.ended_at is not None
                assert seen.ended_at - closed <= 0.05, "before the next token"
            await client.close()

    run(scene())


def test_cancelling_the_task_that_reads_frees_the_slot() -> None:
    async def scene() -> None:
        async with Double(tokens_per_s=5, prompt_tokens_per_s=10) as server:
            client = OllamaClient(server.url)
            for wait, begun in ((0.05, False), (0.8, True)):  # in the prompt; among the tokens
                task = asyncio.create_task(answer(client, ask(prompt="jam " * 4)))
                await asyncio.sleep(wait)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                await asyncio.sleep(0.1)
                seen = server.written[-1]
                assert seen.cancelled
                assert (seen.tokens > 0) is begun
            assert len(server.written) == 2
            await client.close()

    run(scene())


async def test_every_request_has_the_same_runner_options() -> None:
    with Double() as server:
        client = OllamaClient(server.url, RunnerOptions(2048, 256, 3))
        await client.load("qwen3:1.7b")
        for number in range(3):
            await answer(client, ask(seed=number, num_predict=60 + number, temperature=number / 4))
        await client.close()
        assert server.loads == 1
        bodies = [s.body for s in server.seen]
    runner = {
        (b["options"]["num_ctx"], b["options"]["num_batch"], b["options"]["num_thread"]) for b in bodies
    }
    assert runner == {(2048, 256, 3)}
    assert all(b["keep_alive"] == -1 for b in bodies)
    written = bodies[1:]
    assert all(b["raw"] is True and b["think"] is False and b["stream"] is True for b in written)
    assert all(b["format"] == {"type": "string", "pattern": PATTERN} for b in written)
    assert all(b["options"]["num_predict"] < 100 for b in written)


def test_loading_is_waited_for_only_so_long() -> None:
    async def scene() -> None:
        async with Double(load_s=30) as server:
            client = OllamaClient(server.url)
            began = server.now()
            with pytest.raises(Trouble) as caught:
                await client.load("qwen3:1.7b", 0.2)
            assert caught.value.kind is Kind.SILENT
            assert server.now() - began == pytest.approx(0.2, abs=0.01)
            with pytest.raises(Trouble) as caught:
                await client.load("no such model")
            assert caught.value.kind is Kind.MISSING
            await client.close()

    run(scene())


async def test_models_and_pulling() -> None:
    with Double() as server:
        client = OllamaClient(server.url)
        assert [m.name for m in await client.models()] == ["qwen3:1.7b"]
        assert await client.thinks("qwen3:1.7b")
        steps = [step async for step in client.pull("qwen2.5:1.5b")]
        assert steps[-1][0] == "success"
        assert (steps[2][1], steps[2][2]) == (986_061_892 * 2 // 4, 986_061_892)
        assert [m.name for m in await client.models()] == ["qwen3:1.7b", "qwen2.5:1.5b"]
        with pytest.raises(Trouble):
            _ = [step async for step in client.pull("no/such")]
        await client.close()


def test_requests_wait_for_a_slot_and_a_full_queue_says_so() -> None:
    async def scene() -> None:
        async with Double(tokens_per_s=30, slots=1, queue=1) as server:
            server.play(Music(), Music(), Music())
            clients = [OllamaClient(server.url) for _ in range(3)]
            tasks = [asyncio.create_task(answer(c, ask())) for c in clients]
            done = await asyncio.gather(*tasks, return_exceptions=True)
            assert sorted(type(d).__name__ for d in done) == ["Trouble", "tuple", "tuple"]
            assert [d.kind for d in done if isinstance(d, Trouble)] == [Kind.BUSY]
            for client in clients:
                await client.close()

    run(scene())


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("localhost:1234", "http://127.0.0.1:1234"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("gpu.rack", "http://gpu.rack:11434"),
        ("http://gpu.rack:80/", "http://gpu.rack:80"),
        ("https://llm.example.com/ollama", "https://llm.example.com:443/ollama"),
        ("[::1]:99", "http://[::1]:99"),
        ("", "http://127.0.0.1:11434"),
        ("::1", "http://[::1]:11434"),
        ("fe80::1%eth0", "http://[fe80::1%eth0]:11434"),
        ("rack\n", "http://rack:11434"),
        ("rack/ollama/", "http://rack:11434/ollama"),
    ],
)
def test_hosts_are_written_in_many_ways(host: str, url: str) -> None:
    assert host_url(host) == url


@pytest.mark.parametrize(
    "host",
    [
        "rack:port",
        "rack:99999",
        "rack:-1",
        "http://",
        "http://[::1",
        "ftp://x",
        "//rack",
        "a b",
        "\x00",
        "r\x1b[2J",
    ],
)
def test_what_is_no_address_is_refused_in_a_sentence(host: str) -> None:
    with pytest.raises(ConfigError) as caught:
        host_url(host)
    assert "`rack:11434`" in str(caught.value)
    assert str(caught.value).isprintable()


@settings(max_examples=15)  # a client costs a tenth of a second
@given(st.text(max_size=30))
def test_any_text_is_an_address_that_the_client_takes_or_is_refused(host: str) -> None:
    try:
        url = host_url(host)
    except ConfigError:
        return
    OllamaClient(url)


def test_the_environment_names_the_host_where_the_configuration_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "0.0.0.0:8080")
    assert default_hosts(()) == ("http://127.0.0.1:8080",)
    assert default_hosts(("rack", "127.0.0.1")) == ("http://rack:11434", "http://127.0.0.1:11434")
    monkeypatch.delenv("OLLAMA_HOST")
    assert default_hosts(()) == ("http://127.0.0.1:11434",)
