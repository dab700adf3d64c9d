from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import MusicError
from jamtui.music.chart import parse_chart
from jamtui.music.meter import COMMON_TIME, METERS, Meter
from jamtui.music.phrase import ChordSpan, Note, Role
from jamtui.music.phrase_text import (
    DURATIONS,
    VELOCITY_ACCENT,
    VELOCITY_PLAIN,
    VELOCITY_SOFT,
    merged,
    parse_notes,
    parse_phrase,
    print_chords,
    print_notes,
    print_phrase,
)


def test_reads_notes_rests_ties_and_marks() -> None:
    notes, bars = parse_notes("r:8 D5:8 F5:4. Eb5:8> C5:8< B4:8 | -:4 r:2.")
    assert bars == 2
    assert notes == (
        Note(480, 74, 480, VELOCITY_PLAIN),
        Note(960, 77, 1440, VELOCITY_PLAIN),
        Note(2400, 75, 480, VELOCITY_ACCENT),
        Note(2880, 72, 480, VELOCITY_SOFT),
        Note(3360, 71, 480 + 960, VELOCITY_PLAIN),
    )


def test_triplets_are_exact() -> None:
    notes, _ = parse_notes("C5:8t D5:8t E5:8t F5:4t G5:4t A5:4t r:4")
    assert [n.onset for n in notes] == [0, 320, 640, 960, 1600, 2240]
    assert [n.duration for n in notes] == [320, 320, 320, 640, 640, 640]


def test_a_stack_is_struck_and_held_together() -> None:
    notes, _ = parse_notes("[E3 A3 D4]:4. -:8 r:2")
    assert notes == tuple(Note(0, pitch, 1920) for pitch in (52, 57, 62))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("C5:4 D5:4 E5:4", ["'tune', bar 1", "3 quarter notes instead of 4"]),
        ("C5:1 | C5:1 D5:8", ["bar 2", "4.5"]),
        ("C5:1 | H5:1", ["bar 2", "'H5:1'"]),
        ("C5:7", ["'C5:7'", "'7'"]),
        ("C5 r:2.", ["'C5'", "PITCH:DURATION"]),
        ("-:1", ["'-:1'", "no note before it"]),
        ("C5:4 r:4 -:2", ["'-:2'", "no note before it"]),
        ("r:1>", ["'r:1>'"]),
        ("[]:1", ["'[]:1'", "empty stack"]),
        ("[D4 C4]:1", ["low to high"]),
        ("[C4 C4]:1", ["low to high"]),
        ("C5:1 | | C5:1", ["bar 2", "0 quarter notes"]),
    ],
)
def test_errors_name_phrase_bar_and_token(text: str, said: list[str]) -> None:
    with pytest.raises(MusicError) as caught:
        parse_notes(text, COMMON_TIME, "tune")
    message = str(caught.value)
    assert "\n" not in message
    for part in ["'tune'", *said]:
        assert part in message


def test_a_phrase_has_as_many_bars_of_chords_as_of_notes() -> None:
    phrase = parse_phrase("a", Role.LEAD, "swing", "Dm7 G7 | Cmaj7", "D5:1 | E5:1")
    assert phrase.bars == 2
    assert [(s.start, s.length, s.chord.symbol) for s in phrase.chords] == [
        (0, 1920, "Dm7"),
        (1920, 1920, "G7"),
        (3840, 3840, "Cmaj7"),
    ]
    with pytest.raises(MusicError, match=r"'a' has 1 bars of notes over 2 bars of chords"):
        parse_phrase("a", Role.LEAD, "swing", "Dm7 | G7", "D5:1")
    with pytest.raises(MusicError, match=r"'a'.*Xm7"):
        parse_phrase("a", Role.LEAD, "swing", "Xm7", "D5:1")


