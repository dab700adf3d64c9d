"""What the engine hands to the process that owns the output ports, and the receipts it gets back.

A frame is one MIDI message with the time at which it is to leave, in nanoseconds of
``time.perf_counter_ns`` (one clock for all processes of a machine). Frames travel as bytes in a stream, so
both ends keep the beginning of a frame until the rest has come.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

MESSAGE_LIMIT = 1 << 14
"""Bytes of the longest message that is handed over: JACK's ring to a port holds no more."""

_HEAD = struct.Struct("<qqHBB")  # serial, due ns, length of the message, port, flags
_RECEIPT = struct.Struct("<qqBxxxxxxx")  # serial, sent ns, fate
_LAPSES, _REPORTED = 1, 2


class HandoverError(ValueError):
    """Bytes that are no frame: the other end is not what it should be."""


class Fate(IntEnum):
    """What became of a message."""

    SENT = 0
    LATE = 1
    """It lapsed: it could not leave soon enough."""
    GONE = 2
    """Its port is not there, or failed."""


@dataclass(frozen=True, slots=True)
class Handed:
    """One message for the port with index ``port``, to leave at ``due_ns`` and never before another one that
    was handed over earlier for the same port and channel."""

    serial: int
    due_ns: int
    port: int
    data: bytes
    lapses: bool = False
    """Too late it is left out, not sent: a note-on of the band."""
    reported: bool = False
    """A receipt is wanted."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the message ``serial``; ``sent_ns`` is when it left, 0 where it did not."""

    serial: int
    sent_ns: int
    fate: Fate = Fate.SENT


def pack(handed: Handed) -> bytes:
    """``handed`` as bytes. Raises `HandoverError` for a message longer than `MESSAGE_LIMIT`."""
    data = handed.data
    if len(data) > MESSAGE_LIMIT:
        raise HandoverError(f"a message of {len(data)} bytes is too long to hand over")
    flags = _LAPSES * handed.lapses | _REPORTED * handed.reported
    return _HEAD.pack(handed.serial, handed.due_ns, len(data), handed.port, flags) + data


def pack_receipt(receipt: Receipt) -> bytes:
    """``receipt`` as bytes."""
    return _RECEIPT.pack(receipt.serial, receipt.sent_ns, receipt.fate)


class Frames:
    """Cuts a stream into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, data: bytes) -> Iterator[Handed]:
        """The frames that are whole now that ``data`` came.

        Raises:
            HandoverError: the stream is no stream of frames.
        """
        data = self._rest + data
        at, end = 0, len(data)
        while end - at >= _HEAD.size:
            serial, due_ns, length, port, flags = _HEAD.unpack_from(data, at)
            if length > MESSAGE_LIMIT or flags & ~(_LAPSES | _REPORTED):
                raise HandoverError("something that is not a message came from the engine")
            begin = at + _HEAD.size
            if end - begin < length:
                break
            at = begin + length
            yield Handed(serial, due_ns, port, data[begin:at], bool(flags & _LAPSES), bool(flags & _REPORTED))
        self._rest = data[at:]


class Receipts:
    """Cuts a stream into receipts."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, data: bytes) -> Iterator[Receipt]:
        """The receipts that are whole now that ``data`` came."""
        data = self._rest + data
        whole = len(data) // _RECEIPT.size * _RECEIPT.size
        self._rest = data[whole:]
        for serial, sent_ns, fate in _RECEIPT.iter_unpack(data[:whole]):
            yield Receipt(serial, sent_ns, Fate(fate))
