"""Cleaning up after the dead: note-offs for what sounded when an outlet died, connections for the successors
of outlet and engine.

The supervisor holds this; MIDI code is loaded the first time it is needed.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jamtui.errors import PortError
from jamtui.playback.ledger import read_owed, release
from jamtui.processes.insist import insist
from jamtui.processes.shared import SharedState, ports_in
from jamtui.processes.sinks import SINKS

if TYPE_CHECKING:
    from jamtui.midi.connections import ConnectionMemory
    from jamtui.midi.ports import MidiSystem, OutputPort

LOOK_S = 0.2
"""How often the connections of our virtual ports are looked at: a receiver that was connected more recently
than this when the engine dies is not known."""
LOOK_SLOWLY_S = 1.0
"""The same where a look starts a program (ALSA)."""
MENDING_S = 0.1
"""The same while a new engine's ports are expected."""
MENDING_FOR_S = 8.0


class Standby:
    """A port that is connected to every receiver of the band beforehand, on JACK: one that is opened after a
    death comes too late (see ``jamtui.processes.insist``)."""

    def __init__(self, port: "OutputPort", shared: SharedState) -> None:
        self._port = port
        self._shared = shared
        self._connected: set[str] = set()
        self._sending: list[threading.Thread] = []

    @property
    def is_gone(self) -> bool:
        """Whether it went with its server."""
        return bool(self._port.gone)

    def reopen(self, system: "MidiSystem") -> None:
        """Open it anew, after the JACK server was restarted."""
        self._connected.clear()
        system.reopen(self._port)

    def follow(self, memory: "ConnectionMemory", system: "MidiSystem") -> None:
        """Be connected to those who listen to the band, and to nobody else."""
        jack = system.jack
        if jack is None or self._port.gone:
            return
        wanted = {link.peer for link in memory.links if link.outgoing}
        present = set(jack.connections(self._port.full_name))
        for receiver in (wanted - present) & set(jack.receivers()):
            jack.connect(self._port.full_name, receiver)
        for receiver in (self._connected & present) - wanted:
            jack.disconnect(self._port.full_name, receiver)
        self._connected = wanted

    def end(self, owed: Sequence[tuple[int, int]], system: "MidiSystem") -> None:
        """Send note-offs for (channel, pitch), now and again until the dead outlet's ports are gone or its
        successor is there."""
        thread = threading.Thread(target=self._repeat, args=(owed, system), name="note-offs", daemon=True)
        thread.start()
        self._sending = [*(t for t in self._sending if t.is_alive()), thread]

    def finish(self) -> None:
        """Wait until what `end` began is done."""
        for thread in self._sending:
            thread.join()

    def _repeat(self, owed: Sequence[tuple[int, int]], system: "MidiSystem") -> None:
        from jamtui.midi.connections import own_name
        from jamtui.playback.sinks import PortGone

        def send() -> None:
            with contextlib.suppress(PortGone):
                for channel, pitch in owed:
                    self._port.send(release(channel, pitch))

        dead = self._shared.outlet_pid
        jack = system.jack
        if jack is not None:
            insist(
                send, jack, lambda port: own_name(port) is not None, lambda: self._shared.outlet_pid != dead
            )


