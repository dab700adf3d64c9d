"""The outlet process: it owns the output ports and sends what the engine hands over, at its time.

It does nothing else, so that nothing delays it, and it outlives the engine: when that ends, however it
ends, all that sounds is ended from here, through ports that are still open. The ports are kept for the
successor, and with them their connections.
"""

import gc
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

from jamtui.errors import JamtuiError, LinkError, PortError
from jamtui.midi.ports import MidiSystem
from jamtui.midi.rescue import RESCUE_PORT
from jamtui.playback.ledger import Ledger
from jamtui.playback.outlet import Outlet
from jamtui.playback.priority import raise_this_process
from jamtui.processes.children import when_orphaned
from jamtui.processes.codec import Plain, decode, encode, from_plain
from jamtui.processes.exits import EXIT_REFUSED, crashed
from jamtui.processes.insist import insist
from jamtui.processes.link import AnyConnection, Peer, Server, link_key
from jamtui.processes.outlet_ports import OutletPorts
from jamtui.processes.outlet_thread import OutletThread
from jamtui.processes.placing import Wanted
from jamtui.processes.shared import SharedState
from jamtui.processes.sinks import SINKS
from jamtui.processes.stream import open_stream

SERVER, NOTES = "outlet", "notes"
"""The names under which it listens: for questions, and for what is to be sent."""
SWITCH_S = 0.0001
"""Interpreter switch interval: how long opening a port may keep the sending thread waiting."""
LINGER_NS = 250_000_000
"""How long the supervisor may still send the note-off of a note that ended: longer than what was sent may
wait for the MIDI system of a busy machine."""
ALONE_S = 1.0
"""With no engine that asks, the ports are looked after this often."""
STUCK_NS = 30_000_000_000
"""Ports that take longer than this to answer never will: another outlet is wanted then."""
ORPHANED_S = 0.2


