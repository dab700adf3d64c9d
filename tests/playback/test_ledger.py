import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.playback.ledger import BITMAP_BYTES, Ledger, read_bitmap

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
