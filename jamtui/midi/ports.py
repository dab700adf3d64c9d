"""MIDI ports over python-rtmidi, with what rtmidi leaves to its user: which API, names, silence, loss.

One thread opens and closes; each output port has one writer; the input callback runs in an input thread
and should only enqueue. rtmidi's clients themselves are in `jamtui.midi.clients`.
"""

import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

from jamtui.errors import PortError
from jamtui.midi import names
from jamtui.midi.apis import APIS, NOT_BUILT, TITLE, VIRTUAL
from jamtui.midi.clients import Client, Clients, reach
from jamtui.midi.jack import JackControl
from jamtui.midi.pipewire import nobody_serves
from jamtui.midi.port import Callback, InputPort, NullOutput, OutputPort, close_client, delete_client
from jamtui.midi.pump import InputPump

__all__ = ["APIS", "Callback", "InputPort", "MidiSystem", "NullOutput", "OutputPort"]

_RETIRED_S = 0.02
"""A thread that had picked up a send or a fetch before the port was closed is through with it by then."""


def away(served_by: str) -> str:
    """What a band that plays through ``served_by`` (`MidiSystem.served_by`) is told while that is away."""
    server = served_by if served_by == "PipeWire" else "the JACK server"
    return f"{server} stopped; start it again and the band is back"


JACK_AWAY = away("JACK")

_Port = TypeVar("_Port", OutputPort, InputPort)


