"""What is let go when an input or a client goes."""

from hypothesis import given
from hypothesis import strategies as st

from jamtui.playback.wire import key_event
from jamtui.processes.held import HeldKeys

messages = st.builds(
    lambda status, pitch, velocity: bytes((status, pitch, velocity)),
    st.sampled_from([0x80, 0x90, 0x91, 0xB0]),
    st.integers(60, 63),
    st.integers(0, 127),
)


def test_keys_and_pedals_of_one_that_goes_are_let_go() -> None:
    held = HeldKeys()
    for message in (b"\x90\x3c\x50", b"\x90\x40\x50", b"\x80\x40\x00", b"\xb0\x40\x7f", b"\xb0\x07\x64"):
        held.struck("Nord", message)
    assert held.release("Nord") == [b"\x80\x3c\x00", b"\xb0\x40\x00"]
    assert held.release("Nord") == []


def test_what_another_one_holds_too_stays_down() -> None:
    held = HeldKeys()
    for name in ("Nord", "Pad"):
        held.struck(name, b"\x90\x3c\x50")
        held.struck(name, b"\xb0\x40\x7f")
    assert held.release("Nord") == []
    assert held.release("Pad") == [b"\x80\x3c\x00", b"\xb0\x40\x00"]


def test_a_pedal_that_was_let_go_is_not_let_go_again() -> None:
    held = HeldKeys()
    held.struck("Nord", b"\xb0\x40\x7f")
    held.struck("Nord", b"\xb0\x40\x10")
    assert held.release("Nord") == []


@given(st.lists(st.tuples(st.sampled_from("ab"), messages), max_size=40))
def test_what_clients_leave_is_what_they_held_and_nobody_else(sent: list[tuple[str, bytes]]) -> None:
    keys = HeldKeys()
    down: dict[str, set[tuple[int, int]]] = {"a": set(), "b": set()}
    for client, message in sent:
        keys.struck(client, message)
        event = key_event(message)
        if event is not None:
            on, channel, pitch = event
            (down[client].add if on else down[client].discard)((channel, pitch))
    for client, others in (("a", down["b"]), ("b", set[tuple[int, int]]())):
        released = [key_event(m) for m in keys.release(client)]
        ended = {(e[1], e[2]) for e in released if e is not None and not e[0]}
        assert ended == down[client] - others
    assert keys.release("a") == []
