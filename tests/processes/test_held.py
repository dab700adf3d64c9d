"""What is let go when an input or a client goes."""

from jamtui.processes.held import HeldKeys


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
