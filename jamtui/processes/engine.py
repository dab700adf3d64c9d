"""The engine process: MIDI inputs, planning thread, output thread, and the link to everyone else.

Threads: rtmidi's callbacks stamp and append; the main thread plans; the output thread alone hands what is to
be sent to the outlet process, shortly before it is due; link
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
from collections.abc import Callable, Mapping
from pathlib import Path

from jamtui import paths
from jamtui.config import Config, load_config
from jamtui.errors import JamtuiError
from jamtui.music.detect import default_namer
from jamtui.music.phrase import Role, Source
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import SentNote
from jamtui.playback.priority import raise_this_process
from jamtui.playback.quiet import Quiet
from jamtui.playback.waiting import PreciseWait
from jamtui.processes.children import when_orphaned
from jamtui.processes.configured import check_configured
from jamtui.processes.engine_band import choose_style, make_band, open_journal
from jamtui.processes.engine_desk import Desk
from jamtui.processes.engine_ports import EnginePorts
from jamtui.processes.engine_sending import AHEAD_NS, Sending
from jamtui.processes.engine_views import Audience, Views
from jamtui.processes.exits import EXIT_AGAIN, EXIT_REFUSED
from jamtui.processes.link import Peer, Server, link_key
from jamtui.processes.options import SessionOptions
from jamtui.processes.outlet_link import NoOutletError, OutletLink
from jamtui.processes.restart import restart_state, take_up
from jamtui.processes.shared import SharedState, ports_in
from jamtui.processes.sources import Sources
from jamtui.session.book_file import load_book
from jamtui.session.generator import GeneratorHealth
from jamtui.styles.loading import load_styles
from jamtui.styles.style import Style

SWITCH_S = 0.0001
"""Interpreter switch interval: how long planning may keep the output thread waiting."""
PLAN_NS = 10_000_000
"""Planning looks at the time at least this often while the band plays."""
IDLE_NS = 20_000_000
FIND_S = 15.0
"""How long a new engine waits for the outlet, which is started before it."""
LEAVE_S = AHEAD_NS / 1e9 + 0.003
"""What was handed over last, MIDI's Stop among it, leaves within this."""
RECEIPTS_S = 0.3
"""How long the last receipts are waited for."""
SNAPSHOT_NS = 50_000_000
POLL_NS = 1_500_000
REPORT_NS = 500_000
VIEWS_NS = 2_500_000
"""What a look at the ports, what is written for others, and a snapshot may take: none is begun when a note is
due sooner than that."""
TURN_NS = 1_500_000
"""A turn is not begun by itself when a note is due sooner than this."""
STATE_NS = 100_000_000
INPUTS_AT_ONCE = 64
"""Messages dealt with before the band is looked after again, should they come in a flood."""
INBOX_LIMIT = 2000
"""Messages from clients that may wait; beyond, their threads wait and so, in the end, do they."""


