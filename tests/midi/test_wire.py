"""Real ports over a JACK dummy server. Waits end at an event or fail after seconds; no time is asserted."""

import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jamtui.errors import PortError
from jamtui.midi import jack, names
from jamtui.midi.connections import ConnectionMemory, open_graph
from jamtui.midi.hotplug import LOOK_NS, PortKeeper
from jamtui.midi.jack import JackControl
from jamtui.midi.ports import MidiSystem, NullOutput
from jamtui.midi.rescue import send_note_offs
from jamtui.playback.sinks import PortGone
from jamtui.processes.selftest import measure_loopback

pytestmark = pytest.mark.wire

LONG_SYSEX = bytes([0xF0, *(i % 128 for i in range(700)), 0xF7])
MESSAGES = [
    b"\x90\x3c\x40",
    b"\xf8",
    b"\x80\x3c\x00",
    b"\x90\x3c\x00",
    b"\xb3\x07\x7f",
    b"\xc5\x28",
    b"\xe0\x00\x40",
    b"\xd1\x20",
    b"\xfa",
    b"\xf2\x01\x02",
    b"\xfc",
    b"\xfb",
    LONG_SYSEX,
    b"\xf0\x7e\x7f\x09\x01\xf7",
    b"\x9f\x7f\x7f",
]


