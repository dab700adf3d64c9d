"""A frozen band and an app over it: the same picture on every machine."""

from collections.abc import Callable
from typing import Any

import pytest

from jamtui.console.app import JamApp
from jamtui.session.snapshot import Event
from tests.console.fakes import FakeBand


def clock_words(at: float) -> str:
    """A time of day that knows no time zone."""
    return f"{int(at) // 3600 % 24:02d}:{int(at) // 60 % 60:02d}:{int(at) % 60:02d}"


@pytest.fixture(autouse=True)
def _colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")


@pytest.fixture
def band() -> FakeBand:
    """Frozen in bar 19, on beat 2."""
    fake = FakeBand()
    fake.events = [
        Event(45_660, "keyboard back on “Keystation 61”"),
        Event(45_667, "learned the loop: Dm7 G7 Cmaj7 F#m7b5"),
    ]
    return fake


@pytest.fixture
def make_app() -> Callable[..., JamApp]:
    """An app whose clock stands still, or is the one given."""

    def make(band: FakeBand, **settings: Any) -> JamApp:
        settings.setdefault("now", lambda: 100.0)
        return JamApp(band, version="0.1.0", time_of_day=clock_words, **settings)

    return make
