"""Notes of a dead engine are ended, or kept for its successor; nothing is forgotten on the way."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from jamtui.midi import ports, rescue
from jamtui.playback.clock import MusicalClock
from jamtui.playback.fakes import DummyTime, RecordingSink
from jamtui.playback.ledger import Ledger, read_bitmap
from jamtui.playback.output import OutputLoop
from jamtui.processes.engine import each
from jamtui.processes.leftovers import clear_leftovers
from jamtui.processes.rescue import Rescue, Standby
from jamtui.processes.shared import SharedState
from jamtui.processes.sinks import SINKS
from jamtui.processes.supervisor import how_to_restore

PORTS = {
    "lead": {"name": "jamtui lead", "target": "Synth"},
    "bass": {"name": "jamtui bass", "target": "Rack"},
}
LEAD, BASS = SINKS.index("lead"), SINKS.index("bass")


class World:
    """What can be reached, and what was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *reached: str) -> None:
        self.asked: list[tuple[str, int, int]] = []
        self.reached = reached
        self.broken = False
        monkeypatch.setattr(ports, "MidiSystem", lambda _api: self)
        monkeypatch.setattr(rescue, "send_note_offs", self.send)

    alive = True
    api = "alsa"

    def close(self) -> None:
        pass

    def send(self, owed: Any, _system: object, _receivers: object, _graph: object, targets: Any) -> Any:
        if self.broken:
            raise RuntimeError("no MIDI here")
        self.asked += owed
        return [note for note in owed if targets[note[0]] not in self.reached]


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[SharedState]:
    """The state of an engine that died with a note on the lead and one on the bass."""
    state = SharedState(tmp_path / "state.map", create=True)
    ledger = Ledger(SINKS, state.bitmap)
    ledger.add(("lead", 0, 72))
    ledger.add(("bass", 1, 36))
    state.write_state({"ports": PORTS})
    yield state
    del ledger
    state.close()


def test_only_what_was_sent_is_forgotten(shared: SharedState, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, "Synth")
    assert Rescue(shared, SINKS, "alsa").end_notes() == 2
    assert sorted(world.asked) == [("jamtui bass", 1, 36), ("jamtui lead", 0, 72)]
    assert read_bitmap(shared.bitmap) == [(BASS, 1, 36)]


def test_nothing_is_forgotten_where_the_midi_system_fails(
    shared: SharedState, monkeypatch: pytest.MonkeyPatch
) -> None:
    World(monkeypatch, "Synth", "Rack").broken = True
    Rescue(shared, SINKS, "alsa").end_notes()
    assert sorted(read_bitmap(shared.bitmap)) == sorted([(LEAD, 0, 72), (BASS, 1, 36)])


def test_the_next_engine_ends_what_is_left_as_soon_as_its_port_is_there(shared: SharedState) -> None:
    time = DummyTime(1_000)
    sink = RecordingSink(time)
    loop = OutputLoop(
        MusicalClock(120.0, 0), {}, {"bass": sink}, deque(), deque(), Ledger(SINKS, shared.bitmap), now=time
    )
    loop.step(time())
    assert [data for _, data in sink.events] == [b"\x81\x24\x00"]
    assert read_bitmap(shared.bitmap) == [(LEAD, 0, 72)]


def test_what_a_band_without_a_supervisor_left_is_ended_before_its_file_goes(
    shared: SharedState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(monkeypatch, "Synth", "Rack")
    clear_leftovers(tmp_path)
    assert len(world.asked) == 2
    assert not (tmp_path / "state.map").exists()


class Dying:
    """A JACK graph in which a killed engine's port is taken away after some looks."""

    alive = True

    def __init__(self, looks: int) -> None:
        self.looks = looks

    @property
    def jack(self) -> "Dying":
        return self

    def senders(self) -> tuple[str, ...]:
        self.looks -= 1
        return ("jamtui rescue:out", "jamtui lead:out") if self.looks >= 0 else ("jamtui rescue:out",)


def test_the_standby_port_is_not_closed_before_all_can_have_heard_it(shared: SharedState) -> None:
    sink = RecordingSink(DummyTime(0))
    standby = Standby(cast(ports.OutputPort, sink), shared)
    graph = Dying(2)
    standby.end([(0, 72)], cast(ports.MidiSystem, graph))
    standby.finish()
    assert graph.looks < 0
    assert len(sink.events) > 3  # twice while the dead port was there, and after
    assert {data for _, data in sink.events} == {b"\x80\x48\x00"}


@pytest.mark.parametrize(
    ("deaths", "how"),
    [((10.0,), "--restore"), ((10.0, 16.0), "--restore"), ((10.0, 16.0, 18.0), "--restore-plain")],
)
def test_an_engine_that_dies_again_at_once_is_followed_by_a_plainer_one(
    deaths: tuple[float, ...], how: str
) -> None:
    assert how_to_restore(deaths) == how


def test_closing_goes_on_after_a_step_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    done: list[str] = []

    def fail() -> None:
        raise RuntimeError("stop failed")

    each(fail, lambda: done.append("output"))
    assert done == ["output"]
    assert "stop failed" in capsys.readouterr().err
