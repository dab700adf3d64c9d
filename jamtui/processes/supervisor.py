"""The supervisor: starts outlet, engine and workers, watches them, and cleans up after whichever dies.

It runs in a session of its own (no terminal signal reaches it) and imports little, so that it is the last
thing to fail. After a dead engine, whose notes the outlet ends, it starts a successor that takes up tempo,
phase, style, mutes and chord. After a dead outlet it sends a note-off for every note that the shared bitmap
says is sounding, then starts another, for which the engine opens the ports anew.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jamtui import paths
from jamtui.config import load_config
from jamtui.errors import JamtuiError, LinkError
from jamtui.processes.children import start_child, when_orphaned
from jamtui.processes.codec import decode, encode
from jamtui.processes.exits import EXIT_AGAIN, EXIT_REFUSED
from jamtui.processes.leftovers import SOCKETS, end_orphans
from jamtui.processes.link import Peer, Server, connect, link_key
from jamtui.processes.lock import InstanceLock, LockedError
from jamtui.processes.options import SessionOptions
from jamtui.processes.rescue import Rescue, end_left_notes
from jamtui.processes.shared import SharedState
from jamtui.processes.sinks import SINKS

CRASHES_ALLOWED = 5
CRASH_WINDOW_S = 20.0
AGAIN_S = 0.5
"""Until a process that found another one missing is started again."""
SILENT_S = 0.4
"""An outlet whose heart, ten beats a second, stood still for so long does not send."""
HEARTBEAT_LIMIT_S = 5.0
"""An engine that says nothing for so long is hung and is replaced."""
FIRST_BEAT_LIMIT_S = 45.0
"""The same for one that has not said anything yet."""
SOON_S = 5.0
"""An engine that dies again so soon is followed by one that takes up less."""
LOOK_S = 0.2
STOP_PATIENCE_S = 3.0


@dataclass
class Child:
    """A process of the band and how often it died lately."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=CRASHES_ALLOWED))
    restart_at: float | None = None
    restore: str = ""
    """The argument that it was started with."""


def how_to_restore(deaths: Sequence[float]) -> str:
    """The argument of an engine after ``deaths`` (seconds, oldest first): had it just been restored, what was
    restored may be what it died of."""
    plainly = len(deaths) > 1 and deaths[-1] - deaths[-2] < SOON_S
    return "--restore-plain" if plainly else "--restore"


class Pulse:
    """Notices an engine or outlet that hangs: its heartbeat does not change while this process looks.

    Only time between two looks counts, and of that no more than half a second, so that a machine that
    slept, or a supervisor that was stopped, does not take a healthy engine for a hung one.
    """

    def __init__(self) -> None:
        self._seen: tuple[int, int] = (0, 0)
        self._silent_s = 0.0
        self._looked: float | None = None

    def begin(self) -> None:
        """Another engine starts."""
        self._silent_s, self._looked = 0.0, None

    def hung(self, beat_ns: int, pid: int, engine_pid: int, now: float) -> bool:
        """Look at time ``now`` (seconds): the newest heartbeat, whose it is, and whom it should be from."""
        if (beat_ns, pid) != self._seen:
            self._seen = beat_ns, pid
            self._silent_s = 0.0
        elif self._looked is not None:
            self._silent_s += min(0.5, now - self._looked)
        self._looked = now
        return self._silent_s > (HEARTBEAT_LIMIT_S if pid == engine_pid else FIRST_BEAT_LIMIT_S)


