"""The engine process: MIDI ports, planning thread, output thread, and the link to everyone else.

Threads: rtmidi's callbacks stamp and append; the main thread plans; the output thread alone sends; link
and journal threads wait on sockets and files. Garbage collection is off after the warm-up: nothing here
makes cycles at a rate that matters, and a collection is a pause.
"""

import gc
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from jamtui import __version__, paths
from jamtui.config import Config, check_names, load_config
from jamtui.errors import JamtuiError, LinkError
from jamtui.music.chart import Chart, parse_chart
from jamtui.music.detect import default_namer
from jamtui.music.meter import METERS
from jamtui.music.phrase import Bar, Role, Source
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import Command, Report, SentNote
from jamtui.playback.ledger import Ledger
from jamtui.playback.output import OutputLoop
from jamtui.playback.output_thread import OutputThread
from jamtui.playback.waiting import PreciseWait
from jamtui.playback.wire import messages
from jamtui.processes.children import when_orphaned
from jamtui.processes.codec import Plain, decode, encode, from_plain
from jamtui.processes.engine_ports import EnginePorts
from jamtui.processes.exits import EXIT_REFUSED
from jamtui.processes.held import HeldKeys
from jamtui.processes.link import Peer, Server, link_key
from jamtui.processes.options import SessionOptions
from jamtui.processes.restart import restart_state, take_up
from jamtui.processes.shared import SharedState
from jamtui.processes.sinks import CLOCK, ONE, SINKS, THRU
from jamtui.processes.sources import Sources
from jamtui.session.actions import BY_NAME
from jamtui.session.band import Band, BandOptions
from jamtui.session.book_file import load_book
from jamtui.session.conductor import Conductor
from jamtui.session.demo_player import DemoPlayer
from jamtui.session.generator import GeneratorHealth
from jamtui.session.hearing import ChordStream
from jamtui.session.journal import JournalWriter, TextRecord
from jamtui.session.midi_map import Mapping as MidiMapping
from jamtui.session.midi_map import MidiMap
from jamtui.session.settings import BandSettings
from jamtui.session.snapshot import Event
from jamtui.session.view import Levels, Surroundings, snapshot
from jamtui.styles.loading import load_styles
from jamtui.styles.style import Style

SWITCH_S = 0.0001
"""Interpreter switch interval: how long planning may keep the output thread waiting."""
PLAN_NS = 10_000_000
"""Planning looks at the time at least this often while the band plays."""
IDLE_NS = 20_000_000
SNAPSHOT_NS = 50_000_000
QUIET_NS = 2_500_000
"""Work that can wait is not begun when a note is due sooner than this."""
STATE_NS = 100_000_000
MISHAPS_LOGGED = 100
KEYBOARD = "computer keyboard"
INPUTS_AT_ONCE = 64
"""Messages dealt with before the band is looked after again, should they come in a flood."""
INBOX_LIMIT = 2000
"""Messages from clients that may wait; beyond, their threads wait and so, in the end, do they."""


