"""Step strings: every mark becomes one hit at its step, and what is not a step string is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import MusicError
from jamtui.music.meter import METERS
from jamtui.styles.drum_steps import DRUM_KEYS, STEP_VELOCITIES, parse_steps, read_rows, step_ticks
from jamtui.styles.style import DrumHit

MARKS = st.sampled_from("Xxo-")


@given(st.integers(1, 16).flatmap(lambda n: st.lists(st.lists(MARKS, min_size=n, max_size=n), min_size=1)))
def test_marks_and_hits_are_the_same_thing(bars: list[list[str]]) -> None:
    steps = len(bars[0])
    flat = [mark for bar in bars for mark in bar]
    expected = tuple((i, STEP_VELOCITIES[mark]) for i, mark in enumerate(flat) if mark != "-")
    assert parse_steps("".join(flat), steps, len(bars)) == expected
    assert parse_steps(" | ".join(" ".join(bar) for bar in bars), steps, len(bars)) == expected


@given(st.text(alphabet="Xxo-", min_size=1, max_size=40), st.integers(1, 16), st.integers(1, 4))
def test_a_row_of_another_length_is_refused(row: str, steps: int, bars: int) -> None:
    if len(row) == steps * bars:
        parse_steps(row, steps, bars)
    else:
        with pytest.raises(MusicError, match=f"{len(row)} steps: write {steps * bars}"):
            parse_steps(row, steps, bars)


def test_bar_lines_must_stand_where_the_bars_end() -> None:
    with pytest.raises(MusicError, match=r"bars of 3 \+ 5 steps: write 2 of 4"):
        parse_steps("x-- | x-x-x", 4, 2)


def test_an_unknown_mark_is_named_with_its_step() -> None:
    with pytest.raises(MusicError, match='"y" at step 3'):
        parse_steps("x-y-", 4, 1)


def test_steps_must_divide_the_bar() -> None:
    assert step_ticks(METERS["4/4"], 8) == 480
    assert step_ticks(METERS["7/8"], 14) == 240
    with pytest.raises(MusicError, match="does not divide into 7 steps"):
        step_ticks(METERS["4/4"], 7)


def test_rows_become_hits_in_playing_order_with_the_mix() -> None:
    rows = {"ride": "X-x-", "kick": "o--x"}
    hits = read_rows(rows, METERS["4/4"], 4, 1, {"ride": 0.5})
    assert hits == (
        DrumHit(0, 36, 46),
        DrumHit(0, 51, 56),
        DrumHit(1920, 51, 43),
        DrumHit(2880, 36, 86),
    )


def test_the_row_at_fault_is_named() -> None:
    with pytest.raises(MusicError, match=r'^snare: "x--"'):
        read_rows({"snare": "x--"}, METERS["4/4"], 4, 1, {})


def test_instruments_are_percussion_keys_each_its_own() -> None:
    assert len(set(DRUM_KEYS.values())) == len(DRUM_KEYS)
    assert all(27 <= key <= 87 for key in DRUM_KEYS.values())
    assert (DRUM_KEYS["kick"], DRUM_KEYS["snare"], DRUM_KEYS["ride"]) == (36, 38, 51)
