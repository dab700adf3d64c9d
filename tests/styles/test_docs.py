"""``docs/styles.md`` describes every key, instrument and word of a style file."""

from pathlib import Path

import pytest

from jamtui.music.meter import METERS
from jamtui.styles.drum_steps import DRUM_KEYS, STEP_VELOCITIES
from jamtui.styles.loading import (
    CONTEXTS,
    FEEL_KEYS,
    FIGURE_KEYS,
    PATTERN_KEYS,
    PATTERN_KINDS,
    ROLE_KEYS,
    STYLE_KEYS,
    SWING_UNITS,
)

PAGE = Path(__file__).parents[2] / "docs" / "styles.md"
SECTIONS = {
    "## The top of the file": STYLE_KEYS,
    "## Feel": FEEL_KEYS,
    "## Roles": ROLE_KEYS,
    "## Drum patterns": PATTERN_KEYS,
    "## Bass figures": FIGURE_KEYS,
}


def section(title: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    start = text.index(f"\n{title}") + 1
    end = text.find("\n## ", start)
    return text[start : end if end > 0 else None]


@pytest.mark.parametrize("title", SECTIONS)
def test_every_key_has_its_row_and_no_row_lacks_its_key(title: str) -> None:
    rows = {
        line.split("`")[1]
        for line in section(title).splitlines()
        if line.startswith("| `") and line.split("`")[1] not in STEP_VELOCITIES and "| `-`" not in line
    }
    assert rows == SECTIONS[title]


def test_instruments_marks_and_words_are_all_there() -> None:
    drums, bass = section("## Drum patterns"), section("## Bass figures")
    for name, key in DRUM_KEYS.items():
        assert f"`{name}` {key}" in drums
    for mark, velocity in STEP_VELOCITIES.items():
        assert any(line.startswith(f"| `{mark}`") and str(velocity) in line for line in drums.splitlines())
    assert all(f"`{kind}`" in drums for kind in PATTERN_KINDS)
    assert all(f"`{context}`" in bass for context in CONTEXTS)
    assert all(f"`{name}`" in section("## The top of the file") for name in METERS)
    assert all(f"`{name}`" in section("## Feel") for name in SWING_UNITS)
