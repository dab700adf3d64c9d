"""After anything at all, every note-on that left has exactly its note-off."""

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.meter import COMMON_TIME
from jamtui.music.phrase import Role
from jamtui.playback.commands import (
    Command,
    Immediate,
    Locate,
    Route,
    SetFeel,
    SetMute,
    SetRoute,
    SetSink,
    Silence,
    Splice,
    TimedMessage,
)
from jamtui.playback.fakes import RecordingSink
from jamtui.playback.ledger import Key
from jamtui.playback.sinks import PortGone
from jamtui.styles.style import Feel
from tests.playback.band import MS, Band, balanced, note

PORTS = ("one", "two")
ROLES = st.sampled_from([Role.LEAD, Role.BASS, Role.COMP])
# Few keys, so that they collide.
PITCHES = st.integers(60, 63)


class SwitchedSink(RecordingSink):
    """A port with a plug: ``there`` or not."""

    there = True

    def send(self, data: bytes) -> None:
        if not self.there:
            raise PortGone("Plug it in again.")
        super().send(data)


@st.composite
def splices(draw: st.DrawFn) -> tuple[str, Role, int, list[tuple[int, int, int, int]], frozenset[int], bool]:
    notes = draw(
        st.lists(
            st.tuples(st.integers(-600, 4000), PITCHES, st.integers(1, 2000), st.integers(-40, 40)),
            max_size=8,
        )
    )
    wrong = draw(st.frozensets(st.integers(0, 3), max_size=2))
    return "splice", draw(ROLES), draw(st.integers(-600, 2000)), notes, wrong, draw(st.booleans())


KEYS = st.tuples(st.sampled_from([0x80, 0x90, 0x91]), PITCHES, st.sampled_from([0, 64, 100]))
OPERATIONS = st.one_of(
    splices(),
    st.tuples(st.just("wait"), st.integers(1, 700)),
    st.tuples(st.just("stall"), st.integers(1, 300)),
    st.tuples(st.just("tempo"), st.floats(30.0, 300.0)),
    st.tuples(st.just("locate"), st.integers(-2000, 2000)),
    st.tuples(st.just("hold"), st.booleans()),
    st.tuples(st.just("thru"), st.sampled_from(PORTS), KEYS),
    st.tuples(st.just("timed"), st.sampled_from(PORTS), st.integers(0, 2000), KEYS),
    st.tuples(st.just("silence"), st.one_of(st.none(), ROLES), st.booleans()),
    st.tuples(st.just("mute"), ROLES, st.booleans()),
    st.tuples(st.just("feel"), ROLES, st.floats(0.0, 1.0), st.floats(-30, 30), st.floats(0.3, 1.2)),
    st.tuples(st.just("route"), ROLES, st.sampled_from(PORTS), st.integers(0, 1), st.floats(-100, 100)),
    st.tuples(st.just("plug"), st.sampled_from(PORTS), st.booleans()),
)


def perform(band: Band, sinks: dict[str, SwitchedSink], operation: tuple[Any, ...]) -> None:
    kind, *rest = operation
    here = band.clock.segment.tick_at(band.time.ns)
    command: Command | None = None
    match kind, rest:
        case "splice", [role, from_tick, notes, wrong, at_once]:
            planned = [
                note(round(here) + tick, pitch, length, role=role, residual=residual, index=i)
                for i, (tick, pitch, length, residual) in enumerate(notes)
            ]
            command = Splice(role, round(here) + from_tick, tuple(planned), wrong, band.time.ns, at_once)
        case "wait", [ms]:
            band.until(band.time.ns / MS + ms)
        case "stall", [ms]:
            band.time.advance(ms * MS)
        case "tempo", [bpm]:
            band.clock.set_bpm(bpm, band.time.ns)
        case "locate", [ticks]:
            band.clock.locate(round(here) + ticks, band.time.ns)
            command = Locate(round(here) + ticks)
        case "hold", [hold]:
            (band.clock.stop if hold else band.clock.start)(band.time.ns)
        case "thru", [port, key]:
            command = Immediate(port, bytes(key))
        case "timed", [port, ticks, key]:
            command = TimedMessage(port, round(here) + ticks, bytes(key))
        case "silence", [role, panic]:
            command = Silence(role, panic)
        case "mute", [role, muted]:
            command = SetMute(role, muted)
        case "feel", [role, amount, push, articulation]:
            feel = Feel(0.66, 480, push, 10.0, 9, (1.0, 0.8), articulation)
            command = SetFeel(role, feel, COMMON_TIME, amount)
        case "route", [role, port, channel, offset]:
            command = SetRoute(role, Route(port, channel, offset_ms=offset))
        case "plug", [port, there]:
            sinks[port].there = there
            command = SetSink(port, sinks[port]) if there else None
    if command is not None:
        band.do(command)


