"""The stage sends only what changed, and numbers settle."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from textual.geometry import Region

from jamtui.console.app import JamApp
from jamtui.console.settle import PERIOD, GaugeSettler
from jamtui.session.snapshot import Event, GaugeView
from tests.console.fakes import FakeBand, stage_text

MakeApp = Callable[..., JamApp]


@pytest.fixture
def refreshed(monkeypatch: pytest.MonkeyPatch) -> list[Region]:
    """Regions the stage asked to send."""
    regions: list[Region] = []

    def refresh(self: object, *parts: Region, **options: bool) -> object:
        regions.extend(parts)
        return self

    monkeypatch.setattr("jamtui.console.stage.Stage.refresh", refresh)
    return regions


async def test_the_same_picture_sends_nothing(
    band: FakeBand, make_app: MakeApp, refreshed: list[Region]
) -> None:
    app = make_app(band)
    async with app.run_test(size=(120, 40)):
        refreshed.clear()
        app.refresh_stage()
        assert refreshed == []


async def test_an_event_sends_its_line_alone(
    band: FakeBand, make_app: MakeApp, refreshed: list[Region]
) -> None:
    app = make_app(band)
    async with app.run_test(size=(120, 40)):
        refreshed.clear()
        band.events.append(Event(45_700, "output “jamtui lead” is gone", "warning"))
        app.refresh_stage()
        assert [(r.y, r.height) for r in refreshed] == [(38, 1)]
        assert "is gone" in stage_text(app)


async def test_a_level_sends_its_row_alone(
    band: FakeBand, make_app: MakeApp, refreshed: list[Region]
) -> None:
    app = make_app(band)
    async with app.run_test(size=(120, 40)):
        refreshed.clear()
        band.change = lambda s: replace(s, roles=(s.roles[0], replace(s.roles[1], level=1.0), *s.roles[2:]))
        band.refresh()
        app.refresh_stage()
        assert [r.height for r in refreshed] == [1]
        assert refreshed[0].right < 40, "what stands to the right of the level is not sent again"


async def test_time_goes_on_between_snapshots_but_not_forever(band: FakeBand, make_app: MakeApp) -> None:
    time = [100.0]
    app = make_app(band, now=lambda: time[0])
    async with app.run_test(size=(120, 40)):
        pictures = []
        for time[0] in (100.0, 100.1, 100.2, 100.3, 100.5, 101.0):
            app.refresh_stage()
            pictures.append(stage_text(app))
        assert len(set(pictures[:4])) == 4
        assert len(set(pictures[3:])) == 1


async def test_resizing_goes_through_all_layouts(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        for size in ((80, 24), (40, 10), (200, 60), (100, 30), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            rows = stage_text(app).splitlines()
            assert (len(rows[0]), len(rows)) == size
            assert ("too small" in stage_text(app)) == (size == (40, 10))


async def test_the_engine_goes_and_comes_back(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test(size=(80, 24)):
        band.link_state = "lost"
        app.refresh_stage()
        assert "engine gone" in stage_text(app)
        band.link_state = "connected"
        app.refresh_stage()
        assert "engine gone" not in stage_text(app)
        assert "the engine is back" in stage_text(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_of_a_band_that_has_ended_nothing_plays_on_the_stage(
    size: tuple[int, int], band: FakeBand, make_app: MakeApp
) -> None:
    app = make_app(band)
    async with app.run_test(size=size):
        assert "STOPPED" not in stage_text(app)
        band.link_state = "lost"
        app.refresh_stage()
        assert "ENDED" not in stage_text(app), "the sound goes on meanwhile"
        band.link_state, band.detail = "ended", "the band has ended; press q twice to leave"
        app.refresh_stage()
        shown = stage_text(app)
        for words in ("■  ENDED", "STOPPED", "press q twice to leave", "LEAD   -  ▯▯"):
            assert words in shown
        for words in ("REC", "●", "▒", "▆", "sure", "beat"):
            assert words not in shown
        band.link_state = "connected"
        app.refresh_stage()
        assert "ENDED" not in stage_text(app)
        assert "the engine is back" in stage_text(app)


async def test_a_band_that_cannot_start_says_why(make_app: MakeApp) -> None:
    band = FakeBand()
    band.silent, band.link_state = True, "connecting"
    reason: list[str | None] = [None]
    time = [0.0]
    app = make_app(band, failure=lambda: reason[0], now=lambda: time[0])
    async with app.run_test(size=(80, 24)):
        assert "starting the band" in stage_text(app)
        reason[0], time[0] = "the MIDI ports are taken; run `jamtui stop`", 1.0
        app.refresh_stage()
        assert "the MIDI ports are taken; run `jamtui stop`" in stage_text(app)
        band.silent, band.link_state = False, "connected"
        app.refresh_stage()
        assert "taken" not in stage_text(app)


async def test_screenshot_key_saves_a_picture_and_says_where(
    band: FakeBand, make_app: MakeApp, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("pictures") / "new"
    app = make_app(band, screenshot_folder=folder)
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.press("f12")
        (path,) = folder.iterdir()
        assert path.name in stage_text(app)
        assert "LEAD" in path.read_text(encoding="utf-8")


async def test_screenshot_into_nowhere_says_so(
    band: FakeBand, make_app: MakeApp, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("pictures") / "file"
    file.write_text("")
    app = make_app(band, screenshot_folder=file)
    async with app.run_test(size=(160, 40)) as pilot:
        await pilot.press("f12")
        assert "no screenshot" in stage_text(app)


def test_gauges_settle_by_a_median_and_do_not_flicker() -> None:
    settler = GaugeSettler()
    shown = [
        settler.settle(GaugeView(late_p99=value), step * PERIOD)
        for step, value in enumerate((0.1, 0.1, 9.0, 0.1, 0.1))
    ]
    assert {g.late_p99 for g in shown} == {0.1}


def test_gauges_hold_between_two_readings_but_not_for_what_is_urgent() -> None:
    settler = GaugeSettler()
    assert settler.settle(GaugeView(queue_depth=5), 0.0).queue_depth == 5
    assert settler.settle(GaugeView(queue_depth=9), PERIOD / 2).queue_depth == 5
    assert settler.settle(GaugeView(queue_depth=9, dead_air=1), PERIOD / 2).dead_air == 1


def test_gauges_without_a_measurement_stay_without() -> None:
    assert GaugeSettler().settle(GaugeView(), 0.0) == GaugeView()
