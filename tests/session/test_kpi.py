"""Figures from dummy stamps: every number here can be worked out by hand."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.phrase import Role, Source
from jamtui.playback.commands import DroppedNote, SentNote
from jamtui.session.dead_air import RoleAir
from jamtui.session.histogram import Histogram
from jamtui.session.kpi import Kpi

MS = 1_000_000
ALL = frozenset(Role)
LEAD = frozenset({Role.LEAD})


def sent(
    due_ms: float,
    late_ms: float = 0.0,
    *,
    on: bool = True,
    pitch: int = 60,
    trigger_ns: int = 0,
    tick: int = 0,
    bar: int = 0,
    role: Role = Role.LEAD,
    source: Source = Source.REFLEX,
) -> SentNote:
    due = int(due_ms * MS)
    return SentNote(
        role, on, tick, pitch, 80, 0, role.value, due, due + int(late_ms * MS), source, bar, trigger_ns
    )


def test_empty_has_no_numbers() -> None:
    kpi = Kpi()
    gauges = kpi.gauges()
    assert gauges.ttfn_p50 is None
    assert gauges.late_p99 is None
    assert gauges.response is None
    assert gauges.on_time == 1.0
    assert gauges.dead_air == gauges.hung == 0
    json.dumps(kpi.report())


def test_a_percentile_that_was_told_is_told_anew_when_more_is_counted() -> None:
    histogram = Histogram()
    assert histogram.percentile_ns(0.5) is None
    for value, expected in (
        (1_000, 1_000),
        (1_000, 1_000),
        (50_000, 1_999),
        (60_000, 1_999),
        (70_000, 50_999),
    ):
        histogram.add(value)
        assert histogram.percentile_ns(0.5) == histogram.percentile_ns(0.5) == expected
    assert histogram.percentile_ns(1.0) == 70_000


def test_time_to_first_note_counts_only_the_first() -> None:
    kpi = Kpi()
    for i, delay in enumerate((2, 4, 30)):
        trigger = (1000 * (i + 1)) * MS
        kpi.trigger(trigger, 0.0, None)
        kpi.take(sent(1000 * (i + 1) + delay, trigger_ns=trigger, pitch=60), trigger)
        kpi.take(sent(1000 * (i + 1) + 500, trigger_ns=trigger, pitch=64), trigger)
    gauges = kpi.gauges()
    assert kpi.ttfn.count == 3
    assert gauges.ttfn_last == 30
    assert gauges.ttfn_p50 == pytest.approx(4, rel=0.02)
    assert gauges.ttfn_p99 == 30
    assert gauges.ttfn_history == (2, 4, 30)


def test_a_revision_of_the_same_chord_is_one_chord() -> None:
    kpi = Kpi()
    kpi.trigger(5 * MS, 10.0, 480)
    kpi.take(sent(5, trigger_ns=5 * MS, tick=480), 5 * MS)
    kpi.trigger(5 * MS, 30.0, 480)
    kpi.advance(5000.0, 10 * MS, ALL)
    assert kpi.report()["chords"] == 1
    assert kpi.response_share == 1.0


def test_chord_response_on_the_grid() -> None:
    kpi = Kpi()
    kpi.trigger(1, 100.0, 480)  # expected at 480
    kpi.take(sent(1, trigger_ns=1, tick=480), 1)
    kpi.trigger(2, 960.0, 480)  # on a grid point: expected there
    kpi.take(sent(1, trigger_ns=2, tick=1440), 2)  # one late
    kpi.trigger(3, 2000.0, 480)  # never answered
    kpi.advance(2399.0, 3, ALL)
    assert kpi.response_share == 0.5
    kpi.advance(2880.0, 4, ALL)
    assert kpi.response_share == pytest.approx(1 / 3)


@pytest.mark.parametrize("later", [0, 1920])
@pytest.mark.parametrize(
    ("role", "tick", "ends_ms", "answered"),
    [
        (Role.COMP, 480, None, True),  # it sounded when the chord came, and was right
        (Role.COMP, 480, 300.0, True),
        (Role.COMP, 480, 104.0, False),  # the chord made it wrong
        (Role.COMP, 360, None, False),  # another place
        (Role.DRUMS, 480, None, False),
    ],
)
def test_a_right_note_that_is_at_the_grid_point_already_is_the_answer(
    role: Role, tick: int, ends_ms: float | None, answered: bool, later: int
) -> None:
    kpi = Kpi()
    kpi.take(sent(98, tick=tick, role=role), 98 * MS)
    kpi.trigger(100 * MS, 470.0, 480)
    if ends_ms is not None:
        kpi.take(sent(ends_ms, on=False, tick=tick, role=role), 400 * MS)
    if later:  # another role's next note carries the stamp
        kpi.take(sent(900, trigger_ns=100 * MS, tick=later, pitch=64), 900 * MS)
    kpi.advance(5000.0, 3000 * MS, ALL)
    assert kpi.response_share == (1.0 if answered else 0.0)
    report = kpi.report()
    assert (report["chords_answered"], report["chords_unanswered"]) == (int(answered), int(not answered))


def test_a_note_that_the_chord_made_wrong_answers_nothing_however_late_its_key_is_struck_again() -> None:
    kpi = Kpi()
    kpi.take(sent(98, tick=480), 98 * MS)
    kpi.trigger(100 * MS, 470.0, 480)
    kpi.take(sent(104, on=False, tick=480), 104 * MS)
    kpi.take(sent(600, tick=1440), 600 * MS)
    kpi.take(sent(800, on=False, tick=1440), 800 * MS)
    kpi.advance(5000.0, 3000 * MS, ALL)
    assert kpi.response_share == 0.0


def test_a_chord_replaced_before_its_grid_point_is_not_held_against_the_band() -> None:
    kpi = Kpi()
    kpi.trigger(1, 100.0, 480)
    kpi.trigger(2, 300.0, 480)
    kpi.take(sent(1, trigger_ns=2, tick=480), 2)
    kpi.advance(5000.0, 5, ALL)
    assert kpi.response_share == 1.0


def test_lateness_on_time_and_dropped() -> None:
    kpi = Kpi()
    for i in range(998):
        kpi.take(sent(i, 0.01, pitch=i % 128), 0)
    kpi.take(sent(2000, 6.0), 0)
    kpi.take(DroppedNote(Role.LEAD, 0, 60, "late", Source.REFLEX), 0)
    kpi.take(DroppedNote(Role.LEAD, 0, 60, "muted", Source.REFLEX), 0)
    figures = kpi.report()
    assert kpi.on_time_share == pytest.approx(998 / 1000)
    late = figures["lateness_ms"]
    assert isinstance(late, dict)
    assert late["p50"] == pytest.approx(0.01, abs=0.001)
    assert late["max"] == 6.0
    assert late["p99"] == pytest.approx(0.01, abs=0.001)
    assert figures["notes_dropped"] == {"late": 1, "muted": 1}


def test_share_of_bars_by_source() -> None:
    kpi = Kpi()
    for bar in range(4):
        source = Source.OLLAMA if bar == 3 else Source.REFLEX
        for k in range(3):
            kpi.take(sent(bar * 2000 + k, bar=bar * 3840, source=source), 0)
    shares = kpi.report()["bars_by_source"]
    assert isinstance(shares, dict)
    assert shares["reflex"] == 0.75
    assert shares["ollama"] == 0.25


def test_a_rest_in_an_accepted_bar_is_not_dead_air_but_a_missing_bar_is() -> None:
    kpi = Kpi()
    kpi.cover(Role.LEAD, 0, 3840)
    for ms in range(0, 2000, 20):  # 120 beats a minute: 1.92 ticks a millisecond
        kpi.advance(ms * 1.92, ms * MS, LEAD)
    assert kpi.dead_air == 0
    for ms in range(2000, 4000, 20):
        kpi.advance(ms * 1.92, ms * MS, LEAD)
    assert kpi.dead_air == 1, "one stretch is counted once"
    kpi.cover(Role.LEAD, 7680, 11520)
    kpi.advance(7700.0, 4010 * MS, LEAD)
    assert kpi.dead_air == 1


def test_a_late_bar_within_180_ms_is_no_dead_air() -> None:
    kpi = Kpi()
    kpi.advance(0.0, 0, LEAD)
    kpi.advance(300.0, 160 * MS, LEAD)
    kpi.cover(Role.LEAD, 0, 3840)
    kpi.advance(380.0, 200 * MS, LEAD)
    assert kpi.dead_air == 0


def test_a_withdrawn_plan_explains_nothing() -> None:
    kpi = Kpi()
    kpi.cover(Role.LEAD, 0, 3840)
    kpi.withdraw(Role.LEAD, 1920)
    kpi.advance(1000.0, 0, LEAD)
    kpi.advance(2000.0, 500 * MS, LEAD)
    kpi.advance(2400.0, 700 * MS, LEAD)
    assert kpi.dead_air == 1


def test_a_role_that_is_off_is_never_dead() -> None:
    kpi = Kpi()
    for ms in range(0, 5000, 50):
        kpi.advance(ms * 1.92, ms * MS, LEAD - {Role.LEAD})
    assert kpi.dead_air == 0


def test_a_note_dropped_late_leaves_a_hole_unless_the_next_comes_soon() -> None:
    air = RoleAir()
    air.cover(0, 10**9)
    air.dropped("late", 0)
    air.note(True, 100 * MS)
    assert air.count == 0
    air.note(False, 200 * MS)
    air.dropped("late", 300 * MS)
    air.advance(700.0, 490 * MS, True)
    air.note(True, 600 * MS)
    assert air.count == 1
    air.note(False, 700 * MS)
    air.dropped("muted", 800 * MS)
    air.note(True, 2000 * MS)
    assert air.count == 1


def test_hung_notes() -> None:
    kpi = Kpi()
    kpi.take(sent(0, pitch=60), 0)
    kpi.take(sent(0, pitch=64), 0)
    kpi.take(sent(500, pitch=64, on=False), 0)
    kpi.advance(0.0, 600 * MS, frozenset(), "stopped")
    assert kpi.gauges().hung == 0, "the offs of a stop may still be under way"
    kpi.advance(0.0, 1700 * MS, frozenset(), "stopped")
    assert kpi.gauges().hung == 1
    kpi.advance(0.0, 9000 * MS, frozenset(), "stopped")
    assert kpi.gauges().hung == 1, "counted once"
    assert kpi.report()["sounding_now"] == 1


def test_nothing_hangs_while_the_band_plays_on_with_no_role_expected_to_sound() -> None:
    kpi = Kpi()
    kpi.advance(0.0, 0, frozenset())
    kpi.take(sent(0), 0)
    kpi.advance(0.0, 1700 * MS, frozenset())
    assert kpi.gauges().hung == 0, "before the first chord the drums play"


def test_a_note_that_never_ends_while_playing_is_hung() -> None:
    kpi = Kpi()
    kpi.take(sent(0), 0)
    kpi.advance(0.0, 29_000 * MS, LEAD)
    assert kpi.gauges().hung == 0
    kpi.advance(0.0, 31_000 * MS, LEAD)
    assert kpi.gauges().hung == 1


def test_lateness_history_keeps_the_peak_of_each_step() -> None:
    kpi = Kpi()
    for late in (0.1, 3.0, 0.2):
        kpi.take(sent(0, late), 0)
    kpi.advance(0.0, 300 * MS, ALL)
    kpi.take(sent(400, 1.0), 0)
    kpi.advance(0.0, 700 * MS, ALL)
    assert kpi.gauges().late_history == (3.0, 1.0)


def test_a_jump_forgets_what_was_pending() -> None:
    kpi = Kpi()
    kpi.trigger(1, 0.0, 480)
    kpi.located()
    kpi.advance(10**6, 10**9, ALL)
    assert kpi.response_share is None


@given(st.lists(st.integers(-1000, 200_000_000_000), min_size=1, max_size=200), st.floats(0, 1))
def test_percentiles_are_within_two_percent(values: list[int], share: float) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    ordered = sorted(max(v, 0) for v in values)
    rank = max(1, -int(-(share * len(values)) // 1))
    exact = ordered[min(rank, len(ordered)) - 1]
    got = histogram.percentile_ns(share)
    assert got is not None
    if exact < 120_000_000_000:
        assert exact - 1 <= got <= exact * 1.017 + 1000
    assert histogram.percentile_ns(1.0) == ordered[-1] or ordered[-1] >= 120_000_000_000


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(-5, 400)), max_size=80))
def test_any_order_of_reports_is_survived_in_fixed_memory(steps: list[tuple[int, int, int]]) -> None:
    kpi = Kpi()
    ns = 0
    for what, value, gap in steps:
        ns += gap * MS
        if what == 0:
            kpi.take(sent(ns / MS, gap, pitch=value, on=gap % 2 == 0, trigger_ns=value), ns)
        elif what == 1:
            kpi.take(DroppedNote(Role.BASS, value, value, "late", Source.MODEL), ns)
        elif what == 2:
            kpi.trigger(value, float(value * 100), (None, 480)[gap % 2])
        else:
            kpi.advance(ns / MS * 2, ns, (ALL, frozenset[Role]())[gap % 2])
        gauges = kpi.gauges()
        assert 0.0 <= gauges.on_time <= 1.0
        assert gauges.response is None or 0.0 <= gauges.response <= 1.0
    assert len(kpi._pending) <= 16
    json.dumps(kpi.report())


@pytest.mark.parametrize(
    ("left_ms", "tick", "meant_ms", "past"),
    [
        (250, 480, 250, 0),  # on the grid point, 150 ms after the key
        (333, 480, 333, 0),  # on a swung one
        (253, 480, 250, 3),  # its place came before the answer was known
        (103, 480, 95, 3),  # its place came before the key: pushed
        (500, 960, 500, 250),  # one grid point too late
        (102, 200, 102, 2),  # in place of what the chord made wrong, at once
    ],
)
def test_on_a_grid_the_wait_for_the_grid_point_is_not_the_machines(
    left_ms: int, tick: int, meant_ms: int, past: int
) -> None:
    kpi = Kpi()
    key = 100 * MS
    kpi.trigger(key, 192.0, 480, 250 * MS / 480)
    kpi.take(replace(sent(left_ms, trigger_ns=key, tick=tick), meant_ns=meant_ms * MS), left_ms * MS)
    gauges = kpi.gauges()
    assert gauges.ttfn_last == left_ms - 100
    assert gauges.past_grid_last == gauges.past_grid_p50 == past
    assert gauges.past_grid_history == (past,)
    report = kpi.report()
    assert report["past_grid_ms"]["count"] == report["ttfn_ms"]["count"] == 1  # type: ignore[index]


def test_the_gauges_of_answers_on_a_grid_are_percentiles() -> None:
    kpi = Kpi()
    for n in range(200):
        key, past = (1000 * n + 100) * MS, 0 if n < 120 else 3 if n < 199 else 40
        kpi.trigger(key, 1920.0 * n + 192, 480, 250 * MS / 480)
        grid_ms, tick = 1000 * n + 250, 1920 * n + 480
        told = replace(sent(grid_ms, past, trigger_ns=key, tick=tick), meant_ns=grid_ms * MS)
        kpi.take(told, (grid_ms + past) * MS)
    gauges = kpi.gauges()
    assert gauges.past_grid_last == 40
    assert gauges.past_grid_p50 == pytest.approx(0, abs=0.001)
    assert gauges.past_grid_p99 == pytest.approx(3, rel=0.02)
    assert gauges.late_p99 == pytest.approx(3, rel=0.02)
    assert kpi.response_share == 1.0


def test_answers_at_once_are_past_no_grid() -> None:
    kpi = Kpi()
    kpi.trigger(1, 10.0, None)
    kpi.take(sent(4, trigger_ns=1, tick=10), 4 * MS)
    assert kpi.ttfn.count == 1
    assert kpi.gauges().past_grid_last is None


def test_what_replaces_a_sounding_note_is_the_first_note_and_not_the_answer() -> None:
    kpi = Kpi()
    kpi.trigger(20 * MS, 40.0, 480)
    kpi.take(sent(21, trigger_ns=20 * MS, tick=40), 21 * MS)
    assert kpi.gauges().ttfn_last == 1
    assert kpi.response_share is None
    kpi.take(sent(250, trigger_ns=20 * MS, tick=480), 250 * MS)
    assert kpi.response_share == 1.0
    assert kpi.ttfn.count == 1
    # Replaced, but never answered.
    kpi.trigger(520 * MS, 1000.0, 480)
    kpi.take(sent(521, trigger_ns=520 * MS, tick=1000), 521 * MS)
    kpi.advance(1440.0 + 480, 1_000 * MS, ALL)
    assert kpi.response_share == 0.5


def test_a_cleared_timeline_is_silence_that_nobody_planned() -> None:
    kpi = Kpi()
    kpi.cover(Role.LEAD, 0, 38400)
    kpi.advance(960.0, 500 * MS, LEAD)
    kpi.silenced(None)
    for ms in range(540, 1_000, 40):
        kpi.advance(ms * 1.92, ms * MS, LEAD)
    assert kpi.dead_air == 1
