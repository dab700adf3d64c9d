import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import JamtuiError
from jamtui.playback.clock import NEVER_NS, ClockSegment, MusicalClock

SECOND = 1_000_000_000


def test_a_segment_is_a_line_between_ticks_and_nanoseconds() -> None:
    clock = MusicalClock(120.0)
    clock.start(5 * SECOND)
    segment = clock.segment
    assert segment.ns_at(960) == 5 * SECOND + SECOND // 2
    assert segment.tick_at(6 * SECOND) == 1920.0
    assert segment.bpm == pytest.approx(120.0)


def test_a_clock_begins_stopped_and_reaches_nothing() -> None:
    clock = MusicalClock(90.0, now=SECOND)
    assert not clock.running
    assert clock.segment.tick_at(9 * SECOND) == 0.0
    assert clock.segment.ns_at(1) == NEVER_NS
    assert clock.bpm == pytest.approx(90.0)


def test_tempo_changes_without_a_jump() -> None:
    clock = MusicalClock(120.0)
    clock.start(0)
    before = clock.segment
    clock.set_bpm(60.0, SECOND)
    after = clock.segment
    assert before.tick_at(SECOND) == after.tick_at(SECOND) == 1920.0
    assert after.ns_at(1920 + 960) == 2 * SECOND
    assert after.revision > before.revision
    assert after.jump == before.jump


def test_stop_holds_the_position_and_start_goes_on_from_it() -> None:
    clock = MusicalClock(120.0)
    clock.start(0)
    clock.stop(SECOND)
    assert clock.segment.tick_at(30 * SECOND) == 1920.0
    clock.start(40 * SECOND)
    assert clock.segment.tick_at(41 * SECOND) == 3840.0
    assert clock.segment.jump == 0


def test_locate_is_a_jump_and_keeps_running_or_stopped() -> None:
    clock = MusicalClock(120.0)
    clock.locate(3840, 0)
    assert (clock.segment.tick0, clock.running, clock.segment.jump) == (3840, False, 1)
    clock.start(SECOND)
    clock.locate(0, 2 * SECOND)
    assert clock.segment.tick_at(2 * SECOND) == 0.0
    assert (clock.running, clock.segment.jump, clock.segment.jump_tick) == (True, 2, 0)
    clock.set_bpm(100.0, 3 * SECOND)
    assert (clock.segment.jump, clock.segment.jump_tick) == (2, 0)


def test_starting_a_running_clock_changes_nothing() -> None:
    clock = MusicalClock(120.0)
    clock.start(0)
    segment = clock.segment
    clock.start(SECOND)
    assert clock.segment is segment


def test_every_change_is_announced() -> None:
    seen: list[int] = []
    clock = MusicalClock(120.0)
    clock.on_change = lambda: seen.append(clock.segment.revision)
    clock.start(0)
    clock.set_bpm(100.0, 1)
    clock.locate(0, 2)
    clock.stop(3)
    assert seen == [1, 2, 3, 4]


@pytest.mark.parametrize("bpm", [0.0, 19.9, 401.0, float("nan")])
def test_an_impossible_tempo_is_refused(bpm: float) -> None:
    with pytest.raises(JamtuiError, match="between 20 and 400"):
        MusicalClock(120.0).set_bpm(bpm, 0)


@given(
    st.lists(st.tuples(st.integers(1, SECOND), st.floats(20.0, 400.0)), min_size=1, max_size=20),
)
def test_musical_time_is_continuous_and_never_goes_back(changes: list[tuple[int, float]]) -> None:
    clock = MusicalClock(120.0)
    clock.start(0)
    ns = 0
    for wait, bpm in changes:
        ns += wait
        before = clock.segment.tick_at(ns)
        clock.set_bpm(bpm, ns)
        assert clock.segment.tick_at(ns) == pytest.approx(before, abs=1e-6)
        assert clock.segment.tick_at(ns + 1) > before


@given(st.integers(0, 10_000_000), st.floats(20.0, 400.0))
def test_ticks_and_nanoseconds_are_inverse(tick: int, bpm: float) -> None:
    segment = ClockSegment(0.0, 7, 60e9 / bpm / 960, 0)
    assert segment.tick_at(segment.ns_at(tick)) == pytest.approx(tick, abs=1e-4)


def test_a_followed_clock_runs_along_the_line_and_held_it_stands() -> None:
    changes: list[int] = []
    clock = MusicalClock(120.0)
    clock.on_change = lambda: changes.append(clock.segment.revision)
    clock.follow(100.0, SECOND, 1_000_000.0)
    assert clock.running
    assert clock.segment.tick_at(2 * SECOND) == 1100.0
    clock.hold(960.0, 2 * SECOND, 500_000.0)
    assert not clock.running
    assert clock.segment.tick_at(9 * SECOND) == 960.0
    assert (clock.segment.ns_per_tick, clock.segment.jump) == (500_000.0, 0)
    clock.hold(0.0, 3 * SECOND, 500_000.0, jumped=True)
    assert (clock.segment.jump, clock.segment.jump_tick) == (1, 0.0)
    clock.follow(480.0, 4 * SECOND, 500_000.0, jumped=True)
    assert (clock.running, clock.segment.jump, clock.segment.jump_tick) == (True, 2, 480.0)
    assert changes == [1, 2, 3, 4]
