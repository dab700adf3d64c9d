import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import MusicError
from jamtui.music.chord import NO_CHORD, QUALITIES, Chord, Family, make_chord, parse_chord, quality_of

ROOTS = [letter + accidental for letter in "ABCDEFG" for accidental in ("", "b", "#")]
BASES = (
    *("7", "maj7", "m7", "mMaj7", "m7b5", "dim7", "aug7", "7sus4", "7b9sus4", "9", "maj9", "m9", "mMaj9"),
    *("9sus4", "11", "m11", "13", "maj13", "m13", "mMaj13", "13sus4"),
)
ALTERATIONS = ("b5", "#5", "b9", "#9", "#11", "b13")
PLAIN = (
    *("", "m", "dim", "aug", "sus2", "sus4", "sus2sus4", "5", "add9", "madd9", "add11", "m#5"),
    *("6", "m6", "69", "m69", *BASES),
)
# Every quality counted in the lead-sheet collections the project trains on.
IN_USE = (
    " 7 m m7 maj7 m7b5 dim7 sus4 aug dim 6 7b9 sus2 m6 9 5 m9 aug7 7#5b9#9 7sus4 13 maj9 69 7#9 7#5#9 9#11"
    " m11 maj9#11 13b9 13sus4 mMaj7 7#11 maj7#11 7b5 m69 9sus4 7#5b9 13#11 7b9#11 7b13 7b9b13 maj7#5 9#5"
    " m13 m#5 11 m9b5 9b5 7#9#11 13b9#11 9b13 mMaj13 mMaj9#11 7b9sus4 m7#5 7b5b9 add9 m11b5 9b5#5 maj7b5"
    " sus2sus4 mMaj7#5 madd9 13#9 add11 maj7#9 7#9b13 7#11b13 m9#5 m7b9 maj7#9#11"
)


@st.composite
def symbols(draw: st.DrawFn) -> str:
    """The grammar of the lead-sheet collections: root, quality, alterations in order, bass."""
    quality = draw(st.sampled_from(PLAIN))
    if quality in BASES:
        kept = draw(st.lists(st.booleans(), min_size=6, max_size=6))
        quality += "".join(itertools.compress(ALTERATIONS, kept))
    bass = draw(st.none() | st.sampled_from(ROOTS))
    return draw(st.sampled_from(ROOTS)) + quality + (f"/{bass}" if bass else "")


@given(symbols())
def test_every_symbol_of_the_grammar_survives_printing(symbol: str) -> None:
    chord = parse_chord(symbol)
    assert parse_chord(chord.symbol) == chord
    assert parse_chord(chord.plain_symbol) == chord
    # What has been printed once is canonical: it prints the same for ever.
    assert parse_chord(chord.symbol).symbol == chord.symbol


@given(
    st.builds(
        Chord,
        st.integers(0, 11),
        st.sampled_from(list(QUALITIES.values())),
        st.none() | st.integers(0, 11),
    )
)
def test_chords_without_spelling_survive_printing(chord: Chord) -> None:
    if chord.bass == chord.root:
        chord = Chord(chord.root, chord.quality)
    assert parse_chord(chord.symbol) == chord


@given(st.frozensets(st.integers(1, 11)))
def test_any_set_of_intervals_has_one_name_that_reads_back(tones: frozenset[int]) -> None:
    tones |= {0}
    if {10, 11} <= tones:
        with pytest.raises(ValueError, match="no chord symbol"):
            quality_of(tones)
        return
    quality = quality_of(tones)
    assert quality.pitch_classes == tones
    assert parse_chord("C" + quality.name).quality is quality


@pytest.mark.parametrize("name", IN_USE.split(" "))
def test_qualities_in_use_print_as_they_are_written(name: str) -> None:
    chord = parse_chord("Eb" + name)
    assert chord.plain_symbol == "Eb" + name
    assert chord.root_name == "Eb"


@pytest.mark.parametrize(
    "symbol",
    ["C#m7b5", "Bbmaj7#11", "G7alt", "D/F#", "Csus4", "C6/9", "N.C.", "C6/9/E", "F#m7", "Cm6/9", "E#", "Cb5"],
)
def test_lead_sheet_spelling_is_kept(symbol: str) -> None:
    assert parse_chord(symbol).symbol == symbol


@pytest.mark.parametrize(
    ("alias", "symbol"),
    [
        ("CΔ", "Cmaj7"),
        ("C△7", "Cmaj7"),
        ("CM7", "Cmaj7"),
        ("Cma7", "Cmaj7"),
        ("C^", "Cmaj7"),
        ("C^9", "Cmaj9"),
        ("Cmaj", "C"),
        ("CM", "C"),
        ("Cmin", "Cm"),
        ("C-", "Cm"),
        ("C-7", "Cm7"),
        ("Cmin7", "Cm7"),
        ("C-7b5", "Cm7b5"),
        ("Cø", "Cm7b5"),
        ("Cø7", "Cm7b5"),
        ("Ch7", "Cm7b5"),
        ("Co", "Cdim"),
        ("C°7", "Cdim7"),
        ("C+", "Caug"),
        ("C+7", "Caug7"),
        ("C7+", "Caug7"),
        ("C7#5", "Caug7"),
        ("C7alt", "C7alt"),
        ("Calt", "C7alt"),
        ("C7#5b9#9", "C7alt"),
        ("C7(b9)", "C7b9"),
        ("C7(b9,#11)", "C7b9#11"),
        ("C7-9", "C7b9"),
        ("C7+9", "C7#9"),
        ("C7/b9", "C7b9"),
        ("Cm(maj7)", "CmMaj7"),
        ("C-Δ7", "CmMaj7"),
        ("Csus", "Csus4"),
        ("C7sus", "C7sus4"),
        ("C7susb9", "C7b9sus4"),
        ("C69", "C6/9"),
        ("C6add9", "C6/9"),
        ("C2", "Csus2"),
        ("E♭Δ9", "Ebmaj9"),
        ("F♯ø", "F#m7b5"),
        ("NC", "N.C."),
        ("n.c.", "N.C."),
        (" Am7 / G ", "Am7/G"),
        ("C9b9", "C7b9"),
        ("C9#5", "C9#5"),
        ("C/C", "C"),
    ],
)
def test_common_spellings_mean_the_same(alias: str, symbol: str) -> None:
    assert parse_chord(alias).symbol == symbol


