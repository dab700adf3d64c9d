"""Which keys are down and which only the pedal holds, from raw MIDI bytes."""

from collections.abc import Iterator
from dataclasses import dataclass

_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
_SYSTEM_DATA_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
_PEDAL = 64
_ALL_SOUND_OFF, _RESET_CONTROLLERS, _ALL_NOTES_OFF = 120, 121, 123


def channel_messages(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The channel messages in ``data`` as (status, first, second), second 0 where there is none.

    Running status holds within ``data``; system exclusive and real-time bytes are passed over, data bytes
    without a status and messages cut short are left out.
    """
    status = 0
    wanted = 0
    values: list[int] = []
    skip = 0
    for byte in data:
        if byte >= 0xF8:
            continue
        if byte >= 0xF0:
            status, values = 0, []
            skip = _SYSTEM_DATA_BYTES.get(byte, 0)
            continue
        if byte >= 0x80:
            status, values, skip = byte, [], 0
            wanted = _DATA_BYTES[byte & 0xF0]
            continue
        if skip:
            skip -= 1
            continue
        if not status:
            continue
        values.append(byte)
        if len(values) == wanted:
            yield status, values[0], values[1] if wanted == 2 else 0
            values = []


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """A change of the keys: ``kind`` is ``on`` (velocity above 0), ``off`` (the finger left), ``pedal``
    (``pitch`` 1 down, 0 up) or ``all_off``."""

    kind: str
    pitch: int = 0
    velocity: int = 0


class KeyState:
    """Keys down, and keys let go that the sustain pedal holds; channels are kept apart.

    A pitch counts once however many channels hold it.
    """

    __slots__ = ("_down", "_pedals", "_ringing")

    def __init__(self) -> None:
        self._down: set[tuple[int, int]] = set()
        self._ringing: set[tuple[int, int]] = set()
        self._pedals: set[int] = set()

    @property
    def pressed(self) -> frozenset[int]:
        """Pitches with a finger on the key."""
        return frozenset(pitch for _, pitch in self._down)

    @property
    def ringing(self) -> frozenset[int]:
        """Pitches that only the pedal holds."""
        return frozenset(pitch for _, pitch in self._ringing) - self.pressed

    @property
    def empty(self) -> bool:
        """Nothing sounds."""
        return not self._down and not self._ringing

    def clear(self) -> None:
        """All keys and pedals up: the input went away."""
        self._down.clear()
        self._ringing.clear()
        self._pedals.clear()

    def feed(self, data: bytes) -> list[KeyEvent]:
        """Take raw bytes and tell what changed. Never raises, whatever the bytes."""
        events: list[KeyEvent] = []
        for status, first, second in channel_messages(data):
            kind, channel = status & 0xF0, status & 0x0F
            if kind == 0x90 and second:
                self._down.add((channel, first))
                self._ringing.discard((channel, first))
                events.append(KeyEvent("on", first, second))
            elif kind in (0x80, 0x90):
                self._release(channel, first, events)
            elif kind == 0xB0:
                self._control(channel, first, second, events)
        return events

    def _release(self, channel: int, pitch: int, events: list[KeyEvent]) -> None:
        key = (channel, pitch)
        if key not in self._down:
            return
        self._down.discard(key)
        if channel in self._pedals:
            self._ringing.add(key)
        events.append(KeyEvent("off", pitch))

    def _control(self, channel: int, number: int, value: int, events: list[KeyEvent]) -> None:
        if number == _PEDAL:
            if value >= 64:
                if channel not in self._pedals:
                    self._pedals.add(channel)
                    events.append(KeyEvent("pedal", 1))
            elif channel in self._pedals:
                self._pedal_up(channel, events)
        elif number == _RESET_CONTROLLERS and channel in self._pedals:
            self._pedal_up(channel, events)
        elif number == _ALL_SOUND_OFF or number >= _ALL_NOTES_OFF:
            # Numbers 124 to 127 change the mode and imply All Notes Off (MIDI 1.0).
            self._down = {key for key in self._down if key[0] != channel}
            self._ringing = {key for key in self._ringing if key[0] != channel}
            events.append(KeyEvent("all_off"))

    def _pedal_up(self, channel: int, events: list[KeyEvent]) -> None:
        self._pedals.discard(channel)
        self._ringing = {key for key in self._ringing if key[0] != channel}
        events.append(KeyEvent("pedal", 0))
