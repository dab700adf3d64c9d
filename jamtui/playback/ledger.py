"""The held-note ledger: every note-on that left is owed its note-off.

Optionally mirrored as a bitmap in a buffer that outlives the process (shared memory), from which another
process can end what was sounding. The bit is set before the note-on is sent and cleared some time after its
note-off was, so a crash in between leaves at worst a note-off too many. Some time, because what was sent may
still wait in this process for the MIDI system to fetch it, and is lost with it.
"""

from collections.abc import Callable, Iterable, Sequence
from time import perf_counter_ns

BITMAP_PORTS = 8
BITMAP_BYTES = BITMAP_PORTS * 16 * 128 // 8
"""2048 bytes: one bit for each of 8 ports × 16 channels × 128 pitches."""
LEDGER_BYTES = BITMAP_BYTES + BITMAP_PORTS * 16 // 8
"""With one more bit for each port and channel behind those: whether its sustain pedal is down."""

SUSTAIN = 64
"""Controller number of the sustain pedal."""

PEDAL = 128
"""Stands for the sustain pedal where a pitch would be."""

Key = tuple[str, int, int]
"""Port name, channel (0 to 15), pitch (0 to 127)."""


def note_off(channel: int, pitch: int) -> bytes:
    """The explicit note-off message."""
    return bytes((0x80 | channel, pitch, 0))


def pedal_up(channel: int) -> bytes:
    """The sustain pedal let go: without it a synth goes on sounding after the note-offs."""
    return bytes((0xB0 | channel, SUSTAIN, 0))


class Ledger:
    """What sounds, by port, channel and pitch, and which sustain pedals are down. A sounding pitch is struck
    again only after its note-off, so each key is owed at most one.

    What is set in the buffer at the beginning is owed from the beginning. The buffer holds `BITMAP_BYTES`, or
    `LEDGER_BYTES` to have the pedals mirrored too. ``ports`` fixes which port has which index in the bitmap,
    in order; further ports take the free places as they come. The ninth port and later ones are kept in the
    ledger but not in the bitmap. What ended is cleared from the bitmap by `settle`, ``linger_ns`` after that;
    with 0 at once.
    """

    def __init__(
        self,
        ports: Sequence[str] = (),
        buffer: memoryview | bytearray | None = None,
        *,
        linger_ns: int = 0,
        now: Callable[[], int] = perf_counter_ns,
    ) -> None:
        self._linger_ns = linger_ns
        self._now = now
        self._ended: dict[Key, int] = {}
        """When keys ended that are still marked, in that order."""
        self._buffer = None if buffer is None else memoryview(buffer).cast("B")
        if self._buffer is not None and len(self._buffer) < BITMAP_BYTES:
            raise ValueError(f"the bitmap needs {BITMAP_BYTES} bytes, the buffer has {len(self._buffer)}")
        self._index: dict[str, int] = {}
        self._owed: dict[Key, None] = {}
        self._pedals: dict[tuple[str, int], None] = {}
        for port in ports:
            self._place(port)
        if self._buffer is not None:
            self._inherit(self._buffer)

    def _inherit(self, buffer: memoryview) -> None:
        """What another process left in the buffer is owed by this one."""
        names = self.ports
        for place, channel, pitch in read_owed(buffer):
            if place >= len(names):
                continue
            if pitch == PEDAL:
                self._pedals[names[place], channel] = None
            else:
                self._owed[names[place], channel, pitch] = None

    @property
    def ports(self) -> tuple[str, ...]:
        """Port names in bitmap order."""
        return tuple(self._index)

    def __len__(self) -> int:
        return len(self._owed)

    def __contains__(self, key: object) -> bool:
        return key in self._owed

    def add(self, key: Key) -> None:
        """Call before the note-on is sent."""
        self._owed[key] = None
        self._ended.pop(key, None)
        self._mark(key, True)

    def remove(self, key: Key) -> None:
        """Call after the note-off was sent. Removing what is not owed does nothing."""
        if key in self._owed:
            del self._owed[key]
            if self._linger_ns:
                self._ended[key] = self._now()
            else:
                self._mark(key, False)

    def settle(self, now: int | None = None) -> int | None:
        """Clear what ended ``linger_ns`` before ``now`` (None: all that ended). Returns when there is more to
        clear, None: nothing is left."""
        ended = self._ended
        while ended:
            key, at = next(iter(ended.items()))
            if now is not None and at + self._linger_ns > now:
                return at + self._linger_ns
            del ended[key]
            self._mark(key, False)
        return None

    def owed(self, port: str | None = None) -> tuple[Key, ...]:
        """Keys that still wait for their note-off, oldest first, of one port or of all."""
        owed = tuple(self._owed)
        return owed if port is None else tuple(key for key in owed if key[0] == port)

    def pedal(self, port: str, channel: int, down: bool) -> None:
        """Call before a sustain pedal's down is sent and after its up was."""
        if down:
            self._pedals[port, channel] = None
        else:
            self._pedals.pop((port, channel), None)
        place = self._place(port)
        if self._buffer is not None and len(self._buffer) >= LEDGER_BYTES and place < BITMAP_PORTS:
            self._set(BITMAP_BYTES + (place << 1 | channel >> 3), 1 << (channel & 7), down)

    def pedals(self, port: str | None = None) -> tuple[tuple[str, int], ...]:
        """Port and channel of the sustain pedals that are down, of one port or of all."""
        return tuple(pedal for pedal in self._pedals if port is None or pedal[0] == port)

    def release_all(self, send: Callable[[str, bytes], bool], port: str | None = None) -> int:
        """Send every note-off owed and let every pedal go; what ``send`` answers False for stays owed.
        Returns how many note-offs went."""
        went = 0
        for key in self.owed(port):
            if send(key[0], note_off(key[1], key[2])):
                self.remove(key)
                went += 1
        for name, channel in self.pedals(port):
            if send(name, pedal_up(channel)):
                self.pedal(name, channel, False)
        return went

    def _place(self, port: str) -> int:
        return self._index.setdefault(port, len(self._index))

    def _mark(self, key: Key, on: bool) -> None:
        buffer = self._buffer
        if buffer is None:
            return
        port, channel, pitch = key
        place = self._place(port)
        if place >= BITMAP_PORTS:
            return
        self._set((place << 8) | (channel << 4) | (pitch >> 3), 1 << (pitch & 7), on)

    def _set(self, byte: int, bit: int, on: bool) -> None:
        buffer = self._buffer
        assert buffer is not None
        if on:
            buffer[byte] |= bit
        else:
            buffer[byte] &= ~bit & 0xFF


