"""Whose tempo it is (a style's, the player's, a tap's, an outside clock's), and the clock that is sent."""

from collections import deque
from collections.abc import Callable

from jamtui.errors import JamtuiError
from jamtui.playback.clock import ClockSegment, MusicalClock
from jamtui.playback.commands import Command
from jamtui.playback.midi_clock import MidiClockFollower
from jamtui.playback.tap import TapTempo
from jamtui.session.settings import BandOptions
from jamtui.session.transport import PulseSender
from jamtui.styles.style import Style

PULSES_AHEAD_NS = 150_000_000
"""How far ahead clock pulses are handed to the output loop."""
TEMPO_STEP = 2.0
MIN_TEMPO, MAX_TEMPO = 20.0, 400.0
MOVED_BPM = 0.5
"""A followed clock whose tempo moves by less is not said to have another."""


class Timekeeper:
    """Moves the band's clock, and sends it on where that is wanted.

    Args:
        commands: what the output loop is to do; appended here.
        tell: a sentence and its severity, for the event line.
        on_tempo: called with the time after each change of tempo.
    """

    def __init__(
        self,
        clock: MusicalClock,
        options: BandOptions,
        commands: deque[Command],
        tell: Callable[[str, str], None],
        on_tempo: Callable[[int], None],
    ) -> None:
        self._clock = clock
        self._options = options
        self._commands = commands
        self._tell = tell
        self._on_tempo = on_tempo
        self.source = "internal"
        """``internal``, ``tap`` or ``midi``."""
        self.chosen = options.tempo_given
        """The tempo is the player's, not the style's."""
        self._tap = TapTempo()
        self._follower = MidiClockFollower(clock)
        self._pulses = PulseSender(options.clock_port) if options.clock_port else None
        self._noted_bpm = clock.bpm

    @property
    def following(self) -> bool:
        """Whether an outside clock leads now."""
        return self._options.clock_source == "midi" and self._follower.locked

    @property
    def locked(self) -> bool:
        """False while a clock that is followed has stopped coming."""
        return self._options.clock_source != "midi" or self._follower.locked

    @property
    def place(self) -> int:
        """The tick at which the clock that is followed started or went on."""
        return self._follower.place

    # -- the tempo ---------------------------------------------------------------------------------------

    def set_tempo(self, bpm: float, ns: int, source: str = "internal") -> None:
        """A new tempo now, in phase; refused while an outside clock leads."""
        if self.following:
            self._tell("the tempo comes from the MIDI clock; change it there", "warning")
            return
        self._clock.set_bpm(min(MAX_TEMPO, max(MIN_TEMPO, bpm)), ns)
        self.source = source
        self.chosen = True
        self._on_tempo(ns)

    def set_tempo_to(self, argument: str | float | None, ns: int) -> None:
        """The tempo that an action's argument says.

        Raises:
            JamtuiError: it is no number, or outside 20 to 400.
        """
        try:
            bpm = float(argument if argument is not None else "")
        except ValueError:
            raise JamtuiError(f"give the tempo as beats a minute, {MIN_TEMPO:g} to {MAX_TEMPO:g}") from None
        if not MIN_TEMPO <= bpm <= MAX_TEMPO:
            raise JamtuiError(f"give the tempo as beats a minute, {MIN_TEMPO:g} to {MAX_TEMPO:g}")
        self.set_tempo(bpm, ns)

    def step(self, steps: int, ns: int) -> None:
        """Faster or slower by ``steps`` times two beats a minute."""
        self.set_tempo(round(self._clock.bpm) + steps * TEMPO_STEP, ns)

    def tap(self, ns: int) -> None:
        """One tap of the tempo."""
        bpm = self._tap.tap(ns)
        if bpm is not None:
            self.set_tempo(bpm, ns, "tap")

    def meet_style(self, style: Style, ns: int, *, stopped: bool) -> None:
        """Another style has come: while nothing plays it brings its tempo, unless there is one already."""
        if stopped and not self.chosen and not self.following:
            self._clock.set_bpm(style.tempo, ns)
            self._on_tempo(ns)
        low, high = style.tempo_range
        if not low <= self._clock.bpm <= high:
            self._tell(f"{style.title} is written for {low:g} to {high:g} beats a minute", "info")

    def note(self) -> None:
        """The tempo as it is now was said to everybody."""
        self._noted_bpm = self._clock.bpm

    @property
    def moved(self) -> bool:
        """Whether the tempo is another than the one noted."""
        return abs(self._clock.bpm - self._noted_bpm) > MOVED_BPM

    # -- the clock that is followed ----------------------------------------------------------------------

    def poll(self, ns: int) -> None:
        """Notice that the clock that is followed has stopped coming."""
        if self._options.clock_source == "midi":
            self._follower.poll(ns)

    def take(self, ns: int, port: str, data: bytes) -> tuple[ClockSegment, ClockSegment] | None:
        """A System Real Time or Song Position message: the clock before and after it, where it moved it."""
        wanted = self._options.clock_input
        if self._options.clock_source != "midi" or (wanted and wanted.lower() not in port.lower()):
            return None
        was = self._clock.segment
        self._follower.feed(ns, data)
        now = self._clock.segment
        return None if now is was else (was, now)

    # -- the clock that is sent --------------------------------------------------------------------------

    @property
    def sends(self) -> bool:
        """Whether a clock is sent."""
        return self._pulses is not None

    def send_start(self, tick: int, from_tick: int | None) -> None:
        """The receiver plays from ``tick`` on (see ``PulseSender.start``)."""
        if self._pulses is not None:
            self._commands.extend(self._pulses.start(tick, from_tick))

    def send_pulses(self, tick: float) -> None:
        """The pulses that come next."""
        if self._pulses is not None:
            ahead = int(PULSES_AHEAD_NS / self._clock.segment.ns_per_tick)
            self._commands.extend(self._pulses.ahead(tick, ahead))

    def send_stop(self) -> None:
        """The receiver stops now."""
        if self._pulses is not None:
            self._commands.extend(self._pulses.stop())
