import random
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from jamtui.music.chart import parse_chart
from jamtui.music.chord import parse_chord
from jamtui.music.meter import PPQ
from jamtui.music.phrase import Role
from jamtui.music.scale import chord_scale
from jamtui.playback.commands import Command, DroppedNote, Route, SentNote, SetRoute
from jamtui.session.conductor import Conductor
from jamtui.session.hearing import Heard
from jamtui.session.midi_map import Mapping
from jamtui.session.transport import Place
from tests.session.stage import CHANNEL, MS, Stage

DM7 = (50, 53, 57, 60)
G7 = (43, 53, 59, 65)
CMAJ7 = (48, 52, 55, 59)


def sounding(stage: Stage) -> Counter[tuple[str, int]]:
    """Notes on minus notes off by port and key, as they left."""
    balance: Counter[tuple[str, int]] = Counter()
    for port, sink in stage.sinks.items():
        for _, on, channel, pitch in sink.notes():
            balance[port, channel * 128 + pitch] += 1 if on else -1
    return +balance


def test_nothing_sounds_before_the_start() -> None:
    stage = Stage()
    stage.press(*DM7)
    stage.wait(500)
    assert [s for name, s in stage.sinks.items() if s.notes() and name != "thru"] == []
    assert stage.band.settled is not None
    assert stage.band.settled.chord == parse_chord("Dm7")


def test_what_is_played_passes_on_at_once_and_byte_for_byte() -> None:
    stage = Stage()
    stage.press(60, velocity=71)
    stage.band.midi(stage.time(), "keys", bytes((0xE0, 1, 64)))
    stage.lift(60)
    sent = [data for _, data in stage.sinks["thru"].events]
    assert sent == [bytes((0x90, 60, 71)), bytes((0xE0, 1, 64)), bytes((0x80, 60, 0))]


def test_what_is_played_passes_on_before_the_answer_is_worked_out() -> None:
    stage = Stage()
    stage.act("start_stop")
    stage.wait(2_100)
    conductor = stage.band.conductor
    before: list[int] = []

    def hear_each(heard: Heard, tick: float, bpm: float) -> Iterator[Command]:
        before.append(len(stage.sinks["thru"].notes()))
        return Conductor.hear_each(conductor, heard, tick, bpm)

    # As the output thread does when it is woken.
    stage.band._hurry = lambda: stage.loop.step(stage.time())  # type: ignore[assignment]  # result unused
    conductor.hear_each = hear_each  # type: ignore[method-assign]  # to see when planning begins
    stage.press(*DM7[:3])
    assert before == [3]


def test_a_band_plays_all_roles_over_the_chord_held() -> None:
    stage = Stage()
    stage.press(*DM7)
    stage.act("start_stop")
    stage.wait(8_000)
    assert stage.band.state == "playing"
    roles = Counter(r.role for r in stage.all_reports if isinstance(r, SentNote) and r.on)
    assert all(roles[role] >= 6 for role in Role)
    scale = chord_scale(parse_chord("Dm7"))
    lead = [r.pitch for r in stage.all_reports if isinstance(r, SentNote) and r.on and r.role is Role.LEAD]
    assert sum(p % 12 in scale for p in lead) >= 0.75 * len(lead)


def test_drums_alone_before_the_first_chord_are_no_hung_notes() -> None:
    stage = Stage()
    stage.act("start_stop")
    stage.wait(6_000)
    assert stage.band.kpi.report()["notes_sent"]
    assert stage.band.kpi.report()["hung_notes"] == 0


def test_a_stop_ends_every_note() -> None:
    stage = Stage(style="ballad", tempo=70)
    stage.press(*CMAJ7)
    stage.act("start_stop")
    stage.wait(5_300)
    assert sum(sounding(stage).values()) > 4
    stage.lift(*CMAJ7)
    stage.act("start_stop")
    stage.wait(20)
    assert sounding(stage) == Counter()
    assert len(stage.ledger) == 0