class MidiSystem:
    """The MIDI ports of this machine through one API.

    Args:
        api: ``auto``, one of ``APIS``, or ``none``. ``auto`` takes JACK where a server answers, else the
            system's own.
        outside: moves the times at which the thread that fetches input on JACK looks
            (`jamtui.playback.quiet.Quiet.outside`).
        awaited: others of the band play through JACK (``api`` is ``jack``): where no server answers now, this
            is JACK all the same, not ``alive`` until ``revive``. Otherwise it is ``none`` until then.
    """

    def __init__(
        self,
        api: str = "auto",
        outside: Callable[[int], int] | None = None,
        *,
        awaited: bool = False,
    ) -> None:
        # Asking JACK for ports must not start a server behind the musician's back.
        os.environ.setdefault("JACK_NO_START_SERVER", "1")
        self.api = "none"
        self.reason = ""
        """Why there are no ports, empty where there are."""
        self._clients: Clients | None = None
        self._awaits_jack = False
        self._pump = InputPump(outside)
        self._ports: list[OutputPort | InputPort] = []
        self._dead: list[Clients] = []
        reasons: list[str] = []
        wanted = APIS if api == "auto" else () if api == "none" else (api,)
        for candidate in wanted:
            reason = JACK_AWAY if awaited and nobody_serves() else self._try(candidate)
            if not reason:
                self.api = candidate
                return
            self._awaits_jack |= candidate == "jack" and reason != NOT_BUILT
            if reason != NOT_BUILT or api != "auto":
                reasons.append(reason)
        self.reason = "; ".join(reasons) if reasons else "MIDI is turned off (midi.api)"
        if awaited and self._awaits_jack:
            self.api = "jack"

    def _try(self, api: str) -> str:
        """Reach ``api``; why that is not possible, empty where it is."""
        try:
            self._clients = reach(api, self._jack_gone)
        except PortError as error:
            return str(error)
        return ""

    @property
    def served_by(self) -> str:
        """What the musician knows the system behind the ports as."""
        return TITLE[self.api] if self._clients is None else self._clients.served_by

    @property
    def has_virtual_ports(self) -> bool:
        """Whether ports of our own can be made for others to connect to."""
        return self.api in VIRTUAL

    @property
    def alive(self) -> bool:
        """False once the JACK server is gone, or where it was not there yet; see ``revive``."""
        return self._clients is not None and self._clients.alive

    @property
    def jack(self) -> JackControl | None:
        """The connection graph, on JACK only."""
        return None if self._clients is None else self._clients.jack

    def inputs(self) -> tuple[str, ...]:
        """Clean names of all inputs, our own among them (``names.is_ours``)."""
        return () if self._clients is None else self._clients.clean(inputs=True)

    def outputs(self) -> tuple[str, ...]:
        """Clean names of all outputs, our own inputs among them."""
        return () if self._clients is None else self._clients.clean(inputs=False)

    def software_inputs(self) -> frozenset[str]:
        """Those of ``inputs`` that another program makes, as a DAW does, where that can be told (JACK)."""
        return frozenset() if self._clients is None else self._clients.software_inputs()

    def connections(self, port: OutputPort | InputPort) -> tuple[str, ...]:
        """Clean names of what a virtual port of ours is connected to, where that can be told (JACK)."""
        jack = self.jack
        if jack is None or port.target:
            return ()
        return names.clean_all(jack.connections(port.full_name), self.api)

    def prepare(self, inputs: int = 2) -> None:
        """Keep rtmidi clients ready, so that a keyboard plugged in while playing costs the beat nothing."""
        if self._clients is not None:
            self._clients.prepare(inputs)

    def open_virtual_output(self, name: str) -> OutputPort:
        """A port of our own that others can listen to.

        Raises:
            PortError: the system has no virtual ports or refuses.
        """
        client, full_name = self._virtual(name, inputs=False)
        return self._keep(OutputPort(name, "", client, full_name))

    def open_virtual_input(self, name: str, callback: Callback) -> InputPort:
        """A port of our own that others can play into.

        Raises:
            PortError: the system has no virtual ports or refuses.
        """
        client, full_name = self._virtual(name, inputs=True)
        return self._listen(InputPort(name, "", client, callback, full_name, queued=self.api == "jack"))

    def open_output(self, pattern: str, name: str = "jamtui out") -> OutputPort:
        """The existing output that ``pattern`` means (``names.find``); ``name`` is what others see of us.

        Raises:
            PortError: there is none, or it is taken.
        """
        clients, target = self._find(pattern, inputs=False)
        client, full_name = clients.attach(target, name, inputs=False)
        return self._keep(OutputPort(name, target, client, full_name))

    def open_input(self, pattern: str, callback: Callback, name: str = "jamtui keys") -> InputPort:
        """The existing input that ``pattern`` means.

        Raises:
            PortError: there is none, or it is taken.
        """
        clients, target = self._find(pattern, inputs=True)
        client, full_name = clients.attach(target, name, inputs=True)
        return self._listen(InputPort(name, target, client, callback, full_name, queued=self.api == "jack"))

    def await_output(self, target: str, name: str) -> OutputPort:
        """A port for a target that is not there yet or, with an empty one, a virtual port that the system has
        just refused: see ``reopen``."""
        return self._keep(OutputPort(name, target, None))

    def await_virtual_input(self, name: str, callback: Callback) -> InputPort:
        """The same for a virtual input."""
        return self._listen(InputPort(name, "", None, callback, queued=self.api == "jack"))

    def is_there(self, port: OutputPort | InputPort) -> bool:
        """Whether what the port belongs to still exists (a virtual port: while the system is alive)."""
        clients = self._clients
        if clients is None or not clients.alive:
            return False
        if not port.target:
            return True
        if port.client is None:
            return False
        raw = clients.raw_name(port.target, inputs=isinstance(port, InputPort))
        if raw is None or clients.jack is None:
            return raw is not None
        return raw in clients.jack.connections(port.full_name)

    def reopen(self, port: OutputPort | InputPort) -> bool:
        """Bring back a port whose target was gone; False while it is still away."""
        clients, inputs = self._clients, isinstance(port, InputPort)
        if clients is None or not clients.alive:
            return False
        try:
            if clients.has_end(port.full_name, inputs=inputs):
                raw = clients.raw_name(port.target, inputs=inputs)
                if raw is None or not clients.connect(port.full_name, raw, inputs=inputs):
                    return False
                port.gone = ""
                return True
            if port.target:
                _, port.target = self._find(port.target, inputs=inputs)
                old = port.client
                if clients.jack is None and old is not None:
                    close_client(old)
                    self._retire(old)
                port.replace(*clients.attach(port.target, port.name, inputs=inputs))
            else:
                port.replace(*self._virtual(port.name, inputs=inputs))
        except PortError:
            return False
        return True

    def revive(self) -> bool:
        """After the JACK server went, or where there was nothing because none answered: True when one answers
        and the ports can be reopened."""
        if self.alive or not (self._awaits_jack or self._clients is not None):
            return self.alive
        dead = self._clients
        if self._try("jack"):
            return False
        self.api, self.reason = "jack", ""
        if dead is not None:
            # Its clients are not deleted, that would wait a second for a thread that is no more.
            self._dead.append(dead)
        return True

    def close(self) -> None:
        """Close every port that was opened here."""
        self._pump.close()
        ports, self._ports = self._ports, []
        if self.alive:
            for port in ports:
                port.close()
            for port in ports:
                if port.client is not None:
                    delete_client(port.client)
        if self._clients is not None:
            self._clients.close()

    def forget(self, port: OutputPort | InputPort) -> None:
        """Close one port for good."""
        if isinstance(port, InputPort):
            self._pump.remove(port)
        if port in self._ports:
            self._ports.remove(port)
            if self.alive:
                port.close()
                if port.client is not None:
                    self._retire(port.client)

    def _retire(self, client: Any) -> None:
        """Delete a closed client, once no thread can still be about to call it."""
        time.sleep(_RETIRED_S)
        delete_client(client)

    def _listen(self, port: InputPort) -> InputPort:
        if self.api == "jack":
            self._pump.add(port)
        return self._keep(port)

    def _jack_gone(self) -> None:
        for port in list(self._ports):
            port.gone = "the JACK server stopped"

    def _keep(self, port: _Port) -> _Port:
        self._ports.append(port)
        return port

    def _virtual(self, name: str, *, inputs: bool) -> Client:
        if not self.has_virtual_ports:
            raise PortError(
                self.reason
                or f"{TITLE[self.api]} has no virtual ports; name existing ones in the configuration"
            )
        return self._reached().virtual(name, inputs=inputs)

    def _find(self, pattern: str, *, inputs: bool) -> tuple[Clients, str]:
        """The port that ``pattern`` means, and who can attach to it."""
        kind = "input" if inputs else "output"
        if self.api == "none":
            raise PortError(f"no MIDI {kind} can be opened: {self.reason}")
        clients = self._reached()
        available = clients.clean(inputs=inputs)
        found = names.find(pattern, available)
        if found is None:
            listed = ", ".join(n for n in available if not names.is_ours(n)) or "none"
            raise PortError(f'there is no MIDI {kind} "{pattern}"; connect it or choose one of: {listed}')
        return clients, found

    def _reached(self) -> Clients:
        if self._clients is None or not self._clients.alive:
            raise PortError(away(self.served_by))
        return self._clients
