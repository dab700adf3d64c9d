"""Where a phrase stands that answers a brief."""

from dataclasses import replace

import pytest

from jamtui.library.setting import line_before, setting_for
from jamtui.music.chord import parse_chord
from jamtui.music.meter import PPQ
from jamtui.music.phrase import ChordSpan, Note, Role
from jamtui.session.planning import RANGES
from tests.library.test_source import brief

BAR = 3840


@pytest.mark.parametrize(
    ("played", "before"),
    [
        ((), ((), PPQ)),
        (((-960, 60), (-480, 67)), ((67,), 480)),
        (((-1440, 72), (-720, 64), (-720, 60)), ((60, 64), 720)),  # a voicing, from the lowest up
        (((-960, 60), (0, 62), (480, 64)), ((60,), 960)),  # what begins with the phrase is not before it
        (((0, 62),), ((), PPQ)),
    ],
)
def test_a_line_goes_on_from_what_began_last_before_it(
    played: tuple[tuple[int, int], ...], before: tuple[tuple[int, ...], int]
) -> None:
    assert line_before([Note(onset, pitch, 240) for onset, pitch in played]) == before


def test_the_chords_are_those_from_its_bar_on_and_one_bar_more() -> None:
    asked = brief("Dm7 G7 Cmaj7 A7", 0, Role.LEAD)
    setting = setting_for(asked, asked.forecast, 1, 2, (62,), 480)
    assert setting.chords == tuple(
        ChordSpan(n * BAR, BAR, parse_chord(symbol)) for n, symbol in enumerate(("G7", "Cmaj7", "A7"))
    )
    assert (setting.bars, setting.before, setting.since) == (2, (62,), 480)


def test_the_range_is_the_briefs_or_else_the_roles() -> None:
    asked = brief("Dm7 G7", 0, Role.BASS)
    for low, high in ((30, 50), (1, 127)):
        setting = setting_for(replace(asked, low=low, high=high), asked.chords, 0, 1, (), PPQ)
        assert (setting.low, setting.high) == (low, high)
    setting = setting_for(replace(asked, low=0, high=127), asked.chords, 0, 1, (), PPQ)
    assert (setting.low, setting.high) == RANGES[Role.BASS]
