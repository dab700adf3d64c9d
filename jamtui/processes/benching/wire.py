"""The bench's side of the wire: a JACK server of its own, receivers that stamp, and the helper processes."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from jamtui.errors import JamtuiError, PortError
from jamtui.midi.jack import JackControl
from jamtui.midi.port import quiet
from jamtui.midi.stamping import ArrivalStamps
from jamtui.processes.benching.matching import Arrival
from jamtui.processes.benching.playing import Stroke

PACKAGE = "jamtui.processes.benching"
KEYS, PING = 0, 1
"""The player's ports: its keyboard, and what it sends to the echo."""
PORTS = ("lead", "bass", "comp", "drums", "thru")
_ECHO = "echo"
_LOOK_S = 0.001
_TRIES = 10
_MODE = ("--sync", "--timeout", "10")
"""Synchronous: the server waits for its clients in each period, so that a busy machine loses no message.
The clients of a killed process are then forgotten one after the other, each after ten times the timeout."""


@contextlib.contextmanager
def jack_server(*, plain: bool = False) -> Iterator[str]:
    """A dummy JACK server of our own where jackd is installed, else the one that answers; its name.

    ``plain``: asynchronous and with the client timeout that jackd has by default.

    Raises:
        JamtuiError: there is neither.
    """
    name = f"jamtui-bench-{os.getpid()}"
    keep = {k: os.environ.get(k) for k in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER")}
    os.environ["JACK_NO_START_SERVER"] = "1"
    server: subprocess.Popen[bytes] | None = None
    try:
        if sys.platform == "linux" and shutil.which("jackd") is not None:
            os.environ["JACK_DEFAULT_SERVER"] = name
            server, control = _start_server(name, () if plain else _MODE)
        else:
            name = os.environ.get("JACK_DEFAULT_SERVER", "default")
            control = _control(None)
        if server is None and any(p.startswith("jamtui ") for p in control.senders()):
            control.close()
            raise JamtuiError("a band plays on this JACK server; stop it with `jamtui stop` and measure then")
        control.close()
        yield name
    finally:
        if server is not None:
            server.terminate()
            try:
                server.wait(5)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            for left in (
                *Path("/dev/shm").glob(f"jack_{name}_*"),
                *Path("/dev/shm").glob(f"jack_sem.*_{name}_*"),
            ):
                left.unlink(missing_ok=True)
        for key, value in keep.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _start_server(name: str, mode: Sequence[str]) -> "tuple[subprocess.Popen[bytes], JackControl]":
    """A server with the dummy driver, and its graph. Where eight run already, one of them may end soon."""
    said = ""
    for _ in range(_TRIES):
        with tempfile.TemporaryFile() as log:
            server = subprocess.Popen(
                ["jackd", *mode, "--no-realtime", "-n", name, "-d", "dummy", "-r", "48000", "-p", "64"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
            try:
                return server, _control(server)
            except JamtuiError:
                server.terminate()
                server.wait(5)
                log.seek(0)
                lines = log.read().decode(errors="replace").splitlines()
                said = next((line for line in lines if "erver" in line), "no reason given")
        time.sleep(2.0)
    raise JamtuiError(f"jackd does not start ({said}); end other JACK servers and run it again")


def _control(server: "subprocess.Popen[bytes] | None") -> JackControl:
    end = time.monotonic() + (10.0 if server is not None else 0.0)
    while True:
        try:
            with quiet():
                return JackControl("bench graph")
        except PortError as error:
            if time.monotonic() >= end or (server is not None and server.poll() is not None):
                raise JamtuiError(
                    "the live bench measures over JACK and no server answers here; install jackd "
                    "(Debian: apt install jackd2) or start JACK"
                ) from error
            time.sleep(0.05)


class _Receiver:
    """One rtmidi input. Its queue is read, not its callback (see ``jamtui.midi.pump``); times are JACK's."""

    def __init__(self, port: str) -> None:
        import rtmidi

        self.port = port
        self.client: Any = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name=f"bench {port}", queue_size_limit=1 << 17)
        self.client.ignore_types(sysex=False, timing=False, active_sense=False)
        self.client.open_virtual_port("in")
        self.arrivals: list[Arrival] = []
        self._stamps = ArrivalStamps()

    def fetch(self) -> None:
        """Take what waits in the queue."""
        while True:
            looked = time.perf_counter_ns()
            event = self.client.get_message()
            if event is None:
                self._stamps.nothing(looked)
                return
            message, distance_s = event
            stamp = self._stamps.arrived(distance_s, time.perf_counter_ns())
            self.arrivals.append(Arrival(stamp, self.port, bytes(message)))


class Listener:
    """The receivers of the bench, one JACK client each, and the thread that empties their queues."""

    def __init__(self) -> None:
        self.graph = JackControl("bench graph")
        self._receivers: dict[str, _Receiver] = {}
        self._gone: list[Arrival] = []
        self._stop = False
        self._lock = threading.Lock()
        for port in (*PORTS, _ECHO):
            self.open(port)
        self._thread = threading.Thread(target=self._run, name="bench receivers", daemon=True)
        self._thread.start()

    def open(self, port: str) -> None:
        """Open the receiver ``bench PORT``."""
        receiver = _Receiver(port)
        with self._lock:
            self._receivers[port] = receiver

    def close_port(self, port: str) -> None:
        """Take a receiver away, as a DAW that is closed."""
        with self._lock:
            receiver = self._receivers.pop(port)
            receiver.fetch()
            self._gone += receiver.arrivals
            receiver.client.close_port()
            receiver.client.delete()

    def connect(self, timeout_s: float = 10.0) -> None:
        """Listen to the band's ports as soon as they are there.

        Raises:
            JamtuiError: they do not come.
        """
        for port in PORTS:
            self.link(f"jamtui {port}:out", f"bench {port}:in", timeout_s)

    def link(self, sender: str, receiver: str, timeout_s: float = 10.0) -> None:
        """Connect two ports by name.

        Raises:
            JamtuiError: one of them does not appear.
        """
        end = time.monotonic() + timeout_s
        while not self.graph.connect(sender, receiver):
            if time.monotonic() > end:
                raise JamtuiError(f"the bench cannot connect {sender} with {receiver}; run it again")
            time.sleep(0.02)

    def since(self, ns: int) -> list[Arrival]:
        """What arrived from the band at or after ``ns``."""
        with self._lock:
            found = [a for r in self._receivers.values() if r.port != _ECHO for a in r.arrivals]
            found += self._gone
        return sorted((a for a in found if a.ns >= ns), key=lambda a: a.ns)

    def count(self) -> int:
        """How many messages the roles have sent so far."""
        with self._lock:
            return sum(len(r.arrivals) for r in self._receivers.values() if r.port not in (_ECHO, "thru"))

    def echoes(self) -> list[Arrival]:
        """What the echo sent back."""
        with self._lock:
            return list(self._receivers[_ECHO].arrivals)

    def clear(self) -> None:
        """Forget what arrived."""
        with self._lock:
            self._gone.clear()
            for receiver in self._receivers.values():
                receiver.arrivals.clear()

    def close(self) -> None:
        """Close all."""
        self._stop = True
        self._thread.join()
        for port in list(self._receivers):
            self.close_port(port)
        self.graph.close()

    def _run(self) -> None:
        while not self._stop:
            with self._lock:
                for receiver in self._receivers.values():
                    receiver.fetch()
            time.sleep(_LOOK_S)


class Process:
    """A helper process that speaks lines of JSON; it ends when its standard input closes."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed by close()
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"{PACKAGE}.{module}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin: IO[str] = self.process.stdin
        self._stdout: IO[str] = self.process.stdout

    def line(self) -> str:
        """Its next line.

        Raises:
            JamtuiError: it ended.
        """
        text = self._stdout.readline()
        if not text:
            self._errors.seek(0)
            said = self._errors.read().decode(errors="replace").strip().rpartition("\n")[2]
            raise JamtuiError(
                f"a process of the bench ended early ({said or 'no reason given'}); run it again"
            )
        return text.strip()

    def say(self, what: object) -> None:
        """One JSON object to its standard input."""
        self.stdin.write(json.dumps(what) + "\n")
        self.stdin.flush()

    def close(self, timeout_s: float = 5.0) -> None:
        """Let it end."""
        if self._stdout.closed:
            return
        with contextlib.suppress(OSError):
            self.stdin.close()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._stdout.close()
        self._errors.close()


class Player(Process):
    """The musician: see ``player.py``."""

    def __init__(self) -> None:
        super().__init__("player", "bench keys", "bench ping")
        self.line()

    def begin(self, strokes: Sequence[Stroke], *, raised: bool = False) -> None:
        """Start to play in the background."""
        self.say({"play": list(strokes), "raise": raised})

    def sent(self) -> list[int | None]:
        """Wait for the end of what was begun: when each stroke left."""
        stamps: list[int | None] = json.loads(self.line())
        return stamps

    def play(self, strokes: Sequence[Stroke], *, raised: bool = False) -> list[int | None]:
        """Play and wait."""
        self.begin(strokes, raised=raised)
        return self.sent()


class Echo(Process):
    """The bare echo, connected with the player's second port."""

    def __init__(self, listener: Listener) -> None:
        super().__init__("echo", "bench echo in", "bench echo out")
        self.line()
        listener.link("bench ping:out", "bench echo in:in")
        listener.link("bench echo out:out", "bench echo:in")


class Terminal(Process):
    """``jamtui`` with ``arguments`` on a screen of its own."""

    def __init__(self, *arguments: str, columns: int = 120, rows: int = 40, text: str = "jamtui") -> None:
        super().__init__(
            "terminal", str(columns), str(rows), text, sys.executable, "-m", "jamtui", *arguments
        )
        first = json.loads(self.line())
        self.pid: int = first["pid"]
        self.began: int = first["began"]

    def painted(self) -> float:
        """Wait for the first paint: seconds after the command began."""
        return float(json.loads(self.line())["painted"] - self.began) / 1e9
