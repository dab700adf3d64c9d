"""A connection as a stream of bytes at which nobody waits."""

import contextlib
import os
import select
import socket
import sys
import threading
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import wait
from typing import Protocol

from jamtui.processes.link import AnyConnection, hang_up

READ_BYTES = 1 << 16
BUFFER_BYTES = 1 << 20
"""Asked of the system for what was written and not yet read; it may give less."""
QUEUE_LIMIT = 4096
"""The same in messages, on Windows."""


class Stream(Protocol):
    """The bytes of a connection. `write` and `close` are for any thread, `read` for one."""

    @property
    def connection(self) -> AnyConnection:
        """What lies below, to wait for."""
        ...

    def write(self, data: bytes) -> bool:
        """Write ``data`` wholly or not at all; False where there is no room.

        Raises:
            OSError: the other end is gone.
        """
        ...

    def flush(self) -> bool:
        """Go on writing what the system took in part; True when nothing is left."""
        ...

    def read(self) -> bytes:
        """What came; empty when nothing did.

        Raises:
            EOFError: the other end is gone, and all that it wrote was read.
        """
        ...

    def close(self) -> None:
        """End it, on both sides."""
        ...


if sys.platform == "win32":

    class _Stream:
        # A pipe can only be written to by waiting: a thread does that.

        def __init__(self, connection: AnyConnection) -> None:
            self._connection = connection
            self._closed = False
            self._queue: deque[bytes] = deque()
            self._filled = threading.Event()
            threading.Thread(target=self._write_on, name="stream-write", daemon=True).start()

        @property
        def connection(self) -> AnyConnection:
            return self._connection

        def write(self, data: bytes) -> bool:
            if self._closed:
                raise OSError("the stream is closed")
            if len(self._queue) >= QUEUE_LIMIT:
                return False
            self._queue.append(data)
            self._filled.set()
            return True

        def flush(self) -> bool:
            return not self._queue

        def read(self) -> bytes:
            parts: list[bytes] = []
            try:
                while self._connection.poll(0):
                    parts.append(self._connection.recv_bytes())
            except (OSError, EOFError) as error:
                if not parts:
                    raise EOFError from error
            return b"".join(parts)

        def close(self) -> None:
            self._closed = True
            self._filled.set()
            hang_up(self._connection)

        def _write_on(self) -> None:
            with contextlib.suppress(OSError):
                while not self._closed:
                    self._filled.wait()
                    self._filled.clear()
                    while self._queue:
                        self._connection.send_bytes(self._queue.popleft())
            self._closed = True

else:

    class _Stream:
        def __init__(self, connection: AnyConnection) -> None:
            self._connection = connection
            self._lock = threading.Lock()  # no descriptor is closed under a thread that writes to it
            self._closed = False
            self._rest = b""
            with socket.socket(fileno=os.dup(connection.fileno())) as twin, contextlib.suppress(OSError):
                twin.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
            os.set_blocking(connection.fileno(), False)

        @property
        def connection(self) -> AnyConnection:
            return self._connection

        def write(self, data: bytes) -> bool:
            with self._lock:
                if self._closed:
                    raise OSError("the stream is closed")
                if self._rest and not self._push_rest():
                    return False
                try:
                    written = os.write(self._connection.fileno(), data)
                except BlockingIOError:
                    return False
                # Where only the beginning went, the rest follows before anything else.
                self._rest = data[written:]
                return True

        def flush(self) -> bool:
            if not self._rest:
                return True  # without the lock: planning asks in every turn, and the output thread writes
            with self._lock:
                return self._closed or not self._rest or self._push_rest()

        def read(self) -> bytes:
            if self._closed:
                raise EOFError
            try:
                data = os.read(self._connection.fileno(), READ_BYTES)
            except BlockingIOError:
                return b""
            except OSError as error:
                raise EOFError from error
            if not data:
                raise EOFError
            return data

        def close(self) -> None:
            with self._lock:
                if not self._closed:
                    self._closed = True
                    hang_up(self._connection)
                    with contextlib.suppress(OSError):
                        self._connection.close()

        def _push_rest(self) -> bool:
            try:
                written = os.write(self._connection.fileno(), self._rest)
            except BlockingIOError:
                return False
            self._rest = self._rest[written:]
            return not self._rest


def open_stream(connection: AnyConnection) -> Stream:
    """``connection`` as a stream; it belongs to the stream from now on."""
    return _Stream(connection)


def readable(connections: Sequence[AnyConnection], timeout_s: float) -> bool:
    """Wait until there is something to read, or an end, on one of them; False when there was not."""
    if sys.platform == "win32":
        return bool(wait(connections, timeout_s))
    else:  # noqa: RET505  (mypy takes what follows a return for the other systems as unreachable there)
        return bool(select.select([c.fileno() for c in connections], [], [], timeout_s)[0])
