import pytest

from jamtui.playback.fakes import DummyTime, FlakySink, RecordingSink
from jamtui.playback.sinks import NullSink, PortGone


def test_dummy_time_moves_forward_only() -> None:
    time = DummyTime(5)
    assert time.advance(10) == time() == 15
    with pytest.raises(ValueError, match="back"):
        time.advance_to(14)


def test_a_recording_sink_writes_down_time_and_bytes() -> None:
    time = DummyTime(3)
    sink = RecordingSink(time)
    sink.send(b"\x91\x3c\x40")
    sink.send(b"\x91\x3c\x00")
    sink.send(b"\xf8")
    assert sink.events == [(3, b"\x91\x3c\x40"), (3, b"\x91\x3c\x00"), (3, b"\xf8")]
    assert sink.notes() == [(3, True, 1, 60), (3, False, 1, 60)]


def test_a_flaky_sink_is_gone_between_two_times() -> None:
    time = DummyTime()
    sink = FlakySink(time, 10, 20)
    sink.send(b"\xf8")
    time.advance_to(10)
    with pytest.raises(PortGone):
        sink.send(b"\xf8")
    time.advance_to(20)
    sink.send(b"\xf8")
    assert [ns for ns, _ in sink.events] == [0, 20]


def test_a_null_sink_takes_everything() -> None:
    NullSink().send(b"\xf8")
