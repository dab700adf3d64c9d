"""Flow playing under the dummy clock: the keys' rhythm, the line's notes, and every note ended."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamtui.music.chart import parse_chart
from jamtui.music.meter import PPQ
from jamtui.music.phrase import Bar, ChordSpan, Note, Role, Source
from jamtui.playback.commands import SentNote
from jamtui.session.flow import EARLY, turned
from jamtui.session.midi_map import Mapping
from tests.session.stage import MS, Stage

BAR = 4 * PPQ
BEAT_MS = 500
CHART = parse_chart("Dm7 | G7 | Cmaj7 | A7")
LINE = ((62, 65, 69, 72), (71, 74, 77, 79), (76, 72, 67, 64), (73, 76, 79, 69))
"""A prepared chorus: four quarters a bar, chord tones."""


def stage(**more: object) -> Stage:
    made = Stage(chart=CHART, seed=3, **more)  # type: ignore[arg-type]
    made.act("start_stop")
    return made


def prepare(made: Stage, number: int) -> None:
    """Have the chorus' bar ``number`` planned, as a source of letter O would."""
    conductor = made.band.conductor
    chord = CHART.bars[number % 4][0].chord
    after = CHART.bars[(number + 1) % 4][0].chord
    bar = Bar("test", Role.LEAD, number * BAR, BAR, conductor.plan_revision, "b",
              (ChordSpan(0, BAR, chord), ChordSpan(BAR, PPQ, after)), Source.OLLAMA, 1,
              tuple(Note(n * PPQ, p, PPQ) for n, p in enumerate(LINE[number % 4])), "prepared")  # fmt: skip
    verdict = made.band.offer(bar, made.time())
    assert verdict.accepted, verdict.reason


def flowing(**more: object) -> Stage:
    """A band in flow at the beginning of bar 1 (0-based), whose lead line is the chorus."""
    made = stage(**more)
    made.wait(20)
    for number in (1, 2, 3):
        prepare(made, number)
    made.play_until(made.clock.segment.ns_at(BAR) - 200 * MS)
    made.act("flow")
    made.play_until(made.clock.segment.ns_at(BAR))
    made.sinks["lead"].events.clear()
    return made


def heard(made: Stage) -> list[tuple[int, str, int, int]]:
    """The lead's port from bar 1 on: millisecond, on or off, pitch, velocity."""
    start = made.clock.segment.ns_at(BAR)
    return [
        (round((ns - start) / MS), "on" if data[0] == 0x90 else "off", data[1], data[2])
        for ns, data in made.sinks["lead"].events
        if data[0] in (0x80, 0x90)
    ]


def test_each_key_plays_the_next_note_as_loud_and_as_long_as_it_is_held() -> None:
    made = flowing()
    made.wait(100)
    for key, velocity, held in ((60, 40, 150), (61, 127, 30), (36, 90, 300)):
        made.press(key, velocity=velocity)
        made.wait(held)
        made.lift(key)
        made.wait(100)
    assert heard(made) == [
        (100, "on", 71, 40), (250, "off", 71, 0),
        (350, "on", 74, 127), (380, "off", 74, 0),
        (480, "on", 77, 90), (780, "off", 77, 0),
    ]  # fmt: skip
    lead = [r for r in made.all_reports if isinstance(r, SentNote) and r.role is Role.LEAD and r.tick > BAR]
    assert {r.source for r in lead} == {Source.OLLAMA}


def test_a_new_key_ends_the_note_before_and_the_old_key_ends_nothing() -> None:
    made = flowing()
    made.press(60)
    made.wait(200)
    made.press(62)
    made.wait(100)
    made.lift(60)
    made.wait(100)
    made.lift(62)
    assert heard(made) == [
        (0, "on", 71, 80), (200, "off", 71, 0), (200, "on", 74, 80), (400, "off", 74, 0)
    ]  # fmt: skip


def test_fingers_of_one_hand_are_one_stroke_and_the_last_one_ends_it() -> None:
    made = flowing()
    made.press(60, 64)
    made.wait(15)
    made.press(67)
    made.wait(100)
    made.lift(60, 64)
    made.wait(100)
    made.lift(67)
    assert heard(made) == [(0, "on", 71, 80), (215, "off", 71, 0)]


