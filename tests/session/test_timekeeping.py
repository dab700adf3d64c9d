"""Who may set the tempo, and what is said of it."""

from collections import deque

import pytest

from jamtui.errors import JamtuiError
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import Command
from jamtui.playback.midi_clock import CLOCK, START
from jamtui.session.settings import BandOptions
from jamtui.session.timekeeping import MAX_TEMPO, MIN_TEMPO, Timekeeper
from tests.session.small_band import style

MS = 1_000_000


class World:
    """A timekeeper, its clock, what it said and when it reported another tempo."""

    def __init__(self, **options: str | bool) -> None:
        self.clock = MusicalClock(120.0, 0)
        self.said: list[str] = []
        self.changed: list[int] = []
        self.commands: deque[Command] = deque()
        self.tempo = Timekeeper(
            self.clock,
            BandOptions(**options),  # type: ignore[arg-type]  # each test names fields with their own types
            self.commands,
            lambda text, _severity: self.said.append(text),
            self.changed.append,
        )

    def lead(self) -> None:
        """An outside clock starts and comes for a second, at 120."""
        self.tempo.take(0, "daw", START)
        for pulse in range(48):
            self.tempo.take(round(pulse * 60_000 / 120 / 24 * MS), "daw", CLOCK)


def test_steps_and_numbers_set_it_in_bounds_and_make_it_the_players() -> None:
    world = World(tempo_given=False)
    assert not world.tempo.chosen
    world.tempo.step(-1, 1)
    assert world.clock.bpm == pytest.approx(118.0)
    assert (world.tempo.chosen, world.tempo.source) == (True, "internal")
    world.tempo.set_tempo(1e6, 2)
    assert world.clock.bpm == pytest.approx(MAX_TEMPO)
    world.tempo.set_tempo(1.0, 3)
    assert world.clock.bpm == pytest.approx(MIN_TEMPO)
    assert world.changed == [1, 2, 3]


@pytest.mark.parametrize("argument", [None, "fast", 19.9, "401"])
def test_what_is_no_tempo_is_refused_with_the_range(argument: str | float | None) -> None:
    world = World()
    with pytest.raises(JamtuiError, match="20 to 400"):
        world.tempo.set_tempo_to(argument, 1)
    assert world.changed == []


def test_taps_set_it() -> None:
    world = World()
    for beat in range(5):
        world.tempo.tap(beat * 400 * MS)
    assert world.clock.bpm == pytest.approx(150.0)
    assert world.tempo.source == "tap"


def test_an_outside_clock_that_leads_is_not_overruled() -> None:
    world = World(clock_source="midi")
    assert not world.tempo.locked
    world.lead()
    assert world.tempo.locked
    assert world.tempo.following
    changes = list(world.changed)
    world.tempo.set_tempo(90.0, 2_000 * MS)
    assert world.said == ["the tempo comes from the MIDI clock; change it there"]
    assert world.clock.bpm == pytest.approx(120.0, abs=1.0)
    assert world.changed == changes


def test_only_the_clock_that_is_wanted_moves_ours() -> None:
    world = World(clock_source="midi", clock_input="Nord")
    world.lead()
    assert not world.tempo.following
    assert World(clock_source="internal").tempo.take(0, "daw", START) is None


@pytest.mark.parametrize(("chosen", "stopped"), [(False, True), (True, True), (False, False)])
def test_a_style_brings_its_tempo_to_a_band_that_has_none_and_stands(chosen: bool, stopped: bool) -> None:
    world = World(tempo_given=chosen)
    world.clock.set_bpm(300.0, 0)
    world.tempo.meet_style(style("plain"), 1, stopped=stopped)
    taken = stopped and not chosen
    assert world.clock.bpm == pytest.approx(120.0 if taken else 300.0)
    assert bool(world.said) is not taken  # 300 is beyond the style's range


def test_without_a_port_no_clock_is_sent_and_with_one_pulses_come_ahead() -> None:
    silent = World()
    silent.tempo.send_start(0, 0)
    silent.tempo.send_pulses(0.0)
    silent.tempo.send_stop()
    assert (silent.tempo.sends, len(silent.commands)) == (False, 0)
    sending = World(clock_port="clock")
    sending.tempo.send_start(0, 0)
    sending.tempo.send_pulses(0.0)
    assert sending.tempo.sends
    assert len(sending.commands) > 3
