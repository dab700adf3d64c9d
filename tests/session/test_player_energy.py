"""How lively the player is, by when it was known."""

from hypothesis import given
from hypothesis import strategies as st

from jamtui.session.player_energy import PlayerEnergy


def test_what_is_known_later_does_not_count_before() -> None:
    player = PlayerEnergy()
    player.note(0.9, 960)
    player.note(0.2, 1920)
    assert [player.at(tick) for tick in (0, 959, 960, 1919, 1920)] == [0.5, 0.5, 0.9, 0.9, 0.2]


def test_a_new_start_begins_as_lively_as_the_last_one_ended() -> None:
    player = PlayerEnergy()
    player.note(0.8, 5000)
    player.restart()
    assert player.last == player.at(-1000) == 0.8


@given(st.lists(st.tuples(st.floats(-1, 2), st.integers(0, 10**6)), max_size=100))
def test_it_stays_a_share_and_the_last_counts(changes: list[tuple[float, int]]) -> None:
    player = PlayerEnergy()
    for energy, tick in sorted(changes, key=lambda c: c[1]):
        player.note(energy, tick)
        assert 0.0 <= player.last <= 1.0
        assert player.at(tick) == player.last
