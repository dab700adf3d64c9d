"""What is handed over leaves at its time, in order, and is ended whatever becomes of the engine."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamtui.music.phrase import Role, Source
from jamtui.playback.commands import DroppedNote, Immediate, Route, SentNote, SetMute, Silence, Splice
from jamtui.playback.confirming import Confirming
from jamtui.playback.fakes import DummyTime, FlakySink, RecordingSink
from jamtui.playback.handover import (
    MESSAGE_LIMIT,
    Fate,
    Frames,
    Handed,
    HandoverError,
    Receipt,
    Receipts,
    pack,
    pack_receipt,
)
from jamtui.playback.ledger import LEDGER_BYTES, Ledger, read_owed
from jamtui.playback.outlet import Outlet
from jamtui.playback.output import OutputLoop
from jamtui.playback.sinks import Gather
from tests.playback.band import MS, Band, balanced, note
from tests.playback.handed import AHEAD_MS, HandedBand
from tests.playback.test_output_random import (
    OPERATIONS,
    PORTS,
    SwitchedSink,
    balanced_but_for_thru,
    perform,
    splices,
)

TWO = {Role.LEAD: Route("one"), Role.BASS: Route("one"), Role.COMP: Route("two", 1)}


def a_tune(band: Band) -> None:
    band.start()
    band.plan(*(note(480 * i, 60 + i % 5, 470, index=i) for i in range(8)))
    band.plan(*(note(960 * i, 36 + i, 960, role=Role.BASS, index=i) for i in range(4)))
    band.plan(*(note(1920 * i, p, 1900, role=Role.COMP, index=p) for i in range(2) for p in (60, 64, 67)))


def test_the_same_music_leaves_at_the_same_time_as_without_an_outlet() -> None:
    direct, handed = Band(), HandedBand()
    for band in (direct, handed):
        a_tune(band)
        band.until(3000)
    assert {p: s.events for p, s in handed.recorded.items()} == {
        p: s.events for p, s in direct.recorded.items()
    }
    reports = handed.confirmed()
    assert [(r.due_ns, r.sent_ns, r.pitch, r.on) for r in reports if isinstance(r, SentNote)] == [
        (r.due_ns, r.due_ns, r.pitch, r.on) for r in direct.sent()
    ]
    assert handed.settled()


def test_it_is_handed_over_before_its_time() -> None:
    band = HandedBand()
    band.start()
    band.plan(note(960, 60))
    before = band.serial
    band.until(500 - AHEAD_MS - 1)
    assert band.serial == before
    band.until(500 - AHEAD_MS)
    assert band.serial == before + 1
    assert band.left() == []
    band.until(500)
    assert band.left() == [(500.0, "on", 60)]


def test_what_ends_a_note_at_once_does_not_overtake_it() -> None:
    band = HandedBand()
    band.start()
    band.plan(note(960, 60))
    band.until(499)
    band.do(SetMute(Role.LEAD, True))
    band.until(600)
    assert band.left() == [(500.0, "on", 60), (500.0, "off", 60)]
    assert band.settled()


def test_thru_does_not_wait_for_what_is_handed_over_for_another_channel() -> None:
    band = HandedBand()
    band.start()
    band.plan(note(960, 60))
    band.until(499)
    band.do(Immediate("lead", bytes((0x95, 40, 90))), Immediate("lead", bytes((0x85, 40, 0))))
    band.until(500)
    assert band.left() == [(499.0, "on", 40), (499.0, "off", 40), (500.0, "on", 60)]


def test_panic_comes_after_what_was_handed_over() -> None:
    band = HandedBand()
    band.start()
    band.plan(note(960, 60))
    band.until(499)
    band.do(Silence(panic=True))
    band.until(501)
    assert band.left() == [(500.0, "on", 60), (500.0, "off", 60)]
    assert band.bytes_left()[-1] == bytes((0xB0, 120, 0))
    assert band.settled()


def test_a_one_line_role_ends_one_note_where_the_next_begins() -> None:
    band = HandedBand()
    band.start()
    band.plan(note(0, 60, 2000), note(960, 62, 400))
    band.until(1000)
    assert band.left() == [(0.0, "on", 60), (500.0, "off", 60), (500.0, "on", 62), (708.333333, "off", 62)]


def test_an_answer_at_once_leaves_together_after_the_time_it_takes_to_hand_over() -> None:
    outlet = Outlet(("lead",), Ledger(("lead",), bytearray(LEDGER_BYTES)), now=(time := DummyTime()))
    sink = RecordingSink(time)
    outlet.serve("lead", sink)
    for number, pitch in enumerate((60, 64, 67)):
        outlet.take(Handed(number + 1, 300_000, 0, bytes((0x90, pitch, 80)), True, True))
    assert outlet.step(0) == 300_000
    assert sink.events == []
    time.advance(300_000)
    assert outlet.step(time.ns) is None
    assert [ns for ns, _ in sink.events] == [300_000] * 3
    assert list(outlet.receipts) == [Receipt(n, 300_000) for n in (1, 2, 3)]


class Basket:
    """A port whose messages stay in hand until they are handed over."""

    def __init__(self) -> None:
        self.in_hand: list[bytes] = []

    def send(self, data: bytes) -> None:
        self.in_hand.append(data)

    def send_at(self, data: bytes, due_ns: int, *, lapses: bool = False, reported: bool = False) -> int:
        self.in_hand.append(data)
        return len(self.in_hand)


def test_what_leaves_right_behind_an_answer_does_not_wait_for_other_commands() -> None:
    band, basket = Band(), Basket()
    handed: list[tuple[list[int], int]] = []

    def hand_over() -> None:
        keys = [data[1] for data in basket.in_hand if data[0] & 0xE0 == 0x80]
        handed.append((keys, len(band.commands)))
        basket.in_hand.clear()

    band.loop = OutputLoop(
        band.clock,
        {Role.LEAD: Route("lead"), Role.COMP: Route("lead", 1)},
        {"lead": basket},
        band.commands,
        band.reports,
        band.ledger,
        now=band.time,
        ahead_ns=AHEAD_MS * MS,
        hand_over=hand_over,
    )
    band.start()
    # The second note is due within the millisecond: it leaves as soon as it is in the plan.
    band.do(
        Splice(Role.LEAD, 0, (note(0, 60, 1), note(1, 62)), at_once=True, trigger_ns=5),
        Splice(Role.COMP, 0, (note(0, 48, role=Role.COMP),)),
    )
    assert handed[:2] == [([60], 1), ([60, 62], 1)]


def test_a_killed_engines_notes_end_and_what_waited_does_not_sound() -> None:
    band = HandedBand()
    a_tune(band)
    band.until(249)  # the next notes were handed over and are due in a millisecond
    assert read_owed(band.bitmap)
    band.kill()
    assert band.settled()
    assert band.left("bass")[-1] == (249.0, "off", 36)
    band.until(400)
    assert [left[1:] for left in band.left()] == [("on", 60), ("off", 60)]
    assert set(band.outlet.ended) >= {("lead", 0, 60), ("bass", 1, 36)}
    assert band.outlet.struck >= set(band.outlet.ended)


def test_a_note_on_that_cannot_leave_soon_enough_is_left_out() -> None:
    band = HandedBand()
    band.start()
    band.plan(note(960, 60), note(1920, 62))
    band.until(499)
    band.time.advance(100 * MS)  # both processes stood still
    band.until(1100)
    assert band.left() == [(625.0, "off", 60), (1000.0, "on", 62)]
    first, *_ = band.confirmed()
    assert first == DroppedNote(Role.LEAD, 960, 60, "late", Source.REFLEX)


def test_a_port_that_fails_loses_no_end() -> None:
    time = DummyTime()
    bitmap = bytearray(LEDGER_BYTES)
    outlet = Outlet(("lead",), Ledger(("lead",), bitmap), now=time)
    sink = FlakySink(time, 10, 20)
    outlet.serve("lead", sink)
    outlet.take(Handed(1, 0, 0, b"\x90\x3c\x50", True, True))
    outlet.take(Handed(2, 10, 0, b"\x80\x3c\x00", False, True))
    outlet.take(Handed(3, 12, 0, b"\x90\x3e\x50", True, True))
    for ns in (0, 10, 12):
        time.advance_to(ns)
        outlet.step(ns)
    assert [r.fate for r in outlet.receipts] == [Fate.SENT, Fate.GONE, Fate.GONE]
    assert [port for port, _ in outlet.gone()] == ["lead"]
    assert read_owed(bitmap) == [(0, 0, 60)]
    time.advance_to(20)
    outlet.serve("lead", sink)
    assert sink.notes() == [(0, True, 0, 60), (20, False, 0, 60)]
    assert read_owed(bitmap) == []
    assert outlet.gone() == ()


def test_another_port_for_a_sink_ends_what_sounds_where_it_sounds() -> None:
    time = DummyTime()
    outlet = Outlet(("lead",), Ledger(("lead",), bytearray(LEDGER_BYTES)), now=time)
    old, new = RecordingSink(time), RecordingSink(time)
    outlet.serve("lead", old)
    outlet.take(Handed(1, 0, 0, b"\x90\x3c\x50"))
    outlet.take(Handed(2, 0, 0, b"\xb0\x40\x7f"))
    outlet.step(0)
    outlet.serve("lead", new)
    assert [data for _, data in old.events][-2:] == [b"\x80\x3c\x00", b"\xb0\x40\x00"]
    assert new.events == []


@given(st.lists(st.one_of(OPERATIONS, st.tuples(st.just("kill"))), max_size=25), st.booleans())
@settings(max_examples=100, deadline=None)
def test_after_anything_every_note_on_has_its_note_off(
    operations: list[tuple[Any, ...]], by_kill: bool
) -> None:
    time = DummyTime()
    sinks = {port: SwitchedSink(time) for port in PORTS}
    band = HandedBand(TWO, sinks, time)
    band.start()
    for operation in operations:
        if operation[0] == "kill":
            band.kill()
        elif operation[0] == "plug":
            _, port, there = operation
            sinks[port].there = there
            if there:
                band.outlet.serve(port, sinks[port])
        else:
            perform(band, {}, operation)
        band.step(band.time.ns)
        # What the ports hold is what the outlet's ledger owes, at every moment.
        held = set()
        for port, sink in sinks.items():
            for _, on, channel, pitch in sink.notes():
                (held.add if on else held.discard)((port, channel, pitch))
        assert held == set(band.held.owed())
    for port, sink in sinks.items():
        sink.there = True
        band.outlet.serve(port, sink)
    if by_kill:
        band.outlet.release()
    else:
        band.do(Silence(panic=True))
        band.time.advance(AHEAD_MS * MS)
        band.outlet.step(band.time.ns)
    for sink in sinks.values():
        assert balanced_but_for_thru(sink)
    assert band.settled()


def test_what_an_engine_that_is_gone_left_is_named_and_ended_again_but_for_what_sounds_by_then() -> None:
    band = HandedBand()
    band.start()
    band.plan(note(0, 60, 480), note(960, 62, 480))
    band.until(600)
    ended = band.outlet.release()
    assert ended == (("lead", 0, 60), ("lead", 0, 62)), "what ended a moment before, and what ends now"
    off_60, off_62 = b"\x80\x3c\x00", b"\x80\x3e\x00"
    assert band.bytes_left()[-1] == off_62
    band.begin()
    band.outlet.end_again(ended)
    assert band.bytes_left()[-2:] == [off_60, off_62]
    band.do(Immediate("lead", b"\x90\x3c\x50"))
    band.until(610)
    count = len(band.bytes_left())
    band.outlet.end_again(ended)
    assert band.bytes_left()[count:] == [off_62]


@given(st.lists(splices(), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_any_plan_leaves_as_without_an_outlet(plans: list[tuple[Any, ...]]) -> None:
    direct, handed = Band(), HandedBand()
    for band in (direct, handed):
        band.start()
        for plan in {plan[1]: plan for plan in plans}.values():
            perform(band, {}, (*plan[:4], frozenset(), False))
        band.until(20_000)
        for sink in band.recorded.values():
            assert balanced(sink.notes())
    without, through = direct.sent(), _sent(handed)
    assert len(without) == len(through)
    for role in Role:
        notes = [[(r.tick, r.pitch, r.on) for r in sent if r.role is role] for sent in (without, through)]
        assert notes[0] == notes[1]


def _sent(band: HandedBand) -> list[SentNote]:
    return [report for report in band.confirmed() if isinstance(report, SentNote)]


FRAMES = st.builds(
    Handed,
    st.integers(1, 1 << 62),
    st.integers(0, 1 << 62),
    st.integers(0, 255),
    st.binary(max_size=40),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(FRAMES, max_size=8), st.lists(st.integers(0, 400), max_size=6))
def test_a_stream_cut_anywhere_gives_the_frames_that_were_packed(
    frames: list[Handed], cuts: list[int]
) -> None:
    data = b"".join(map(pack, frames))
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    stream = Frames()
    found = [frame for a, b in itertools.pairwise(edges) for frame in stream.take(data[a:b])]
    assert found == frames


@given(
    st.lists(st.builds(Receipt, st.integers(1, 1 << 62), st.integers(0, 1 << 62), st.sampled_from(Fate))),
    st.integers(0, 100),
)
def test_receipts_come_out_of_a_cut_stream(receipts: list[Receipt], cut: int) -> None:
    data = b"".join(map(pack_receipt, receipts))
    stream = Receipts()
    assert [*stream.take(data[:cut]), *stream.take(data[cut:])] == receipts


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(HandoverError):
        list(Frames().take(b"\xff" * 64))
    with pytest.raises(HandoverError):
        pack(Handed(1, 0, 0, bytes(MESSAGE_LIMIT + 1)))


def sent(serial: int, pitch: int, *, on: bool = True) -> SentNote:
    return SentNote(Role.LEAD, on, 0, pitch, 80, 0, "lead", 100, 50, Source.REFLEX, 0, 0, serial)


def test_reports_come_out_in_their_own_order_with_the_times_of_the_receipts() -> None:
    confirming = Confirming()
    confirming.receive([Receipt(2, 120)])
    dropped = DroppedNote(Role.LEAD, 0, 61, "muted", Source.REFLEX)
    for report in (sent(1, 60), dropped, sent(2, 62), sent(3, 60, on=False)):
        confirming.take(report)
    assert confirming.drain() == []
    confirming.receive([Receipt(1, 110)])
    first, second, third = confirming.drain()
    assert (second, len(confirming)) == (dropped, 1)
    assert [r.sent_ns for r in (first, third) if isinstance(r, SentNote)] == [110, 120]
    confirming.receive([Receipt(3, 0, Fate.GONE)])
    assert confirming.drain() == []  # its end is still owed
    assert len(confirming) == 0


def test_without_an_outlet_no_receipt_is_waited_for() -> None:
    confirming = Confirming()
    for report in (sent(1, 60), sent(2, 60, on=False), sent(3, 62)):
        confirming.take(report)
    confirming.receive([Receipt(3, 90)])
    gone, left = confirming.drain(lost=2)
    assert gone == DroppedNote(Role.LEAD, 0, 60, "port", Source.REFLEX)
    assert isinstance(left, SentNote)
    assert left.sent_ns == 90


def test_a_splice_gathers_its_answer() -> None:
    band = HandedBand(gather=Gather(100_000, 100_000))
    band.start()
    band.until(100)
    band.do(Splice(Role.COMP, 0, (note(0, 60, role=Role.COMP), note(0, 64, role=Role.COMP)), at_once=True))
    band.until(101)
    assert band.left("comp") == [(100.3, "on", 60), (100.3, "on", 64)]


def test_all_that_was_ever_struck_can_be_ended_again_but_for_what_sounds() -> None:
    sink = RecordingSink(time := DummyTime())
    outlet = Outlet(("lead",), Ledger(("lead",)), now=time)
    outlet.serve("lead", sink)
    for pitch in range(100):  # more than are remembered as ended last
        outlet.take(Handed(2 * pitch, 0, 0, bytes((0x90, pitch, 80)), True, False))
        outlet.take(Handed(2 * pitch + 1, 0, 0, bytes((0x80, pitch, 0)), False, False))
    outlet.take(Handed(999, 0, 0, bytes((0x90, 7, 80)), True, False))
    outlet.step(0)
    sink.events.clear()
    outlet.end_again(sorted(outlet.struck))
    assert [data for _, data in sink.events] == [bytes((0x80, p, 0)) for p in range(100) if p != 7]
