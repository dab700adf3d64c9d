"""MIDI ports over python-rtmidi, with what rtmidi leaves to its user: which API, names, silence, loss.

One thread opens and closes; each output port has one writer; the input callback runs in an input thread
and should only enqueue. rtmidi holds the interpreter lock in every call (see ``jamtui.midi.jack``), so on
JACK existing ports are reached by a port of our own and a connection by name, which costs the lock nothing.
"""

import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

from jamtui.errors import PortError
from jamtui.midi import names
from jamtui.midi.apis import APIS, NOT_BUILT, TITLE, VIRTUAL, code
from jamtui.midi.jack import JackControl, outlasting
from jamtui.midi.pipewire import nobody_serves, serve_jack
from jamtui.midi.port import Callback, InputPort, NullOutput, OutputPort, close_client, delete_client, quiet
from jamtui.midi.pump import QUEUE_MESSAGES, InputPump

__all__ = ["APIS", "Callback", "InputPort", "MidiSystem", "NullOutput", "OutputPort"]

JACK_AWAY = "the JACK server stopped; start it again and the band is back"
"""What a band that plays through JACK is told while no server answers."""
_RETIRED_S = 0.02
"""A thread that had picked up a send or a fetch before the port was closed is through with it by then."""

_Port = TypeVar("_Port", OutputPort, InputPort)