class Engine:
    """One engine. ``run`` plays until it is told to stop.

    Raises:
        JamtuiError: configuration, style, chart or book cannot be used.
    """

    def __init__(
        self, runtime: Path, config: Config, options: SessionOptions, *, restore: bool, plainly: bool = False
    ) -> None:
        self._runtime = runtime
        self._options = options
        self._plainly = plainly
        self._shared = SharedState(runtime / "state.map")
        state = self._shared.read_state() if restore else None
        styles = load_styles(paths.styles_dir(), paths.own_styles_dir())
        check_configured(config, styles, str(paths.config_file()))
        self._inputs: deque[tuple[int, str, bytes]] = deque()
        self._inbox: deque[tuple[Peer, bytes | None]] = deque()
        self._wait = PreciseWait()
        self._quiet = Quiet()
        self._stopping = False
        self._next_snapshot = self._next_state = self._next_beat = 0
        self._audience = Audience()

        seed = options.seed if options.seed is not None else config.playing.seed
        if state is not None:
            seed = int(str(state["seed"]))
        self.seed = seed if seed is not None else random.SystemRandom().randrange(1 << 31)
        self.session = time.strftime("%Y%m%d-%H%M%S") if state is None else str(state["session"])
        # Before the ports: JACK lets a successor wait for them while it takes dead clients away.
        book = load_book(Path((runtime / "book.path").read_text(encoding="utf-8")))
        default_namer().warm()
        self._outlet = OutletLink(runtime)
        self._outlet.find(FIND_S)
        self._ports = EnginePorts(
            config,
            paths.config_file(),
            self._outlet,
            null_output=options.output == "null",
            on_input=self._on_input,
            tell=self._audience.tell,
            taken_up=ports_in(state),
            quiet=self._quiet,
        )
        style = choose_style(styles, options.style or config.playing.style)
        self._style_for: tuple[str, int | None] = (style.name, None)
        self._ports.set_programs(_programs(style))
        tempo = options.tempo or config.playing.tempo or style.tempo
        self._clock = MusicalClock(tempo, time.perf_counter_ns())
        self._sending = Sending(self._clock, self._ports.routes, self._ports.sinks, self._outlet, self._quiet)
        self._audience.journal = self._journal = open_journal(
            config,
            options,
            style,
            session=self.session,
            seed=self.seed,
            bpm=self._clock.bpm,
            quiet=self._quiet,
        )
        sources = Sources(
            GeneratorHealth(Source.REFLEX, "reflex", "ready", f"{len(book.phrases)} phrases in its book")
        )
        self._band = make_band(
            config,
            options,
            styles,
            style,
            book,
            session=self.session,
            seed=self.seed,
            clock=self._clock,
            commands=self._sending.commands,
            ports=self._ports,
            recorder=self._journal,
            tell=self._audience.tell,
            hurry=self._sending.thread.hurry,
            unheard=self._inputs,
            elsewhere=lambda name, argument, ns: self._desk.elsewhere(name, argument, ns),
        )
        self._views = Views(
            session=self.session,
            seed=self.seed,
            demo=options.demo,
            band=self._band,
            ports=self._ports,
            loop=self._sending.loop,
            sources=sources,
            audience=self._audience,
        )
        self._desk = Desk(
            session=self.session,
            band=self._band,
            ports=self._ports,
            sources=sources,
            audience=self._audience,
            views=self._views,
            commands=self._sending.commands,
            flush=self._sending.flush,
            stop=self._request_stop,
        )
        self._state = state

    def run(self) -> None:
        """Serve until ``shutdown`` or the supervisor's end."""
        self._audience.server = Server(
            self._runtime, "engine", link_key(self._runtime), self._on_message, self._on_close
        )
        when_orphaned(self._request_stop)
        signal.signal(signal.SIGTERM, lambda *_: self._request_stop())
        sys.setswitchinterval(SWITCH_S)
        self._sending.thread.start()
        self._warm_up()
        now = time.perf_counter_ns()
        if self._state is not None:
            self._take_up(self._state, now)
        elif self._options.autostart:
            self._band.start(now)
        self._sending.flush()
        try:
            while not self._stopping:
                self._turn()
        finally:
            self._close()

    # -- one turn of the planning thread -----------------------------------------------------------------

    def _turn(self) -> None:
        now = time.perf_counter_ns()
        for _ in range(min(len(self._inputs), INPUTS_AT_ONCE)):
            self._desk.hear(*self._inputs.popleft())
            if not self._inputs:
                self._sending.flush()
        for _ in range(min(len(self._inbox), INPUTS_AT_ONCE)):
            self._desk.take(*self._inbox.popleft(), time.perf_counter_ns())
        self._follow_routes()
        self._band.advance(now)
        self._follow_style()
        self._sending.flush()
        self._read_reports(now)
        if now >= self._next_beat:
            self._next_beat = now + STATE_NS
            self._shared.beat(now, os.getpid())
        if self._urgent() and now < self._next_snapshot + SNAPSHOT_NS:
            return
        self._housekeeping(now)
        now = time.perf_counter_ns()
        wake = self._quiet.outside(now + self._patience(now), TURN_NS)
        self._wait.until(wake, self._inputs, exact=False)

    def _patience(self, now: int) -> int:
        patience = PLAN_NS if self._clock.running else IDLE_NS
        wake = self._band.next_wake(now)
        if wake is not None:
            patience = min(patience, max(0, wake - now))
        return patience

    def _urgent(self) -> bool:
        return bool(self._inputs or self._inbox)

    def _follow_routes(self) -> None:
        """The click and the count-in sound where the drums do."""
        drums = self._ports.routes[Role.DRUMS]
        self._band.conductor.click_through(drums.port, drums.channel)

    def _follow_style(self) -> None:
        """Have the programs of the style that comes sent before the bar line at which it begins."""
        style, at = self._band.conductor.coming_style
        was, self._style_for = self._style_for, (style.name, at)
        if self._style_for != was and (at is not None or style.name != was[0]):
            self._sending.commands.extend(self._ports.set_programs(_programs(style), at))

    def _read_reports(self, now: int) -> None:
        taken = self._sending.reports()
        if not taken:
            return
        for report in taken:
            if isinstance(report, SentNote):
                self._views.take(report)
        self._band.take_reports(taken, now)

    def _housekeeping(self, now: int) -> None:
        """What can wait: never begun shortly before a note is due."""
        if self._free_for(POLL_NS):
            self._sending.commands.extend(self._ports.poll(now, self._sending.loop.gone_ports()))
            self._desk.let_go(self._ports.drain_gone(), now)
        if not self._free_for(REPORT_NS):
            return
        if now >= self._next_state:
            self._next_state = now + STATE_NS
            self._shared.write_state(
                restart_state(
                    self._band, self.session, self._band.conductor.seed, self._ports.recovery(), now
                )
            )
        self._desk.brief(now)
        if now >= self._next_snapshot and self._free_for(VIEWS_NS):
            self._next_snapshot = now + SNAPSHOT_NS
            self._views.send(now)

    def _free_for(self, need_ns: int) -> bool:
        """Whether there is so much time before the next note; or what waits has waited long enough."""
        now, due = time.perf_counter_ns(), self._quiet.due_ns
        near = due is not None and 0 <= due - now < need_ns
        return not near or now >= self._next_snapshot + SNAPSHOT_NS

    # -- what comes in -----------------------------------------------------------------------------------

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

    # -- life --------------------------------------------------------------------------------------------

    def _take_up(self, state: Mapping[str, object], now: int) -> None:
        try:
            take_up(state, self._band, now, plainly=self._plainly)
            without = " without the chord it had" if self._plainly else ""
            self._audience.tell(f"the engine was restarted; the band plays on{without}", "warning")
        except Exception:  # a state that cannot be taken up must not cost the music more than its place
            self._desk.mishap(
                "the engine was restarted; where it was could not be taken up, so it begins anew"
            )
            if state.get("running"):
                self._band.start(now)

    def _request_stop(self) -> None:
        self._stopping = True
        self._wait.wake()

    def _warm_up(self) -> None:
        """Run the paths of the first chord once, then take the heap out of the collector's sight."""
        self._band.conductor.warm_up()
        gc.collect()
        gc.freeze()
        gc.disable()

    def _close(self) -> None:
        journal, server = self._journal, self._audience.server
        each(
            self._stop_band,
            self._sending.thread.stop,
            self._read_the_last,
            lambda: journal.close() if journal is not None else None,
            lambda: server.close() if server is not None else None,
            lambda: time.sleep(LEAVE_S),
            self._outlet.close,
            self._ports.close,
            self._shared.close,
        )

    def _read_the_last(self) -> None:
        end = time.monotonic() + RECEIPTS_S
        self._read_reports(time.perf_counter_ns())
        while self._sending.unconfirmed and time.monotonic() < end:
            time.sleep(0.002)
            self._read_reports(time.perf_counter_ns())

    def _stop_band(self) -> None:
        if self._band.state != "stopped":
            self._band.stop(time.perf_counter_ns())


