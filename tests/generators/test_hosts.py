"""Which host writes, and what is said meanwhile: several servers, in a band that plays, in simulated time."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from jamtui.generators.host import make_hosts
from jamtui.generators.loading import LOAD_PATIENCE_S
from jamtui.generators.ollama import OllamaSource
from jamtui.session.exchange import Exchange
from tests.generators.double import Double
from tests.generators.playing import Playing, ready
from tests.generators.plays import Music, Play, Says, Seen, Silence
from tests.generators.virtual_time import run
from tests.session.stage import styles


def source(*servers: Double, **options: Any) -> OllamaSource:
    return OllamaSource(make_hosts([s.url for s in servers]), styles(), **options)


def share(playing: Playing, first: int = 1) -> float:
    letters = playing.lead_by_bar()[first:]
    return sum(letter == "O" for letter in letters) / sum(letter != "" for letter in letters)


def test_the_next_host_takes_over_in_mid_song_and_the_better_one_comes_back() -> None:
    async def scene() -> tuple[Playing, list[Seen]]:
        best, spare = Double(tokens_per_s=100), Double(tokens_per_s=50, models=(("qwen2.5:1.5b", 9),))
        async with best, spare:
            events = {5: lambda _p: best.kill(), 12: lambda _p: best.start()}
            band = Playing(source(best, spare), 24, tempo=240, events=events, started=ready)
            await band.play()
            return band, spare.written

    played, second = run(scene())
    labels = ["" for _ in range(24)]
    for bar, accepted, _ in played.offered:
        if accepted and bar.start_tick // 3840 < 24:
            labels[bar.start_tick // 3840] = bar.label
    assert labels[3] == "qwen3:1.7b"
    assert "qwen2.5:1.5b" in labels[7:13]
    assert labels[-1] == "qwen3:1.7b"
    told = [h.detail for _, h in played.health if h.state == "ready"]
    assert any("qwen2.5:1.5b" in detail for detail in told)
    assert share(played) > 0.75
    assert played.dead_air == 0
    # While one is well the other one is left alone.
    assert not [s for s in second if s.at < played.bar_at[5]]


def test_loading_is_told_each_second_and_the_band_plays_on() -> None:
    async def scene() -> Playing:
        async with Double(load_s=30, tokens_per_s=60) as server:
            return await Playing(source(server), 20, tempo=120).play()

    played = run(scene())
    loading = [h.detail for _, h in played.health if h.state == "loading"]
    assert len(loading) >= 28
    assert any("loading, 25 s" in detail for detail in loading)
    letters = "".join(played.lead_by_bar())
    assert "R" in letters[:10]
    assert played.states()[-1] == "ready"
    assert "O" in letters[-3:]
    assert played.dead_air == 0


@pytest.mark.slow
def test_a_host_that_loads_too_long_is_passed_over_where_another_one_waits() -> None:
    async def scene() -> Playing:
        async with Double(load_s=500) as stuck, Double(tokens_per_s=60) as spare:
            return await Playing(source(stuck, spare), 22, tempo=120).play()

    played = run(scene())
    at = next(t for t, h in played.health if h.state == "ready")
    assert at - played.bar_at[0] == pytest.approx(LOAD_PATIENCE_S, abs=2.0)
    assert "O" in "".join(played.lead_by_bar()[-4:])


def test_without_ollama_the_panel_says_how_to_get_it() -> None:
    async def scene() -> Playing:
        server = Double()
        async with server:
            pass
        return await Playing(source(server), 4).play()

    played = run(scene())
    assert played.states() == ["loading", "absent"]
    assert "ollama.com" in played.told("absent")
    assert "jamtui llm pull" in played.told("absent")
    assert "\n" not in played.told("absent")


def test_without_a_model_the_panel_says_how_to_get_one() -> None:
    async def scene() -> Playing:
        async with Double(models=()) as server:
            band = Playing(source(server), 8)

            def pulled(_playing: Playing) -> None:
                server.models = (("qwen3:1.7b", 10),)

            band.events = {2: pulled}
            return await band.play()

    played = run(scene())
    assert "jamtui llm pull qwen3:1.7b" in played.told("absent")
    assert played.states()[-1] == "ready", "one that was pulled meanwhile is found"


@pytest.mark.slow
def test_a_host_that_slows_for_good_in_mid_song_still_writes_some_bars() -> None:
    async def scene() -> Playing:
        async with Double(tokens_per_s=60) as server:

            def slow(_playing: Playing) -> None:
                server.tokens_per_s = 1.0

            return await Playing(source(server), 36, tempo=120, started=ready, events={4: slow}).play()

    played = run(scene())
    assert sum("O" in letters for letters in played.lead_by_bar()[10:]) >= 3
    assert played.dead_air == 0


def slow_for_good(server: Double) -> None:
    server.tokens_per_s = 1.0


def stopping_in_mid_stream(server: Double) -> None:
    server.play(*[Says([" D"] * 3, ends="hang")] * 400)


@pytest.mark.slow
@pytest.mark.parametrize("fails", [slow_for_good, stopping_in_mid_stream])
def test_a_host_that_writes_nothing_in_time_is_left_for_one_that_does(
    fails: Callable[[Double], None],
) -> None:
    async def scene() -> Playing:
        async with Double(tokens_per_s=60) as first, Double(tokens_per_s=60) as second:
            return await Playing(
                source(first, second), 24, tempo=120, started=ready, events={4: lambda _p: fails(first)}
            ).play()

    played = run(scene())
    assert share(played, 12) == 1.0, played.lead_by_bar()
    assert "down" in played.states()
    assert played.states()[-1] == "ready"
    assert played.dead_air == 0


@pytest.mark.slow
def test_a_host_that_loads_and_then_says_nothing_is_passed_over_where_another_one_waits() -> None:
    async def scene() -> Playing:
        async with Double() as mute, Double(tokens_per_s=60) as spare:
            mute.play(*[Silence(900)] * 10)
            return await Playing(source(mute, spare), 18, tempo=120).play()

    played = run(scene())
    at = next(t for t, h in played.health if h.state == "ready")
    assert at - played.bar_at[0] <= LOAD_PATIENCE_S + 2
    assert any("warming up" in h.detail for _, h in played.health if h.state == "loading")
    assert "O" in "".join(played.lead_by_bar()[-4:])


@pytest.mark.slow
def test_a_spare_that_was_restarted_writes_while_the_better_host_still_hangs() -> None:
    async def scene() -> Playing:
        async with Double(tokens_per_s=60) as first, Double(tokens_per_s=60) as second:
            events: dict[int, Callable[[Playing], None]] = {
                4: lambda _p: first.play(*[Silence(900)] * 40),
                14: lambda _p: second.kill(),
                16: lambda _p: second.start(),
            }
            return await Playing(source(first, second), 30, tempo=120, started=ready, events=events).play()

    played = run(scene())
    assert share(played, 24) == 1.0, played.lead_by_bar()
    assert played.dead_air == 0


def test_nonsense_from_the_start_is_kept_to_be_shown_and_the_panel_stays_with_it() -> None:
    kept: list[Exchange] = []

    async def scene() -> Playing:
        async with Double(tokens_per_s=60) as server:
            server.play(*[Says(["Sure! Here is a jazzy", " solo: C E G", " and more.\n"])] * 500)
            return await Playing(source(server, on_exchange=kept.append), 8, tempo=200).play()

    played = run(scene())
    assert kept
    assert "jazzy solo" in kept[0].answer
    assert played.states() == ["loading", "nonsense"]
    assert "jamtui llm use" in played.told("nonsense")


class Breaking(Double):
    """Answers the two requests of a warm-up; every other one breaks off."""

    def next_play(self, seen: Seen) -> Play:
        since = 0
        for other in self.seen:
            if other.path == "/api/generate":
                since = since + 1 if other.body.get("prompt") else 0
        return Music() if since <= 2 else Says([" C", " D"], ends="cut")


@pytest.mark.slow
def test_a_host_that_breaks_off_in_every_request_is_asked_more_and_more_seldom() -> None:
    async def scene() -> tuple[Playing, list[float]]:
        async with Breaking(tokens_per_s=60) as first, Double(tokens_per_s=60) as second:
            played = await Playing(source(first, second), 40, tempo=120, started=ready).play()
            return played, [s.at for s in first.written if s.play != Music()]

    played, broke = run(scene())
    assert share(played, 4) >= 0.9, played.lead_by_bar()
    assert len(broke) <= 7, "after 1 s, then 2, 4, 8, 16, 20"
    assert played.dead_air == 0


@pytest.mark.slow
def test_a_host_that_trickles_is_passed_over_where_another_one_waits() -> None:
    async def scene() -> Playing:
        async with Double(tokens_per_s=0.3) as trickling, Double(tokens_per_s=60) as spare:
            return await Playing(source(trickling, spare), 16, tempo=120).play()

    played = run(scene())
    at = next(t for t, h in played.health if h.state == "ready")
    assert at - played.bar_at[0] <= LOAD_PATIENCE_S + 2
    assert "O" in "".join(played.lead_by_bar()[-3:])


def test_a_host_whose_name_leads_nowhere_costs_the_next_one_nothing() -> None:
    async def scene() -> Playing:
        async with Double(tokens_per_s=60) as well:
            # No look-up: the name is none, so that no thread waits for a name server in real time.
            hosts = make_hosts(["http://x..y:11434", well.url])
            return await Playing(OllamaSource(hosts, styles()), 8, tempo=160).play()

    played = run(scene())
    assert share(played, 3) == 1.0, played.lead_by_bar()
    assert played.states()[-1] == "ready"
    assert "x..y:11434 does not answer" in played.told("ready")


@pytest.mark.parametrize("seconds", [7.0, 3600.0])
def test_when_the_clock_jumps_the_llm_goes_on(seconds: float) -> None:
    jump = 0.0

    def now() -> float:
        return asyncio.get_running_loop().time() + jump

    def jumps(_playing: Playing) -> None:
        nonlocal jump
        jump += seconds

    async def scene() -> Playing:
        async with Double(tokens_per_s=40) as server:
            events = {3: jumps, 6: jumps}
            return await Playing(source(server, now=now), 14, tempo=160, events=events, started=ready).play()

    played = run(scene())
    assert "O" in "".join(played.lead_by_bar()[4:6])
    assert share(played, 10) == 1.0, played.lead_by_bar()
    assert played.states()[-1] == "ready"
    assert played.dead_air == 0


FIGURES = ({"eval_count": 10**9, "eval_duration": 1}, {"eval_count": -5, "eval_duration": -7},
           {"load_duration": 10**18, "prompt_eval_duration": -1, "prompt_eval_count": 10**12})  # fmt: skip


@pytest.mark.parametrize("figures", FIGURES)
def test_figures_that_cannot_be_are_not_believed(figures: dict[str, int]) -> None:
    class Boasting(Double):
        def figures(self) -> dict[str, int]:
            return figures

    async def scene() -> Playing:
        async with Boasting(tokens_per_s=25) as server:
            return await Playing(source(server), 14, tempo=120, started=ready).play()

    played = run(scene())
    assert share(played, 2) == 1.0, played.lead_by_bar()
    assert played.states()[-1] == "ready"
    assert played.refusals().total() == 0
