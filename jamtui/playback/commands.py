"""What the engine's planning thread tells the output loop, and what the loop reports back.

Commands travel through a ``collections.deque`` (append and popleft are atomic in CPython), so neither
side ever waits for the other. All ticks are absolute musical time; all times are nanoseconds of
``time.perf_counter_ns``.
"""

from dataclasses import dataclass

from jamtui.music.meter import Meter
from jamtui.music.phrase import Role, Source
from jamtui.playback.sinks import Sink
from jamtui.styles.style import Feel


@dataclass(frozen=True, slots=True)
class PlannedNote:
    """A note in the timeline: straight tick plus residual; feel is added when it is locked."""

    role: Role
    tick: int
    duration: int
    pitch: int
    velocity: int
    residual: int
    source: Source
    bar_tick: int
    """Start of the bar it belongs to: with ``index`` and ``seed`` it names the random stream of its feel."""
    index: int
    seed: int
    brief_id: str = ""


@dataclass(frozen=True, slots=True)
class Splice:
    """Replace the planned notes of ``role`` from ``from_tick`` on by ``notes``.

    Locked notes stay, unless the splice takes them back and they are due at or after ``withdraw_ns``: then
    they are withdrawn. It takes back pitch classes in ``wrong`` and, where ``stale_from`` is given, whatever
    belongs to that tick or a later one, but nothing that ``notes`` have at the same tick: that stays, locked
    or sounding, and ends where ``notes`` say. *Sounding* notes that it takes back are ended at once. With
    ``at_once`` the first notes may lie in the past: they are sent now.
    """

    role: Role
    from_tick: int
    notes: tuple[PlannedNote, ...]
    wrong: frozenset[int] = frozenset()
    withdraw_ns: int = 0
    at_once: bool = False
    trigger_ns: int = 0
    """Stamp of the key press this answers, 0 for none; the first note sent carries it for TTFN."""
    stale_from: int | None = None
    """Tick from which on the old plan is stale, right pitches too; None: it is not."""
    follows: bool = False
    """What is new from ``stale_from`` on follows in another splice, and only then is it known which right
    notes stay: those past withdrawing are left to that one."""

    @property
    def answers(self) -> bool:
        """Whether it takes back anything at all: it is the answer to a chord."""
        return bool(self.wrong) or self.stale_from is not None

    def takes_back(self, note: PlannedNote) -> bool:
        """Whether ``note`` of the old plan became wrong or stale, and is not in the new one too."""
        stale = self.stale_from is not None and note.tick >= self.stale_from
        return (stale or self.is_wrong(note)) and not self._has(note)

    def ends(self, note: PlannedNote) -> bool:
        """Whether ``note``, which sounds or leaves before it can be withdrawn, is ended at once."""
        return self.takes_back(note) and (not self.follows or self.is_wrong(note))

    def is_wrong(self, note: PlannedNote) -> bool:
        """Whether ``note`` became wrong."""
        return note.pitch % 12 in self.wrong

    def _has(self, note: PlannedNote) -> bool:
        return any(n.tick == note.tick and n.pitch == note.pitch for n in self.notes)


@dataclass(frozen=True, slots=True)
class Silence:
    """End what sounds now and drop what is planned, for one role or (None) for all."""

    role: Role | None = None
    panic: bool = False
    """Also send All Notes Off and All Sound Off on every channel of every port."""


@dataclass(frozen=True, slots=True)
class Locate:
    """Musical time jumped to ``tick``: note-ons before it are dropped, note-offs go now."""

    tick: int


@dataclass(frozen=True, slots=True)
class SetMute:
    """Mute or unmute a role. Muting ends what sounds; planned notes are kept but not sent."""

    role: Role
    muted: bool


@dataclass(frozen=True, slots=True)
class SetFeel:
    """Use ``feel``, scaled by ``amount`` (0: the grid), for notes of ``role`` that are locked from now on."""

    role: Role
    feel: Feel
    meter: Meter
    amount: float = 1.0


@dataclass(frozen=True, slots=True)
class Immediate:
    """Bytes that go out now through ``port``: thru, program changes, MIDI clock."""

    port: str
    data: bytes


@dataclass(frozen=True, slots=True)
class TimedMessage:
    """Bytes for ``port`` at a tick (metronome click, MIDI clock pulses); never counted as music."""

    port: str
    tick: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Recall:
    """Take back what waits of ``TimedMessage`` for ``port`` with a status byte among ``statuses``."""

    port: str
    statuses: bytes


@dataclass(frozen=True, slots=True)
class Route:
    """Where and how a role is sent. ``port`` names a sink; ``channel`` is 0 to 15."""

    port: str
    channel: int = 0
    program: int | None = None
    volume: int = 100
    octave: int = 0
    offset_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class SetRoute:
    """Send ``role`` through ``route`` from now on, or from shortly before tick ``at``. With another port or
    channel what sounds is ended where it sounds; a new program or volume alone ends nothing. A route that
    waits for its tick is set at once when the music stops or jumps, and gives way to any later one."""

    role: Role
    route: Route
    at: int | None = None


@dataclass(frozen=True, slots=True)
class SetSink:
    """``port`` is now served by ``sink`` (None: it is gone). What a returning port is still owed, programs
    and volumes go out first."""

    port: str
    sink: Sink | None


Command = (
    Splice | Silence | Locate | SetMute | SetFeel | SetRoute | SetSink | Immediate | TimedMessage | Recall
)


@dataclass(frozen=True, slots=True)
class SentNote:
    """A note-on or note-off that left: due and sent in nanoseconds, as sent (after octave and feel)."""

    role: Role
    on: bool
    tick: int
    pitch: int
    velocity: int
    channel: int
    port: str
    due_ns: int
    sent_ns: int
    source: Source
    bar_tick: int
    trigger_ns: int = 0
    serial: int = 0
    """Where it was handed over to leave at its time: the number of its receipt, which says when it left.
    Until then ``sent_ns`` is when it was handed over. 0: it left."""
    meant_ns: int = 0
    """When the place of an answer's note was (feel and port offset included); ``due_ns`` is later where the
    answer was known only after it. 0 for all other notes."""


@dataclass(frozen=True, slots=True)
class DroppedNote:
    """A note-on that was not sent, with the reason: ``late``, ``muted``, ``locate``, ``port``."""

    role: Role
    tick: int
    pitch: int
    reason: str
    source: Source


Report = SentNote | DroppedNote
