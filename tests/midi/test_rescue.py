"""Who is sent what after the engine's death; the same over real ports is in test_wire.py."""

from typing import Any

from jamtui.errors import PortError
from jamtui.midi.port import OutputPort
from jamtui.midi.rescue import send_note_offs
from jamtui.playback.ledger import PEDAL


class Client:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send_message(self, data: bytes) -> None:
        self.sent.append(data)


class System:
    """Existing outputs only, as on Windows."""

    api = "winmm"
    jack = None
    has_virtual_ports = False

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}

    def open_output(self, pattern: str, name: str) -> OutputPort:
        if pattern == "Gone":
            raise PortError("it is gone")
        client = self.clients[pattern] = Client()
        return OutputPort(name, pattern, client)

    def forget(self, port: OutputPort) -> None:
        port.gone = "closed"


def test_notes_end_and_pedals_go_up_where_they_were_heard() -> None:
    system: Any = System()
    owed = [("jamtui thru", 0, 60), ("jamtui bass", 1, 40), ("jamtui thru", 0, PEDAL), ("jamtui x", 3, PEDAL)]
    targets = {"jamtui thru": "Piano", "jamtui bass": "Rack", "jamtui x": "Gone"}
    left = send_note_offs(owed, system, {}, None, targets)
    assert left == [("jamtui x", 3, PEDAL)]
    assert system.clients["Piano"].sent == [bytes((0x80, 60, 0)), bytes((0xB0, 64, 0))]
    assert system.clients["Rack"].sent == [bytes((0x81, 40, 0))]
