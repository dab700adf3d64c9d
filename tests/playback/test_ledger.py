import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.playback.ledger import (
    BITMAP_BYTES,
    LEDGER_BYTES,
    PEDAL,
    Ledger,
    forget,
    read_bitmap,
    read_owed,
    read_pedals,
)

KEYS = st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 15), st.integers(0, 127))


def test_the_bitmap_holds_what_is_owed() -> None:
    bitmap = bytearray(BITMAP_BYTES)
    ledger = Ledger(("lead", "bass"), bitmap)
    ledger.add(("bass", 9, 36))
    ledger.add(("lead", 0, 127))
    assert read_bitmap(bitmap) == [(0, 0, 127), (1, 9, 36)]
    ledger.remove(("bass", 9, 36))
    assert read_bitmap(bitmap) == [(0, 0, 127)]
    assert ledger.ports == ("lead", "bass")


def test_releasing_sends_each_note_off_once_and_keeps_what_did_not_go() -> None:
    ledger = Ledger()
    ledger.add(("lead", 0, 60))
    ledger.add(("bass", 1, 40))
    sent: list[tuple[str, bytes]] = []

    def send(port: str, data: bytes) -> bool:
        sent.append((port, data))
        return port == "bass"

    assert ledger.release_all(send) == 1
    assert sent == [("lead", b"\x80\x3c\x00"), ("bass", b"\x81\x28\x00")]
    assert ledger.owed() == (("lead", 0, 60),)


def test_one_port_alone_can_be_released() -> None:
    ledger = Ledger()
    ledger.add(("lead", 0, 60))
    ledger.add(("bass", 1, 40))
    assert ledger.release_all(lambda port, data: True, "lead") == 1
    assert ledger.owed() == (("bass", 1, 40),)


def test_a_ninth_port_is_kept_but_not_mirrored() -> None:
    bitmap = bytearray(BITMAP_BYTES)
    ledger = Ledger([f"port {n}" for n in range(9)], bitmap)
    ledger.add(("port 8", 0, 60))
    assert ledger.owed() == (("port 8", 0, 60),)
    assert read_bitmap(bitmap) == []


def test_a_buffer_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="2048"):
        Ledger((), bytearray(100))


@given(st.lists(st.tuples(st.booleans(), KEYS), max_size=60))
def test_bitmap_and_ledger_always_agree(operations: list[tuple[bool, tuple[str, int, int]]]) -> None:
    bitmap = bytearray(BITMAP_BYTES)
    ledger = Ledger(("a", "b", "c"), bitmap)
    for add, key in operations:
        (ledger.add if add else ledger.remove)(key)
        mirrored = {(ledger.ports[port], channel, pitch) for port, channel, pitch in read_bitmap(bitmap)}
        assert mirrored == set(ledger.owed())


def test_what_ended_lately_is_still_marked_and_then_cleared() -> None:
    """What was sent last may be lost with the process: who clears up after it ends those notes again."""
    bitmap = bytearray(BITMAP_BYTES)
    time = [1000]
    ledger = Ledger(("lead",), bitmap, linger_ns=50, now=lambda: time[0])
    ledger.add(("lead", 0, 60))
    ledger.remove(("lead", 0, 60))
    assert ledger.owed() == ()
    assert read_bitmap(bitmap) == [(0, 0, 60)]
    assert ledger.settle(1049) == 1050
    assert read_bitmap(bitmap) == [(0, 0, 60)]
    assert ledger.settle(1050) is None
    assert read_bitmap(bitmap) == []


def test_a_key_that_is_struck_again_stays_marked() -> None:
    bitmap = bytearray(BITMAP_BYTES)
    time = [1000]
    ledger = Ledger(("lead",), bitmap, linger_ns=50, now=lambda: time[0])
    ledger.add(("lead", 0, 60))
    ledger.remove(("lead", 0, 60))
    time[0] = 1020
    ledger.add(("lead", 0, 60))
    assert ledger.settle(1060) is None
    assert read_bitmap(bitmap) == [(0, 0, 60)]
    ledger.remove(("lead", 0, 60))
    ledger.settle()
    assert read_bitmap(bitmap) == []


