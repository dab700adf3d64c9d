"""The runway of one role."""

from jamtui.music.phrase import Role, Source
from jamtui.playback.commands import PlannedNote
from jamtui.session.runway import Runway, RunwayBar

BAR = 3840


def note(tick: int, duration: int = 400) -> PlannedNote:
    return PlannedNote(Role.LEAD, tick, duration, 60, 80, 0, Source.REFLEX, tick // BAR * BAR, 0, 1)


def bar(number: int, *onsets: int, duration: int = 400) -> RunwayBar:
    start = number * BAR
    return RunwayBar(start, BAR, tuple(note(start + o, duration) for o in onsets), Source.REFLEX, "", "", ())


def test_bars_follow_each_other_and_can_be_cut_anywhere() -> None:
    runway = Runway(Role.LEAD)
    assert runway.covered_until is None
    for number in range(3):
        runway.put(bar(number, 0, 1000, 2000))
    assert runway.covered_until == 3 * BAR
    runway.cut(BAR + 1000)
    assert runway.covered_until == BAR + 1000
    assert [n.tick for n in runway.notes_from(0)] == [0, 1000, 2000, BAR]
    assert [n.tick for n in runway.last_before(BAR + 1000)] == [BAR]
    assert [n.tick for n in runway.last_before(BAR)] == [2000]
    assert runway.last_before(0) == ()


def test_a_bar_takes_the_place_of_the_one_that_starts_with_it() -> None:
    runway = Runway(Role.LEAD)
    runway.put(bar(0, 0))
    before = runway.revision
    runway.put(bar(0, 480))
    assert [n.tick for n in runway.notes_from(0)] == [480]
    assert runway.revision > before


def test_notes_are_shortened_into_the_next_one() -> None:
    runway = Runway(Role.LEAD)
    runway.put(bar(0, 0, 3000, duration=2000))
    runway.put(bar(1, 200))
    assert runway.trim_into(BAR, BAR + 200) == 3000
    assert [n.duration for n in runway.notes_from(0)] == [2000, BAR + 200 - 3000, 400]
    assert runway.trim_into(BAR, BAR + 200) is None


def test_old_bars_are_forgotten_but_a_few() -> None:
    runway = Runway(Role.LEAD)
    for number in range(8):
        runway.put(bar(number, 0))
    runway.prune(6 * BAR + 1)
    assert [b.start // BAR for b in runway.bars] == [4, 5, 6, 7]
    assert runway.bar_at(6 * BAR + 5) is not None
    runway.clear()
    assert runway.covered_until is None
