from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.meter import COMMON_TIME, Meter
from jamtui.music.phrase import Role
from jamtui.playback.clock import ClockSegment
from jamtui.playback.commands import PlannedNote, Splice, TimedMessage
from jamtui.playback.events import NoteOn, Timed
from jamtui.playback.feel import Felt, apply_feel
from jamtui.playback.part import Part
from jamtui.playback.timeline import LOCK_HORIZON_NS, Timeline
from jamtui.styles.style import Feel
from tests.playback.band import MS, TICK_NS, Band, note

SEGMENT = ClockSegment(0.0, 0, TICK_NS, 1)


def drain(timeline: Timeline, until: int) -> list[NoteOn]:
    """Lock and take out note-ons in steps of 1 ms."""
    out: list[NoteOn] = []
    for now in range(-200 * MS, until, MS):
        timeline.lock(now)
        while (event := timeline.pop_due(now)) is not None:
            assert event.due_ns <= now
            if isinstance(event, NoteOn):
                out.append(event)
    return out


@given(
    st.lists(st.tuples(st.integers(0, 2000), st.integers(-80, 80)), min_size=1, max_size=30),
    st.floats(0.0, 1.0),
    st.floats(-40.0, 40.0),
    st.floats(0.0, 40.0),
    st.floats(0.5, 0.75),
    st.floats(-100.0, 100.0),
    st.floats(40.0, 240.0),
)
def test_order_holds_at_every_feel_and_change_of_tempo(
    notes: list[tuple[int, int]],
    amount: float,
    push: float,
    spread: float,
    swing: float,
    offset: float,
    bpm: float,
) -> None:
    timeline = Timeline(SEGMENT)
    timeline.set_feel(Role.COMP, Feel(swing, 480, push, spread), amount, COMMON_TIME)
    timeline.set_offset(Role.COMP, offset)
    planned = [note(t, i, 60, role=Role.COMP, residual=r, index=i) for i, (t, r) in enumerate(notes)]
    timeline.splice(Splice(Role.COMP, 0, tuple(planned)), -200 * MS)
    before = drain(timeline, 400 * MS)
    tick = SEGMENT.tick_at(400 * MS)
    timeline.retime(ClockSegment(tick, 400 * MS, 60e9 / bpm / 960, 2))
    out = before + drain(timeline, 5000 * MS)
    assert len(out) == len(notes)
    assert [on.note.tick for on in out] == sorted(t for t, _ in notes)


def test_a_note_is_locked_by_its_final_time_feel_and_offset_included() -> None:
    for push, offset in ((0.0, 0.0), (-30.0, 0.0), (25.0, -100.0), (0.0, 100.0), (-40.0, -100.0)):
        timeline = Timeline(SEGMENT)
        timeline.set_feel(Role.LEAD, Feel(push_ms=push), 1.0, COMMON_TIME)
        timeline.set_offset(Role.LEAD, offset)
        timeline.splice(Splice(Role.LEAD, 0, (note(960, 60),)), 0)
        final = round((500 + push + offset) * MS)
        assert timeline.next_lock() == final - LOCK_HORIZON_NS + 1
        timeline.lock(final - LOCK_HORIZON_NS)
        assert len(timeline.planned(Role.LEAD)) == 1
        timeline.lock(final - LOCK_HORIZON_NS + 1)
        assert len(timeline.locked(Role.LEAD)) == 1
        assert timeline.next_send() == final


def test_an_offset_beyond_the_bound_is_held() -> None:
    timeline = Timeline(SEGMENT)
    timeline.set_offset(Role.LEAD, -5000.0)
    timeline.splice(Splice(Role.LEAD, 0, (note(960, 60),)), 0)
    timeline.lock(400 * MS)
    assert timeline.next_send() == 400 * MS


def test_notes_of_a_chord_are_locked_together() -> None:
    timeline = Timeline(SEGMENT)
    timeline.set_feel(Role.COMP, Feel(spread_ms=20.0), 1.0, COMMON_TIME)
    chord = tuple(note(960, 60 + i, role=Role.COMP, index=i) for i in range(4))
    timeline.splice(Splice(Role.COMP, 0, chord), 0)
    timeline.lock(timeline.next_lock() or 0)
    assert len(timeline.locked(Role.COMP)) == 4
    assert timeline.planned(Role.COMP) == ()


def test_the_views_are_in_order_of_time() -> None:
    timeline = Timeline(SEGMENT)
    timeline.splice(
        Splice(Role.LEAD, 0, (note(960, 62), note(480, 61), note(0, 60, index=1), note(0, 59))), 0
    )
    assert [n.pitch for n in timeline.planned(Role.LEAD)] == [59, 60, 61, 62]
    assert timeline.depth == 4


def test_a_stopped_clock_locks_and_owes_nothing() -> None:
    timeline = Timeline(SEGMENT)
    timeline.splice(Splice(Role.LEAD, 0, (note(0, 60), note(960, 61))), 0)
    timeline.lock(0)
    timeline.retime(ClockSegment(10.0, 0, TICK_NS, 2, running=False))
    timeline.lock(10_000 * MS)
    assert timeline.pop_due(10_000 * MS) is None
    assert (timeline.next_send(), timeline.next_lock()) == (None, None)


