"""The player's energy: range, direction, smoothness, determinism."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.session.dynamics import Energy

MS = 1_000_000
SECOND = 1000 * MS


def play(energy: Energy, seconds: float, per_second: float, velocity: int, start: int = 0) -> int:
    """Three-note chords at a steady rate; returns the stamp of the end."""
    count = int(seconds * per_second)
    step = int(SECOND / per_second)
    for i in range(count):
        for k, pitch in enumerate((60, 64, 67)):
            energy.feed(start + i * step + k * 10 * MS, bytes((0x90, pitch, velocity)))
    return start + count * step


def test_loud_and_dense_is_high_soft_and_sparse_low() -> None:
    soft, loud = Energy(), Energy()
    end = play(soft, 8, 0.5, 34)
    assert soft.value(end) < 0.33
    end = play(loud, 8, 4, 115)
    assert loud.value(end) > 0.8


def test_density_alone_raises_it() -> None:
    sparse, dense = Energy(), Energy()
    at = play(sparse, 8, 0.5, 70)
    assert dense.value(play(dense, 8, 4, 70)) > sparse.value(at) + 0.1


def test_one_accent_moves_it_little() -> None:
    energy = Energy()
    end = play(energy, 8, 1, 60)
    before = energy.value(end)
    energy.feed(end, bytes((0x90, 60, 127)))
    assert before < energy.value(end) < before + 0.13


def test_a_change_of_dynamics_arrives_within_four_bars() -> None:
    energy = Energy(bar_ns=2 * SECOND)
    end = play(energy, 16, 2, 40)
    soft = energy.value(end)
    end = play(energy, 8, 2, 110, start=end)
    assert energy.value(end) > soft + 0.3


def test_silence_returns_to_rest_and_reading_changes_nothing() -> None:
    energy = Energy()
    end = play(energy, 8, 4, 120)
    first = energy.value(end)
    far = energy.value(end + 600 * SECOND)
    assert far == pytest.approx(Energy().value(0), abs=1e-6)
    assert energy.value(end) == first


def test_note_offs_and_nonsense_do_not_count() -> None:
    energy = Energy()
    rest = energy.value(0)
    for data in (
        b"",
        b"\x90",
        b"\x90\x3c\x00",
        b"\x80\x3c\x40",
        b"\xb0\x40\x7f",
        b"\xf0\x01\x02",
        b"\x90\xff\xff",
    ):
        energy.feed(5, data)
    assert energy.value(5) == rest


def test_tempo_change_keeps_the_rate() -> None:
    energy = Energy()
    end = play(energy, 10, 3, 80)
    before = energy.value(end)
    energy.set_bar(1.5 * SECOND)
    assert energy.value(end) == pytest.approx(before, abs=0.01)
    with pytest.raises(ValueError, match="positive"):
        energy.set_bar(0)


notes = st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 127), st.integers(1, 100)), max_size=60)


@given(notes, st.integers(0, 27))
def test_always_in_range_and_louder_is_never_less(steps: list[tuple[int, int, int]], more: int) -> None:
    soft, loud, again = Energy(), Energy(), Energy()
    ns = 0
    for gap, pitch, velocity in steps:
        ns += gap
        soft.feed(ns, bytes((0x90, pitch, velocity)))
        again.feed(ns, bytes((0x90, pitch, velocity)))
        loud.feed(ns, bytes((0x90, pitch, velocity + more)))
        assert 0.0 <= soft.value(ns) <= loud.value(ns) <= 1.0
    assert soft.value(ns) == again.value(ns)
