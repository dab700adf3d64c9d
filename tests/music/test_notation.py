"""The grid notation: what the grid holds comes back from text, and nothing breaks the reader."""

import tracemalloc
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import MusicError
from jamtui.music.meter import EIGHTH, METERS, SIXTEENTH
from jamtui.music.notation import (
    DRUM_LETTERS,
    GRIDS,
    HIT_TICKS,
    LIMBS,
    OCTAVES,
    PLAIN,
    TRIPLET,
    GridSpec,
    drum_token,
    encode,
    nearest_step,
    quantised,
    read_drum_token,
)
from jamtui.music.notation_decoder import Fault, FaultReason, GridBar, GridDecoder, decode
from jamtui.music.phrase import Note, Role
from jamtui.music.phrase_text import parse_notes

FOUR = METERS["4/4"]
EIGHTHS = GridSpec(FOUR)

specs = st.builds(
    lambda meter, role, step, low: GridSpec(meter, role, step, low),
    meter=st.sampled_from([m for m in METERS.values() if m.name != "7/8"]),
    role=st.sampled_from(list(Role)),
    step=st.sampled_from(list(GRIDS)),
    low=st.integers(0, 128 - OCTAVES),
) | st.builds(
    lambda role, step: GridSpec(METERS["7/8"], role, step),
    role=st.sampled_from(list(Role)),
    step=st.sampled_from([EIGHTH, SIXTEENTH]),
)

any_notes = st.lists(
    st.builds(
        Note,
        onset=st.integers(-2000, 16000),
        pitch=st.integers(0, 127),
        duration=st.integers(0, 6000),
        velocity=st.integers(1, 127),
        residual=st.integers(-60, 60),
    ),
    max_size=40,
)


@st.composite
def held(draw: st.DrawFn) -> tuple[GridSpec, int, tuple[Note, ...]]:
    """A grid, a number of bars, and music that the grid holds as it is."""
    spec = draw(specs)
    bars = draw(st.integers(1, 4))
    total = bars * spec.steps
    if spec.role is Role.DRUMS:
        notes = [
            Note(at * spec.step, DRUM_LETTERS[letter], HIT_TICKS, PLAIN)
            for at in draw(st.sets(st.integers(0, total - 1)))
            for letter in draw(st.sets(st.sampled_from(sorted(DRUM_LETTERS)), min_size=1, max_size=LIMBS))
        ]
        return spec, bars, tuple(sorted(notes))
    cuts = sorted(draw(st.sets(st.integers(0, total), min_size=2, max_size=total + 1)))
    notes = [
        Note(a * spec.step, spec.low + pitch, (b - a) * spec.step, PLAIN)
        for a, b in pairwise(cuts)
        if (pitch := draw(st.integers(-1, OCTAVES - 1))) >= 0
    ]
    return spec, bars, tuple(notes)


@given(held())
def test_what_the_grid_holds_comes_back_as_it_was(music: tuple[GridSpec, int, tuple[Note, ...]]) -> None:
    spec, bars, notes = music
    assert quantised(notes, spec, bars) == notes
    read = decode(encode(notes, spec, bars), spec, bars)
    assert read.notes == notes
    assert len(read.readings) == bars
    assert not read.faults


@given(specs, st.integers(1, 4), any_notes)
def test_any_music_becomes_what_the_rule_says(spec: GridSpec, bars: int, notes: list[Note]) -> None:
    kept = quantised(notes, spec, bars)
    assert quantised(kept, spec, bars) == kept
    text = encode(notes, spec, bars)
    assert decode(text, spec, bars).notes == kept
    assert encode(kept, spec, bars) == text
    for note in kept:
        assert note.onset % spec.step == 0
        assert 0 <= note.onset < bars * spec.meter.bar_ticks
        if spec.role is not Role.DRUMS:
            assert spec.low <= note.pitch < spec.low + OCTAVES
            assert note.duration % spec.step == 0
            assert note.onset + note.duration <= bars * spec.meter.bar_ticks


@given(held(), st.data())
def test_pieces_of_any_size_give_the_same_bars(
    music: tuple[GridSpec, int, tuple[Note, ...]], data: st.DataObject
) -> None:
    spec, bars, notes = music
    text = f'"{encode(notes, spec, bars)}"'
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))))
    decoder = GridDecoder(spec, bars)
    readings: list[GridBar | Fault] = []
    for start, end in pairwise([0, *cuts, len(text)]):
        readings += decoder.feed(text[start:end])
    readings += decoder.finish()
    assert tuple(readings) == decode(text, spec, bars).readings
    assert decode(text, spec, bars).notes == notes


def test_an_example_is_what_a_musician_would_write() -> None:
    notes, bars = parse_notes("D4:8 F4:8 A4:8 C5:8 -:8 A4:8 r:8 E5:8 | -:4 D5:4 C5:8 A4:8 F4:4")
    assert encode(notes, EIGHTHS, bars) == " D F A c - A . e | - - d - c A F - |"
    assert decode(encode(notes, EIGHTHS, bars), EIGHTHS, bars).notes == notes


def test_drums_are_one_token_a_step() -> None:
    hits = [Note(0, 36, 120), Note(0, 42, 120), Note(480, 42, 120), Note(960, 38, 90), Note(960, 42, 120)]
    spec = GridSpec(FOUR, Role.DRUMS)
    assert encode(hits, spec, 1) == " kh h sh . . . . . |"
    assert [(n.onset, n.pitch) for n in decode(" kh h sh . . - . . |", spec, 1).notes] == [
        (0, 36), (0, 42), (480, 42), (960, 38), (960, 42),
    ]  # fmt: skip


