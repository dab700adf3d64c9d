import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.chord import NO_CHORD, QUALITIES, Chord, parse_chord
from jamtui.music.detect import Context, Guess, Namer, Weights, name_voicing
from jamtui.music.scale import Key

voicings = st.lists(st.integers(24, 100), min_size=1, max_size=8)


def best(notes: list[int], context: Context | None = None) -> str:
    return name_voicing(notes, context)[0].chord.symbol


@pytest.mark.parametrize(
    ("notes", "symbol"),
    [
        ([60, 64, 67], "C"),
        ([60, 64, 67, 71], "Cmaj7"),
        ([52, 60, 67], "C/E"),
        ([55, 60, 64], "C/G"),
        ([58, 60, 64, 67], "C7/Bb"),
        ([60, 64, 67, 69], "C6"),
        ([57, 60, 64, 67], "Am7"),
        ([60, 65, 67], "Csus4"),
        ([60, 62, 67], "Csus2"),
        ([65, 67, 72], "Fsus2"),
        ([60, 64, 68], "Caug"),
        ([64, 68, 72], "Eaug"),
        ([60, 63, 66, 69], "Cdim7"),
        ([63, 66, 69, 72], "Ebdim7"),
        ([48, 52, 58], "C7"),
        ([48, 52, 59], "Cmaj7"),
        ([48, 51, 58], "Cm7"),
        ([48, 55], "C5"),
        ([48, 64], "C"),
        ([48, 58, 64, 69], "C13"),
        ([48, 52, 58, 63, 68], "C7#5#9"),
        ([43, 53, 57, 60], "G9sus4"),
        ([50, 55, 58, 65], "Gm7/D"),
        ([62, 65, 71], "Bdim/D"),
        ([55, 60, 62, 65, 69, 70], "Gm11"),
    ],
)
def test_voicings_get_the_name_a_musician_would_say(notes: list[int], symbol: str) -> None:
    assert best(notes) == symbol


@pytest.mark.parametrize("quality", list(QUALITIES.values()), ids=lambda q: q.name or "major")
@pytest.mark.parametrize("root", [0, 5, 10])
def test_every_quality_in_root_position_is_explained_completely(quality, root: int) -> None:  # type: ignore[no-untyped-def]  # parametrised with Quality
    notes = [36 + root + i for i in quality.intervals]
    chord = name_voicing(notes)[0].chord
    assert chord.pitch_classes == {n % 12 for n in notes}
    assert chord.bass_pc == root


@given(voicings, st.integers(1, 12))
def test_naming_moves_with_the_notes(notes: list[int], by: int) -> None:
    here, there = name_voicing(notes), name_voicing([n + by for n in notes])
    assert [g.chord.transpose(by) for g in here] == [g.chord for g in there]
    assert [g.score for g in here] == pytest.approx([g.score for g in there])


@given(voicings)
def test_scores_fall_and_names_differ(notes: list[int]) -> None:
    guesses = name_voicing(notes)
    assert len(guesses) == 3
    scores = [g.score for g in guesses]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] >= 0
    assert sum(scores) <= 1 + 1e-9
    assert len({g.chord for g in guesses}) == 3


@given(voicings)
def test_octave_doublings_and_order_change_nothing(notes: list[int]) -> None:
    doubled = [*reversed(notes), *(n + 12 for n in notes)]
    assert name_voicing(doubled) == name_voicing(notes)


@given(voicings)
def test_the_bass_of_a_name_sounds(notes: list[int]) -> None:
    sounding = {n % 12 for n in notes}
    for guess in name_voicing(notes):
        if guess.chord.root not in sounding:
            assert guess.chord.bass is None  # rootless: no slash is claimed
        elif guess is name_voicing(notes)[0]:
            assert guess.chord.bass_pc == min(notes) % 12
        else:
            assert guess.chord.bass_pc in sounding


def test_an_inversion_may_be_the_chord_over_somebody_elses_root() -> None:
    symbols = [guess.chord.symbol for guess in name_voicing([59, 64, 67, 74])]
    assert symbols[0] == "Em7/B"
    assert "Em7" in symbols
    assert all(guess.chord.symbol != "C" for guess in name_voicing([64, 67, 72], Context(bass=4)))


def test_no_notes_are_no_chord() -> None:
    assert name_voicing([]) == (Guess(NO_CHORD, 1.0),)
    assert name_voicing([], Context(key=Key(0))) == (Guess(NO_CHORD, 1.0),)


def test_a_foreign_tone_leaves_the_root() -> None:
    # A tritone against a major triad and a fourth against a minor one, in passing.
    assert name_voicing([53, 57, 59, 60])[0].chord.root == 5
    assert name_voicing([44, 59, 61, 63, 68])[0].chord.root == 8


def test_a_cluster_gets_a_low_score() -> None:
    assert name_voicing([60, 61, 62, 63, 64, 65])[0].score < 0.1
    assert name_voicing([60, 64, 67])[0].score > 0.8


@pytest.mark.parametrize(
    ("notes", "bass", "symbol"),
    [
        ([53, 57, 60, 64], 38, "Dm9"),
        ([53, 57, 59, 64], 7, "G13"),
        ([52, 57, 58, 62], 36, "C13"),
        ([64, 67, 71, 74], 36, "Cmaj9"),
        ([58, 61, 64, 67], 33, "A7b9"),
        ([54, 58, 64], 6 + 24, "F#7"),
    ],
)
def test_a_bass_from_somebody_else_roots_a_left_hand_voicing(
    notes: list[int], bass: int, symbol: str
) -> None:
    assert best(notes, Context(bass=bass)) == symbol


def test_previous_chord_and_key_settle_a_rootless_voicing() -> None:
    # E A Bb D: C13 without its root after Gm7, in F.
    context = Context(previous=parse_chord("Gm7"), key=Key(5))
    assert best([64, 69, 70, 74], context) == "C13"


def test_the_key_spells_the_name() -> None:
    assert best([54, 58, 61], Context(key=Key(6))) == "F#"
    assert best([54, 58, 61], Context(key=Key(1))) == "Gb"
    assert best([56, 59, 63], Context(key=Key(4))) == "G#m"


def test_context_does_not_move_a_plain_chord() -> None:
    for previous in ("C", "G7", "F#m7b5", "N.C."):
        for key in (Key(0), Key(6), Key(9, minor=True)):
            context = Context(previous=parse_chord(previous), key=key)
            assert name_voicing([48, 60, 64, 67], context)[0].chord == parse_chord("C")


def test_warming_changes_no_answer() -> None:
    cold, warm = Namer(), Namer()
    warm.warm()
    for notes in ([60, 64, 67], [52, 58, 62, 69], [60, 61, 62]):
        assert cold.name(notes) == warm.name(notes)


def test_weights_are_an_argument() -> None:
    lenient = Namer(Weights(foreign=0.0))
    assert lenient.name([60, 62, 64, 67])[0].chord == parse_chord("C")


def test_answers_are_values() -> None:
    guess = name_voicing([60, 64, 67])[0]
    assert isinstance(guess.chord, Chord)
    assert hash(guess) == hash(name_voicing((72, 64, 67, 60))[0])
