"""The command palette: every action is there, and does what its key does."""

from collections.abc import Callable

import pytest

from jamtui.console.app import JamApp
from jamtui.console.commands import ActionCommands
from jamtui.session.actions import ACTIONS, BY_NAME
from tests.console.fakes import STYLES, FakeBand

MakeApp = Callable[..., JamApp]


async def test_lists_every_action(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test():
        titles = [str(hit.display) async for hit in ActionCommands(app.screen).discover()]
        for action in ACTIONS:
            if action.name == "palette":
                continue
            title = "Use or leave an input" if action.name == "input_toggle" else action.title
            assert any(t.startswith(title) for t in titles), action.name
        for _, style in STYLES:
            assert f"{BY_NAME['style'].title}: {style}" in titles


async def test_typing_finds_and_enter_does(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+p", *"bossa")
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert band.acts == [("style", "bossa", False)]


async def test_every_output_for_every_role(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+p", *"bass → FLUID")
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert band.acts == [("output_pick", "bass=FLUID Synth (1234)", False)]


async def test_numbers_arrive_as_numbers(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test():
        app.perform("tempo", "140")
        assert band.acts == [("tempo", 140.0, False)]


async def test_any_number_can_be_typed(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+p", *"seed 4127")
        await app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert band.acts == [("seed", 4127.0, False)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("seed 4127", "Seed 4127"),
        ("SEE 12", "Seed 12"),
        ("seed 5", "Seed 5"),
        ("tempo 132.5", "Tempo 132.5"),
        ("comp 12", ""),
        ("4127", ""),
    ],
)
async def test_what_is_offered_for_a_typed_number(
    query: str, expected: str, band: FakeBand, make_app: MakeApp
) -> None:
    app = make_app(band)
    async with app.run_test():
        hits = [hit async for hit in ActionCommands(app.screen).search(query)]
    titles = [str(hit.match_display) for hit in sorted(hits, key=lambda hit: -hit.score)]
    assert titles[:1] == [expected] if expected else not any(t.endswith(query.split()[-1]) for t in titles)
    assert len(titles) == len(set(titles)), "each once"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("meter 9/8", "Meter 9/8 is not possible: Choose a meter from 4/4, 3/4, 6/8, 5/4, 7/8; "),
        ("Grid 1/32", "Grid 1/32 is not possible: Choose a grid from free, 1/8, 1/16; "),
        ("style xyz", "Style xyz is not possible: Choose a style from ballad, blues, bossa, "),
        ("tempo 900", "Tempo 900 is not possible: Give a tempo from 20 to 400"),
        ("seed x", "Seed x is not possible: Give the seed as a whole number"),
        ("energy nan", "Energy nan is not possible: Give the energy a number from 0 to 1"),
        ("density 7.5", "Density 7.5 is not possible: Give the density a number from 0 to 1"),
        ("capture 12", "Capture 12 is not possible: Give a number of bars from 1 to 8"),
        ("ban tuba", "Ban tuba is not possible: Choose a role from lead, bass, comp, drums"),
    ],
)
async def test_what_cannot_be_done_says_what_can(
    query: str, expected: str, band: FakeBand, make_app: MakeApp
) -> None:
    app = make_app(band)
    async with app.run_test(size=(160, 50)):
        hits = [hit async for hit in ActionCommands(app.screen).search(query)]
        best = max(hits, key=lambda hit: hit.score)
        assert f"{best.match_display}: {best.help}".startswith(expected)
        best.command()
        assert f"▲ {best.help}" in "".join(part.text for part in app.stage.rows[-2])
        assert band.acts == []


@pytest.mark.parametrize(
    ("query", "action", "argument"),
    [
        ("meter 7/8", "meter", "7/8"),
        ("grid fr", "grid", "free"),
        ("style lo-fi", "style", "lofi"),
        ("ingest ~/My Midis", "ingest", "~/My Midis"),
        ("audition 12", "audition", "12"),
    ],
)
async def test_what_is_chosen_by_name_is_found(
    query: str, action: str, argument: str, band: FakeBand, make_app: MakeApp
) -> None:
    app = make_app(band)
    async with app.run_test():
        hits = [hit async for hit in ActionCommands(app.screen).search(query)]
        assert not any("not possible" in str(hit.match_display) for hit in hits)
        max(hits, key=lambda hit: hit.score).command()
        assert band.acts == [(action, argument, False)]