def test_the_lead_is_silent_but_for_the_keys_and_the_others_play_what_they_would() -> None:
    made, alone = flowing(), stage()
    alone.wait(20)
    for number in (1, 2):
        prepare(alone, number)
    for one in (made, alone):
        one.play_until(one.clock.segment.ns_at(3 * BAR))
    assert heard(made) == []
    others = [[n for n in one.notes() if n[0] != "lead"] for one in (made, alone)]
    assert others[0] == others[1]
    assert made.band.kpi.dead_air == 0
    assert made.band.playing_roles() == {Role.BASS, Role.COMP, Role.DRUMS}


def test_with_the_next_chord_the_line_goes_on_from_its_first_note() -> None:
    made = flowing()
    made.press(60)
    made.lift(60)
    made.play_until(made.clock.segment.ns_at(2 * BAR - EARLY))
    made.press(60)
    made.lift(60)
    assert [n[2] for n in heard(made) if n[1] == "on"] == [LINE[1][0], LINE[2][0]]


def test_who_plays_more_notes_than_there_are_walks_back_and_forth() -> None:
    assert [turned(n, 4) for n in range(8)] == [0, 1, 2, 3, 2, 1, 0, 1]
    assert [turned(n, 1) for n in range(3)] == [0, 0, 0]
    made = flowing()
    for _ in range(9):
        made.press(60)
        made.wait(60)
        made.lift(60)
        made.wait(60)
    up = list(LINE[1])
    assert [n[2] for n in heard(made) if n[1] == "on"] == [*up, up[2], up[1], up[0], up[1], up[2]]


def test_leaving_hands_back_at_the_next_bar_line() -> None:
    made = flowing()
    made.play_until(made.clock.segment.ns_at(BAR + 2 * PPQ))
    made.press(60)
    made.wait(50)
    made.act("flow")
    assert made.band.conductor.pending == ("lead back at bar 3",)
    made.wait(100)
    made.lift(60)
    made.play_until(made.clock.segment.ns_at(3 * BAR - 100))
    notes = heard(made)
    assert notes[:2] == [(1000, "on", 71, 80), (1150, "off", 71, 0)]
    assert [n[2] for n in notes if n[1] == "on"][1:] == list(LINE[2])
    assert min(n[0] for n in notes[2:]) >= 4 * BEAT_MS - 75
    assert made.band.conductor.pending == ()
    assert made.band.kpi.dead_air == 0


def test_a_held_note_ends_where_the_chord_makes_it_wrong() -> None:
    made = flowing()
    made.play_until(made.clock.segment.ns_at(3 * BAR + 2 * PPQ))
    made.press(60)  # C sharp over A7, which D minor does not have
    made.play_until(made.clock.segment.ns_at(4 * BAR + PPQ))
    made.lift(60)
    assert heard(made) == [(10 * BEAT_MS, "on", 73, 80), (12 * BEAT_MS, "off", 73, 0)]


def test_a_held_note_that_stays_right_rings_for_a_bar_at_most() -> None:
    made = flowing()
    made.play_until(made.clock.segment.ns_at(BAR + 2 * PPQ))
    made.press(60)  # B over G7 and Cmaj7
    made.play_until(made.clock.segment.ns_at(3 * BAR))
    made.lift(60)
    assert heard(made) == [(2 * BEAT_MS, "on", 71, 80), (6 * BEAT_MS, "off", 71, 0)]


def test_keys_in_flow_make_no_chords_and_no_thru() -> None:
    made = flowing()
    thru = len(made.sinks["thru"].events)
    made.press(61, 65, 68)
    made.wait(300)
    made.lift(61, 65, 68)
    assert made.band.heard is None
    assert len(made.sinks["thru"].events) == thru
    made.act("flow")
    made.press(62, 65, 69)
    made.wait(100)
    assert made.band.heard is not None
    assert len(made.sinks["thru"].events) == thru + 3


def test_below_the_split_point_keys_are_chords() -> None:
    made = flowing()
    made.band.chords.set_split(60)
    made.press(43, 47, 50, 53)
    made.wait(200)
    assert made.band.heard is not None
    assert made.band.heard.chord.symbol == "G7"
    assert heard(made) == []
    made.press(72)
    made.wait(50)
    made.lift(72)
    assert [n[1:3] for n in heard(made)] == [("on", 71), ("off", 71)]


