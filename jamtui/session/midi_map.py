"""Actions on notes and controllers: hands are on the piano and the DAW has the focus."""

from collections.abc import Sequence
from dataclasses import dataclass

from jamtui.session.actions import BY_NAME, Argument

_CC_ON = 64
"""Controller values from here on count as pressed (the MIDI convention for switches)."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """``number`` of a note (``note`` True) or controller does ``action``; ``channel`` 0 to 15, None any."""

    action: str
    note: bool
    number: int
    channel: int | None = None
    argument: str | float | None = None


@dataclass(frozen=True, slots=True)
class Triggered:
    """What a message asked for; ``action`` empty: it only belongs to a mapping (a release)."""

    action: str = ""
    argument: str | float | None = None


_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0.0, 1.0),
    "energy": (0.0, 1.0),
    "tempo": (40.0, 240.0),
}


class MidiMap:
    """Finds the action of an incoming message. Remembers which controllers are down, so that a pedal
    that sends a stream of values triggers once per press."""

    def __init__(self, mappings: Sequence[Mapping]) -> None:
        self._by_number: dict[tuple[bool, int], list[Mapping]] = {}
        for mapping in mappings:
            self._by_number.setdefault((mapping.note, mapping.number), []).append(mapping)
        self._down: set[tuple[int, int]] = set()

    def take(self, data: bytes) -> Triggered | None:
        """What ``data`` triggers; None when it belongs to no mapping and is to be played."""
        if len(data) != 3 or not self._by_number:
            return None
        kind, channel, number, value = data[0] & 0xF0, data[0] & 0x0F, data[1], data[2]
        if kind not in (0x80, 0x90, 0xB0):
            return None
        for mapping in self._by_number.get((kind != 0xB0, number), ()):
            if mapping.channel is None or mapping.channel == channel:
                return self._pressed(mapping, kind, channel, number, value)
        return None

    def _pressed(self, mapping: Mapping, kind: int, channel: int, number: int, value: int) -> Triggered:
        if kind == 0xB0:
            span = _RANGES.get(mapping.action)
            if span is not None and mapping.argument is None:
                low, high = span
                return Triggered(mapping.action, round(low + (high - low) * value / 127, 3))
            key = (channel, number)
            was_down = key in self._down
            if value < _CC_ON:
                self._down.discard(key)
                return Triggered()
            self._down.add(key)
            if was_down:
                return Triggered()
        elif kind == 0x80 or value == 0:
            return Triggered()
        action = BY_NAME.get(mapping.action)
        takes = action is not None and action.argument is not Argument.NONE
        return Triggered(mapping.action, mapping.argument if takes else None)
