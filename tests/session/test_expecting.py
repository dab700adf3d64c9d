"""What the plan makes of chords that are expected, asked by itself."""

import pytest

from jamtui.music.chord import parse_chord
from jamtui.playback.commands import Splice
from jamtui.session.answering import grid_point
from jamtui.session.expecting import give_up, look_ahead
from jamtui.session.foresight import GRACE
from tests.session.small_band import BAR, Player
from tests.session.test_foresight import PITCHED, looped


@pytest.fixture
def sure() -> Player:
    """A band that expects Dm7 at bar 9, where Am7 holds until then."""
    return looped(8)


def test_a_change_that_does_not_come_is_given_up_once_its_time_is_over(sure: Player) -> None:
    conductor = sure.conductor
    planner, foresight, settings = conductor._planner, conductor._foresight, conductor.settings
    due = 8 * BAR + GRACE
    assert list(give_up(planner, foresight, settings, due - 1, frozen=False)) == []
    assert planner.harmony.at(8 * BAR) == parse_chord("Dm7")
    commands = list(give_up(planner, foresight, settings, due, frozen=False))
    assert {c.role for c in commands if isinstance(c, Splice)} == set(PITCHED)
    goal = grid_point(planner, settings, due)
    assert goal > due
    assert planner.harmony.at(goal) == parse_chord("Am7")
    assert list(give_up(planner, foresight, settings, due, frozen=False)) == []


def test_frozen_bars_stay_when_a_change_is_given_up(sure: Player) -> None:
    conductor = sure.conductor
    planner, foresight, settings = conductor._planner, conductor._foresight, conductor.settings
    due = 8 * BAR + GRACE
    assert list(give_up(planner, foresight, settings, due, frozen=True)) == []
    assert planner.harmony.at(grid_point(planner, settings, due)) == parse_chord("Am7")


def test_the_chord_of_the_last_hit_is_not_given_up(sure: Player) -> None:
    conductor = sure.conductor
    planner, foresight = conductor._planner, conductor._foresight
    planner.ends_at = 8 * BAR
    assert list(give_up(planner, foresight, conductor.settings, 9 * BAR, frozen=False)) == []
    assert planner.harmony.at(8 * BAR) == parse_chord("Dm7")


def test_while_frozen_what_is_expected_is_learned_and_not_planned_for(sure: Player) -> None:
    conductor = sure.conductor
    planner, foresight = conductor._planner, conductor._foresight
    foresight.heard(parse_chord("Ebm7"), 8 * BAR, revised=False)
    assert (
        list(look_ahead(planner, foresight, conductor.settings, lambda _: conductor.settings, frozen=True))
        == []
    )
    assert foresight.known_at == 8 * BAR


@pytest.mark.parametrize(
    ("grid", "tick", "goal"),
    [
        ("1/8", 1, 480),
        ("1/8", 480, 480),
        ("1/16", 241, 480),
        ("1/8", BAR - 1, BAR),
        ("free", 17, 17),
        ("free", -50, 0),  # before the band begins
        ("1/8", -50, 0),
    ],
)
def test_where_a_chord_is_answered(grid: str, tick: int, goal: int) -> None:
    band = Player(grid=grid)
    band.start()
    assert grid_point(band.conductor._planner, band.conductor.settings, tick) == goal
