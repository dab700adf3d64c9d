"""The band: everything the engine does between an input stamp and a command to the output loop.

No thread, no port, no sleeping: whoever drives it (the engine process, or a test under a dummy clock)
hands in stamped input and the present time and takes commands from a deque.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Protocol

from jamtui.errors import JamtuiError
from jamtui.music.chart import Chart
from jamtui.music.chord import NO_CHORD, Chord
from jamtui.music.detect import Guess
from jamtui.music.meter import PPQ
from jamtui.music.phrase import Bar, Brief, Role
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import Command, Immediate, Report, Silence, Splice
from jamtui.playback.midi_clock import MidiClockFollower
from jamtui.playback.tap import TapTempo
from jamtui.session.audition import Audition
from jamtui.session.conductor import Conductor
from jamtui.session.demo_player import DemoPlayer
from jamtui.session.dynamics import Energy
from jamtui.session.hearing import ChordStream, Heard
from jamtui.session.journal import ChangeRecord, ChordRecord, ClockRecord, InputRecord, Record
from jamtui.session.kpi import Kpi
from jamtui.session.midi_map import MidiMap
from jamtui.session.offers import Verdict
from jamtui.session.settings import GRIDS, audible
from jamtui.session.taking import PlayedLately
from jamtui.session.transport import CountIn, Place, PulseSender, start_internal

PULSES_AHEAD_NS = 150_000_000
"""How far ahead clock pulses are handed to the output loop."""
WATCH_NS = 40_000_000
"""How often the figures look at the present moment: well within the 180 ms that make dead air."""
TEMPO_STEP = 2.0
MIN_TEMPO, MAX_TEMPO = 20.0, 400.0
STYLE_BARS = 32
"""Bars after which ``styles_in_turn`` moves on."""

_FROM_THE_TOP = Place(0, 0, 0, STYLE_BARS)


class Recorder(Protocol):
    """Where the session is recorded; never blocks."""

    def record(self, record: Record) -> None:
        """Keep one record."""
        ...


class NullRecorder:
    """Records nothing."""

    def record(self, record: Record) -> None:
        """Forget ``record``."""


@dataclass(frozen=True, slots=True)
class BandOptions:
    """What does not change while the band plays.

    Ports name the output loop's sinks; an empty name means none.
    """

    count_in: int | None = None
    """Bars; None as the style says."""
    thru_port: str = ""
    clock_port: str = ""
    """MIDI clock is sent there."""
    clock_source: str = "internal"
    clock_input: str = ""
    """Only this input's clock is followed; empty: any."""
    styles_in_turn: bool = False
    tempo_given: bool = True
    """The tempo was asked for; otherwise a style that is picked while stopped brings its own."""
    demo: bool = False