@given(st.lists(st.tuples(st.booleans(), KEYS, st.integers(0, 40)), max_size=60))
def test_lingering_never_hides_what_is_owed_and_ends(
    steps: list[tuple[bool, tuple[str, int, int], int]],
) -> None:
    bitmap = bytearray(BITMAP_BYTES)
    time = [0]
    ledger = Ledger(("a", "b", "c"), bitmap, linger_ns=50, now=lambda: time[0])
    lately: dict[tuple[str, int, int], int] = {}
    for on, key, later in steps:
        time[0] += later
        if not on and key in ledger:
            lately[key] = time[0]
        (ledger.add if on else ledger.remove)(key)
        ledger.settle(time[0])
        marked = {(ledger.ports[place], channel, pitch) for place, channel, pitch in read_bitmap(bitmap)}
        assert set(ledger.owed()) <= marked
        assert {ended for ended, at in lately.items() if at + 50 > time[0]} <= marked
    ledger.settle(time[0] + 50)
    marked = {(ledger.ports[place], channel, pitch) for place, channel, pitch in read_bitmap(bitmap)}
    assert marked == set(ledger.owed())


PORTS = tuple(f"port {n}" for n in range(10))
DOWN = st.sets(st.tuples(st.sampled_from(PORTS), st.integers(0, 15)), max_size=12)


@given(DOWN, DOWN)
def test_pedals_of_the_first_eight_ports_are_mirrored(
    down: set[tuple[str, int]], up: set[tuple[str, int]]
) -> None:
    buffer = bytearray(LEDGER_BYTES)
    ledger = Ledger(PORTS, buffer)
    for port, channel in down:
        ledger.pedal(port, channel, True)
    for port, channel in up:
        ledger.pedal(port, channel, False)
    left = down - up
    assert set(ledger.pedals()) == left
    assert set(ledger.pedals("port 3")) == {pedal for pedal in left if pedal[0] == "port 3"}
    mirrored = sorted((PORTS.index(port), channel) for port, channel in left if PORTS.index(port) < 8)
    assert read_pedals(buffer) == mirrored
    assert read_bitmap(buffer) == []


def test_a_pedal_is_kept_where_there_is_room_for_notes_only() -> None:
    buffer = bytearray(BITMAP_BYTES)
    ledger = Ledger(("lead",), buffer)
    ledger.pedal("lead", 15, True)
    assert ledger.pedals() == (("lead", 15),)
    assert not any(buffer)


def test_what_was_left_in_the_buffer_is_owed_and_what_was_ended_there_is_forgotten() -> None:
    buffer = bytearray(LEDGER_BYTES)
    dead = Ledger(("lead", "bass", "gone"), buffer)
    for key in (("lead", 0, 127), ("bass", 15, 0), ("bass", 15, 36), ("gone", 1, 60)):
        dead.add(key)
    dead.pedal("bass", 9, True)
    dead.pedal("lead", 8, True)
    heir = Ledger(("lead", "bass"), buffer)
    assert heir.owed() == (("lead", 0, 127), ("bass", 15, 0), ("bass", 15, 36))
    assert heir.pedals() == (("lead", 8), ("bass", 9))
    forget(buffer, [(1, 15, 36), (0, 8, PEDAL)])
    assert read_owed(buffer) == [(0, 0, 127), (1, 15, 0), (2, 1, 60), (1, 9, PEDAL)]
    forget(buffer, read_owed(buffer))
    assert not any(buffer)


def test_pedals_go_up_with_the_notes_and_stay_owed_where_that_did_not_go() -> None:
    ledger = Ledger()
    ledger.add(("lead", 0, 60))
    ledger.pedal("lead", 0, True)
    ledger.pedal("bass", 9, True)
    sent: list[tuple[str, bytes]] = []

    def send(port: str, data: bytes) -> bool:
        sent.append((port, data))
        return port == "lead"

    assert ledger.release_all(send) == 1
    assert sent == [("lead", b"\x80\x3c\x00"), ("lead", b"\xb0\x40\x00"), ("bass", b"\xb9\x40\x00")]
    assert ledger.pedals() == (("bass", 9),)