def test_every_percussion_key_of_the_styles_has_a_stand_in() -> None:
    from jamtui.styles.drum_steps import DRUM_KEYS

    for key in DRUM_KEYS.values():
        token = drum_token([key])
        assert read_drum_token(token) is not None, key
    for letter, key in DRUM_LETTERS.items():
        assert drum_token([key]) == letter
    assert read_drum_token("kk") is None
    assert read_drum_token("kshrp") is None


def test_what_the_grid_cannot_hold() -> None:
    notes = [
        Note(230, 60, 480),  # nearer to 0 than to 480
        Note(240, 59, 300),  # halfway: to the earlier, where a higher one stands
        Note(960, 100, 100),  # two octaves and more too high, and shorter than a step
        Note(3800, 62, 4000),  # nearer to the end than to the last step, and too long
        Note(-1, 70, 480),
        Note(3840, 71, 480),
    ]
    assert quantised(notes, EIGHTHS, 1) == (
        Note(0, 60, 480, PLAIN),
        Note(960, 76, 480, PLAIN),
        Note(3360, 62, 480, PLAIN),
    )
    assert quantised(notes[:2], GridSpec(FOUR, Role.BASS, low=48), 1)[0].pitch == 59
    assert nearest_step(240, 480) == 0
    assert nearest_step(241, 480) == 1


def test_a_triplet_grid_needs_a_bar_of_whole_quarters() -> None:
    assert GridSpec(METERS["6/8"], step=TRIPLET).steps == 9
    with pytest.raises(MusicError, match="another grid"):
        GridSpec(METERS["7/8"], step=TRIPLET)
    with pytest.raises(MusicError, match="use one of"):
        GridSpec(FOUR, step=100)
    with pytest.raises(MusicError, match="lower register"):
        GridSpec(FOUR, low=110)


def test_a_bar_comes_with_its_bar_line_and_notes_before_it() -> None:
    decoder = GridDecoder(EIGHTHS, 2)
    assert decoder.feed('" C eb - ') == ()
    assert decoder.present == (Note(0, 60, 480, PLAIN), Note(480, 75, 960, PLAIN))
    assert decoder.feed(". E G A B ") == ()
    (bar,) = decoder.feed("|")
    assert isinstance(bar, GridBar)
    assert len(bar.notes) == 6
    assert not decoder.done
    (bar,) = decoder.feed(" - - . - C . . . |")
    assert bar == GridBar(1, (Note(1920, 60, 480, PLAIN),), tie=960)
    assert decoder.done
    assert decoder.feed(" C C C C C C C C |") == ()


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        (" C D E F G A B c |", [GridBar]),
        (" C D E F G A B c", [GridBar]),
        (' C D E F G A B c"', [GridBar]),
        ("| C D E F G A B c |", [GridBar]),
        ('Here is "C D E F G A B c |', [GridBar]),
        (" C D E F | G A B c |", [FaultReason.STEPS, FaultReason.STEPS]),
        (" C D E F G A B c d |", [FaultReason.STEPS]),
        (" C D E H G A B c | C D E F G A B c |", [FaultReason.TOKEN, GridBar]),
        (" C D E F G A B c | C D", [GridBar, FaultReason.UNFINISHED]),
        (' C D E" F G A B c |', [FaultReason.UNFINISHED]),
        (" c5 " + "C " * 7 + "|", [FaultReason.TOKEN]),
        (" C\\n D E F G A B c |", [FaultReason.TOKEN]),
        ("", []),
        ("z" * 10_000, [FaultReason.FLOOD]),
        (" ." * 10_000, [FaultReason.FLOOD]),
    ],
)
def test_verdicts_have_names(text: str, readings: list[object]) -> None:
    read = decode(text, EIGHTHS, 2).readings
    assert [r.reason if isinstance(r, Fault) else GridBar for r in read] == readings


@given(st.lists(st.text() | st.text(alphabet=' CDEFGABcdefgabx-.|"#'), max_size=30), specs)
def test_nothing_that_arrives_breaks_the_reader(chunks: list[str], spec: GridSpec) -> None:
    decoder = GridDecoder(spec, 3)
    readings = [r for chunk in chunks for r in decoder.feed(chunk)]
    readings += decoder.finish()
    assert len(readings) <= 4
    for reading in readings:
        if isinstance(reading, GridBar):
            assert encode(reading.notes, spec, 1)
            assert all(0 <= n.onset < spec.meter.bar_ticks for n in reading.notes)
    assert decoder.finish() == ()


def test_ten_megabytes_of_garbage_take_no_memory() -> None:
    decoder = GridDecoder(EIGHTHS, 4)
    garbage = "x" * 1_000_000
    tracemalloc.start()
    for _ in range(10):
        decoder.feed(garbage)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert decoder.done
    assert most < 20_000


def test_a_note_held_for_bars_is_one_note() -> None:
    text = encode([Note(0, 60, 3 * FOUR.bar_ticks)], EIGHTHS, 3)
    read = decode(text, EIGHTHS, 3)
    assert read.notes == (Note(0, 60, 3 * FOUR.bar_ticks, PLAIN),)
    first, second, third = read.readings
    assert isinstance(second, GridBar)
    assert isinstance(third, GridBar)
    assert replace(third, index=1) == second == GridBar(1, (), tie=FOUR.bar_ticks)
    assert first == GridBar(0, (Note(0, 60, FOUR.bar_ticks, PLAIN),))
