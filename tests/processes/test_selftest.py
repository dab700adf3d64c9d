"""The doctor's loop through a MIDI system that loses messages, as JACK without realtime priority does."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from jamtui.errors import PortError
from jamtui.midi.ports import MidiSystem
from jamtui.processes.doctor import Check, check_loopback
from jamtui.processes.selftest import GIVE_UP_AFTER, measure_loopback


class Loop:
    """Both ends of one cable; ``passes`` says of each message, by its number, whether it arrives."""

    has_virtual_ports = True
    api = "jack"

    def __init__(self, passes: Callable[[int], bool]) -> None:
        self.passes = passes
        self.sent: list[bytes] = []
        self.forgotten: list[object] = []
        self.receive: Any = None

    def open_virtual_output(self, name: str) -> "Loop":
        return self

    def open_input(self, pattern: str, callback: Any, name: str) -> str:
        self.receive = callback
        return name

    def send(self, data: bytes) -> None:
        if self.passes(len(self.sent)):
            self.receive(2**62, data)
        self.sent.append(data)

    def forget(self, port: object) -> None:
        self.forgotten.append(port)

    def system(self) -> MidiSystem:
        return cast(MidiSystem, self)


def check(passes: Callable[[int], bool]) -> Check:
    return check_loopback(Loop(passes).system())


def test_lost_messages_are_counted_and_the_others_measured() -> None:
    loop = Loop(lambda number: number not in (0, 7, 8))
    result = measure_loopback(loop.system(), messages=20, timeout_s=0.001)
    assert (result.count, result.lost, len(loop.sent)) == (20, 3, 20)
    assert len(loop.forgotten) == 2


def test_a_message_that_comes_late_is_lost_and_not_taken_for_the_next() -> None:
    loop = Loop(lambda number: number != 1)
    send = loop.send

    def late(data: bytes) -> None:
        if len(loop.sent) == 2:
            loop.receive(0, loop.sent[1])
        send(data)

    loop.send = late  # type: ignore[method-assign]  # the cable of this test alone delivers in disorder
    result = measure_loopback(loop.system(), messages=5, timeout_s=0.001)
    assert result.lost == 1
    assert result.p50 > 0  # the late one's stamp would give a negative time


def test_a_loop_that_is_cut_is_given_up_soon() -> None:
    loop = Loop(lambda number: False)
    with pytest.raises(PortError, match="came back"):
        measure_loopback(loop.system(), timeout_s=0.001)
    assert len(loop.sent) == GIVE_UP_AFTER
    assert len(loop.forgotten) == 2


def test_the_doctor_says_how_many_were_lost_and_what_helps() -> None:
    lossy = check(lambda number: number != 50)
    assert (lossy.ok, lossy.needed) == (False, False)
    assert "over 200 notes; 1 of them was lost on the way" in lossy.detail
    assert "realtime priority" in lossy.fix


def test_a_loop_that_is_cut_makes_the_doctor_fail() -> None:
    cut = check(lambda number: False)
    assert (cut.ok, cut.needed) == (False, True)
