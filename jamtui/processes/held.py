"""Keys that clients of the link hold down, so that nothing they struck outlives them."""

from collections.abc import Hashable

from jamtui.playback.ledger import note_off
from jamtui.playback.wire import key_event


class HeldKeys:
    """Which client struck which keys."""

    def __init__(self) -> None:
        self._held: dict[Hashable, dict[tuple[int, int], None]] = {}

    def struck(self, client: Hashable, message: bytes) -> None:
        """``client`` sent ``message``, one whole MIDI message."""
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
        """``client`` is gone: the note-offs it owes. Keys that another client holds as well stay down."""
        keys = self._held.pop(client, {})
        others = {key for held in self._held.values() for key in held}
        return [note_off(channel, pitch) for channel, pitch in keys if (channel, pitch) not in others]
