"""A stream never makes its writer wait, and loses nothing that it took."""

import sys
from multiprocessing import Pipe

import pytest

from jamtui.processes.stream import Stream, open_stream, readable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a socket pair is not what Windows has")


@pytest.fixture
def ends() -> tuple[Stream, Stream]:
    one, other = Pipe()
    return open_stream(one), open_stream(other)


def test_what_was_written_is_read(ends: tuple[Stream, Stream]) -> None:
    writer, reader = ends
    assert reader.read() == b""
    assert not readable([reader.connection], 0.0)
    assert writer.write(b"one")
    assert writer.write(b"two")
    assert readable([reader.connection], 5.0)
    assert reader.read() == b"onetwo"


def test_a_full_stream_refuses_whole_messages_and_keeps_what_it_took(ends: tuple[Stream, Stream]) -> None:
    writer, reader = ends
    messages = [bytes((number % 256,)) * 5000 for number in range(2000)]
    taken = []
    for message in messages:
        if not writer.write(message):
            break
        taken.append(message)
    assert 0 < len(taken) < len(messages)
    got = b""
    while data := reader.read():
        got += data
        writer.flush()
    assert got == b"".join(taken)
    assert writer.write(b"again")
    assert reader.read() == b"again"


def test_the_end_comes_after_what_was_written_before_it(ends: tuple[Stream, Stream]) -> None:
    writer, reader = ends
    writer.write(b"last")
    writer.close()
    writer.close()
    assert reader.read() == b"last"
    with pytest.raises(EOFError):
        reader.read()
    with pytest.raises(OSError, match="closed"):
        writer.write(b"more")
    with pytest.raises(BrokenPipeError):
        reader.write(b"nobody hears it")