def test_every_alias_in_the_table_is_read() -> None:
    for quality in QUALITIES.values():
        for name in (quality.name, quality.plain, *quality.aliases):
            assert parse_chord("C" + name).quality is quality, name


def test_six_nine_is_no_slash_bass() -> None:
    chord = parse_chord("C6/9")
    assert chord.bass is None
    assert chord.pitch_classes == {0, 2, 4, 7, 9}
    assert chord.plain_symbol == "C69"


@pytest.mark.parametrize(
    ("symbol", "nearest"),
    [
        ("dm7", "Dm7"),
        ("Hm7", "Bm7"),
        ("Cmaj77", "Cmaj7"),
        ("Am7/g", "Am7/G"),
        ("Cmj7", "Cmaj7"),
        ("Ebsuss", "Ebsus"),
    ],
)
def test_a_misspelling_gets_the_nearest_symbol(symbol: str, nearest: str) -> None:
    with pytest.raises(MusicError) as error:
        parse_chord(symbol)
    assert f"did you mean {nearest!r}" in str(error.value)
    parse_chord(nearest)


@given(st.text(max_size=12))
def test_any_text_is_a_chord_or_a_music_error(text: str) -> None:
    try:
        chord = parse_chord(text)
    except MusicError:
        return
    assert parse_chord(chord.symbol) == chord


def test_the_table_is_large_and_without_doubles() -> None:
    assert len(QUALITIES) >= 40
    assert len({q.pitch_classes for q in QUALITIES.values()}) == len(QUALITIES)
    for quality in QUALITIES.values():
        assert quality.intervals[0] == 0
        assert list(quality.intervals) == sorted(quality.intervals)


@given(symbols(), st.integers(-24, 24), st.integers(-24, 24))
def test_transposition_adds_up(symbol: str, first: int, second: int) -> None:
    chord = parse_chord(symbol)
    moved = chord.transpose(first)
    assert moved.pitch_classes == {(p + first) % 12 for p in chord.pitch_classes}
    assert moved.bass_pc == (chord.bass_pc + first) % 12
    assert moved.transpose(second) == chord.transpose(first + second)


def test_octaves_keep_the_spelling() -> None:
    assert parse_chord("C#m7").transpose(12).symbol == "C#m7"
    assert parse_chord("A#").transpose(1).symbol == "B"


def test_equality_is_by_sound() -> None:
    assert parse_chord("C#m7/G#") == parse_chord("Dbm7/Ab")
    assert hash(parse_chord("C#m7/G#")) == hash(parse_chord("Dbm7/Ab"))
    assert parse_chord("C6") != parse_chord("Am7")
    assert parse_chord("C/E") != parse_chord("C")


def test_no_chord() -> None:
    assert parse_chord("N.C.") is NO_CHORD
    assert NO_CHORD.family is Family.NONE
    assert NO_CHORD.pitch_classes == frozenset()
    assert NO_CHORD.transpose(3) is NO_CHORD


@pytest.mark.parametrize(
    ("symbol", "family"),
    [
        ("C", Family.MAJOR),
        ("C6/9", Family.MAJOR),
        ("Cmaj7#11", Family.MAJOR),
        ("Cm6", Family.MINOR),
        ("CmMaj7", Family.MINOR),
        ("C13", Family.DOMINANT),
        ("C7alt", Family.DOMINANT),
        ("Caug7", Family.DOMINANT),
        ("Cm7b5", Family.HALF_DIMINISHED),
        ("Cm11b5", Family.HALF_DIMINISHED),
        ("Cdim", Family.DIMINISHED),
        ("Cdim7", Family.DIMINISHED),
        ("Caug", Family.AUGMENTED),
        ("C9sus4", Family.SUS),
        ("Csus2", Family.SUS),
    ],
)
def test_families(symbol: str, family: Family) -> None:
    assert parse_chord(symbol).family is family


def test_make_chord_takes_names_and_aliases() -> None:
    assert make_chord(2, "m7", 7).symbol == "Dm7/G"
    assert make_chord(14, "69").symbol == "D6/9"
    assert make_chord(1, "m7").symbol == "C#m7"
    assert make_chord(1, "maj7").symbol == "Dbmaj7"
    assert make_chord(4, "7", 4).bass is None
    assert make_chord(0, "N.C.") is NO_CHORD
    with pytest.raises(MusicError):
        make_chord(0, "nonsense")


@pytest.mark.parametrize(
    ("chord", "symbol"),
    [
        ((2, "", 6), "D/F#"),
        ((4, "", 8), "E/G#"),
        ((0, "7", 10), "C7/Bb"),
        ((8, "", 0), "Ab/C"),
        ((3, "m", 6), "Ebm/Gb"),
        ((1, "", 5), "Db/F"),
        ((11, "7", 3), "B7/D#"),
        ((9, "maj7", 6), "Amaj7/F#"),
    ],
)
def test_a_slash_bass_is_spelled_to_its_chord(chord: tuple[int, str, int], symbol: str) -> None:
    assert make_chord(*chord).symbol == symbol