class Supervisor:
    """Owns the other processes. ``run`` returns the exit status when the band is over."""

    def __init__(self, runtime: Path, log_folder: Path, options: SessionOptions | None = None) -> None:
        self._runtime = runtime
        self._logs = log_folder
        self._lock = InstanceLock(runtime)
        (runtime / "failure.txt").unlink(missing_ok=True)
        for pid, module in end_orphans(runtime):
            print(f"ended {module} ({pid}), whose supervisor is gone", flush=True)
        if options is not None:
            options.save(runtime)
        key = link_key(runtime, create=True)
        api = load_config(paths.config_file()).midi.api
        end_left_notes(runtime, api)
        self._shared = SharedState(runtime / "state.map", create=True)
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._server = Server(runtime, "supervisor", key, self._on_message)
        self._outlet = Child("outlet", "jamtui.processes.outlet", (api,))
        self._engine = Child("engine", "jamtui.processes.engine")
        self._workers = Child("workers", "jamtui.processes.workers")
        self._pulse = Pulse()
        self._outlet_pulse = Pulse()
        self._rescue = Rescue(self._shared, SINKS, api)
        self._over = False
        self._status = 0

    def run(self) -> int:
        """Keep the band alive until it is stopped."""
        try:
            self._prepare_book()
            self._start(self._outlet)
            self._start(self._engine)
            self._start(self._workers)
            while not self._over:
                with contextlib.suppress(queue.Empty):
                    self._inbox.get(timeout=0.05 if self._rescue.mending else LOOK_S)()
                self._look_around()
        finally:
            self._wind_up()
        return self._status

    def request_stop(self) -> None:
        """Stop the band in good order; safe from any thread or signal handler."""
        self._inbox.put(self._stop)

    def _prepare_book(self) -> None:
        # Imported here: only a stale book needs the analysis code.
        from jamtui.session.book_file import ensure_book

        book = ensure_book(
            paths.phrase_library_dir(), paths.styles_dir(), paths.cache_dir(), paths.own_styles_dir()
        )
        (self._runtime / "book.path").write_text(str(book), encoding="utf-8")

    def _start(self, child: Child, restore: str = "") -> None:
        arguments = [str(self._runtime), *child.arguments, *([restore] if restore else [])]
        process = start_child(child.module, arguments, self._logs)
        child.process = process
        child.started = time.monotonic()
        child.restart_at = None
        child.restore = restore
        if child is self._engine:
            self._pulse.begin()
        elif child is self._outlet:
            self._outlet_pulse.begin()

        def wait() -> None:
            code = process.wait()
            self._inbox.put(lambda: self._on_exit(child, process, code))

        threading.Thread(target=wait, name=f"wait-{child.name}", daemon=True).start()

    def _on_exit(self, child: Child, process: "subprocess.Popen[bytes]", code: int) -> None:
        if process is not child.process or self._over:
            return
        child.process = None
        _close_stdin(process)
        if child is self._outlet:
            self._rescue.end_notes()
        elif child is self._engine:
            self._rescue.engine_died()
            if code == 0:
                self._over = True
                return
        if code == EXIT_REFUSED and child is not self._workers:
            self._give_up(None)
            return
        now = time.monotonic()
        if code == EXIT_AGAIN:
            # Not a crash: what it needs is being started, too.
            child.restart_at = now + AGAIN_S
            return
        child.deaths.append(now)
        often = len(child.deaths) == CRASHES_ALLOWED and now - child.deaths[0] < CRASH_WINDOW_S
        if often and child is not self._workers:
            self._give_up(
                f"the {child.name} died {CRASHES_ALLOWED} times in {CRASH_WINDOW_S:.0f} s; "
                f"its last words are in {self._logs / f'{child.name}.log'}"
            )
            return
        print(f"{child.name} ended with status {code}; restarting it", flush=True)
        if often:
            child.restart_at = now + 5.0
        else:
            if child is self._outlet and self._rescue.api == "jack":
                # Be it away now: the band plays through it, and no other system does instead.
                child.arguments = ("jack", "--awaited")
            self._start(child, how_to_restore(child.deaths) if child is self._engine else "")
            if child is not self._workers:
                self._rescue.reconnect_soon()

    def _look_around(self) -> None:
        now = time.monotonic()
        for child in (self._engine, self._workers):
            if child.restart_at is not None and now >= child.restart_at:
                self._start(child, child.restore)
                if child is self._engine:
                    self._rescue.reconnect_soon()
        engine = self._engine.process
        shared = self._shared
        if engine is not None and self._pulse.hung(shared.heartbeat_ns, shared.engine_pid, engine.pid, now):
            print("the engine is hung; replacing it", flush=True)
            self._pulse.begin()
            engine.kill()
        outlet = self._outlet.process
        if outlet is not None and self._outlet_pulse.hung(
            shared.outlet_heartbeat_ns, shared.outlet_pid, outlet.pid, now
        ):
            print("the outlet is hung; replacing it", flush=True)
            self._outlet_pulse.begin()
            outlet.kill()
        if engine is not None and engine.poll() is None:
            self._rescue.look_around()

    def _give_up(self, problem: str | None) -> None:
        if problem is not None:
            (self._runtime / "failure.txt").write_text(problem, encoding="utf-8")
            print(problem, flush=True)
        self._status = 1
        self._over = True

    def _stop(self) -> None:
        engine = self._engine.process
        if engine is not None:
            with contextlib.suppress(LinkError, OSError):
                connection = connect(self._runtime, "engine", 1.0)
                connection.send_bytes(encode("shutdown"))
                with contextlib.suppress(EOFError, OSError):
                    while connection.poll(STOP_PATIENCE_S):
                        connection.recv_bytes()
                connection.close()
        self._over = True

    def _on_message(self, peer: Peer, data: bytes) -> None:
        try:
            kind, _body = decode(data)
        except LinkError:
            peer.close()
            return
        if kind == "stop":
            peer.send(encode("stopping"))
            self.request_stop()
        elif kind == "replace-engine":
            self._inbox.put(self._replace_engine)
            peer.send(encode("replacing"))
        elif kind == "check-outlet":
            peer.send(encode("outlet", {"hung": self._replace_hung_outlet()}))
        elif kind == "modules":
            peer.send(encode("modules", sorted(sys.modules)))
        elif kind == "status":
            peer.send(encode("status", self._describe()))

    def _replace_engine(self) -> None:
        if self._engine.process is not None:
            self._engine.process.kill()

    def _replace_hung_outlet(self) -> bool:
        """Whether the outlet was found silent and is replaced. In a link's thread, which may wait."""
        shared, outlet = self._shared, self._outlet.process
        beat = shared.outlet_heartbeat_ns
        if outlet is None or outlet.pid != shared.outlet_pid:
            return False  # on its way; whoever was there before is being spoken for
        time.sleep(SILENT_S)
        if shared.outlet_heartbeat_ns != beat:
            return False
        self._inbox.put(outlet.kill)
        return True

    def _describe(self) -> dict[str, object]:
        return {
            "pid": os.getpid(),
            "connections": self._rescue.connections,
            **{
                c.name: {
                    "pid": c.process.pid if c.process else None,
                    "deaths": len(c.deaths),
                    "up_s": round(time.monotonic() - c.started, 1),
                }
                for c in (self._outlet, self._engine, self._workers)
            },
        }

    def _wind_up(self) -> None:
        # The outlet last: what the engine hands over in the end has to leave.
        for child in (self._workers, self._engine, self._outlet):
            process = child.process
            if process is None:
                continue
            _close_stdin(process)
            try:
                process.wait(STOP_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._rescue.end_notes()
        self._rescue.close()
        self._server.close()
        self._shared.close()
        for name in ("state.map", "session.json", *SOCKETS, "key", "book.path"):
            with contextlib.suppress(OSError):
                (self._runtime / name).unlink(missing_ok=True)
        self._lock.release()


def _close_stdin(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()


def main(argv: list[str] | None = None) -> int:
    """``python -m jamtui.processes.supervisor [--with-parent] [--options JSON]``."""
    arguments = sys.argv[1:] if argv is None else argv
    runtime = paths.runtime_dir()
    options: SessionOptions | None = None
    if "--options" in arguments:
        options = SessionOptions.read(arguments[arguments.index("--options") + 1])
    try:
        supervisor = Supervisor(runtime, paths.log_dir(), options)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: supervisor.request_stop())
        if "--with-parent" in arguments:
            when_orphaned(supervisor.request_stop)
        return supervisor.run()
    except LockedError as error:
        # Said by whoever started this; the folder belongs to the band that runs.
        print(error, file=sys.stderr)
        return error.exit_code
    except JamtuiError as error:
        with contextlib.suppress(OSError):
            (runtime / "failure.txt").write_text(str(error), encoding="utf-8")
        print(error, file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
