"""What a listener would notice, of the shipped styles and phrases under a dummy clock."""

from dataclasses import replace
from functools import cache
from itertools import groupby, pairwise
from statistics import mean, median

import pytest

from jamtui.music.chart import parse_chart
from jamtui.music.meter import COMMON_TIME, METERS
from jamtui.music.phrase import Bar, Role
from jamtui.playback.commands import DroppedNote, SentNote, SetFeel
from jamtui.session.barlines import BarLines
from jamtui.session.drumming import CRASH, Drummer
from jamtui.session.voicelead import chord_table, close_stack
from tests.session.stage import Stage, styles

STYLES = ("ballad", "blues", "bossa", "funk", "lofi", "swing")
BARS = 32
CHANGES = "Dm7 | G7 | Cmaj7 | %"
VOICINGS = ((50, 53, 57, 60), (43, 53, 59, 65), (48, 52, 55, 59), (45, 55, 61, 64), (46, 50, 53, 57))


def stage(style: str, *, meter: str = "4/4", energy: float = 0.5, temperature: float = 0.4) -> Stage:
    """A band over `CHANGES`, set before it starts."""
    one = Stage(
        style=style,
        tempo=styles()[style].tempo,
        feel=0.0,
        chart=parse_chart(CHANGES, METERS[meter]),
        step_ms=(15.0, 15.0),
    )
    for action, value in (("meter", meter), ("energy", energy), ("temperature", temperature)):
        one.act(action, value)
    return one


def bar_ns(one: Stage, bar: float) -> int:
    return one.clock.segment.ns_at(round(bar * one.band.conductor.settings.meter.bar_ticks))


@cache
def performance(style: str, energy: float = 0.5, temperature: float = 0.4) -> tuple[SentNote, ...]:
    """The note-ons of `BARS` bars, by tick."""
    one = stage(style, energy=energy, temperature=temperature)
    one.act("start_stop")
    one.play_until(bar_ns(one, BARS))
    notes = [r for r in one.all_reports if isinstance(r, SentNote) and r.on]
    return tuple(sorted((n for n in notes if n.tick < BARS * COMMON_TIME.bar_ticks), key=lambda n: n.tick))


def of(notes: tuple[SentNote, ...], role: Role) -> list[SentNote]:
    return [n for n in notes if n.role is role]


@pytest.mark.parametrize("style", STYLES)
def test_energy_is_heard_in_velocity_and_density(style: str) -> None:
    calm, lively = performance(style, energy=0.2), performance(style, energy=0.9)
    for role in Role:
        assert mean(n.velocity for n in of(lively, role)) > 1.15 * mean(n.velocity for n in of(calm, role))
    assert len(of(lively, Role.LEAD)) > 1.2 * len(of(calm, Role.LEAD))
    assert len(lively) > 1.25 * len(calm)


def test_temperature_takes_the_line_further_out() -> None:
    chart = parse_chart(CHANGES, COMMON_TIME)

    def outside(temperature: float) -> float:
        out = total = 0
        for style in STYLES:
            for note in of(performance(style, temperature=temperature), Role.LEAD):
                scale = chord_table(chart.chord_at(note.tick % chart.length)).scale
                out += note.pitch % 12 not in scale
                total += 1
        return out / total

    cool, middle, warm = outside(0.1), outside(0.4), outside(0.9)
    assert cool <= 0.05
    assert middle >= cool
    assert 2 * max(middle, 0.04) <= warm <= 0.3