@pytest.mark.parametrize("grid", ["1/8", "1/16"])
def test_a_new_chord_is_answered_at_the_next_grid_point(grid: str) -> None:
    stage = Stage(grid=grid, feel=0.0)
    stage.press(*DM7)
    stage.act("start_stop")
    stage.wait(2_060 + 71)  # bar 2, a little after an off-beat
    at = stage.time()
    now = stage.clock.segment.tick_at(at)
    stage.lift(*DM7)
    stage.press(*G7)
    stage.wait(600)
    step = {"1/8": PPQ // 2, "1/16": PPQ // 4}[grid]
    expected = -(-int(now + 1) // step) * step
    answers = [r.tick for r in stage.all_reports if isinstance(r, SentNote) and r.trigger_ns == at]
    assert answers[0] == expected


def test_free_answers_at_once() -> None:
    stage = Stage(grid="free")
    stage.press(*DM7)
    stage.act("start_stop")
    stage.wait(2_131)
    stage.lift(*DM7)
    at = stage.time()
    stage.press(*G7)
    stage.wait(50)
    first = next(r for r in stage.all_reports if isinstance(r, SentNote) and r.trigger_ns == at)
    assert first.sent_ns == at


def test_a_sounding_note_that_became_wrong_is_ended_by_a_late_chord() -> None:
    stage = Stage(style="ballad", tempo=60, feel=0.0)
    stage.press(*CMAJ7)
    stage.act("start_stop")
    stage.wait(4_060 + 70)
    stage.lift(*CMAJ7)
    db = (49, 53, 56, 60)
    stage.press(*db)
    stage.wait(5)
    still = {
        key % 128 % 12
        for (port, key), count in sounding(stage).items()
        if count and port in ("lead", "bass", "comp")
    }
    assert still.isdisjoint({2, 9, 11})  # D, A and B are wrong in every scale of Db


@pytest.mark.parametrize(
    ("seed", "style", "latest_ms"),
    [(211, "swing", 1.0), (0, "swing", 3.9), (5, "bossa", 2.0), (9, "funk", 3.0)],
)
def test_the_same_seed_gives_the_same_notes_however_late_planning_looks(
    seed: int, style: str, latest_ms: float
) -> None:
    calm = Stage(seed=seed, style=style, demo=True, tempo=132, step_ms=(3.5, 3.9))
    hurried = Stage(seed=seed, style=style, demo=True, tempo=132, step_ms=(0.2, latest_ms))
    for stage in (calm, hurried):
        stage.act("start_stop")
        stage.wait(9_000)
        stage.act("start_stop")
    last = min(r.tick for r in (calm.all_reports[-1], hurried.all_reports[-1])) - 4 * PPQ
    assert [n for n in calm.notes() if n[2] and n[1] < last] == [
        n for n in hurried.notes() if n[2] and n[1] < last
    ]


@settings(max_examples=12, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("midi"), st.binary(min_size=0, max_size=3)),
            st.tuples(
                st.just("act"),
                st.sampled_from(
                    [
                        "start_stop",
                        "panic",
                        "ending",
                        "freeze",
                        "style_next",
                        "meter",
                        "tempo_up",
                        "tap",
                        "mute_lead",
                        "solo_bass",
                        "grid",
                        "click",
                        "latch",
                        "energy_up",
                        "temperature_down",
                    ]
                ),
            ),
            st.tuples(st.just("chord"), st.sampled_from([DM7, G7, CMAJ7])),
            st.tuples(st.just("wait"), st.integers(1, 900)),
        ),
        max_size=40,
    )
)
def test_whatever_comes_in_every_note_on_gets_its_note_off(
    script: list[tuple[str, object]],
) -> None:
    stage = Stage(tempo=180)
    stage.act("start_stop")
    for kind, what in script:
        if kind == "midi" and isinstance(what, bytes):
            stage.band.midi(stage.time(), "keys", what)
        elif kind == "act":
            stage.act(str(what))
        elif kind == "chord" and isinstance(what, tuple):
            stage.press(*what)
        elif isinstance(what, int):
            stage.wait(what)
    stage.act("panic")
    if stage.band.state != "stopped":
        stage.act("start_stop")
    stage.wait(50)
    assert len(stage.ledger) == 0
    assert {k: v for k, v in sounding(stage).items() if k[0] != "thru"} == {}


def test_mutes_and_solos_are_heard_and_planned_rests_are_no_dead_air() -> None:
    stage = Stage()
    stage.press(*DM7)
    stage.act("start_stop")
    stage.act("mute_drums")
    stage.wait(4_000)
    assert not stage.sinks["drums"].notes()
    stage.act("solo_bass")
    before = len(stage.sinks["lead"].notes())
    stage.wait(4_000)
    after = [n for n in stage.sinks["lead"].notes()[before:] if n[1]]
    assert after == []
    assert stage.band.kpi.dead_air == 0


def test_the_ending_finishes_and_stops() -> None:
    stage = Stage(tempo=160)
    stage.press(*G7)
    stage.act("start_stop")
    stage.wait(3_000)
    stage.act("ending")
    stage.wait(9_000)
    assert stage.band.state == "stopped"
    assert ("info", "the end") in stage.heard
    assert {k for k, v in sounding(stage).items() if k[0] != "thru"} == set()


