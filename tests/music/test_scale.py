import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.chord import NO_CHORD, QUALITIES, Chord, parse_chord
from jamtui.music.scale import (
    SCALES,
    Key,
    adds_colour,
    avoid_notes,
    chord_scale,
    chord_tones,
    key_of,
    read_key,
    safe_pitch_classes,
    scale_name,
)

chords = st.builds(Chord, st.integers(0, 11), st.sampled_from(list(QUALITIES.values())))
keys = st.none() | st.builds(Key, st.integers(0, 11), st.booleans())


@pytest.mark.parametrize(
    ("symbol", "scale"),
    [
        ("Cmaj7", "ionian"),
        ("Cmaj7#11", "lydian"),
        ("Cmaj7#5", "lydian augmented"),
        ("Cm7", "dorian"),
        ("CmMaj7", "melodic minor"),
        ("C7", "mixolydian"),
        ("C7#11", "lydian dominant"),
        ("C7alt", "altered"),
        ("C7#5#9", "altered"),
        ("C13b9", "half-whole"),
        ("C7#9", "half-whole"),
        ("C7b13", "mixolydian b13"),
        ("Caug7", "whole tone"),
        ("Cm7b5", "locrian #2"),
        ("Cdim7", "whole-half"),
        ("C7sus4", "mixolydian"),
        ("C7b9sus4", "phrygian"),
    ],
)
def test_textbook_choices(symbol: str, scale: str) -> None:
    assert scale_name(parse_chord(symbol)) == scale


@pytest.mark.parametrize(
    ("symbol", "key", "scale"),
    [
        ("Fmaj7", Key(0), "lydian"),
        ("Cmaj7", Key(0), "ionian"),
        ("Am7", Key(0), "aeolian"),
        ("Em7", Key(0), "phrygian"),
        ("Dm7", Key(0), "dorian"),
        ("G7", Key(0), "mixolydian"),
        ("G7", Key(0, minor=True), "phrygian dominant"),
        ("Dm7b5", Key(0, minor=True), "locrian"),
        ("Bb7", Key(0), "lydian dominant"),
        ("A7", Key(0), "mixolydian b13"),
    ],
)
def test_the_key_decides_between_scales_that_hold_the_chord(symbol: str, key: Key, scale: str) -> None:
    assert scale_name(parse_chord(symbol), key) == scale


@given(chords, keys)
def test_the_inside_scale_holds_the_chord(chord: Chord, key: Key | None) -> None:
    scale = chord_scale(chord, key)
    assert chord_tones(chord) <= scale
    assert 6 <= len(scale) <= 9


@given(chords, st.integers(1, 11), st.floats(0, 1))
def test_scales_transpose_with_their_chord(chord: Chord, by: int, surprise: float) -> None:
    moved = chord_scale(chord.transpose(by), None, surprise)
    assert moved == {(p + by) % 12 for p in chord_scale(chord, None, surprise)}


@given(chords, keys, st.floats(0, 1))
def test_surprise_never_loses_the_guide_tones(chord: Chord, key: Key | None, surprise: float) -> None:
    guides = {(chord.root + i) % 12 for i in chord.quality.intervals if i in (0, 3, 4, 10, 11)}
    assert guides <= chord_scale(chord, key, surprise)


def test_a_plain_dominant_can_be_played_altered() -> None:
    g7 = parse_chord("G7")
    assert scale_name(g7, None, 1.0) == "altered"
    assert chord_scale(g7, None, 1.0) == {(7 + s) % 12 for s in SCALES["altered"]}


def test_no_chord_has_no_scale() -> None:
    assert chord_scale(NO_CHORD) == frozenset()
    assert avoid_notes(NO_CHORD) == frozenset()


@pytest.mark.parametrize(
    ("symbol", "avoid"), [("Cmaj7", {5}), ("C7", {5}), ("Cm7", set()), ("Cmaj7#11", set()), ("C7sus4", set())]
)
def test_avoid_notes(symbol: str, avoid: set[int]) -> None:
    assert avoid_notes(parse_chord(symbol)) == avoid


@given(chords)
def test_avoid_notes_are_in_the_scale_but_not_in_the_chord(chord: Chord) -> None:
    avoid = avoid_notes(chord)
    assert avoid <= chord_scale(chord)
    assert not avoid & chord_tones(chord)


@given(st.lists(st.integers(21, 108), max_size=7))
def test_held_keys_are_safe_and_more_keys_stay_possible(held: list[int]) -> None:
    safe = safe_pitch_classes(held)
    assert {p % 12 for p in held} <= safe
    assert bool(safe) == bool(held)


@given(
    st.integers(0, 11),
    st.sampled_from(["", "m", "7", "maj7", "m7", "m7b5", "dim7", "9", "m9", "6", "7b9", "7sus4"]),
    st.data(),
)
def test_safe_notes_fit_whatever_the_chord_becomes(root: int, name: str, data: st.DataObject) -> None:
    chord = Chord(root, QUALITIES[name])
    tones = sorted(chord_tones(chord))
    held = data.draw(st.lists(st.sampled_from(tones), min_size=1, unique=True))
    assert safe_pitch_classes(held) <= chord_scale(chord)


@pytest.mark.parametrize(
    ("progression", "key"),
    [
        ("Dm7 G7 Cmaj7", "C"),
        ("Dm7b5 G7 Cm7", "Cm"),
        ("C Am F G", "C"),
        ("Cm7 F7 Bbmaj7 Ebmaj7", "Bb"),
        ("Am Dm E7 Am", "Am"),
        ("F#m7 B7 Emaj7", "E"),
        ("Bbm7 Eb7 Abmaj7 Dbmaj7", "Ab"),
    ],
)
def test_key_of_a_progression(progression: str, key: str) -> None:
    found = key_of(parse_chord(symbol) for symbol in progression.split())
    assert found is not None
    assert found.name == key


def test_keys_are_named_as_musicians_write_them_and_read_back() -> None:
    major = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
    minor = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"]
    for tonic in range(12):
        for key, name in ((Key(tonic), major[tonic]), (Key(tonic, minor=True), minor[tonic])):
            mode = "minor" if key.minor else "major"
            assert (key.name, key.words) == (name + "m" * key.minor, f"{name} {mode}")
            assert read_key(key.words) == key
    for words in ("", "H moll", "H major", "D", "D dorian", "minor"):
        assert read_key(words) is None


def test_nothing_played_has_no_key() -> None:
    assert key_of([]) is None
    assert key_of([NO_CHORD]) is None


@pytest.mark.parametrize(
    ("plain", "coloured", "does"),
    [
        ("Dm7", "Dm9", True),
        ("C", "Cmaj7", True),
        ("C7", "C13", True),
        ("Dm7", "Dm7", False),
        ("Dm9", "Dm7", False),  # less
        ("C7", "C7#9", False),  # outside its scale
        ("C", "C7", False),  # another family
        ("Dm7", "Dm9/G", False),  # another bass
        ("Dm7", "F6", False),  # the same notes on another root
    ],
)
def test_colour_is_more_of_the_same_chord(plain: str, coloured: str, does: bool) -> None:
    assert adds_colour(parse_chord(plain), parse_chord(coloured)) is does
