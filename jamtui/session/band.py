"""The band: everything the engine does between an input stamp and a command to the output loop.

No thread, no port, no sleeping: whoever drives it (the engine process, or a test under a dummy clock)
hands in stamped input and the present time and takes commands from a deque.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence, Sized
from math import ceil

from jamtui.errors import JamtuiError
from jamtui.music.chart import Chart
from jamtui.music.chord import NO_CHORD, Chord
from jamtui.music.detect import Guess
from jamtui.music.meter import PPQ
from jamtui.music.phrase import Bar, Brief, Role
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import Command, Immediate, Report, Silence
from jamtui.session.audition import Audition
from jamtui.session.conductor import Conductor
from jamtui.session.demo_player import DemoPlayer
from jamtui.session.demo_seat import INPUT as DEMO
from jamtui.session.demo_seat import DemoSeat
from jamtui.session.dispatch import Dispatch
from jamtui.session.dynamics import Energy
from jamtui.session.hearing import ChordStream, Heard
from jamtui.session.journal import ChangeRecord, ChordRecord, ClockRecord, InputRecord
from jamtui.session.kpi import Kpi
from jamtui.session.midi_map import MidiMap
from jamtui.session.offers import Verdict
from jamtui.session.recorder import NullRecorder, Recorder
from jamtui.session.settings import GRIDS, BandOptions
from jamtui.session.taking import PlayedLately
from jamtui.session.timekeeping import Timekeeper
from jamtui.session.transport import CountIn, Place, start_internal

STYLE_BARS = 32
"""Bars after which ``styles_in_turn`` moves on."""

_FROM_THE_TOP = Place(0, 0, 0, STYLE_BARS)


class Band:
    """Ties hearing, conductor, clock and figures together.

    Args:
        commands: what the output loop is to do; appended here, taken there.
        tell: called with a sentence (and ``info``, ``warning`` or ``error``) for the event line.
        hurry: called when a command should be obeyed before the rest is known.
        unheard: messages that came in and are yet to be given to `midi`; what is only passed on goes
            together.
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
        unheard: Sized = (),
        elsewhere: Callable[[str, str | float | None, int], bool] = lambda _name, _argument, _ns: False,
    ) -> None:
        self.conductor = conductor
        self.chords = chords
        self.clock = clock
        self.options = options
        self.kpi = Kpi()
        self._recorder: Recorder = recorder if recorder is not None else NullRecorder()
        self._dispatch = Dispatch(conductor, self.kpi, commands, self._recorder, hurry)
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
        self._demo = DemoSeat(demo, conductor, clock, self.midi)
        self._tell = tell
        self._hurry = hurry
        self._unheard = unheard
        self._elsewhere = elsewhere
        self._soon = False
        self._style_name = conductor.settings.style
        self.tempo = Timekeeper(clock, options, commands, tell, self._after_tempo)
        self.style_bar = STYLE_BARS
        """The bar at which ``styles_in_turn`` moves on."""
        self._energy_beat = -(1 << 30)

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
        if self._play_flow(ns, port, data):
            return
        if self.options.thru_port:
            self._commands.append(Immediate(self.options.thru_port, data))
            if not self._unheard:
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
        self._dispatch.post(verdict.commands)
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
                self._dispatch.post(self.conductor.act(action, argument, soon, tick))
        except JamtuiError as error:
            self._tell(str(error), "warning")
        self._note_style(ns)

    # -- time goes on ------------------------------------------------------------------------------------

    def advance(self, ns: int) -> None:
        """Do what the time has come for. Cheap when there is nothing."""
        self.tempo.poll(ns)
        self._commands.extend(self.audition.due(ns))
        segment = self.clock.segment
        # First: what it played has stamps before now, and hearing takes stamps in order.
        self._demo.advance(ns)
        for heard in self.chords.advance(ns):
            self._hear(heard)
        if not segment.running:
            self._dispatch.watch(segment.tick0, ns, self.playing_roles)
            return
        tick = segment.tick_at(ns)
        if self.state != "stopped":
            self._plan(tick, ns)
        self.tempo.send_pulses(tick)

    def take_reports(self, reports: Iterable[Report], ns: int) -> None:
        """What the output loop did."""
        self._dispatch.take_reports(reports, ns)

    def next_wake(self, ns: int) -> int | None:
        """When ``advance`` has to be called next for a timer of hearing or for the demo player, if known."""
        wakes = (self.chords.next_timer(), self.audition.next_ns, self._demo.next_ns())
        return min((at for at in wakes if at is not None), default=None)

    def playing_roles(self) -> frozenset[Role]:
        """Roles that are expected to sound now (for dead air)."""
        if self.state not in ("playing", "ending") or (self.heard is None and self.chart is None):
            return frozenset()
        return self.conductor.heard_roles

    def briefs(self) -> Sequence[Brief]:
        """Briefs for the workers since the last call."""
        return self.conductor.briefs()

    # -- transport ---------------------------------------------------------------------------------------

    def start(self, ns: int) -> None:
        """Count in and play, or join the clock that is followed at its next bar line."""
        self._commands.extend(self.audition.end())
        conductor = self.conductor
        segment = self.clock.segment
        if self.tempo.following and segment.running:
            self._begin(conductor.next_bar_line(ceil(segment.tick_at(ns))), ns)
            return
        bars = self.options.count_in if self.options.count_in is not None else conductor.count_in
        first = start_internal(self.clock, CountIn(bars, conductor.settings.meter), ns)
        self._begin(0, ns, from_tick=first)

    def stop(self, ns: int) -> None:
        """Stop at once; every note is ended."""
        self._dispatch.post(self.conductor.stop())
        self.conductor.flow.let_go()
        self._demo.stop(ns)
        if not self.tempo.following:
            self.clock.stop(ns)
        self.tempo.send_stop()
        self._recorder.record(ClockRecord(ns, self.clock.segment.tick_at(ns), self.clock.bpm))

    def panic(self, ns: int) -> None:
        """End every note on every port, with All Notes Off; the plan goes on a moment later."""
        for channel in range(16):
            # A key whose note-off was lost is let go; a latched chord stays.
            self.chords.feed(ns, bytes((0xB0 | channel, 123, 0)))
        self.audition.end()
        self.conductor.flow.let_go()
        self._dispatch.post([Silence(panic=True), *self.conductor.play_on(self.clock.segment.tick_at(ns))])
        self._tell("panic: every note was ended", "warning")

    def restore(self, chord: Chord | None, notes: tuple[int, ...], place: Place, ns: int) -> None:
        """Play on at ``place`` after a restart of the engine, while the clock runs already: over ``chord``,
        which was heard last (None: nothing was) and rested on the keys ``notes``."""
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
            "tempo_up": lambda _a, ns: self.tempo.step(1, ns),
            "tempo_down": lambda _a, ns: self.tempo.step(-1, ns),
            "tempo": self.tempo.set_tempo_to,
            "tap": lambda _a, ns: self.tempo.tap(ns),
            "latch": lambda _a, _ns: self._toggle_latch(),
            "flow": lambda _a, ns: self._toggle_flow(ns),
        }

    def _act_mapped(self, action: str, argument: str | float | None, ns: int) -> None:
        """An action of the MIDI keyboard: after ``soon`` the next one is for the next beat."""
        soon, self._soon = self._soon, False
        if action == "soon":
            self._soon = not soon
        elif not self._elsewhere(action, argument, ns):
            self.act(action, argument, soon=soon, ns=ns)

    def _note_style(self, ns: int) -> None:
        style = self.conductor.style
        if style.name != self._style_name:
            self._style_name = style.name
            self.tempo.meet_style(style, ns, stopped=self.state == "stopped")

    def _toggle_latch(self) -> None:
        self.chords.set_latch(not self.latched)
        self._tell("latch on: the chord is held" if self.latched else "latch off", "info")

    def _toggle_flow(self, ns: int) -> None:
        self._dispatch.post(self.conductor.act("flow", tick=self.clock.segment.tick_at(ns)), played=True)
        if self.conductor.flow.on:
            self._tell("flow on: each key plays the lead's next note", "info")
        else:
            self._tell("flow off: the lead plays on at the next bar line", "info")

    def _play_flow(self, ns: int, port: str, data: bytes) -> bool:
        """Whether ``data`` is a key that plays the lead's line. The note goes out before anything else."""
        split = self.chords.split
        if port == DEMO or len(data) < 3 or (split is not None and data[1] < split):
            return False
        tick = self.clock.segment.tick_at(ns)
        commands = self.conductor.play_flow(ns, tick, port, data)
        if commands is None:
            return False
        self._dispatch.post(commands, played=True)
        self._recorder.record(InputRecord(ns, tick, data, port))
        self._plan_up_to(ns)
        self.energy.feed(ns, data)
        return True

    def _hear(self, heard: Heard) -> None:
        played = self.clock.segment.tick_at(heard.trigger_ns)
        self._recorder.record(
            ChordRecord(heard.ns, played, heard.kind, heard.chord.symbol, heard.trigger_ns, heard.notes)
        )
        if heard.kind == "settled":
            self.settled = heard
            # It matters where the beginning of a chord was taken for the one that was expected.
            tick = self.clock.segment.tick_at(heard.ns)
            self._dispatch.post(self.conductor.hear_each(heard, tick, self.clock.bpm))
            return
        if heard.kind == "faded":
            self.settled = heard
        self.heard = heard
        self.chord = heard.chord
        self.lately.hear(played, heard.chord)
        segment = self.clock.segment
        # A revision answers from when it was known: its trigger's grid point may be past.
        tick = segment.tick_at(heard.ns if heard.kind == "revised" else heard.trigger_ns)
        if heard.kind != "faded" and self.conductor.may_answer(ceil(tick)):
            grid = GRIDS[self.conductor.settings.grid] or None
            self.kpi.trigger(heard.trigger_ns, tick, grid, segment.ns_per_tick)
        self._dispatch.post(self.conductor.hear_each(heard, tick, self.clock.bpm))

    def _begin(
        self, tick: int, ns: int, *, from_tick: int | None = None, place: Place = _FROM_THE_TOP
    ) -> None:
        """The band begins at ``tick``. ``from_tick``: where musical time jumped to; None where it goes on."""
        segment = self.clock.segment
        if self.tempo.sends:
            self.tempo.send_start(tick, from_tick)
            self.tempo.send_pulses(segment.tick_at(ns))
            self._hurry()
        commands = self.conductor.start(
            tick,
            origin=place.bar_start,
            first_bar=place.bar_number,
            ends_at=place.ends_at,
            bpm=segment.bpm,
        )
        self.conductor.flow.let_go()
        self._demo.begin(ns)
        self.kpi.located()
        self.lately.clear()
        if self.started_ns is None:
            self.started_ns = ns
        self.style_bar = place.style_bar
        self._dispatch.post(commands)
        self._after_tempo(ns)

    def _after_tempo(self, ns: int) -> None:
        segment = self.clock.segment
        self.tempo.note()
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
        self._dispatch.post(self.conductor.advance(tick, segment.bpm))

    def _plan(self, tick: float, ns: int) -> None:
        if self.options.styles_in_turn and self.conductor.bar_at(tick).number >= self.style_bar:
            self.style_bar += STYLE_BARS
            self.act("style_next", None, soon=False, ns=ns)
        self._plan_up_to(ns)
        self._note_style(ns)
        self._dispatch.watch(tick, ns, self.playing_roles)
        if self.conductor.finished:
            self.stop(ns)
            self._tell("the end", "info")

    def _clock_message(self, ns: int, port: str, data: bytes) -> None:
        moved = self.tempo.take(ns, port, data)
        if moved is None:
            return
        was, now = moved
        if now.running and (not was.running or now.jump != was.jump):
            self.tempo.source = "midi"
            # Not where the clock puts this stamp, which is near the pulse: the pulse itself is the downbeat.
            self._begin(self.tempo.place, ns, from_tick=self.tempo.place)
        elif was.running and not now.running and self.state != "stopped":
            self.stop(ns)
        elif now.running and self.started_ns is not None and self.tempo.moved:
            self._after_tempo(ns)

    @property
    def latched(self) -> bool:
        """Whether the chord holds after the keys are let go."""
        return self.chords.latch

    @property
    def chart_title(self) -> str:
        """The chart in short; empty without one."""
        return "" if self.chart is None else f"{self.chart.title or 'chart'}, {len(self.chart.bars)} bars"
