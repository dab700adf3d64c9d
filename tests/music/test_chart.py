import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import MusicError
from jamtui.music.chart import Chart, parse_chart
from jamtui.music.chord import NO_CHORD, parse_chord
from jamtui.music.meter import METERS, PPQ, Meter

SYMBOLS = ("C", "Dm7", "G7alt", "Cmaj7#11", "F#m7b5", "D/F#", "C6/9", "N.C.", "Bb13sus4")


def layout(chart: Chart) -> list[tuple[int, int, str]]:
    return [(s.start, s.length, s.chord.symbol) for s in chart.spans]


def test_a_repeat_sign_repeats_the_bar_before() -> None:
    chart = parse_chart("Dm7 | G7 | Cmaj7 | %")
    assert [bar[0].chord.symbol for bar in chart.bars] == ["Dm7", "G7", "Cmaj7", "Cmaj7"]
    assert chart.length == 16 * PPQ
    assert chart.spans[3].start == 12 * PPQ


def test_chords_share_the_beats_of_a_bar() -> None:
    assert layout(parse_chart("Dm7 G7")) == [(0, 2 * PPQ, "Dm7"), (2 * PPQ, 2 * PPQ, "G7")]
    assert layout(parse_chart("A B C")) == [(0, 2 * PPQ, "A"), (2 * PPQ, PPQ, "B"), (3 * PPQ, PPQ, "C")]
    assert layout(parse_chart("A B", METERS["3/4"])) == [(0, 2 * PPQ, "A"), (2 * PPQ, PPQ, "B")]
    assert layout(parse_chart("A B", METERS["6/8"])) == [(0, 1440, "A"), (1440, 1440, "B")]
    assert layout(parse_chart("A B", METERS["7/8"])) == [(0, 4 * 480, "A"), (4 * 480, 3 * 480, "B")]


def test_dots_prolong() -> None:
    assert layout(parse_chart("Dm7 . . G7")) == [(0, 3 * PPQ, "Dm7"), (3 * PPQ, PPQ, "G7")]
    assert layout(parse_chart("C | . / G /")) == [
        (0, 4 * PPQ, "C"),
        (4 * PPQ, 2 * PPQ, "C"),
        (6 * PPQ, 2 * PPQ, "G"),
    ]


def test_bar_lines_at_the_ends_and_line_breaks_are_free() -> None:
    assert parse_chart("| C | G |\n| F | C |") == parse_chart("C | G | F | C")


def test_an_empty_bar_keeps_the_chord() -> None:
    assert [s.chord.symbol for s in parse_chart("C G | | F").spans] == ["C", "G", "G", "F"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("  |  ", "empty"),
        ("%", "no bar before"),
        (". C", "write a chord first"),
        ("C % G", "whole bar"),
        ("C | Dq | G", "Bar 2"),
        ("A B C D E", "room for 4"),
    ],
)
def test_mistakes_are_named(text: str, message: str) -> None:
    with pytest.raises(MusicError, match=message):
        parse_chart(text)


@st.composite
def bars(draw: st.DrawFn, meter: Meter) -> str:
    count = draw(st.integers(1, meter.numerator))
    tokens = [draw(st.sampled_from(SYMBOLS))]
    tokens += draw(st.lists(st.sampled_from((*SYMBOLS, ".")), min_size=count - 1, max_size=count - 1))
    return " ".join(tokens)


@given(st.data(), st.sampled_from(list(METERS.values())))
def test_charts_survive_printing(data: st.DataObject, meter: Meter) -> None:
    text = " | ".join(data.draw(st.lists(bars(meter), min_size=1, max_size=4)))
    chart = parse_chart(text, meter)
    assert parse_chart(chart.text, meter) == chart


@given(st.data(), st.sampled_from(list(METERS.values())))
def test_spans_cover_the_chart(data: st.DataObject, meter: Meter) -> None:
    chart = parse_chart(" | ".join(data.draw(st.lists(bars(meter), min_size=1, max_size=4))), meter)
    at = 0
    for span in chart.spans:
        assert span.start == at
        assert span.length > 0
        assert chart.chord_at(span.start) == chart.chord_at(span.start + span.length - 1) == span.chord
        at += span.length
    assert at == chart.length == len(chart.bars) * meter.bar_ticks


def test_a_chart_goes_round() -> None:
    chart = parse_chart("C | G")
    assert chart.chord_at(8 * PPQ) == parse_chord("C")
    assert chart.chord_at(-1) == parse_chord("G")


def test_transposing_moves_every_chord() -> None:
    assert parse_chart("C F | N.C.").transpose(2) == parse_chart("D G | N.C.")
    assert parse_chart("N.C.").bars[0][0].chord is NO_CHORD