class Band:
    """Ties hearing, conductor, clock and figures together.

    Args:
        commands: what the output loop is to do; appended here, taken there.
        tell: called with a sentence (and ``info``, ``warning`` or ``error``) for the event line.
        hurry: called when a command should be obeyed before the rest is known.
        elsewhere: does an action of the MIDI keyboard (name, argument, stamp) that is not the band's; False
            where it is the band's.
    """

    def __init__(
        self,
        *,
        conductor: Conductor,
        chords: ChordStream,
        clock: MusicalClock,
        commands: deque[Command],
        options: BandOptions,
        midi_map: MidiMap,
        demo: DemoPlayer | None = None,
        chart: Chart | None = None,
        recorder: Recorder | None = None,
        tell: Callable[[str, str], None] = lambda _text, _severity: None,
        hurry: Callable[[], None] = lambda: None,
        elsewhere: Callable[[str, str | float | None, int], bool] = lambda _name, _argument, _ns: False,
    ) -> None:
        self.conductor = conductor
        self.chords = chords
        self.clock = clock
        self.options = options
        self.kpi = Kpi()
        self.energy = Energy()
        self.lately = PlayedLately()
        self.audition = Audition()
        self.started_ns: int | None = None
        self.chord: Chord = NO_CHORD
        self.settled: Heard | None = None
        self.chart = chart
        self.heard: Heard | None = None
        self._commands = commands
        self._midi_map = midi_map
        self._demo = demo
        self._recorder: Recorder = recorder if recorder is not None else NullRecorder()
        self._tell = tell
        self._hurry = hurry
        self._elsewhere = elsewhere
        self._soon = False
        self._style_name = conductor.settings.style
        self.tempo_chosen = options.tempo_given
        """The tempo is the player's, not the style's."""
        self._tap = TapTempo()
        self._follower = MidiClockFollower(clock)
        self._pulses = PulseSender(options.clock_port) if options.clock_port else None
        self._demo_until = 0.0
        self.style_bar = STYLE_BARS
        """The bar at which ``styles_in_turn`` moves on."""
        self.tempo_source = "internal"
        self._noted_bpm = clock.bpm
        self._energy_beat = -(1 << 30)
        self._next_watch = 0

    @property
    def state(self) -> str:
        """``stopped``, ``count-in``, ``playing`` or ``ending``."""
        return self.conductor.state

    # -- what comes in -----------------------------------------------------------------------------------

    def midi(self, ns: int, port: str, data: bytes) -> None:
        """One MIDI message as it came in at ``ns`` from the input named ``port``."""
        if not data:
            return
        status = data[0]
        if status >= 0xF0:
            if status in (0xF2, 0xF8, 0xFA, 0xFB, 0xFC):
                self._clock_message(ns, port, data)
            return
        triggered = self._midi_map.take(data)
        if triggered is not None:
            if triggered.action:
                self._act_mapped(triggered.action, triggered.argument, ns)
            return
        if self.options.thru_port:
            self._commands.append(Immediate(self.options.thru_port, data))
            self._hurry()  # what it means to the band may take milliseconds to work out
        self._recorder.record(InputRecord(ns, self.clock.segment.tick_at(ns), data, port))
        # What was due before this key is planned before it, however late this loop came to look: the
        # plan depends on stamps alone.
        self._plan_up_to(ns)
        self.energy.feed(ns, data)
        if self.clock.running:
            self.lately.feed(self.clock.segment.tick_at(ns), data)
        for heard in self.chords.feed(ns, data):
            self._hear(heard)

    def offer(self, bar: Bar, ns: int) -> Verdict:
        """A bar from a generator: through the guard, into the plan if it still fits."""
        verdict = self.conductor.offer(bar, self.clock.segment.tick_at(ns))
        self._post(verdict.commands)
        return verdict

    def act(self, action: str, argument: str | float | None = None, *, soon: bool, ns: int) -> None:
        """Do a named action. A wrong argument is told to the player, never raised."""
        tick = self.clock.segment.tick_at(ns)
        self._recorder.record(ChangeRecord(ns, tick, action, argument, soon))
        try:
            own = self._own_actions().get(action)
            if own is not None:
                own(argument, ns)
            else:
                self._post(self.conductor.act(action, argument, soon, tick))
        except JamtuiError as error:
            self._tell(str(error), "warning")
        self._note_style(ns)

    # -- time goes on ------------------------------------------------------------------------------------

    def advance(self, ns: int) -> None:
        """Do what the time has come for. Cheap when there is nothing."""
        if self.options.clock_source == "midi":
            self._follower.poll(ns)
        self._commands.extend(self.audition.due(ns))
        segment = self.clock.segment
        if self._demo is not None and segment.running:
            # First: what it played has stamps before now, and hearing takes stamps in order.
            self._perform_demo(segment.tick_at(ns))
        for heard in self.chords.advance(ns):
            self._hear(heard)
        if not segment.running:
            self._watch(segment.tick0, ns)
            return
        tick = segment.tick_at(ns)
        if self.state != "stopped":
            self._plan(tick, ns)
        self._send_clock(tick)

    def take_reports(self, reports: Iterable[Report], ns: int) -> None:
        """What the output loop did."""
        for report in reports:
            self.kpi.take(report, ns)
            self._recorder.record(report)
            self.conductor.heard_report(report)

    def next_wake(self, ns: int) -> int | None:
        """When ``advance`` has to be called next for a timer of hearing or for the demo player, if known."""
        timers = (self.chords.next_timer(), self.audition.next_ns)
        timer = min((t for t in timers if t is not None), default=None)
        if self._demo is None or not self.clock.running or self.state in ("stopped", "ending"):
            return timer  # in the ending it plays no more, and its next event would stay due for ever
        played = self.clock.segment.ns_at(max(self._demo.next_tick, self._demo_until))
        return played if timer is None else min(timer, played)

    def playing_roles(self) -> frozenset[Role]:
        """Roles that are expected to sound now (for dead air)."""
        if self.state not in ("playing", "ending") or (self.heard is None and self.chart is None):
            return frozenset()
        settings = self.conductor.settings
        return frozenset(r for r in Role if audible(settings, r))

    def briefs(self) -> Sequence[Brief]:
        """Briefs for the workers since the last call."""
        return self.conductor.briefs()

    # -- transport ---------------------------------------------------------------------------------------

    def start(self, ns: int) -> None:
        """Count in and play, or join the clock that is followed at its next bar line."""
        self._commands.extend(self.audition.end())
        conductor = self.conductor
        segment = self.clock.segment
        if self.following and segment.running:
            self._begin(conductor.next_bar_line(ceil(segment.tick_at(ns))), ns)
            return
        bars = self.options.count_in if self.options.count_in is not None else conductor.count_in
        first = start_internal(self.clock, CountIn(bars, conductor.settings.meter), ns)
        self._begin(0, ns, from_tick=first)

    def stop(self, ns: int) -> None:
        """Stop at once; every note is ended."""
        self._post(self.conductor.stop())
        if self._demo is not None:
            for event in self._demo.release(self.clock.segment.tick_at(ns)):
                self.midi(ns, "demo", event.data)
        if not self.following:
            self.clock.stop(ns)
        if self._pulses is not None:
            self._commands.extend(self._pulses.stop())
        self._recorder.record(ClockRecord(ns, self.clock.segment.tick_at(ns), self.clock.bpm))

    def panic(self, ns: int) -> None:
        """End every note on every port, with All Notes Off; the plan goes on a moment later."""
        for channel in range(16):
            # A key whose note-off was lost is let go; a latched chord stays.
            self.chords.feed(ns, bytes((0xB0 | channel, 123, 0)))
        self.audition.end()
        self._post([Silence(panic=True), *self.conductor.play_on(self.clock.segment.tick_at(ns))])
        self._tell("panic: every note was ended", "warning")

    def set_tempo(self, bpm: float, ns: int, source: str = "internal") -> None:
        """A new tempo now, in phase; refused while an outside clock leads."""
        if self.following:
            self._tell("the tempo comes from the MIDI clock; change it there", "warning")
            return
        self.clock.set_bpm(min(MAX_TEMPO, max(MIN_TEMPO, bpm)), ns)
        self.tempo_source = source
        self.tempo_chosen = True
        self._after_tempo(ns)

    def restore(self, chord: Chord | None, notes: tuple[int, ...], place: Place, ns: int) -> None:
        """Play on after a restart of the engine: the clock runs already.

        Args:
            chord: what was heard last, None for nothing.
            notes: the keys it rested on.
            place: where the music was.
        """
        if chord is not None:
            guesses = (Guess(chord, 1.0),)
            heard = Heard("provisional", chord, guesses, ns, ns, notes, chord.pitch_classes)
            self.heard = self.settled = heard
            self.chord = chord
            self.conductor.hear(heard, 0.0, self.clock.bpm)
        segment = self.clock.segment
        tick = max(int(segment.tick_at(ns)) + 1, place.begins)
        self._begin(tick, ns, from_tick=tick, place=place)

    # -- inside ------------------------------------------------------------------------------------------

    def _own_actions(self) -> dict[str, Callable[[str | float | None, int], None]]:
        return {
            "start_stop": lambda _a, ns: self.stop(ns) if self.state != "stopped" else self.start(ns),
            "panic": lambda _a, ns: self.panic(ns),
            "tempo_up": lambda _a, ns: self.set_tempo(round(self.clock.bpm) + TEMPO_STEP, ns),
            "tempo_down": lambda _a, ns: self.set_tempo(round(self.clock.bpm) - TEMPO_STEP, ns),
            "tempo": self._set_tempo_to,
            "tap": lambda _a, ns: self._tapped(ns),
            "latch": lambda _a, _ns: self._toggle_latch(),
        }

    def _act_mapped(self, action: str, argument: str | float | None, ns: int) -> None:
        """An action of the MIDI keyboard: after ``soon`` the next one is for the next beat."""
        soon, self._soon = self._soon, False
        if action == "soon":
            self._soon = not soon
        elif not self._elsewhere(action, argument, ns):
            self.act(action, argument, soon=soon, ns=ns)

    def _note_style(self, ns: int) -> None:
        """Another style has come: while nothing plays it brings its tempo, unless there is one already."""
        style = self.conductor.style
        if style.name == self._style_name:
            return
        self._style_name = style.name
        if self.state == "stopped" and not self.tempo_chosen and not self.following:
            self.clock.set_bpm(style.tempo, ns)
            self._after_tempo(ns)
        low, high = style.tempo_range
        if not low <= self.clock.bpm <= high:
            self._tell(f"{style.title} is written for {low:g} to {high:g} beats a minute", "info")

    def _set_tempo_to(self, argument: str | float | None, ns: int) -> None:
        try:
            bpm = float(argument if argument is not None else "")
        except ValueError:
            raise JamtuiError(f"give the tempo as beats a minute, {MIN_TEMPO:g} to {MAX_TEMPO:g}") from None
        if not MIN_TEMPO <= bpm <= MAX_TEMPO:
            raise JamtuiError(f"give the tempo as beats a minute, {MIN_TEMPO:g} to {MAX_TEMPO:g}")
        self.set_tempo(bpm, ns)

    def _tapped(self, ns: int) -> None:
        bpm = self._tap.tap(ns)
        if bpm is not None:
            self.set_tempo(bpm, ns, "tap")

    def _toggle_latch(self) -> None:
        self.chords.set_latch(not self.latched)
        self._tell("latch on: the chord is held" if self.latched else "latch off", "info")

    def _hear(self, heard: Heard) -> None:
        played = self.clock.segment.tick_at(heard.trigger_ns)
        self._recorder.record(
            ChordRecord(heard.ns, played, heard.kind, heard.chord.symbol, heard.trigger_ns, heard.notes)
        )
        if heard.kind == "settled":
            self.settled = heard
            return
        if heard.kind == "faded":
            self.settled = heard
        self.heard = heard
        self.chord = heard.chord
        self.lately.hear(played, heard.chord)
        segment = self.clock.segment
        # A revision answers from when it was known: its trigger's grid point may be past.
        tick = segment.tick_at(heard.ns if heard.kind == "revised" else heard.trigger_ns)
        if self.state in ("playing", "ending", "count-in") and heard.kind != "faded":
            grid = GRIDS[self.conductor.settings.grid]
            if self.conductor.may_answer(ceil(tick)):
                self.kpi.trigger(heard.trigger_ns, tick, grid or None)
        self._post(self.conductor.hear_each(heard, tick, self.clock.bpm))

    def _post(self, commands: Iterable[Command]) -> None:
        for command in commands:
            self._commands.append(command)
            if isinstance(command, Silence):
                self.kpi.silenced(command.role)
            elif isinstance(command, Splice):
                if command.at_once:
                    self._hurry()
                self.kpi.withdraw(command.role, command.from_tick)
                end = self.conductor.covered_until(command.role)
                if end > command.from_tick:
                    self.kpi.cover(command.role, command.from_tick, end)
        for bar in self.conductor.drain_accepted():
            self._recorder.record(bar)

    def _begin(
        self, tick: int, ns: int, *, from_tick: int | None = None, place: Place = _FROM_THE_TOP
    ) -> None:
        """The band begins at ``tick``. ``from_tick``: where musical time jumped to; None where it goes on."""
        segment = self.clock.segment
        if self._pulses is not None:
            self._commands.extend(self._pulses.start(tick, from_tick))
            self._send_clock(segment.tick_at(ns))
            self._hurry()
        commands = self.conductor.start(
            tick,
            origin=place.bar_start,
            first_bar=place.bar_number,
            ends_at=place.ends_at,
            bpm=segment.bpm,
        )
        # The demo player begins with the form, not in the count-in.
        self._demo_until = max(0.0, self.clock.segment.tick_at(ns))
        if self._demo is not None and self._demo.meter != self.conductor.settings.meter:
            self._demo.set_meter(self.conductor.settings.meter)
            self._demo.restart()
        self.kpi.located()
        self.lately.clear()
        if self.started_ns is None:
            self.started_ns = ns
        self.style_bar = place.style_bar
        self._post(commands)
        self._after_tempo(ns)

    def _after_tempo(self, ns: int) -> None:
        segment = self.clock.segment
        self._noted_bpm = segment.bpm
        if self._demo is not None:
            self._demo.set_tempo(segment.bpm)
        bar_ns = self.conductor.settings.meter.bar_ticks * segment.ns_per_tick
        self.energy.set_bar(bar_ns)
        self.chords.set_bar(bar_ns)
        self._recorder.record(ClockRecord(ns, segment.tick_at(ns), segment.bpm))

    def _plan_up_to(self, ns: int) -> None:
        segment = self.clock.segment
        if not segment.running or self.state == "stopped":
            return
        tick = segment.tick_at(ns)
        beat = int(tick // PPQ)
        if beat != self._energy_beat:
            self._energy_beat = beat
            self.conductor.set_player_energy(self.energy.value(segment.ns_at(beat * PPQ)), beat * PPQ)
        self._post(self.conductor.advance(tick, segment.bpm))

    def _plan(self, tick: float, ns: int) -> None:
        if self.options.styles_in_turn and self.conductor.bar_at(tick).number >= self.style_bar:
            self.style_bar += STYLE_BARS
            self.act("style_next", None, soon=False, ns=ns)
        self._plan_up_to(ns)
        self._note_style(ns)
        self._watch(tick, ns)
        if self.conductor.finished:
            self.stop(ns)
            self._tell("the end", "info")

    def _watch(self, tick: float, ns: int) -> None:
        if ns >= self._next_watch:
            self._next_watch = ns + WATCH_NS
            self.kpi.advance(
                tick,
                ns,
                self.playing_roles(),
                counting_in=self.state == "count-in",
                stopped=self.state == "stopped",
            )

    def _send_clock(self, tick: float) -> None:
        if self._pulses is not None:
            ahead = int(PULSES_AHEAD_NS / self.clock.segment.ns_per_tick)
            self._commands.extend(self._pulses.ahead(tick, ahead))

    def _perform_demo(self, tick: float) -> None:
        assert self._demo is not None
        segment = self.clock.segment
        if self.state == "stopped" or tick <= self._demo_until:
            return
        start, self._demo_until = self._demo_until, tick
        if self.state == "ending":
            return
        coming = self.conductor.bar_at(tick + PPQ)
        if coming.meter != self._demo.meter:
            self._demo.set_meter(coming.meter, coming.start)
        for event in self._demo.events(start, tick):
            # The stamp is when it was played, not when this loop came to see it.
            self.midi(segment.ns_at(event.tick), "demo", event.data)

    def _clock_message(self, ns: int, port: str, data: bytes) -> None:
        wanted = self.options.clock_input
        if self.options.clock_source != "midi" or (wanted and wanted.lower() not in port.lower()):
            return
        was = self.clock.segment
        self._follower.feed(ns, data)
        now = self.clock.segment
        if now is was:
            return
        if now.running and (not was.running or now.jump != was.jump):
            self.tempo_source = "midi"
            # Not where the clock puts this stamp, which is near the pulse: the pulse itself is the downbeat.
            self._begin(self._follower.place, ns, from_tick=self._follower.place)
        elif was.running and not now.running and self.state != "stopped":
            self.stop(ns)
        elif now.running and self.started_ns is not None:
            self._tempo_moved(now.bpm, ns)

    def _tempo_moved(self, bpm: float, ns: int) -> None:
        if abs(bpm - self._noted_bpm) > 0.5:
            self._after_tempo(ns)

    @property
    def latched(self) -> bool:
        """Whether the chord holds after the keys are let go."""
        return self.chords.latch

    @property
    def following(self) -> bool:
        """Whether an outside clock leads now."""
        return self.options.clock_source == "midi" and self._follower.locked

    @property
    def chart_title(self) -> str:
        """The chart in short; empty without one."""
        return "" if self.chart is None else f"chart, {len(self.chart.bars)} bars"

    @property
    def clock_locked(self) -> bool:
        """False while a clock that is followed has stopped coming."""
        return self.options.clock_source != "midi" or self._follower.locked
