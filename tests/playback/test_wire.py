from hypothesis import given
from hypothesis import strategies as st

from jamtui.playback.wire import is_whole, key_event, messages


def test_running_status_is_written_out() -> None:
    assert messages(bytes.fromhex("903c40 3e40 3c00")) == [
        bytes.fromhex("903c40"),
        bytes.fromhex("903e40"),
        bytes.fromhex("903c00"),
    ]


def test_realtime_bytes_come_out_of_the_middle_of_messages() -> None:
    assert messages(bytes.fromhex("903cf840")) == [b"\xf8", bytes.fromhex("903c40")]
    assert messages(bytes.fromhex("f001fa02f7")) == [b"\xfa", bytes.fromhex("f00102f7")]


def test_what_is_not_whole_is_left_out() -> None:
    assert messages(bytes.fromhex("3c40 903c")) == []
    assert messages(bytes.fromhex("f00102 803c00")) == [bytes.fromhex("803c00")]
    assert messages(bytes.fromhex("f20102 03")) == [bytes.fromhex("f20102")]


def test_what_has_no_meaning_is_left_out() -> None:
    assert messages(bytes.fromhex("f9 90f93c40 fd")) == [bytes.fromhex("903c40")]
    assert not is_whole(b"\xf9")
    assert is_whole(b"\xfe")


def test_velocity_zero_ends_a_note() -> None:
    assert key_event(bytes.fromhex("933c00")) == (False, 3, 60)
    assert key_event(bytes.fromhex("933c01")) == (True, 3, 60)
    assert key_event(bytes.fromhex("833c40")) == (False, 3, 60)
    assert key_event(bytes.fromhex("b03c40")) is None


@given(st.binary(max_size=60))
def test_any_bytes_give_well_formed_messages_only(data: bytes) -> None:
    for message in messages(data):
        assert is_whole(message) or message[0] >= 0xF0
        assert all(byte < 0x80 for byte in message[1:-1])


@given(st.binary(min_size=1, max_size=3))
def test_a_whole_message_is_cut_into_itself(data: bytes) -> None:
    if is_whole(data):
        assert messages(data) == [data]
