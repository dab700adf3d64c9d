"""Actions of the MIDI keyboard, latch, and the tempo that a style brings: settings of a band on the stage."""

from dataclasses import replace

import pytest

from jamtui.music.phrase import Role
from jamtui.session.hearing import ChordStream
from jamtui.session.midi_map import Mapping
from tests.session.stage import Stage, styles

PADS = (
    Mapping("soon", True, 1),
    Mapping("style_next", True, 2),
    Mapping("quit", True, 3),
    Mapping("energy_up", True, 5),
    Mapping("output_pick", True, 4, argument="bass=Synth"),
)


def hit(stage: Stage, note: int) -> None:
    stage.press(note)
    stage.lift(note)


def playing() -> Stage:
    stage = Stage(mappings=PADS)
    stage.act("start_stop")
    stage.press(50, 53, 57, 60)
    stage.wait(2700)
    return stage


def test_after_soon_the_next_action_is_for_the_next_beat_and_the_one_after_for_the_bar() -> None:
    stage = playing()
    for pad in (1, 2, 5):
        hit(stage, pad)
    first, second = stage.band.conductor.pending
    assert first.endswith("at next beat")
    assert second.endswith("at bar 3")


def test_soon_twice_is_not_soon() -> None:
    stage = playing()
    for pad in (1, 1, 2):
        hit(stage, pad)
    (pending,) = stage.band.conductor.pending
    assert pending.endswith("at bar 3")


def test_what_is_not_the_bands_is_done_elsewhere() -> None:
    stage = Stage(mappings=PADS)
    asked: list[tuple[str, object]] = []

    def elsewhere(name: str, argument: str | float | None, _ns: int) -> bool:
        asked.append((name, argument))
        return name != "style_next"

    stage.band._elsewhere = elsewhere
    for pad in (3, 4, 2):
        hit(stage, pad)
    assert asked == [("quit", None), ("output_pick", "bass=Synth"), ("style_next", None)]
    assert stage.band.conductor.settings.style != "swing"
    assert not [text for severity, text in stage.heard if severity != "info"]


def test_latch_that_was_off_is_on_after_one_press() -> None:
    stage = Stage()
    stage.band.chords = ChordStream(latch=False)
    assert not stage.band.latched
    stage.act("latch")
    assert stage.band.latched
    assert stage.heard == [("info", "latch on: the chord is held")]


def test_a_style_picked_while_stopped_brings_its_tempo() -> None:
    stage = Stage()
    stage.band.tempo.chosen = False
    stage.act("style", "ballad")
    assert stage.clock.bpm == pytest.approx(styles()["ballad"].tempo)
    stage.act("tempo", 80.0)
    stage.act("style", "lofi")
    assert stage.clock.bpm == pytest.approx(80.0)


def test_a_style_that_is_written_for_another_tempo_says_so() -> None:
    stage = playing()
    low, high = styles()["ballad"].tempo_range
    assert high < stage.clock.bpm
    stage.act("style", "ballad")
    assert not any("written for" in text for _, text in stage.heard)
    stage.wait(3000)
    assert (
        "info",
        f"{styles()['ballad'].title} is written for {low:g} to {high:g} beats a minute",
    ) in stage.heard
    assert stage.clock.bpm == pytest.approx(120.0)


def test_a_role_that_begins_muted_is_let_in_by_its_key() -> None:
    stage = Stage()
    changes = stage.band.conductor._changes
    changes.now = replace(changes.now, muted=frozenset({Role.BASS}))
    stage.act("start_stop")
    stage.press(50, 53, 57, 60)
    stage.wait(2500)
    assert not [n for n in stage.notes() if n[0] == "bass"]
    stage.act("mute_bass")
    stage.wait(2500)
    assert [n for n in stage.notes() if n[0] == "bass"]
