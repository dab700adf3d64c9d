"""A successor takes up where a killed engine was; both under a dummy clock."""

import json

import pytest

from jamtui.music.chart import parse_chart
from jamtui.music.phrase import Role
from jamtui.processes.restart import restart_state, take_up
from tests.session.stage import MS, Stage

CHART = "Cmaj7 | Dm7 | Em7 | Fmaj7"
DM7 = (50, 53, 57, 60)


def stage(**settings: object) -> Stage:
    return Stage(count_in=1, chart=parse_chart(CHART), **settings)  # type: ignore[arg-type]  # test settings


def successor(old: Stage, *, plainly: bool = False, **settings: object) -> Stage:
    """Another band that takes up 300 ms after ``old`` left its state."""
    state = json.loads(json.dumps(restart_state(old.band, "test", old.seed, {}, old.time())))
    new = stage(**settings)
    new.time.advance_to(old.time() + 300 * MS)
    take_up(state, new.band, new.time(), plainly=plainly)
    old.wait(300)
    return new


def place(of: Stage) -> tuple[int, str, float]:
    tick = of.clock.segment.tick_at(of.time())
    chord = of.band.conductor.chord_at(tick)
    assert chord is not None
    return of.band.conductor.bar_number(tick), chord.symbol, round(tick, 3)


@pytest.mark.parametrize("change", ["", "tempo", "tap", "meter"])
def test_a_successor_is_in_the_same_bar_on_the_same_chord(change: str) -> None:
    old = stage()
    old.act("start_stop")
    old.wait(2060 + 2 * 2000 + 300)
    if change == "tempo":
        old.act("tempo", 150.0)
    elif change == "meter":
        old.act("meter", "3/4")
    elif change == "tap":
        for _ in range(4):
            old.act("tap")
            old.wait(430)
    old.wait(3 * 2000 + 500)
    new = successor(old)
    assert place(new) == place(old)
    for band in (old, new):
        band.wait(2500)
    assert place(new) == place(old)
    assert new.band.conductor.meter == old.band.conductor.meter
    assert new.notes()


def test_a_successor_of_an_engine_in_flow_leaves_the_lead_to_the_keys() -> None:
    old = stage()
    old.act("start_stop")
    old.wait(2060 + 2 * 2000 + 300)
    old.act("flow")
    new = successor(old)
    new.wait(4000)
    assert new.band.conductor.flow.on
    assert not [n for n in new.notes() if n[0] == "lead"]
    new.press(60)
    assert [n[2] for n in new.notes() if n[0] == "lead"] == [True]


def test_a_successor_in_the_count_in_begins_with_bar_one() -> None:
    old = stage()
    old.act("start_stop")
    old.wait(1000)
    new = successor(old)
    new.wait(3000)
    notes = [tick for _, tick, on, _ in new.notes() if on]
    assert 0 <= min(notes) <= 100


def test_a_successor_ends_where_the_band_was_to_end() -> None:
    old = stage()
    old.act("start_stop")
    old.wait(2060 + 2 * 2000 + 300)
    old.act("ending")
    new = successor(old)
    assert new.band.state == "ending"
    assert new.band.conductor.pending == old.band.conductor.pending != ()
    for band in (old, new):
        band.wait(20_000)
    assert (new.band.state, old.band.state) == ("stopped", "stopped")


def test_what_was_set_is_set_again() -> None:
    old = stage()
    for action in ("mute_comp", "latch", "click"):
        old.act(action)
    old.act("start_stop")
    old.press(*DM7, velocity=110)
    old.wait(5000)
    old.act("tempo", 133.0)
    old.act("freeze")
    old.wait(200)
    new = successor(old)
    band = new.band
    assert (band.latched, band.conductor.frozen, band.tempo.source) == (False, True, "internal")
    assert band.conductor.settings.click
    assert band.conductor.settings.muted == {Role.COMP}
    assert band.conductor.player_energy == old.band.conductor.player_energy
    assert band.started_ns == old.band.started_ns
    assert round(band.clock.bpm) == 133


def test_a_plain_successor_leaves_out_what_may_have_killed_the_engine() -> None:
    old = stage()
    old.act("start_stop")
    old.press(*DM7)
    old.wait(5000)
    old.act("freeze")
    old.wait(200)
    assert old.band.chord.symbol == "Dm7"
    new = successor(old, plainly=True)
    assert new.band.heard is None
    assert not new.band.conductor.frozen
    assert place(new)[0] == place(old)[0]
    new.wait(3000)
    assert new.notes()
