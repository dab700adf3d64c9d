"""The chain: per bar the best that is ready at its deadline, whatever the sources beside it do.

Three sources, one of each rank, over the worker process's half and the link's codec, in simulated time. Each
is told for every bar how to behave: in time (sooner or later), too late, nonsense, for other chords, never,
broken. The letter of every bar of the lead, and its notes, must be those of the highest rank that was well.
"""

import random
from collections.abc import Mapping

import pytest

from jamtui.music.phrase import Role, Source
from jamtui.playback.commands import SentNote
from jamtui.session.generator import GeneratorHealth
from tests.generators.playing import Playing, play_all
from tests.generators.told import BAR, ILL, RANKS, WELL, Told, line
from tests.generators.virtual_time import run

BARS = 32
OTHERS = (Role.BASS, Role.COMP, Role.DRUMS)


def behaviours(seed: int) -> dict[Source, dict[int, str]]:
    """Every source does everything, well about as often as ill, in stretches and single bars."""
    rng = random.Random(seed)
    found: dict[Source, dict[int, str]] = {}
    for source in RANKS:
        told: dict[int, str] = {}
        while len(told) < BARS:
            how = rng.choice(WELL if rng.random() < 0.5 else ILL)
            for _ in range(rng.choice((1, 1, 2, 5))):
                told[len(told)] = how
        found[source] = told
    return found


def expected(told: Mapping[Source, Mapping[int, str]], number: int) -> Source:
    """Who should play bar ``number``."""
    well = [source for source in RANKS if told[source].get(number) in WELL]
    return well[-1] if well else Source.REFLEX


def played(playing: Playing, number: int) -> tuple[set[Source], tuple[int, ...]]:
    """Who played bar ``number`` of the lead, and which pitches."""
    notes = [
        r
        for r in playing.stage.all_reports
        if isinstance(r, SentNote) and r.on and r.role is Role.LEAD and r.bar_tick == number * BAR
    ]
    return {n.source for n in notes}, tuple(n.pitch for n in notes)


SEEDS = range(2)


@pytest.fixture(scope="module")
def bands() -> dict[int, Playing]:
    """A band for each seed, and as -1 one without sources."""
    found = {-1: Playing(None, BARS)}
    for seed in SEEDS:
        told = behaviours(seed)
        found[seed] = Playing(None, BARS, others=[Told(source, told[source]) for source in RANKS])
    run(play_all(list(found.values())))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_each_bar_is_the_best_that_was_ready(seed: int, bands: dict[int, Playing]) -> None:
    told = behaviours(seed)
    # The first bar was begun before anybody could be asked; the last one's end is not played.
    for number in range(1, BARS - 1):
        best = expected(told, number)
        letters, pitches = played(bands[seed], number)
        told_here = {source.value: told[source].get(number) for source in RANKS}
        if best is Source.REFLEX:
            assert letters <= {best}, (number, told_here)
        else:
            assert letters == {best}, (number, told_here)
            assert pitches == line(best, number), (number, told_here)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_others_play_what_they_would_and_nothing_falls_silent(
    seed: int, bands: dict[int, Playing]
) -> None:
    assert bands[seed].notes(*OTHERS) == bands[-1].notes(*OTHERS)
    assert len(bands[seed].notes(*OTHERS)) > 100
    assert bands[seed].dead_air == 0


def test_every_kind_of_trouble_was_met_and_refused_by_its_name(bands: dict[int, Playing]) -> None:
    reasons = set().union(*(bands[seed].refusals() for seed in SEEDS))
    assert {"locked", "range", "scale", "density", "chords", "length", "stale", "outranked"} <= reasons
    best = {expected(behaviours(seed), number) for seed in SEEDS for number in range(1, BARS - 1)}
    assert best == {Source.REFLEX, *RANKS}
    for seed in SEEDS:
        for _, accepted, reason in bands[seed].offered:
            assert accepted or reason


def test_a_worker_process_that_goes_and_comes_is_noticed_within_a_bar() -> None:
    told = {source: dict.fromkeys(range(24), "soon") for source in RANKS}
    health = [GeneratorHealth(source, source.name.lower(), "ready", "") for source in RANKS]

    def gone(playing: Playing) -> None:
        playing.sources.gone()
        playing.stage.band.conductor.set_sources(playing.sources.wanted)

    def back(playing: Playing) -> None:
        playing.sources.take(health)
        playing.stage.band.conductor.set_sources(playing.sources.wanted)

    sources = [Told(source, told[source]) for source in RANKS]
    playing = Playing(None, 24, others=sources, events={8: gone, 14: back})
    run(playing.play())
    for number in range(1, 23):
        letters, _ = played(playing, number)
        assert letters <= ({Source.REFLEX} if 9 <= number <= 14 else {Source.OLLAMA}), number
    assert playing.dead_air == 0