class OutletProcess:
    """One outlet. ``run`` serves until it is told to stop.

    Args:
        runtime: the band's folder.
        api: the MIDI system, as the configuration names it.
        awaited: the band plays through it already (`MidiSystem`).

    Raises:
        JamtuiError: its link cannot be opened.
    """

    def __init__(self, runtime: Path, api: str, *, awaited: bool = False) -> None:
        self._shared = SharedState(runtime / "state.map")
        self._outlet = Outlet(SINKS, Ledger(SINKS, self._shared.bitmap, linger_ns=LINGER_NS))
        self._system = MidiSystem(api, awaited=awaited)
        self._thread = OutletThread(
            self._outlet, beat=self._beat, on_crash=crashed, insistent=lambda: self._system.api == "jack"
        )
        self._ports = OutletPorts(self._system, self._thread.serve)
        self._inbox: queue.SimpleQueue[tuple[Peer, bytes] | None] = queue.SimpleQueue()
        self._arranged = False
        self._turned_ns = time.perf_counter_ns()
        self._stopping = False
        self._orphaned = False
        self._parent = os.getppid()
        self._thread.start()
        key = link_key(runtime)
        self._notes = Server(runtime, NOTES, key, take=self._on_engine)
        self._server = Server(runtime, SERVER, key, lambda peer, data: self._inbox.put((peer, data)))

    def run(self) -> None:
        """Serve until the supervisor says so, or is gone."""
        when_orphaned(self._when_orphaned)
        signal.signal(signal.SIGTERM, lambda *_: self._request_stop())
        sys.setswitchinterval(SWITCH_S)
        gc.collect()
        gc.freeze()
        gc.disable()
        try:
            while not self._stopping:
                self._turned_ns = time.perf_counter_ns()
                try:
                    message = self._inbox.get(timeout=ALONE_S)
                except queue.Empty:
                    self._attempt(self._look)
                    continue
                if message is not None:
                    self._answer(*message)
        finally:
            self._close()

    def _answer(self, peer: Peer, data: bytes) -> None:
        try:
            kind, body = decode(data)
            if kind == "modules":
                peer.send(encode("modules", sorted(sys.modules)))
                return
            number = int(body["id"])
            work = self._work(kind, body)
        except (LinkError, KeyError, TypeError, ValueError):
            peer.close()
            return
        refused = self._attempt(work)
        view = self._ports.view(self._thread.priority, refused)
        peer.send(encode("outputs", {"id": number, "view": view}))

    def _work(self, kind: str, body: Plain) -> Callable[[], object]:
        """What is asked for. Raises what a message that cannot be read raises."""
        if kind == "arrange":
            wanted = _wanted(body["sinks"])
            return lambda: self._arrange(wanted)
        if kind == "assign":
            sink, want = str(body["sink"]), from_plain(Wanted, body["wanted"])
            return lambda: self._ports.assign(sink, want)
        if kind == "look":
            return self._look
        if kind == "api":
            return lambda: None
        raise LinkError(f"the outputs do not know {kind}; run `jamtui stop`, then start again")

    def _attempt(self, work: Callable[[], object]) -> str:
        """Do ``work``; why it was not done, empty where it was."""
        try:
            work()
        except PortError as error:
            return str(error)
        except Exception as error:
            # What a driver raises while devices come and go must not cost the other ports.
            traceback.print_exc()
            return f"the ports could not be reached ({error}); try it again"
        return ""

    def _arrange(self, wanted: dict[str, Wanted]) -> None:
        self._ports.arrange(wanted)
        self._arranged = True

    def _look(self) -> None:
        self._ports.look(time.perf_counter_ns(), self._outlet.gone())

    def _on_engine(self, connection: AnyConnection) -> None:
        self._thread.listen(open_stream(connection))

    def _beat(self, now: int) -> None:
        # Before the ports are there a successor is none: whoever died may still have to be spoken for.
        if self._arranged and now - self._turned_ns < STUCK_NS:
            self._shared.beat_outlet(now, os.getpid())

    def _when_orphaned(self) -> None:
        # The supervisor closes our standard input in good order, too; killed, it does so a moment
        # before it is dead.
        end = time.monotonic() + ORPHANED_S
        while not (self._stopping or self._orphaned) and time.monotonic() < end:
            self._orphaned = os.getppid() != self._parent
            time.sleep(0.005)
        self._request_stop()

    def _request_stop(self) -> None:
        self._stopping = True
        self._inbox.put(None)

    def _close(self) -> None:
        self._thread.stop()
        self._insist()
        self._notes.close()
        self._server.close()
        self._ports.close()
        self._outlet.settle_all()
        self._shared.close()

    def _insist(self) -> None:
        """On JACK, listeners hear nothing of a message whose port closes in the same period. With a killed
        supervisor went its standby port, to which all of them listened: until JACK notices, they are deaf."""
        jack = self._system.jack
        # All that ever sounded: on a busy machine JACK loses single messages, and this is their last chance.
        ended = sorted(self._outlet.struck | set(self._outlet.ended))
        if jack is not None and ended:
            orphaned = self._orphaned
            insist(
                lambda: self._outlet.end_again(ended),
                jack,
                lambda port: orphaned and port.startswith(RESCUE_PORT),
            )


def _wanted(body: Mapping[str, Plain]) -> dict[str, Wanted]:
    return {sink: from_plain(Wanted, want) for sink, want in body.items() if sink in SINKS}


def main(argv: list[str] | None = None) -> int:
    """``python -m jamtui.processes.outlet RUNTIME API [--awaited]``; see `OutletProcess`."""
    arguments = sys.argv[1:] if argv is None else argv
    runtime, api = Path(arguments[0]), arguments[1]
    threading.current_thread().name = "ports"
    raise_this_process()
    # Ctrl-C in the terminal is for whoever started the band; the supervisor tells us to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        outlet = OutletProcess(runtime, api, awaited="--awaited" in arguments)
    except JamtuiError as error:
        (runtime / "failure.txt").write_text(str(error), encoding="utf-8")
        print(error, file=sys.stderr)
        return EXIT_REFUSED
    outlet.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
