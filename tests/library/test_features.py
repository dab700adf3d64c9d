"""Features: named, the same in every key, and computed alike for phrases and for queries."""

import random
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jamtui.library import features as f
from jamtui.library.cells import assign, find_centroids
from jamtui.library.features import DIMENSIONS, HARMONY_DIMENSIONS, WEIGHTS, compute
from jamtui.library.fingerprint import fingerprint
from jamtui.library.flatten import flatten
from jamtui.library.query_vector import wanted
from jamtui.music.phrase import Phrase
from tests.library.material import line, lines, written


def moved(phrase: Phrase, semitones: int) -> Phrase:
    return replace(
        phrase,
        notes=tuple(replace(n, pitch=n.pitch + semitones) for n in phrase.notes),
        chords=tuple(replace(s, chord=s.chord.transpose(semitones)) for s in phrase.chords),
    )


def test_every_dimension_has_one_name() -> None:
    assert len(DIMENSIONS) == len(set(DIMENSIONS)) == f.WHOLE
    assert len(HARMONY_DIMENSIONS) == len(set(HARMONY_DIMENSIONS)) == f.HARMONY
    assert f.WHOLE % 16 == f.HARMONY % 16 == 0
    assert DIMENSIONS[f.REGISTER] == "register"
    assert DIMENSIONS[f.DENSITY] == HARMONY_DIMENSIONS[f.H_DENSITY] == "density"


@given(seed=st.integers(0, 10_000), semitones=st.integers(-12, 12))
def test_only_the_register_knows_the_key(seed: int, semitones: int) -> None:
    phrase = line(random.Random(seed)).phrase
    (here, there), (harmony, harmony_there) = compute([phrase, moved(phrase, semitones)])
    same = np.arange(f.WHOLE) != f.REGISTER
    assert np.allclose(here[same], there[same], atol=1e-6)
    same = np.arange(f.HARMONY) != f.H_REGISTER
    assert np.allclose(harmony[same], harmony_there[same], atol=1e-6)
    low, high = sorted((here[f.REGISTER], there[f.REGISTER]))
    if -WEIGHTS["register"] < low and high < WEIGHTS["register"] and phrase.notes:
        # Where it is not at the end of its range: two octaves are 1.
        assert abs((high - low) / WEIGHTS["register"] - abs(semitones) / 24) < 1e-5
    assert fingerprint(phrase) == fingerprint(moved(phrase, semitones))


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 9))
def test_a_phrase_has_the_same_vector_in_any_company(seed: int, count: int) -> None:
    records = lines(count, seed=seed)
    whole, harmony = compute([r.phrase for r in records])
    for index, record in enumerate(records):
        alone, alone_harmony = compute([record.phrase])
        assert np.allclose(alone[0], whole[index], atol=1e-6)
        assert np.allclose(alone_harmony[0], harmony[index], atol=1e-6)
    assert np.isfinite(whole).all()


def test_what_the_dimensions_say() -> None:
    record = written("Dm7 | G7", "D4:4 F4:4 A4:4 C5:4 | B4:2 G4:2")
    (whole,), (harmony,) = compute([record.phrase])
    named = dict(zip(DIMENSIONS, whole.tolist(), strict=True))
    quarter = 0.25**0.5
    assert [round(named[f"chords bar 1: {s}"], 4) for s in ("1", "b3", "5", "b7")] == [quarter] * 4
    # G7 above D: G B D F.
    assert [round(named[f"chords bar 2: {s}"], 4) for s in ("4", "6", "1", "b3")] == [quarter] * 4
    assert named["notes: b3"] > 0
    assert named["notes: 2"] == 0
    assert named["density"] == np.float32(WEIGHTS["density"] * 6 / 8 / 4)
    # Of five moves, C5 to B4 is the only step.
    assert named["steps"] == np.float32(WEIGHTS["moves"] * 0.2**0.5)
    assert harmony[f.H_TONES] == np.float32(WEIGHTS["chord tones"])


def test_phrases_without_notes_or_chords_have_vectors_too() -> None:
    record = written("C7 | %", "C4:1 | C4:1")
    bare = replace(record.phrase, chords=())
    silent = replace(record.phrase, notes=())
    whole, harmony = compute([bare, silent, replace(bare, notes=())])
    assert np.isfinite(whole).all()
    assert np.isfinite(harmony).all()
    assert (whole[0, f.CHORDS] == 0).all()
    assert compute([])[0].shape == (0, f.WHOLE)


@given(seed=st.integers(0, 10_000))
def test_a_query_for_a_phrase_is_where_the_phrase_is(seed: int) -> None:
    phrase = line(random.Random(seed)).phrase
    known = wanted(phrase.chords, phrase.meter, phrase.notes, 0.5)
    (whole,), (harmony,) = compute([phrase])
    assert np.allclose(whole[f.CHORDS], WEIGHTS["chords"] * known.chords, atol=1e-5)
    assert np.allclose(harmony[f.H_CHORDS], WEIGHTS["rhythm of chords"] * known.changes, atol=1e-5)
    if phrase.notes:
        assert known.rhythm is not None
        assert np.allclose(whole[f.ONSETS], WEIGHTS["onsets"] * known.rhythm[:8], atol=1e-5)
        assert np.allclose(whole[f.MOVES], WEIGHTS["moves"] * known.rhythm[8:], atol=1e-5)
        assert known.register is not None
        assert abs(whole[f.REGISTER] - WEIGHTS["register"] * known.register) < 1e-5
        assert abs(harmony[f.H_OFF] - WEIGHTS["off-beats"] * known.off_beats) < 1e-5


def test_notes_stand_under_the_chord_that_sounds() -> None:
    record = written("Dm7 G7 | Cmaj7", "D4:4 F4:4 G4:4 B4:4 | C4:1")
    flat = flatten([record.phrase, record.phrase])
    assert flat.span_of.tolist() == [0, 0, 1, 1, 2, 3, 3, 4, 4, 5]
    assert flat.strong.all()


def test_cells_are_where_the_vectors_are() -> None:
    chance = np.random.default_rng(1)
    centres = chance.normal(size=(20, 16)).astype(np.float32) * 5
    truth = np.repeat(np.arange(20), 100)
    vectors = (centres[truth] + chance.normal(size=(2000, 16)) * 0.1).astype(np.float32)
    centroids = find_centroids(vectors, 20)
    member = assign(vectors, centroids)
    assert (find_centroids(vectors, 20) == centroids).all()
    away = np.linalg.norm(vectors[:, None] - centroids[None], axis=2)
    assert (member == away.argmin(axis=1)).all()
    # Few centres are split between cells: k-means from random starts joins some.
    assert np.mean([len(set(member[truth == c])) == 1 for c in range(20)]) > 0.7