class Rescue:
    """Remembers who is connected with the band's ports, and speaks for its outlet when that is dead."""

    def __init__(self, shared: SharedState, sinks: tuple[str, ...], api: str) -> None:
        self._shared = shared
        self._sinks = sinks
        self._api = api
        self._memory: ConnectionMemory | None = None
        self._system: MidiSystem | None = None
        self._standby: Standby | None = None
        self._next_look = time.monotonic() + LOOK_S
        self._mending_until = 0.0
        self._next_try = 0.0
        self._dead: dict[str, int] = {}
        """Process ids of an engine and an outlet that died and whose successors have no ports yet."""
        self._sounded: tuple[tuple[int, int, int], ...] = ()

    def look_around(self) -> None:
        """See who is connected, and mend what a death broke. Call it some times a second."""
        now = time.monotonic()
        if now < self._next_look:
            return
        if self._dead:
            there = {"engine": self._shared.engine_pid, "outlet": self._shared.outlet_pid}
            self._dead = {name: pid for name, pid in self._dead.items() if there[name] == pid}
            if self._dead:
                # JACK disconnects the ports of the dead before it takes them away: to a look in between it
                # would seem that somebody had pulled the plugs.
                self._next_look = now + MENDING_S
                return
        memory = self._connections()
        self._sounded = tuple(read_owed(self._shared.bitmap))
        if memory is not None:
            memory.observe()
            if self._standby is not None and self._system is not None:
                self._standby.follow(memory, self._system)
        interval = LOOK_S if self._system is None or self._system.api == "jack" else LOOK_SLOWLY_S
        self._next_look = now + (MENDING_S if now < self._mending_until else interval)

    def engine_died(self) -> None:
        """The inputs went with the engine; what sounds is the outlet's to end."""
        self._dead["engine"] = self._shared.engine_pid
        if self._memory is not None:
            self._memory.port_owner_died()

    def end_notes(self) -> int:
        """The outlet died: send a note-off for every note that the bitmap says is sounding; how many there
        were."""
        memory = self._memory
        self._dead["outlet"] = self._shared.outlet_pid
        if memory is not None:
            memory.port_owner_died()
        # What sounded at the last look, too: a note-off of the last milliseconds may have died in the
        # outlet's queue to JACK.
        sounding = sorted({*read_owed(self._shared.bitmap), *self._sounded})
        self._sounded = ()
        if not sounding:
            return 0
        from jamtui.midi.connections import KEPT
        from jamtui.midi.ports import MidiSystem
        from jamtui.midi.rescue import send_note_offs

        known = ports_in(self._shared.read_state())
        names = {sink: port["name"] for sink, port in known.items()}
        bits: dict[tuple[str, int, int], list[tuple[int, int, int]]] = {}
        near: list[tuple[int, int, int]] = []
        standby = self._standby if self._standby is not None and not self._standby.is_gone else None
        for port, channel, pitch in sounding:
            name = names.get(self._sinks[port], "") if port < len(self._sinks) else ""
            if standby is not None and (not name or name in KEPT):
                near.append((port, channel, pitch))
            elif name:
                bits.setdefault((name, channel, pitch), []).append((port, channel, pitch))
        if standby is not None and self._system is not None and near:
            standby.end([(channel, pitch) for _, channel, pitch in near], self._system)
            self._shared.clear_bits(near)
        owed = list(bits)
        if not owed:
            return len(sounding)
        receivers = {name: memory.receivers_of(name) for name in names.values()} if memory else {}
        targets = {port["name"]: port["target"] for port in known.values() if port["target"]}
        try:
            if self._system is None:
                self._system = MidiSystem(self._api)
            elif not self._system.alive:
                self._system.revive()
            graph = memory.graph if memory is not None else None
            left = send_note_offs(owed, self._system, receivers, graph, targets)
        except Exception as error:  # whatever the MIDI system does, the successor must start
            print(f"note-offs after the outlet's death failed: {error}", file=sys.stderr, flush=True)
            return len(sounding)
        if left:
            print(f"{len(left)} notes are left for the next outlet to end", flush=True)
        self._shared.clear_bits([bit for note in owed if note not in left for bit in bits[note]])
        return len(sounding)

    def reconnect_soon(self) -> None:
        """A successor is starting: look often until its ports are back."""
        self._mending_until = time.monotonic() + MENDING_FOR_S
        self._next_look = 0.0

    @property
    def api(self) -> str:
        """The MIDI system that the band's ports are looked for in, empty where none is known."""
        return "" if self._system is None or self._system.api == "none" else self._system.api

    @property
    def connections(self) -> list[str]:
        """Full names of the ports that are remembered as connected with ours."""
        return sorted(link.peer for link in self._memory.links) if self._memory is not None else []

    @property
    def mending(self) -> bool:
        """Whether connections are expected to be restored now."""
        return time.monotonic() < self._mending_until

    def close(self) -> None:
        """Close what was opened, when the note-offs are out."""
        if self._standby is not None:
            self._standby.finish()
        if self._system is not None:
            self._system.close()

    def _connections(self) -> "ConnectionMemory | None":
        if self._api == "none":
            return None
        if self._memory is None:
            from jamtui.midi.connections import ConnectionMemory, open_graph
            from jamtui.midi.ports import MidiSystem

            found = self._system = self._system or MidiSystem(self._api)
            self._memory = ConnectionMemory(lambda: open_graph(found.api))
        system = self._system
        if system is not None and self._is_reached(system) and system.api == "jack":
            self._stand_by(system)
        return self._memory

    def _is_reached(self, system: "MidiSystem") -> bool:
        """Whether the MIDI system answers; a JACK server that stopped, or was not there, is asked now and
        then."""
        now = time.monotonic()
        if not system.alive and now >= self._next_try:
            self._next_try = now + LOOK_SLOWLY_S
            system.revive()
        return system.alive

    def _stand_by(self, system: "MidiSystem") -> None:
        from jamtui.midi.rescue import RESCUE_PORT

        if self._standby is None:
            with contextlib.suppress(PortError):
                self._standby = Standby(system.open_virtual_output(RESCUE_PORT), self._shared)
        elif self._standby.is_gone:
            self._standby.reopen(system)


def end_left_notes(runtime: Path, api: str) -> int:
    """End what a band whose supervisor died, too, left sounding in ports that still exist; how many notes its
    state file names. Its own ports ended with it."""
    try:
        shared = SharedState(runtime / "state.map")
    except (OSError, ValueError):
        return 0  # none there, or of another version
    rescue = Rescue(shared, SINKS, api)
    try:
        return rescue.end_notes()
    finally:
        rescue.close()
        shared.close()
