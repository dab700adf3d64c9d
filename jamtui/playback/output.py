"""The output loop: the only writer of the ports.

`OutputLoop.step` is driven from outside, by `OutputThread` with real time or by a test with a dummy clock. It
takes commands, locks what is near, sends what is due and says when it wants to be called next. It
does not sleep, log or wait for anybody.
"""

from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum
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
    SentNote,
    SetFeel,
    SetMute,
    SetRoute,
    SetSink,
    Silence,
    Splice,
    TimedMessage,
)
from jamtui.playback.ledger import Key, Ledger, note_off, pedal_up
from jamtui.playback.output_thread import OutputThread
from jamtui.playback.sinks import NullSink, PortGone, Sink
from jamtui.playback.timeline import (
    MONOPHONIC,
    SEND_SOON,
    LatePolicy,
    NoteOff,
    NoteOn,
    Reroute,
    Timed,
    Timeline,
)
from jamtui.playback.wire import is_whole, key_event, messages, pedal_event

__all__ = ["NullSink", "OutputLoop", "OutputThread", "PortGone", "Sink"]

_ALL_NOTES_OFF = 123
_ALL_SOUND_OFF = 120
_VOLUME = 7

# Housekeeping so shortly before an event is waited for as exactly as the event.
_NEAR_NS = 4_000_000


class _Guest(Enum):
    """Who struck a key that no plan ends: the player's own hands, or a timed message."""

    THRU = 0
    TIMED = 1


