import pytest

from jamtui.errors import MusicError
from jamtui.music.detect import Context
from jamtui.music.voicing import name_line, parse_voicing


def test_a_line_gets_symbol_alternatives_root_and_bass() -> None:
    assert name_line("52 60 67") == {
        "symbol": "C/E",
        "alternatives": name_line("52 60 67")["alternatives"],
        "root": "C",
        "bass": "E",
    }
    assert len(name_line("60 64 67 71")["alternatives"]) == 2


def test_a_slash_is_always_a_bass() -> None:
    named = name_line("48 52 57 62 67")
    assert named["symbol"] == "C69"
    assert named["bass"] == "C"


def test_silence_is_no_chord() -> None:
    assert name_line("") == {"symbol": "N.C.", "alternatives": [], "root": None, "bass": None}


def test_the_context_is_used() -> None:
    assert name_line("53 57 60 64", Context(bass=2))["symbol"] == "Dm9"


@pytest.mark.parametrize("text", ["60 64 67", "60,64,67", "[60, 64, 67]", "C4 E4 G4", " 60\t64 67\n"])
def test_notes_are_read_in_several_spellings(text: str) -> None:
    assert parse_voicing(text) == (60, 64, 67)


@pytest.mark.parametrize("text", ["128", "-1", "x", "60 6o", "60.5", '{"a"}'])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(MusicError):
        parse_voicing(text)
