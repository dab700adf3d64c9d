"""What is written next, and when what is being written is given up."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.generators.ahead import Ahead, Job, next_job, still_useful
from jamtui.generators.pacing import Pace, Pacing, plan
from jamtui.generators.shelf import Shelf, wish_of
from jamtui.music.phrase import Bar, Note, Role, Source
from tests.generators.briefs import brief_for

FAST = Pacing(bars=2, ahead_s=0.5, reach=5, keeps_up=True)
SLOW = Pacing(bars=2, ahead_s=9.0, reach=9, keeps_up=False)


def write(shelf: Shelf, ahead: Ahead, *numbers: int) -> None:
    brief = ahead.brief
    length = brief.meter.bar_ticks
    for number in numbers:
        place = ahead.place(number)
        assert place is not None
        bar = Bar("s", brief.role, ahead.tick(number), length, 1, "b", place.chords, Source.OLLAMA, 1,
                  (Note(0, 60, 480),))  # fmt: skip
        shelf.put(bar, brief.style, brief.meter, wish_of(brief))


def job_of(found: Job | None) -> tuple[int, int] | None:
    return None if found is None else (found.first, found.bars)


def test_the_brief_says_when_its_bars_come() -> None:
    ahead = Ahead(brief_for(4), 100.0)
    assert ahead.starts_at(4 * 3840) == pytest.approx(102.0)
    assert ahead.starts_at(7 * 3840) == pytest.approx(108.0)
    assert not ahead.over(105.9)
    assert ahead.over(106.1)


def test_the_nearest_bars_that_can_be_in_time_come_first() -> None:
    ahead, shelf = Ahead(brief_for(4), 100.0), Shelf()
    assert job_of(next_job(ahead, shelf, FAST, 100.0)) == (0, 2)
    assert job_of(next_job(ahead, shelf, FAST, 101.9)) == (1, 2), "the first one would come too late"
    assert job_of(next_job(ahead, shelf, SLOW, 100.0)) == (4, 2)


def test_nothing_is_written_twice_and_not_before_a_whole_request_is_due() -> None:
    ahead, shelf = Ahead(brief_for(4), 100.0), Shelf()
    write(shelf, ahead, 0, 1)
    assert job_of(next_job(ahead, shelf, FAST, 100.0)) == (2, 2)
    write(shelf, ahead, 2, 3)
    assert next_job(ahead, shelf, FAST, 100.0) is None, "one bar within reach is missing, not two"
    first = ahead.place(0)
    assert first is not None
    played = shelf.find(first, ahead.tick(0))
    assert played is not None
    shelf.give(played, ahead.tick(0))
    later = Ahead(brief_for(5), 102.0)
    assert job_of(next_job(later, shelf, FAST, 102.0)) == (3, 2)


def test_a_gap_is_filled() -> None:
    ahead, shelf = Ahead(brief_for(4), 100.0), Shelf()
    write(shelf, ahead, 0, 2, 3)
    assert job_of(next_job(ahead, shelf, FAST, 100.0)) == (1, 1)


def test_one_late_bar_stands_for_one_bar_line_only() -> None:
    loop = ("Dm7", "Dm7", "Dm7", "Dm7")
    shelf = Shelf()
    write(shelf, Ahead(brief_for(0, loop=loop), 92.0), 0)
    ahead = Ahead(brief_for(4, loop=loop), 100.0)
    assert job_of(next_job(ahead, shelf, FAST, 100.0)) == (1, 2)


def test_without_a_forecast_only_what_is_known_is_written() -> None:
    known = Ahead(brief_for(4, forecast_bars=0), 100.0)
    assert job_of(next_job(known, Shelf(), replace(FAST, bars=4), 100.0)) == (0, 2)
    unsure = Ahead(brief_for(4, confidence=0.1), 100.0)
    assert job_of(next_job(unsure, Shelf(), replace(FAST, bars=4), 100.0)) == (0, 2)


def test_nothing_is_written_where_nobody_plays() -> None:
    ahead = Ahead(brief_for(0, loop=("N.C.", "Dm7", "G7", "N.C.")), 100.0)
    assert job_of(next_job(ahead, Shelf(), replace(FAST, bars=4), 100.0)) == (1, 2)
    silent = Ahead(brief_for(0, loop=("N.C.",)), 100.0)
    assert next_job(silent, Shelf(), FAST, 100.0) is None


def whole_job(ahead: Ahead) -> Job:
    found = next_job(ahead, Shelf(), FAST, ahead.received)
    assert found is not None
    return found


def test_a_request_is_useful_while_one_bar_of_it_can_be_in_time() -> None:
    ahead = Ahead(brief_for(4), 100.0)
    job = whole_job(ahead)
    assert still_useful(job, ahead, 0, 100.0, [1.0, 2.0]) == ""
    assert still_useful(job, ahead, 0, 101.5, [1.0, 2.0]) == "", "the second one can"
    assert still_useful(job, ahead, 0, 101.5, [1.0, 4.0]) == "late"
    assert still_useful(job, ahead, 1, 103.0, [0.5]) == ""


def test_it_is_useless_when_other_chords_come() -> None:
    ahead = Ahead(brief_for(4), 100.0)
    job = whole_job(ahead)
    other = Ahead(brief_for(4, loop=("Ebm7", "Ab7", "Dbmaj7", "Bb7"), revision=2), 100.2)
    assert still_useful(job, other, 0, 100.2, [1.0, 2.0]) == "changed"
    half = Ahead(brief_for(4, loop=("Ebm7", "G7", "Cmaj7", "A7"), revision=2), 100.2)
    assert still_useful(job, half, 0, 100.2, [1.0, 2.0]) == "", "its second bar holds"
    richer = Ahead(brief_for(4, loop=("Dm9", "G13", "C6", "A7"), revision=2), 100.2)
    assert still_useful(job, richer, 0, 100.2, [1.0, 2.0]) == ""


def test_it_is_useless_when_style_or_song_change_or_the_music_stops() -> None:
    ahead = Ahead(brief_for(4), 100.0)
    job = whole_job(ahead)
    for other in (brief_for(4, style="bossa"), brief_for(4, meter="3/4"), brief_for(4, session="t")):
        assert still_useful(job, Ahead(other, 100.1), 0, 100.1, [1.0, 2.0]) == "changed"
    assert still_useful(job, ahead, 0, 120.0, [1.0, 2.0]) == "stopped"
    assert still_useful(job, None, 0, 100.0, [1.0, 2.0]) == "stopped"


@given(
    st.floats(0.5, 200),
    st.floats(0.05, 20),
    st.sampled_from([60.0, 120.0, 240.0]),
    st.sets(st.integers(0, 15), max_size=12),
    st.floats(0, 2),
    st.sampled_from(["4/4", "3/4", "7/8"]),
)
def test_a_job_is_never_late_from_the_start_and_never_writes_what_is_there(
    rate: float, prompt_s: float, tempo: float, there: set[int], passed: float, meter: str
) -> None:
    ahead, shelf = Ahead(brief_for(3, tempo=tempo, meter=meter, role=Role.BASS), 50.0), Shelf()
    write(shelf, ahead, *there)
    pace = Pace(rate, prompt_s, answers=1)
    pacing = plan(pace, ahead.bar_s, 9)
    job = next_job(ahead, shelf, pacing, 50.0 + passed)
    if job is not None:
        numbers = set(range(job.first, job.first + job.bars))
        assert not numbers & there
        assert 1 <= job.bars <= pacing.bars
        assert ahead.starts_at(ahead.tick(job.first)) >= 50.0 + passed + pace.request_s(1, 9)


@pytest.mark.parametrize("turned", ["temperature", "density", "surprise"])
def test_what_the_player_turns_has_the_coming_bars_written_anew(turned: str) -> None:
    ahead, shelf = Ahead(brief_for(4), 100.0), Shelf()
    job = next_job(ahead, shelf, FAST, 100.0)
    assert job is not None
    write(shelf, ahead, 0, 1, 2, 3, 4)
    assert next_job(ahead, shelf, FAST, 100.0) is None
    wanted = Ahead(replace(ahead.brief, **{turned: 0.9}), 100.5)  # type: ignore[arg-type]  # one of three floats
    assert job_of(next_job(wanted, shelf, FAST, 100.5)) == (0, 2)
    assert still_useful(job, ahead, 0, 100.5, [0.3, 0.6]) == ""
    assert still_useful(job, wanted, 0, 100.5, [0.3, 0.6]) == "changed"
