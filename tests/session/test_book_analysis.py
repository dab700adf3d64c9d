import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import MusicError
from jamtui.music.chord import Family
from jamtui.music.meter import COMMON_TIME
from jamtui.music.phrase import Phrase, Role
from jamtui.music.phrase_text import parse_phrase
from jamtui.session.book import Function, ReflexChord, ReflexPhrase
from jamtui.session.book_analysis import analyse

C, S, A = Function.CHORD, Function.SCALE, Function.APPROACH


def read(chords: str, notes: str, style: str = "swing", role: Role = Role.LEAD) -> Phrase:
    return parse_phrase("line", role, style, chords, notes, COMMON_TIME)


def functions(chords: str, notes: str, style: str = "swing", role: Role = Role.LEAD) -> list[Function]:
    return [n.function for n in analyse(read(chords, notes, style, role), "any", 0.5, None, None).notes]


def heights(phrase: ReflexPhrase) -> list[int]:
    """Semitones above the first chord's root."""
    return [n.interval + phrase.chords[n.chord].root for n in phrase.notes]


def test_chord_scale_and_approach_notes_are_told_apart() -> None:
    assert functions("Cmaj7", "r:4 D#5:8 E5:8 A5:4 G5:4") == [A, C, S, C]


def test_an_enclosure_resolves_from_its_last_note() -> None:
    assert functions("Cmaj7", "F5:4 D#5:4 E5:2") == [S, A, C]


def test_an_outside_note_that_leads_nowhere_is_refused_with_its_place() -> None:
    with pytest.raises(MusicError, match=r"'line', bar 2: Db5 on beat 2 is outside Cmaj7.*resolve"):
        functions("Cmaj7 | %", "C5:1 | E5:4 Db5:4 G5:2")
    with pytest.raises(MusicError, match=r"Eb5 on beat 4"):
        functions("Cmaj7", "r:2. Eb5:4")
    with pytest.raises(MusicError, match=r"C#5|Db5"):
        # A long rest comes between the note and its resolution.
        functions("Cmaj7", "Db5:4 r:2 C5:4")


def test_altered_tensions_of_a_dominant_and_blue_notes_may_stand_alone() -> None:
    assert functions("G7", "Ab5:4 Eb5:4 B4:2") == [S, S, C]
    assert functions("C6", "Bb4:4 G4:2.", style="blues") == [S, C]
    with pytest.raises(MusicError):
        functions("C6", "Bb4:4 G4:2.")


def test_a_bass_may_lead_out_of_its_figure_and_drop_the_octave() -> None:
    assert functions("C7", "C2:4 E2:4 G2:4 F#2:4", role=Role.BASS) == [C, C, C, A]
    assert functions("E7 | %", "E2:2. D#2:4 | E1:1", role=Role.BASS) == [C, A, C]


def test_voices_of_a_stack_resolve_by_the_next_stack() -> None:
    assert functions("C7", "[F#3 Db4]:8 [G3 E4]:4. r:2", role=Role.COMP) == [A, S, C, C]


def test_chords_are_joined_and_told_from_the_first_root() -> None:
    phrase = analyse(read("Dm7 | % | G7 | Cmaj7", "D5:1 | F5:1 | G4:1 | E5:1"), "ii-V-I", 0.5, None, None)
    assert phrase.chords == (
        ReflexChord(0, 0, "m7", Family.MINOR),
        ReflexChord(7680, 5, "7", Family.DOMINANT),
        ReflexChord(11520, 10, "maj7", Family.MAJOR),
    )
    assert [n.chord for n in phrase.notes] == [0, 0, 1, 2]
    # Contour is kept across chords: D5 F5 G4 E5.
    first = heights(phrase)[0]
    assert [h - first for h in heights(phrase)] == [0, 3, -7, 2]


def test_a_note_tied_over_the_bar_line_belongs_to_the_coming_chord() -> None:
    phrase = analyse(read("G7 | Cmaj7", "r:2. r:8 E5:8 | -:1"), "any", 0.5, None, None)
    assert [(n.chord, n.function) for n in phrase.notes] == [(1, C)]
    early = analyse(read("G7 | Cmaj7", "r:2 A5:2 | -:1"), "any", 0.5, None, None)
    assert [n.chord for n in early.notes] == [0]


def test_density_and_surprise_are_measured_when_not_given() -> None:
    line = read("Cmaj7", "r:8 C5:8 D#5:8 E5:8 G5:2")
    measured = analyse(line, "major", 0.5, None, None)
    assert measured.density == 0.5
    assert measured.surprise == 0.5
    given_ = analyse(line, "major", 0.5, 0.3, 0.1)
    assert (given_.density, given_.surprise) == (0.3, 0.1)
    inside = analyse(read("G7alt", "G4:4 B4:4 F5:2"), "dominant", 0.5, None, None)
    altered = analyse(read("G7alt", "Ab4:4 Bb4:4 Eb5:2"), "dominant", 0.5, None, None)
    assert inside.surprise == 0.0
    assert altered.surprise == 1.0


def test_a_phrase_needs_a_chord() -> None:
    with pytest.raises(MusicError, match="has no chord"):
        functions("N.C.", "C5:1")


SCALE_OF_C = ["C", "D", "E", "F", "G", "A", "B"]


@given(
    st.lists(st.sampled_from(SCALE_OF_C), min_size=8, max_size=8),
    st.integers(-5, 6),
)
def test_analysis_is_the_same_in_every_key(names: list[str], shift: int) -> None:
    line = read(
        "Dm7 | Cmaj7", " ".join(f"{n}5:4" for n in names[:4]) + " | " + " ".join(f"{n}5:4" for n in names[4:])
    )
    moved = Phrase(
        line.name,
        line.role,
        line.style,
        line.bars,
        tuple(type(s)(s.start, s.length, s.chord.transpose(shift)) for s in line.chords),
        tuple(type(n)(n.onset, n.pitch + shift, n.duration, n.velocity) for n in line.notes),
    )
    here = analyse(line, "any", 0.5, None, None)
    there = analyse(moved, "any", 0.5, None, None)
    assert here.chords == there.chords
    assert [n.function for n in here.notes] == [n.function for n in there.notes]
    assert heights(here) == heights(there)
    assert [h - heights(here)[0] for h in heights(here)] == [
        n.pitch - line.notes[0].pitch for n in line.notes
    ]
