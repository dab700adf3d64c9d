"""Swing applies where its note value comes in pairs."""

import pytest

from jamtui.music.meter import METERS, PPQ
from jamtui.styles.style import Feel
from jamtui.styles.swing import feel_in_meter

EIGHTHS = Feel(swing=0.64, push_ms=5.0, accents=(1.0, 0.9))
SIXTEENTHS = Feel(swing=0.56, swing_unit=PPQ // 4)


@pytest.mark.parametrize("name", ["4/4", "3/4", "5/4"])
def test_eighths_swing_in_meters_counted_in_quarters(name: str) -> None:
    assert feel_in_meter(EIGHTHS, METERS[name]) == EIGHTHS


@pytest.mark.parametrize("name", ["6/8", "7/8"])
def test_eighths_are_straight_in_meters_counted_in_eighths(name: str) -> None:
    straight = feel_in_meter(EIGHTHS, METERS[name])
    assert straight == Feel(swing=0.5, push_ms=5.0, accents=(1.0, 0.9))


@pytest.mark.parametrize("name", METERS)
def test_sixteenths_swing_everywhere_and_straight_stays_straight(name: str) -> None:
    assert feel_in_meter(SIXTEENTHS, METERS[name]) == SIXTEENTHS
    assert feel_in_meter(Feel(), METERS[name]) == Feel()
