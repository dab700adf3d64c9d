"""Ending the notes of an outlet that died, from outside it."""

import time
from collections.abc import Mapping, Sequence

from jamtui.errors import PortError
from jamtui.midi.connections import Graph
from jamtui.midi.port import OutputPort
from jamtui.midi.ports import MidiSystem
from jamtui.playback.ledger import release
from jamtui.playback.sinks import PortGone

Owed = tuple[str, int, int]
"""Port name as the outlet called it, channel (0 to 15), pitch (0 to 127; or ``ledger.PEDAL``)."""

RESCUE_PORT = "jamtui rescue"
DRAIN_S = 0.05
"""JACK sends what rtmidi was given in its next periods; closing the port before would lose it."""


def send_note_offs(
    owed: Sequence[Owed],
    system: MidiSystem,
    receivers: Mapping[str, Sequence[str]],
    graph: Graph | None = None,
    targets: Mapping[str, str] | None = None,
) -> list[Owed]:
    """Send an explicit note-off for each note owed (a pedal's up for a pedal), to those who were hearing it.

    Args:
        owed: what was sounding.
        system: ports of this process.
        receivers: for each of the outlet's ports, full names of the ports that listened to it
            (``ConnectionMemory.receivers_of``).
        graph: where those are connected (``ConnectionMemory.graph``).
        targets: for each of the outlet's ports that played into an existing port, that port's name.

    Returns:
        What could not be sent because its port ended with the outlet (a virtual port on CoreMIDI, say) or is
        gone: for the successor to send when it has its ports.
    """
    left: list[Owed] = []
    opened: list[OutputPort] = []
    by_port: dict[str, list[Owed]] = {}
    for note in owed:
        by_port.setdefault(note[0], []).append(note)
    for name, notes in by_port.items():
        port = _open(system, graph or system.jack, receivers.get(name, ()), (targets or {}).get(name, ""))
        if port is None:
            left += notes
            continue
        opened.append(port)
        sent = 0
        try:
            for _, channel, pitch in notes:
                port.send(release(channel, pitch))
                sent += 1
        except PortGone:
            left += notes[sent:]
    if opened and system.api == "jack":
        time.sleep(DRAIN_S)
    for port in opened:
        system.forget(port)
    return left


def _open(
    system: MidiSystem, graph: Graph | None, receivers: Sequence[str], target: str
) -> OutputPort | None:
    """A port that reaches the receivers, or the target; None where neither is there."""
    try:
        if graph is not None and receivers and system.has_virtual_ports:
            port = system.open_virtual_output(RESCUE_PORT)
            own = port.full_name or f"{RESCUE_PORT}:{RESCUE_PORT}"  # ALSA: client and port have one name
            reached = [graph.connect(own, receiver) for receiver in receivers]
            if any(reached):
                return port
            system.forget(port)
        if target:
            return system.open_output(target, RESCUE_PORT)
    except PortError:
        pass
    return None