def read_bitmap(buffer: bytes | bytearray | memoryview) -> list[tuple[int, int, int]]:
    """What a `Ledger`'s bitmap says is sounding: ``(port index, channel, pitch)``, in that order."""
    sounding: list[tuple[int, int, int]] = []
    for byte, bits in enumerate(bytes(buffer[:BITMAP_BYTES])):
        while bits:
            low = bits & -bits
            pitch = ((byte & 15) << 3) | (low.bit_length() - 1)
            sounding.append((byte >> 8, (byte >> 4) & 15, pitch))
            bits ^= low
    return sounding


def read_pedals(buffer: bytes | bytearray | memoryview) -> list[tuple[int, int]]:
    """Which sustain pedals the bitmap says are down: ``(port index, channel)``, in that order."""
    bits = int.from_bytes(bytes(buffer[BITMAP_BYTES:LEDGER_BYTES]), "little")
    return [(place >> 4, place & 15) for place in range(bits.bit_length()) if bits >> place & 1]


def read_owed(buffer: bytes | bytearray | memoryview) -> list[tuple[int, int, int]]:
    """Notes, then pedals that the bitmap says are down: ``(port index, channel, pitch or PEDAL)``."""
    return [*read_bitmap(buffer), *((port, channel, PEDAL) for port, channel in read_pedals(buffer))]


def release(channel: int, pitch: int) -> bytes:
    """What ends a pitch, or for `PEDAL` the pedal."""
    return pedal_up(channel) if pitch == PEDAL else note_off(channel, pitch)


def forget(buffer: bytearray | memoryview, ended: Iterable[tuple[int, int, int]]) -> None:
    """Clear what was ended, as `read_owed` names it, in a buffer of `LEDGER_BYTES`."""
    for place, channel, pitch in ended:
        if pitch == PEDAL:
            buffer[BITMAP_BYTES + (place << 1 | channel >> 3)] &= ~(1 << (channel & 7)) & 0xFF
        else:
            buffer[place << 8 | channel << 4 | pitch >> 3] &= ~(1 << (pitch & 7)) & 0xFF
