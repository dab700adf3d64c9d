"""The LLM in a band that plays, in simulated time, over real HTTP."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from itertools import pairwise
from typing import Any

import pytest

from jamtui.generators.host import make_hosts
from jamtui.generators.ollama import OllamaSource
from jamtui.generators.ollama_client import RunnerOptions
from jamtui.generators.prompt import Example
from jamtui.generators.request import Request
from jamtui.music.meter import SIXTEENTH
from jamtui.music.phrase import Brief, ChordSpan, Note, Phrase, Role, Source
from jamtui.session.exchange import Exchange
from jamtui.session.generator import Corresponding, Generator, Inspired, Reporting
from tests.generators.briefs import brief_for, spans
from tests.generators.double import Double
from tests.generators.playing import LOOP_KEYS, Playing, play_all, ready
from tests.generators.plays import Seen
from tests.generators.virtual_time import run
from tests.session.stage import styles


def source(*servers: Double, **options: Any) -> OllamaSource:
    return OllamaSource(make_hosts([s.url for s in servers]), styles(), **options)


def share(playing: Playing, first: int = 1) -> float:
    letters = playing.lead_by_bar()[first:]
    return sum(letter == "O" for letter in letters) / sum(letter != "" for letter in letters)


async def one(server: Double, **options: Any) -> Playing:
    async with server:
        return await Playing(source(server), **options).play()


def test_it_is_a_source_as_the_worker_process_wants_it() -> None:
    async def scene() -> None:
        made = source()
        assert isinstance(made, Reporting)
        assert isinstance(made, Corresponding)
        as_generator: Generator = made
        assert (as_generator.name, as_generator.source) == ("ollama", Source.OLLAMA)

    asyncio.run(scene())


def test_a_known_song_is_written_by_the_llm_from_the_second_bar_on() -> None:
    played = run(one(Double(tokens_per_s=40, prompt_tokens_per_s=800), bars=12, tempo=160, started=ready))
    assert share(played) == 1.0
    assert played.refusals() == Counter()
    assert played.dead_air == 0
    labels = {bar.label for bar, _, _ in played.offered}
    assert labels == {"qwen3:1.7b"}
    starts = [bar.start_tick for bar, _, _ in played.offered]
    assert starts == sorted(set(starts)), "each bar is offered once"


def test_a_loop_that_is_played_is_learnt_and_written_for() -> None:
    played = run(
        one(
            Double(tokens_per_s=40, prompt_tokens_per_s=800),
            bars=20,
            tempo=160,
            chart="",
            chords=LOOP_KEYS,
            started=ready,
        )
    )
    assert share(played, 9) >= 0.9, played.lead_by_bar()


async def _take(made: OllamaSource, brief: Brief) -> None:
    async with aclosing(made.bars(brief)) as bars:  # type: ignore[type-var]  # a generator
        async for _ in bars:
            pass


@pytest.mark.parametrize("wait", [0.05, 0.4, 1.5])
def test_a_request_that_other_chords_make_useless_is_closed_and_its_slot_is_free(wait: float) -> None:
    async def scene() -> tuple[list[Seen], float]:
        async with Double(tokens_per_s=10, prompt_tokens_per_s=200) as server:
            made = source(server)
            life = asyncio.create_task(made.run(lambda _health: None))
            while made.hosts.active is None:
                await asyncio.sleep(0.05)
            warm = len(server.written)
            first = asyncio.create_task(_take(made, brief_for(4)))
            await asyncio.sleep(wait)
            moment = asyncio.get_running_loop().time()
            other = brief_for(4, loop=("Ebm7", "Ab7", "Dbmaj7", "Bb7"), revision=2)
            second = asyncio.create_task(_take(made, other))
            await asyncio.sleep(0.5)
            for task in (first, second, life):
                task.cancel()
            return server.written[warm:], moment

    seen, moment = run(scene())
    useless, following = seen[0], seen[1]
    assert useless.at < moment
    assert useless.cancelled
    assert useless.ended_at is not None
    assert useless.ended_at - moment <= 0.1
    assert following.at - moment <= 0.1
    assert "Ebm7 | Ab7" in following.body["prompt"]


@pytest.mark.slow
def test_one_token_a_second_still_brings_bars_in_time() -> None:
    server = Double(tokens_per_s=1.0, prompt_tokens_per_s=200)
    played = run(one(server, bars=32, tempo=120, started=ready))
    letters = played.lead_by_bar()
    assert letters.count("O") >= 3, letters
    assert played.states()[-1] == "slow"
    assert "smaller model" in played.told("slow")
    assert not played.refusals(), "what comes too late is not offered"
    # A bar takes some ten seconds; what is begun is finished.
    assert len([s for s in server.written if s.cancelled]) <= 1


@pytest.mark.slow
def test_sixteenths_are_written_too() -> None:
    async def scene() -> Playing:
        async with Double(tokens_per_s=60, prompt_tokens_per_s=2000) as server:
            return await Playing(source(server, step=SIXTEENTH), 8, tempo=120, started=ready).play()

    played = run(scene())
    assert share(played) == 1.0
    onsets = {n.onset % 480 for bar, _, _ in played.offered for n in bar.notes}
    assert onsets == {0, 240}


def test_it_writes_for_other_roles_when_told_to() -> None:
    async def scene() -> Playing:
        async with Double(tokens_per_s=100, prompt_tokens_per_s=4000) as server:
            made = source(server, roles=(Role.LEAD, Role.BASS, Role.COMP))
            return await Playing(made, 10, tempo=120, started=ready).play()

    played = run(scene())
    accepted = Counter(bar.role for bar, accepted, _ in played.offered if accepted)
    assert set(accepted) == {Role.LEAD, Role.BASS, Role.COMP}
    assert min(accepted.values()) >= 7
    assert played.dead_air == 0


def test_the_model_is_loaded_once_whatever_is_asked() -> None:
    server = Double(tokens_per_s=80)

    def other(playing: Playing) -> None:
        playing.stage.act("style", "bossa")
        playing.stage.act("temperature", 0.9)

    async def scene() -> None:
        async with server:
            made = OllamaSource(make_hosts([server.url], "", RunnerOptions(2048, 256, 2)), styles())
            await Playing(made, 12, tempo=200, events={4: other}, started=ready).play()

    run(scene())
    assert server.loads == 1
    written = server.written
    assert len({tuple(sorted((s.body["options"] | {"seed": 0, "num_predict": 0, "temperature": 0}).items()))
                for s in written}) == 1  # fmt: skip
    assert len({s.body["options"]["temperature"] for s in written}) > 2
    # The prompt's beginning is read once; what is new of each is little.
    later = [s.new_prompt_tokens for s in written[2:]]
    assert max(later) <= 150


def test_every_exchange_is_kept_word_for_word() -> None:
    kept: list[Exchange] = []

    async def scene() -> Double:
        async with Double(tokens_per_s=80) as server:
            await Playing(source(server, on_exchange=kept.append), 6, tempo=200, started=ready).play()
            return server

    server = run(scene())
    assert len(kept) >= 2
    assert {e.prompt for e in kept} <= {s.body["prompt"] for s in server.written}
    whole = [e for e in kept if e.outcome == "stop"]
    assert whole
    assert all(e.answer.startswith('"') and e.answer.endswith('"') and e.bars == 2 for e in whole)
    assert {e.host for e in kept} == {server.url}
    # Two bars of eighths are some twenty tokens, at 80 a second.
    assert all(0.2 < e.seconds < 2.0 for e in whole)


def test_two_bands_with_the_same_inputs_and_answers_play_the_same() -> None:
    async def scene() -> list[Playing]:
        async with Double(tokens_per_s=50) as one, Double(tokens_per_s=50) as other:
            bands = [Playing(source(s), 8, tempo=200, started=ready) for s in (one, other)]
            await play_all(bands)
            return bands

    one, other = run(scene())
    assert one.notes(*Role) == other.notes(*Role)
    assert share(one) == 1.0


@pytest.mark.slow
def test_when_the_music_stops_the_request_does_too() -> None:
    async def scene() -> list[Seen]:
        async with Double(tokens_per_s=1.5) as server:
            band = Playing(
                source(server), 20, tempo=120, events={6: lambda p: p.stage.act("start_stop")}, started=ready
            )
            await band.play()
            return [s for s in server.written if s.at > band.bar_at[10]]

    assert run(scene()) == []


class Library:
    """Finds one phrase for everything, a fourth too low."""

    def similar(
        self, brief: Brief, chords: tuple[ChordSpan, ...], bars: int, count: int
    ) -> Sequence[tuple[Phrase, int]]:
        self.asked = (chords, bars, count)
        over = spans(("Am7", "D7"), 0, 2, 3840)
        notes = tuple(Note(n * 480, 64 + n % 3, 480) for n in range(16))
        return [(Phrase("found", brief.role, brief.style, 2, over, notes), 5)]


def test_phrases_of_the_library_are_shown_to_the_model_transposed() -> None:
    library = Library()

    async def scene() -> Double:
        async with Double(tokens_per_s=80) as server:
            made = source(server)
            assert isinstance(made, Inspired)
            made.inspire(library)
            await Playing(made, 6, tempo=200, started=ready).play()
            return server

    server = run(scene())
    prompts = [s.body["prompt"] for s in server.written[2:]]
    assert prompts
    # E F Gb, a fourth higher.
    assert all("Dm7 | G7:\n" in p and '" A Bb B A Bb B A Bb | B A Bb B A Bb B A |"' in p for p in prompts)
    assert library.asked[1:] == (2, 3)
    assert max(s.new_prompt_tokens for s in server.written[3:]) <= 150


def test_the_bars_written_last_are_shown_as_what_was_just_played() -> None:
    kept: list[Exchange] = []

    async def scene() -> None:
        async with Double(tokens_per_s=80) as server:
            await Playing(source(server, on_exchange=kept.append), 8, tempo=200, started=ready).play()

    run(scene())
    for one, other in pairwise(kept[1:]):  # after the warm-up
        # The second bar of an answer leads to the first one of the next.
        letters = one.answer.strip('" |').split("|")[1].split()
        told = other.prompt.split("Just played:\n")[1].split("\n")[0].strip('" |').split()
        assert [x for x in told if x not in "-."][-1] == [x for x in letters if x not in "-."][-1]


def test_a_mistake_of_its_own_is_said_and_the_llm_is_back() -> None:
    falls = iter([True, False, True, *[False] * 1000])

    def examples(_request: Request) -> Sequence[Example]:
        if next(falls):
            raise RuntimeError("tripped")
        return ()

    async def scene() -> Playing:
        async with Double(tokens_per_s=80) as server:
            return await Playing(source(server, examples=examples), 24, tempo=240, started=ready).play()

    played = run(scene())
    assert "stumbled" in played.told("down")
    assert "O" in "".join(played.lead_by_bar()[-6:])
    assert played.states()[-1] == "ready"
    assert played.dead_air == 0
