"""Stamps of queued messages: right to the quickest look, whatever the looks did."""

from hypothesis import given
from hypothesis import strategies as st

from jamtui.midi.stamping import ArrivalStamps

MS = 1_000_000


def test_a_late_look_does_not_move_a_message() -> None:
    stamps = ArrivalStamps()
    assert stamps.arrived(0.0, 1_000 * MS) == 1_000 * MS
    # Two pulses 20 ms apart, found together 40 ms after the first.
    assert stamps.arrived(0.020, 1_060 * MS) == 1_020 * MS + 2_000
    assert abs(stamps.arrived(0.020, 1_060 * MS) - 1_040 * MS) < 10_000


def test_a_quicker_look_corrects_the_beginning() -> None:
    stamps = ArrivalStamps()
    stamps.arrived(0.0, 1_001 * MS)  # came at 1000
    assert stamps.arrived(0.010, 1_010 * MS) == 1_010 * MS
    assert abs(stamps.arrived(0.010, 1_025 * MS) - 1_020 * MS) < 10_000


def test_never_before_the_queue_was_empty() -> None:
    stamps = ArrivalStamps()
    stamps.arrived(0.0, 0)
    stamps.nothing(500 * MS)
    # 499 ms were swallowed with an ignored message.
    assert stamps.arrived(0.001, 501 * MS) == 500 * MS
    assert abs(stamps.arrived(0.002, 503 * MS) - 502 * MS) < 10_000


@given(
    st.lists(st.tuples(st.integers(1, 50_000_000), st.integers(0, 40_000_000)), min_size=1, max_size=60),
    st.integers(-50, 50),
)
def test_between_arrival_bounds_whatever_the_delays(steps: list[tuple[int, int]], ppm: int) -> None:
    stamps = ArrivalStamps()
    at = looked = 0
    for gap, delay in steps:
        before, at = at, at + gap
        looked = max(looked, at + delay)
        stamp = stamps.arrived(0.0 if before == 0 else gap / 1e9 * (1 + ppm / 1e6), looked)
        assert stamp <= looked
