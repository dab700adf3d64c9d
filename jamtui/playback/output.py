"""The output loop: the only writer of the ports.

`OutputLoop.step` is driven from outside, by `OutputThread` with real time or by a test with a dummy clock. It
takes commands, locks what is near, sends what is due and says when it wants to be called next. It
does not sleep, log or wait for anybody.
"""

from collections import deque
from collections.abc import Callable, Mapping
from time import perf_counter_ns

from jamtui.music.phrase import Role
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import (
    Command,
    DroppedNote,
    Immediate,
    Locate,
    PlannedNote,
    Recall,
    Report,
    Route,
    SetFeel,
    SetMute,
    SetRoute,
    SetSink,
    Silence,
    Splice,
    TimedMessage,
)
from jamtui.playback.events import Answer, NoteOff, NoteOn, Reroute, Timed
from jamtui.playback.late import SEND_SOON, LatePolicy
from jamtui.playback.ledger import Key, Ledger, pedal_up
from jamtui.playback.output_thread import OutputThread
from jamtui.playback.quiet import Quiet
from jamtui.playback.sinks import AT_ONCE, Gather, NullSink, PortGone, Sink
from jamtui.playback.sounding import Guest, Sounding
from jamtui.playback.timeline import Timeline
from jamtui.playback.wire import key_event

__all__ = ["NullSink", "OutputLoop", "OutputThread", "PortGone", "Sink"]

_ALL_NOTES_OFF = 123
_ALL_SOUND_OFF = 120
_VOLUME = 7

# Housekeeping so shortly before an event is waited for as exactly as the event.
_NEAR_NS = 4_000_000


