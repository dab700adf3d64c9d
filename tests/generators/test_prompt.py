"""The prompt: pure, stable from the front, and exact about the notation it shows."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamtui.generators.answer import AnswerReader
from jamtui.generators.prompt import (
    LONGEST_FORM,
    NEW,
    Example,
    build_prompt,
    example_of,
    fitting,
    form_of,
    tokens,
)
from jamtui.generators.request import Request, cut, make_request
from jamtui.music.chart import parse_chart
from jamtui.music.meter import EIGHTH, METERS, SIXTEENTH
from jamtui.music.notation import GRIDS, TRIPLET, GridSpec
from jamtui.music.notation_decoder import decode
from jamtui.music.phrase import ChordSpan, Note, Phrase, Role
from jamtui.music.phrase_text import parse_notes
from tests.generators.asking import brief, judge, request, styles

LINE, _ = parse_notes("D4:8 F4:8 A4:8 C5:8 -:8 A4:8 r:8 E5:8 | -:4 D5:4 C5:8 A4:8 F4:4")
PHRASE = Phrase("walk", Role.LEAD, "swing", 2, parse_chart("Dm7 | G7").spans, LINE)
LOOP = " | ".join(["Dm7 | G7 | Cmaj7 | A7alt"] * 4)


def shared(one: str, other: str) -> int:
    """Characters that two texts have in common from the front."""
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def quoted(text: str) -> list[str]:
    return re.findall(r'"([^"]*)"', text)


def test_it_is_raw_chatml_that_ends_where_the_answer_begins() -> None:
    text = build_prompt(request()).text
    assert text.startswith("<|im_start|>system\n")
    assert text.endswith("<|im_end|>\n<|im_start|>assistant\n")
    assert text.count("<|im_start|>") == 3
    assert build_prompt(request(), thinking=True).text == text + "<think>\n\n</think>\n\n"
    assert build_prompt(request()) == build_prompt(request())


@pytest.mark.parametrize("meter", list(METERS))
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("step", list(GRIDS))
def test_every_line_of_music_in_it_is_in_the_notation(meter: str, role: Role, step: int) -> None:
    if step == TRIPLET and meter == "7/8":
        return
    asked = request(role, meter=meter, step=step, just_played=(Note(-960, 64, 480), Note(-480, 40, 480)))
    lines = quoted(build_prompt(asked, [example_of(PHRASE)]).text)
    assert len(lines) >= 2
    for line in lines:
        bars = line.count("|")
        if role is Role.DRUMS:
            read = decode(line, asked.spec, bars)
            assert not read.faults, line
        else:
            for other in (Role.LEAD, Role.BASS, Role.COMP):
                assert not decode(line, GridSpec(METERS[meter], other, step), bars).faults, line


@pytest.mark.parametrize("role", [Role.LEAD, Role.BASS, Role.COMP])
def test_the_part_s_own_example_would_pass_the_guard(role: Role) -> None:
    asked = request(role, chart="Dm7 | G7 | Cmaj7 | Cmaj7", temperature=0.0)
    lines = quoted(build_prompt(asked).text)
    own = lines[[Role.LEAD, Role.BASS, Role.COMP].index(role)]
    reader = AnswerReader(asked, label="x")
    for bar in reader.feed(own):
        judged = judge(asked, bar)
        assert judged.accepted
        assert not {"scale", "range", "grid"} & set(judged.repairs), (own, bar)
    assert reader.whole == 4


def test_examples_come_transposed_in_the_answer_s_notation() -> None:
    example = example_of(PHRASE, 3)
    assert [s.chord.symbol for s in example.chords] == ["Fm7", "Bb7"]
    text = build_prompt(request(chart="Fm7 | Bb7 | Ebmaj7 | %"), [example]).text
    assert 'Fm7 | Bb7:\n" F Ab c eb - c . g | - - f - eb c Ab - |"' in text
    assert example_of(replace(PHRASE, role=Role.DRUMS), 3).notes == PHRASE.notes


def test_only_so_many_examples_as_there_is_room_for_and_none_in_another_meter() -> None:
    example = example_of(PHRASE)
    few = build_prompt(request(), [example] * 2).text
    full = build_prompt(request(), [example] * 50)
    assert full.text.count("Dm7 | G7:\n") >= 3
    assert tokens(full.text[full.stable :]) <= NEW
    assert few.count("Dm7 | G7:\n") == 2
    assert "Dm7 | G7:\n" not in build_prompt(request(), [replace(example, meter=METERS["3/4"])]).text
    assert "Dm7 | G7:\n" not in build_prompt(request(), [Example(example.chords, (), 2)]).text


def test_what_changes_from_bar_to_bar_comes_after_what_stays() -> None:
    made = brief(chart=LOOP)
    style = styles()["swing"]
    first = build_prompt(make_request(made, style, bars=2), [example_of(PHRASE)])
    ticks = made.meter.bar_ticks
    for later in (
        replace(
            made, start_tick=made.start_tick + ticks, bar_number=17, forecast=_turned(made.forecast, ticks)
        ),
        replace(made, just_played=(Note(-480, 70, 480),)),
        replace(made, energy=0.9, temperature=0.9, seed=99, density=0.9, tempo=123.0, key="F major"),
        replace(made, role=Role.BASS),
    ):
        prompt = build_prompt(make_request(later, style, bars=2), [example_of(PHRASE, 5)])
        assert prompt.stable == first.stable
        assert shared(prompt.text, first.text) >= first.stable
    assert len(first.text) - first.stable < 0.25 * len(first.text)
    other = build_prompt(make_request(made, styles()["funk"], bars=2))
    assert shared(other.text, first.text) > 0.9 * first.stable - 100


def _turned(spans: tuple[ChordSpan, ...], ticks: int) -> tuple[ChordSpan, ...]:
    moved = [replace(s, start=s.start - ticks) for s in spans if s.start >= ticks]
    return (*moved, replace(spans[0], start=15 * ticks))


def test_the_form_reads_the_same_from_each_of_its_bars() -> None:
    meter = METERS["4/4"]
    blues = ["C7", "F7", "C7", "C7", "F7", "F7", "C7", "C7", "G7", "F7", "C7", "G7"]
    for names in (["Dm7", "G7", "Cmaj7", "A7"], ["Am7", "D7"], ["Dm7"], blues):
        told = {
            form_of(parse_chart(" | ".join(names[(n + i) % len(names)] for i in range(16))).spans, meter, n)
            for n in range(len(names))
        }
        assert told == {" | ".join(names)}
    unlike = " | ".join(f"{root}{kind}" for root in "CDEFGAB" for kind in ("7", "m7"))
    assert form_of(parse_chart(unlike).spans, meter, 0) == ""
    assert form_of((), meter, 0) == ""
    assert len(blues) == LONGEST_FORM


def test_the_chords_wanted_stand_last_with_the_one_after_them() -> None:
    made = brief(chart=LOOP)
    asked = make_request(made, styles()["swing"], first=1, bars=2)
    assert asked.start_tick == made.start_tick + made.meter.bar_ticks
    assert build_prompt(asked).text.split("<|im_end|>")[-2].endswith(":\nG7 | Cmaj7 (then A7alt)")
    assert "bars 18 to 19" in build_prompt(asked).text
    assert "bar 18," in build_prompt(make_request(made, styles()["swing"], first=1, bars=1)).text


def test_what_was_just_played_leads_only_to_the_next_bar() -> None:
    made = brief(chart=LOOP, just_played=(Note(-480, 70, 480), Note(-5000, 62, 480)))
    style = styles()["swing"]
    assert (
        'Just played:\n" . . . . . . D . | . . . . . . . Bb |"'
        in build_prompt(make_request(made, style)).text
    )
    ahead = make_request(made, style, first=2, bars=2)
    assert "Just played" not in build_prompt(ahead).text
    assert "Just played" in build_prompt(ahead, before=[Note(-960, 65, 960)]).text
    fine = make_request(made, style, step=SIXTEENTH)
    assert fine.spec.step != EIGHTH
    assert re.search(r'Just played:\n"[^|]*\|"', build_prompt(fine).text)


def test_wishes_are_said_in_words() -> None:
    assert "few notes" in build_prompt(request(density=0.2)).text
    assert "many notes" in build_prompt(request(density=0.9)).text
    assert "hot" in build_prompt(request(energy=1.0)).text
    assert "Bop at the lake" in build_prompt(request(), style_words="Bop at the lake").text


_WORD = re.compile(
    r"<\|im_\w+\|>|[^\r\n\w]?(?:Just|Lead|Bass|Chords|[a-z]{3,}|[^\W\d_])|\d| ?(?:_|[^\s\w])+\n*|\s+"
)
"""A stand-in for a model's own vocabulary: text is cut as Qwen's is, words of English are whole, and every
other letter is a token (a real one joins ``maj`` or ``dim``)."""


def test_the_stand_in_vocabulary_loses_nothing() -> None:
    text = build_prompt(request()).text
    assert "".join(_WORD.findall(text)) == text


ROOTS = st.sampled_from(["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"])
KINDS = st.sampled_from(["", "7", "m7", "maj7", "m7b5", "7alt", "6", "dim7", "7b9", "m6", "7sus4"])
SYMBOLS = st.builds(lambda root, kind: root + kind, ROOTS, KINDS)
SONG_BARS = st.lists(st.lists(SYMBOLS, min_size=1, max_size=4), min_size=1, max_size=13)


@settings(max_examples=30)
@given(
    SONG_BARS,
    st.integers(1, 8),
    st.sampled_from([EIGHTH, SIXTEENTH]),
    st.sampled_from([Role.LEAD, Role.BASS, Role.COMP]),
)
def test_a_server_reads_150_new_tokens_at_most_however_many_bars_are_wanted(
    song: list[list[str]], bars: int, step: int, role: Role
) -> None:
    style = styles()["swing"]
    before: list[str] = []
    for number in range(len(song) + 2):
        text = " | ".join(" ".join(song[(number + n) % len(song)]) for n in range(16))
        played = tuple(Note(-3840 + n * 480, 60 + (number + 5 * n) % 12, 480) for n in range(8))
        made = brief(role, chart=text, just_played=played, bar_number=number, density=0.9)
        asked = fitting(make_request(made, style, bars=bars, step=step))
        prompt = build_prompt(asked, [example_of(PHRASE, number % 5)] * 8)
        wanted = _lead_sheet(asked)
        assert f":\n{wanted}" in prompt.text, "the chords of the bars wanted are always whole"
        told = _WORD.findall(prompt.text)
        known = next((n for n, (a, b) in enumerate(zip(before, told, strict=False)) if a != b), len(told))
        if number:
            assert len(told) - known <= 150
        assert asked.bars == bars or max(len(bar) for bar in song) > 2
        before = told


def _lead_sheet(asked: Request) -> str:
    bars = (cut(asked.chords, n * 3840, 3840) for n in range(asked.bars))
    return " | ".join(" ".join(span.chord.symbol for span in bar) for bar in bars)


def test_what_was_just_played_gives_way_before_the_form_and_both_before_chords() -> None:
    played = tuple(Note(-7680 + n * 480, 60 + n % 12, 480) for n in range(16))
    style = styles()["swing"]

    def told(chart: str) -> str:
        made = brief(chart=chart, just_played=played, bar_number=0)
        return build_prompt(make_request(made, style, bars=8)).text

    def lines(text: str) -> int:
        return text.rsplit("Just played:\n", 1)[1].split("\n")[0].count("|") if "Just played" in text else 0

    short = told(" | ".join(["Dm7 | G7 | Cmaj7 | A7"] * 4))
    assert "Form: " in short
    assert lines(short) == 2
    form = "Ebmaj7 | Abmaj7 | Gm7 C7 | Fm7 Bb7 | Ebmaj7 | Abmaj7 | Gm7 C7 | Fm7"
    longer = told(f"{form} | {form}")
    assert "Form: " in longer
    assert lines(longer) == 1
    form = "C#m7b5 F#7b9 | " * 7 + "Bmaj7 G#7alt"
    longest = told(f"{form} | {form}")
    assert "Form: " not in longest
    assert longest.count("F#7b9") == 8 - 1
