"""Writing choruses before the show, against the protocol double over real HTTP."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from jamtui.generators.host import Host, make_hosts
from jamtui.generators.ollama_client import Kind, Trouble
from jamtui.generators.prepared import PreparedSet
from jamtui.generators.preparing import ATTEMPTS, Preparation, Wish
from jamtui.generators.request import cut
from jamtui.music.chart import Chart, parse_chart
from jamtui.music.meter import METERS, PPQ
from jamtui.music.phrase import Bar, Role, Source
from jamtui.music.scale import key_of
from jamtui.session.guard import Guard, Limits
from jamtui.session.voicelead import surprise_of
from tests.generators.asking import CHARTS, styles
from tests.generators.double import Double
from tests.generators.plays import BUSY, Says, Status
from tests.generators.virtual_time import run

CHART = parse_chart("Dm7 | G7 | Cmaj7 | A7 | Dm7 G7 | N.C.")
STYLE = styles()["swing"]


def empty(chart: Chart = CHART) -> PreparedSet:
    return PreparedSet(chart, "swing", 140.0)


class Kept:
    """What was kept, in order."""

    def __init__(self) -> None:
        self.sets: list[PreparedSet] = []

    def __call__(self, prepared: PreparedSet) -> None:
        self.sets.append(prepared)


def prepare(
    wish: Wish, start: PreparedSet, server: Double, kept: Kept, told: Callable[[], None] = lambda: None
) -> Preparation:
    async def work() -> Preparation:
        async with server:
            hosts = make_hosts([server.url])
            work = Preparation(wish, start, hosts, keep=kept, told=told)
            try:
                await work.run()
            finally:
                await close(hosts)
            return work

    return run(work())


async def close(hosts: tuple[Host, ...]) -> None:
    for host in hosts:
        await host.client.close()


@pytest.mark.parametrize("meter", CHARTS)
@pytest.mark.parametrize("role", [Role.LEAD, Role.BASS, Role.COMP])
def test_every_bar_of_every_chorus_is_there_and_passes_the_guard(meter: str, role: Role) -> None:
    chart = parse_chart(CHARTS[meter], METERS[meter])
    kept = Kept()
    done = prepare(Wish(STYLE, role, choruses=2), empty(chart), Double(), kept)
    choruses = done.prepared.of(role)
    assert [c.missing for c in choruses] == [0, 0]
    assert choruses[0].bars != choruses[1].bars
    assert {c.model for c in choruses} == {"qwen3:1.7b"}
    assert len({c.seed for c in choruses}) == 2
    silent = sum(bar[0].chord.symbol == "N.C." for bar in chart.bars)
    assert done.tally.done == done.tally.bars == 2 * (len(chart.bars) - silent)
    assert kept.sets[-1] == done.prepared
    assert [len(s.of(role)) for s in kept.sets] == [1, 2], "kept after each chorus"
    playing = STYLE.roles[role]
    limits = Limits(role, playing.low, playing.high, key_of(s.chord for s in chart.spans), surprise_of(0.5))
    ticks = chart.meter.bar_ticks
    twice = (*chart.spans, *(replace(s, start=s.start + chart.length) for s in chart.spans))
    for chorus in choruses:
        for n, notes in enumerate(chorus.bars):
            assert notes is not None
            chords = cut(twice, n * ticks, ticks + PPQ)
            bar = Bar("s", role, 0, ticks, 0, "", chords, Source.OLLAMA, 0, notes)
            assert Guard().check(bar, limits).bar == bar


def test_each_request_is_told_what_leads_to_it() -> None:
    server = Double()
    prepare(Wish(STYLE, choruses=2), empty(), server, Kept())
    prompts = [str(seen.body["prompt"]) for seen in server.written]
    assert len(prompts) == 4, "six bars are two requests, the last bar a rest"
    assert ["Just played" in prompt for prompt in prompts] == [False, True, True, True]


def test_what_is_refused_is_asked_for_again_and_bounded() -> None:
    server = Double()
    prose = Says(["Sure! ", "Here is a solo", "\n"])
    server.play(prose, prose)
    kept = Kept()
    done = prepare(Wish(STYLE, choruses=1), empty(), server, kept)
    assert done.prepared.of(Role.LEAD)[0].missing == 0
    assert len({s.body["options"]["seed"] for s in server.written[:3]}) == 3, "another try is another answer"

    server = Double()
    server.play(*[prose] * 50)
    done = prepare(Wish(STYLE, choruses=1), empty(), server, kept := Kept())
    assert done.tally.left_out == done.tally.bars == 5
    assert len(server.written) == 2 * ATTEMPTS
    assert kept.sets == [], "nothing was written, nothing is kept"


def test_a_host_that_fails_for_a_moment_costs_no_bar() -> None:
    server = Double()
    server.play(Status(503, BUSY), Says([" D"] * 3, ends="cut"))
    done = prepare(Wish(STYLE, choruses=1), empty(), server, Kept())
    assert done.prepared.of(Role.LEAD)[0].missing == 0
    assert done.tally.left_out == 0


def test_without_a_host_it_ends_at_once_and_with_a_dead_one_after_some_tries() -> None:
    async def alone() -> None:
        hosts = make_hosts(["http://127.0.0.1:9"])
        try:
            await Preparation(Wish(STYLE), empty(), hosts, keep=Kept()).run()
        finally:
            await close(hosts)

    with pytest.raises(Trouble) as caught:
        run(alone())
    assert caught.value.kind is Kind.REFUSED

    server, kept = Double(), Kept()
    with pytest.raises(Trouble):
        prepare(
            Wish(STYLE, choruses=9),
            empty(),
            server,
            kept,
            lambda: server.kill() if len(kept.sets) == 2 else None,
        )
    assert len(kept.sets[-1].of(Role.LEAD)) == 3, "what was written of the third is kept, too"
    assert [c.missing for c in kept.sets[-1].of(Role.LEAD)][:2] == [0, 0]


def test_cancelling_keeps_what_is_there_and_a_second_run_goes_on() -> None:
    kept = Kept()

    async def interrupted() -> int:
        async with Double(tokens_per_s=20.0) as server:
            hosts = make_hosts([server.url])
            work = Preparation(Wish(STYLE, choruses=3), empty(), hosts, keep=kept)
            task = asyncio.ensure_future(work.run())
            while work.tally.done < 7:
                await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await close(hosts)
            return work.tally.done

    done = run(interrupted())
    before = kept.sets[-1]
    playing = sum(bar is not None for c in before.choruses for bar in c.bars) - len(before.choruses)
    assert playing == done

    server = Double()
    after = prepare(Wish(STYLE, choruses=3), before, server, Kept())
    assert after.tally.done == after.tally.bars == 15
    for old, new in zip(before.choruses, after.prepared.choruses, strict=False):
        assert all(b is None or b == n for b, n in zip(old.bars, new.bars, strict=True))
    assert sum(len(s.body["format"]["pattern"]) > 0 for s in server.written) <= 5


def test_nothing_is_asked_for_that_is_there() -> None:
    server = Double()
    done = prepare(Wish(STYLE, choruses=2), empty(), server, Kept())
    idle = Double()
    again = prepare(Wish(STYLE, choruses=2), done.prepared, idle, kept := Kept())
    assert again.prepared == done.prepared
    assert idle.seen == []
    assert kept.sets == []