class OutputLoop:
    """Sends the band's music on time.

    ``clock``'s segment is read, never written. ``commands`` is drained, ``reports`` is appended to, both by
    this loop alone on its side. ``sinks`` by port name; a port named in a route but not there is gone
    until a `SetSink` brings it. ``now`` stamps what was sent, in the time that `step` is called with.
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
    ) -> None:
        self.commands = commands
        self._clock = clock
        self._segment = clock.segment
        self._timeline = Timeline(self._segment)
        self._routes = dict(routes)
        self._sinks = dict(sinks)
        self._reports = reports
        self._ledger = ledger
        self._now = now
        self._late_ns = round(late.send_within_ms * 1_000_000)
        self._muted: set[Role] = set()
        self._voices: dict[Key, NoteOff | _Guest] = {}
        self._gone: dict[str, str] = {}
        self._last_jump: float | None = None
        self._introduced = False
        self._struck: list[tuple[NoteOn, Key, int, int]] = []
        """Note-ons that left and are not yet accounted for: on, key, when sent, the step's now."""
        self.next_is_send = False
        """Whether the deadline `step` returned last is one to meet exactly (else: housekeeping, with no event
        due soon after it)."""
        self.next_send_ns: int | None = None
        """When the next event is due, as `step` saw it last."""
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
        return tuple(self._gone.copy().items())

    # Driving

    def step(self, now: int) -> int | None:
        """Do all that is to be done at ``now``. Returns when to come again (nanoseconds), None: when a
        command or a clock change says so."""
        if not self._introduced:
            self._introduced = True
            self._ledger.release_all(self._send)  # what an engine before this one could not end
            for port in list(self._sinks):  # one that is not there is taken out at the first send
                self._introduce(port)
        timeline = self._timeline
        self._follow_clock(now)
        commands = self.commands
        if commands:
            # What is near enough is locked before the commands are read: they cannot change it any more.
            timeline.lock(now)
            while commands:
                command = commands.popleft()
                # What was said after a jump of the clock is meant for the time after it.
                self._follow_clock(now)
                self._obey(command, now)
        self._send_due(now)
        if timeline.lock(now):
            self._send_due(now)
        send, lock = timeline.next_send(), timeline.next_lock()
        self.next_send_ns = send
        self.next_is_send = send is not None and (lock is None or send - lock < _NEAR_NS)
        if send is None or lock is None:
            return lock if send is None else send
        return min(send, lock)

    def _send_due(self, now: int) -> None:
        timeline = self._timeline
        while (event := timeline.pop_due(now)) is not None:
            if isinstance(event, NoteOn):
                self._play(event, now)
            elif isinstance(event, NoteOff):
                self._end((event.port, event.channel, event.pitch), event.due_ns)
            elif isinstance(event, Timed):
                self._send_timed(event, now)
            elif isinstance(event, Reroute):
                self._set_route(event.command, now)
        if self._struck:
            self._book()

    def finish(self, now: int) -> None:
        """End all that sounds and forget all that is planned: the last thing before the ports are closed."""
        self._timeline.clear(None)
        self._release(None, now)

    # Clock

    def _follow_clock(self, now: int) -> None:
        segment = self._clock.segment
        was = self._segment
        if segment is was:
            return
        self._segment = segment
        if segment.jump != was.jump:
            self._locate(segment.jump_tick, now)
        if was.running and not segment.running:
            self._rest(now)
        self._timeline.retime(segment)

    def _locate(self, tick: float, now: int) -> None:
        self._last_jump = tick
        dropped, forgotten = self._timeline.locate(tick)
        for note in dropped:
            self._drop(note, "locate")
        self._rest(now)
        self._end_messages(forgotten)
        self._reroute(now)

    def _reroute(self, now: int) -> None:
        """Set the routes that were to come: the bar line they waited for will not."""
        for command in self._timeline.drop_routes(None):
            self._set_route(command, now)

    def _rest(self, now: int) -> None:
        """End what the band and the click have sounding; the player's own notes are theirs to end."""
        self._end_where(lambda voice: voice is not _Guest.THRU, now)

    # Commands

    def _obey(self, command: Command, now: int) -> None:
        if isinstance(command, Immediate):
            self._pass_on(command.port, command.data, _Guest.THRU)
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
        if splice.wrong or splice.stale_from is not None:
            role = splice.role
            self._end_where(
                lambda voice: (
                    isinstance(voice, NoteOff) and voice.note.role is role and splice.takes_back(voice.note)
                ),
                now,
            )
        self._timeline.splice(splice, now)

    def _silence(self, silence: Silence, now: int) -> None:
        role = silence.role
        forgotten = self._timeline.clear(role)
        if silence.panic:
            self._release(None, now)
            for port in list(self._sinks):
                for channel in range(16):
                    self._send(port, pedal_up(channel))
                    self._send(port, bytes((0xB0 | channel, _ALL_NOTES_OFF, 0)))
                    self._send(port, bytes((0xB0 | channel, _ALL_SOUND_OFF, 0)))
        elif role is None:
            self._rest(now)
        else:
            self._end_role(role, now)
        self._end_messages(forgotten)
        if role is None:
            self._reroute(now)

    def _mute(self, command: SetMute, now: int) -> None:
        if command.muted:
            self._muted.add(command.role)
            self._end_role(command.role, now)
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
            self._end_role(role, now)
            self._set_up(route)

    def _set_sink(self, command: SetSink, now: int) -> None:
        port = command.port
        if command.sink is None:
            self._sinks.pop(port, None)
            self._gone[port] = "removed"
            return
        if self._sinks.get(port) not in (None, command.sink):
            # What sounds there would not hear of its end through another.
            self._release(port, now)
        self._sinks[port] = command.sink
        self._gone.pop(port, None)
        self._release(port, now)
        self._introduce(port)

    def _release(self, port: str | None, now: int) -> None:
        """End all that sounds through ``port``, or (None) at all."""
        self._end_where(lambda voice: True, now, port)
        self._ledger.release_all(self._send, port)

    def _introduce(self, port: str) -> None:
        for route in self._routes.values():
            if route.port == port:
                self._set_up(route)

    def _set_up(self, route: Route, was: Route | None = None) -> None:
        """Send program and volume; of a route that took the place of ``was``, what is new."""
        if route.program is not None and (was is None or route.program != was.program):
            self._send(route.port, bytes((0xC0 | route.channel, route.program)))
        if was is None or route.volume != was.volume:
            self._send(route.port, bytes((0xB0 | route.channel, _VOLUME, route.volume)))

    # Notes

    def _play(self, on: NoteOn, now: int) -> None:
        note = on.note
        role = note.role
        route = self._routes.get(role)
        if role in self._muted:
            self._drop(note, "muted")
        elif now - on.due_ns > self._late_ns:
            self._drop(note, "late")
        elif route is None or route.port not in self._sinks:
            self._drop(note, "port")
        else:
            pitch = sent_pitch(note, route)
            key = (route.port, route.channel, pitch)
            data = bytes((0x90 | route.channel, pitch, on.velocity))
            if role in MONOPHONIC:
                # A re-planned line may begin a note before the one it continues from has ended.
                self._end_role(role, now)
            sent_ns = self._strike(key, data)
            if sent_ns is None:
                self._drop(note, "port")
                return
            self._struck.append((on, key, sent_ns, now))

    def _book(self) -> None:
        """Keep account of what was struck: after all of a chord left, so that its last note need not wait."""
        for on, key, sent_ns, now in self._struck:
            port, channel, pitch = key
            note = on.note
            self._voices[key] = self._timeline.add_off(on, port, channel, pitch, now)
            self._reports.append(
                SentNote(
                    note.role,
                    True,
                    note.tick,
                    pitch,
                    on.velocity,
                    channel,
                    port,
                    on.due_ns,
                    sent_ns,
                    note.source,
                    note.bar_tick,
                    on.answer.take_trigger(),
                )
            )
        self._struck.clear()

    def _strike(self, key: Key, data: bytes) -> int | None:
        """Send a note-on, ending the key first where it sounds. Returns when it left, None if it did not."""
        if key in self._ledger:
            self._end(key, self._now())
        sink = self._sinks.get(key[0])
        if sink is None:
            return None
        self._ledger.add(key)
        sent_ns = self._now()
        try:
            sink.send(data)
        except PortGone as gone:
            self._ledger.remove(key)
            self._lose(key[0], gone)
            return None
        except Exception as error:
            # A driver's failure is that port's, the band plays on. Nobody knows whether the note left: its
            # note-off stays owed.
            self._lose(key[0], error)
            return None
        return sent_ns

    def _end(self, key: Key, due_ns: int) -> None:
        """Send the note-off of ``key``. Where that is not possible now it stays owed in the ledger."""
        if self._struck:
            self._book()
        voice = self._voices.pop(key, None)
        if isinstance(voice, NoteOff):
            voice.dead = True
        sent_ns = self._now()
        port, channel, pitch = key
        if not self._send(port, note_off(channel, pitch)):
            return
        self._ledger.remove(key)
        if isinstance(voice, NoteOff):
            note = voice.note
            tick = note.tick + note.duration
            if self._segment.running and due_ns != voice.due_ns:
                tick = round(self._segment.tick_at(due_ns))
            self._reports.append(
                SentNote(
                    note.role,
                    False,
                    tick,
                    pitch,
                    0,
                    channel,
                    port,
                    due_ns,
                    sent_ns,
                    note.source,
                    note.bar_tick,
                )
            )

    def _end_role(self, role: Role, now: int) -> None:
        self._end_where(lambda voice: isinstance(voice, NoteOff) and voice.note.role is role, now)

    def _end_where(
        self, wanted: Callable[[NoteOff | _Guest], bool], now: int, port: str | None = None
    ) -> None:
        if self._struck:
            self._book()
        for key, voice in list(self._voices.items()):
            if (port is None or key[0] == port) and wanted(voice):
                self._end(key, now)

    def _drop(self, note: PlannedNote, reason: str) -> None:
        self._reports.append(DroppedNote(note.role, note.tick, note.pitch, reason, note.source))

    # Bytes

    def _send_timed(self, event: Timed, now: int) -> None:
        if self._struck:
            self._book()
        message = event.message
        struck = key_event(message.data)
        if struck is not None and struck[0] and now - event.due_ns > self._late_ns:
            return
        self._pass_on(message.port, message.data, _Guest.TIMED)

    def _end_messages(self, forgotten: list[TimedMessage]) -> None:
        """Of timed messages that will not come: send the note-offs whose note-on was sent."""
        for message in forgotten:
            event = key_event(message.data)
            if event is not None and not event[0]:
                key = (message.port, event[1], event[2])
                if self._voices.get(key) is _Guest.TIMED:
                    self._end(key, self._now())

    def _pass_on(self, port: str, data: bytes, guest: _Guest) -> None:
        """Send bytes as they are, keeping account of the keys they strike and end. What is not whole
        messages is left out."""
        if is_whole(data):
            self._pass_one(port, data, guest)
        else:
            for message in messages(data):
                self._pass_one(port, message, guest)

    def _pass_one(self, port: str, message: bytes, guest: _Guest) -> None:
        event = key_event(message)
        if event is None:
            self._pass_control(port, message)
            return
        on, channel, pitch = event
        key = (port, channel, pitch)
        if on:
            if self._strike(key, message) is not None:
                self._voices[key] = guest
        elif not isinstance(self._voices.get(key), NoteOff):
            # A key that the band struck after the player did is the band's to end.
            self._voices.pop(key, None)
            if self._send(port, message):
                self._ledger.remove(key)

    def _pass_control(self, port: str, message: bytes) -> None:
        pedal = pedal_event(message)
        if pedal is not None and pedal[1]:
            self._ledger.pedal(port, pedal[0], True)
        if self._send(port, message) and pedal is not None and not pedal[1]:
            self._ledger.pedal(port, pedal[0], False)

    def _send(self, port: str, data: bytes) -> bool:
        sink = self._sinks.get(port)
        if sink is None:
            return False
        try:
            sink.send(data)
        except Exception as error:
            # A driver's failure is that port's, the band plays on.
            self._lose(port, error)
            return False
        return True

    def _lose(self, port: str, error: Exception) -> None:
        self._sinks.pop(port, None)
        self._gone[port] = str(error) or type(error).__name__


def sent_pitch(note: PlannedNote, route: Route) -> int:
    """``note``'s pitch as ``route`` sends it: moved by its octaves, brought back by octaves where that
    leaves 0 to 127. Drum keys are instruments and are not moved."""
    pitch = note.pitch if note.role is Role.DRUMS else note.pitch + 12 * route.octave
    if pitch > 127:
        pitch -= (pitch - 116) // 12 * 12
    elif pitch < 0:
        pitch += (11 - pitch) // 12 * 12
    return pitch
