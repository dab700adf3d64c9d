"""rtmidi's clients on one MIDI system: which ports are there, and clients that have a port, a virtual one of
their own or one that is attached to another's.

rtmidi holds the interpreter lock in every call (see ``jamtui.midi.jack``), so on JACK existing ports are
reached by a virtual port and a connection by name, which costs the lock nothing. rtmidi's own handler of
errors stays in place: with another one, a port that could not be opened would be taken for open.
"""

from collections.abc import Callable
from typing import Any

from jamtui.errors import PortError
from jamtui.midi import names
from jamtui.midi.apis import NOT_BUILT, TITLE, code, failures
from jamtui.midi.jack import JackControl, outlasting
from jamtui.midi.pipewire import serve_jack
from jamtui.midi.port import close_client, delete_client, quiet
from jamtui.midi.pump import QUEUE_MESSAGES

SPARE = "jamtui keys"
"""What clients are called that are kept ready for keyboards."""
Client = tuple[Any, str]
"""rtmidi's object, and JACK's ``client:port`` of its port (empty elsewhere)."""


class Clients:
    """The clients on one system, for the thread that opens and closes ports.

    Args:
        api: one of ``APIS``.
        jack: the connection graph, on JACK.
        scan_in: an rtmidi client that lists the inputs; on the other systems.
        scan_out: the same for the outputs.
    """

    def __init__(
        self, api: str, jack: JackControl | None = None, *, scan_in: Any = None, scan_out: Any = None
    ) -> None:
        self.api = api
        self.jack = jack
        self._scan_in = scan_in
        self._scan_out = scan_out
        self._spare_inputs: list[Any] = []

    @property
    def alive(self) -> bool:
        """False once the JACK server is gone."""
        return self.jack is None or self.jack.alive

    @property
    def served_by(self) -> str:
        """What the musician knows the system as; PipeWire answers like JACK."""
        return "PipeWire" if self.jack is not None and self.jack.on_pipewire else TITLE[self.api]

    # What is there

    def raw(self, *, inputs: bool) -> tuple[str, ...]:
        """The system's own names of all inputs, or outputs, our own ends of the others among them."""
        if self.jack is not None:
            return self.jack.senders() if inputs else self.jack.receivers()
        scanner = self._scan_in if inputs else self._scan_out
        try:
            return tuple(scanner.get_ports())
        except failures():  # one went while they were listed: the next look sees those that are left
            return ()

    def clean(self, *, inputs: bool) -> tuple[str, ...]:
        """The same as the musician knows them (``names.clean_all``)."""
        return names.clean_all(self.raw(inputs=inputs), self.api)

    def raw_name(self, target: str, *, inputs: bool) -> str | None:
        """The system's own name of ``target``, None where it is not there."""
        raws = self.raw(inputs=inputs)
        named = zip(raws, names.clean_all(raws, self.api), strict=True)
        return next((raw for raw, name in named if name == target), None)

    def software_inputs(self) -> frozenset[str]:
        """Clean names of inputs that another program makes, as a DAW does, where that can be told (JACK)."""
        if self.jack is None:
            return frozenset()
        hardware = set(self.jack.physical_senders())
        raws = self.raw(inputs=True)
        named = zip(raws, names.clean_all(raws, self.api), strict=True)
        return frozenset(n for raw, n in named if raw not in hardware and not names.is_bridge(raw))

    def has_end(self, full_name: str, *, inputs: bool) -> bool:
        """Whether a port of ours is still in JACK's graph."""
        return full_name in self._ends(inputs=inputs)

    # Making clients

    def prepare(self, inputs: int) -> None:
        """Keep so many clients for inputs ready, on JACK."""
        while self.jack is not None and self.jack.alive and len(self._spare_inputs) < inputs:
            self._spare_inputs.append(self._client(SPARE, inputs=True))

    def virtual(self, name: str, *, inputs: bool) -> Client:
        """A client called ``name`` with a port of its own. Raises `PortError` where the system refuses."""
        client = self._client(name, inputs=inputs)
        return client, self._open(client, name, inputs=inputs)

    def attach(self, target: str, name: str, *, inputs: bool) -> Client:
        """A client called ``name`` whose port is attached to the existing port ``target``.

        Raises:
            PortError: it is not there any more, or taken.
        """
        raws = self.raw(inputs=inputs)
        cleaned = names.clean_all(raws, self.api)
        if target not in cleaned:  # it was there a moment ago, when it was looked for
            raise PortError(f"{target} has just disappeared; connect it again")
        index = cleaned.index(target)
        if self.jack is not None:
            if inputs and self._spare_inputs:
                client, name = self._spare_inputs.pop(), SPARE
            else:
                client = self._client(name, inputs=inputs)
            full_name = self._open(client, name, inputs=inputs)
            if not self.connect(full_name, raws[index], inputs=inputs):
                close_client(client)
                delete_client(client)
                raise PortError(f"JACK refused to connect {name} with {target}")
            return client, full_name
        client = self._client(name, inputs=inputs)
        try:
            with quiet():
                client.open_port(index, name)
        except failures() as error:
            delete_client(client)
            raise PortError(f"{target} cannot be opened ({error}); close the program that uses it") from error
        return client, ""

    def connect(self, full_name: str, raw: str, *, inputs: bool) -> bool:
        """Connect a port of ours with another one in JACK's graph; whether they are connected now."""
        if self.jack is None:
            return False
        return self.jack.connect(raw, full_name) if inputs else self.jack.connect(full_name, raw)

    def close(self) -> None:
        """Delete what was kept ready, and let go of JACK."""
        if self.alive:
            for client in self._spare_inputs:
                delete_client(client)
        self._spare_inputs.clear()
        if self.jack is not None:
            self.jack.close()

    def _client(self, name: str, *, inputs: bool) -> Any:
        import rtmidi

        api = code(rtmidi, self.api)
        try:
            with quiet():
                if not inputs:
                    return rtmidi.MidiOut(api, name=name)
                client = rtmidi.MidiIn(api, name=name, queue_size_limit=QUEUE_MESSAGES)
            # On JACK times come as distances, which must not be swallowed with an ignored message.
            client.ignore_types(sysex=False, timing=False, active_sense=self.jack is None)
        except failures() as error:
            raise PortError(f"{TITLE[self.api]} refused the port {name} ({error})") from error
        return client

    def _open(self, client: Any, name: str, *, inputs: bool) -> str:
        """Give ``client``, which is called ``name``, a virtual port; that one's name in JACK's graph, empty
        elsewhere."""
        before = set(self._ends(inputs=inputs))
        try:
            with quiet():
                # JACK shows the client's name before the port's; elsewhere there is only the port's.
                own = "in" if inputs else "out"
                client.open_virtual_port(own if self.jack is not None else name)
        except failures() as error:
            raise PortError(f"{TITLE[self.api]} refused the port {name} ({error})") from error
        if self.jack is None:
            return ""
        new = self.jack.awaited(
            lambda: [n for n in self._ends(inputs=inputs) if n not in before and n.startswith(name)]
        )
        return new[0] if new else ""

    def _ends(self, *, inputs: bool) -> tuple[str, ...]:
        """JACK's names of all ports that are made as ours are: what reads is a receiver in the graph."""
        if self.jack is None:
            return ()
        return self.jack.receivers() if inputs else self.jack.senders()


def reach(api: str, on_shutdown: Callable[[], None]) -> Clients:
    """The clients on ``api``, which answers.

    Args:
        api: one of ``APIS``.
        on_shutdown: called when the JACK server goes.

    Raises:
        PortError: it does not answer; with ``NOT_BUILT`` where rtmidi has no such system.
    """
    if api == "jack":
        serve_jack()
    try:
        import rtmidi
    except ImportError as error:
        raise PortError(f"python-rtmidi cannot be loaded ({error})") from error
    if code(rtmidi, api) not in rtmidi.get_compiled_api():
        raise PortError(NOT_BUILT)
    if api == "jack":
        with quiet(), outlasting():
            return Clients(api, JackControl(on_shutdown=on_shutdown))
    try:
        with quiet():
            scan_in = rtmidi.MidiIn(code(rtmidi, api), name="jamtui ports")
            scan_out = rtmidi.MidiOut(code(rtmidi, api), name="jamtui ports")
    except failures() as error:
        raise PortError(f"{TITLE[api]} does not answer ({error})") from error
    return Clients(api, scan_in=scan_in, scan_out=scan_out)