def _early(timeline: Timeline, ticks: tuple[int, ...]) -> None:
    """A lead that plays 10 ms before ``ticks``."""
    timeline.set_feel(Role.LEAD, Feel(push_ms=-10.0), 1.0, COMMON_TIME)
    timeline.splice(Splice(Role.LEAD, 0, tuple(note(tick, 60) for tick in ticks)), 0)


def test_what_is_played_early_is_not_due_before_musical_time_begins() -> None:
    stopped = replace(SEGMENT, running=False)
    timeline = Timeline(stopped)
    _early(timeline, (0, 960))
    # The pulse that begins it was stamped at 70 ms, a little after the line that the clock follows.
    started = ClockSegment(2.0, 70 * MS, TICK_NS, 2)
    timeline.retime(started, 73 * MS)
    first, second = drain(timeline, 1000 * MS)
    assert first.due_ns == 73 * MS, "when it was known"
    assert second.due_ns == started.ns_at(960) - 10 * MS
    assert timeline.place_ns(first) == started.ns_at(0) - 10 * MS, "its place is still before that"


def test_nor_before_it_jumps_there() -> None:
    timeline = Timeline(SEGMENT)
    _early(timeline, (3840, 4800))
    jumped = ClockSegment(3840.0, 100 * MS, TICK_NS, 2, jump=1, jump_tick=3840.0)
    timeline.locate(3840.0)
    timeline.retime(jumped)
    # What comes after steers the clock and is neither beginning nor jump.
    timeline.retime(
        ClockSegment(3840.0 + 40 * MS / TICK_NS, 140 * MS, TICK_NS * 1.01, 3, jump=1, jump_tick=3840.0)
    )
    first, second = drain(timeline, 1000 * MS)
    assert first.due_ns == 100 * MS
    assert 580 * MS < second.due_ns < 600 * MS


def test_locate_gives_back_timed_messages_that_lie_before() -> None:
    timeline = Timeline(SEGMENT)
    messages = [TimedMessage("p", tick, b"\xf8") for tick in (0, 40, 80)]
    for message in messages:
        timeline.add_timed(message)
    assert timeline.locate(80) == ([], messages[:2])
    event = timeline.pop_due(1000 * MS)
    assert isinstance(event, Timed)
    assert event.message is messages[2]
    assert timeline.pop_due(1000 * MS) is None


def test_feel_is_worked_out_once_for_each_note(monkeypatch: pytest.MonkeyPatch) -> None:
    worked_out: list[int] = []

    def counted(feel: Feel, amount: float, meter: Meter, note: PlannedNote) -> Felt:
        worked_out.append(note.pitch)
        return apply_feel(feel, amount, meter, note)

    monkeypatch.setattr("jamtui.playback.part.apply_feel", counted)
    band = Band()
    comp = Role.COMP
    band.plan(*(note(960 * (i // 2), 60 + i, role=comp, index=i) for i in range(8)))
    band.start()
    for ms in range(0, 2000, 20):  # as a clock that is followed does
        band.clock.set_bpm(120.0 + ms / 1000, ms * MS)
        band.until(ms + 20)
    assert worked_out == list(range(60, 68))
    assert [pitch for _, kind, pitch in band.left("comp") if kind == "on"] == worked_out


def test_a_new_feel_is_worked_out_anew() -> None:
    band = Band()
    band.plan(note(960, 60))
    band.start()
    band.until(400)
    band.feel(Feel(push_ms=10.0))
    band.until(1000)
    assert band.left()[0] == (510, "on", 60)


def test_what_is_cleared_is_neither_planned_nor_locked_nor_sent() -> None:
    timeline = Timeline(SEGMENT)
    for role in (Role.LEAD, Role.COMP):
        notes = tuple(note(tick, 10, 60, role=role) for tick in (0, 960))
        timeline.splice(Splice(role, 0, notes), 0)
    timeline.lock(0)
    assert timeline.locked(Role.LEAD)
    assert timeline.planned(Role.LEAD)
    timeline.clear(Role.LEAD)
    assert timeline.locked(Role.LEAD) == timeline.planned(Role.LEAD) == ()
    assert [on.note.role for on in drain(timeline, 2000 * MS)] == [Role.COMP, Role.COMP]
    timeline.clear(None)
    assert timeline.locked(Role.COMP) == timeline.planned(Role.COMP) == ()


def test_a_note_may_not_come_before_those_of_earlier_ticks_but_before_its_neighbours() -> None:
    part = Part()
    nothing = part.floor(0)
    part.placed(0, 100)
    assert part.floor(0) == nothing
    part.placed(960, 300)
    part.placed(960, 200)
    assert part.floor(960) == 100
    assert part.floor(961) == 300
    assert part.floor(0) == nothing
    part.forget_order()
    assert part.floor(961) == nothing
