import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import MusicError
from jamtui.music.pitch import note_name, parse_note, parse_pitch_class, pitch_class_name, spell


@pytest.mark.parametrize(
    ("name", "pc"),
    [("C", 0), ("Bb", 10), ("B♭", 10), ("F#", 6), ("F♯", 6), ("Cb", 11), ("B#", 0), ("Ebb", 2), ("g", 7)],
)
def test_pitch_classes_are_read(name: str, pc: int) -> None:
    assert parse_pitch_class(name) == pc


@pytest.mark.parametrize("name", ["", "H", "Cbbb", "4", "C4", "#b"])
def test_other_text_is_refused(name: str) -> None:
    with pytest.raises(MusicError, match="letter from A to G"):
        parse_pitch_class(name)


@given(st.integers(0, 11), st.booleans())
def test_names_round_trip(pc: int, flats: bool) -> None:
    assert parse_pitch_class(pitch_class_name(pc, flats)) == pc


@given(st.integers(0, 127), st.booleans())
def test_notes_round_trip(pitch: int, flats: bool) -> None:
    assert parse_note(note_name(pitch, flats)) == pitch


def test_middle_c_is_c4() -> None:
    assert note_name(60) == "C4"
    assert parse_note("Eb4") == 63
    assert parse_note("C-1") == 0


@pytest.mark.parametrize("text", ["C", "C99", "H4", "", "60"])
def test_notes_outside_midi_are_refused(text: str) -> None:
    with pytest.raises(MusicError):
        parse_note(text)


@pytest.mark.parametrize(
    ("root", "semitones", "degree", "name"),
    [("D", 4, 3, "F#"), ("Eb", 3, 3, "Gb"), ("C", 10, 7, "Bb"), ("Db", 3, 3, "E"), ("E", 4, 3, "G#")],
)
def test_chord_tones_are_spelled_by_their_degree(root: str, semitones: int, degree: int, name: str) -> None:
    assert spell(root, semitones, degree) == name
