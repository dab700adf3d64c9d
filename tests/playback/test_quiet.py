"""Times that others keep free for the output thread."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.phrase import Role, Source
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import PlannedNote, Route, Splice
from jamtui.playback.ledger import Ledger
from jamtui.playback.output import NullSink, OutputLoop
from jamtui.playback.quiet import AFTER_NS, BEFORE_NS, Quiet

NS = st.integers(0, 10**12)


@given(NS, NS)
def test_a_wake_up_is_moved_only_out_of_the_quiet_time_and_only_to_its_end(wake: int, due: int) -> None:
    quiet = Quiet()
    quiet.due_ns = due
    moved = quiet.outside(wake)
    if due - BEFORE_NS <= wake < due + AFTER_NS:
        assert moved == due + AFTER_NS
    else:
        assert moved == wake


def test_with_nothing_due_nothing_is_moved() -> None:
    assert Quiet().outside(5) == 5


def test_a_longer_quiet_before_is_the_callers_choice() -> None:
    quiet = Quiet()
    quiet.due_ns = 10_000_000
    assert quiet.outside(8_600_000, 1_500_000) == 10_000_000 + AFTER_NS
    assert quiet.outside(8_400_000, 1_500_000) == 8_400_000


def test_the_output_loop_says_when_its_next_event_is_due() -> None:
    quiet = Quiet()
    clock = MusicalClock(120.0)
    loop = OutputLoop(
        clock,
        {Role.LEAD: Route("lead")},
        {"lead": NullSink()},
        deque(),
        deque(),
        Ledger(),
        now=lambda: 0,
        quiet=quiet,
    )
    note = PlannedNote(Role.LEAD, 480, 240, 60, 80, 0, Source.REFLEX, 0, 0, 1)
    loop.commands.append(Splice(Role.LEAD, 0, (note,)))
    clock.start(0, 0.0)
    loop.step(0)
    assert quiet.due_ns is None  # planned, and not yet locked
    loop.step(245_000_000)
    assert quiet.due_ns == 250_000_000
    loop.step(250_000_000)
    assert quiet.due_ns == 375_000_000  # its end
    loop.step(375_000_000)
    assert quiet.due_ns is None
