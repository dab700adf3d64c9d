"""The timeline: what is planned, what is locked, and what ends when, all in ticks.

Pure data: it is told the time and the clock's segment and never sends anything. Three kinds of things live
in it: *planned* notes per role (replaceable), *locked* note-ons (final send time less than 30 ms away, feel
and port offset applied) with note-offs and timed messages in one heap. Events keep ticks and a nanosecond
offset, so the heap is keyed again whenever tempo or phase change.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from jamtui.music.meter import Meter
from jamtui.music.phrase import MONOPHONIC, Role
from jamtui.playback.clock import NEVER_NS, ClockSegment
from jamtui.playback.commands import PlannedNote, SetRoute, Splice, TimedMessage
from jamtui.playback.events import Answer, Event, NoteOff, NoteOn, Reroute, Timed
from jamtui.playback.feel import MAX_EARLY_NS, Felt, apply_feel
from jamtui.playback.part import Entry, Part
from jamtui.styles.style import Feel

LOCK_HORIZON_NS: Final = 30_000_000
"""A note whose final send time is nearer than this is locked."""

EARLIEST_OFFSET_MS: Final = -100.0
LATEST_OFFSET_MS: Final = 500.0
"""Port offsets are held within these."""

MIN_SOUND_NS: Final = 30_000_000
"""A note sent late sounds at least this long, or as long as it was written if that is shorter."""


@dataclass(frozen=True, slots=True)
class Placing:
    """A splice that was worked out (`Timeline.place`): what leaves at once, and what takes up the rest."""

    at_once: Sequence[PlannedNote]
    answer: Answer
    go_on: Callable[[], None]


class Timeline:
    """Planned notes per role and the heap of what is due. Written by the output thread alone; the views
    (`planned`, `locked`, `depth`) may be read from any thread."""

    def __init__(self, segment: ClockSegment) -> None:
        self._segment = segment
        self._parts = {role: Part() for role in Role}
        self._heap: list[tuple[int, int, int, Event]] = []
        self._serial = 0
        self._began_ns = -NEVER_NS
        """When it was known that musical time last began, or jumped."""

    # Views

    def planned(self, role: Role) -> tuple[PlannedNote, ...]:
        """Notes of ``role`` that may still be replaced, in order."""
        return tuple(note for note, _ in self._parts[role].plan[::-1])

    def locked(self, role: Role) -> tuple[PlannedNote, ...]:
        """Notes of ``role`` that will be sent as they are, not yet sent."""
        return tuple(on.note for on in self._parts[role].locked[:])

    @property
    def depth(self) -> int:
        """Planned notes and events in all."""
        return len(self._heap) + sum(len(part.plan) for part in self._parts.values())

    # Changes

    def set_feel(self, role: Role, feel: Feel, amount: float, meter: Meter) -> None:
        """Notes of ``role`` locked from now on are played so."""
        part = self._parts[role]
        part.feel, part.amount, part.meter = feel, amount, meter
        part.replan(part.plan)

    def set_offset(self, role: Role, offset_ms: float) -> None:
        """Notes of ``role`` locked from now on leave so much later (negative: earlier)."""
        part = self._parts[role]
        part.offset_ns = round(max(EARLIEST_OFFSET_MS, min(LATEST_OFFSET_MS, offset_ms)) * 1_000_000)
        part.lock_ns = None

    def splice(self, splice: Splice, now: int) -> None:
        """Replace the plan of a role as `Splice` says. Of the locked notes only those that became wrong or
        stale go; a new note that would double one that stays (same pitch, or any in a one-line role, at the
        same tick) is left out, and the one that stays is the answer then."""
        placing = self.place(splice, now)
        self.begin(placing, now)
        placing.go_on()

    def place(self, splice: Splice, now: int, stays: Iterable[PlannedNote] = ()) -> Placing:
        """Work `splice` out as at ``now``; ``stays`` are notes of its role that sound and stay. Until `begin`
        and `Placing.go_on` have been called, in this order, nothing may come but sending."""
        part = self._parts[splice.role]
        if splice.answers:
            self._withdraw(part, splice)
        one_line = splice.role in MONOPHONIC
        taken: dict[tuple[int, int], NoteOn | None] = {
            (note.tick, -1 if one_line else note.pitch): None for note in stays
        }
        taken.update(
            ((on.note.tick, -1 if one_line else on.note.pitch), on) for on in part.locked if not on.leaving
        )
        # Bars that take the place of an answer that has not begun to sound are the answer then.
        answer = Answer(splice.trigger_ns or part.unanswered(splice.from_tick), now)
        at_once: list[PlannedNote] = []
        seen: set[tuple[int, int]] = set()

        def is_new(note: PlannedNote) -> bool:
            place = (note.tick, note.pitch)
            if place in seen:
                return False
            there = (note.tick, -1) if one_line else place
            if there not in taken:
                seen.add(place)
                return True
            if (locked := taken[there]) is not None:
                if splice.trigger_ns:
                    locked.answer = answer
                if splice.stale_from is not None and locked.note.pitch == note.pitch:
                    felt = apply_feel(part.feel, part.amount, part.meter, note)
                    locked.note, locked.length = note, felt.off_tick - felt.on_tick
            return False

        begun: list[PlannedNote] = []
        later: Sequence[PlannedNote] = splice.notes
        if splice.at_once:
            here = self._segment.tick_at(now) if self._segment.running else -inf
            later = []
            for note in splice.notes:
                # The answer itself, whose tick is a whole one, may lie a fraction of a tick ahead.
                on = note.tick <= here or note.tick == splice.from_tick
                (begun if on and here < note.tick + note.duration else later).append(note)
            begun.sort(key=lambda note: (note.tick, note.index))
            at_once = [note for note in begun if is_new(note)]
        # A locked note that may leave before the other half is done has to know what it answers.
        new = [(note, answer) for note in later if is_new(note)] if taken else None

        def go_on() -> None:
            plan = [entry for entry in part.plan[::-1] if entry[0].tick < splice.from_tick]
            plan += [(note, answer) for note in later if is_new(note)] if new is None else new
            plan.sort(key=_in_order)
            part.replan(plan[::-1])

        return Placing(at_once, answer, go_on)

    def begin(self, placing: Placing, due_ns: int) -> None:
        """Have what leaves at once leave at ``due_ns``, and nothing else of the answer before."""
        placing.answer.known_at(due_ns)
        for note in placing.at_once:
            self.play_now(note, placing.answer, due_ns)

    def _withdraw(self, part: Part, splice: Splice) -> None:
        for on in part.locked:
            if splice.takes_back(on.note):
                if on.due_ns >= splice.withdraw_ns:
                    on.dead = True
                elif splice.ends(on.note):
                    # It would have left before a splice that came a little later: it does here too, so that
                    # the notes do not depend on that, and gives way at once.
                    on.length = min(on.length, 1)
                    on.leaving = True
        part.locked = [on for on in part.locked if not on.dead]

    def play_now(self, note: PlannedNote, answer: Answer, now: int) -> None:
        """Have ``note`` leave at once, wherever its tick is."""
        part = self._parts[note.role]
        felt = apply_feel(part.feel, part.amount, part.meter, note)
        length = felt.off_tick - felt.on_tick
        on = NoteOn(self._segment.tick_at(now), 0, note, length, felt.velocity, answer)
        on.due_ns = now
        part.locked.append(on)
        self._push_keyed(on)

    def add_timed(self, message: TimedMessage) -> None:
        """Keep ``message`` until its tick."""
        self._push(Timed(message))

    def add_route(self, command: SetRoute) -> None:
        """Keep ``command`` until its ``at``."""
        assert command.at is not None
        self._push(Reroute(command, command.at))

    def drop_routes(self, role: Role | None) -> list[SetRoute]:
        """Take out the routes that wait, of ``role`` or (None) of all, and return them."""
        dropped: list[SetRoute] = []
        for _, _, _, event in self._heap:
            if isinstance(event, Reroute) and not event.dead and role in (None, event.command.role):
                event.dead = True
                dropped.append(event.command)
        return dropped

    def recall(self, port: str, statuses: bytes) -> None:
        """Take out the timed messages for ``port`` that begin with one of ``statuses``."""
        for _, _, _, event in self._heap:
            if isinstance(event, Timed) and event.message.port == port:
                data = event.message.data
                event.dead |= len(data) > 0 and data[0] in statuses

    def add_off(self, on: NoteOn, port: str, channel: int, pitch: int, now: int) -> NoteOff:
        """``on`` leaves at ``now``, as ``pitch`` on ``channel`` of ``port``: keep its end until it is due."""
        # An order floor may have moved the note-on: its end moves with it.
        moved = on.due_ns - self._due(on)
        off = NoteOff(on.tick + on.length, on.offset_ns + moved, on.note, port, channel, pitch)
        length_ns = max(1, round(on.length * self._segment.ns_per_tick))
        short = now + min(length_ns, MIN_SOUND_NS) - self._due(off)
        if short > 0:
            off.offset_ns += short
        self._push(off)
        return off

    def move_off(self, off: NoteOff, note: PlannedNote) -> NoteOff:
        """``note`` of the new plan is the one that sounds until ``off``: it ends where ``note`` does."""
        part = self._parts[note.role]
        was, felt = (apply_feel(part.feel, part.amount, part.meter, n) for n in (off.note, note))
        longer = (felt.off_tick - felt.on_tick) - (was.off_tick - was.on_tick)
        off.dead = True
        moved = NoteOff(off.tick + longer, off.offset_ns, note, off.port, off.channel, off.pitch)
        self._push(moved)
        return moved

    def place_ns(self, on: NoteOn) -> int:
        """Where the clock, feel and port offset put ``on``, whenever it was known."""
        return self._due(on)

    def clear(self, role: Role | None) -> list[TimedMessage]:
        """Forget planned and locked note-ons of ``role`` or, for None, of all, and then timed messages too
        (not clock and Song Position: others depend on them). Returns the timed messages forgotten."""
        for part in self._parts.values() if role is None else (self._parts[role],):
            part.replan([])
            for on in part.locked:
                on.dead = True
            part.locked = []
            part.forget_order()
        return [] if role is not None else self._drop_timed(None)

    def locate(self, tick: float) -> tuple[list[PlannedNote], list[TimedMessage]]:
        """Musical time jumped to ``tick``: nothing is locked any more, and what lies before it is taken out
        and returned. Note-offs stay: ending what sounds is the caller's."""
        dropped: list[PlannedNote] = []
        for part in self._parts.values():
            for on in part.locked:
                on.dead = True
            entries = [(on.note, on.answer) for on in part.locked] + part.plan[::-1]
            entries.sort(key=_in_order)
            part.locked = []
            part.replan([entry for entry in entries[::-1] if entry[0].tick >= tick])
            dropped += [note for note, _ in entries if note.tick < tick]
            part.forget_order()
        return dropped, self._drop_timed(tick)

    def retime(self, segment: ClockSegment, now: int = -NEVER_NS) -> None:
        """Tempo, phase or running changed, as is known at ``now``: work every deadline out again. Where
        musical time begins or jumps, nothing is due before that is known, however early the feel would play
        it: as with the answer to a key, which nobody could have given before."""
        was, self._segment = self._segment, segment
        if segment.running and (segment.jump != was.jump or not was.running):
            self._began_ns = max(now, segment.ns0)
        for part in self._parts.values():
            part.lock_ns = None
        events = [event for _, _, _, event in self._heap if not event.dead]
        self._heap = []
        for part in self._parts.values():
            part.forget_order()
            for on in sorted(part.locked, key=lambda on: on.note.tick):
                self._key(part, on)
        for event in events:
            if not isinstance(event, NoteOn):
                event.due_ns = self._due(event)
            self._push_keyed(event)

    # Time

    def lock(self, now: int) -> bool:
        """Lock every note whose final send time is less than the horizon away; says whether any was."""
        locked = False
        for part in self._parts.values():
            while part.plan:
                lock_ns = part.lock_ns
                if lock_ns is None:
                    lock_ns = part.lock_ns = self._next_lock(part)
                if lock_ns > now:
                    break
                for felt in part.next_felt():
                    on = self._place(part, felt, *part.plan.pop())
                    self._key(part, on)
                    part.locked.append(on)
                    self._push_keyed(on)
                part.replan(part.plan)
                locked = True
        return locked

    def pop_due(self, now: int) -> Event | None:
        """The next event due at or before ``now``, taken out; None when there is none."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            event = heapq.heappop(heap)[3]
            if event.dead:
                continue
            if isinstance(event, NoteOn):
                self._parts[event.note.role].locked.remove(event)
            return event
        return None

    def next_send(self) -> int | None:
        """When the next event is due, None when none is (or the clock stands)."""
        heap = self._heap
        while heap and heap[0][3].dead:
            heapq.heappop(heap)
        return heap[0][0] if heap and heap[0][0] < NEVER_NS else None

    def next_lock(self) -> int | None:
        """When `lock` has something to do next."""
        soonest = NEVER_NS
        for part in self._parts.values():
            if part.plan:
                if part.lock_ns is None:
                    part.lock_ns = self._next_lock(part)
                soonest = min(soonest, part.lock_ns)
        return soonest if soonest < NEVER_NS else None

    # Within

    def _due(self, event: Event) -> int:
        if not self._segment.running:
            return NEVER_NS
        return self._segment.ns_at(event.tick) + event.offset_ns

    def _next_lock(self, part: Part) -> int:
        # Order is kept at lock time, so no later tick can come before the next one's notes.
        if not self._segment.running:
            return NEVER_NS
        tick = part.plan[-1][0].tick
        ns_at = self._segment.ns_at
        soonest = min(
            ns_at(felt.on_tick) + self._offset(felt, tick) + part.offset_ns for felt in part.next_felt()
        )
        return max(soonest, part.floor(tick)) - LOCK_HORIZON_NS + 1

    def _offset(self, felt: Felt, tick: int) -> int:
        """The move of a note of ``tick`` in nanoseconds, held to the earliest that is allowed."""
        ns_at = self._segment.ns_at
        return max(felt.offset_ns, ns_at(tick) - ns_at(felt.on_tick) - MAX_EARLY_NS)

    def _place(self, part: Part, felt: Felt, note: PlannedNote, answer: Answer) -> NoteOn:
        offset = self._offset(felt, note.tick) + part.offset_ns
        return NoteOn(felt.on_tick, offset, note, felt.off_tick - felt.on_tick, felt.velocity, answer)

    def _key(self, part: Part, on: NoteOn) -> None:
        """Work out when ``on`` is due, after every note of an earlier tick of its role."""
        due = self._due(on)
        if due < NEVER_NS:
            due = max(due, part.floor(on.note.tick), on.answer.since_ns, self._began_ns)
            part.placed(on.note.tick, due)
        on.due_ns = due

    def _push(self, event: Event) -> None:
        event.due_ns = self._due(event)
        self._push_keyed(event)

    def _push_keyed(self, event: Event) -> None:
        self._serial += 1
        heapq.heappush(self._heap, (event.due_ns, event.kind, self._serial, event))

    def _drop_timed(self, before: float | None) -> list[TimedMessage]:
        dropped: list[TimedMessage] = []
        for _, _, _, event in sorted(self._heap):
            if not isinstance(event, Timed) or event.dead:
                continue
            system = event.message.data[:1] >= b"\xf0"
            if (before is None and not system) or (before is not None and event.tick < before):
                event.dead = True
                dropped.append(event.message)
        return dropped


def _in_order(entry: Entry) -> tuple[int, int]:
    return entry[0].tick, entry[0].index