@pytest.mark.parametrize(
    ("notes", "said"),
    [
        ((Note(0, 60, 960, 81),), "velocity 81"),
        ((Note(0, 60, 960, 80, 5),), "residual 5"),
        ((Note(0, 60, 960), Note(480, 62, 960)), "overlaps"),
        ((Note(3000, 60, 960),), "leaves its bars"),
        ((Note(0, 60, 960), Note(0, 64, 480)), "differ in length"),
        ((Note(0, 60, 960), Note(0, 60, 960)), "twice"),
        ((Note(0, 60, 970),), "no note values"),
    ],
)
def test_what_the_notation_cannot_say_is_refused(notes: tuple[Note, ...], said: str) -> None:
    with pytest.raises(MusicError, match=said):
        print_notes(notes, 1)


def test_chords_off_a_charts_places_are_refused() -> None:
    spans = parse_chart("Dm7 G7", COMMON_TIME).spans
    moved = (ChordSpan(0, 480, spans[0].chord), ChordSpan(480, 3360, spans[1].chord))
    with pytest.raises(MusicError, match=r"'solo'.*off the beat"):
        print_chords(moved, 1, name="solo")
    with pytest.raises(MusicError, match=r"'solo'.*gaps"):
        print_chords(spans[1:], 1, name="solo")


meters = st.sampled_from(sorted(METERS.values(), key=lambda m: m.name))


@st.composite
def written(draw: st.DrawFn) -> tuple[Meter, int, tuple[Note, ...]]:
    """Any line of notes, stacks and rests made of note values, filling up to three bars."""
    meter = draw(meters)
    bars = draw(st.integers(1, 3))
    notes: list[Note] = []
    at = 0
    while True:
        length = sum(draw(st.lists(st.sampled_from(sorted(DURATIONS.values())), min_size=1, max_size=2)))
        if at + length > bars * meter.bar_ticks:
            break
        pitches = draw(st.sets(st.integers(24, 96), max_size=4))
        velocity = draw(st.sampled_from([VELOCITY_PLAIN, VELOCITY_ACCENT, VELOCITY_SOFT]))
        # Where a bar line cuts a length, both parts have to be note values again.
        cut = (at + length - 1) // meter.bar_ticks * meter.bar_ticks
        if at < cut and min(cut - at, at + length - cut) < 80:
            pitches = set()
        if (at + length) % meter.bar_ticks in range(meter.bar_ticks - 79, meter.bar_ticks):
            break
        notes.extend(Note(at, pitch, length, velocity) for pitch in sorted(pitches))
        at += length
    return meter, bars, tuple(notes)


def _gaps_can_be_written(meter: Meter, bars: int, notes: tuple[Note, ...]) -> bool:
    edges = sorted(
        {0, bars * meter.bar_ticks, *(n.onset for n in notes), *(n.onset + n.duration for n in notes)}
    )
    lines = {bar * meter.bar_ticks for bar in range(bars + 1)}
    edges = sorted({*edges, *lines})
    return all(b - a != 40 for a, b in pairwise(edges))


@given(written().filter(lambda w: _gaps_can_be_written(*w)))
def test_print_then_parse_gives_the_same_notes(made: tuple[Meter, int, tuple[Note, ...]]) -> None:
    meter, bars, notes = made
    text = print_notes(notes, bars, meter)
    assert parse_notes(text, meter) == (notes, bars)
    assert print_notes(parse_notes(text, meter)[0], bars, meter) == text


BAR_OF = {"4/4": "C5:8 r:4. D5:2", "3/4": "C5:8 r:4. D5:4", "6/8": "C5:8 r:4 D5:4."}


@given(
    st.sampled_from(sorted(BAR_OF)),
    st.lists(st.sampled_from(["Dm7", "G7alt", "Cmaj7 Eb7", "%", "C/E", "N.C."]), min_size=1, max_size=4),
)
def test_a_whole_phrase_survives_the_trip(meter_name: str, symbols: list[str]) -> None:
    meter = METERS[meter_name]
    chords = " | ".join(["Cm7", *symbols])
    notes = " | ".join([BAR_OF[meter_name]] * (len(symbols) + 1))
    phrase = parse_phrase("p", Role.LEAD, "swing", chords, notes, meter)
    assert parse_phrase("p", Role.LEAD, "swing", *print_phrase(phrase), meter) == phrase
    joined = replace(phrase, chords=merged(phrase.chords))
    assert merged(parse_phrase("p", Role.LEAD, "swing", *print_phrase(joined), meter).chords) == joined.chords
