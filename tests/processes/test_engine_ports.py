"""The engine's ports over a MIDI system whose world is a few names."""

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from jamtui.config import load_config, parse_config
from jamtui.errors import PortError
from jamtui.midi.apis import TITLE
from jamtui.midi.hotplug import LOOK_SLOWLY_NS, PortChange
from jamtui.midi.port import Callback, InputPort, OutputPort
from jamtui.midi.ports import JACK_AWAY, MidiSystem
from jamtui.music.phrase import Role
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import Command, Immediate, Report, SetRoute, SetSink
from jamtui.playback.fakes import DummyTime, FlakySink
from jamtui.playback.ledger import Ledger
from jamtui.playback.output import OutputLoop
from jamtui.playback.sinks import PortGone
from jamtui.processes import engine_ports
from jamtui.processes.engine_ports import EnginePorts
from jamtui.processes.outlet_link import LOOK_NS
from jamtui.processes.placing import NULL, VIRTUAL, OutputsView, Placed, Wanted, brought_up
from jamtui.processes.sinks import SINKS
from tests.processes.direct import Direct

GM = "FLUID Synth (77):Synth input port (77:0)"


class FakeClient:
    def send_message(self, data: bytes) -> None:
        pass

    def set_callback(self, callback: Any) -> None:
        pass


class FakeSystem:
    """Virtual ports, and two lists of others."""

    def __init__(self, *, virtual: bool = True, refused: Iterable[str] = ()) -> None:
        self.api = "alsa" if virtual else "winmm"
        self.served_by = TITLE[self.api]
        self.reason = ""
        self.alive = True
        self.has_virtual_ports = virtual
        self.there_in: list[str] = []
        self.there_out: list[str] = []
        self.closed: list[str] = []
        self.opened: list[str] = []
        self.refused = set(refused)

    def inputs(self) -> tuple[str, ...]:
        return tuple(self.there_in)

    def outputs(self) -> tuple[str, ...]:
        return tuple(self.there_out)

    def software_inputs(self) -> frozenset[str]:
        return frozenset()

    def connections(self, port: OutputPort | InputPort) -> tuple[str, ...]:
        return ()

    def prepare(self, inputs: int = 2) -> None:
        pass

    def open_virtual_output(self, name: str) -> OutputPort:
        self._refuse(name)
        self.opened.append(name)
        return OutputPort(name, "", FakeClient())

    def open_virtual_input(self, name: str, callback: Callback) -> InputPort:
        self._refuse(name)
        return InputPort(name, "", FakeClient(), callback)

    def await_output(self, target: str, name: str) -> OutputPort:
        return OutputPort(name, target, None)

    def await_virtual_input(self, name: str, callback: Callback) -> InputPort:
        return InputPort(name, "", None, callback)

    def _refuse(self, name: str) -> None:
        if name in self.refused:
            raise PortError(f"JACK refused the port {name}")

    def open_input(self, name: str, callback: Callback) -> InputPort:
        return InputPort("jamtui keys", name, FakeClient(), callback)

    def open_output(self, pattern: str, name: str) -> OutputPort:
        if pattern not in self.there_out:
            raise PortError(f'there is no MIDI output "{pattern}"; connect it')
        self.opened.append(pattern)
        return OutputPort(name, pattern, FakeClient())

    def refuse(self, pattern: str, name: str) -> OutputPort:
        raise PortError(f'there is no MIDI output "{pattern}"; connect it')

    def is_there(self, port: OutputPort | InputPort) -> bool:
        return not port.target or port.target in (*self.there_in, *self.there_out)

    def reopen(self, port: OutputPort | InputPort) -> bool:
        there = port.target in self.there_out if port.target else port.client is None
        if not there or port.name in self.refused:
            return False
        port.replace(FakeClient())
        return True

    def forget(self, port: OutputPort | InputPort) -> None:
        self.closed.append(port.target)

    def close(self) -> None:
        pass


