"""Keys, figures and roman numerals are music21's own answers."""

import random
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.library.ingest.figures import QUALITY_OF_KIND, figure
from jamtui.library.ingest.key import correlations, find_key, local_keys
from jamtui.library.ingest.roman import roman
from jamtui.music.chord import QUALITIES, make_chord, parse_chord
from jamtui.music.scale import Key


def test_keys_are_those_that_music21_finds() -> None:
    from music21 import note, stream

    chance = random.Random(3)
    for _ in range(25):
        tonic, minor = chance.randrange(12), chance.random() < 0.5
        scale = [0, 2, 3, 5, 7, 8, 11] if minor else [0, 2, 4, 5, 7, 9, 11]
        histogram = np.zeros(12)
        score = stream.Stream()
        for _ in range(40):
            chromatic = chance.random() < 0.1
            degree = chance.randrange(12) if chromatic else chance.choice([*scale, 0, 7, scale[2]])
            length = chance.choice((0.5, 1.0, 2.0))
            one = note.Note((tonic + degree) % 12 + 60)
            one.quarterLength = length
            score.append(one)
            histogram[(tonic + degree) % 12] += length
        theirs = score.analyze("key")
        mine, correlation = find_key(histogram)
        assert (mine.tonic, mine.minor) == (theirs.tonic.pitchClass, theirs.mode == "minor")
        assert correlation == pytest.approx(theirs.correlationCoefficient)


@given(st.lists(st.floats(0, 100), min_size=12, max_size=12), st.integers(0, 11))
def test_keys_move_with_the_music(weights: list[float], steps: int) -> None:
    here = correlations(np.array(weights))
    there = correlations(np.roll(np.array(weights), steps))
    assert np.allclose(np.roll(here[:12], steps), there[:12])
    assert np.allclose(np.roll(here[12:], steps), there[12:])


def test_a_middle_part_in_another_key_has_it() -> None:
    major = np.array([3.0, 0, 2, 0, 3, 2, 0, 3, 0, 2, 0, 1])
    bars = np.vstack([np.tile(major, (16, 1)), np.tile(np.roll(major, 6), (16, 1)), np.tile(major, (16, 1))])
    keys = local_keys(bars, Key(0))
    assert {k.tonic for k in keys[:12]} == {0}
    assert {k.tonic for k in keys[20:28]} == {6}
    assert {k.tonic for k in keys[36:]} == {0}


def asked(mask: int, bass: int) -> tuple[int, str]:
    """music21's answer itself: root and kind."""
    from music21 import chord, harmony

    pitches = [48 + bass] + [60 + (bass + i) % 12 for i in range(1, 12) if mask >> (bass + i) % 12 & 1]
    one = chord.Chord(sorted(pitches))
    kind = harmony.chordSymbolFigureFromChord(one, True)[1]  # settles the root, too
    return one.root().pitchClass, kind


def compare(count: int, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(count):
        bass = chance.randrange(12)
        others = chance.sample(range(12), chance.choice((2, 3, 3, 4, 4, 5, 6, 8)))
        mask = 1 << bass | sum(1 << pc for pc in set(others))
        answer = figure(mask, bass)
        assert (answer.root, answer.kind) == asked(mask, bass), (bin(mask), bass)


def test_the_table_of_figures_is_music21s() -> None:
    compare(60, seed=1)


@pytest.mark.slow
def test_the_table_of_figures_is_music21s_at_length() -> None:
    compare(3000, seed=2)


def test_a_figure_needs_its_bass() -> None:
    with pytest.raises(ValueError, match="bass"):
        figure(0b10010001, 1)


def test_every_kind_has_a_quality_of_the_table() -> None:
    from music21 import harmony

    for kind, quality in QUALITY_OF_KIND.items():
        assert quality in QUALITIES
        steps = harmony.ChordSymbol(root="C", kind=kind).pitches
        # Nobody plays the 11th that a written major or dominant 13th implies.
        unplayed = {5} if kind in ("dominant-13th", "major-13th") else set()
        assert {p.pitchClass for p in steps} - unplayed == set(QUALITIES[quality].pitch_classes), kind


@pytest.mark.parametrize("minor", [False, True])
def test_numerals_are_music21s(minor: bool) -> None:
    from music21 import chord, harmony, key
    from music21 import roman as romans

    home = key.Key("c" if minor else "C")
    names = "C D E F G A B Dm Em Fm Gm Am Cm Eb Ab Bb Db Bdim Ddim F#dim Caug"
    for name in names.split():
        one = parse_chord(name)
        kind = {"": "major", "m": "minor", "dim": "diminished", "aug": "augmented"}[one.quality.name]
        spelled = harmony.ChordSymbol(root=one.root_name.replace("b", "-"), kind=kind)
        theirs = romans.romanNumeralFromChord(chord.Chord(spelled.pitches), home)
        mine = roman(one, Key(0, minor))
        head = re.match("[b#]*[ivIV]+", theirs.figure)
        assert head is not None
        assert mine.rstrip("o+ø") == head[0], name


@pytest.mark.parametrize(
    ("symbol", "key", "numeral"),
    [
        ("Dm7", Key(0), "ii7"),
        ("G13", Key(0), "V13"),
        ("Cmaj7", Key(0), "I7"),
        ("Bm7b5", Key(0), "viiø7"),
        ("F#dim7", Key(0), "#ivo7"),
        ("Bb7", Key(0), "bVII7"),
        ("Am6", Key(9, True), "i6"),
        ("C", Key(9, True), "III"),
        ("E7b9", Key(9, True), "V7"),
        ("C/E", Key(0), "I"),
        ("N.C.", Key(0), ""),
    ],
)
def test_numerals_of_common_chords(symbol: str, key: Key, numeral: str) -> None:
    assert roman(parse_chord(symbol), key) == numeral


@given(st.sampled_from(sorted(QUALITIES)), st.integers(0, 11), st.booleans(), st.integers(1, 11))
def test_numerals_do_not_depend_on_the_key(quality: str, root: int, minor: bool, steps: int) -> None:
    here = roman(make_chord(root, quality), Key(0, minor))
    assert here == roman(make_chord(root + steps, quality), Key(steps, minor))
