"""What is due in the timeline: note-ons and note-offs, timed messages, changes of route."""

from jamtui.playback.clock import NEVER_NS
from jamtui.playback.commands import PlannedNote, SetRoute, TimedMessage
from jamtui.playback.feel import MAX_EARLY_NS

# Order of events due at the same nanosecond: ends first, then clicks and clock, then beginnings.
_OFF, _TIMED, _ON = 0, 1, 2


class Answer:
    """What the notes of one splice share: the trigger that its first note sent carries and, for the answer
    to a key press, since when they can be due: feel may place them early, not before they were known."""

    __slots__ = ("since_ns", "trigger_ns")

    def __init__(self, trigger_ns: int, now: int) -> None:
        self.trigger_ns = trigger_ns
        self.since_ns = now if trigger_ns else -NEVER_NS

    def known_at(self, ns: int) -> None:
        """None of its notes can be due before ``ns``."""
        if self.trigger_ns:
            self.since_ns = max(self.since_ns, ns)

    def take_trigger(self) -> int:
        """The trigger's stamp the first time, 0 afterwards."""
        trigger, self.trigger_ns = self.trigger_ns, 0
        return trigger


class Event:
    """Something due at a tick plus an offset. ``due_ns`` is where the current segment puts it."""

    __slots__ = ("dead", "due_ns", "offset_ns", "tick")
    kind: int = _TIMED

    def __init__(self, tick: float, offset_ns: int) -> None:
        self.tick = tick
        self.offset_ns = offset_ns
        self.due_ns = NEVER_NS
        self.dead = False


class NoteOn(Event):
    """A locked note-on. ``length`` is in ticks as it will sound, ``velocity`` as it will be sent."""

    __slots__ = ("answer", "leaving", "length", "note", "velocity")
    kind = _ON

    def __init__(
        self, tick: float, offset_ns: int, note: PlannedNote, length: float, velocity: int, answer: Answer
    ) -> None:
        super().__init__(tick, offset_ns)
        self.note = note
        self.length = length
        self.velocity = velocity
        self.answer = answer
        self.leaving = False
        """It was taken back too late and only gives way: it stands for nothing any more."""


class NoteOff(Event):
    """The end of a note that was sent, as ``pitch`` on ``channel`` of ``port``."""

    __slots__ = ("channel", "note", "pitch", "port")
    kind = _OFF

    def __init__(
        self, tick: float, offset_ns: int, note: PlannedNote, port: str, channel: int, pitch: int
    ) -> None:
        super().__init__(tick, offset_ns)
        self.note = note
        self.port = port
        self.channel = channel
        self.pitch = pitch


class Timed(Event):
    """A `TimedMessage` waiting for its tick."""

    __slots__ = ("message",)
    kind = _TIMED

    def __init__(self, message: TimedMessage) -> None:
        super().__init__(float(message.tick), 0)
        self.message = message


class Reroute(Event):
    """A `SetRoute` waiting for its tick: it comes before any note that belongs to that tick or a later one,
    however early the feel plays it."""

    __slots__ = ("command",)
    kind = _TIMED

    def __init__(self, command: SetRoute, tick: int) -> None:
        super().__init__(float(tick), round(command.route.offset_ms * 1_000_000) - MAX_EARLY_NS)
        self.command = command
