"""Phrases and patterns in other meters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.meter import METERS, PPQ, Meter
from jamtui.music.phrase import Role
from jamtui.session.refit import move_onsets, plan_pieces, stretch_durations
from jamtui.session.shelf import refit_phrase
from tests.session.small_band import C, phrase

FOUR = METERS["4/4"]
QUARTERS = [n * PPQ for n in range(4)]


@pytest.mark.parametrize(
    ("meter", "repeat", "onsets"),
    [
        ("4/4", False, [0, 960, 1920, 2880]),
        ("3/4", False, [0, 960, 1920]),
        ("5/4", True, [0, 960, 1920, 2880, 3840]),
        ("5/4", False, [0, 960, 1920, 3840]),
        ("6/8", True, [0, 1440, 2880, 4320]),
        ("7/8", True, [0, 960, 1920, 2880]),
    ],
)
def test_quarters_of_four_four_go_to_the_beats(meter: str, repeat: bool, onsets: list[int]) -> None:
    pieces, bars = plan_pieces(FOUR, 1, METERS[meter], repeat)
    assert bars == (2 if meter == "6/8" else 1)
    assert [to for _, to in move_onsets(pieces, QUARTERS)] == onsets


def test_three_four_keeps_the_downbeat_and_the_way_into_the_next_bar() -> None:
    pieces, _ = plan_pieces(FOUR, 1, METERS["3/4"], False)
    assert [index for index, _ in move_onsets(pieces, QUARTERS)] == [0, 1, 3]


def test_five_four_for_drums_repeats_an_inner_beat() -> None:
    pieces, _ = plan_pieces(FOUR, 1, METERS["5/4"], True)
    assert [index for index, _ in move_onsets(pieces, QUARTERS)] == [0, 1, 2, 2, 3]


def test_an_eighth_pair_becomes_long_short_and_a_triplet_stays_even_in_six_eight() -> None:
    pieces, _ = plan_pieces(FOUR, 1, METERS["6/8"], True)
    moved = move_onsets(pieces, [0, 480, 960, 1280, 1600])
    assert [to for _, to in moved] == [0, 960, 1440, 1920, 2400]


@given(
    source=st.sampled_from(list(METERS.values())),
    target=st.sampled_from(list(METERS.values())),
    bars=st.integers(1, 4),
    repeat=st.booleans(),
)
def test_pieces_fill_the_target_bars_exactly(source: Meter, target: Meter, bars: int, repeat: bool) -> None:
    pieces, filled = plan_pieces(source, bars, target, repeat)
    at = 0
    for piece in pieces:
        assert piece.target == at
        assert 0 <= piece.source <= piece.source + piece.source_length <= bars * source.bar_ticks
        at += piece.target_length
    assert at == filled * target.bar_ticks


@given(
    onsets=st.lists(st.integers(0, 31), min_size=1, max_size=16, unique=True),
    target=st.sampled_from(list(METERS.values())),
    repeat=st.booleans(),
)
def test_moved_notes_stay_on_the_grid_within_the_bars_and_apart(
    onsets: list[int], target: Meter, repeat: bool
) -> None:
    pieces, filled = plan_pieces(FOUR, 2, target, repeat)
    spans = [(n * 240, 240) for n in sorted(onsets)]
    moved = move_onsets(pieces, [o for o, _ in spans])
    length = filled * target.bar_ticks
    durations = stretch_durations(moved, spans, 8 * PPQ, length)
    ends = 0
    for (_, to), duration in zip(moved, durations, strict=True):
        assert to % 240 == 0
        assert to >= ends
        ends = to + duration
        assert ends <= length


def test_a_phrase_over_two_chords_keeps_its_chords_on_bar_lines() -> None:
    notes = [(float(n), 1.0, 0, C) for n in range(8)]
    written = phrase("two", Role.LEAD, "ii-V-I", notes, ((0, 0, "m7"), (1, 5, "7")), bars=2)
    for meter in METERS.values():
        fitted = refit_phrase(written, meter)
        assert fitted.length == fitted.bars * meter.bar_ticks
        assert all(c.start % meter.bar_ticks == 0 for c in fitted.chords)
        assert all(n.onset < fitted.length for n in fitted.notes)
        for note in fitted.notes:
            later = [c.start for c in fitted.chords[note.chord + 1 :]]
            assert fitted.chords[note.chord].start <= note.onset < min([*later, fitted.length])
