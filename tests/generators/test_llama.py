"""The mask in a real engine: llama.cpp, driven by random weights, as Ollama drives it.

Needs the extra ``llama`` (``pip install 'jamtui[llama]'``, some minutes of compiling); without it these tests
are skipped with that reason, and with ``JAMTUI_REQUIRE_LLAMA=1`` they fail.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from jamtui.generators.answer import AnswerReader
from jamtui.generators.mask import response_format
from jamtui.generators.pattern import PatternError, check_pattern
from jamtui.generators.prompt import build_prompt
from jamtui.generators.request import Request
from jamtui.music.meter import EIGHTH, SIXTEENTH
from jamtui.music.notation import TRIPLET
from jamtui.music.phrase import Role
from tests.generators.asking import judge, request, styles

if os.environ.get("JAMTUI_REQUIRE_LLAMA") == "1":
    import llama_cpp
else:
    llama_cpp = pytest.importorskip(
        "llama_cpp", reason="llama.cpp is not installed (pip install 'jamtui[llama]')", exc_type=ImportError
    )
    pytest.importorskip("gguf", reason="gguf is not installed (pip install 'jamtui[llama]')")

from tests.generators.tiny_model import write_tiny_model

pytestmark = [pytest.mark.llama, pytest.mark.slow]

PLACES = [("4/4", EIGHTH), ("4/4", SIXTEENTH), ("4/4", TRIPLET), ("3/4", EIGHTH), ("6/8", SIXTEENTH),
          ("5/4", EIGHTH), ("7/8", EIGHTH)]  # fmt: skip


@pytest.fixture(scope="module", params=[1, 2])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """llama.cpp with a model of random weights, another for each parameter."""
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    write_tiny_model(path, request.param)
    assert path.stat().st_size < 600_000
    made = llama_cpp.Llama(str(path), n_ctx=2048, n_threads=1, verbose=False, seed=request.param)
    yield made
    made.close()


def written(
    engine: Any, asked: Request, seed: int, *, masked: bool, temperature: float = 1.0
) -> tuple[str, str]:
    """Text and finish reason of an answer to ``asked``."""
    grammar = None
    if masked:
        grammar = llama_cpp.LlamaGrammar.from_json_schema(json.dumps(response_format(asked)), verbose=False)
    prompt = build_prompt(asked).text[-600:]
    told = engine.create_completion(
        prompt,
        max_tokens=700,
        temperature=temperature,
        top_k=0,
        top_p=1.0,
        min_p=0.0,
        seed=seed,
        grammar=grammar,
    )["choices"][0]
    return told["text"], told["finish_reason"]


def read(asked: Request, text: str) -> tuple[int, Counter[str]]:
    """Bars that pass the guard, and everything else by reason. The text comes in small pieces."""
    reader = AnswerReader(asked, label="tiny")
    bars = [bar for at in range(0, len(text), 3) for bar in reader.feed(text[at : at + 3])] + reader.finish()
    passed: set[int] = set()
    reasons = Counter(f.reason.value for f in reader.faults)
    for bar in bars:
        judged = judge(asked, bar)
        if judged.accepted:
            passed.add(bar.start_tick)
        reasons.update([judged.reason] if judged.reason else judged.repairs)
    return len(passed), reasons


@pytest.mark.parametrize("role", list(Role))
def test_random_weights_under_the_mask_always_play(engine: Any, role: Role) -> None:
    random = Random(role)
    for meter, step in PLACES:
        for style in random.sample(sorted(styles()), 2):
            asked = request(
                role, meter=meter, step=step, style=style, seed=random.randrange(1000),
                temperature=random.random(), energy=random.random(), density=random.random(),
            )  # fmt: skip
            text, why = written(engine, asked, random.randrange(1000), masked=True, temperature=1.5)
            assert why == "stop", text
            passed, reasons = read(asked, text)
            assert passed == asked.bars, (text, reasons)
            assert not reasons.keys() & {"scale", "range", "token", "steps", "flood"}, (text, reasons)


def test_random_weights_without_the_mask_almost_never_do(engine: Any) -> None:
    bars = passed = 0
    for seed in range(30):
        asked = request(seed=seed)
        text, _ = written(engine, asked, seed, masked=False)
        bars += asked.bars
        passed += read(asked, text)[0]
    assert passed <= 0.02 * bars


@pytest.mark.parametrize(
    ("pattern", "escapes"),
    [
        ("^[^a]{2}$", "quotes end the string early"),
        ("^aa|bb$", "alternatives lose the quotes"),
    ],
)
def test_what_is_refused_is_not_enforced(engine: Any, pattern: str, escapes: str) -> None:
    """Reasons for refusing patterns that hold in this engine: other strings come through."""
    with pytest.raises(PatternError):
        check_pattern(pattern)
    told = json.dumps({"type": "string", "pattern": pattern})
    grammar = llama_cpp.LlamaGrammar.from_json_schema(told, verbose=False)
    texts = [
        engine.create_completion("jam", max_tokens=20, temperature=1.5, seed=seed, grammar=grammar)[
            "choices"
        ][0]
        for seed in range(40)
    ]
    assert not all(re.fullmatch(f'"({pattern[1:-1]})"', text["text"].strip()) for text in texts), escapes