class OutputLoop:
    """Sends the band's music on time.

    ``clock``'s segment is read, never written. ``commands`` is drained, ``reports`` is appended to, both by
    this loop alone on its side. ``sinks`` by port name; a port named in a route but not there is gone
    until a `SetSink` brings it. ``now`` stamps what was sent, in the time that `step` is called with.
    ``quiet`` is told when the next event is due. ``ahead_ns``: so long before it is due an event is handed
    to its sink, which then is an `AheadSink`; 0: when it is due. ``gather``: so long after it was worked out
    is due what leaves or ends at once, so that all of it is handed over by then and leaves together.
    ``hand_over`` is called when all that leaves together is with the sinks.
    """

    def __init__(
        self,
        clock: MusicalClock,
        routes: Mapping[Role, Route],
        sinks: Mapping[str, Sink],
        commands: deque[Command],
        reports: deque[Report],
        ledger: Ledger,
        *,
        now: Callable[[], int] = perf_counter_ns,
        late: LatePolicy = SEND_SOON,
        quiet: Quiet | None = None,
        ahead_ns: int = 0,
        gather: Gather = AT_ONCE,
        hand_over: Callable[[], object] = lambda: None,
    ) -> None:
        self._quiet = Quiet() if quiet is None else quiet
        self._ahead_ns = ahead_ns
        self._gather = gather
        self._hand_over = hand_over
        self.commands = commands
        self._clock = clock
        self._segment = clock.segment
        self._timeline = Timeline(self._segment)
        self._sounding = Sounding(sinks, ledger, self._timeline, self._segment, reports, now, gather)
        self._routes = dict(routes)
        self._reports = reports
        self._now = now
        self._ledger = ledger
        self._late_ns = round(late.send_within_ms * 1_000_000)
        self._muted: set[Role] = set()
        self._last_jump: float | None = None
        self._introduced = False
        self.next_is_send = False
        """Whether the deadline `step` returned last is one to meet exactly (else: housekeeping, with no event
        due soon after it)."""
        for role, route in routes.items():
            self._timeline.set_offset(role, route.offset_ms)

    # Views, safe from any thread

    @property
    def queue_depth(self) -> int:
        """Planned notes and events that wait."""
        return self._timeline.depth

    def planned(self, role: Role) -> tuple[PlannedNote, ...]:
        """Notes of ``role`` that may still be replaced, in order."""
        return self._timeline.planned(role)

    def locked(self, role: Role) -> tuple[PlannedNote, ...]:
        """Notes of ``role`` that are about to leave as they are."""
        return self._timeline.locked(role)

    def sounding(self) -> tuple[Key, ...]:
        """Port, channel and pitch of all that sounds or is owed its note-off."""
        return self._ledger.owed()

    def gone_ports(self) -> tuple[tuple[str, str], ...]:
        """Ports that failed, with the reason, until `SetSink` serves them again."""
        return self._sounding.gone()

    # Driving

    def play_now(self, note: PlannedNote, answer: Answer, now: int) -> None:
        """Have ``note`` leave at the next `step`, past plan and lock. For the thread that drives the loop."""
        self._timeline.play_now(note, answer, now)

    def step(self, now: int) -> int | None:
        """Do all that is to be done at ``now``. Returns when to come again (nanoseconds), None: when a
        command or a clock change says so."""
        if not self._introduced:
            self._introduced = True
            self._ledger.release_all(self._sounding.send)  # what an engine before this one could not end
            for port in self._sounding.ports:  # one that is not there is taken out at the first send
                self._introduce(port)
        timeline = self._timeline
        self._follow_clock(now)
        commands = self.commands
        if commands:
            # What is near enough is locked before the commands are read: they cannot change it any more.
            timeline.lock(now)
            while commands:
                command = commands.popleft()
                now = max(now, self._now())  # an answer is due no sooner than it is read
                # What was said after a jump of the clock is meant for the time after it.
                self._follow_clock(now)
                self._obey(command, now)
                if commands and isinstance(command, Splice) and command.at_once:
                    # One player's answer does not wait for what the others are told.
                    timeline.lock(now)
                    self._send_due(now)
                    self._hand_over()
        self._sounding.book()
        self._send_due(now)
        if timeline.lock(now):
            self._send_due(now)
        self._hand_over()
        settle = self._ledger.settle(now)
        send, lock = timeline.next_send(), timeline.next_lock()
        if send is not None:
            send -= self._ahead_ns
        self._quiet.due_ns = send
        # What is handed over before its time need not be so to the microsecond.
        exact = send is not None and (lock is None or send - lock < _NEAR_NS)
        self.next_is_send = exact and not self._ahead_ns
        if send is None and lock is None:
            return settle
        if send is None or lock is None:
            return lock if send is None else send
        return min(send, lock)

    def _send_due(self, now: int) -> None:
        timeline = self._timeline
        while (event := timeline.pop_due(now + self._ahead_ns)) is not None:
            if isinstance(event, NoteOn):
                self._play(event, now)
            elif isinstance(event, NoteOff):
                self._sounding.end((event.port, event.channel, event.pitch), event.due_ns)
            elif isinstance(event, Timed):
                self._send_timed(event, now)
            elif isinstance(event, Reroute):
                self._set_route(event.command, now)
        self._sounding.book()

    def finish(self, now: int) -> None:
        """End all that sounds and forget all that is planned: the last thing before the ports are closed."""
        self._timeline.clear(None)
        self._sounding.release(None, now)
        self._sounding.book()
        self._hand_over()

    # Clock

    def _follow_clock(self, now: int) -> None:
        segment = self._clock.segment
        was = self._segment
        if segment is was:
            return
        self._segment = self._sounding.segment = segment
        if segment.jump != was.jump:
            self._locate(segment.jump_tick, now)
        if was.running and not segment.running:
            self._sounding.rest(now)
        self._timeline.retime(segment, now)

    def _locate(self, tick: float, now: int) -> None:
        self._last_jump = tick
        dropped, forgotten = self._timeline.locate(tick)
        for note in dropped:
            self._drop(note, "locate")
        self._sounding.rest(now)
        self._end_messages(forgotten, now)
        self._reroute(now)

    def _reroute(self, now: int) -> None:
        """Set the routes that were to come: the bar line they waited for will not."""
        for command in self._timeline.drop_routes(None):
            self._set_route(command, now)

    # Commands

    def _obey(self, command: Command, now: int) -> None:
        if isinstance(command, Immediate):
            self._sounding.pass_on(command.port, command.data, Guest.THRU, now)
        elif isinstance(command, Splice):
            self._splice(command, now)
        elif isinstance(command, TimedMessage):
            self._timeline.add_timed(command)
        elif isinstance(command, Recall):
            self._timeline.recall(command.port, command.statuses)
        elif isinstance(command, Silence):
            self._silence(command, now)
        elif isinstance(command, SetMute):
            self._mute(command, now)
        elif isinstance(command, SetFeel):
            self._timeline.set_feel(command.role, command.feel, command.amount, command.meter)
        elif isinstance(command, Locate):
            # The clock's own jump to the same place has been followed already.
            if command.tick != self._last_jump:
                self._locate(command.tick, now)
            self._last_jump = None
        elif isinstance(command, SetRoute):
            self._timeline.drop_routes(command.role)
            if command.at is None:
                self._set_route(command, now)
            else:
                self._timeline.add_route(command)
        else:
            self._set_sink(command, now)

    def _splice(self, splice: Splice, now: int) -> None:
        sounding = self._sounding
        ends: list[Key] = []
        stay: list[PlannedNote] = []
        if splice.answers or splice.trigger_ns:
            for key, note in sounding.of_role(splice.role):
                if splice.ends(note):
                    ends.append(key)
                elif note.tick >= splice.from_tick:
                    stay.append(note)
                    if splice.stale_from is not None:
                        sounding.hold_as(key, splice.notes)
        placing = self._timeline.place(splice, now + self._gather.ns(len(ends)), stay)
        # What was to be worked out is: from here it takes as long as handing over takes.
        now = max(now, self._now())
        soon = now + self._gather.ns(len(ends) + len(placing.at_once))
        for key in ends:
            sounding.end(key, soon)
        self._timeline.begin(placing, soon)
        if splice.at_once:
            self._send_due(now)
            self._hand_over()
        placing.go_on()

    def _silence(self, silence: Silence, now: int) -> None:
        role = silence.role
        forgotten = self._timeline.clear(role)
        if silence.panic:
            sounding = self._sounding
            owed = self._ledger.owed()
            sounding.release(None, now)
            sounding.end_again(owed)
            for port in sounding.ports:
                for channel in range(16):
                    sounding.send(port, pedal_up(channel))
                    sounding.send(port, bytes((0xB0 | channel, _ALL_NOTES_OFF, 0)))
                    sounding.send(port, bytes((0xB0 | channel, _ALL_SOUND_OFF, 0)))
        elif role is None:
            owed = self._ledger.owed()
            self._sounding.rest(now)
            self._sounding.end_again(owed)
        else:
            self._sounding.end_role(role, now)
        self._end_messages(forgotten, now)
        if role is None:
            self._reroute(now)

    def _mute(self, command: SetMute, now: int) -> None:
        if command.muted:
            self._muted.add(command.role)
            self._sounding.end_role(command.role, now)
        else:
            self._muted.discard(command.role)

    def _set_route(self, command: SetRoute, now: int) -> None:
        role, route = command.role, command.route
        was = self._routes.get(role)
        self._routes[role] = route
        self._timeline.set_offset(role, route.offset_ms)
        if was is not None and (was.port, was.channel) == (route.port, route.channel):
            self._set_up(route, was)
        else:
            self._sounding.end_role(role, now)
            self._set_up(route)

    def _set_sink(self, command: SetSink, now: int) -> None:
        if command.sink is None:
            self._sounding.remove(command.port)
        else:
            self._sounding.serve(command.port, command.sink, now)
            self._introduce(command.port)

    def _introduce(self, port: str) -> None:
        for route in self._routes.values():
            if route.port == port:
                self._set_up(route)

    def _set_up(self, route: Route, was: Route | None = None) -> None:
        """Send program and volume; of a route that took the place of ``was``, what is new."""
        if route.program is not None and (was is None or route.program != was.program):
            self._sounding.send(route.port, bytes((0xC0 | route.channel, route.program)))
        if was is None or route.volume != was.volume:
            self._sounding.send(route.port, bytes((0xB0 | route.channel, _VOLUME, route.volume)))

    # Notes

    def _play(self, on: NoteOn, now: int) -> None:
        note = on.note
        role = note.role
        route = self._routes.get(role)
        if role in self._muted:
            self._drop(note, "muted")
        elif now - on.due_ns > self._late_ns:
            self._drop(note, "late")
        elif route is None or not self._sounding.has(route.port):
            self._drop(note, "port")
        else:
            pitch = sent_pitch(note, route)
            data = bytes((0x90 | route.channel, pitch, on.velocity))
            if not self._sounding.play(on, (route.port, route.channel, pitch), data, now):
                self._drop(note, "port")

    def _drop(self, note: PlannedNote, reason: str) -> None:
        self._reports.append(DroppedNote(note.role, note.tick, note.pitch, reason, note.source))

    # Timed messages

    def _send_timed(self, event: Timed, now: int) -> None:
        message = event.message
        struck = key_event(message.data)
        if struck is not None and struck[0] and now - event.due_ns > self._late_ns:
            return
        self._sounding.pass_on(message.port, message.data, Guest.TIMED, max(now, event.due_ns))

    def _end_messages(self, forgotten: list[TimedMessage], now: int) -> None:
        """Of timed messages that will not come: send the note-offs whose note-on was sent."""
        for message in forgotten:
            event = key_event(message.data)
            if event is not None and not event[0]:
                key = (message.port, event[1], event[2])
                if self._sounding.voice(key) is Guest.TIMED:
                    self._sounding.end(key, now)


def sent_pitch(note: PlannedNote, route: Route) -> int:
    """``note``'s pitch as ``route`` sends it: moved by its octaves, brought back by octaves where that
    leaves 0 to 127. Drum keys are instruments and are not moved."""
    pitch = note.pitch if note.role is Role.DRUMS else note.pitch + 12 * route.octave
    if pitch > 127:
        pitch -= (pitch - 116) // 12 * 12
    elif pitch < 0:
        pitch += (11 - pitch) // 12 * 12
    return pitch