def test_before_the_first_chord_keys_are_chords() -> None:
    made = Stage()
    made.act("start_stop")
    made.act("flow")
    made.wait(50)
    made.press(62, 65, 69, 72)
    made.wait(600)
    assert made.band.heard is not None
    made.lift(62, 65, 69, 72)
    made.sinks["lead"].events.clear()
    made.press(50, velocity=33)
    made.wait(100)
    made.lift(50)
    (_, on), (_, off) = made.sinks["lead"].events
    assert (on[0], on[2], off[0]) == (0x90, 33, 0x80)
    tones = made.band.heard.chord.pitch_classes
    assert tones == {2, 5, 9, 0}
    assert on[1] % 12 in tones | {4, 7, 11, 10}


def test_the_built_in_player_goes_on_with_its_chords() -> None:
    made = Stage(demo=True)
    made.act("start_stop")
    made.wait(1000)
    made.act("flow")
    before = made.band.heard
    made.wait(6000)
    assert made.band.heard is not before
    assert not [n for n in made.sinks["lead"].notes() if n[1] and n[0] > 2_100 * MS]
    made.sinks["lead"].events.clear()
    made.press(90)
    made.wait(200)
    made.lift(90)
    assert [n[1] for n in made.sinks["lead"].notes()] == [True, False]


def test_it_can_be_mapped_to_a_note_of_the_keyboard_and_is_shown() -> None:
    made = stage(mappings=(Mapping("flow", True, 21),))
    made.press(21)
    assert made.band.conductor.flow.on
    assert made.band.conductor.pending == ("flow: your keys play the lead",)
    assert made.heard[-1] == ("info", "flow on: each key plays the lead's next note")
    made.press(21)
    assert made.heard[-1] == ("info", "flow off: the lead plays on at the next bar line")


def test_it_stays_on_over_a_stop() -> None:
    made = flowing()
    made.press(60)
    made.act("start_stop")
    assert heard(made)[-1][1] == "off"
    made.lift(60)
    made.wait(100)
    made.act("start_stop")
    made.wait(2_500)
    made.sinks["lead"].events.clear()
    made.wait(1_000)
    assert made.sinks["lead"].events == []
    made.press(60)
    assert [n[1] for n in made.sinks["lead"].notes()] == [True]


ACTIONS = ("flow", "panic", "start_stop", "freeze", "ending", "style_next", "mute_lead")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["press"] * 3 + ["lift"] * 2 + ["wait"] * 2 + list(ACTIONS)),
        st.integers(58, 63),
        st.sampled_from([0, 7, 30, 130, 480, 2100]),
    ),
    max_size=30,
)


@given(STEPS)
@settings(max_examples=25)
def test_whatever_is_played_every_note_is_ended(steps: list[tuple[str, int, int]]) -> None:
    made = stage()
    made.act("flow")
    down: set[int] = set()
    for what, key, ms in steps:
        if what == "press" and key not in down:
            down.add(key)
            made.press(key)
        elif what == "lift" and key in down:
            down.discard(key)
            made.lift(key)
        elif what not in ("press", "lift", "wait"):
            made.act(what)
        made.wait(ms)
    for key in down:
        made.lift(key)
    if made.band.state != "stopped":
        made.act("start_stop")
    made.wait(50)
    for name in ("lead", "bass", "comp", "drums"):
        sounding: Counter[tuple[int, int]] = Counter()
        for _, on, channel, pitch in made.sinks[name].notes():
            if on:
                sounding[channel, pitch] += 1
                assert name != "lead" or sum(sounding.values()) == 1, "one note at a time"
            else:
                sounding[channel, pitch] = 0
        assert not +sounding
    assert not made.loop.sounding()


@pytest.mark.parametrize("gap", [0, 1, 10])
def test_a_key_that_is_let_go_at_once_leaves_nothing_sounding(gap: int) -> None:
    made = flowing()
    for key in (60, 61, 62):
        made.band.midi(made.time(), "keys", bytes((0x90, key, 80)))
        made.wait(gap)
        made.band.midi(made.time(), "keys", bytes((0x80, key, 0)))
        made.wait(gap)
    made.wait(5)
    assert not [k for k in made.loop.sounding() if k[0] == "lead"]
