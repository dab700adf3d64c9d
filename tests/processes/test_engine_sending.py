"""What the engine sends, and what it is told of that."""

import time
from collections.abc import Callable, Iterator

import pytest

from jamtui.midi.ports import MidiSystem
from jamtui.music.phrase import Role, Source
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import DroppedNote, PlannedNote, Report, Route, SentNote, Splice
from jamtui.playback.fakes import DummyTime
from jamtui.playback.handover import Receipt
from jamtui.playback.quiet import Quiet
from jamtui.playback.sinks import NullSink
from jamtui.processes.engine_sending import Sending
from jamtui.processes.outlet_link import RemotePort
from jamtui.processes.placing import Placed
from tests.processes.direct import Direct

PATIENCE_S = 20.0
NOTE = PlannedNote(Role.LEAD, 0, 960, 60, 80, 0, Source.REFLEX, 0, 0, 1)
ANSWER = Splice(Role.LEAD, 0, (NOTE,), at_once=True, trigger_ns=1)


class Outlet(Direct):
    """Sends each message when it is due, and keeps the receipts back until it is to tell them."""

    def __init__(self) -> None:
        super().__init__(MidiSystem("none"), DummyTime())
        self.outlet.serve("lead", NullSink())
        self.tells = False

    def hand(self, port: int, data: bytes, due_ns: int, lapses: bool, reported: bool, /) -> int:
        self._time.ns = due_ns
        return super().hand(port, data, due_ns, lapses, reported)

    def receipts(self) -> list[Receipt]:
        return super().receipts() if self.tells else []


@pytest.fixture
def outlet() -> Outlet:
    return Outlet()


@pytest.fixture
def sending(outlet: Outlet) -> Iterator[Sending]:
    sinks = {"lead": RemotePort("lead", Placed("jamtui lead"), outlet)}
    clock = MusicalClock(120.0, time.perf_counter_ns())
    sending = Sending(clock, {Role.LEAD: Route("lead")}, sinks, outlet, Quiet())
    sending.thread.start()
    yield sending
    sending.thread.stop()


def taken(sending: Sending, enough: Callable[[list[Report]], bool]) -> list[Report]:
    """The reports that are complete once there are ``enough``."""
    end = time.monotonic() + PATIENCE_S
    found: list[Report] = []
    while not enough(found) and time.monotonic() < end:
        found += sending.reports()
        time.sleep(0.001)
    return found


def test_a_note_is_reported_once_its_receipt_says_when_it_left(outlet: Outlet, sending: Sending) -> None:
    sending.flush()  # nothing is to be done
    sending.commands.append(ANSWER)
    sending.flush()
    assert taken(sending, lambda _: sending.unconfirmed > 0) == []
    outlet.tells = True
    (note,) = taken(sending, bool)
    assert isinstance(note, SentNote)
    assert (note.role, note.on, note.pitch, note.trigger_ns) == (Role.LEAD, True, 60, 1)
    assert note.sent_ns == note.due_ns > 0
    assert sending.unconfirmed == 0


def test_a_note_that_was_with_a_dead_outlet_is_reported_as_dropped(outlet: Outlet, sending: Sending) -> None:
    sending.commands.append(ANSWER)
    sending.flush()
    assert taken(sending, lambda _: sending.unconfirmed > 0) == []
    outlet.kill()
    assert taken(sending, bool) == [DroppedNote(Role.LEAD, 0, 60, "port", Source.REFLEX)]
