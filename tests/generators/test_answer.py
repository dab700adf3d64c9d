"""A request's bars: when they come, what they carry, and what is added that the notation does not say."""

from dataclasses import replace

import pytest

from jamtui.errors import MusicError
from jamtui.generators.answer import AnswerReader
from jamtui.generators.request import cut, make_request
from jamtui.music.meter import COMMON_TIME, PPQ, SIXTEENTH
from jamtui.music.notation_decoder import FaultReason
from jamtui.music.phrase import Note, Role, Source
from jamtui.music.phrase_text import VELOCITY_ACCENT, VELOCITY_PLAIN, VELOCITY_SOFT
from jamtui.session.voicelead import movement
from tests.generators.asking import brief, judge, request, styles

BAR = COMMON_TIME.bar_ticks


def test_a_bar_comes_with_its_bar_line_and_carries_what_the_engine_asks_for() -> None:
    asked = request(bars=2)
    reader = AnswerReader(asked, label="qwen")
    assert reader.feed('" D F A c - A . e ') == []
    assert [n.pitch for n in reader.present] == [62, 65, 69, 72, 69, 76]
    (bar,) = reader.feed("| B")
    made = asked.brief
    assert (bar.session, bar.brief_id, bar.plan_revision) == ("s", "b1", 3)
    assert (bar.start_tick, bar.length) == (made.start_tick, BAR)
    assert (bar.origin, bar.label, bar.role) == (Source.OLLAMA, "qwen", Role.LEAD)
    assert [(s.start, s.length, s.chord.symbol) for s in bar.chords_assumed] == [
        (0, BAR, "Dm7"),
        (BAR, PPQ, "G7"),
    ]
    assert [n.onset for n in bar.notes] == [0, 480, 960, 1440, 2400, 3360]
    assert not reader.done
    (second,) = reader.feed(' A G F E D C B |"')
    assert second.start_tick == made.start_tick + BAR
    assert reader.done
    assert reader.whole == 2
    assert reader.finish() == []


def test_a_note_that_rings_over_the_bar_line_brings_its_bar_once_more() -> None:
    asked = request(chart="Dm7 | G7", bars=2)
    reader = AnswerReader(asked, label="x")
    (first,) = reader.feed(" . . . . . . . d |")
    assert first.notes[-1].duration == 480
    longer, second = reader.feed(" - - B G . . . . |")
    assert longer.start_tick == first.start_tick
    assert longer.notes[-1] == replace(
        first.notes[-1], duration=480 + 960, velocity=longer.notes[-1].velocity
    )
    assert [n.onset for n in second.notes] == [960, 1440]
    assert reader.whole == 2


def test_what_would_be_wrong_over_the_coming_chord_is_let_go_there() -> None:
    asked = request(chart="Dm7 | Db7", bars=2, key="")
    reader = AnswerReader(asked, label="x")
    bars = reader.feed(" . . . . . . D - | - - F Ab . . . . |")
    assert bars[-2].notes[-1].duration == 960  # D is no note of Db7's scale
    assert judge(asked, bars[-2]).repairs == ()