class Ear:
    """A callback that keeps what it gets and can be waited on."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.stamps: list[int] = []
        self._more = threading.Condition()

    def __call__(self, stamp: int, data: bytes) -> None:
        with self._more:
            self.stamps.append(stamp)
            self.heard.append(data)
            self._more.notify_all()

    def wait(self, count: int) -> list[bytes]:
        with self._more:
            assert self._more.wait_for(lambda: len(self.heard) >= count, 5), self.heard
            return list(self.heard)


def eventually(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "did not happen within 5 s"
        time.sleep(0.005)


@pytest.fixture
def ours(jack_server: str) -> Iterator[MidiSystem]:
    system = MidiSystem()
    yield system
    system.close()


@pytest.fixture
def world(jack_server: str) -> Iterator[MidiSystem]:
    """The DAW and the keyboard: another set of clients on the same server."""
    system = MidiSystem("jack")
    yield system
    system.close()


def test_jack_is_chosen_where_a_server_answers(ours: MidiSystem) -> None:
    assert (ours.api, ours.reason, ours.has_virtual_ports, ours.alive) == ("jack", "", True, True)


def test_every_virtual_port_appears_under_its_name(ours: MidiSystem, world: MidiSystem) -> None:
    for name in (*names.ROLE_PORTS.values(), names.THRU):
        ours.open_virtual_output(name)
    ours.open_virtual_input(names.INPUT, Ear())
    assert set(world.inputs()) == {*names.ROLE_PORTS.values(), names.THRU}
    assert world.outputs() == (names.INPUT,)
    ours.close()
    assert world.inputs() == world.outputs() == ()


def test_messages_pass_byte_exact_both_ways(ours: MidiSystem, world: MidiSystem) -> None:
    we_hear, they_hear = Ear(), Ear()
    ours.open_virtual_input(names.INPUT, we_hear)
    lead = ours.open_virtual_output("jamtui lead")
    keys = world.open_output(names.INPUT, "keys")
    world.open_input("jamtui lead", they_hear, "daw")
    before = time.perf_counter_ns()
    for message in MESSAGES:
        keys.send(message)
        lead.send(message)
    assert we_hear.wait(len(MESSAGES)) == MESSAGES
    assert they_hear.wait(len(MESSAGES)) == MESSAGES
    stamps = [before, *we_hear.stamps, time.perf_counter_ns()]
    assert stamps == sorted(stamps)


def test_running_status_arrives_as_whole_messages(
    ours: MidiSystem, world: MidiSystem, jack_server: str
) -> None:
    # JACK's contract is whole messages; a sender that relies on running status must not confuse what follows.
    ear = Ear()
    ours.open_virtual_input(names.INPUT, ear)
    keys = world.open_output(names.INPUT, "keys")
    for data in (b"\x90\x3c\x40", b"\x3e\x40", b"\x90\x40\x40"):
        keys.send(data)
    heard = [m for m in ear.wait(2) if m[0] & 0x80]
    eventually(lambda: b"\x90\x40\x40" in ear.heard)
    assert heard[0] == b"\x90\x3c\x40"


def test_active_sensing_is_not_passed_on(ours: MidiSystem, world: MidiSystem) -> None:
    ear = Ear()
    ours.open_virtual_input(names.INPUT, ear)
    keys = world.open_output(names.INPUT, "keys")
    keys.send(b"\xfe")
    keys.send(b"\xf8")
    assert ear.wait(1) == [b"\xf8"]


def test_our_ports_are_never_our_input(ours: MidiSystem, world: MidiSystem) -> None:
    ours.open_virtual_output("jamtui lead")
    ours.open_virtual_output(names.THRU)
    world.open_virtual_output("Nord")
    ears = {}

    def receiver(name: str) -> Ear:
        ears[name] = Ear()
        return ears[name]

    keeper = PortKeeper(ours, ["*", "*or*"], receiver)
    keeper.poll(0)
    assert keeper.inputs == ("Nord",)
    assert list(ears) == ["Nord"]


def test_a_lone_star_means_hardware_and_nord_here_is_a_program(ours: MidiSystem, world: MidiSystem) -> None:
    world.open_virtual_output("Nord")
    assert ours.software_inputs() == {"Nord"}
    keeper = PortKeeper(ours, ["*"], lambda _name: Ear())
    keeper.poll(0)
    assert keeper.inputs == ()
    assert keeper.toggle_input("Nord") is True
    keeper.poll(LOOK_NS)
    assert keeper.inputs == ("Nord",)


def test_who_plays_into_our_input_is_known(ours: MidiSystem, world: MidiSystem) -> None:
    port = ours.open_virtual_input(names.INPUT, Ear())
    keeper = PortKeeper(ours, [], lambda _name: Ear())
    keeper.keep(port)
    nord = world.open_virtual_output("Nord")
    assert ours.jack is not None
    assert ours.jack.connect(nord.full_name, port.full_name)
    assert keeper.poll(0) == []
    world.forget(nord)
    eventually(lambda: "Nord" not in ours.inputs())
    (change,) = keeper.poll(LOOK_NS)
    assert (change.kind, change.name) == ("parted", names.INPUT)
    assert "Nord" in change.text


def test_what_is_not_there_is_named_with_what_is(ours: MidiSystem, world: MidiSystem) -> None:
    world.open_virtual_input("daw", Ear())
    with pytest.raises(PortError, match=r'no MIDI output "nord"; connect it or choose one of: daw'):
        ours.open_output("nord")


def test_a_keyboard_that_vanishes_is_heard_again(ours: MidiSystem, world: MidiSystem) -> None:
    ear = Ear()
    ours.prepare(1)
    keeper = PortKeeper(ours, ["nord"], lambda _name: ear)
    nord = world.open_virtual_output("Nord")
    assert [c.kind for c in keeper.poll(0)] == ["new"]
    nord.send(b"\x90\x3c\x40")
    ear.wait(1)
    world.forget(nord)
    eventually(lambda: "Nord" not in ours.inputs())
    assert [c.kind for c in keeper.poll(LOOK_NS)] == ["lost"]
    nord = world.open_virtual_output("Nord")
    assert [c.kind for c in keeper.poll(2 * LOOK_NS)] == ["back"]
    nord.send(b"\x80\x3c\x00")
    assert ear.wait(2) == [b"\x90\x3c\x40", b"\x80\x3c\x00"]


def test_a_receiver_that_vanishes_is_played_into_again(ours: MidiSystem, world: MidiSystem) -> None:
    keeper = PortKeeper(ours, [], lambda _name: Ear())
    first, second = Ear(), Ear()
    daw = world.open_virtual_input("daw", first)
    lead = ours.open_output("daw", "jamtui lead")
    keeper.keep(lead)
    keeper.poll(0)
    lead.send(b"\x90\x3c\x40")
    first.wait(1)
    world.forget(daw)
    eventually(lambda: "daw" not in ours.outputs())
    assert [c.kind for c in keeper.poll(LOOK_NS)] == ["lost"]
    with pytest.raises(PortGone):
        lead.send(b"\x80\x3c\x00")
    world.open_virtual_input("daw", second)
    assert [c.kind for c in keeper.poll(2 * LOOK_NS)] == ["back"]
    lead.send(b"\x80\x3c\x00")
    assert second.wait(1) == [b"\x80\x3c\x00"]


def test_an_awaited_receiver_is_connected_when_it_comes(ours: MidiSystem, world: MidiSystem) -> None:
    keeper = PortKeeper(ours, [], lambda _name: Ear())
    lead = ours.await_output("synth", "jamtui lead")
    keeper.keep(lead)
    assert keeper.poll(0) == []
    assert keeper.missing
    ear = Ear()
    world.open_virtual_input("A synth", ear)
    assert [c.kind for c in keeper.poll(LOOK_NS)] == ["back"]
    lead.send(b"\x90\x3c\x40")
    assert ear.wait(1) == [b"\x90\x3c\x40"]


@pytest.fixture
def memory(jack_server: str) -> Iterator[ConnectionMemory]:
    memory = ConnectionMemory(lambda: open_graph("jack"))
    yield memory
    memory.close()


def test_a_listener_to_a_virtual_port_hears_it_again(
    ours: MidiSystem, world: MidiSystem, memory: ConnectionMemory
) -> None:
    lead = ours.open_virtual_output("jamtui lead")
    daw = world.open_input("jamtui lead", Ear(), "daw")
    memory.observe()
    assert [link.peer for link in memory.links] == ["daw:in"]
    world.forget(daw)
    eventually(lambda: "daw" not in ours.outputs())
    memory.observe()
    ear = Ear()
    world.open_virtual_input("daw", ear)
    assert [link.peer for link in memory.observe()] == ["daw:in"]
    lead.send(b"\x90\x3c\x40")
    assert ear.wait(1) == [b"\x90\x3c\x40"]


ENGINE = """
import os, sys
from jamtui.midi.ports import MidiSystem
system = MidiSystem("jack")
ports = [system.open_virtual_output(n) for n in ("jamtui lead", "jamtui bass")]
print("up", flush=True)
sys.stdin.readline()
for port, pitch in ((ports[0], 60), (ports[0], 64), (ports[1], 36)):
    port.send(bytes((0x90, pitch, 90)))