def _programs(style: Style) -> dict[Role, int | None]:
    """What each role plays in ``style``."""
    return {role: sound.program for role, sound in style.roles.items()}


def each(*steps: Callable[[], object]) -> None:
    """Do all of ``steps``; one that fails is printed and keeps none of the others from being done."""
    for step in steps:
        try:
            step()
        except Exception:  # whatever it is, the output thread must still end its notes
            traceback.print_exc()


def main(argv: list[str] | None = None) -> int:
    """``python -m jamtui.processes.engine RUNTIME [--restore | --restore-plain]``; exit status 78: the
    musician must act; 75: the outlet is missing."""
    arguments = sys.argv[1:] if argv is None else argv
    runtime = Path(arguments[0])
    threading.current_thread().name = "planning"
    raise_this_process()
    # Ctrl-C in the terminal is for whoever started the band; the supervisor tells us to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        engine = Engine(
            runtime,
            load_config(paths.config_file()),
            SessionOptions.load(runtime),
            restore="--restore" in arguments or "--restore-plain" in arguments,
            plainly="--restore-plain" in arguments,
        )
    except NoOutletError as error:
        print(error, file=sys.stderr)
        return EXIT_AGAIN
    except JamtuiError as error:
        (runtime / "failure.txt").write_text(str(error), encoding="utf-8")
        print(error, file=sys.stderr)
        return EXIT_REFUSED
    engine.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
