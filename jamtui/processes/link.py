"""The local link: an authenticated socket (named pipe on Windows) in the runtime folder.

Servers never block on a client: what goes to a client waits in a bounded box of its own. Snapshots are
kept one deep (the newest wins), piano rolls one deep per role; everything else is a bounded queue, and a
client that lets it fill up is disconnected and may come again.
"""

import contextlib
import hashlib
import os
import secrets
import socket
import sys
import threading
import time
import typing
from collections import deque
from collections.abc import Callable
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path

from jamtui.errors import LinkError

if sys.platform == "win32":
    from multiprocessing.connection import PipeConnection

    AnyConnection: typing.TypeAlias = Connection | PipeConnection
else:
    AnyConnection: typing.TypeAlias = Connection
"""An open connection: what a named pipe is on Windows is a class of its own."""

QUEUE_LIMIT = 512
"""Messages a slow client may leave unread before it is disconnected."""
MESSAGE_LIMIT = 1 << 20
"""Bytes of the longest message a server takes; who sends a longer one is disconnected."""
HANDSHAKE_S = 5.0
"""How long either side waits for the other's answer in the handshake: a process that is stopped or hung
accepts connections (the system does) but never answers."""


def address(runtime: Path, name: str) -> tuple[str, str]:
    """Address and family of the server ``name`` (``engine`` or ``supervisor``), as ``Listener`` has it."""
    where, family = str(runtime / f"{name}.sock"), "AF_UNIX"
    if sys.platform == "win32":
        tag = hashlib.sha256(str(runtime).encode()).hexdigest()[:16]
        where, family = rf"\\.\pipe\jamtui-{tag}-{name}", "AF_PIPE"
    return where, family


def link_key(runtime: Path, *, create: bool = False) -> bytes:
    """The shared secret, from a file that only its owner can read.

    Raises:
        LinkError: there is none, so no band runs here.
    """
    path = runtime / "key"
    if create:
        runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise LinkError("no band is running; start one with `jamtui`") from None


class Peer:
    """One connected client, seen from the server. ``send*`` never block; ``name`` is set by its hello.

    ``on_message`` is called from the reader thread, ``on_close`` at its end, after the last message.
    """

    def __init__(
        self,
        connection: AnyConnection,
        on_message: Callable[["Peer", bytes], None],
        on_close: Callable[["Peer"], None] = lambda _peer: None,
    ) -> None:
        self.name = ""
        self.closed = False
        self._connection = connection
        self._on_message = on_message
        self._on_close = on_close
        self._queue: deque[bytes] = deque()
        self._latest: dict[str, bytes] = {}
        self._wake = threading.Event()
        self._users = 2
        self._users_lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="link-read", daemon=True)
        self._writer = threading.Thread(target=self._write, name="link-write", daemon=True)
        self._writer.start()
        self._reader.start()

    def send(self, data: bytes) -> None:
        """Queue a message that must arrive in order."""
        if self.closed:
            return
        if len(self._queue) >= QUEUE_LIMIT:
            self.drop()
            return
        self._queue.append(data)
        self._wake.set()

    def send_latest(self, slot: str, data: bytes) -> None:
        """Send a message that replaces any unsent one of the same ``slot``."""
        self._latest[slot] = data
        self._wake.set()

    def close(self) -> None:
        """Disconnect when what is queued has gone out; threads end by themselves."""
        self.closed = True
        self._wake.set()

    def drop(self) -> None:
        """Disconnect now."""
        self.closed = True
        hang_up(self._connection)
        self._wake.set()

    def _read(self) -> None:
        try:
            while not self.closed:
                self._on_message(self, self._connection.recv_bytes(MESSAGE_LIMIT))
        except (EOFError, OSError):
            pass
        finally:
            self.close()
            self._on_close(self)
            self._leave()

    def _write(self) -> None:
        try:
            while True:
                self._wake.wait()
                self._wake.clear()
                while self._queue:
                    self._connection.send_bytes(self._queue.popleft())
                for slot in list(self._latest):
                    data = self._latest.pop(slot, None)
                    if data is not None:
                        self._connection.send_bytes(data)
                if self.closed and not self._queue:
                    break
        except (OSError, ValueError):
            self.closed = True
        finally:
            hang_up(self._connection)
            self._leave()

    def _leave(self) -> None:
        """The last thread closes: a descriptor closed under a thread that waits on it would live on, or
        come back as another file."""
        with self._users_lock:
            self._users -= 1
            if self._users:
                return
        with contextlib.suppress(OSError):
            self._connection.close()


