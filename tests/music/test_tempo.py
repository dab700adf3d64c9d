import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.meter import PPQ
from jamtui.music.tempo import TempoMap

changes = st.lists(st.tuples(st.integers(0, 200_000), st.floats(20, 400)), min_size=1, max_size=8)


@given(changes, st.integers(-50_000, 500_000))
def test_ticks_and_seconds_are_inverse(tempi: list[tuple[int, float]], tick: int) -> None:
    tempo = TempoMap(tempi)
    assert tempo.tick_at(tempo.seconds_at(tick)) == pytest.approx(tick, abs=1e-3)


@given(changes, st.integers(-50_000, 500_000), st.integers(1, 10_000))
def test_time_only_moves_forward(tempi: list[tuple[int, float]], tick: int, more: int) -> None:
    tempo = TempoMap(tempi)
    assert tempo.seconds_at(tick) < tempo.seconds_at(tick + more)


@given(changes)
def test_tick_zero_is_time_zero(tempi: list[tuple[int, float]]) -> None:
    assert TempoMap(tempi).seconds_at(0) == pytest.approx(0.0, abs=1e-9)


def test_a_change_counts_from_its_tick() -> None:
    tempo = TempoMap([(0, 120), (PPQ, 60)])
    assert tempo.seconds_at(PPQ) == 0.5
    assert tempo.seconds_at(2 * PPQ) == 1.5
    assert tempo.seconds_at(-PPQ) == -0.5
    assert tempo.tick_at(1.5) == 2 * PPQ
    assert tempo.bpm_at(PPQ - 1) == 120
    assert tempo.bpm_at(PPQ) == 60


def test_the_last_of_two_changes_on_one_tick_wins() -> None:
    assert TempoMap([(0, 120), (0, 60)]) == TempoMap([(0, 60)])
    assert hash(TempoMap([(0, 60)])) == hash(TempoMap([(0, 60.0)]))


@pytest.mark.parametrize("tempi", [[], [(0, 0.0)], [(0, -1.0)], [(0, float("nan"))]])
def test_tempi_that_are_none_are_refused(tempi: list[tuple[int, float]]) -> None:
    with pytest.raises(ValueError, match="tempo"):
        TempoMap(tempi)