class Engine:
    """One engine. ``run`` plays until it is told to stop.

    Raises:
        JamtuiError: configuration, style, chart or book cannot be used.
    """

    def __init__(self, runtime: Path, config: Config, options: SessionOptions, *, restore: bool) -> None:
        self._runtime = runtime
        self._options = options
        self._shared = SharedState(runtime / "state.map")
        state = self._shared.read_state() if restore else None
        styles = load_styles(paths.styles_dir())
        check_names(config, BY_NAME, styles, str(paths.config_file()))
        self._inputs: deque[tuple[int, str, bytes]] = deque()
        self._inbox: deque[tuple[Peer, bytes | None]] = deque()
        self._held = HeldKeys()
        self._commands: deque[Command] = deque()
        self._reports: deque[Report] = deque()
        self._wait = PreciseWait()
        self._stopping = False
        self._server: Server | None = None
        self._levels = Levels()
        self._seq = 0
        self._rolls: dict[str, int] = {}
        self._next_snapshot = self._next_state = self._next_beat = 0
        self._mishaps = 0
        self._early_events: list[Event] = []

        seed = options.seed if options.seed is not None else config.playing.seed
        if state is not None:
            seed = int(str(state["seed"]))
        self.seed = seed if seed is not None else random.SystemRandom().randrange(1 << 31)
        self.session = time.strftime("%Y%m%d-%H%M%S") if state is None else str(state["session"])
        self._ports = EnginePorts(
            config,
            paths.config_file(),
            null_output=options.output == "null",
            on_input=self._on_input,
            tell=self._tell,
        )
        style = _style(styles, options.style or config.playing.style)
        self._style_name = style.name
        self._apply_programs(style)
        tempo = options.tempo or config.playing.tempo or style.tempo
        self._clock = MusicalClock(tempo, time.perf_counter_ns())
        self._ledger = Ledger(SINKS, self._shared.bitmap)
        self._loop = OutputLoop(
            self._clock, self._ports.routes, self._ports.sinks, self._commands, self._reports, self._ledger
        )
        self._output = OutputThread(self._loop, on_crash=self._output_crashed)
        self._clock.on_change = self._output.wake
        self._journal = self._open_journal(config, style)
        self._band = self._make_band(config, styles, style)
        self._state = state

    def run(self) -> None:
        """Serve until ``shutdown`` or the supervisor's end."""
        self._server = Server(
            self._runtime, "engine", link_key(self._runtime), self._on_message, self._on_close
        )
        when_orphaned(self._request_stop)
        signal.signal(signal.SIGTERM, lambda *_: self._request_stop())
        sys.setswitchinterval(SWITCH_S)
        self._output.start()
        self._warm_up()
        now = time.perf_counter_ns()
        if self._state is not None:
            self._take_up(self._state, now)
        elif self._options.autostart:
            self._band.start(now)
        self._flush()
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._close()

    # -- one turn of the planning thread -----------------------------------------------------------------

    def _turn(self) -> None:
        now = time.perf_counter_ns()
        for _ in range(min(len(self._inputs), INPUTS_AT_ONCE)):
            self._hear(*self._inputs.popleft())
            if self._commands:
                self._output.wake()
        for _ in range(min(len(self._inbox), INPUTS_AT_ONCE)):
            self._take(*self._inbox.popleft())
        self._band.advance(now)
        self._flush()
        self._read_reports(now)
        if now >= self._next_beat:
            self._next_beat = now + STATE_NS
            self._shared.beat(now, os.getpid())
        if self._urgent() and now < self._next_snapshot + SNAPSHOT_NS:
            return
        self._housekeeping(now)
        now = time.perf_counter_ns()
        self._wait.until(now + self._patience(now), self._inputs, exact=False)

    def _patience(self, now: int) -> int:
        patience = PLAN_NS if self._clock.running else IDLE_NS
        wake = self._band.next_wake(now)
        if wake is not None:
            patience = min(patience, max(0, wake - now))
        return patience

    def _urgent(self) -> bool:
        return bool(self._inputs or self._inbox)

    def _flush(self) -> None:
        if self._commands:
            self._output.wake()

    def _read_reports(self, now: int) -> None:
        if not self._reports:
            return
        taken: list[Report] = []
        while self._reports:
            report = self._reports.popleft()
            taken.append(report)
            if isinstance(report, SentNote) and report.on:
                self._levels.hit(report.role, report.velocity, report.sent_ns)
        self._band.take_reports(taken, now)

    def _housekeeping(self, now: int) -> None:
        """What can wait: never begun shortly before a note is due."""
        due = self._loop.next_send_ns
        if due is not None and 0 <= due - now < QUIET_NS and now < self._next_snapshot + SNAPSHOT_NS:
            return
        self._commands.extend(self._ports.poll(now))
        if now >= self._next_state:
            self._next_state = now + STATE_NS
            self._shared.write_state(
                restart_state(self._band, self.session, self.seed, self._ports.recovery())
            )
        style = self._band.conductor.style
        if style.name != self._style_name:
            self._style_name = style.name
            self._apply_programs(style)
        self._brief(now)
        if now >= self._next_snapshot:
            self._next_snapshot = now + SNAPSHOT_NS
            self._send_views(now)

    def _brief(self, now: int) -> None:
        band, sources = self._band, self._sources
        useless = sources.useless(band.conductor.plan_revision, band.clock.segment.tick_at(now))
        if useless:
            self._send_to("workers", encode("cancel", useless))
        for brief in band.briefs():
            sources.sent(brief)
            self._send_to("workers", encode("brief", brief))

    def _send_views(self, now: int) -> None:
        server = self._server
        watching = [p for p in server.peers if p.name in ("console", "headless")] if server else []
        if not watching:
            return
        self._seq += 1
        data = encode("snapshot", snapshot(self._band, self._surroundings(), self._levels, self._seq, now))
        for peer in watching:
            peer.send_latest("snapshot", data)
        for role, roll in self._band.conductor.rolls().items():
            if self._rolls.get(role.value) != roll.revision:
                self._rolls[role.value] = roll.revision
                data = encode("roll", roll)
                for peer in watching:
                    peer.send_latest(f"roll {role.value}", data)

    # -- messages ----------------------------------------------------------------------------------------

    def _on_input(self, stamp_ns: int, port: str, data: bytes) -> None:
        """rtmidi's callback: stamp and append; nothing else may happen here."""
        self._inputs.append((stamp_ns, port, data))
        self._wait.wake()

    def _on_message(self, peer: Peer, data: bytes) -> None:
        while len(self._inbox) >= INBOX_LIMIT and not self._stopping:
            time.sleep(0.002)
        self._inbox.append((peer, data))
        self._wait.wake()

    def _on_close(self, peer: Peer) -> None:
        self._inbox.append((peer, None))
        self._wait.wake()

    def _hear(self, stamp: int, port: str, data: bytes) -> None:
        try:
            self._band.midi(stamp, port, data)
        except Exception:  # a message that trips the band is left out; the next one may not
            self._mishap(f"a message from {port} was left out ({data[:3].hex(' ')})")

    def _take(self, peer: Peer, data: bytes | None) -> None:
        now = time.perf_counter_ns()
        if data is None:
            self._part_with(peer, now)
            return
        try:
            kind, body = decode(data)
            self._obey(peer, kind, body, now)
        except LinkError as error:
            self._tell(str(error), "warning")
        except Exception as error:  # whatever a client sends, the band plays on
            self._mishap(f"a message over the link was not understood ({type(error).__name__}: {error})")

    def _mishap(self, text: str) -> None:
        """Say what went wrong; the traceback goes to the log, of the first hundred."""
        self._mishaps += 1
        if self._mishaps <= MISHAPS_LOGGED:
            traceback.print_exc()
        self._tell(text, "warning")

    def _part_with(self, peer: Peer, now: int) -> None:
        """A client is gone: the keys it held are let go, and workers are said to be away."""
        for message in self._held.release(peer):
            self._hear(now, KEYBOARD, message)
        if peer.name == "workers" and not any(p.name == "workers" for p in self._peers()):
            self._sources.gone()
            self._band.conductor.set_sources(self._sources.wanted)

    def _obey(self, peer: Peer, kind: str, body: Plain, now: int) -> None:
        if kind == "action":
            self._act(str(body["name"]), body.get("argument"), bool(body.get("soon")), now)
        elif kind == "midi":
            for message in messages(bytes.fromhex(body)):
                self._held.struck(peer, message)
                self._band.midi(now, KEYBOARD, message)
        elif kind == "bar":
            verdict = self._band.offer(from_plain(Bar, body), now)
            peer.send(encode("verdict", {"accepted": verdict.accepted, "reason": verdict.reason}))
        elif kind == "health":
            self._sources.take([from_plain(GeneratorHealth, one) for one in body])
            self._band.conductor.set_sources(self._sources.wanted)
        elif kind == "tell":
            self._tell(str(body["text"])[:300], str(body["severity"]))
        elif kind == "hello":
            peer.name = str(body["name"])
            peer.send(encode("welcome", {"session": self.session, "version": __version__}))
            self._rolls.clear()
            for event in self._early_events:
                peer.send(encode("event", event))
        elif kind == "modules":
            peer.send(encode("modules", sorted(sys.modules)))
        elif kind == "report":
            peer.send(encode("report", self._report(now)))
        elif kind == "panic":
            self._act("panic", None, False, now)
            self._flush()
            peer.send(encode("panicked"))
        elif kind == "shutdown":
            self._request_stop()

    def _act(self, name: str, argument: str | float | None, soon: bool, now: int) -> None:
        try:
            if name == "input_toggle":
                self._ports.toggle_input(str(argument))
            elif name == "synth":
                self._commands.extend(self._ports.use_synth())
            else:
                self._band.act(name, argument, soon=soon, ns=now)
        except JamtuiError as error:
            self._tell(str(error), "warning")
        self._flush()

    def _report(self, now: int) -> dict[str, object]:
        band = self._band
        return {
            "version": __version__,
            "session": self.session,
            "seed": self.seed,
            "state": band.state,
            "bar": band.conductor.bar_at(band.clock.segment.tick_at(now)).number + 1,
            "style": band.conductor.settings.style,
            "bpm": round(band.clock.bpm, 2),
            "grid": band.conductor.settings.grid,
            "output": self._ports.output,
            "priority": self._output.priority,
            "journal": str(self._journal.path) if self._journal is not None else None,
            "engine_pid": os.getpid(),
            "sounding": len(self._loop.sounding()),
            "clients": sorted(p.name for p in self._peers()),
            "sources": {h.name: h.state for h in self._sources.health},
            **band.kpi.report(),
        }

    def _send_to(self, name: str, data: bytes) -> None:
        for peer in self._peers():
            if peer.name == name:
                peer.send(data)

    def _peers(self) -> tuple[Peer, ...]:
        return self._server.peers if self._server is not None else ()

    def _tell(self, text: str, severity: str = "info") -> None:
        event = Event(time.time(), text, severity)
        if self._server is None:
            self._early_events.append(event)
            return
        data = encode("event", event)
        for peer in self._server.peers:
            if peer.name in ("console", "headless"):
                peer.send(data)
        if self._journal is not None:
            self._journal.record(TextRecord(time.perf_counter_ns(), text))

    # -- life --------------------------------------------------------------------------------------------

    def _take_up(self, state: Mapping[str, object], now: int) -> None:
        try:
            take_up(state, self._band, now)
            self._tell("the engine was restarted; the band plays on", "warning")
        except Exception:  # a state that cannot be taken up must not cost the music more than its place
            self._mishap("the engine was restarted; where it was could not be taken up, so it begins anew")
            if state.get("running"):
                self._band.start(now)

    def _request_stop(self) -> None:
        self._stopping = True
        self._wait.wake()

    def _output_crashed(self, text: str) -> None:
        """In the dying output thread: without it there is no band, so the supervisor starts a new one."""
        print(text, file=sys.stderr, flush=True)
        os._exit(70)

    def _warm_up(self) -> None:
        """Run the paths of the first chord once, then take the heap out of the collector's sight."""
        default_namer().warm()
        self._band.conductor.warm_up()
        gc.collect()
        gc.freeze()
        gc.disable()

    def _surroundings(self) -> Surroundings:
        ports_in, ports_out, synth = self._ports.lists()
        journal = self._journal
        recording = "the journal is turned off"
        notices = self._ports.notices
        if journal is not None:
            recording = str(journal.path)
            if journal.problem:
                recording = journal.problem
                notices = (*notices, journal.problem)
        return Surroundings(
            session=self.session,
            seed=self.seed,
            inputs=self._ports.inputs,
            ports_in=ports_in,
            ports_out=ports_out,
            output=self._ports.output,
            synth=synth,
            recording=recording,
            notices=notices,
            priority=self._output.priority,
            routes=self._ports.routes,
            port_names=self._ports.port_names,
            health=self._sources.health,
            queue_depth=self._loop.queue_depth,
            demo=self._options.demo,
        )

    def _apply_programs(self, style: Style) -> None:
        self._commands.extend(
            self._ports.set_programs({role: rs.program for role, rs in style.roles.items()})
        )

    def _open_journal(self, config: Config, style: Style) -> JournalWriter | None:
        if not config.journal.on:
            return None
        folder = Path(config.journal.folder).expanduser() if config.journal.folder else paths.journal_dir()
        return JournalWriter(
            folder / f"{self.session}.jsonl",
            session=self.session,
            seed=self.seed,
            version=__version__,
            style=style.name,
            settings={"tempo": self._clock.bpm, "demo": self._options.demo},
        )

    def _make_band(self, config: Config, styles: dict[str, Style], style: Style) -> Band:
        playing, options = config.playing, self._options
        meter = METERS[options.meter or playing.meter or style.meter]
        book = load_book(Path((self._runtime / "book.path").read_text(encoding="utf-8")))
        self._sources = Sources(
            GeneratorHealth(Source.REFLEX, "reflex", "ready", f"{len(book.phrases)} phrases in its book")
        )
        chart: Chart | None = parse_chart(options.chart, meter) if options.chart is not None else None
        settings = BandSettings(
            style=style.name,
            meter=meter,
            temperature=playing.temperature,
            energy=playing.energy,
            grid=options.grid or playing.grid,
            feel=playing.feel,
            roles=frozenset(r for r in Role if config.role(r.value).on),
        )
        drums = self._ports.routes[Role.DRUMS]
        conductor = Conductor(
            self.session,
            self.seed,
            book,
            styles,
            settings,
            chart=chart,
            click_port=drums.port,
            click_channel=drums.channel,
        )
        demo = DemoPlayer(self.seed, self._clock.bpm, meter) if options.demo else None
        return Band(
            conductor=conductor,
            chords=ChordStream(latch=playing.latch, fade_bars=playing.fade_bars, split=playing.split),
            clock=self._clock,
            commands=self._commands,
            options=BandOptions(
                count_in=playing.count_in,
                thru_port=THRU if THRU in self._ports.sinks else "",
                clock_port=(CLOCK if CLOCK in self._ports.sinks else ONE) if config.clock.send else "",
                clock_source=config.clock.source,
                clock_input=config.clock.input,
                styles_in_turn=options.styles_in_turn,
                demo=options.demo,
            ),
            midi_map=MidiMap(
                [
                    MidiMapping(
                        a.action,
                        a.note is not None,
                        a.note if a.note is not None else a.cc or 0,
                        None if a.channel is None else a.channel - 1,
                        a.argument,
                    )
                    for a in config.actions
                ]
            ),
            demo=demo,
            chart=chart,
            recorder=self._journal,
            tell=self._tell,
            hurry=self._output.wake,
        )

    def _close(self) -> None:
        now = time.perf_counter_ns()
        if self._band.state != "stopped":
            self._band.stop(now)
        self._output.stop()
        self._read_reports(time.perf_counter_ns())
        if self._journal is not None:
            self._journal.close()
        if self._server is not None:
            self._server.close()
        self._ports.close()
        self._shared.close()


def _style(styles: dict[str, Style], name: str) -> Style:
    try:
        return styles[name]
    except KeyError:
        raise JamtuiError(f'there is no style "{name}"; choose one of {", ".join(styles)}') from None


def main(argv: list[str] | None = None) -> int:
    """``python -m jamtui.processes.engine RUNTIME [--restore]``; exit status 78: the musician must act."""
    arguments = sys.argv[1:] if argv is None else argv
    runtime = Path(arguments[0])
    threading.current_thread().name = "planning"
    # Ctrl-C in the terminal is for whoever started the band; the supervisor tells us to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        engine = Engine(
            runtime,
            load_config(paths.config_file()),
            SessionOptions.load(runtime),
            restore="--restore" in arguments,
        )
    except JamtuiError as error:
        (runtime / "failure.txt").write_text(str(error), encoding="utf-8")
        print(error, file=sys.stderr)
        return EXIT_REFUSED
    engine.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