class World:
    """Ports of an engine, and what it said."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        path: Path,
        text: str = "",
        *,
        taken_up: Any = None,
        inputs: MidiSystem | None = None,
        midi: FakeSystem | None = None,
        **system: Any,
    ) -> None:
        self.system = midi or FakeSystem(**system)
        self.system.there_in = ["Nord", "Pad"]
        self.system.there_out = ["Synth", "Rack", GM]
        self.said: list[str] = []
        self.path = path / "config.toml"
        self.path.write_text(text, encoding="utf-8")
        monkeypatch.setattr(engine_ports, "MidiSystem", lambda _api, **_how: inputs or self.system)
        self.time = DummyTime()
        self.outputs = Direct(cast(MidiSystem, self.system), self.time)
        self.ports = EnginePorts(
            parse_config(text),
            self.path,
            self.outputs,
            null_output=False,
            on_input=lambda *_: None,
            tell=lambda words, _severity: self.said.append(words),
            taken_up=taken_up or {},
        )

    def saved(self) -> Any:
        self.ports.close()
        return load_config(self.path)


def test_leaving_an_input_keeps_the_star_and_lets_its_keys_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path)
    world.ports.poll(0)
    world.ports.toggle_input("Pad")
    assert world.ports.drain_gone() == ["Pad"]
    assert world.ports.inputs == ("Nord",)
    midi = world.saved().midi
    assert (midi.inputs, midi.ignore) == (("*",), ("Pad",))


def test_an_input_that_goes_is_told_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world = World(monkeypatch, tmp_path)
    world.ports.poll(0)
    world.system.there_in.remove("Nord")
    world.ports.poll(LOOK_SLOWLY_NS)
    assert world.ports.drain_gone() == ["Nord"]
    assert world.ports.drain_gone() == []


def test_a_port_that_the_system_refuses_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path, refused=("jamtui bass", "jamtui in"))
    assert sorted(world.said) == ["JACK refused the port jamtui bass", "JACK refused the port jamtui in"]
    assert world.ports.sinks["bass"].placed.gone
    with pytest.raises(PortGone):
        world.ports.sinks["bass"].send(b"\x90\x24\x40")
    world.ports.poll(0)
    assert sorted(n.partition(":")[0] for n in world.ports.notices) == ["jamtui bass", "jamtui in"]
    world.system.refused.clear()
    assert SetSink("bass", world.ports.sinks["bass"]) in world.ports.poll(LOOK_SLOWLY_NS)
    assert world.ports.notices == ()
    world.ports.sinks["bass"].send(b"\x90\x24\x40")


def test_a_role_is_sent_to_an_output_and_back_to_its_virtual_port(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path)
    (command,) = world.ports.pick_output("bass=Synth")
    assert isinstance(command, SetSink)
    assert command.sink is world.ports.sinks["bass"]
    assert world.ports.port_names["bass"] == "Synth"
    world.ports.poll(0)
    assert [(p.name, p.open, p.detail) for p in world.ports.lists()[1]] == [
        ("Synth", True, "bass"),
        ("Rack", False, ""),
        (GM, False, ""),
    ]
    assert world.ports.pick_output("bass=") == [SetSink("bass", world.ports.sinks["bass"])]
    assert world.ports.port_names["bass"] == "jamtui bass"
    assert world.system.opened.count("jamtui bass") == 1  # it was kept for those who are connected to it
    world.ports.poll(LOOK_NS)
    assert world.system.closed == []  # the outlet may still be ending notes there
    world.ports.poll(LOOK_NS + 2 * LOOK_SLOWLY_NS)
    assert world.system.closed == ["Synth"]
    assert world.saved().roles.bass.port == ""


def test_two_roles_on_one_output_share_what_can_be_opened_only_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path, virtual=False)
    world.ports.pick_output("bass=Rack")
    world.ports.pick_output("lead=Rack")
    assert world.system.opened == ["Rack"]
    world.ports.pick_output("lead=Synth")
    world.ports.poll(0)
    world.ports.poll(3 * LOOK_SLOWLY_NS)
    assert world.system.closed == []
    saved = world.saved()
    assert (saved.roles.bass.port, saved.roles.lead.port) == ("Rack", "Synth")


SHARED = "share a port and channel"


def test_roles_that_share_a_channel_of_a_port_are_said_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    single = '[midi]\noutputs = "single"\nport = "Synth"\n'
    lead_on_comps = single + "[roles.lead]\nchannel = 3\n"
    warned = World(monkeypatch, tmp_path, lead_on_comps).said
    assert warned == ["lead and comp share a port and channel: set roles.comp.channel"]
    assert World(monkeypatch, tmp_path, single).said == []
    assert World(monkeypatch, tmp_path, lead_on_comps + "[roles.comp]\non = false\n").said == []
    assert World(monkeypatch, tmp_path, "[roles.lead]\nchannel = 3\n").said == [], "each has its own port"
    recovered = {"one": {"name": "jamtui", "target": "Synth", "roles": "lead"}}
    assert World(monkeypatch, tmp_path, lead_on_comps, taken_up=recovered).said == [], "not again"


def test_roles_that_are_sent_to_one_port_by_the_player_are_said_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path, "[roles.bass]\nchannel = 1\n")
    world.ports.pick_output("bass=Rack")
    assert not any(SHARED in said for said in world.said)
    world.ports.pick_output("lead=rack")
    assert world.said[-1] == "lead and bass share a port and channel: set roles.bass.channel"


def test_a_role_with_a_port_plays_into_it_beside_virtual_ports(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path, '[roles.drums]\nport = "Rack"\n')
    assert world.ports.port_names["drums"] == "Rack"
    assert world.ports.port_names["bass"] == "jamtui bass"


def test_from_one_shared_port_a_role_gets_its_own_route(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path, '[midi]\noutputs = "single"\nport = "Synth"\n')
    commands = world.ports.pick_output("drums=Rack")
    assert [type(c) for c in commands] == [SetSink, SetRoute]
    route = world.ports.routes[Role.DRUMS]
    assert (route.port, route.channel) == ("drums", 9)
    assert world.ports.port_names[world.ports.routes[Role.BASS].port] == "Synth"


@pytest.mark.parametrize("choice", ["bass", "singer=Synth", "=Synth", "bass=Nowhere"])
def test_a_wrong_choice_is_refused_and_changes_nothing(
    choice: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path)
    before = dict(world.ports.sinks)
    with pytest.raises(PortError):
        world.ports.pick_output(choice)
    assert dict(world.ports.sinks) == before
    assert world.path.read_text(encoding="utf-8") == ""


def test_cables_called_like_our_ports_are_shown_where_there_are_no_virtual_ports(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path, virtual=False)
    world.system.there_out = ["jamtui lead"]
    world.ports.poll(0)
    assert [p.name for p in world.ports.lists()[1]] == ["jamtui lead"]


def test_the_synth_has_a_sink_of_its_own_and_a_new_engine_plays_through_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path)
    before = dict(world.ports.sinks)
    first, *routed = world.ports.use_synth()
    assert first == SetSink("synth", world.ports.sinks["synth"])
    assert {name: world.ports.sinks[name] for name in before} == before
    assert SINKS[-1] == "synth"
    through = {role: (route.port, route.channel) for role, route in world.ports.routes.items()}
    assert through == {
        Role.LEAD: ("synth", 0),
        Role.BASS: ("synth", 1),
        Role.COMP: ("synth", 2),
        Role.DRUMS: ("synth", 9),
    }
    assert [c.route for c in routed if isinstance(c, SetRoute)] == list(world.ports.routes.values())
    successor = World(monkeypatch, tmp_path, taken_up=world.ports.recovery())
    assert successor.ports.routes == world.ports.routes
    assert successor.ports.sinks["synth"].placed.target == GM
    assert successor.ports.output == world.ports.output == f"playing through {GM}"


def test_a_new_engine_leaves_roles_where_they_are_that_had_left_the_synth(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path)
    world.ports.use_synth()
    world.ports.pick_output("bass=Rack")
    successor = World(monkeypatch, tmp_path, taken_up=world.ports.recovery())
    assert successor.ports.routes[Role.BASS].port == "bass"
    assert successor.ports.routes[Role.DRUMS].port == "synth"


def test_a_new_engine_waits_for_a_synth_that_is_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world = World(monkeypatch, tmp_path)
    world.ports.use_synth()
    monkeypatch.setattr(FakeSystem, "outputs", lambda _system: ())
    monkeypatch.setattr(FakeSystem, "open_output", FakeSystem.refuse)
    successor = World(monkeypatch, tmp_path, taken_up=world.ports.recovery())
    assert successor.ports.routes[Role.LEAD].port == "synth"
    assert successor.ports.sinks["synth"].placed.gone
    assert any("jamtui synth" in notice for notice in successor.ports.notices)


def test_programs_of_a_style_wait_for_its_bar_line_and_leave_configured_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path, "[roles.bass]\nprogram = 35\n")
    commands = world.ports.set_programs({Role.LEAD: 66, Role.BASS: 32}, 3840)
    assert commands == [SetRoute(Role.LEAD, world.ports.routes[Role.LEAD], 3840)]
    assert world.ports.routes[Role.LEAD].program == 66


@pytest.mark.parametrize("known", [False, True])
def test_a_port_that_fails_in_a_send_is_said_and_tried_again(
    known: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path)
    time = world.time
    commands: deque[Command] = deque()
    reports: deque[Report] = deque()
    loop = OutputLoop(
        MusicalClock(120.0), world.ports.routes, world.ports.sinks, commands, reports, Ledger(SINKS), now=time
    )
    flaky = FlakySink(time, 1, 5 * LOOK_SLOWLY_NS)

    class FlakyClient(FakeClient):
        def send_message(self, data: bytes) -> None:
            try:
                flaky.send(data)
            except PortGone as error:
                # What rtmidi raises, or what nobody knew that a driver raises.
                raise (RuntimeError if known else ValueError)("unplugged") from error

    port = OutputPort("jamtui bass", "", FlakyClient())
    monkeypatch.setattr(FakeSystem, "open_virtual_output", lambda _s, _name: port)
    monkeypatch.setattr(FakeSystem, "reopen", lambda _s, _port: False)
    world.outputs.begin()
    world.outputs.ports.arrange({"bass": Wanted(VIRTUAL, "jamtui bass")})
    outlet = world.outputs.outlet
    loop.step(0)
    commands.extend(world.ports.poll(0, loop.gone_ports()))
    assert list(world.ports.notices) == []
    commands.append(Immediate("bass", bytes((0x90, 40, 80))))
    time.advance(1)
    loop.step(time.ns)
    assert [sink for sink, _ in outlet.gone()] == ["bass"]
    for look in (1, 2, 3):
        time.advance_to(look * LOOK_SLOWLY_NS)
        commands.extend(world.ports.poll(time.ns, loop.gone_ports()))
        loop.step(time.ns)
    assert [sink for sink, _ in loop.gone_ports()] == ["bass"]
    (notice,) = world.ports.notices
    assert "jamtui bass" in notice
    assert "unplugged" in notice
    assert [text for text in world.said if "bass" in text] == [notice]
    # The next try succeeds.
    time.advance_to(5 * LOOK_SLOWLY_NS)
    monkeypatch.setattr(FakeSystem, "reopen", lambda _s, port: port.replace(FlakyClient()) is None)
    commands.extend(world.ports.poll(time.ns, loop.gone_ports()))
    loop.step(time.ns)
    commands.extend(world.ports.poll(time.ns + LOOK_SLOWLY_NS, loop.gone_ports()))
    assert list(world.ports.notices) == []
    assert world.said[-1] == "jamtui bass is back"
    assert loop.gone_ports() == ()
    assert outlet.gone() == ()
    commands.append(Immediate("bass", bytes((0x90, 43, 80))))
    loop.step(time.ns)
    assert flaky.events[-1] == (time.ns, bytes((0x90, 43, 80)))


def test_what_a_killed_engine_had_open_is_kept_for_its_successor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path)
    opened = list(world.system.opened)
    assert opened == [f"jamtui {sink}" for sink in ("lead", "bass", "comp", "drums", "thru")]
    world.ports.pick_output("bass=Synth")
    text = world.saved()
    successor = EnginePorts(
        text,
        world.path,
        world.outputs,
        null_output=False,
        on_input=lambda *_: None,
        tell=lambda words, _severity: world.said.append(words),
    )
    assert successor.port_names == world.ports.port_names
    assert world.system.opened == [*opened, "Synth"]


def test_a_killed_outlet_is_missed_and_its_successor_opens_the_ports_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path)
    world.ports.pick_output("bass=Synth")
    names = world.ports.port_names
    world.ports.poll(0)
    world.outputs.kill()
    assert world.ports.poll(LOOK_NS) == [SetSink(sink, None) for sink in names]
    assert world.said[-1] == "the process that owns the MIDI outputs died; it is started again"
    with pytest.raises(PortGone, match="started again"):
        world.ports.sinks["bass"].send(b"\x91\x24\x40")
    assert world.ports.poll(2 * LOOK_NS) == []
    with pytest.raises(PortError):
        world.ports.pick_output("bass=Rack")
    world.outputs.reached = True
    opened = len(world.system.opened)
    assert world.ports.poll(3 * LOOK_NS) == [SetSink(sink, world.ports.sinks[sink]) for sink in names]
    assert world.said[-1] == "the MIDI outputs are back"
    assert world.ports.port_names == names
    assert len(world.system.opened) == opened + len(names)
    world.ports.sinks["bass"].send(b"\x91\x24\x40")


def test_a_sink_that_could_not_take_a_message_is_tried_again_soon(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path)
    world.ports.poll(0)
    failed = (("bass", "more is to be sent than the ports take"),)
    assert world.ports.poll(1, failed) == []
    assert world.ports.poll(400_000_000, failed) == []
    assert world.ports.poll(500_000_001, failed) == [SetSink("bass", world.ports.sinks["bass"])]
    assert world.ports.poll(500_000_002) == []


class AwaySystem(FakeSystem):
    """A JACK server that is not there until ``answers``."""

    def __init__(self, api: str) -> None:
        super().__init__()
        self.api, self.served_by = api, "JACK"
        self.alive = False
        self.has_virtual_ports = api == "jack"
        self.reason = "no JACK server answers"
        self.answers = False

    def revive(self) -> bool:
        if self.answers:
            self.alive, self.api, self.has_virtual_ports = True, "jack", True
        return self.alive

    def reopen(self, port: OutputPort | InputPort) -> bool:
        return self.alive and super().reopen(port)

    def _refuse(self, name: str) -> None:
        if not self.alive:
            raise PortError(JACK_AWAY)


def test_an_engine_that_starts_while_jack_is_away_says_so_once_and_is_there_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    away, inputs = AwaySystem("jack"), AwaySystem("jack")
    world = World(monkeypatch, tmp_path, midi=away, inputs=cast(MidiSystem, inputs))
    assert world.ports.notices == (JACK_AWAY,)
    for look in range(4):
        world.ports.poll(look * LOOK_SLOWLY_NS)
    assert world.said == [JACK_AWAY]
    assert world.ports.notices == (JACK_AWAY,)
    assert world.ports.sinks["lead"].placed.gone
    away.answers = inputs.answers = True
    commands = world.ports.poll(5 * LOOK_SLOWLY_NS)
    assert {c.port for c in commands if isinstance(c, SetSink) and c.sink} >= {"lead", "bass", "comp"}
    assert world.ports.notices == ()
    assert [text for text in world.said if "back" in text] == [JACK_AWAY, "the JACK server is back"]


def test_a_band_without_midi_has_the_ports_that_it_wanted_when_jack_comes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    away, inputs = AwaySystem("none"), AwaySystem("none")
    world = World(monkeypatch, tmp_path, midi=away, inputs=cast(MidiSystem, inputs))
    world.ports.poll(0)
    assert world.ports.output == "null output: no JACK server answers"
    assert (world.ports.notices, world.said) == ((), [])
    assert world.ports.sinks["lead"].placed.kind == NULL
    away.answers = inputs.answers = True
    served = {
        c.port: c.sink
        for look in range(1, 4)
        for c in world.ports.poll(look * LOOK_SLOWLY_NS)
        if isinstance(c, SetSink)
    }
    assert world.ports.output == "virtual ports jamtui lead, bass, comp, drums (JACK)"
    assert {"lead", "bass", "comp", "drums", "thru"} <= set(served)
    assert world.ports.sinks["lead"].placed.kind == VIRTUAL
    assert set(away.opened) >= {"jamtui lead", "jamtui thru"}
    assert len(away.opened) == len(set(away.opened))
    assert world.said == ["a JACK server is there"]


def test_without_any_midi_system_the_output_is_none_and_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    system = MidiSystem("none")
    system.reason = ""
    monkeypatch.setattr(FakeSystem, "__init__", _no_system)
    world = World(monkeypatch, tmp_path, inputs=system)
    assert world.ports.output == "null output: no MIDI"
    assert world.ports.port_names["lead"] == "none (no MIDI)"
    assert world.ports.recovery() == {}


def test_an_output_that_is_none_is_no_port_whatever_its_reason() -> None:
    assert not Placed("jamtui lead", kind=NULL).is_port
    assert Placed("jamtui lead", reason="an old one", kind=VIRTUAL).is_port


def test_the_outputs_are_listed_no_more_than_every_two_seconds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path)
    listed: list[int] = []
    there = FakeSystem.outputs

    def outputs(system: FakeSystem) -> tuple[str, ...]:
        listed.append(1)
        return there(system)

    monkeypatch.setattr(FakeSystem, "outputs", outputs)
    ports = world.outputs.ports
    for quarter in range(9):
        ports.look(quarter * LOOK_NS)
        ports.view()
    assert len(listed) == 2
    world.system.there_out.append("New")
    ports.look(9 * LOOK_NS)
    assert "New" not in ports.view().outputs
    ports.assign("bass", Wanted(NULL, "jamtui bass", reason="a test"))
    assert "New" in ports.view().outputs
    world.system.there_out.append("Newer")
    ports.arrange({"bass": Wanted(NULL, "jamtui bass", reason="a test")})
    assert "Newer" in ports.view().outputs


def test_a_change_has_the_outputs_listed_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    world = World(monkeypatch, tmp_path)
    world.ports.pick_output("bass=Rack")
    world.ports.poll(0)
    world.system.there_out.remove("Rack")
    ports = world.outputs.ports
    ports.look(LOOK_SLOWLY_NS)
    view = ports.view()
    assert [c.kind for c in view.changes] == ["lost"]
    assert "Rack" not in view.outputs


def test_the_output_loop_is_told_once_that_a_port_went_and_once_that_it_is_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path, '[roles.drums]\nport = "Rack"\n')
    world.ports.poll(0)

    def looks() -> list[Command]:
        """What the loop is told in the course of many looks."""
        nonlocal start
        start += 10 * LOOK_SLOWLY_NS
        return [c for n in range(20) for c in world.ports.poll(start + n * LOOK_NS)]

    start = 0
    assert looks() == []
    world.system.there_out.remove("Rack")
    assert looks() == [SetSink("drums", None)]
    world.system.there_out.append("Rack")
    assert looks() == [SetSink("drums", world.ports.sinks["drums"])]
    # Gone and back again between two of the engine's looks: the outlet has seen it.
    world.system.there_out.remove("Rack")
    world.outputs.ports.look(start + 8 * LOOK_SLOWLY_NS)
    world.system.there_out.append("Rack")
    world.outputs.ports.look(start + 9 * LOOK_SLOWLY_NS)
    assert looks() == [SetSink("drums", world.ports.sinks["drums"])]
    assert [said for said in world.said if "Rack" in said][-1].endswith("again")


def test_a_refused_choice_does_not_swallow_what_came_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path, refused=("jamtui bass",))
    world.ports.poll(0)
    world.system.refused.clear()
    world.outputs.ports.look(LOOK_SLOWLY_NS)  # the outlet's own look: nobody was told yet
    with pytest.raises(PortError):
        world.ports.pick_output("lead=Nowhere")
    assert SetSink("bass", world.ports.sinks["bass"]) in world.ports.poll(1)
    assert world.said[-1] == "jamtui bass is back"


def test_an_older_answer_says_nothing_of_where_a_sink_leads_now() -> None:
    change = PortChange("back", False, "jamtui bass", "jamtui bass is back")
    old = OutputsView("alsa", "", {"lead": Placed("jamtui lead", gone="unplugged")}, changes=(change,))
    new = OutputsView("alsa", "", {"lead": Placed("jamtui lead"), "synth": Placed("jamtui synth", GM)})
    ((kind, view),) = brought_up([("arrange", old)], new)
    assert (kind, view.changes, view.sinks) == ("arrange", (change,), new.sinks)


def test_a_synth_that_is_chosen_while_a_new_outlet_opens_the_ports_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = World(monkeypatch, tmp_path)
    world.ports.poll(0)
    world.outputs.kill()
    world.ports.poll(LOOK_NS)
    world.outputs.begin()
    world.outputs.arrange_soon(
        {s: Wanted(VIRTUAL, f"jamtui {s}") for s in ("lead", "bass", "comp", "drums", "thru")}
    )
    world.ports.use_synth()
    commands = world.ports.poll(2 * LOOK_NS)
    assert SetSink("synth", world.ports.sinks["synth"]) in commands
    assert world.ports.recovery()["synth"]["target"] == GM


def test_ports_that_the_outlet_failed_to_open_are_said_and_known_to_be_away(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = OutputsView("alsa", "", {"lead": Placed("jamtui lead", kind=VIRTUAL)}, refused="the driver")
    monkeypatch.setattr(Direct, "arrange", lambda *_: broken)
    world = World(monkeypatch, tmp_path)
    assert "not all MIDI outputs could be opened: the driver" in world.said
    assert not world.ports.sinks["lead"].placed.gone
    with pytest.raises(PortGone, match="the driver"):
        world.ports.sinks["bass"].send(b"\x90\x24\x40")


def _no_system(system: FakeSystem, **_how: object) -> None:
    system.api, system.served_by, system.reason = "none", "", ""
    system.alive = system.has_virtual_ports = False
    system.there_in, system.there_out, system.closed, system.opened = [], [], [], []
    system.refused = set()
