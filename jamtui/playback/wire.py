"""Reading MIDI bytes as far as the output needs it: which messages, and which keys they strike and end."""

_UNDEFINED = frozenset({0xF9, 0xFD})
"""Realtime bytes that mean nothing; ALSA refuses to send them."""
_LENGTHS = {0x80: 3, 0x90: 3, 0xA0: 3, 0xB0: 3, 0xC0: 2, 0xD0: 2, 0xE0: 3}


def messages(data: bytes) -> list[bytes]:
    """``data`` cut into whole messages, running status written out.

    System Exclusive is one message from F0 to F7. Realtime bytes come out as messages of their own, also
    from within another message. What is not a whole message (stray data bytes, a cut end) or has no meaning
    is left out.
    """
    out: list[bytes] = []
    status = 0
    need = 0
    got = bytearray()
    sysex = False
    for byte in data:
        if byte >= 0xF8:
            if byte not in _UNDEFINED:
                out.append(bytes((byte,)))
        elif byte >= 0x80:
            if byte == 0xF7 and sysex:
                got.append(byte)
                out.append(bytes(got))
            got.clear()
            sysex = byte == 0xF0
            status = byte if byte < 0xF0 else 0
            need = _LENGTHS.get(byte & 0xF0, 0) if byte < 0xF0 else {0xF1: 2, 0xF2: 3, 0xF3: 2}.get(byte, 0)
            if sysex or need:
                got.append(byte)
            elif byte == 0xF6:
                out.append(bytes((byte,)))
        elif sysex:
            got.append(byte)
        elif need:
            if not got:
                if not status:
                    continue
                got.append(status)
            got.append(byte)
            if len(got) == need:
                out.append(bytes(got))
                got.clear()
                need = need if status else 0
    return out


def is_whole(data: bytes) -> bool:
    """Whether ``data`` is exactly one well-formed channel or realtime message (no System Exclusive)."""
    if not data:
        return False
    if data[0] < 0xF0:
        return len(data) == _LENGTHS.get(data[0] & 0xF0) and data[1] < 128 and data[-1] < 128
    return len(data) == 1 and data[0] >= 0xF8 and data[0] not in _UNDEFINED


def key_event(message: bytes) -> tuple[bool, int, int] | None:
    """``(on, channel, pitch)`` of a whole note message, None for any other; velocity 0 is a note-off."""
    if len(message) != 3 or not 0x80 <= message[0] < 0xA0:
        return None
    return message[0] >= 0x90 and message[2] > 0, message[0] & 15, message[1]


def pedal_event(message: bytes) -> tuple[int, bool] | None:
    """``(channel, down)`` of a whole message that moves the sustain pedal, None for any other. Reset All
    Controllers lets it go."""
    if len(message) != 3 or message[0] & 0xF0 != 0xB0 or message[1] not in (64, 121):
        return None
    return message[0] & 15, message[1] == 64 and message[2] >= 64
