"""Large chord letters: every symbol the band can name fits, and reads as itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.console.glyphs import big_chord
from jamtui.music.quality import QUALITIES


@given(
    st.sampled_from("ABCDEFG"),
    st.sampled_from(["", "#", "b"]),
    st.sampled_from(sorted(QUALITIES)),
    st.sampled_from(["", "/E", "/Bb", "/F#"]),
    st.integers(1, 140),
    st.integers(1, 10),
)
def test_fits_whatever_the_room(
    root: str, accidental: str, quality: str, bass: str, width: int, height: int
) -> None:
    rows = big_chord(root + accidental + quality + bass, width, height)
    assert 1 <= len(rows) <= height
    assert len({len(r) for r in rows}) == 1
    assert len(rows[0]) <= width


@pytest.mark.parametrize("quality", sorted(QUALITIES))
def test_every_quality_is_large_on_the_smallest_screen(quality: str) -> None:
    rows = big_chord(f"Bb{quality}", 44, 5)
    assert len(rows) >= 3, f"Bb{quality} falls back to plain text"


def test_different_symbols_look_different() -> None:
    symbols = [
        "C",
        "Cm",
        "C7",
        "Cmaj7",
        "Cm7",
        "Cm7b5",
        "Cdim7",
        "Csus4",
        "C6",
        "C#",
        "Cb",
        "C/E",
        "C+",
        "G",
        "N.C.",
    ]
    drawn = [big_chord(s, 80, 5) for s in symbols]
    assert len(set(drawn)) == len(symbols)


def test_a_letter_pixel_by_pixel() -> None:
    assert big_chord("E", 8, 5) == ("████████", "██      ", "██████  ", "██      ", "████████")


def test_larger_where_there_is_room() -> None:
    assert [len(big_chord("Dm7", 60, h)) for h in (1, 3, 5, 9, 10)] == [1, 3, 5, 5, 10]


def test_maj_becomes_a_triangle_before_the_letters_shrink() -> None:
    assert len(big_chord("Cmaj7", 30, 5)) == 5
    narrow = big_chord("Cmaj7", 25, 5)
    assert len(narrow) == 5
    assert narrow == big_chord("CΔ7", 25, 5)
