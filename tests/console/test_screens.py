"""The screens as they were looked at and found good: one picture each."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from jamtui.console.app import JamApp
from jamtui.session.snapshot import LibraryView
from tests.console.exchanges import EXCHANGE
from tests.console.fakes import FakeBand, comp_solo, no_input, stopped
from tests.console.test_models import PAGE

SIZES = {"small": (80, 24), "medium": (120, 40), "large": (200, 60)}
SnapCompare = Callable[..., bool]
MakeApp = Callable[..., JamApp]


async def _settle(pilot: Pilot[Any]) -> None:
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES)
def test_playing(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp, size: str) -> None:
    assert snap_compare(make_app(band), terminal_size=SIZES[size], run_before=_settle)


@pytest.mark.parametrize("size", ["small", "medium"])
def test_no_input(snap_compare: SnapCompare, make_app: MakeApp, size: str) -> None:
    band = FakeBand()
    band.change = no_input
    assert snap_compare(make_app(band), terminal_size=SIZES[size], run_before=_settle)


def test_stopped(snap_compare: SnapCompare, make_app: MakeApp) -> None:
    band = FakeBand()
    band.change = stopped
    assert snap_compare(make_app(band), terminal_size=SIZES["medium"], run_before=_settle)


@pytest.mark.parametrize("size", ["small", "medium"])
def test_no_color(
    snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp, size: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(make_app(band), terminal_size=SIZES[size], run_before=_settle)


@pytest.mark.parametrize("size", SIZES)
def test_high_contrast(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp, size: str) -> None:
    assert snap_compare(make_app(band, theme="high-contrast"), terminal_size=SIZES[size], run_before=_settle)


def test_color_off_in_the_configuration(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band, theme="high-contrast", color=False)
    assert snap_compare(app, terminal_size=SIZES["medium"], run_before=_settle)


def test_solo(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp) -> None:
    band.change = comp_solo
    assert snap_compare(make_app(band), terminal_size=SIZES["small"], run_before=_settle)


def test_outputs_of_a_role(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp) -> None:
    keys = ["d", "down", "down", "down", "enter"]
    assert snap_compare(make_app(band), press=keys, terminal_size=SIZES["medium"])


def test_heard_and_not_settled(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp) -> None:
    band.change = lambda s: replace(s, chord=replace(s.chord, heard="Am7"))
    assert snap_compare(make_app(band), terminal_size=SIZES["medium"], run_before=_settle)


def test_too_small(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp) -> None:
    assert snap_compare(make_app(band), terminal_size=(60, 18), run_before=_settle)


def test_connecting(snap_compare: SnapCompare, make_app: MakeApp) -> None:
    band = FakeBand()
    band.silent, band.link_state = True, "connecting"
    assert snap_compare(make_app(band), terminal_size=SIZES["medium"], run_before=_settle)


def test_engine_lost(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp) -> None:
    band.link_state, band.detail = "lost", "engine gone: restarting; what is planned sounds on"
    assert snap_compare(make_app(band), terminal_size=SIZES["small"], run_before=_settle)


def test_notice_to_act_on(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp) -> None:
    band.change = lambda s: replace(s, notices=("lead has no port: start loopMIDI", "second"))
    assert snap_compare(make_app(band), terminal_size=SIZES["small"], run_before=_settle)


@pytest.mark.parametrize("size", ["small", "medium"])
@pytest.mark.parametrize(
    ("name", "key"), [("help", "question_mark"), ("styles", "p"), ("devices", "d"), ("library", "o")]
)
def test_drawer(
    snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp, size: str, name: str, key: str
) -> None:
    assert snap_compare(make_app(band), press=[key], terminal_size=SIZES[size])


def test_library_while_ingesting(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp) -> None:
    band.change = lambda s: replace(s, library=LibraryView(12_460, 0, "midis: 31/97 files, 42 new phrases"))
    keys = ["o", "down", "down", "slash", *"blues"]
    assert snap_compare(make_app(band), press=keys, terminal_size=SIZES["large"])


@pytest.mark.parametrize("size", SIZES)
def test_hits(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp, size: str) -> None:
    assert snap_compare(make_app(band), press=["H"], terminal_size=SIZES[size])


def test_hits_without_color(
    snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(make_app(band), press=["H"], terminal_size=SIZES["small"])


@pytest.mark.parametrize("size", SIZES)
def test_llm(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp, size: str) -> None:
    band.said = EXCHANGE
    assert snap_compare(make_app(band), press=["L"], terminal_size=SIZES[size])


def test_llm_before_the_first_request(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp) -> None:
    assert snap_compare(make_app(band), press=["L"], terminal_size=SIZES["medium"])


@pytest.mark.parametrize("size", ["small", "medium"])
def test_models(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp, size: str) -> None:
    band.sent_models = PAGE
    assert snap_compare(make_app(band), press=["L", "enter", "down"], terminal_size=SIZES[size])


def test_quit_asked_once(snap_compare: SnapCompare, band: FakeBand, make_app: MakeApp) -> None:
    assert snap_compare(make_app(band), press=["q"], terminal_size=SIZES["small"])
