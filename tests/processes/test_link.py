import contextlib
import os
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from multiprocessing.connection import Client, Connection
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory

import pytest

from jamtui.errors import LinkError
from jamtui.processes.link import MESSAGE_LIMIT, QUEUE_LIMIT, Peer, Server, address, connect, link_key

PATIENCE_S = 10.0


@pytest.fixture
def runtime() -> Iterator[Path]:
    # Short: the address of a Unix socket is limited to about 100 bytes.
    with TemporaryDirectory(prefix="jt") as folder:
        yield Path(folder)


def serve(runtime: Path) -> tuple[Server, "Queue[tuple[Peer, bytes]]"]:
    got: Queue[tuple[Peer, bytes]] = Queue()
    server = Server(runtime, "engine", link_key(runtime, create=True), lambda p, d: got.put((p, d)))
    return server, got


def read_to_the_end(connection: Connection) -> list[bytes]:
    got: list[bytes] = []
    with contextlib.suppress(EOFError, ConnectionError):
        while connection.poll(PATIENCE_S):
            got.append(connection.recv_bytes())
        pytest.fail("the connection is still open")
    return got


def test_messages_pass_both_ways_in_order(runtime: Path) -> None:
    server, got = serve(runtime)
    connection = connect(runtime, "engine")
    connection.send_bytes(b"one")
    peer, data = got.get(timeout=PATIENCE_S)
    assert data == b"one"
    for i in range(50):
        peer.send(str(i).encode())
    assert [connection.recv_bytes() for _ in range(50)] == [str(i).encode() for i in range(50)]
    connection.close()
    server.close()


def test_only_the_newest_snapshot_waits_for_a_slow_client(runtime: Path) -> None:
    server, got = serve(runtime)
    connection = connect(runtime, "engine")
    connection.send_bytes(b"hello")
    peer, _ = got.get(timeout=PATIENCE_S)
    big = b"x" * 1_000_000
    for i in range(200):
        peer.send_latest("snapshot", big + str(i).encode())
    received = [connection.recv_bytes(2_000_000)]
    while not received[-1].endswith(b"199"):
        received.append(connection.recv_bytes(2_000_000))
    assert len(received) < 200
    server.close()
    connection.close()


def test_a_client_that_never_reads_is_dropped_and_blocks_nobody(runtime: Path) -> None:
    server, got = serve(runtime)
    sleeper = connect(runtime, "engine")
    sleeper.send_bytes(b"hello")
    peer, _ = got.get(timeout=PATIENCE_S)
    for _ in range(QUEUE_LIMIT * 4):
        peer.send(b"y" * 10_000)
    assert peer.closed
    other = connect(runtime, "engine")
    other.send_bytes(b"still here?")
    assert got.get(timeout=PATIENCE_S)[1] == b"still here?"
    sleeper.close()
    other.close()
    server.close()


def test_a_wrong_key_is_refused(runtime: Path) -> None:
    server, _ = serve(runtime)
    (runtime / "key").write_bytes(b"not the key, not the key, no key")
    with pytest.raises(LinkError, match="refused the key"):
        connect(runtime, "engine")
    server.close()


def test_a_client_stalled_in_the_handshake_keeps_nobody_out(runtime: Path) -> None:
    server, got = serve(runtime)
    where, family = address(runtime, "engine")
    stalled = Client(where, family)
    connection = connect(runtime, "engine")
    connection.send_bytes(b"in")
    assert got.get(timeout=PATIENCE_S)[1] == b"in"
    stalled.close()
    connection.close()
    server.close()


def test_no_band_is_said_in_a_sentence(runtime: Path) -> None:
    with pytest.raises(LinkError, match="start one with `jamtui`"):
        connect(runtime, "engine")


@pytest.mark.skipif(sys.platform == "win32", reason="permission bits are POSIX")
def test_key_and_socket_belong_to_their_owner_alone(runtime: Path) -> None:
    server, _ = serve(runtime)
    assert stat.S_IMODE(os.stat(runtime / "key").st_mode) == 0o600
    assert stat.S_IMODE(os.stat(address(runtime, "engine")[0]).st_mode) == 0o600
    server.close()


def test_threads_end_with_the_server(runtime: Path) -> None:
    before = threading.active_count()
    server, got = serve(runtime)
    connection = connect(runtime, "engine")
    connection.send_bytes(b"a")
    peer, _ = got.get(timeout=PATIENCE_S)
    connection.close()
    peer._reader.join(PATIENCE_S)
    peer._writer.join(PATIENCE_S)
    server.close()
    assert threading.active_count() <= before + 1  # the accept thread may still be in its system call


def test_a_client_that_was_dropped_reads_the_end_and_may_come_again(runtime: Path) -> None:
    server, got = serve(runtime)
    sleeper = connect(runtime, "engine")
    sleeper.send_bytes(b"hello")
    peer, _ = got.get(timeout=PATIENCE_S)
    for _ in range(QUEUE_LIMIT * 4):
        peer.send(b"y" * 10_000)
    peer._reader.join(PATIENCE_S)
    peer._writer.join(PATIENCE_S)
    assert not peer._reader.is_alive()
    assert not peer._writer.is_alive()
    assert len(read_to_the_end(sleeper)) < QUEUE_LIMIT * 4
    sleeper.close()
    again = connect(runtime, "engine")
    again.send_bytes(b"back")
    assert got.get(timeout=PATIENCE_S)[1] == b"back"
    again.close()
    server.close()


def test_the_server_hears_that_a_client_went_after_its_last_message(runtime: Path) -> None:
    got: Queue[tuple[Peer, bytes | None]] = Queue()
    key = link_key(runtime, create=True)
    server = Server(runtime, "engine", key, lambda p, d: got.put((p, d)), lambda p: got.put((p, None)))
    connection = connect(runtime, "engine")
    connection.send_bytes(b"last words")
    connection.close()
    assert [got.get(timeout=PATIENCE_S)[1] for _ in range(2)] == [b"last words", None]
    server.close()


def test_a_message_that_is_too_long_ends_its_client_alone(runtime: Path) -> None:
    server, got = serve(runtime)
    rude, polite = connect(runtime, "engine"), connect(runtime, "engine")
    with contextlib.suppress(OSError):  # the server may hang up in the middle of it
        rude.send_bytes(b"x" * (MESSAGE_LIMIT + 1))
    assert read_to_the_end(rude) == []
    polite.send_bytes(b"fine")
    assert got.get(timeout=PATIENCE_S)[1] == b"fine"
    rude.close()
    polite.close()
    server.close()


@pytest.mark.skipif(sys.platform == "win32", reason="a listening socket stands in for a hung process")
def test_a_hung_process_is_not_waited_for(runtime: Path) -> None:
    link_key(runtime, create=True)
    where, _ = address(runtime, "engine")
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(where)
        hung.listen(1)
        for _ in range(4):  # more than its queue of new connections holds
            with pytest.raises(LinkError, match="the engine does not answer"):
                connect(runtime, "engine", timeout_s=0.05)
