"""Every exchange that was recorded from a real server, byte for byte through the client, cut anywhere."""

import json
import re
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest

from jamtui.generators.ollama_client import Ask, Figures, Kind, OllamaClient, Trouble
from tests.generators.double import Double
from tests.generators.plays import WIRE, Replay, recorded

SPLITS = (None, 1, 2, 3, 4, 5)

READ = {
    "after_kill": "length",
    "generate_length": "length",
    "generate_logprobs": "length",
    "generate_nostream": "stop",
    "generate_raw_pattern": "stop",
    "generate_templated_pattern": "stop",
    "load": "load",
    "unknown_option_ignored": "length",
    "unload": "unload",
}
"""Answers that come to their end, and how they do."""
BROKEN = {
    "chat_pattern": (Kind.FOREIGN, "no answer of an Ollama server"),
    "chat_thinking_unconstrained": (Kind.FOREIGN, "no answer of an Ollama server"),
    "err_404": (Kind.MISSING, "model 'nope' not found"),
    "err_bad_schema": (
        Kind.ERROR,
        "Field 'json_schema': \"json_schema\": JSON schema conversion failed: JSON schema error at #: "
        "unrecognized type note",
    ),
    "err_badjson_options": (Kind.ERROR, 'option "num_predict" must be of type integer'),
    "err_format_array": (
        Kind.ERROR,
        'invalid format: "[\\"x\\"]"; expected "json" or a valid JSON Schema object',
    ),
    "err_think": (Kind.ERROR, '"tinybyte" does not support thinking'),
    "ps": (Kind.FOREIGN, "no answer of an Ollama server"),
    "repeat_abort_no_done": (Kind.CUT, "broke off in mid-answer"),
    "repeat_abort_nostream": (Kind.CUT, "broke off in mid-answer"),
    "runner_killed_midstream": (Kind.ERROR, "EOF"),
    "show": (Kind.FOREIGN, "no answer of an Ollama server"),
    "tags": (Kind.FOREIGN, "no answer of an Ollama server"),
    "thinking_swallows_output": (Kind.NONSENSE, "thinks instead of playing"),
    "version": (Kind.FOREIGN, "no answer of an Ollama server"),
}
"""Answers to a request for music that are none, the kind of trouble, and words of it."""


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for _, line in recorded(name)["lines"]]


def spoken(name: str) -> list[str]:
    return [line["response"] for line in lines(name) if line.get("response")]


async def heard(
    client: OllamaClient, num_predict: int = 200
) -> tuple[list[str], Figures | None, Trouble | None]:
    """The pieces, the figures and the trouble that a request for music brings."""
    pieces: list[str] = []
    figures = None
    ask = Ask("tinybyte", "jam", "^x$", num_predict, first_s=20.0, between_s=20.0)
    try:
        async with aclosing(client.write(ask)) as parts:
            async for part in parts:
                if isinstance(part, Figures):
                    figures = part
                else:
                    pieces.append(part)
    except Trouble as error:
        return pieces, figures, error
    return pieces, figures, None


async def replayed(
    name: str, splits: Sequence[int | None] = SPLITS
) -> list[tuple[list[str], Figures | None, Trouble | None]]:
    with Double() as server:
        client = OllamaClient(server.url)
        found = []
        for split in splits:
            server.play(Replay(name, split))
            found.append(await heard(client))
        await client.close()
    return found


def test_each_recorded_exchange_is_replayed() -> None:
    assert READ.keys() | BROKEN.keys() == {path.stem for path in WIRE.glob("*.json")}
    assert not READ.keys() & BROKEN.keys()


@pytest.mark.parametrize("name", [path.stem for path in sorted(WIRE.glob("*.json"))])
def test_a_recording_is_whole(name: str) -> None:
    exchange = recorded(name)
    body = "".join(line for _, line in exchange["lines"]).encode()
    assert exchange["headers"].get("content-length", str(len(body))) == str(len(body))


@pytest.mark.parametrize("name", READ)
async def test_what_was_said_is_heard_piece_by_piece(name: str) -> None:
    last = lines(name)[-1]
    for pieces, figures, trouble in await replayed(name):
        assert trouble is None
        assert pieces == spoken(name)
        assert figures == Figures(
            READ[name],
            last.get("load_duration", 0) / 1e9,
            last.get("prompt_eval_count", 0),
            last.get("prompt_eval_duration", 0) / 1e9,
            last.get("eval_count", 0),
            last.get("eval_duration", 0) / 1e9,
        )


@pytest.mark.parametrize("name", BROKEN)
async def test_what_went_wrong_is_named_and_what_came_before_is_heard(name: str) -> None:
    kind, words = BROKEN[name]
    for pieces, _, trouble in await replayed(name):
        assert trouble is not None
        assert trouble.kind is kind
        assert words in str(trouble)
        assert pieces == (spoken(name) if kind is not Kind.FOREIGN else [])


@pytest.mark.parametrize(
    "name", ["generate_raw_pattern", "generate_templated_pattern", "generate_nostream", "chat_pattern"]
)
def test_the_mask_held_where_the_answer_came_to_its_end(name: str) -> None:
    pattern = recorded(name)["request"]["body"]["format"]["pattern"]
    text = "".join(
        line.get("response", "") + line.get("message", {}).get("content", "") for line in lines(name)
    )
    assert re.fullmatch(pattern, json.loads(text))


@pytest.mark.parametrize("name", ["thinking_swallows_output", "chat_thinking_unconstrained"])
def test_a_model_that_thinks_said_nothing(name: str) -> None:
    said = [line.get("message", line) for line in lines(name)]
    assert "".join(line.get("thinking", "") for line in said)
    assert not any(line.get("response") or line.get("content") for line in said)


@pytest.mark.parametrize("split", SPLITS)
async def test_the_rest_of_the_life_cycle(split: int | None) -> None:
    with Double() as server:
        for path, name in (("tags", "tags"), ("ps", "ps"), ("show", "show"), ("generate", "load")):
            server.answers[f"/api/{path}"] = Replay(name, split)
        client = OllamaClient(server.url)
        models = await client.models()
        assert [(m.name, m.size, m.parameters) for m in models] == [
            (m["name"], m["size"], m["details"]["parameter_size"]) for m in lines("tags")[0]["models"]
        ]
        assert {m.name for m in models} >= {"tiny35:latest", "tinygo:latest"}
        assert await client.running() == {"tinybyte:latest"}
        assert await client.thinks("tiny35")
        await client.load("tinybyte")
        server.answers["/api/tags"] = Replay("version", split)
        with pytest.raises(Trouble) as caught:
            await client.models()
        assert caught.value.kind is Kind.FOREIGN
        server.answers["/api/generate"] = Replay("repeat_abort_nostream", split)
        with pytest.raises(Trouble) as caught:
            await client.load("tinybyte")
        assert caught.value.kind is Kind.ERROR
        for name, kind in (("err_404", Kind.MISSING), ("err_badjson_options", Kind.ERROR)):
            server.answers["/api/generate"] = Replay(name, split)
            with pytest.raises(Trouble) as caught:
                await client.load("tinybyte")
            assert caught.value.kind is kind
        await client.close()