@given(st.lists(OPERATIONS, max_size=25), st.booleans())
def test_every_note_on_that_left_has_exactly_its_note_off(
    operations: list[tuple[Any, ...]], by_panic: bool
) -> None:
    band = Band({Role.LEAD: Route("one"), Role.BASS: Route("one"), Role.COMP: Route("two", 1)})
    sinks = {port: SwitchedSink(band.time) for port in PORTS}
    band.do(*(SetSink(port, sink) for port, sink in sinks.items()))
    band.start()
    for operation in operations:
        perform(band, sinks, operation)
        # What the ports hold is what the ledger owes, at every moment.
        band.loop.step(band.time.ns)
        held: set[Key] = set()
        for port, sink in sinks.items():
            for _, on, channel, pitch in sink.notes():
                (held.add if on else held.discard)((port, channel, pitch))
        assert held == set(band.ledger.owed())
    for port, sink in sinks.items():
        sink.there = True
        band.do(SetSink(port, sink))
    if by_panic:
        band.do(Silence(panic=True))
    else:
        band.loop.finish(band.time.ns)
    for sink in sinks.values():
        assert balanced_but_for_thru(sink)
    assert band.settled()
    assert not any(band.loop.planned(role) or band.loop.locked(role) for role in Role)


def balanced_but_for_thru(sink: RecordingSink) -> bool:
    """As `balanced`, but a player's note-off for a key that does not sound may pass."""
    sounding: set[tuple[int, int]] = set()
    kept = []
    for event in sink.notes():
        key = event[2:]
        if not event[1] and key not in sounding:
            continue
        (sounding.add if event[1] else sounding.discard)(key)
        kept.append(event)
    return balanced(kept)


@given(st.lists(splices(), min_size=1, max_size=4), st.floats(0.0, 1.0), st.floats(0.3, 1.2))
def test_the_band_alone_leaves_strictly_paired_notes_in_order(
    plans: list[tuple[Any, ...]], amount: float, length: float
) -> None:
    band = Band()
    for role in (Role.LEAD, Role.BASS, Role.COMP):
        band.feel(Feel(0.7, 480, -12.0, 35.0, 20, (1.2, 0.6), length), role, amount)
    band.start()
    planned = {plan[1]: plan for plan in plans}
    for plan in planned.values():
        perform(band, {}, (*plan[:4], frozenset(), False))
    band.until(20_000)
    for sink in band.recorded.values():
        assert balanced(sink.notes())
    for role in Role:
        ticks = [report.tick for report in band.sent() if report.role is role and report.on]
        assert ticks == sorted(ticks)
    assert band.settled()


def test_a_flood_of_any_bytes_leaves_nothing_hanging() -> None:
    draw = random.Random(4)
    band = Band()
    band.start()
    for _ in range(5000):
        kind = draw.randrange(4)
        if kind == 0:
            data = draw.randbytes(draw.randrange(12))
        elif kind == 1:
            data = bytes((draw.choice((0xF8, 0xFA, 0xFC, 0xFE)),))
        else:
            data = bytes((draw.randrange(0x80, 0xA0), draw.randrange(128), draw.choice((0, 1, 127))))
        port = draw.choice(("lead", "bass", "nowhere"))
        command = (
            Immediate(port, data) if draw.random() < 0.8 else TimedMessage(port, draw.randrange(9000), data)
        )
        band.commands.append(command)
        if draw.random() < 0.1:
            band.until(band.time.ns / MS + draw.random() * 20)
    band.do(Silence(panic=True))
    assert band.settled()
    for sink in band.recorded.values():
        assert balanced_but_for_thru(sink)
