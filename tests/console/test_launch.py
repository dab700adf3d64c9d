"""What the configuration says of the screen reaches the app."""

from pathlib import Path

import pytest

from jamtui.console.app import JamApp
from jamtui.console.inks import BACKGROUND, bright_inks, colour_inks, inks_of, plain_inks
from jamtui.console.launch import show
from tests.console.fakes import FakeBand


@pytest.mark.parametrize(
    ("theme", "color", "background", "words"),
    [
        ("dark", True, BACKGROUND, colour_inks().accents["R"].locked),
        ("high-contrast", True, "#000000", bright_inks().accents["R"].locked),
        ("high-contrast", False, BACKGROUND, plain_inks().accents["R"].locked),
    ],
)
def test_theme_and_colour_are_shown(
    monkeypatch: pytest.MonkeyPatch, theme: str, color: bool, background: str, words: object
) -> None:
    apps: list[JamApp] = []

    def run(app: JamApp, **_: object) -> str:
        apps.append(app)
        return "quit"

    monkeypatch.setattr(JamApp, "run", run)
    stop = show(
        FakeBand(),
        fps=20,
        key_overrides={},
        screenshot_folder=Path(),
        theme=theme,
        color=color,
        failure=lambda: None,
    )
    assert stop
    frame = apps[0]._frame(0.0)
    assert frame.inks.accents["R"].locked == words
    assert frame.inks.background == background


def test_every_theme_has_its_own_inks() -> None:
    assert inks_of("dark") is colour_inks()
    assert inks_of("high-contrast") is bright_inks()
    assert len({inks_of(t).theme for t in ("dark", "high-contrast", "plain")}) == 3
