"""The real thread, with events instead of wall time: what is asserted is that things happen, never when."""

import threading
from collections import deque

from jamtui.music.phrase import Role
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import Command, Immediate, Route
from jamtui.playback.control import run_control
from jamtui.playback.ledger import Ledger
from jamtui.playback.output import OutputLoop, OutputThread
from jamtui.playback.priority import raise_this_thread
from jamtui.playback.waiting import PreciseWait


class ToldSink:
    """Writes down what it is sent and says so."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.told = threading.Semaphore(0)

    def send(self, data: bytes) -> None:
        self.sent.append(data)
        self.told.release()

    def wait(self) -> None:
        assert self.told.acquire(timeout=10)


def build(sink: ToldSink) -> OutputLoop:
    return OutputLoop(
        MusicalClock(120.0), {Role.LEAD: Route("lead")}, {"lead": sink}, deque(), deque(), Ledger()
    )


def no_priority() -> str:
    return "as it is"


def test_a_command_wakes_the_sleeping_thread_and_stop_ends_all_notes() -> None:
    sink = ToldSink()
    crashes: list[str] = []
    loop = build(sink)
    thread = OutputThread(loop, on_crash=crashes.append, raise_priority=no_priority)
    thread.start()
    assert thread.priority == "as it is"
    sink.wait()
    loop.commands.append(Immediate("lead", b"\x90\x3c\x40"))
    thread.wake()
    sink.wait()
    assert sink.sent == [b"\xb0\x07\x64", b"\x90\x3c\x40"]
    thread.stop()
    assert not thread.alive
    assert sink.sent[2:] == [b"\x80\x3c\x00"]
    assert crashes == []


def test_who_is_in_a_hurry_goes_on_once_the_commands_were_obeyed() -> None:
    sink = ToldSink()
    loop = build(sink)
    thread = OutputThread(loop, on_crash=lambda _text: None, raise_priority=no_priority, stand_aside_s=10.0)
    thread.start()
    sink.wait()
    for pitch in range(40, 60):
        loop.commands.append(Immediate("lead", bytes((0x90, pitch, 64))))
        while loop.commands:
            thread.hurry()  # a step that had begun before counts, too
        assert sink.sent[-1] == bytes((0x90, pitch, 64))
    thread.stop()


def test_a_crash_ends_the_notes_and_is_reported() -> None:
    sink = ToldSink()
    loop = build(sink)
    crashed = threading.Event()
    said: list[str] = []

    def on_crash(text: str) -> None:
        said.append(text)
        crashed.set()

    thread = OutputThread(loop, on_crash=on_crash, raise_priority=no_priority)
    thread.start()
    loop.commands.append(Immediate("lead", b"\x90\x3c\x40"))
    thread.wake()
    sink.wait()
    sink.wait()
    loop.commands.append(Immediate("lead", None))  # type: ignore[arg-type]  # what must not happen
    thread.wake()
    assert crashed.wait(10)
    assert "TypeError" in said[0] or "AttributeError" in said[0]
    assert sink.sent[-1] == b"\x80\x3c\x00"
    thread.stop()
    assert not thread.alive


def test_a_thread_may_be_stopped_before_it_was_started_and_twice() -> None:
    thread = OutputThread(build(ToldSink()), on_crash=print, raise_priority=no_priority)
    thread.stop()
    started = OutputThread(build(ToldSink()), on_crash=print, raise_priority=no_priority)
    started.start()
    started.stop()
    started.stop()


class Ticking:
    """Time that passes by 10 µs with every look."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        self.ns += 10_000
        return self.ns


def test_the_spin_ends_at_the_deadline() -> None:
    now = Ticking()
    PreciseWait(now=now).until(1_000_000)
    assert 1_000_000 <= now.ns <= 1_010_000


def test_the_spin_ends_when_something_is_pending() -> None:
    now = Ticking()
    pending: deque[Command] = deque()

    def look() -> int:
        if now.ns > 300_000:
            pending.append(Immediate("lead", b""))
        return now()

    PreciseWait(now=look).until(1_400_000, pending)
    assert now.ns < 400_000


def test_a_call_that_came_before_the_sleep_is_not_lost() -> None:
    wait = PreciseWait()
    wait.wake()
    wait.wake()
    wait.until(None)


def test_an_inexact_wait_does_not_spin() -> None:
    now = Ticking()
    PreciseWait(now=now).until(1_000_000, exact=False)
    assert now.ns == 10_000


def test_the_control_loop_meets_every_deadline() -> None:
    run = run_control(5, 2_000_000, raise_priority=no_priority)
    assert len(run.lateness_ns) == 5
    assert min(run.lateness_ns) >= 0
    assert run.priority == "as it is"


def test_raising_priority_never_fails_and_says_what_it_got() -> None:
    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(raise_this_thread()))
    thread.start()
    thread.join()
    assert said[0].endswith(".")
    assert "priority" in said[0] or "FIFO" in said[0] or "Nice" in said[0] or "MMCSS" in said[0]
