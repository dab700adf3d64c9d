"""The engine's ports: the sinks of the roles, the open inputs, and what to say of both.

Inputs are opened and looked for here, in the planning thread. The outputs are the outlet's
(``jamtui.processes.outlet``): it is told where each sink is to lead, and asked what came and went. The output
thread is handed new sinks by ``SetSink`` commands and never waits for a port.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from jamtui.config import Config
from jamtui.errors import PortError
from jamtui.midi import names
from jamtui.midi.hotplug import PortKeeper
from jamtui.midi.port import Callback, InputPort
from jamtui.midi.ports import MidiSystem
from jamtui.midi.synth import find_synth
from jamtui.music.phrase import Role
from jamtui.playback.commands import Command, Route, SetRoute
from jamtui.playback.quiet import Quiet
from jamtui.processes.choices import Choices
from jamtui.processes.engine_outputs import EngineOutputs, worth_telling
from jamtui.processes.outlet_link import Outputs, RemotePort
from jamtui.processes.placing import NULL, PORT, VIRTUAL, Placed, Wanted
from jamtui.processes.sinks import CLOCK, ONE, SYNTH, THRU
from jamtui.session.snapshot import PortView

_SYNTH_CHANNELS = {Role.LEAD: 0, Role.BASS: 1, Role.COMP: 2, Role.DRUMS: 9}


class EnginePorts:
    """Opens what the configuration names and keeps it open.

    Args:
        on_input: called from rtmidi's threads with (stamp ns, input's name, message).
        outputs: who owns the output ports.
        null_output: open no outputs at all.
        tell: one sentence and its severity for the event line.
        taken_up: what `recovery` said in an engine that died: roles that played through the synth do again.

    Raises:
        NoOutletError: it does not answer.
    """

    def __init__(
        self,
        config: Config,
        config_file: Path,
        outputs: Outputs,
        *,
        null_output: bool,
        on_input: Callable[[int, str, bytes], None],
        tell: Callable[[str, str], None],
        taken_up: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
        quiet: Quiet | None = None,
    ) -> None:
        midi = config.midi
        self._config = config
        self._choices = Choices(config_file)
        self._gone: list[str] = []
        self._tell = tell
        self._on_input = on_input
        self._out = EngineOutputs(outputs, tell)
        self._nowhere = self._out.view.api == "none"
        self.system = MidiSystem(
            midi.api if self._nowhere else self._out.view.api,
            outside=None if quiet is None else quiet.outside,
            awaited=not self._nowhere,
        )
        self._keeper = PortKeeper(
            self.system, midi.inputs, self._receiver, midi.ignore, taken=self._out.taken
        )
        self.output = ""
        self.routes: dict[Role, Route] = {}
        self._null_output = null_output
        self._moving = False
        self._virtual_input: InputPort | None = None
        mode = self._mode()
        self._route_roles(mode)
        self._want_all(mode)
        synth = taken_up.get(SYNTH)
        if synth is not None and not null_output:
            self._out.wanted[SYNTH] = self._want("ports", SYNTH, synth["target"])
        self._out.open()
        self.output = self._describe(mode)
        if synth is not None and not null_output:
            self._through_synth(synth["roles"].split(), synth["target"])
        self._open_virtual_input()
        self.system.prepare(1)
        self._ports: tuple[tuple[PortView, ...], tuple[PortView, ...], str] = ((), (), "")
        self._next_list = 0
        if not taken_up:
            self._warn_of_sharing()

    @property
    def sinks(self) -> Mapping[str, RemotePort]:
        """The sinks by name."""
        return self._out.sinks

    @property
    def priority(self) -> str:
        """The priority at which is sent, in a sentence."""
        return self._out.view.priority

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the open inputs that are not our own."""
        return self._keeper.inputs

    @property
    def notices(self) -> tuple[str, ...]:
        """What is missing, in sentences, until it is there."""
        return tuple(dict.fromkeys((*self._keeper.missing, *self._out.view.missing)))

    @property
    def port_names(self) -> dict[str, str]:
        """What the musician sees each sink as."""
        return {
            name: (at.target or at.name) if at.is_port else f"none ({at.reason})"
            for name, at in self._out.placed().items()
        }

    def places(self) -> dict[Role, Placed]:
        """Where each role that takes part leads."""
        placed = self._out.placed()
        return {
            role: placed[route.port]
            for role, route in self.routes.items()
            if self._config.role(role.value).on and route.port in placed
        }

    def recovery(self) -> dict[str, dict[str, str]]:
        """For the supervisor and the successor, should a process die: our port's name, its target and the
        roles that play there, by sink."""
        return {
            name: {
                "name": at.name,
                "target": at.target,
                "roles": " ".join(role.value for role, route in self.routes.items() if route.port == name),
            }
            for name, at in self._out.placed().items()
            if at.is_port
        }

    def poll(self, ns: int, failed: Iterable[tuple[str, str]] = ()) -> list[Command]:
        """Look for ports that came or went; what the output loop has to know.

        Args:
            failed: sinks that failed in the output loop, with the reason (``OutputLoop.gone_ports``).
        """
        commands = self._out.follow(ns, failed)
        changes = self._keeper.poll(ns)
        for change in worth_telling(changes):
            self._tell(change.text, "info" if change.kind in ("new", "back") else "warning")
        for change in changes:
            if change.name == "JACK" and change.kind == "back" and self._virtual_input is None:
                self._open_virtual_input()
            if change.is_input and change.kind in ("lost", "parted"):
                self._gone.append(change.name)
            elif change.name == "JACK" and change.kind == "lost":
                self._gone += self._keeper.known
        for problem in self._choices.problems():
            self._tell(problem, "warning")
        self._move_in()
        if ns >= self._next_list:
            self._next_list = ns + 2_000_000_000
            self._ports = self._list_ports()
        return commands

    def lists(self) -> tuple[tuple[PortView, ...], tuple[PortView, ...], str]:
        """Inputs, outputs, and a synth that was found and is not in use."""
        return self._ports

    def drain_gone(self) -> list[str]:
        """Inputs that nothing can come from any more, since the last call: what they held is let go."""
        gone, self._gone = self._gone, []
        return gone

    def toggle_input(self, name: str) -> None:
        """Use an input or leave it, and remember the choice.

        Raises:
            PortError: the band plays into that port.
        """
        used = self._keeper.toggle_input(name)
        if not used:
            self._gone.append(name)
        self._choices.save(
            {"midi": {"inputs": list(self._keeper.patterns), "ignore": list(self._keeper.ignored)}}
        )
        self._tell(f"{'listening to' if used else 'no longer listening to'} {name}", "info")
        self._next_list = 0

    def pick_output(self, choice: str) -> list[Command]:
        """Send a role to an existing port, and remember the choice.

        Args:
            choice: ``role=port name``; ``role=`` is back to its virtual port, or to none where there are no
                virtual ports.

        Raises:
            PortError: no such role or port, or it is taken.
        """
        name, _, target = (part.strip() for part in choice.partition("="))
        role = next((r for r in Role if r.value == name.lower()), None)
        if role is None or "=" not in choice:
            raise PortError(f'choose an output as role=port name, like lead=loopMIDI; not "{choice}"')
        sink, route = role.value, self.routes[role]
        if target:
            want = Wanted(PORT, f"{names.PREFIX}{sink} out", target)
        else:
            want = self._want("virtual" if self._out.view.has_virtual_ports else "ports", sink, "")
        commands: list[Command] = [self._out.assign(sink, want)]
        if route.port != sink:
            self.routes[role] = replace(route, port=sink, channel=self._config.role(sink).channel - 1)
            commands.append(SetRoute(role, self.routes[role]))
        self.output = self._describe("virtual" if self._out.all_virtual() else "ports")
        self._choices.save({"roles": {sink: {"port": target}}})
        self._tell(f"{sink} plays into {target or 'its own port'}", "info")
        self._warn_of_sharing()
        self._next_list = 0
        return commands

    def use_synth(self) -> list[Command]:
        """Send the whole band to the General MIDI synth that was found.

        Raises:
            PortError: there is none.
        """
        synth = find_synth(n for n in self._out.view.outputs if not names.is_ours(n))
        if synth is None:
            raise PortError("no General MIDI synth was found: start FluidSynth, then try again")
        placed = self._out.assign(SYNTH, Wanted(PORT, f"{names.PREFIX}{SYNTH}", synth))
        self._next_list = 0
        return [placed, *self._through_synth([role.value for role in Role], synth)]

    def _through_synth(self, roles: Iterable[str], synth: str) -> list[Command]:
        commands: list[Command] = []
        for role in map(Role, roles):
            self.routes[role] = replace(self.routes[role], port=SYNTH, channel=_SYNTH_CHANNELS[role])
            commands.append(SetRoute(role, self.routes[role]))
        if commands:
            self.output = f"playing through {synth}"
        return commands

    def set_programs(self, programs: Mapping[Role, int | None], at: int | None = None) -> list[Command]:
        """Programs of a new style for roles whose program the configuration leaves open, now or for the bar
        line at tick ``at``."""
        commands: list[Command] = []
        for role, program in programs.items():
            if self._config.role(role.value).program is None:
                self.routes[role] = replace(self.routes[role], program=program)
                commands.append(SetRoute(role, self.routes[role], at))
        return commands

    def close(self) -> None:
        """Close the inputs; the outputs are not ours to close."""
        self._choices.close()
        self.system.close()

    def _warn_of_sharing(self) -> None:
        """A channel of a port has one program and one volume."""
        users: dict[tuple[str, int], list[str]] = {}
        for role, at in self.places().items():
            if at.is_port:
                place = (at.target or at.name).lower(), self.routes[role].channel
                users.setdefault(place, []).append(role.value)
        for roles in users.values():
            if len(roles) > 1:
                who = f"{', '.join(roles[:-1])} and {roles[-1]}"
                self._tell(f"{who} share a port and channel: set roles.{roles[-1]}.channel", "warning")

    def _receiver(self, name: str) -> Callback:
        on_input = self._on_input

        def received(stamp_ns: int, data: bytes) -> None:
            on_input(stamp_ns, name, data)

        return received

    def _move_in(self) -> None:
        """Where there was no MIDI system at all when the band began, and JACK is there now: have the ports
        that were wanted."""
        if not self._nowhere or self._out.view.api == "none" or self.system.api == "none":
            return
        mode = self._mode()
        if not self._moving:
            self._moving = True
            self._out.wanted.clear()
            self._want_all(mode)
            self._out.open_soon()
        if self._null_output or any(at.is_port for at in self._out.placed().values()):
            self._nowhere = False
            self.output = self._describe(mode)

    def _mode(self) -> str:
        """The way in which the sinks lead somewhere."""
        mode = self._config.midi.outputs
        if self._null_output:
            mode = "none"
        elif mode == "virtual" and not self._out.view.has_virtual_ports:
            mode = "ports"
        return mode

    def _route_roles(self, mode: str) -> None:
        for role in Role:
            wanted = self._config.role(role.value)
            sink = ONE if mode == "single" else role.value
            self.routes[role] = Route(
                sink, wanted.channel - 1, wanted.program, wanted.volume, wanted.octave, wanted.offset_ms
            )

    def _want_all(self, mode: str) -> None:
        """Where the sinks are to lead."""
        midi = self._config.midi
        for role in Role:
            wanted = self._config.role(role.value)
            shared = mode == "single"
            sink = ONE if shared else role.value
            if sink not in self._out.wanted:
                chosen = mode == "virtual" and bool(wanted.port)
                self._out.wanted[sink] = self._want(
                    "ports" if chosen else mode, role.value, midi.port if shared else wanted.port
                )
        if midi.thru:
            if mode == "virtual":
                self._out.wanted[THRU] = self._want(mode, THRU, "")
            elif midi.thru_port and mode != "none":
                self._out.wanted[THRU] = self._want("ports", THRU, midi.thru_port)
        if self._config.clock.send and self._config.clock.port and mode != "none":
            self._out.wanted[CLOCK] = self._want("ports", CLOCK, self._config.clock.port)

    def _want(self, mode: str, sink: str, pattern: str) -> Wanted:
        name = f"{names.PREFIX}{sink}"
        view = self._out.view
        nowhere = ""
        if view.api == "none":
            nowhere = view.reason or self.system.reason or "no MIDI"
        if mode == "none":
            return Wanted(NULL, name, reason=nowhere or "null output")
        if mode == "virtual":
            return Wanted(VIRTUAL, name)
        if pattern:
            return Wanted(PORT, name, pattern)
        return Wanted(NULL, name, reason=nowhere or f"set roles.{sink}.port in the configuration")

    def _open_virtual_input(self) -> None:
        if not self.system.has_virtual_ports:
            return
        receiver = self._receiver(names.INPUT)
        try:
            port = self.system.open_virtual_input(names.INPUT, receiver)
        except PortError as error:
            if self.system.alive:  # else the keeper says it, once for all ports
                self._tell(str(error), "warning")
            port = self.system.await_virtual_input(names.INPUT, receiver)
        self._virtual_input = port
        self._keeper.keep(port)

    def _describe(self, mode: str) -> str:
        placed = self._out.placed()
        if not any(at.is_port for at in placed.values()):
            reason = next(at.reason for at in placed.values())
            return "null output" if reason == "null output" else f"null output: {reason}"
        system = self.system.served_by
        if mode == "virtual":
            return f"virtual ports jamtui lead, bass, comp, drums ({system})"
        return f"{', '.join(sorted(set(self.port_names.values())))} ({system})"

    def _list_ports(self) -> tuple[tuple[PortView, ...], tuple[PortView, ...], str]:
        used = set(self.inputs)
        players: dict[str, list[str]] = {}
        for role, route in self.routes.items():
            sink = self._out.sinks.get(route.port)
            if sink is not None and sink.placed.target:
                players.setdefault(sink.placed.target, []).append(role.value)
        ours = {at.target for at in self._out.placed().values() if at.target}
        inputs = tuple(PortView(n, n in used) for n in self.system.inputs() if not names.is_ours(n))
        # Where we have no virtual ports, one that is called like ours is a cable made for us (loopMIDI).
        hidden = self._out.view.has_virtual_ports
        outputs = tuple(
            PortView(n, n in ours, ", ".join(players.get(n, ())))
            for n in self._out.view.outputs
            if not (hidden and names.is_ours(n))
        )
        synth = find_synth(p.name for p in outputs)
        return inputs, outputs, synth if synth and synth not in ours else ""
