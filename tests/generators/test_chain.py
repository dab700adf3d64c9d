"""The chain: per bar the best that is ready at its deadline, whatever the sources beside it do.

Three sources, one of each rank, over the worker process's half and the link's codec, in simulated time. Each
is told for every bar how to behave: in time (sooner or later), too late, nonsense, for other chords, never,
broken. The letter of every bar of the lead, and its notes, must be those of the highest rank that was well.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace

import pytest

from jamtui.music.phrase import Bar, Brief, ChordSpan, Note, Role, Source
from jamtui.playback.commands import SentNote
from jamtui.session.generator import GeneratorHealth
from tests.generators.playing import Playing, play_all
from tests.generators.virtual_time import run

BAR = 3840
BARS = 32
OTHERS = (Role.BASS, Role.COMP, Role.DRUMS)
TONES = ((62, 65, 69, 72), (67, 71, 74, 77), (64, 67, 71, 72), (69, 73, 76, 79))
"""Chord tones of the loop's bars."""
RANKS = (Source.LIBRARY, Source.MODEL, Source.OLLAMA)
WELL = ("at once", "soon", "just in time")
ILL = ("too late", "out of range", "out of key", "too many", "other chords", "too short", "stale", "never")
ILL += ("broken", "nothing", "garbled")


def line(source: Source, number: int) -> tuple[int, ...]:
    """What ``source`` plays in bar ``number``: another order for each."""
    turn = RANKS.index(source) + 1
    tones = TONES[number % 4]
    return tones[turn:] + tones[:turn]


@dataclass
class Told:
    """A source that behaves as it is told, by bar; ``well`` bars are chord tones."""

    source: Source
    behaviour: Mapping[int, str]
    name: str = ""
    seen: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name = self.name or self.source.name.lower()

    async def bars(self, brief: Brief) -> AsyncIterator[Bar]:
        """As told for the brief's first bar."""
        if brief.role is not Role.LEAD:
            return
        number = brief.bar_number
        self.seen.append(number)
        how = self.behaviour.get(number, "nothing")
        left = brief.deadline_ms / 1000
        if how in ("at once", "soon", "just in time"):
            await asyncio.sleep({"at once": 0, "soon": left * 0.4, "just in time": left * 0.9}[how])
        elif how == "too late":
            await asyncio.sleep(left + 0.2)
        elif how == "never":
            await asyncio.Event().wait()
        elif how == "broken":
            raise RuntimeError("a source that breaks")
        elif how == "nothing":
            return
        yield self._bar(brief, number, how)

    def _bar(self, brief: Brief, number: int, how: str) -> Bar:
        notes = tuple(Note(n * 960, p, 900) for n, p in enumerate(line(self.source, number)))
        chords = tuple(ChordSpan(s.start, s.length, s.chord) for s in brief.chords if s.start <= BAR)
        where = (brief.start_tick, BAR, brief.plan_revision, brief.brief_id)
        bar = Bar(brief.session, brief.role, *where, chords, self.source, 1, notes, self.name)
        if how == "out of range":
            return replace(bar, notes=tuple(replace(n, pitch=n.pitch - 48) for n in notes))
        if how == "out of key":
            wrong = (61, 68, 61, 68) if number % 4 != 3 else (60, 68, 60, 68)  # by leaps: nothing resolves
            return replace(bar, notes=tuple(Note(n * 960, p, 900) for n, p in enumerate(wrong)))
        if how == "too many":
            return replace(bar, notes=tuple(Note(n * 60, 60 + n % 12, 60) for n in range(64)))
        if how == "other chords":
            told = tuple(replace(s, chord=s.chord.transpose(1)) for s in chords)
            return replace(bar, chords_assumed=told)
        if how == "too short":
            return replace(bar, length=BAR // 2)
        if how == "stale":
            return replace(bar, plan_revision=brief.plan_revision - 1)
        if how == "garbled":
            return replace(bar, notes=(Note(-5, 60, 10), Note(99_999, 60, 10)))
        return bar


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