def hang_up(connection: AnyConnection) -> None:
    """End a connection so that every thread that waits on it, on both sides, wakes up."""
    with contextlib.suppress(OSError, ValueError):
        if sys.platform == "win32":
            connection.close()
        else:
            with socket.socket(fileno=os.dup(connection.fileno())) as twin:
                twin.shutdown(socket.SHUT_RDWR)


class _Patient:
    """A connection as the handshake uses it, that waits for each answer only so long."""

    def __init__(self, connection: AnyConnection, timeout_s: float) -> None:
        self._connection = connection
        self._end = time.monotonic() + timeout_s

    def send_bytes(self, data: bytes) -> None:
        self._connection.send_bytes(data)

    def recv_bytes(self, limit: int | None = None) -> bytes:
        if not self._connection.poll(max(0.0, self._end - time.monotonic())):
            raise TimeoutError("no answer in the handshake")
        return self._connection.recv_bytes(limit)


class Server:
    """Listens under ``name`` in ``runtime``; ``on_message(peer, bytes)`` and ``on_close(peer)`` are called
    from reader threads.

    Args:
        take: gets each connection itself, in a thread of its own, in the place of all that.

    Raises:
        LinkError: another process listens there already.
    """

    def __init__(
        self,
        runtime: Path,
        name: str,
        key: bytes,
        on_message: Callable[[Peer, bytes], None] = lambda _peer, _data: None,
        on_close: Callable[[Peer], None] = lambda _peer: None,
        take: Callable[[AnyConnection], None] | None = None,
    ) -> None:
        self._take = take
        where, family = address(runtime, name)
        if family == "AF_UNIX":
            with contextlib.suppress(FileNotFoundError):
                os.unlink(where)
        try:
            self._listener = Listener(where, family, backlog=64)
        except OSError as error:
            raise LinkError(
                f"cannot open the link at {where} ({error}); run `jamtui doctor --fix`"
            ) from error
        if family == "AF_UNIX":
            os.chmod(where, 0o600)
        self._key = key
        self._on_message = on_message
        self._on_close = on_close
        self._peers: tuple[Peer, ...] = ()
        self._lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._accept, name=f"link-{name}", daemon=True).start()

    @property
    def peers(self) -> tuple[Peer, ...]:
        """The connected clients."""
        if any(p.closed for p in self._peers):
            with self._lock:
                self._peers = tuple(p for p in self._peers if not p.closed)
        return self._peers

    def close(self) -> None:
        """Stop listening and disconnect everyone, after their queues went out."""
        self._closed = True
        for peer in self._peers:
            peer.close()
        with contextlib.suppress(OSError):
            self._listener.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection = self._listener.accept()
            except (OSError, EOFError):
                # Out of descriptors, or a client gone before it was accepted: not a reason to spin.
                time.sleep(0.01)
                continue
            # The handshake runs beside, so that a client that stalls in it keeps nobody else out.
            threading.Thread(target=self._welcome, args=(connection,), name="link-auth", daemon=True).start()

    def _welcome(self, connection: AnyConnection) -> None:
        try:
            patient = typing.cast(AnyConnection, _Patient(connection, HANDSHAKE_S))
            deliver_challenge(patient, self._key)
            answer_challenge(patient, self._key)
        except (AuthenticationError, EOFError, OSError):
            connection.close()
            return
        if self._take is not None:
            self._take(connection)
            return
        with self._lock:
            peer = Peer(connection, self._on_message, self._on_close)
            self._peers = (*(p for p in self._peers if not p.closed), peer)


def connect(runtime: Path, name: str, timeout_s: float = HANDSHAKE_S) -> AnyConnection:
    """A connection to the server ``name``.

    Raises:
        LinkError: nobody answers there in time, or not with the right key.
    """
    key = link_key(runtime)
    connection: AnyConnection | None = None
    try:
        connection = _open(*address(runtime, name))
        patient = typing.cast(AnyConnection, _Patient(connection, timeout_s))
        answer_challenge(patient, key)
        deliver_challenge(patient, key)
    except (OSError, EOFError, AuthenticationError) as error:
        if connection is not None:
            connection.close()
        if isinstance(error, AuthenticationError):
            raise LinkError(f"the {name} refused the key in {runtime}; run `jamtui doctor --fix`") from error
        raise LinkError(f"the {name} does not answer; start one with `jamtui`") from error
    return connection


def _open(where: str, family: str) -> AnyConnection:
    if sys.platform == "win32":
        connection = Client(where, family)
    else:
        with socket.socket(socket.AF_UNIX) as opened:
            # Connecting waits where the other side's queue of new connections is full: not with this.
            opened.setblocking(False)
            opened.connect(where)
            opened.setblocking(True)
            connection = Connection(opened.detach())
    return connection