sys.stdin.readline()
"""


def test_notes_of_a_killed_engine_are_ended_one_by_one(
    world: MidiSystem, ours: MidiSystem, memory: ConnectionMemory
) -> None:
    engine = subprocess.Popen(
        [sys.executable, "-c", ENGINE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert engine.stdin is not None
    assert engine.stdout is not None
    try:
        assert engine.stdout.readline() == "up\n"
        lead, bass = Ear(), Ear()
        world.open_input("jamtui lead", lead, "lead daw")
        world.open_input("jamtui bass", bass, "bass daw")
        memory.observe()
        engine.stdin.write("play\n")
        engine.stdin.flush()
        lead.wait(2)
        bass.wait(1)
    finally:
        engine.kill()
        engine.wait()
        engine.stdin.close()
        engine.stdout.close()
    owed = [("jamtui lead", 0, 60), ("jamtui lead", 0, 64), ("jamtui bass", 0, 36), ("jamtui drums", 9, 38)]
    receivers = {name: memory.receivers_of(name) for name in names.ROLE_PORTS.values()}
    left = send_note_offs(owed, ours, receivers)
    assert left == [("jamtui drums", 9, 38)]
    assert lead.wait(4)[2:] == [b"\x80\x3c\x00", b"\x80\x40\x00"]
    assert bass.wait(2)[1:] == [b"\x80\x24\x00"]
    assert not [n for n in world.inputs() if "rescue" in n]


def test_notes_in_an_existing_port_are_ended_by_name(world: MidiSystem, ours: MidiSystem) -> None:
    ear = Ear()
    world.open_virtual_input("synth", ear)
    owed = [("jamtui lead", 2, 60), ("jamtui bass", 1, 40)]
    assert send_note_offs(owed, ours, {}, targets={"jamtui lead": "synth", "jamtui bass": "gone"}) == owed[1:]
    assert ear.wait(1) == [b"\x82\x3c\x00"]


def test_the_self_test_measures_the_loop(ours: MidiSystem) -> None:
    result = measure_loopback(ours, messages=20)
    assert result.count == 20
    assert 0 < result.p50 <= result.p99 <= result.worst
    assert ours.inputs() == ours.outputs() == ()


def test_no_server_no_ports_and_no_noise(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], jack_server: str
) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "no-such-server")
    system = MidiSystem("jack")
    assert (system.api, system.inputs(), system.alive) == ("none", (), False)
    assert "no JACK server answers" in system.reason
    with pytest.raises(PortError):
        system.open_virtual_output("jamtui lead")
    system.close()
    assert capfd.readouterr() == ("", "")


def test_a_control_that_was_dropped_is_not_called_back(jack_server: str) -> None:
    control = JackControl("jamtui dropped")
    gone = weakref.ref(control)
    assert control.alive
    del control
    gc.collect()
    assert gone() is None
    JackControl("jamtui dropped").close()


def test_a_null_output_takes_everything() -> None:
    port = NullOutput("jamtui lead", "no MIDI here")
    port.send(b"\x90\x3c\x40")
    port.close()
    assert (port.reason, port.gone) == ("no MIDI here", "")


def test_a_closed_port_refuses_and_can_be_closed_twice(ours: MidiSystem) -> None:
    port = ours.open_virtual_output("jamtui lead")
    port.close()
    port.close()
    with pytest.raises(PortGone):
        port.send(b"\xf8")


def test_a_connection_that_a_busy_server_takes_into_use_later_is_waited_for(
    jack_server: str, world: MidiSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    nord, daw = world.open_virtual_output("Nord"), world.open_virtual_input("daw", Ear())
    control = JackControl("jamtui connecting")
    look, looks = control.connections, 0

    def late(port: str) -> tuple[str, ...]:
        nonlocal looks
        looks += 1
        return look(port) if looks > 3 else ()

    monkeypatch.setattr(control, "connections", late)
    assert control.connect(nord.full_name, daw.full_name)
    assert looks == 4, "until it is there, and no longer"
    assert control.connections(nord.full_name) == (daw.full_name,)
    control.close()


def test_leaving_the_server_never_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it would where libjack has lost its own lock."""
    control = JackControl("jamtui leaving")
    leave = control._library.jack_client_close
    called, free, left = threading.Event(), threading.Event(), threading.Event()

    def stuck(client: int) -> None:
        called.set()
        free.wait()
        leave(client)
        left.set()

    monkeypatch.setattr(control._library, "jack_client_close", stuck)
    monkeypatch.setattr(jack, "CLOSE_S", 0.01)
    control.close()
    assert not control.alive
    assert called.wait(10.0)
    free.set()
    assert left.wait(10.0)


def test_the_control_client_of_a_killed_process_is_the_last_that_jack_takes_away(jack_server: str) -> None:
    def descriptors() -> set[int]:
        return {int(entry.name) for entry in Path("/proc/self/fd").iterdir()}

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("descriptors are listed in /proc")
    before = descriptors()
    system = MidiSystem("jack")
    control = descriptors() - before
    for name in names.ROLE_PORTS.values():
        system.open_virtual_output(name)
    ports = descriptors() - before - control
    assert control
    assert max(ports) < min(control)
    system.close()
