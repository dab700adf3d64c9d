"""The player's choice of a model: what is shown of models, and taking another one while the band plays."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from jamtui.errors import ConfigError, JamtuiError
from jamtui.generators.host import make_hosts
from jamtui.generators.models import Measured
from jamtui.generators.ollama import OllamaSource
from jamtui.generators.picking import OFF, Picking
from jamtui.processes.codec import decode, encode, from_plain
from jamtui.session.model_page import ModelPage
from tests.generators.double import Double
from tests.generators.playing import Playing, ready
from tests.generators.virtual_time import run
from tests.session.stage import styles

QWEN = ("qwen3:1.7b", 1_359_293_444)
PHI = ("phi:latest", 5_000_000_000)
EMBEDDER = ("nomic-embed-text:latest", 274_000_000)


def source(*servers: Double, model: str = "", **options: Any) -> OllamaSource:
    return OllamaSource(make_hosts([s.url for s in servers], model), styles(), **options)


@dataclass
class Picked(Playing):
    """A band that notes what the source tells beside bars and health."""

    pages: list[ModelPage] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)

    def send(self, kind: str, body: object = None) -> bool:
        if kind == "models":
            self.pages.append(from_plain(ModelPage, decode(encode(kind, body))[1]))
        elif kind == "tell":
            told = decode(encode(kind, body))[1]
            self.said.append((told["severity"], told["text"]))
        return super().send(kind, body)

    def ask(self, kind: str, body: object = None) -> None:
        assert self.source is not None
        self.errand = asyncio.ensure_future(self.source.take(kind, body))


def pages(made: OllamaSource) -> ModelPage:
    async def scene() -> ModelPage:
        found: list[ModelPage] = []
        made._send = lambda _kind, body: found.append(body)  # type: ignore[func-returns-value]
        await made.take("models", None)
        await made.hosts.close()
        return found[0]

    return asyncio.run(scene())


def test_every_host_s_models_are_shown_with_size_speed_and_what_is_recommended() -> None:
    with Double(models=(PHI, QWEN, EMBEDDER)) as rack, Double(models=(QWEN,)) as here:
        measured = {
            (rack.url, PHI[0]): Measured(PHI[0], rack.url, 2.5, 0.97, 0.8, 31.0, load_s=4.5),
            (rack.url, QWEN[0]): Measured(QWEN[0], rack.url, 9.0, 0.99, 0.2, 90.0),
        }
        page = pages(source(rack, here, measured=measured))
    assert page.problems == ()
    first, second, third = page.rows
    assert (first.name, first.size, first.bars_per_s, first.tokens_per_s) == (*PHI, 2.5, 31.0)
    assert (first.accepted, first.first_bar_s, first.load_s) == (0.97, 0.8, 4.5)
    assert first.recommended, "the largest that keeps up"
    assert first.chosen
    assert (second.recommended, second.chosen, second.bars_per_s) == (False, False, 9.0)
    assert (third.name, third.bars_per_s, third.recommended) == (QWEN[0], 0.0, True)
    assert not any(row.playing for row in page.rows)


def test_a_host_that_cannot_be_asked_one_without_a_model_and_none_at_all_are_said() -> None:
    gone = Double()
    with gone:
        pass
    with Double(models=(EMBEDDER,)) as empty:
        page = pages(source(gone, empty))
    assert page.rows == ()
    assert "start Ollama there" in page.problems[0]
    assert "jamtui llm pull qwen3:1.7b" in page.problems[1]
    assert pages(source()) == ModelPage((), (OFF,))


def test_another_model_is_taken_while_the_band_plays_and_remembered() -> None:
    kept: list[str] = []
    server = Double(models=(QWEN, PHI), load_s=2.0, rates={PHI[0]: 40.0}, tokens_per_s=60)

    async def scene() -> Picked:
        async with server:
            band = Picked(source(server, remember=kept.append), 22, tempo=120, started=ready)
            band.events = {
                3: lambda playing: band.ask("models"),
                5: lambda playing: band.ask("model", "phi"),
                18: lambda playing: band.ask("models"),
            }
            await band.play()
            return band

    played = run(scene())
    assert kept == ["phi:latest"]
    before, chosen, after = played.pages
    assert [(r.name, r.playing, r.chosen) for r in before.rows] == [
        (QWEN[0], True, True),
        (PHI[0], False, False),
    ]
    assert [(r.name, r.playing, r.chosen) for r in chosen.rows] == [
        (QWEN[0], False, False),
        (PHI[0], False, True),
    ]
    assert [(r.name, r.playing, r.chosen) for r in after.rows] == [
        (QWEN[0], False, False),
        (PHI[0], True, True),
    ]
    assert after.rows[1].load_s == pytest.approx(2.0, abs=0.2)
    assert after.rows[1].tokens_per_s == pytest.approx(40.0, rel=0.2), "nothing of the other model's speed"
    assert played.said == [
        ("info", "phi:latest is being loaded and plays from then on, also at the next start")
    ]
    labels = {bar.label for bar, _, _ in played.offered if bar.start_tick >= 14 * 3840}
    assert labels == {"phi:latest"}
    assert "".join(played.lead_by_bar()[-6:]) == "O" * 6
    assert played.dead_air == 0
    states = [h.detail for at, h in played.health if h.state == "loading" and at > played.bar_at[5]]
    assert any(detail.startswith("phi:latest: loading") for detail in states)


def test_another_model_is_taken_while_one_is_being_loaded() -> None:
    server = Double(models=(QWEN, PHI), load_s=30.0, tokens_per_s=60)

    async def scene() -> Picked:
        async with server:
            band = Picked(source(server), 8, tempo=120)

            def pick(_playing: Playing) -> None:
                server.load_s = 1.0
                band.ask("model", "phi:latest")

            band.events = {2: pick}
            await band.play()
            return band

    played = run(scene())
    at = next(at for at, h in played.health if h.state == "ready")
    assert at - played.bar_at[2] < 5
    assert played.health[-1][1].detail.startswith("phi:latest: ")


def test_the_host_that_has_the_model_plays_it_and_the_others_go_on_with_theirs() -> None:
    rack, here = Double(models=(QWEN,), tokens_per_s=60), Double(models=(QWEN, PHI), tokens_per_s=60)

    async def scene() -> Picked:
        async with rack, here:
            band = Picked(source(rack, here), 24, tempo=160, started=ready)
            band.events = {4: lambda playing: band.ask("model", PHI[0]), 14: lambda playing: here.kill()}
            await band.play()
            return band

    played = run(scene())
    by_bar = {bar.start_tick // 3840: bar.label for bar, _, _ in played.offered}
    assert by_bar[12] == PHI[0]
    assert by_bar[22] == QWEN[0], "the rack has no such model: it plays its own when it has to"


def test_what_is_not_installed_or_cannot_be_remembered_is_said() -> None:
    def full(_name: str) -> None:
        raise ConfigError("cannot write it")

    async def scene(name: str, expected: str) -> None:
        with Double(models=(QWEN,)) as server:
            made = source(server)
            picking = Picking(made.hosts, None, full)
            with pytest.raises(JamtuiError, match=expected):
                await picking.choose(name)
            await made.hosts.close()

    asyncio.run(scene("nothing", "jamtui llm pull nothing"))
    asyncio.run(scene(QWEN[0], "plays now, but not at the next start: cannot write it"))
