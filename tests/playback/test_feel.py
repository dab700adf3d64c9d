from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.meter import COMMON_TIME, METERS, Meter
from jamtui.music.phrase import Role, Source
from jamtui.playback.commands import PlannedNote
from jamtui.playback.feel import MAX_EARLY_NS, apply_feel, swing_warp
from jamtui.styles.style import Feel


def note(
    tick: int, duration: int = 240, *, index: int = 0, residual: int = 0, velocity: int = 80
) -> PlannedNote:
    bar = tick // 3840 * 3840
    return PlannedNote(Role.LEAD, tick, duration, 60, velocity, residual, Source.REFLEX, bar, index, seed=7)


FEELS = st.builds(
    Feel,
    swing=st.floats(0.0, 1.0),
    swing_unit=st.sampled_from([240, 480]),
    push_ms=st.floats(-80.0, 80.0),
    spread_ms=st.floats(0.0, 40.0),
    velocity_spread=st.integers(0, 40),
    accents=st.lists(st.floats(0.2, 2.0), max_size=8).map(tuple),
    articulation=st.floats(0.0, 1.5),
)
NOTES = st.builds(
    note,
    st.integers(0, 4 * 3840),
    st.integers(0, 3840),
    index=st.integers(0, 40),
    residual=st.integers(-60, 60),
    velocity=st.integers(0, 200),
)


@given(FEELS, NOTES)
def test_amount_zero_is_the_grid(feel: Feel, one: PlannedNote) -> None:
    felt = apply_feel(feel, 0.0, COMMON_TIME, one)
    assert (felt.on_tick, felt.off_tick, felt.offset_ns) == (one.tick, one.tick + max(1, one.duration), 0)
    assert felt.velocity == min(127, max(1, one.velocity))


@given(FEELS, st.floats(0.0, 2.0), NOTES, st.sampled_from(list(METERS.values())))
def test_every_note_ends_after_it_begins_with_a_velocity_that_sounds(
    feel: Feel, amount: float, one: PlannedNote, meter: Meter
) -> None:
    felt = apply_feel(feel, amount, meter, one)
    assert felt.off_tick > felt.on_tick
    assert 1 <= felt.velocity <= 127
    assert felt.offset_ns >= -MAX_EARLY_NS


@given(
    st.integers(0, 40_000),
    st.integers(1, 4000),
    st.floats(0.2, 0.8),
    st.sampled_from([240, 480]),
    st.sampled_from([meter.bar_ticks for meter in METERS.values()]),
)
def test_the_swing_warp_is_strictly_monotone(tick: int, more: int, swing: float, unit: int, bar: int) -> None:
    assert swing_warp(tick, 0, bar, unit, swing) < swing_warp(tick + more, 0, bar, unit, swing)


def test_triplet_swing_puts_the_off_beat_on_two_thirds() -> None:
    feel = Feel(swing=2 / 3)
    assert [
        round(apply_feel(feel, 1.0, COMMON_TIME, note(t)).on_tick) for t in (0, 480, 960, 1440, 1920)
    ] == [
        0,
        640,
        960,
        1600,
        1920,
    ]
    assert round(apply_feel(feel, 0.5, COMMON_TIME, note(480)).on_tick) == 560


def test_a_note_that_ends_on_the_off_beat_is_held_until_it() -> None:
    felt = apply_feel(Feel(swing=2 / 3), 1.0, COMMON_TIME, note(0, 480))
    assert round(felt.off_tick) == 640


def test_the_half_pair_at_the_end_of_an_odd_bar_stays_straight() -> None:
    meter = METERS["7/8"]
    assert swing_warp(6 * 480, 0, meter.bar_ticks, 480, 2 / 3) == 6 * 480
    assert swing_warp(6 * 480 + 240, 0, meter.bar_ticks, 480, 2 / 3) == 6 * 480 + 240
    assert swing_warp(7 * 480, 0, meter.bar_ticks, 480, 2 / 3) == 7 * 480