def test_freeze_repeats_the_bars_that_were_planned() -> None:
    stage = Stage(feel=0.0, seed=3)
    stage.press(*DM7)
    stage.act("start_stop")
    stage.wait(4_200)
    stage.act("freeze")
    stage.wait(14_000)
    bar = 4 * PPQ
    ons: dict[int, list[tuple[str, int, int]]] = {}
    for role, tick, on, pitch in stage.notes():
        if on:
            ons.setdefault(tick // bar, []).append((role, tick % bar, pitch))
    assert ons[2] == ons[4] == ons[6]
    assert ons[3] == ons[5]


def test_the_chart_is_known_ahead() -> None:
    stage = Stage(chart=parse_chart("Dm7 | G7 | Cmaj7 | A7"))
    stage.act("start_stop")
    stage.wait(2_200)
    assert [c.symbol for c in stage.band.conductor.next_chords(4 * PPQ + 10)][:2] == ["Cmaj7", "A7"]


def test_tempo_changes_keep_the_phase() -> None:
    stage = Stage()
    stage.act("start_stop")
    stage.wait(3_000)
    before = stage.clock.segment.tick_at(stage.time())
    stage.act("tempo", 90.0)
    assert stage.clock.segment.tick_at(stage.time()) == pytest.approx(before)
    assert stage.clock.bpm == pytest.approx(90)
    stage.act("tempo", "fast")
    assert stage.heard[-1][0] == "warning"
    assert stage.clock.bpm == pytest.approx(90)


def test_a_mapped_pedal_does_its_action_and_is_not_played() -> None:
    stage = Stage(mappings=(Mapping("freeze", note=False, number=80),))
    stage.press(*DM7)
    stage.act("start_stop")
    stage.wait(2_500)
    thru = len(stage.sinks["thru"].events)
    stage.band.midi(stage.time(), "keys", bytes((0xB0, 80, 127)))
    stage.wait(10)
    assert stage.band.conductor.frozen
    assert len(stage.sinks["thru"].events) == thru


class Daw:
    """Sends MIDI clock into a stage, each pulse late or early by a seeded jitter."""

    def __init__(self, stage: Stage, bpm: float, jitter_ms: float = 0.0, seed: int = 0) -> None:
        self.stage = stage
        self.pulse_ns = 60e9 / bpm / 24
        self.at = float(stage.time()) + 10 * MS
        self._jitter_ns = jitter_ms * MS
        self._draw = random.Random(seed)

    def send(self, *data: int) -> None:
        self.stage.band.midi(self.stage.time(), "daw", bytes(data))

    def run(self, pulses: int) -> None:
        for _ in range(pulses):
            jitter = self._draw.uniform(-self._jitter_ns, self._jitter_ns)
            self.stage.play_until(round(self.at + jitter))
            self.send(0xF8)
            self.at += self.pulse_ns


def struck(stage: Stage, tick: int) -> set[Role]:
    """Who began a note at ``tick``."""
    return {r.role for r in stage.all_reports if isinstance(r, SentNote) and r.on and r.tick == tick}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("jitter_ms", [0.0, 3.0])
def test_no_downbeat_is_lost_where_a_daw_starts_or_moves_to(jitter_ms: float, seed: int) -> None:
    stage = Stage(clock_source="midi", seed=seed)
    stage.press(*CMAJ7)
    daw = Daw(stage, 120, jitter_ms, seed)
    daw.run(48)
    daw.send(0xFA)
    daw.run(24 * 5)
    assert struck(stage, 0) >= {Role.BASS, Role.DRUMS}
    bar5 = 4 * 4 * PPQ
    assert struck(stage, bar5) == set()
    daw.send(0xF2, 64, 0)  # sixteenth 64, while it plays
    daw.run(24)
    assert struck(stage, bar5) >= {Role.BASS, Role.DRUMS}
    assert not [r for r in stage.all_reports if isinstance(r, DroppedNote) and r.reason == "late"]


def test_a_daw_starts_stops_and_moves_the_band() -> None:
    stage = Stage(clock_source="midi", feel=0.0)
    daw = Daw(stage, 120)
    daw.run(48)
    stage.press(*DM7)
    daw.send(0xB0, 123, 0)  # a DAW's All Notes Off before Start is not panic
    assert stage.band.state == "stopped"
    daw.send(0xFA)
    daw.run(24 * 8)
    assert stage.band.state == "playing"
    # The last pulse was number 191 after Start, counted from 0.
    assert stage.clock.segment.tick_at(stage.time()) == pytest.approx(191 * PPQ / 24, abs=5)
    assert stage.band.tempo.source == "midi"
    daw.send(0xFC)
    stage.wait(30)
    assert stage.band.state == "stopped"
    assert sounding(stage) == Counter({("thru", k): 1 for k in DM7})
    daw.send(0xF2, 16, 0)  # sixteenth 16: bar 2
    daw.send(0xFB)
    daw.run(24)
    assert stage.band.state == "playing"
    bar = stage.band.conductor.bar_at(stage.clock.segment.tick_at(stage.time()))
    assert bar.number == 1


def test_sent_clock_has_start_before_its_first_pulse() -> None:
    stage = Stage(clock_port="drums", count_in=1)
    stage.act("start_stop")
    stage.wait(4_000)
    clock = [d for _, d in stage.sinks["drums"].events if d[0] >= 0xF0]
    start = clock.index(b"\xfa")
    assert start == 96  # one bar of pulses in the count-in, Start, then the pulse of tick 0
    assert clock[start + 1] == b"\xf8"
    stage.act("start_stop")
    assert [d for _, d in stage.sinks["drums"].events].count(b"\xfc") == 1


def clock_bytes(stage: Stage, port: str = "comp") -> list[tuple[float, bytes]]:
    """Clock messages as they left: milliseconds and bytes."""
    return [(ns / MS, data) for ns, data in stage.sinks[port].events if data[0] >= 0xF0]


def received(messages: list[tuple[float, bytes]]) -> list[tuple[float, int]]:
    """What a receiver makes of clock messages: when it counts which tick, while it plays."""
    tick, playing, out = 0, False, []
    for ms, data in messages:
        if data == b"\xfa":
            tick, playing = 0, True
        elif data == b"\xfb":
            playing = True
        elif data == b"\xfc":
            playing = False
        elif data[0] == 0xF2 and not playing:
            tick = (data[1] | data[2] << 7) * 240
        elif data == b"\xf8" and playing:
            out.append((ms, tick))
            tick += 40
    return out


def assert_even(pulses: list[float], bpm: float, within_ms: float) -> None:
    gap = 60e3 / bpm / 24
    assert all(abs(b - a - gap) <= within_ms for a, b in pairwise(pulses))


@pytest.mark.parametrize("played_ms", [700, 5_000])
def test_a_clock_sent_again_after_a_stop_is_even_and_says_start_once(played_ms: int) -> None:
    stage = Stage(clock_port="comp", count_in=1)
    stage.press(*CMAJ7)
    stage.act("start_stop")
    stage.wait(played_ms)
    stage.act("start_stop")
    stage.wait(500)
    sent = len(clock_bytes(stage))
    stage.act("start_stop")
    stage.wait(8_000)
    second = clock_bytes(stage)[sent:]
    assert_even([ms for ms, data in second if data == b"\xf8"], 120, 0.01)
    assert [data for _, data in second if data != b"\xf8"] == [b"\xfa"]
    for ms, tick in received(second):
        assert stage.clock.segment.tick_at(round(ms * MS)) == pytest.approx(tick, abs=0.1)


def test_a_clock_that_is_followed_is_sent_on_with_its_places() -> None:
    stage = Stage(clock_source="midi", clock_port="comp", feel=0.0)
    stage.press(*CMAJ7)
    daw = Daw(stage, 120)
    daw.run(24)
    daw.send(0xFA)
    daw.run(24 * 6)
    daw.send(0xF2, 16, 0)  # back to bar 2
    daw.run(24 * 2)
    daw.send(0xFC)
    daw.run(24)
    daw.send(0xFB)
    daw.run(24 * 4)
    messages = clock_bytes(stage)
    assert [d for _, d in messages if d != b"\xf8"][:5] == [
        b"\xfa",
        b"\xfc",
        b"\xf2\x10\x00",
        b"\xfb",
        b"\xfc",
    ]
    heard = received(messages)
    ticks = [tick for _, tick in heard]
    assert ticks[:144] == list(range(0, 144 * 40, 40))
    back = ticks.index(3840, 144)
    # The pulse for which the DAW moved was under way already.
    assert back <= 145
    assert ticks[back:] == list(range(3840, 3840 + 40 * (len(ticks) - back), 40))
    assert ticks[-1] > 3840 + 48 * 40 + 80 * 40
    last_ms, last_tick = heard[-1]
    assert stage.clock.segment.tick_at(round(last_ms * MS)) == pytest.approx(last_tick, abs=2)
    assert_even([ms for ms, _ in heard[:144]], 120, 0.5)


def test_a_band_that_joins_a_running_clock_tells_the_receiver_where() -> None:
    stage = Stage(clock_source="midi", clock_port="comp", feel=0.0)
    stage.press(*CMAJ7)
    daw = Daw(stage, 120)
    daw.run(24)
    daw.send(0xFA)
    daw.run(30)
    stage.act("start_stop")
    daw.run(40)
    assert received(clock_bytes(stage))[-1][1] < 40 * 40
    stage.act("start_stop")  # in bar 1: joins at bar 2
    daw.run(96)
    ms, tick = received(clock_bytes(stage))[-1]
    assert tick > 3840
    assert stage.clock.segment.tick_at(round(ms * MS)) == pytest.approx(tick, abs=1)
    assert_even([ms for ms, data in clock_bytes(stage) if data == b"\xf8"][1:], 120, 0.5)


def test_a_band_taken_up_by_a_new_engine_sends_its_place() -> None:
    stage = Stage(clock_port="comp", feel=0.0)
    stage.clock.follow(3840 * 7 + 700, stage.time(), stage.clock.segment.ns_per_tick, jumped=True)
    place = Place(bar_start=0, bar_number=0, begins=0, style_bar=32)
    stage.band.restore(parse_chord("Dm7"), DM7, place, stage.time())
    stage.wait(2_000)
    ms, tick = received(clock_bytes(stage))[-1]
    assert stage.clock.segment.tick_at(round(ms * MS)) == pytest.approx(tick, abs=0.1)
    assert_even([ms for ms, data in clock_bytes(stage) if data == b"\xf8"], 120, 0.01)


@pytest.mark.parametrize("other", ["bossa", "lofi", "funk"])
def test_the_programs_of_a_new_style_come_before_its_downbeat_and_cut_nothing(other: str) -> None:
    stage = Stage()
    stage.press(*DM7)
    stage.act("start_stop")
    stage.wait(2_500)
    stage.act("style", other)
    style, at = stage.band.conductor.coming_style
    assert style.name == other
    assert at is not None
    # As the engine's ports do.
    for role, channel in CHANNEL.items():
        stage.commands.append(SetRoute(role, Route(role.value, channel, program=7), at))
    stage.wait(6_000)
    assert stage.band.conductor.coming_style == (style, None)
    clock = stage.clock.segment
    for role in Role:
        events = stage.sinks[role.value].events
        (place,) = [i for i, (_, data) in enumerate(events) if data[0] & 0xF0 == 0xC0]
        assert clock.ns_at(at) - 41 * MS <= events[place][0] <= clock.ns_at(at)
        after = next(i for i, (_, data) in enumerate(events) if i > place and data[0] & 0xF0 == 0x90)
        begun = [r for r in stage.all_reports if isinstance(r, SentNote) and r.on and r.role is role]
        assert next(r.sent_ns for r in begun if r.tick >= at) == events[after][0]
    for report in stage.all_reports:
        if isinstance(report, SentNote) and not report.on and report.bar_tick == at:
            # What began on the new downbeat was not ended where the old program changed.
            assert report.sent_ns > clock.ns_at(at) + 15 * MS


def test_the_count_in_clicks_where_the_drums_are_sent() -> None:
    stage = Stage(count_in=1)
    stage.band.conductor.click_through("comp", 5)
    stage.act("start_stop")
    stage.wait(2_000)
    clicks = [data[0] for _, data in stage.sinks["comp"].events if data[0] & 0xF0 == 0x90]
    assert clicks == [0x95] * 4
    assert not stage.sinks["drums"].notes()


def test_no_note_is_dropped_in_a_minute_of_demo() -> None:
    stage = Stage(demo=True, tempo=200)
    stage.act("start_stop")
    stage.play_until(stage.time() + 60_000 * MS)
    dropped = [r for r in stage.all_reports if isinstance(r, DroppedNote)]
    assert dropped == []
    assert stage.band.kpi.dead_air == 0
    assert stage.band.kpi.response_share == 1.0


def test_the_demo_player_wakes_nobody_in_the_ending() -> None:
    stage = Stage(demo=True)
    stage.act("start_stop")
    stage.wait(6_000)
    assert stage.band.state == "playing"
    stage.act("ending")
    stage.wait(1_000)
    assert stage.band.state == "ending"
    stage.band.advance(stage.time())
    wake = stage.band.next_wake(stage.time())
    assert (
        wake is None or wake > stage.time()
    )  # else the planning thread looks again and again without a rest
