"""The engine's ports: the sinks of the roles, the open inputs, and what to say of both.

Ports are opened and looked for in the planning thread; the output thread is handed new sinks by
``SetSink`` commands and never waits for a port.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from jamtui.config import Config, MidiConfig
from jamtui.errors import PortError
from jamtui.midi import names
from jamtui.midi.hotplug import PortKeeper
from jamtui.midi.port import Callback, InputPort, NullOutput, OutputPort
from jamtui.midi.ports import MidiSystem
from jamtui.midi.synth import find_synth
from jamtui.music.phrase import Role
from jamtui.playback.commands import Command, Route, SetRoute, SetSink
from jamtui.playback.quiet import Quiet
from jamtui.processes.choices import Choices
from jamtui.processes.sinks import CLOCK, ONE, SYNTH, THRU
from jamtui.session.snapshot import PortView

_LEFT_NS = 1_000_000_000
"""Time between a role's leaving a port and the port's closing."""
_SETTLE_NS = 1_000_000_000
"""Within this after a port's return the output loop has surely heard of it."""
_SYNTH_CHANNELS = {Role.LEAD: 0, Role.BASS: 1, Role.COMP: 2, Role.DRUMS: 9}

Output = OutputPort | NullOutput


class EnginePorts:
    """Opens what the configuration names and keeps it open.

    Args:
        on_input: called from rtmidi's threads with (stamp ns, input's name, message).
        null_output: open no outputs at all.
        tell: one sentence and its severity for the event line.
        taken_up: what `recovery` said in an engine that died: roles that played through the synth do again.
    """

    def __init__(
        self,
        config: Config,
        config_file: Path,
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
        self._virtual: dict[str, OutputPort] = {}
        self._leaving: list[tuple[OutputPort, int]] = []
        self._tell = tell
        self._on_input = on_input
        self.system = MidiSystem(midi.api, outside=None if quiet is None else quiet.outside)
        self._keeper = PortKeeper(self.system, midi.inputs, self._receiver, midi.ignore)
        self._sinks: dict[str, Output] = {}
        self._settling: dict[str, int] = {}
        self.output = ""
        self.routes: dict[Role, Route] = {}
        self._open_outputs(midi, null_output=null_output)
        synth = taken_up.get(SYNTH)
        if synth is not None and not null_output:
            self._sinks[SYNTH] = self._output("ports", SYNTH, synth["target"])
            self._through_synth(synth["roles"].split(), synth["target"])
        self._open_virtual_input()
        self.system.prepare(1)
        self._ports: tuple[tuple[PortView, ...], tuple[PortView, ...], str] = ((), (), "")
        self._next_list = 0

    @property
    def sinks(self) -> Mapping[str, Output]:
        """Open sinks by name."""
        return self._sinks

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the open inputs that are not our own."""
        return self._keeper.inputs

    @property
    def notices(self) -> tuple[str, ...]:
        """What is missing, in sentences, until it is there."""
        return self._keeper.missing

    @property
    def port_names(self) -> dict[str, str]:
        """What the musician sees each sink as."""
        return {
            name: (port.target or port.name) if isinstance(port, OutputPort) else f"none ({port.reason})"
            for name, port in self._sinks.items()
        }

    def recovery(self) -> dict[str, dict[str, str]]:
        """For the supervisor and the successor, should this process die: our port's name, its target and the
        roles that play there, by sink."""
        return {
            name: {
                "name": port.name,
                "target": port.target,
                "roles": " ".join(role.value for role, route in self.routes.items() if route.port == name),
            }
            for name, port in self._sinks.items()
            if isinstance(port, OutputPort)
        }

    def poll(self, ns: int, failed: Iterable[tuple[str, str]] = ()) -> list[Command]:
        """Look for ports that came or went; what the output loop has to know.

        Args:
            failed: sinks that failed in the output loop, with the reason (``OutputLoop.gone_ports``).
        """
        commands: list[Command] = []
        for sink, reason in failed:
            port = self._sinks.get(sink)
            if isinstance(port, OutputPort) and not port.gone and ns >= self._settling.get(sink, 0):
                # Whatever the driver raised: the keeper says it and tries again.
                port.gone = reason
        for change in self._keeper.poll(ns):
            self._tell(change.text, "info" if change.kind in ("new", "back") else "warning")
            if change.is_input and change.kind in ("lost", "parted"):
                self._gone.append(change.name)
            for sink, port in self._sinks.items():
                if isinstance(port, OutputPort) and port.name == change.name:
                    if change.kind == "back":
                        self._settling[sink] = ns + _SETTLE_NS
                        commands.append(SetSink(sink, port))
                    elif change.kind == "lost":
                        commands.append(SetSink(sink, None))
            if change.name == "JACK" and change.kind == "back":
                self._settling = dict.fromkeys(self._sinks, ns + _SETTLE_NS)
                commands += [SetSink(s, p) for s, p in self._sinks.items()]
            elif change.name == "JACK":
                self._gone += self._keeper.known
        if self._leaving:
            self._close_left(ns)
        for problem in self._choices.problems():
            self._tell(problem, "warning")
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
        old = self._sinks.get(sink)
        if target:
            port: Output = self._play_into(target, f"{names.PREFIX}{sink} out")
        else:
            port = self._virtual.pop(sink, None) or self._output(
                "virtual" if self.system.has_virtual_ports else "ports", sink, ""
            )
        self._sinks[sink] = port
        if isinstance(old, OutputPort) and old is not port:
            self._put_away(sink, old)
        commands: list[Command] = [SetSink(sink, port)]
        if route.port != sink:
            self.routes[role] = replace(route, port=sink, channel=self._config.role(sink).channel - 1)
            commands.append(SetRoute(role, self.routes[role]))
        self.output = self._describe("virtual" if self._all_virtual() else "ports")
        self._choices.save({"roles": {sink: {"port": target}}})
        self._tell(f"{sink} plays into {target or 'its own port'}", "info")
        self._next_list = 0
        return commands

    def use_synth(self) -> list[Command]:
        """Send the whole band to the General MIDI synth that was found.

        Raises:
            PortError: there is none.
        """
        synth = find_synth(n for n in self.system.outputs() if not names.is_ours(n))
        if synth is None:
            raise PortError("no General MIDI synth was found; start FluidSynth, then press the key again")
        port = self._play_into(synth, f"{names.PREFIX}{SYNTH}")
        self._sinks[SYNTH] = port
        self._next_list = 0
        return [SetSink(SYNTH, port), *self._through_synth([role.value for role in Role], synth)]

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
        """Close every port."""
        self._choices.close()
        self.system.close()

    def _put_away(self, sink: str, port: OutputPort) -> None:
        """A role has left ``port``: a virtual one is kept, for those who are connected to it."""
        if not port.target:
            self._virtual[sink] = port
        elif not any(p is port for p in self._sinks.values()):
            self._keeper.drop(port)
            self._leaving.append((port, 0))

    def _close_left(self, ns: int) -> None:
        """Close ports that roles left, when the output loop has surely sent its last into them."""
        waiting = [(port, due or ns + _LEFT_NS) for port, due in self._leaving]
        self._leaving = [(port, due) for port, due in waiting if due > ns]
        for port, due in waiting:
            if due <= ns:
                self.system.forget(port)

    def _play_into(self, pattern: str, name: str) -> OutputPort:
        """The port that plays into what ``pattern`` means: one that is open already, for some systems let a
        port be opened only once, else a new one called ``name``."""
        found = names.find(pattern, self.system.outputs())
        for port in self._sinks.values():
            if isinstance(port, OutputPort) and port.target and port.target == found:
                return port
        port = self.system.open_output(pattern, name)
        self._keeper.keep(port)
        return port

    def _all_virtual(self) -> bool:
        return all(isinstance(p, OutputPort) and not p.target for p in self._sinks.values())

    def _receiver(self, name: str) -> Callback:
        on_input = self._on_input

        def received(stamp_ns: int, data: bytes) -> None:
            on_input(stamp_ns, name, data)

        return received

    def _open_outputs(self, midi: MidiConfig, *, null_output: bool) -> None:
        mode = midi.outputs
        if null_output:
            mode = "none"
        elif mode == "virtual" and not self.system.has_virtual_ports:
            mode = "ports"
        shared = mode == "single"
        for role in Role:
            wanted = self._config.role(role.value)
            sink = ONE if shared else role.value
            self.routes[role] = Route(
                sink, wanted.channel - 1, wanted.program, wanted.volume, wanted.octave, wanted.offset_ms
            )
            if sink not in self._sinks:
                chosen = mode == "virtual" and bool(wanted.port)
                self._sinks[sink] = self._output(
                    "ports" if chosen else mode, role.value, midi.port if shared else wanted.port
                )
        if midi.thru:
            if mode == "virtual":
                self._sinks[THRU] = self._output(mode, THRU, "")
            elif midi.thru_port and mode != "none":
                self._sinks[THRU] = self._output("ports", THRU, midi.thru_port)
        if self._config.clock.send and self._config.clock.port and mode != "none":
            self._sinks[CLOCK] = self._output("ports", CLOCK, self._config.clock.port)
        self.output = self._describe(mode)

    def _output(self, mode: str, sink: str, pattern: str) -> Output:
        name = f"{names.PREFIX}{sink}"
        try:
            if mode == "none":
                return NullOutput(name, "null output" if self.system.api != "none" else self.system.reason)
            if mode == "virtual":
                port = self.system.open_virtual_output(name)
            elif pattern:
                return self._play_into(pattern, name)
            elif self.system.api == "none":
                return NullOutput(name, self.system.reason)
            else:
                return NullOutput(name, f"set roles.{sink}.port in the configuration")
        except PortError as error:
            self._tell(str(error), "error")
            if mode != "virtual" and not pattern:
                return NullOutput(name, str(error))
            port = self.system.await_output(pattern, name)
        self._keeper.keep(port)
        return port

    def _open_virtual_input(self) -> None:
        if not self.system.has_virtual_ports:
            return
        receiver = self._receiver(names.INPUT)
        try:
            port: InputPort = self.system.open_virtual_input(names.INPUT, receiver)
        except PortError as error:
            self._tell(str(error), "warning")
            port = self.system.await_virtual_input(names.INPUT, receiver)
        self._keeper.keep(port)

    def _describe(self, mode: str) -> str:
        if all(isinstance(p, NullOutput) for p in self._sinks.values()):
            reason = next(p.reason for p in self._sinks.values() if isinstance(p, NullOutput))
            return "null output" if reason == "null output" else f"null output: {reason}"
        system = self.system.served_by
        if mode == "virtual":
            return f"virtual ports jamtui lead, bass, comp, drums ({system})"
        return f"{', '.join(sorted(set(self.port_names.values())))} ({system})"

    def _list_ports(self) -> tuple[tuple[PortView, ...], tuple[PortView, ...], str]:
        used = set(self.inputs)
        players: dict[str, list[str]] = {}
        for role, route in self.routes.items():
            sink = self._sinks.get(route.port)
            if sink is not None and sink.target:
                players.setdefault(sink.target, []).append(role.value)
        ours = {p.target for p in self._sinks.values() if p.target}
        inputs = tuple(PortView(n, n in used) for n in self.system.inputs() if not names.is_ours(n))
        # Where we have no virtual ports, one that is called like ours is a cable made for us (loopMIDI).
        hidden = self.system.has_virtual_ports
        outputs = tuple(
            PortView(n, n in ours, ", ".join(players.get(n, ())))
            for n in self.system.outputs()
            if not (hidden and names.is_ours(n))
        )
        synth = find_synth(p.name for p in outputs)
        return inputs, outputs, synth if synth and synth not in ours else ""
