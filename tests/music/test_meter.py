import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.meter import METERS, PPQ, Meter, next_grid


@pytest.mark.parametrize(
    ("name", "ticks", "beats"),
    [
        ("4/4", 4 * PPQ, (0, 960, 1920, 2880)),
        ("3/4", 3 * PPQ, (0, 960, 1920)),
        ("6/8", 3 * PPQ, (0, 1440)),
        ("5/4", 5 * PPQ, (0, 960, 1920, 2880, 3840)),
        ("7/8", 7 * PPQ // 2, (0, 960, 1920)),
    ],
)
def test_meters(name: str, ticks: int, beats: tuple[int, ...]) -> None:
    assert METERS[name].bar_ticks == ticks
    assert METERS[name].beat_ticks == beats


@given(st.sampled_from(list(METERS.values())), st.data())
def test_every_tick_belongs_to_the_beat_that_began_last(meter: Meter, data: st.DataObject) -> None:
    tick = data.draw(st.integers(0, meter.bar_ticks - 1))
    beat = meter.beat_at(tick)
    assert meter.beat_ticks[beat] <= tick
    assert beat == meter.beats - 1 or tick < meter.beat_ticks[beat + 1]


@given(st.integers(-10_000, 10_000), st.integers(1, 2_000), st.integers(-5_000, 5_000))
def test_the_next_grid_point_is_the_first_at_or_after(tick: int, grid: int, origin: int) -> None:
    point = next_grid(tick, grid, origin)
    assert (point - origin) % grid == 0
    assert tick <= point < tick + grid