@pytest.mark.parametrize("style", STYLES)
def test_the_lead_breathes_and_stays_where_it_sings(style: str) -> None:
    lead = of(performance(style), Role.LEAD)
    bars = {n.tick // COMMON_TIME.bar_ticks for n in lead}
    silent = [b for b in range(BARS) if b not in bars]
    assert 0.06 * BARS <= len(silent) <= 0.45 * BARS
    runs = [len(list(group)) for sounds, group in groupby(b in bars for b in range(BARS)) if sounds]
    assert max(runs) <= 10
    assert median(runs) <= 6
    low, high = styles()[style].roles[Role.LEAD].low, styles()[style].roles[Role.LEAD].high
    inside = sum(low + 4 <= n.pitch <= high - 4 for n in lead)
    assert inside >= 0.8 * len(lead)


@pytest.mark.parametrize("style", STYLES)
def test_the_bass_stays_low_and_does_not_drift(style: str) -> None:
    bass = of(performance(style), Role.BASS)
    half = len(bass) // 2
    first, second = median(n.pitch for n in bass[:half]), median(n.pitch for n in bass[half:])
    assert abs(first - second) <= 7
    assert median(n.pitch for n in bass) <= 48
    wide = sum(abs(a.pitch - b.pitch) > 12 for a, b in pairwise(bass))
    assert wide <= 0.06 * len(bass)


@pytest.mark.parametrize("style", STYLES)
def test_the_comp_stays_under_the_lead(style: str) -> None:
    notes = performance(style)
    lead, comp = of(notes, Role.LEAD), of(notes, Role.COMP)
    assert mean(n.velocity for n in comp) < mean(n.velocity for n in lead)
    assert median(n.pitch for n in comp) < median(n.pitch for n in lead) + 2
    assert mean(n.pitch for n in comp) <= 64


def test_a_crash_follows_a_fill_and_nothing_else() -> None:
    drummer, style = Drummer(3), styles()["swing"]
    lines = BarLines(0, COMMON_TIME)
    crashed = followed = 0
    for number in range(1, 400):
        bar = lines.bar_at(number * COMMON_TIME.bar_ticks)
        notes, _ = drummer.bar(style, bar, 0.7, 0)
        crash = any(n.pitch == CRASH and n.onset == 0 for n in notes)
        after = drummer.is_fill(lines.bar_at(bar.start - 1), 0.7)
        assert not crash or after or drummer.is_fill(bar, 0.7)
        crashed += crash and after
        followed += after
    assert followed > 40
    assert crashed > 0.6 * followed


def test_calm_drums_leave_ghost_notes_out() -> None:
    def ghosts(energy: float) -> int:
        notes = of(performance("funk", energy=energy), Role.DRUMS)
        return sum(n.pitch == 38 and n.velocity < 55 for n in notes)

    assert ghosts(0.2) < 0.6 * ghosts(0.5)


@pytest.mark.parametrize("asked", [4, 5, 6, 7])
def test_an_ending_over_a_chart_comes_home(asked: int) -> None:
    """Bars from 0: the chart is at home in its third and fourth bar."""
    last, final = ending_of(stage("swing"), asked)
    assert last // 3840 % 4 in (2, 3)
    assert 2 <= last // 3840 - asked <= 4
    assert {r.pitch % 12 for r in final if r.role is Role.BASS} == {0}
    assert {r.role for r in final} == set(Role)


@pytest.mark.parametrize("asked", [8, 9, 10, 11])
def test_an_ending_over_a_turnaround_waits_for_the_one_bar_at_home(asked: int) -> None:
    chart = parse_chart("Dm7 | G7 | Cmaj7 | A7", COMMON_TIME)
    last, final = ending_of(Stage(tempo=styles()["swing"].tempo, feel=0.0, chart=chart), asked)
    assert last // 3840 == {8: 10, 9: 14, 10: 14, 11: 14}[asked]
    assert {r.pitch % 12 for r in final if r.role is Role.BASS} == {0}


def ending_of(one: Stage, asked: int) -> tuple[int, list[SentNote]]:
    """The tick of the last hit of a band that is asked in bar ``asked`` to end, and its notes."""
    one.act("start_stop")
    one.play_until(bar_ns(one, asked + 0.3))
    one.act("ending")
    one.play_until(bar_ns(one, asked + 7))
    assert one.band.state == "stopped"
    notes = [r for r in one.all_reports if isinstance(r, SentNote) and r.on]
    last = max(r.tick for r in notes if r.role is Role.BASS)
    return last, [r for r in notes if r.tick == last]


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("style", ["swing", "ballad", "funk"])
def test_every_meter_holds_through_other_chords_freeze_and_ending(style: str, meter: str) -> None:
    one = stage(style, meter=meter)
    bars: list[Bar] = []
    conductor = one.band.conductor
    one.act("start_stop")
    length = conductor.settings.meter.bar_ticks
    held: tuple[int, ...] = ()
    for voicing, bar in zip(VOICINGS, (3.02, 3.98, 5.03, 6.5, 8.01), strict=True):
        one.play_until(bar_ns(one, bar))
        one.lift(*held)
        held = voicing
        one.press(*held)
    for bar in (9.3, 13.4):
        one.play_until(bar_ns(one, bar))
        one.act("freeze")
    one.play_until(bar_ns(one, 15.6))
    one.act("ending")
    one.play_until(bar_ns(one, 22))
    bars += conductor.drain_accepted()
    assert one.band.state == "stopped"
    assert not [r for r in one.all_reports if isinstance(r, DroppedNote)]
    assert not conductor.guard.refused
    assert all(b.length == length for b in bars)
    assert one.band.kpi.dead_air == 0
    on = [r.tick // length for r in one.all_reports if isinstance(r, SentNote) and r.on]
    assert max(on) - 15 <= 4
    assert {r.role for r in one.all_reports if isinstance(r, SentNote)} == set(Role)


@pytest.mark.parametrize(("meter", "swings"), [("4/4", True), ("3/4", True), ("6/8", False), ("7/8", False)])
def test_eighths_swing_where_they_come_in_pairs(meter: str, swings: bool) -> None:
    one = stage("swing", meter=meter)
    commands = one.band.conductor.start(0)
    felt = [c for c in commands if isinstance(c, SetFeel)]
    assert {c.role for c in felt} == set(Role)
    assert all((c.feel.swing > 0.6) == swings for c in felt)


def test_a_stack_keeps_semitones_inside() -> None:
    stack = close_stack({0, 7, 11}, 61.0, 52, 81, ())
    assert {p % 12 for p in stack} == {0, 7, 11}
    assert all(b - a > 1 for a, b in (stack[:2], stack[-2:]))
    assert 52 <= stack[0] <= stack[-1] <= 81


def test_the_same_seed_plays_the_same_and_another_does_not() -> None:
    def played(seed: int) -> list[tuple[str, int, bool, int]]:
        one = replace(stage("swing"), seed=seed)
        one.act("start_stop")
        one.play_until(bar_ns(one, 6))
        return one.notes()

    assert played(1) == played(1)
    assert played(1) != played(2)
