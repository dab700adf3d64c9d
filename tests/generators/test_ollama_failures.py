"""Everything that goes wrong with an LLM, over real HTTP, while a whole band plays.

For each failure the notes of the sources that were well are the same as without an LLM, nothing falls silent,
the panel says what happened, and the LLM is back by itself. All bands play at once, each with a server of its
own, in simulated time.
"""

import random
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jamtui.generators.host import make_hosts
from jamtui.generators.ollama import OllamaSource
from jamtui.music.phrase import Role
from tests.generators.double import Double
from tests.generators.playing import Playing, play_all, ready
from tests.generators.plays import BUSY, Music, Play, Replay, Says, Silence, Status
from tests.generators.virtual_time import run
from tests.session.stage import styles

BARS = 14
FAILS_AT = 4
"""The bar at whose beginning things go wrong."""
OTHERS = (Role.BASS, Role.COMP, Role.DRUMS)
BROKEN = '{"model":"m","response":" C\u00e9","done":false}\n'.encode()


def garbage() -> list[str | bytes]:
    rng = random.Random(5)
    return ["".join(chr(rng.randint(33, 0x2FFF)) for _ in range(3)) for _ in range(10_000)]


@dataclass(frozen=True)
class Case:
    """A failure: what the server then plays, or what happens to it, and what the panel says of it."""

    plays: tuple[Play, ...] = ()
    event: Callable[[Double], None] | None = None
    later: Callable[[Double], None] | None = None
    """Happens four bars later."""
    state: str = ""
    """A state that is shown; empty: none but ``ready``."""
    says: str = ""
    server: dict[str, object] = field(default_factory=dict)
    back: bool = True


def slow(server: Double) -> None:
    server.tokens_per_s = 1.0


def fast(server: Double) -> None:
    server.tokens_per_s = 120.0


CASES = {
    "refused": Case(event=Double.kill, later=Double.start, state="down", says="does not answer"),
    "killed in mid-bar and restarted": Case(
        plays=(Says([" C"] * 3, ends="hang"),), event=Double.kill, later=Double.start, state="down"
    ),
    "error in mid-stream": Case(plays=(Replay("runner_killed_midstream", 2),) * 2, state="down", says="EOF"),
    "no done": Case(plays=(Says([" C", " D"], ends=""),), state="down", says="broke off"),
    "aborted repetition": Case(plays=(Replay("repeat_abort_no_done"),), state="down", says="broke off"),
    "connection cut": Case(plays=(Says([" C", " D"], ends="cut"),), state="down", says="broke off"),
    "length in mid-note": Case(
        plays=(Says(['"', " D", " F", " A", " c", " A", " F", " D", " -", " |", " E"], ends="length"),) * 3,
        state="nonsense",
        says="stopped in mid-bar",
    ),
    "thinks only": Case(plays=(Replay("thinking_swallows_output", 4),) * 3, state="nonsense", says="llm use"),
    "keys in another order": Case(plays=(Music(backwards=True),) * 3),
    "format ignored": Case(
        plays=(Says(["Sure! Here is a jazzy", " solo: C E G", " and more.\n"]),) * 3, state="nonsense"
    ),
    "JSON instead of the grid": Case(
        plays=(Says(['{"note": "C5", ', '"velocity": 100}', "\n"]),) * 3, state="nonsense"
    ),
    "queue full": Case(plays=(Status(503, BUSY),) * 2, state="down", says="busy"),
    "stops in mid-stream": Case(
        plays=(Says([" D"] * 3, ends="hang"),), state="slow", says="stopped in mid-answer"
    ),
    "10,000 tokens of garbage": Case(plays=(Says(garbage(), split=9),) * 3, state="nonsense"),
    "broken characters over chunks": Case(plays=(Says([BROKEN] * 9, split=3),) * 3, state="nonsense"),
    "half a character": Case(
        plays=(Says([BROKEN.replace(b"\xc3\xa9", b"\xc3")] * 9, split=3),) * 3, state="nonsense"
    ),
    "no line of the protocol": Case(
        plays=(Says([b"<html>\n"]),), state="down", says="no answer of an Ollama server"
    ),
    "one token a second": Case(event=slow, later=fast, state="slow"),
    "silent": Case(plays=(Silence(3.5),), state="slow", says="no note for"),
}


def band(case: Case, server: Double) -> Playing:
    source = OllamaSource(make_hosts([server.url]), styles())

    def plays(_playing: Playing) -> None:
        server.play(*case.plays)

    def begins(_playing: Playing) -> None:
        if case.event is not None:
            case.event(server)

    def ends(_playing: Playing) -> None:
        if case.later is not None:
            case.later(server)

    events = {FAILS_AT: plays, FAILS_AT + bool(case.plays): begins, FAILS_AT + 4: ends}
    return Playing(source, BARS, started=ready, events=events)


async def play_cases(names: Iterable[str]) -> dict[str, Playing]:
    """The cases called ``names``, and a band without an LLM as ``alone``."""
    async with AsyncExitStack() as stack:
        bands = {"alone": Playing(None, BARS)}
        for name in names:
            server = Double(tokens_per_s=120.0, **CASES[name].server)  # type: ignore[arg-type]
            bands[name] = band(CASES[name], await stack.enter_async_context(server))
        await play_all(list(bands.values()))
    return bands


FAST = {
    "refused",
    "killed in mid-bar and restarted",
    "no done",
    "length in mid-note",
    "thinks only",
    "format ignored",
}
"""Those that the fast suite plays as well; each band costs half a second."""
each_case = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in CASES]
)


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest) -> dict[str, Playing]:
    """The cases of the tests that were chosen, played."""
    chosen = [item for item in request.session.items if item.path == Path(__file__)]
    names = {item.callspec.params["name"] for item in chosen if hasattr(item, "callspec")}
    return run(play_cases(name for name in CASES if name in names))


@each_case
def test_the_other_sources_play_what_they_would_have_played(name: str, played: dict[str, Playing]) -> None:
    assert played[name].notes(*OTHERS) == played["alone"].notes(*OTHERS)
    assert len(played[name].notes(*OTHERS)) > 100


@each_case
def test_nothing_falls_silent(name: str, played: dict[str, Playing]) -> None:
    assert played[name].dead_air <= played["alone"].dead_air
    assert played["alone"].dead_air == 0


@each_case
def test_the_panel_says_what_happened(name: str, played: dict[str, Playing]) -> None:
    case, states = CASES[name], played[name].states()
    if case.state:
        assert case.state in states
        assert case.says in played[name].told(case.state)
    else:
        assert set(states) <= {"loading", "ready"}


@each_case
def test_the_llm_plays_before_and_is_back_by_itself(name: str, played: dict[str, Playing]) -> None:
    letters = played[name].lead_by_bar()
    assert "O" in "".join(letters[: FAILS_AT + 1])
    assert "O" in "".join(letters[-4:]), letters
    assert played[name].states()[-1] == "ready"
