"""Cleaning up after a dead engine: note-offs for what sounded, connections for its successor.

The supervisor holds this; MIDI code is loaded the first time it is needed.
"""

import sys
import time
from typing import TYPE_CHECKING

from jamtui.playback.ledger import read_owed
from jamtui.processes.shared import SharedState

if TYPE_CHECKING:
    from jamtui.midi.connections import ConnectionMemory
    from jamtui.midi.ports import MidiSystem

LOOK_S = 0.2
"""How often the connections of our virtual ports are looked at: a receiver that was connected more recently
than this when the engine dies is not known."""
LOOK_SLOWLY_S = 1.0
"""The same where a look starts a program (ALSA)."""
MENDING_S = 0.1
"""The same while a new engine's ports are expected."""
MENDING_FOR_S = 8.0


class Rescue:
    """Remembers who listens to the engine's ports and speaks for it when it is dead."""

    def __init__(self, shared: SharedState, sinks: tuple[str, ...], api: str) -> None:
        self._shared = shared
        self._sinks = sinks
        self._api = api
        self._memory: ConnectionMemory | None = None
        self._system: MidiSystem | None = None
        self._next_look = time.monotonic() + LOOK_S
        self._mending_until = 0.0
        self._asked = False

    def look_around(self) -> None:
        """See who is connected, and mend what a death broke. Call it some times a second."""
        now = time.monotonic()
        if now < self._next_look:
            return
        memory = self._connections()
        if memory is not None:
            memory.observe()
        interval = LOOK_S if self._system is None or self._system.api == "jack" else LOOK_SLOWLY_S
        self._next_look = now + (MENDING_S if now < self._mending_until else interval)

    def end_notes(self) -> int:
        """Send a note-off for every note that the bitmap says is sounding; how many there were."""
        memory = self._memory
        if memory is not None:
            memory.engine_died()
        sounding = read_owed(self._shared.bitmap)
        if not sounding:
            return 0
        from jamtui.midi.ports import MidiSystem
        from jamtui.midi.rescue import send_note_offs

        state = self._shared.read_state() or {}
        ports = state.get("ports")
        known: dict[str, dict[str, str]] = ports if isinstance(ports, dict) else {}
        names = {sink: port["name"] for sink, port in known.items()}
        owed = [
            (names[self._sinks[port]], channel, pitch)
            for port, channel, pitch in sounding
            if port < len(self._sinks) and self._sinks[port] in names
        ]
        receivers = {name: memory.receivers_of(name) for name in names.values()} if memory else {}
        targets = {port["name"]: port["target"] for port in known.values() if port["target"]}
        try:
            if self._system is None or not self._system.alive:
                self._system = MidiSystem(self._api)
            graph = memory.graph if memory is not None else None
            left = send_note_offs(owed, self._system, receivers, graph, targets)
        except Exception as error:  # whatever the MIDI system does, the successor must start
            print(f"note-offs after the engine's death failed: {error}", file=sys.stderr, flush=True)
            return len(owed)
        if left:
            print(f"{len(left)} notes ended with their ports", flush=True)
        self._shared.clear_bitmap()
        return len(owed)

    def reconnect_soon(self) -> None:
        """A successor is starting: look often until its ports are back."""
        self._mending_until = time.monotonic() + MENDING_FOR_S
        self._next_look = 0.0

    @property
    def mending(self) -> bool:
        """Whether connections are expected to be restored now."""
        return time.monotonic() < self._mending_until

    def close(self) -> None:
        """Close what was opened."""
        if self._system is not None:
            self._system.close()

    def _connections(self) -> "ConnectionMemory | None":
        if self._memory is None and not self._asked:
            self._asked = True
            from jamtui.midi.connections import ConnectionMemory, open_graph
            from jamtui.midi.ports import MidiSystem

            if self._api == "none":
                return None
            system = MidiSystem(self._api)
            self._system = system
            self._memory = ConnectionMemory(lambda: open_graph(system.api))
        return self._memory
