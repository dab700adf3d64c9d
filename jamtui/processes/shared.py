"""Memory that survives a killed process: what is sounding, heartbeats, and where the band was.

A file in the runtime folder, mapped by supervisor, outlet and engine. The outlet writes what is sounding, the
engine where the band is, each its heartbeat; the supervisor reads after a death. The state is written twice
over, each copy with a sequence number and a checksum, so that a process killed in mid-write leaves the older
copy whole.
"""

import contextlib
import json
import mmap
import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from jamtui.playback.ledger import LEDGER_BYTES, forget

MAGIC = b"JAMTUI02"
_MAGIC = struct.Struct("<8s")
_BEAT = struct.Struct("<qq")  # heartbeat ns, process id
_ENGINE_AT, _OUTLET_AT = 8, 24
_SLOT = struct.Struct("<qII")  # sequence, length, crc32
SLOT_BYTES = 16384
_BITMAP_AT = 64
_SLOTS_AT = _BITMAP_AT + LEDGER_BYTES
SIZE = _SLOTS_AT + 2 * SLOT_BYTES


class SharedState:
    """The mapped file. One outlet and one engine write; the supervisor creates it and reads.

    Args:
        path: the file, in a folder only its owner can read.
        create: make it anew, empty.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        if create:
            with path.open("wb") as file:
                file.truncate(SIZE)
        self._file = path.open("r+b")
        try:
            self._map = mmap.mmap(self._file.fileno(), SIZE)
        except ValueError:  # shorter than that
            self._file.close()
            raise
        if create:
            _MAGIC.pack_into(self._map, 0, MAGIC)
        elif self._map[:8] != MAGIC:
            self._map.close()
            self._file.close()
            raise ValueError(f"{path} is not a jamtui state file")
        self._view = memoryview(self._map)
        self.bitmap: memoryview = self._view[_BITMAP_AT : _BITMAP_AT + LEDGER_BYTES]
        """Writable: one bit per sounding note and per pedal that is down, see ``jamtui.playback.ledger``."""
        self._sequence = max((self._slot(i)[0] for i in (0, 1)), default=0)

    @property
    def heartbeat_ns(self) -> int:
        """When the engine last said it was alive (``perf_counter_ns``), 0 for never."""
        return int(_BEAT.unpack_from(self._map, _ENGINE_AT)[0])

    @property
    def engine_pid(self) -> int:
        """Process id of the engine that wrote last."""
        return int(_BEAT.unpack_from(self._map, _ENGINE_AT)[1])

    @property
    def outlet_heartbeat_ns(self) -> int:
        """When the outlet last said it was alive (``perf_counter_ns``), 0 for never."""
        return int(_BEAT.unpack_from(self._map, _OUTLET_AT)[0])

    @property
    def outlet_pid(self) -> int:
        """Process id of the last outlet whose ports were open."""
        return int(_BEAT.unpack_from(self._map, _OUTLET_AT)[1])

    def beat(self, ns: int, pid: int) -> None:
        """Say that the engine is alive."""
        _BEAT.pack_into(self._map, _ENGINE_AT, ns, pid)

    def beat_outlet(self, ns: int, pid: int) -> None:
        """Say that the outlet is alive and its ports are open."""
        _BEAT.pack_into(self._map, _OUTLET_AT, ns, pid)

    def clear_bits(self, ended: Iterable[tuple[int, int, int]]) -> None:
        """Forget these notes and pedals (as ``ledger.read_owed`` names them), which were ended."""
        forget(self.bitmap, ended)

    def write_state(self, state: dict[str, object]) -> None:
        """Keep ``state`` for a successor; silently skipped when larger than a slot (the older one stays)."""
        data = json.dumps(state, separators=(",", ":")).encode()
        if len(data) > SLOT_BYTES - _SLOT.size:
            return
        self._sequence += 1
        at = _SLOTS_AT + (self._sequence % 2) * SLOT_BYTES
        _SLOT.pack_into(self._map, at, 0, 0, 0)
        self._map[at + _SLOT.size : at + _SLOT.size + len(data)] = data
        _SLOT.pack_into(self._map, at, self._sequence, len(data), zlib.crc32(data))

    def read_state(self) -> dict[str, object] | None:
        """The newest whole state, None if there is none."""
        best: tuple[int, bytes] | None = None
        for index in (0, 1):
            sequence, data = self._slot(index)
            if sequence and (best is None or sequence > best[0]):
                best = (sequence, data)
        return None if best is None else json.loads(best[1])

    def _slot(self, index: int) -> tuple[int, bytes]:
        at = _SLOTS_AT + index * SLOT_BYTES
        sequence, length, crc = _SLOT.unpack_from(self._map, at)
        if not sequence or length > SLOT_BYTES - _SLOT.size:
            return 0, b""
        data = bytes(self._map[at + _SLOT.size : at + _SLOT.size + length])
        return (sequence, data) if zlib.crc32(data) == crc else (0, b"")

    def close(self) -> None:
        """Unmap the file; it stays on disk for the supervisor to remove. A ledger that still holds the
        bitmap keeps the mapping until it goes itself."""
        self.bitmap.release()
        self._view.release()
        with contextlib.suppress(BufferError):
            self._map.close()
        self._file.close()


def ports_in(state: Mapping[str, object] | None) -> dict[str, dict[str, str]]:
    """What the engine that wrote ``state`` said of its ports (``EnginePorts.recovery``)."""
    ports = state.get("ports") if state is not None else None
    return ports if isinstance(ports, dict) else {}
