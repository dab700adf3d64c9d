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