def test_faults_are_told_and_the_bars_around_them_kept() -> None:
    reader = AnswerReader(request(bars=4), label="x")
    bars = reader.feed(" D F A c - A . e | D F A 7 c c c c | c B A G F E D C | C")
    assert [b.start_tick // BAR - 16 for b in bars] == [0, 2]
    assert reader.finish() == []
    assert [(f.index, f.reason) for f in reader.faults] == [
        (1, FaultReason.TOKEN),
        (3, FaultReason.UNFINISHED),
    ]
    assert reader.done


def test_the_last_bar_needs_no_bar_line_when_the_answer_is_over() -> None:
    reader = AnswerReader(request(bars=1), label="x")
    assert reader.feed(" D F A c - A . e") == []
    assert len(reader.finish()) == 1


def test_syncopation_is_accented_and_dips_are_ghosted_by_energy() -> None:
    line = " D F A c . c - B | E D F . A G A - |"
    lively = AnswerReader(request(chart="Dm7", bars=1, energy=0.5), label="x").feed(line)[0].notes
    assert lively[4].onset == 5 * 480
    assert lively[4].velocity > lively[0].velocity
    calm = AnswerReader(request(chart="Dm7", bars=1, energy=0.2), label="x").feed(line)[0].notes
    assert len({n.velocity for n in calm}) == 1
    assert max(n.velocity for n in calm) < min(n.velocity for n in lively)
    found = {
        n.velocity
        for seed in range(20)
        for b in AnswerReader(request(chart="Dm7", bars=1, seed=seed), label="x").feed(" A F c F d . . . |")
        for n in b.notes
    }
    assert found == {VELOCITY_SOFT, VELOCITY_PLAIN, VELOCITY_ACCENT} - {VELOCITY_ACCENT}


@pytest.mark.parametrize(("ghosts", "share"), [(0.0, 0), (0.3, 30), (0.8, 80), (1.0, 100)])
def test_the_style_says_how_often_dips_are_ghosted(ghosts: float, share: int) -> None:
    soft = 0
    for seed in range(100):
        asked = request(chart="Dm7", bars=1, seed=seed)
        styled = replace(asked, playing=replace(asked.playing, ghosts=ghosts))
        (bar,) = AnswerReader(styled, label="x").feed(" A F c F d . . . |")
        # The first F lies off the beat, between A and c.
        (dip,) = [n for n in bar.notes if n.onset == 480]
        soft += dip.velocity < bar.notes[0].velocity
    assert abs(soft - share) <= (12 if 0 < share < 100 else 0)


def test_the_style_says_how_hard_accents_are() -> None:
    found = []
    for accent in (0.0, 0.5, 1.0):
        asked = request(chart="Dm7", bars=1, energy=0.5)
        styled = replace(asked, playing=replace(asked.playing, accent=accent))
        (bar,) = AnswerReader(styled, label="x").feed(" D F A c . c - B |")
        found.append((bar.notes[0].velocity, bar.notes[4].velocity))
    (plain, none), (_, half), (_, full) = found
    assert plain == none < half < full
    assert abs(half - (none + full) / 2) <= 1


def test_what_is_held_over_a_beat_is_accented_in_every_meter() -> None:
    for meter, line, accented in (
        ("4/4", " D F - - A c d c |", {480}),
        ("6/8", " D F A - c d |", {960}),
        ("7/8", " F A c A - d e |", {1440}),
    ):
        asked = request(meter=meter, chart="Dm7", bars=1)
        (bar,) = AnswerReader(asked, label="x").feed(line)
        plain = bar.notes[0].velocity
        assert {n.onset for n in bar.notes if n.velocity > plain} - {bar.notes[-1].onset} == accented, meter


def test_comping_is_voiced_under_its_top_voice_and_pushes_belong_to_the_coming_chord() -> None:
    asked = request(Role.COMP, chart="Dm7 | Db7", bars=2)
    (first,) = AnswerReader(asked, label="x").feed(" c - . A . . . Ab |")
    stacks: dict[int, list[int]] = {}
    for note in first.notes:
        stacks.setdefault(note.onset, []).append(note.pitch)
    assert list(stacks) == [0, 1440, 3360]
    assert [max(s) for s in stacks.values()] == [72, 69, 68]
    for stack in stacks.values():
        assert 3 <= len(stack) <= 4
        assert min(stack) >= asked.playing.low
    assert {p % 12 for p in stacks[0]} >= {5, 0}  # third and seventh of Dm7
    ringing = AnswerReader(asked, label="x").feed(" . . . . . . . Ab | - - . . . . . . |")[-2]
    assert {n.pitch % 12 for n in ringing.notes} >= {5, 11}  # third and seventh of Db7, which it pushes to
    assert judge(asked, ringing).accepted


def test_drums_are_struck_as_a_drummer_does() -> None:
    asked = request(Role.DRUMS, bars=1)
    (bar,) = AnswerReader(asked, label="x").feed(" kr . sr s kr . prs r |")
    by = {(n.onset, n.pitch): n.velocity for n in bar.notes}
    assert by[960, 38] > by[0, 36] > by[1440, 38]
    assert bar.chords_assumed == ()


def test_a_request_further_on_takes_its_chords_from_the_forecast() -> None:
    made = brief()
    asked = make_request(made, styles()["swing"], first=2, bars=2)
    assert [s.chord.symbol for s in asked.chords] == ["Cmaj7", "A7alt"]
    assert asked.start_tick == made.start_tick + 2 * BAR
    assert asked.bar_number == 18
    with pytest.raises(MusicError, match="not known yet"):
        make_request(made, styles()["swing"], first=3, bars=2)
    with pytest.raises(MusicError, match="not known yet"):
        make_request(brief(chart="N.C. | N.C."), styles()["swing"])
    short = replace(made, forecast=())
    assert make_request(short, None, first=1, bars=1).chords[0].chord.symbol == "G7"


def test_what_the_engine_says_of_the_role_bounds_the_letters() -> None:
    asked = make_request(replace(brief(), low=62, high=80, level=0.5), styles()["swing"])
    assert (asked.low, asked.high) == (62, 80)
    assert (asked.limits.low, asked.limits.high) == (62, 80)
    assert asked.playing.level == 0.5
    high = make_request(replace(brief(), low=90, high=120), styles()["swing"], step=SIXTEENTH)
    assert high.low >= 90
    assert high.spec.low >= 90
    assert high.tokens > 4 * 16


def test_spans_are_cut_and_joined() -> None:
    spans = brief(chart="Dm7 | Dm7 | G7").chords
    assert [(s.start, s.length) for s in cut(spans, BAR // 2, 2 * BAR)] == [
        (0, BAR * 3 // 2),
        (BAR * 3 // 2, BAR // 2),
    ]
    assert cut(spans, 3 * BAR, BAR) == ()


def test_a_comping_hand_goes_on_from_what_it_played() -> None:
    line = " c - . . . . . . |"
    hands = [(53, 57, 60), (65, 69, 74)]
    found = []
    for hand in hands:
        asked = request(Role.COMP, bars=1, just_played=tuple(Note(-960, p, 480) for p in hand))
        (bar,) = AnswerReader(asked, label="x").feed(line)
        found.append(tuple(n.pitch for n in bar.notes))
    for hand, chosen in zip(hands, found, strict=True):
        assert movement(hand, chosen) <= min(movement(hand, other) for other in found)
