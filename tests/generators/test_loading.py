"""What the time that a model needs to be loaded decides, in a band that plays, in simulated time."""

import asyncio

import pytest

from jamtui.generators.host import make_hosts
from jamtui.generators.loading import BESIDE_S, LOAD_PATIENCE_S
from jamtui.generators.models import Measured
from jamtui.generators.ollama import OllamaSource
from jamtui.generators.pacing import Pace
from tests.generators.double import Double
from tests.generators.playing import Playing, ready
from tests.generators.plays import Status
from tests.generators.virtual_time import run
from tests.session.stage import styles

QWEN = "qwen3:1.7b"


def source(*servers: Double, **options: object) -> OllamaSource:
    return OllamaSource(make_hosts([s.url for s in servers]), styles(), **options)  # type: ignore[arg-type]


def first_bar(server: Double) -> float:
    """When ``server`` was first asked for bars (the warm-up's requests are the first two)."""
    return server.written[2].at


def test_a_host_that_need_not_load_plays_while_the_better_one_loads() -> None:
    rack, here = Double(load_s=4 * BESIDE_S, tokens_per_s=60), Double(tokens_per_s=60)

    async def scene() -> Playing:
        async with rack, here:
            here.loaded = QWEN
            return await Playing(source(rack, here), 14, tempo=120).play()

    played = run(scene())
    begin = played.bar_at[0]
    said = next(h for _, h in played.health if h.state == "ready")
    assert first_bar(here) - begin < BESIDE_S
    assert rack.loads == 1
    assert "O" in "".join(played.lead_by_bar()[2:5])
    assert 4 * BESIDE_S < first_bar(rack) - begin < 4 * BESIDE_S + 6, "the better one takes over"
    assert not [s for s in here.written if s.at > first_bar(rack) + 2]
    assert played.dead_air == 0
    assert said.detail != played.health[-1][1].detail


def test_a_model_that_is_known_to_load_slowly_is_given_its_time_although_another_host_waits() -> None:
    slowly = 1.5 * LOAD_PATIENCE_S
    rack, here = Double(load_s=slowly, tokens_per_s=60), Double(load_s=1000)

    async def scene(known: bool) -> tuple[Playing, int]:
        async with rack, here:
            found = Measured(QWEN, rack.url, 4.0, 1.0, 0.5, 60.0, load_s=slowly)
            measured = {(rack.url, QWEN): found} if known else {}
            played = await Playing(source(rack, here, measured=measured), 17, tempo=120).play()
            return played, here.loads

    played, others = run(scene(known=True))
    assert others == 0
    assert "O" in "".join(played.lead_by_bar()[-2:])
    loading = [h.detail for _, h in played.health if h.state == "loading"]
    assert any(f"loading, 12 s of about {slowly:.0f}" in detail for detail in loading)


def test_a_model_that_is_thrown_out_between_requests_is_asked_farther_ahead_the_next_time() -> None:
    server = Double(load_s=3.0, tokens_per_s=60, prompt_tokens_per_s=2000)
    server.answers["/api/ps"] = Status(404, "this server does not say what is loaded")
    paces: list[tuple[float, Pace]] = []

    async def scene() -> Playing:
        async with server:
            made = source(server)
            host = made.hosts.all[0]

            def look(playing: Playing) -> None:
                if playing.position >= 4 and server.loads == 1:
                    server.loaded = None  # another program took the memory, and gave it back
                paces.append((playing.position, host.pace))

            return await Playing(made, 14, tempo=120, started=ready, look=look).play()

    played = run(scene())
    assert server.loads == 2
    reloaded = [(at, pace) for at, pace in paces if pace.reloaded]
    assert reloaded
    assert reloaded[0][1].load_s == pytest.approx(3.0, abs=0.1)
    assert all(pace.prompt_s < 1.0 for _, pace in paces), "loading is not reading"
    assert reloaded[0][1].start_s > 3.0
    assert not paces[-1][1].reloaded
    assert "load 3.0 s" in played.health[-1][1].detail
    assert played.dead_air == 0
    assert "O" in "".join(played.lead_by_bar()[-3:])


def test_what_a_host_says_of_what_it_has_loaded_is_not_waited_for() -> None:
    async def scene() -> float:
        async with Double(tokens_per_s=60) as mute, Double(tokens_per_s=60) as well:
            mute.kill()
            made = source(mute, well)
            began = asyncio.get_running_loop().time()
            await made.hosts._loader.soonest(made.hosts.all)
            for host in made.hosts.all:
                await host.client.close()
            return asyncio.get_running_loop().time() - began

    assert run(scene()) <= 1.0