class MidiSystem:
    """The MIDI ports of this machine through one API.

    Args:
        api: ``auto``, one of ``APIS``, or ``none``. ``auto`` takes JACK where a server answers, else the
            system's own.
        on_input_thread: called first in the thread that fetches input on JACK, to raise its priority.
        outside: moves the times at which that thread looks (`jamtui.playback.quiet.Quiet.outside`).
        awaited: others of the band play through JACK (``api`` is ``jack``): where no server answers now, this
            is JACK all the same, not ``alive`` until ``revive``. Otherwise it is ``none`` until then.
    """

    def __init__(
        self,
        api: str = "auto",
        on_input_thread: Callable[[], object] | None = None,
        outside: Callable[[int], int] | None = None,
        *,
        awaited: bool = False,
    ) -> None:
        # Asking JACK for ports must not start a server behind the musician's back.
        os.environ.setdefault("JACK_NO_START_SERVER", "1")
        self.api = "none"
        self.reason = ""
        """Why there are no ports, empty where there are."""
        self.errors: list[str] = []
        """What rtmidi complained about, newest last, at most 20."""
        self._jack: JackControl | None = None
        self._awaits_jack = False
        self._pump = InputPump(on_input_thread, outside)
        self._scan_in: Any = None
        self._scan_out: Any = None
        self._spare_inputs: list[Any] = []
        self._ports: list[OutputPort | InputPort] = []
        self._dead: list[JackControl] = []
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
        if api == "jack":
            serve_jack()
        try:
            import rtmidi
        except ImportError as error:
            return f"python-rtmidi cannot be loaded ({error})"
        if code(rtmidi, api) not in rtmidi.get_compiled_api():
            return NOT_BUILT
        try:
            if api == "jack":
                with quiet(), outlasting():
                    self._jack = JackControl(on_shutdown=self._jack_gone)
                return ""
            with quiet():
                self._scan_in = rtmidi.MidiIn(code(rtmidi, api), name="jamtui ports")
                self._scan_out = rtmidi.MidiOut(code(rtmidi, api), name="jamtui ports")
        except PortError as error:
            return str(error)
        except (RuntimeError, OSError, SystemError) as error:
            return f"{TITLE[api]} does not answer ({error})"
        return ""

    @property
    def served_by(self) -> str:
        """What the musician knows the system behind the ports as; PipeWire answers like JACK."""
        pipewire = self._jack is not None and self._jack.on_pipewire
        return "PipeWire" if pipewire else TITLE[self.api]

    @property
    def has_virtual_ports(self) -> bool:
        """Whether ports of our own can be made for others to connect to."""
        return self.api in VIRTUAL

    @property
    def alive(self) -> bool:
        """False once the JACK server is gone, or where it was not there yet; see ``revive``."""
        return self._jack.alive if self._jack is not None else self.api not in ("none", "jack")

    @property
    def jack(self) -> JackControl | None:
        """The connection graph, on JACK only."""
        return self._jack

    def inputs(self) -> tuple[str, ...]:
        """Clean names of all inputs, our own among them (``names.is_ours``)."""
        return names.clean_all(self._raw(inputs=True), self.api)

    def outputs(self) -> tuple[str, ...]:
        """Clean names of all outputs, our own inputs among them."""
        return names.clean_all(self._raw(inputs=False), self.api)

    def software_inputs(self) -> frozenset[str]:
        """Those of ``inputs`` that another program makes, as a DAW does, where that can be told (JACK)."""
        jack = self._jack
        if jack is None:
            return frozenset()
        hardware = set(jack.physical_senders())
        raws = self._raw(inputs=True)
        named = zip(raws, names.clean_all(raws, self.api), strict=True)
        return frozenset(n for raw, n in named if raw not in hardware and not names.is_bridge(raw))

    def connections(self, port: OutputPort | InputPort) -> tuple[str, ...]:
        """Clean names of what a virtual port of ours is connected to, where that can be told (JACK)."""
        if self._jack is None or port.target:
            return ()
        return names.clean_all(self._jack.connections(port.full_name), self.api)

    def prepare(self, inputs: int = 2) -> None:
        """Keep rtmidi clients ready, so that a keyboard plugged in while playing costs the beat nothing."""
        while self.api == "jack" and self.alive and len(self._spare_inputs) < inputs:
            self._spare_inputs.append(self._client("MidiIn", "jamtui keys"))

    def open_virtual_output(self, name: str) -> OutputPort:
        """A port of our own that others can listen to.

        Raises:
            PortError: the system has no virtual ports or refuses.
        """
        client, full_name = self._virtual("MidiOut", name, name)
        return self._keep(OutputPort(name, "", client, full_name))

    def open_virtual_input(self, name: str, callback: Callback) -> InputPort:
        """A port of our own that others can play into.

        Raises:
            PortError: the system has no virtual ports or refuses.
        """
        client, full_name = self._virtual("MidiIn", name, name)
        return self._listen(InputPort(name, "", client, callback, full_name, queued=self.api == "jack"))

    def open_output(self, pattern: str, name: str = "jamtui out") -> OutputPort:
        """The existing output that ``pattern`` means (``names.find``); ``name`` is what others see of us.

        Raises:
            PortError: there is none, or it is taken.
        """
        target = self._find(pattern, inputs=False)
        client, full_name = self._attach("MidiOut", target, name)
        return self._keep(OutputPort(name, target, client, full_name))

    def open_input(self, pattern: str, callback: Callback, name: str = "jamtui keys") -> InputPort:
        """The existing input that ``pattern`` means.

        Raises:
            PortError: there is none, or it is taken.
        """
        target = self._find(pattern, inputs=True)
        client, full_name = self._attach("MidiIn", target, name)
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
        if not self.alive:
            return False
        if not port.target:
            return True
        if port.client is None:
            return False
        if self._jack is None:
            return port.target in (self.inputs() if isinstance(port, InputPort) else self.outputs())
        raw = self._raw_name(port)
        return raw is not None and raw in self._jack.connections(port.full_name)

    def reopen(self, port: OutputPort | InputPort) -> bool:
        """Bring back a port whose target was gone; False while it is still away."""
        if not self.alive:
            return False
        kind = "MidiIn" if isinstance(port, InputPort) else "MidiOut"
        try:
            if self._jack is not None and port.full_name in self._ends(kind):
                raw = self._raw_name(port)
                if raw is None or not self._connect(self._jack, port, raw):
                    return False
                port.gone = ""
                return True
            if port.target:
                port.target = self._find(port.target, inputs=isinstance(port, InputPort))
                old = port.client
                if self._jack is None and old is not None:
                    close_client(old)
                    self._retire(old)
                port.replace(*self._attach(kind, port.target, port.name))
            else:
                port.replace(*self._virtual(kind, port.name, port.name))
        except PortError:
            return False
        return True

    def revive(self) -> bool:
        """After the JACK server went, or where there was nothing because none answered: True when one answers
        and the ports can be reopened."""
        if self.alive or not (self._awaits_jack or self._jack is not None):
            return self.alive
        dead = self._jack
        if self._try("jack"):
            return False
        self.api, self.reason = "jack", ""
        if dead is not None:
            # Its clients are not deleted, that would wait a second for a thread that is no more.
            self._dead.append(dead)
        self._spare_inputs.clear()
        return True

    def close(self) -> None:
        """Close every port that was opened here."""
        self._pump.close()
        clients = [*self._spare_inputs]
        for port in self._ports:
            if self.alive:
                port.close()
                if port.client is not None:
                    clients.append(port.client)
        self._ports.clear()
        self._spare_inputs.clear()
        if self.alive:
            for client in clients:
                delete_client(client)
        if self._jack is not None:
            self._jack.close()

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

    def _raw(self, *, inputs: bool) -> tuple[str, ...]:
        if self._jack is not None:
            return self._jack.senders() if inputs else self._jack.receivers()
        scanner = self._scan_in if inputs else self._scan_out
        if scanner is None:
            return ()
        try:
            return tuple(scanner.get_ports())
        except (RuntimeError, OSError, SystemError, UnicodeDecodeError) as error:
            self._complain(str(error))
            return ()

    def _raw_name(self, port: OutputPort | InputPort) -> str | None:
        raws = self._raw(inputs=isinstance(port, InputPort))
        for raw, name in zip(raws, names.clean_all(raws, self.api), strict=True):
            if name == port.target:
                return raw
        return None

    def _find(self, pattern: str, *, inputs: bool) -> str:
        kind = "input" if inputs else "output"
        if self.api == "none":
            raise PortError(f"no MIDI {kind} can be opened: {self.reason}")
        self._check_alive()
        available = self.inputs() if inputs else self.outputs()
        found = names.find(pattern, available)
        if found is None:
            listed = ", ".join(n for n in available if not names.is_ours(n)) or "none"
            raise PortError(f'there is no MIDI {kind} "{pattern}"; connect it or choose one of: {listed}')
        return found

    def _check_alive(self) -> None:
        if not self.alive:
            raise PortError(JACK_AWAY)

    def _client(self, kind: str, name: str) -> Any:
        import rtmidi

        try:
            with quiet():
                api = code(rtmidi, self.api)
                if kind == "MidiIn":
                    client = rtmidi.MidiIn(api, name=name, queue_size_limit=QUEUE_MESSAGES)
                else:
                    client = rtmidi.MidiOut(api, name=name)
            client.set_error_callback(self._on_error)
            if kind == "MidiIn":
                # On JACK times come as distances, which must not be swallowed with an ignored message.
                client.ignore_types(sysex=False, timing=False, active_sense=self.api != "jack")
        except (RuntimeError, OSError, SystemError) as error:
            raise PortError(f"{TITLE[self.api]} refused the port {name} ({error})") from error
        return client

    def _virtual(self, kind: str, client_name: str, port_name: str) -> tuple[Any, str]:
        if not self.has_virtual_ports:
            raise PortError(
                self.reason
                or f"{TITLE[self.api]} has no virtual ports; name existing ones in the configuration"
            )
        self._check_alive()
        own = "in" if kind == "MidiIn" else "out"
        before = set(self._ends(kind))
        client = self._client(kind, client_name)
        try:
            with quiet():
                # JACK shows the client's name before the port's; elsewhere there is only the port's.
                client.open_virtual_port(own if self.api == "jack" else port_name)
        except (RuntimeError, OSError, SystemError, NotImplementedError) as error:
            raise PortError(f"{TITLE[self.api]} refused the port {port_name} ({error})") from error
        if self._jack is None:
            return client, ""
        new = self._jack.awaited(
            lambda: [n for n in self._ends(kind) if n not in before and n.startswith(client_name)]
        )
        return client, new[0] if new else ""

    def _attach(self, kind: str, target: str, name: str) -> tuple[Any, str]:
        raws = self._raw(inputs=kind == "MidiIn")
        cleaned = names.clean_all(raws, self.api)
        if target not in cleaned:  # it was there a moment ago, when it was looked for
            raise PortError(f"{target} has just disappeared; connect it again")
        index = cleaned.index(target)
        if self._jack is not None:
            client, full_name = self._spare(kind, name)
            ends = (raws[index], full_name) if kind == "MidiIn" else (full_name, raws[index])
            if not self._jack.connect(*ends):
                close_client(client)
                delete_client(client)
                raise PortError(f"JACK refused to connect {name} with {target}")
            return client, full_name
        client = self._client(kind, name)
        try:
            with quiet():
                client.open_port(index, name)
        except (RuntimeError, OSError, SystemError) as error:
            delete_client(client)
            raise PortError(f"{target} cannot be opened ({error}); close the program that uses it") from error
        return client, ""

    def _spare(self, kind: str, name: str) -> tuple[Any, str]:
        if kind != "MidiIn" or not self._spare_inputs:
            return self._virtual(kind, name, name)
        client = self._spare_inputs.pop()
        before = set(self._ends(kind))
        client.open_virtual_port("in")
        assert self._jack is not None
        new = self._jack.awaited(lambda: [n for n in self._ends(kind) if n not in before])
        if not new:
            raise PortError(f"JACK does not show the port {name}")
        return client, new[0]

    def _ends(self, kind: str) -> tuple[str, ...]:
        """JACK's names of all ports that rtmidi's ``kind`` makes: what reads is a receiver in the graph."""
        if self._jack is None:
            return ()
        return self._jack.receivers() if kind == "MidiIn" else self._jack.senders()

    def _connect(self, jack: JackControl, port: OutputPort | InputPort, raw: str) -> bool:
        if isinstance(port, InputPort):
            return jack.connect(raw, port.full_name)
        return jack.connect(port.full_name, raw)

    def _on_error(self, _kind: object, message: object, _data: object) -> None:
        self._complain(str(message))

    def _complain(self, message: str) -> None:
        self.errors.append(message)
        del self.errors[:-20]
