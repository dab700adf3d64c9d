import pytest

from jamtui.playback.tap import TapTempo

MS = 1_000_000


def taps(*times_ms: int) -> list[float | None]:
    tap = TapTempo()
    return [tap.tap(ms * MS) for ms in times_ms]


def test_two_taps_are_a_tempo() -> None:
    assert taps(0, 500) == [None, pytest.approx(120.0)]


def test_one_slip_does_not_show() -> None:
    assert taps(0, 500, 1000, 1620, 2000, 2500)[-1] == pytest.approx(120.0)


def test_a_pause_of_more_than_two_seconds_begins_anew() -> None:
    assert taps(0, 500, 2501, 3501) == [None, pytest.approx(120.0), None, pytest.approx(60.0)]


def test_a_bounce_changes_nothing() -> None:
    assert taps(0, 500, 530, 1000) == [None, 120.0, 120.0, 120.0]


def test_the_slowest_and_the_fastest() -> None:
    assert taps(0, 2000)[-1] == pytest.approx(30.0)
    assert taps(0, 200, 400)[-1] == pytest.approx(300.0)


def test_a_new_tempo_is_taken_over_within_three_taps() -> None:
    assert taps(0, 500, 1000, 1500, 1900, 2300, 2700)[-1] == pytest.approx(150.0)
