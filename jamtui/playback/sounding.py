"""What sounds, and the ports it sounds through: striking keys, ending them, and the account of both.

Nothing may stand between the notes of a chord, so sending comes first and the account (`Sounding.book`)
after all that is due has left. For the output loop alone.
"""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import Enum

from jamtui.music.phrase import MONOPHONIC, Role
from jamtui.playback.clock import ClockSegment
from jamtui.playback.commands import PlannedNote, Report, SentNote
from jamtui.playback.events import NoteOff, NoteOn
from jamtui.playback.ledger import Key, Ledger, note_off
from jamtui.playback.sinks import AT_ONCE, AheadSink, Gather, PortGone, Sink
from jamtui.playback.timeline import Timeline
from jamtui.playback.wire import is_whole, key_event, messages, pedal_event


class Guest(Enum):
    """Who struck a key that no plan ends: the player's own hands, or a timed message."""

    THRU = 0
    TIMED = 1


SendAt = Callable[[bytes, int, bool, bool], int]
"""Sends data at (ns), which may lapse, with a receipt or not; the receipt's number, 0: it left at once."""

Voice = NoteOff | Guest
"""What is to become of a key that sounds."""


class Sounding:
    """Keys that sound, by port, channel and pitch.

    ``sinks`` by port name; a port that fails is taken out until `serve`. ``now`` stamps what was sent. A sink
    that takes what leaves later (`AheadSink`) is told the time at which it is due, any other sends at once.
    ``gather`` is how long ending many takes. ``reports`` is appended to by `book`. The ends of the band's
    notes go into ``timeline``.
    """

    def __init__(
        self,
        sinks: Mapping[str, Sink],
        ledger: Ledger,
        timeline: Timeline,
        segment: ClockSegment,
        reports: deque[Report],
        now: Callable[[], int],
        gather: Gather = AT_ONCE,
    ) -> None:
        self.segment = segment
        self._sinks = dict(sinks)
        self._send_at = {port: _sender(sink) for port, sink in sinks.items()}
        self._ledger = ledger
        self._timeline = timeline
        self._reports = reports
        self._now = now
        self._gather = gather
        self._voices: dict[Key, Voice] = {}
        self._struck: set[Key] = set()
        """All that was struck since the last `end_again`."""
        self._lines: dict[Role, Key] = {}
        """What each one-line role has sounding."""
        self._gone: dict[str, str] = {}
        self._unbooked: list[tuple[NoteOn | NoteOff, Key, int, int, int]] = []
        """What left and is not yet accounted for: the event, its key, when it left, when it was due (ends) or
        it sounds (beginnings), the number of its receipt."""

    @property
    def ports(self) -> tuple[str, ...]:
        """Ports that are there."""
        return tuple(self._sinks)

    def gone(self) -> tuple[tuple[str, str], ...]:
        """Ports that failed, with the reason."""
        return tuple(self._gone.copy().items())

    def has(self, port: str) -> bool:
        """Whether ``port`` is there."""
        return port in self._sinks

    def voice(self, key: Key) -> Voice | None:
        """Who ends ``key``; None: it does not sound."""
        self.book()
        return self._voices.get(key)

    # Ports

    def serve(self, port: str, sink: Sink, now: int) -> None:
        """``port`` is served by ``sink`` from now on; what it still owes is sent first."""
        if self._sinks.get(port) not in (None, sink):
            # What sounds there would not hear of its end through another.
            self.release(port, now)
        self._sinks[port] = sink
        self._send_at[port] = _sender(sink)
        self._gone.pop(port, None)
        self.release(port, now)

    def remove(self, port: str) -> None:
        """``port`` was taken away."""
        self._sinks.pop(port, None)
        self._gone[port] = "removed"

    def send(self, port: str, data: bytes, due_ns: int = 0) -> bool:
        """Send bytes that strike nothing, at ``due_ns`` (0: now); whether they left."""
        return self._pass(port, data, due_ns, False) is not None

    def _pass(self, port: str, data: bytes, due_ns: int, reported: bool) -> int | None:
        """The number of the receipt, None where it could not be sent."""
        if port not in self._sinks:
            return None
        try:
            return self._send_at[port](data, due_ns or self._now(), False, reported)
        except Exception as error:
            # A driver's failure is that port's, the band plays on.
            self._lose(port, error)
            return None

    # Keys

    def play(self, on: NoteOn, key: Key, data: bytes, now: int) -> bool:
        """Send a note-on of the band as ``data`` that strikes ``key``; False: its port failed."""
        role = on.note.role
        at = max(now, on.due_ns)
        if role in MONOPHONIC:
            # A re-planned line may begin a note before the one it continues from has ended.
            before = self._lines.get(role)
            if before is not None:
                self.end(before, at)
        struck = self.strike(key, data, at, of_the_band=True)
        if struck is None:
            return False
        self._unbooked.append((on, key, struck[0], at, struck[1]))
        if role in MONOPHONIC:
            self._lines[role] = key
        return True

    def strike(
        self, key: Key, data: bytes, due_ns: int, *, of_the_band: bool = False
    ) -> tuple[int, int] | None:
        """Send a note-on at ``due_ns``, ending the key first where it sounds. Returns when it left and the
        number of its receipt, None if it did not."""
        ledger = self._ledger
        if key in ledger:
            self.end(key, due_ns)
        if key[0] not in self._sinks:
            return None
        ledger.add(key)
        self._struck.add(key)
        sent_ns = self._now()
        try:
            serial = self._send_at[key[0]](data, due_ns, of_the_band, of_the_band)
        except PortGone as gone:
            ledger.remove(key)
            self._lose(key[0], gone)
            return None
        except Exception as error:
            # A driver's failure is that port's, the band plays on. Nobody knows whether the note left: its
            # note-off stays owed.
            self._lose(key[0], error)
            return None
        return sent_ns, serial

    def end(self, key: Key, due_ns: int) -> None:
        """Send the note-off of ``key``. Where that is not possible now it stays owed in the ledger."""
        voice = self._voices.pop(key, None)
        if voice is None and self._unbooked:
            self.book()
            voice = self._voices.pop(key, None)
        if isinstance(voice, NoteOff):
            voice.dead = True
            role = voice.note.role
            if self._lines.get(role) == key:
                del self._lines[role]
        sent_ns = self._now()
        serial = self._pass(key[0], note_off(key[1], key[2]), due_ns, isinstance(voice, NoteOff))
        if serial is None:
            return
        self._ledger.remove(key)
        if isinstance(voice, NoteOff):
            self._unbooked.append((voice, key, sent_ns, due_ns, serial))

    def end_role(self, role: Role, now: int) -> None:
        """End what ``role`` has sounding."""
        self.end_where(lambda voice: isinstance(voice, NoteOff) and voice.note.role is role, now)

    def end_where(self, wanted: Callable[[Voice], bool], now: int, port: str | None = None) -> None:
        """End the keys whose voices are ``wanted``, of one port or of all."""
        self.book()
        keys = [key for key, voice in self._voices.items() if port in (None, key[0]) and wanted(voice)]
        soon = max(now, self._now()) + self._gather.ns(len(keys))
        for key in keys:
            self.end(key, soon)

    def of_role(self, role: Role) -> list[tuple[Key, PlannedNote]]:
        """The notes of ``role`` that sound, with their keys."""
        self.book()
        return [
            (key, voice.note)
            for key, voice in self._voices.items()
            if isinstance(voice, NoteOff) and voice.note.role is role
        ]

    def hold_as(self, key: Key, notes: Sequence[PlannedNote]) -> None:
        """What sounds on ``key`` ends as it does in ``notes``, where they have it at the same tick."""
        off = self._voices[key]
        assert isinstance(off, NoteOff)
        for note in notes:
            if note.tick == off.note.tick and note.pitch == off.note.pitch:
                self._voices[key] = self._timeline.move_off(off, note)
                return

    def rest(self, now: int) -> None:
        """End what the band and the click have sounding; the player's own notes are theirs to end."""
        self.end_where(lambda voice: voice is not Guest.THRU, now)

    def release(self, port: str | None, now: int) -> None:
        """End all that sounds or is owed its end through ``port``, or (None) at all."""
        self.end_where(lambda voice: True, now, port)
        self._ledger.release_all(self.send, port)

    def end_again(self, but: Collection[Key] = ()) -> None:
        """Send the note-off of all that was ever struck, but of ``but``, once more: MIDI systems lose single
        messages on a busy machine, and not every instrument knows All Notes Off."""
        again = self._struck.difference(but)
        self._struck -= again
        for port, channel, pitch in sorted(again):
            self.send(port, note_off(channel, pitch))

    def book(self) -> None:
        """Keep account of what left."""
        if not self._unbooked:
            return
        unbooked, self._unbooked = self._unbooked, []
        for event, key, sent_ns, at, serial in unbooked:
            port, channel, pitch = key
            note = event.note
            if isinstance(event, NoteOn):
                self._voices[key] = self._timeline.add_off(event, port, channel, pitch, at)
                tick, velocity, due_ns = note.tick, event.velocity, event.due_ns
                trigger_ns = event.answer.take_trigger()
                meant_ns = self._timeline.place_ns(event) if trigger_ns else 0
            else:
                tick, velocity, due_ns, trigger_ns = note.tick + note.duration, 0, at, 0
                meant_ns = 0
                if self.segment.running and due_ns != event.due_ns:
                    tick = round(self.segment.tick_at(due_ns))
            self._reports.append(
                SentNote(
                    note.role,
                    isinstance(event, NoteOn),
                    tick,
                    pitch,
                    velocity,
                    channel,
                    port,
                    due_ns,
                    sent_ns,
                    note.source,
                    note.bar_tick,
                    trigger_ns,
                    serial,
                    meant_ns,
                )
            )

    # Bytes

    def pass_on(self, port: str, data: bytes, guest: Guest, due_ns: int) -> None:
        """Send bytes as they are at ``due_ns``, keeping account of the keys they strike and end. What is not
        whole messages is left out."""
        self.book()
        if is_whole(data):
            self._pass_one(port, data, guest, due_ns)
        else:
            for message in messages(data):
                self._pass_one(port, message, guest, due_ns)

    def _pass_one(self, port: str, message: bytes, guest: Guest, due_ns: int) -> None:
        event = key_event(message)
        if event is None:
            self._pass_control(port, message, due_ns)
            return
        on, channel, pitch = event
        key = (port, channel, pitch)
        if on:
            if self.strike(key, message, due_ns) is not None:
                self._voices[key] = guest
        elif not isinstance(self._voices.get(key), NoteOff):
            # A key that the band struck after the player did is the band's to end.
            self._voices.pop(key, None)
            if self.send(port, message, due_ns):
                self._ledger.remove(key)

    def _pass_control(self, port: str, message: bytes, due_ns: int) -> None:
        pedal = pedal_event(message)
        if pedal is not None and pedal[1]:
            self._ledger.pedal(port, pedal[0], True)
        if self.send(port, message, due_ns) and pedal is not None and not pedal[1]:
            self._ledger.pedal(port, pedal[0], False)

    def _lose(self, port: str, error: Exception) -> None:
        self._sinks.pop(port, None)
        self._gone[port] = str(error) or type(error).__name__


def _sender(sink: Sink) -> SendAt:
    if isinstance(sink, AheadSink):
        send_at = sink.send_at

        def ahead(data: bytes, due_ns: int, lapses: bool, reported: bool) -> int:
            return send_at(data, due_ns, lapses=lapses, reported=reported)

        return ahead
    send = sink.send

    def at_once(data: bytes, _due_ns: int, _lapses: bool, _reported: bool) -> int:
        send(data)
        return 0

    return at_once
