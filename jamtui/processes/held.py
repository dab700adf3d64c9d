"""Keys that inputs and clients of the link hold down, so that nothing they struck outlives them."""

from collections.abc import Hashable

from jamtui.playback.ledger import note_off
from jamtui.playback.wire import key_event

_PEDAL = 64
"""Controller number of the sustain pedal."""


class HeldKeys:
    """Which client or input struck which keys, and whose sustain pedal is down."""

    def __init__(self) -> None:
        self._held: dict[Hashable, dict[tuple[int, int], None]] = {}
        self._pedals: dict[Hashable, dict[int, None]] = {}

    def struck(self, client: Hashable, message: bytes) -> None:
        """``client`` sent ``message``, one whole MIDI message."""
        if len(message) == 3 and message[0] & 0xF0 == 0xB0 and message[1] == _PEDAL:
            pedals = self._pedals.setdefault(client, {})
            if message[2] >= 64:
                pedals[message[0] & 0x0F] = None
            else:
                pedals.pop(message[0] & 0x0F, None)
            return
        event = key_event(message)
        if event is None:
            return
        on, channel, pitch = event
        keys = self._held.setdefault(client, {})
        if on:
            keys[channel, pitch] = None
        else:
            keys.pop((channel, pitch), None)

    def release(self, client: Hashable) -> list[bytes]:
        """``client`` is gone: the note-offs it owes, then its pedals up. What another one holds as well stays
        down."""
        keys = self._held.pop(client, {})
        others = {key for held in self._held.values() for key in held}
        pedals = self._pedals.pop(client, {})
        feet = {channel for held in self._pedals.values() for channel in held}
        return [
            *(note_off(channel, pitch) for channel, pitch in keys if (channel, pitch) not in others),
            *(bytes((0xB0 | channel, _PEDAL, 0)) for channel in pedals if channel not in feet),
        ]