def test_residual_push_and_articulation_are_scaled() -> None:
    feel = Feel(push_ms=-10.0, articulation=0.5)
    felt = apply_feel(feel, 0.5, COMMON_TIME, note(960, 400, residual=20))
    assert (felt.on_tick, felt.off_tick, felt.offset_ns) == (970.0, 970.0 + 300.0, -5_000_000)


def test_accents_cycle_over_the_eighths_of_the_bar() -> None:
    feel = Feel(accents=(1.0, 0.5))
    assert [apply_feel(feel, 1.0, COMMON_TIME, note(t)).velocity for t in (0, 480, 960, 3840 + 480)] == [
        80,
        40,
        80,
        40,
    ]


def test_draws_are_the_same_each_time_and_different_for_each_note() -> None:
    feel = Feel(spread_ms=10.0, velocity_spread=10)
    felt = [apply_feel(feel, 1.0, COMMON_TIME, note(0, index=i)) for i in range(200)]
    assert felt == [apply_feel(feel, 1.0, COMMON_TIME, note(0, index=i)) for i in range(200)]
    offsets = [f.offset_ns for f in felt]
    assert len(set(offsets)) == 200
    assert max(map(abs, offsets)) <= 10_000_000
    assert min(offsets) < -5_000_000 < 5_000_000 < max(offsets)
    assert abs(sum(offsets) / 200) < 1_000_000
    velocities = {f.velocity for f in felt}
    assert min(velocities) < 73
    assert max(velocities) > 87
    assert velocities <= set(range(70, 91))


@pytest.mark.parametrize("swing", [0.5, 0.58, 0.64, 2 / 3, 0.75])
@pytest.mark.parametrize("unit", [240, 480])
@pytest.mark.parametrize("amount", [0.0, 0.5, 1.0])
def test_a_triplet_is_even_at_any_swing(swing: float, unit: int, amount: float) -> None:
    feel = Feel(swing=swing, swing_unit=unit)
    felt = [apply_feel(feel, amount, COMMON_TIME, note(960 + t, 320)) for t in (0, 320, 640)]
    assert [(f.on_tick, f.off_tick) for f in felt] == [(960, 1280), (1280, 1600), (1600, 1920)]


def test_the_off_beat_of_triplet_swing_meets_the_last_of_a_triplet() -> None:
    feel = Feel(swing=2 / 3)
    swung = apply_feel(feel, 1.0, COMMON_TIME, note(480, 480))
    triplet = apply_feel(feel, 1.0, COMMON_TIME, note(640, 320))
    assert round(swung.on_tick) == triplet.on_tick == 640


@given(st.floats(0.5, 0.8), st.floats(0.0, 1.0), st.integers(0, 3840 // 160))
def test_the_notes_of_a_beat_in_triplets_or_in_pairs_stay_in_order(
    swing: float, amount: float, at: int
) -> None:
    feel = Feel(swing=swing)
    beat = at * 160 // 960 * 960
    for places in ((0, 160, 320, 640, 800, 960), (0, 240, 480, 720, 960), (0, 120, 480, 600, 960)):
        on = [apply_feel(feel, amount, COMMON_TIME, note(beat + p, 120)).on_tick for p in places]
        assert on == sorted(set(on))


@given(NOTES, st.floats(0.5, 0.75), st.sampled_from([240, 480]), st.integers(0, 40_000))
def test_swing_counts_from_the_bar_line_wherever_that_lies(
    one: PlannedNote, swing: float, unit: int, shift: int
) -> None:
    feel = Feel(swing, unit)
    moved = replace(one, tick=one.tick + shift, bar_tick=one.bar_tick + shift)
    here, there = (apply_feel(feel, 1.0, COMMON_TIME, each) for each in (one, moved))
    assert there.on_tick - shift == pytest.approx(here.on_tick)
    assert there.off_tick - shift == pytest.approx(here.off_tick)
