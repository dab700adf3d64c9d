"""Chord tables, octaves and voicings."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.chord import QUALITIES, make_chord, parse_chord
from jamtui.music.phrase import Role
from jamtui.music.scale import Key, chord_tones
from jamtui.session import voicelead
from jamtui.session.voicelead import (
    MUD,
    MUD_GAP,
    anchor_line,
    chord_table,
    clear_mud,
    fold,
    movement,
    octave_near,
    surprise_of,
    voicings_for,
    warm_tables,
)

chords = st.builds(
    make_chord, st.integers(0, 11), st.sampled_from([q for q in QUALITIES if QUALITIES[q].intervals])
)


@pytest.mark.parametrize(
    ("written", "real", "intervals", "become"),
    [
        ("m7", "C7", (0, 3, 7, 10), (0, 4, 7, 10)),
        ("7", "Cm7b5", (0, 4, 7, 10), (0, 3, 6, 10)),
        ("maj7", "C7", (0, 4, 7, 11), (0, 4, 7, 10)),
        ("m7b5", "Cmaj7", (0, 3, 6, 10), (0, 4, 7, 11)),
        ("7", "C7sus4", (0, 4, 7, 10), (0, 5, 7, 10)),
        ("dim7", "C7", (0, 3, 6, 9), (0, 4, 7, 10)),
        ("maj7", "Cdim7", (0, 4, 7, 11), (0, 3, 6, 9)),
    ],
)
def test_degrees_become_degrees(
    written: str, real: str, intervals: tuple[int, ...], become: tuple[int, ...]
) -> None:
    tone, _ = chord_table(parse_chord(real)).shifts(written)
    assert tuple(i + tone[i] for i in intervals) == become


@given(
    chord=chords,
    written=st.sampled_from(["maj7", "m7", "7", "m7b5", "dim7", "7sus4"]),
    interval=st.integers(0, 11),
)
def test_moved_notes_belong_to_the_real_chord(chord: object, written: str, interval: int) -> None:
    table = chord_table(chord)  # type: ignore[arg-type]
    tone, scale = table.shifts(written)
    assert (table.root + interval + scale[interval]) % 12 in table.scale
    if interval in QUALITIES[written].pitch_classes:
        assert (table.root + interval + tone[interval]) % 12 in table.tones


@given(chord=chords, size=st.integers(3, 5))
def test_voicings_are_clear_in_range_and_of_the_chord(chord: object, size: int) -> None:
    table = chord_table(chord)  # type: ignore[arg-type]
    for voicing in voicings_for(table, size, 50, 79):
        assert list(voicing) == sorted(set(voicing))
        assert 50 <= voicing[0] <= voicing[-1] <= 79
        assert {p % 12 for p in voicing} <= table.consonant
        for low, high in itertools.pairwise(voicing):
            assert low >= MUD or high - low >= MUD_GAP


def test_a_seventh_chord_has_voicings_with_its_guide_tones_and_some_without_root() -> None:
    voicings = voicings_for(chord_table(parse_chord("Dm7")), 4, 50, 79)
    assert voicings
    for voicing in voicings:
        assert {5, 0} <= {p % 12 for p in voicing}
    assert any(2 not in {p % 12 for p in v} for v in voicings)


@given(st.lists(st.integers(20, 100), min_size=1, max_size=6))
def test_clearing_the_mud_is_done_once(pitches: list[int]) -> None:
    once = clear_mud(pitches, 40, 84)
    assert clear_mud(once, 40, 84) == once
    for low, high in itertools.pairwise(once):
        assert low >= MUD or high - low >= MUD_GAP


@given(
    root=st.integers(0, 11),
    degrees=st.lists(st.integers(-7, 12), min_size=1, max_size=8),
    expected=st.integers(60, 80),
)
def test_a_line_is_anchored_on_its_root_and_near(root: int, degrees: list[int], expected: int) -> None:
    base = anchor_line(root, degrees, float(expected), (20, 120), 70.0, 0.0)
    assert base % 12 == root
    assert abs(base + degrees[0] - expected) <= 6


def test_range_wins_over_nearness() -> None:
    base = anchor_line(0, [0, 12], 80.0, (55, 84), 70.0, 0.0)
    assert base + 12 <= 84


@given(st.integers(0, 127), st.integers(0, 11))
def test_octave_near(pitch: int, pitch_class: int) -> None:
    found = octave_near(float(pitch), pitch_class)
    assert found % 12 == pitch_class
    assert abs(found - pitch) <= 6


def test_fold_and_movement() -> None:
    assert fold(100, 55, 84) == 76
    assert fold(20, 55, 84) == 56
    assert movement((60, 64, 67), (60, 64, 67)) == 0
    assert movement((60, 64, 67), (59, 62, 67)) < movement((60, 64, 67), (67, 71, 74))
    assert movement((), (60,)) == 0


def test_tables_know_slash_basses_and_stay_inside_until_it_is_hot() -> None:
    table = chord_table(parse_chord("C/E"))
    assert (table.root, table.bass) == (0, 4)
    assert table.tones == chord_tones(parse_chord("C"))
    assert surprise_of(0.4) == 0.0
    assert 0 < surprise_of(0.8) < surprise_of(1.0) <= 1


def test_a_table_is_worked_out_once_however_it_is_asked_for() -> None:
    chord, key = parse_chord("Bbm7b5"), Key(3)
    before = voicelead._remembered.cache_info().misses
    tables = chord_table(chord, key), chord_table(chord, key, 0.0), chord_table(chord, key=key, surprise=0.0)
    assert tables[0] is tables[1] is tables[2]
    assert voicelead._remembered.cache_info().misses - before <= 1


def test_a_role_has_the_notes_that_are_its_own_over_a_chord() -> None:
    table = chord_table(parse_chord("C7/D"))
    assert table.members(Role.LEAD) == table.passing(Role.LEAD) == table.scale
    assert table.members(Role.BASS) == {0, 4, 7, 10, 2}  # the tones, and the bass that is written
    assert table.members(Role.COMP) == table.consonant
    assert 5 not in table.consonant
    assert table.passing(Role.BASS) == table.passing(Role.COMP) == table.consonant > table.members(Role.BASS)


def test_warming_up_leaves_nothing_to_work_out_for_any_chord() -> None:
    warm_tables(50, 79)
    for name in ("m7", "7alt", "maj7#11", "dim7", "6/9"):
        table = chord_table(make_chord(5, name))
        assert (4, 50, 79) in table.voicings
        assert chord_table(make_chord(5, name)) is table


@pytest.mark.parametrize(
    ("symbol", "held"),
    [
        ("D7b9", {6, 0, 3}),
        ("Bdim7", {2, 5, 8, 11}),
        ("Am7b5", {0, 3, 7, 9}),
        ("Cmaj7#11", {4, 11, 6}),
        ("C9", {4, 10, 2}),
    ],
)
def test_voicings_show_what_makes_the_chord(symbol: str, held: set[int]) -> None:
    for voicing in voicings_for(chord_table(parse_chord(symbol)), 4, 50, 79):
        assert held <= {p % 12 for p in voicing}
