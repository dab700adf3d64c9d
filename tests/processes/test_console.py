"""The console process hands the screen what the configuration says."""

from pathlib import Path
from typing import Any

import pytest

from jamtui.config import parse_config
from jamtui.processes import console


class _Link:
    def __init__(self, runtime: Path, name: str) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("theme", "color"), [("dark", True), ("high-contrast", True), ("dark", False)])
def test_theme_and_colour_are_passed_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, theme: str, color: bool
) -> None:
    shown: list[dict[str, Any]] = []

    def show(client: object, **settings: Any) -> bool:
        shown.append(settings)
        return False

    monkeypatch.setattr(console, "has_terminal", lambda: True)
    monkeypatch.setattr(console, "band_is_running", lambda runtime: True)
    monkeypatch.setattr(console, "EngineLink", _Link)
    monkeypatch.setattr("jamtui.console.launch.show", show)
    text = f'[console]\ntheme = "{theme}"\ncolor = {str(color).lower()}\nfps = 12\n'
    config = parse_config(text, "config.toml")
    assert console.run_console(tmp_path, tmp_path, config, None) == 0
    assert (shown[0]["theme"], shown[0]["color"], shown[0]["fps"]) == (theme, color, 12)
