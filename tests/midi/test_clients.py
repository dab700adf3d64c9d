"""What becomes of what rtmidi says."""

import sys
from types import ModuleType
from typing import Any

import pytest

from jamtui.errors import PortError
from jamtui.midi.clients import Clients, reach
from jamtui.midi.ports import MidiSystem
from jamtui.playback.sinks import PortGone

rtmidi = pytest.importorskip("rtmidi")


class Client:
    """As rtmidi's on a system whose ports are another program's: what its handler of errors raises when a
    port is opened, and later sent into; with a handler of ours in its place it would say nothing."""

    def __init__(self, api: int, name: str, queue_size_limit: int = 1024) -> None:
        self.deleted = False
        self.raises = True

    def set_error_callback(self, _function: object) -> None:
        self.raises = False

    def ignore_types(self, **_kinds: bool) -> None:
        pass

    def get_ports(self) -> list[str]:
        return ["Rack 1"]

    def open_port(self, _index: int, _name: str) -> None:
        self._fail(rtmidi.SystemError("error creating the port"))

    def open_virtual_port(self, _name: str) -> None:
        self._fail(rtmidi.UnsupportedOperationError("no virtual ports here"))

    def send_message(self, _data: bytes) -> None:
        self._fail(rtmidi.InvalidPortError("error sending the message"))

    def close_port(self) -> None:
        self._fail(rtmidi.InvalidPortError("there is none"))

    def delete(self) -> None:
        self.deleted = True

    def _fail(self, error: Exception) -> None:
        if self.raises:
            raise error


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """A machine on which all ports are taken; the clients that were made there."""
    made: list[Client] = []

    def make(*arguments: Any, **named: Any) -> Client:
        made.append(Client(*arguments, **named))
        return made[-1]

    module = ModuleType("rtmidi")
    for name in dir(rtmidi):
        if name.startswith("API_") or name.endswith("Error"):
            setattr(module, name, getattr(rtmidi, name))
    vars(module).update(MidiIn=make, MidiOut=make, get_compiled_api=lambda: [rtmidi.API_WINDOWS_MM])
    monkeypatch.setitem(sys.modules, "rtmidi", module)
    return made


def test_a_port_that_cannot_be_opened_is_not_taken_for_open(taken: list[Client]) -> None:
    system = MidiSystem("winmm")
    with pytest.raises(PortError, match=r"Rack cannot be opened .*; close the program that uses it"):
        system.open_output("Rack")
    with pytest.raises(PortError, match=r"Rack cannot be opened .*; close the program that uses it"):
        system.open_input("Rack", lambda _stamp, _data: None)
    assert [client.deleted for client in taken] == [False, False, True, True]
    system.close()


def test_a_virtual_port_that_is_refused_is_said(taken: list[Client]) -> None:
    clients = reach("winmm", lambda: None)
    with pytest.raises(PortError, match="refused the port jamtui lead"):
        clients.virtual("jamtui lead", inputs=False)


def test_a_port_that_fails_in_a_send_is_gone(taken: list[Client], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "open_port", lambda *_: None)
    system = MidiSystem("winmm")
    port = system.open_output("Rack")
    with pytest.raises(PortGone, match="error sending the message"):
        port.send(b"\x90\x3c\x50")
    assert port.gone == "error sending the message"
    system.close()


def test_a_port_that_goes_while_the_ports_are_listed_is_no_failure() -> None:
    class Scanner:
        def get_ports(self) -> list[str]:
            raise rtmidi.InvalidPortError("the 'portNumber' argument (2) is invalid")

    clients = Clients("alsa", scan_in=Scanner(), scan_out=Scanner())
    assert clients.clean(inputs=True) == clients.clean(inputs=False) == ()
    assert clients.raw_name("Rack", inputs=True) is None


def test_an_output_that_goes_while_it_is_opened_is_refused() -> None:
    class Scanner:
        def __init__(self) -> None:
            self.seen = iter([["Rack 20:0"], []])

        def get_ports(self) -> list[str]:
            return next(self.seen)

    clients = Clients("alsa", scan_out=Scanner())
    (target,) = clients.clean(inputs=False)
    with pytest.raises(PortError, match="has just disappeared"):
        clients.attach(target, "jamtui out", inputs=False)


def test_a_server_that_is_gone_is_called_by_its_name() -> None:
    class Gone:
        alive = False
        on_pipewire = True

    system = MidiSystem("none")
    system.api = "jack"
    system._clients = Clients("jack", Gone())  # type: ignore[arg-type]  # nothing more of it is asked
    for opening in (system.open_virtual_output, system.open_output):
        with pytest.raises(PortError, match="PipeWire stopped; start it again"):
            opening("jamtui lead")
