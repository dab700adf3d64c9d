"""Everything that goes wrong with an LLM, over real HTTP, while a whole band plays at 120 BPM.

For each failure the notes of the sources that were well are the same as without an LLM, nothing falls silent,
the panel says within a second what happened, and the LLM is back by itself. Some play at once, each with
servers of its own, in simulated time.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from jamtui.music.phrase import Role
from tests.generators.failing import BEFORE, Scene, play_cases
from tests.generators.failures import CASES, RECORDED
from tests.generators.playing import Playing
from tests.generators.plays import WIRE
from tests.generators.virtual_time import run

OTHERS = (Role.BASS, Role.COMP, Role.DRUMS)
WITHIN_S = 1.0

FAST = {
    "refused",
    "killed in mid-bar and restarted",
    "length in mid-note",
    "thinks only",
    "stops in mid-stream",
    "recorded: err_404",
    "a page",
    "a connection reset once",
}
"""One of a class, which the fast suite plays as well."""
each_case = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in CASES]
)
Played = tuple[dict[str, Scene], Playing]
AT_ONCE = 8
"""Cases that are played beside each other: dearer one by one, and all of them are a minute in one test."""


@pytest.fixture(scope="module")
def play(request: pytest.FixtureRequest) -> Callable[[str], Played]:
    """Plays the case of a name, of those whose tests were chosen, with others beside it; each case once."""
    chosen = [item for item in request.session.items if item.path == Path(__file__)]
    wanted = {item.callspec.params["name"] for item in chosen if hasattr(item, "callspec")}
    names = [name for name in CASES if name in wanted]

    @cache
    def played(first: int) -> Played:
        return run(play_cases({name: CASES[name] for name in names[first : first + AT_ONCE]}))

    return lambda name: played(names.index(name) // AT_ONCE * AT_ONCE)


@pytest.fixture
def played(name: str, play: Callable[[str], Played]) -> Played:
    """The case ``name``, played, and the band without an LLM."""
    return play(name)


def test_every_recorded_exchange_is_among_them() -> None:
    assert set(RECORDED) == {path.stem for path in WIRE.glob("*.json")}


@each_case
def test_the_sources_that_are_well_play_what_they_would_have_played(name: str, played: Played) -> None:
    scene, alone = played[0][name].playing, played[1]
    for role in OTHERS:
        assert scene.onsets(role) == alone.onsets(role)[: scene.bars]
        assert sum(map(len, scene.onsets(role))) > 2 * scene.bars
    letters = zip(scene.lead_by_bar(), alone.lead_by_bar(), strict=False)
    lead = zip(letters, scene.onsets(Role.LEAD), alone.onsets(Role.LEAD), strict=False)
    for (with_llm, without), notes, told in lead:
        if "O" not in with_llm:
            assert (with_llm, notes) == (without, told)


@each_case
def test_nothing_falls_silent(name: str, played: Played) -> None:
    assert played[0][name].playing.dead_air == 0
    assert played[1].dead_air == 0


@each_case
def test_the_panel_says_within_a_second_what_happened(name: str, played: Played) -> None:
    scene = played[0][name]
    case, playing = scene.case, scene.playing
    if case.state == "ready":
        assert set(playing.states()) <= {"loading", "ready"}
        return
    shown = playing.shown(scene.moment, WITHIN_S)
    assert [h for h in shown if h.state == case.state and case.says in h.detail], shown
    later = [h for at, h in playing.health if at > scene.moment]
    for state, words in case.then:
        assert [h for h in later if h.state == state and words in h.detail], (state, words)
    assert all(h.detail.isprintable() for _, h in playing.health)


@each_case
def test_the_llm_plays_before_and_is_back_by_itself(name: str, played: Played) -> None:
    scene = played[0][name]
    case, letters = scene.case, scene.playing.lead_by_bar()
    assert "O" in "".join(letters[:BEFORE]) or not case.waits
    assert all("O" in letter for letter in letters[-2:]), letters
    assert scene.playing.states()[-1] == "ready"
    last = case.says if case.last is None else case.last
    told = scene.playing.told("ready")
    assert last in told
    assert ("failed" in told) == bool(last) or case.last == ""
