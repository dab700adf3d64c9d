"""Keeping the ports that were asked for: what disappears is missed at once and found again by itself.

Looking costs 0.02 ms on JACK. A receiver that vanishes does not make a send fail there or on ALSA, so names
are compared instead.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from jamtui.errors import PortError
from jamtui.midi import names
from jamtui.midi.port import Callback, InputPort, OutputPort
from jamtui.midi.ports import JACK_AWAY, MidiSystem, away

LOOK_NS = 250_000_000
"""Time between two looks at the ports."""
LOOK_SLOWLY_NS = 1_000_000_000
"""The same where looking holds the interpreter lock (not JACK), and between tries to reach a lost server."""
RETRY_NS = 2_000_000_000
"""Time between two tries to open a port that is there but refuses."""


@dataclass(frozen=True, slots=True)
class PortChange:
    """``kind`` is ``new``, ``lost``, ``back``, ``refused``, or ``parted`` for a virtual input of ours that
    somebody who played into it was taken from; ``text`` is for the musician."""

    kind: str
    is_input: bool
    name: str
    text: str


class PortKeeper:
    """Opens inputs as they come, and reopens what was lost.

    Args:
        system: the ports.
        patterns: inputs that are wanted (``jamtui.midi.names.choose_inputs``).
        receiver: makes the callback for an input of a given name.
        ignored: inputs that are not wanted although ``patterns`` mean them.
        taken: names of further ports that are no inputs of ours: the band plays through or into them.
    """

    def __init__(
        self,
        system: MidiSystem,
        patterns: Iterable[str],
        receiver: Callable[[str], Callback],
        ignored: Iterable[str] = (),
        taken: Callable[[], set[str]] = set,
    ) -> None:
        self._system = system
        self._further = taken
        self._patterns = tuple(patterns)
        self._ignored = tuple(ignored)
        self._receiver = receiver
        self._inputs: dict[str, InputPort] = {}
        self._own: list[OutputPort | InputPort] = []
        self._players: dict[str, frozenset[str]] = {}
        self._refused: dict[str, int] = {}
        self._down = False
        self._away = JACK_AWAY
        """What is said while the server is gone."""
        self._next_look = 0
        self._missing: dict[str, str] = {}

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs that are open and there."""
        return tuple(name for name, port in self._inputs.items() if not port.gone)

    @property
    def known(self) -> tuple[str, ...]:
        """Names of all inputs that are listened to, whether they are there now or not, ours among them."""
        return (*self._inputs, *(port.name for port in self._own if isinstance(port, InputPort)))

    @property
    def patterns(self) -> tuple[str, ...]:
        """What is wanted: the patterns given at first, and inputs that were taken since."""
        return self._patterns

    @property
    def ignored(self) -> tuple[str, ...]:
        """What is not wanted although the patterns mean it."""
        return self._ignored

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not there, in sentences for the screen, until it is. A keyboard that is wanted by its name
        and was never there is among it while there is no other."""
        if self._system.api != "none" and not self._system.alive:
            return (self._away,)  # no port is there then, and there is but one thing to do
        missing = tuple(self._missing.values())
        if self.inputs or not self._system.alive:
            return missing
        named = (p for p in self._patterns if not names.is_wild(p))
        unknown = (p for p in named if not any(names.matches(p, name) for name in self._inputs))
        return (*missing, *(f'the keyboard "{pattern}" is not there; plug it in' for pattern in unknown))

    def keep(self, port: OutputPort | InputPort) -> None:
        """Watch a port that was opened elsewhere: a virtual one, or an output with a target."""
        self._own.append(port)
        if port.gone:
            self._missing[port.name] = _missing_text(port)

    def drop(self, port: OutputPort | InputPort) -> None:
        """Watch it no longer; it is not closed."""
        self._own = [p for p in self._own if p is not port]
        self._missing.pop(port.name, None)

    def toggle_input(self, name: str) -> bool:
        """Stop listening to an input, or listen to it; True when it is used from now on.

        Raises:
            PortError: the band plays into that port.
        """
        if name in self._inputs or self._chosen([name]):
            self._patterns = tuple(p for p in self._patterns if p.lower() != name.lower())
            if self._chosen([name]):
                self._ignored = (*self._ignored, name)
            port = self._inputs.pop(name, None)
            if port is not None:
                self._system.forget(port)
            self._refused.pop(name, None)
            self._missing.pop(name, None)
            return False
        if name in self._taken():
            raise PortError(f"the band plays into {name}, so it does not listen to it")
        self._ignored = tuple(i for i in self._ignored if i.lower() != name.lower())
        if not self._chosen([name]):
            self._patterns = (*self._patterns, name)
        self._next_look = 0
        return True

    def poll(self, now_ns: int) -> list[PortChange]:
        """Look, if it is time. Call it every few dozen milliseconds from the thread that opens ports."""
        if now_ns < self._next_look:
            return []
        self._next_look = now_ns + (LOOK_NS if self._system.api == "jack" else LOOK_SLOWLY_NS)
        changes: list[PortChange] = []
        revived = not self._system.alive
        if revived:
            if self._system.api != "none" and not self._down:
                self._down = True
                self._away = away(self._system.served_by)
                changes.append(PortChange("lost", False, "JACK", self._away))
            if not self._system.revive():
                self._next_look = now_ns + LOOK_SLOWLY_NS
                return changes
            jack = "the JACK server" if self._down else "a JACK server"
            server = "PipeWire" if self._system.served_by == "PipeWire" else jack
            text = f"{server} is {'back' if self._down else 'there'}"
            self._down = False
            changes.append(PortChange("back", False, "JACK", text))
            # A keyboard that is not back with it is said to be missing; `_look_for_inputs` takes that back.
            lost = (n for n, port in self._inputs.items() if port.gone)
            self._missing.update((n, f"the input {n} is not there; plug it in again") for n in lost)
        for port in self._own:
            self._look_at(port, changes, revived=revived)
        self._look_for_inputs(now_ns, changes)
        return changes

    def _look_at(self, port: OutputPort | InputPort, changes: list[PortChange], *, revived: bool) -> None:
        is_input = isinstance(port, InputPort)
        if is_input and not port.gone:
            players = frozenset(self._system.connections(port))
            parted = self._players.get(port.name, frozenset()) - players
            self._players[port.name] = players
            for player in sorted(parted):
                text = f"{player} is no longer connected to {port.name}"
                changes.append(PortChange("parted", True, port.name, text))
        if not port.gone and not self._system.is_there(port):
            port.gone = f"{port.target} disappeared"
        if port.gone and port.name not in self._missing and not revived:
            # Also a port that failed in a send before anybody looked.
            self._missing[port.name] = _missing_text(port)
            changes.append(PortChange("lost", is_input, port.name, self._missing[port.name]))
        if port.gone and self._system.reopen(port):
            self._missing.pop(port.name, None)
            where = f"{port.name} plays into {port.target} again" if port.target else f"{port.name} is back"
            changes.append(PortChange("back", is_input, port.name, where))

    def _look_for_inputs(self, now_ns: int, changes: list[PortChange]) -> None:
        if not (self._patterns or self._inputs):
            return
        there = self._chosen(self._system.inputs())
        for name, port in self._inputs.items():
            if not port.gone and (name not in there or not self._system.is_there(port)):
                port.gone = f"{name} disappeared"
                self._missing[name] = f"the input {name} disappeared; plug it in again"
                changes.append(PortChange("lost", True, name, self._missing[name]))
            if port.gone and name in there and self._system.reopen(port):
                self._missing.pop(name, None)
                changes.append(PortChange("back", True, name, f"the input {name} is back"))
        for name in there:
            if name in self._inputs or now_ns < self._refused.get(name, 0):
                continue
            try:
                self._inputs[name] = self._system.open_input(name, self._receiver(name))
            except PortError as error:
                if name not in self._refused:
                    changes.append(PortChange("refused", True, name, str(error)))
                self._refused[name] = now_ns + RETRY_NS
                self._missing[name] = str(error)
            else:
                self._refused.pop(name, None)
                self._missing.pop(name, None)
                changes.append(PortChange("new", True, name, f"listening to {name}"))
        for name in [n for n in self._refused if n not in there]:
            del self._refused[name]
            self._missing.pop(name, None)

    def _chosen(self, available: Iterable[str]) -> tuple[str, ...]:
        return names.choose_inputs(
            self._patterns, available, self._taken(), self._ignored, self._system.software_inputs()
        )

    def _taken(self) -> set[str]:
        taken = {port.target for port in self._own if isinstance(port, OutputPort)}
        return taken | {port.name for port in self._own} | self._further()


def _missing_text(port: OutputPort | InputPort) -> str:
    if not port.target:
        return f"{port.name}: {port.gone}; trying again"
    return f"{port.name}: {port.gone}; open it again and the band plays on"
