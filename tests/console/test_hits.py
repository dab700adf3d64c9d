"""The hits on a key: they come and go beside the playing, and every key stays the band's."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from jamtui.console.app import JamApp
from jamtui.console.frame import Drawer
from tests.console.fakes import FakeBand, stage_text

MakeApp = Callable[..., JamApp]


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (200, 60)])
async def test_they_come_and_go_with_their_key(
    band: FakeBand, make_app: MakeApp, size: tuple[int, int]
) -> None:
    app = make_app(band)
    async with app.run_test(size=size) as pilot:
        await pilot.press("H")
        shown = stage_text(app)
        assert app.drawer is Drawer.HITS
        assert "hits: lead" in shown
        for words in ("own take 3", "starter 12", "midis/tune.mid", "starter 4"):
            assert words in shown, "the source of each, to its end"
        assert shown.count("▶") == 1
        assert "now" in shown, "the roll is there yet"
        await pilot.press("H")
        assert app.drawer is Drawer.NONE
        await pilot.press("H", "escape")
        assert app.drawer is Drawer.NONE


async def test_all_keys_go_on_to_the_band(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("H", "up", "h", "r", "j", "u", "space")
        assert app.drawer is Drawer.HITS
        assert [(action, argument) for action, argument, _ in band.acts] == [
            ("energy_up", None),
            ("keep", "lead"),
            ("ban", "bass"),
            ("undo", None),
            ("start_stop", None),
        ]
        assert "h keep (bass)" in stage_text(app)


async def test_they_follow_the_chords_and_a_key_of_the_keyboard_opens_them(
    band: FakeBand, make_app: MakeApp
) -> None:
    app = make_app(band)
    async with app.run_test(size=(80, 24)):
        band.requests.append("hits")
        app.refresh_stage()
        assert "own take 3" in stage_text(app)
        band.change = lambda s: replace(s, hits=(replace(s.hits[0], origin="another tune"),))
        band.refresh()
        app.refresh_stage()
        assert "another tune" in stage_text(app)
        assert "own take 3" not in stage_text(app)
