"""The bench's side of the wire: a JACK server of its own, receivers that stamp, and the helper processes."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from jamtui.errors import JamtuiError, PortError
from jamtui.midi.jack import JackControl
from jamtui.midi.port import quiet
from jamtui.processes.benching.matching import Arrival
from jamtui.processes.benching.playing import Stroke

PACKAGE = "jamtui.processes.benching"
KEYS, PING = 0, 1
"""The player's ports: its keyboard, and what it sends to the echo."""
PORTS = ("lead", "bass", "comp", "drums", "thru")
_ECHO = "echo"


@contextlib.contextmanager
def jack_server() -> Iterator[str]:
    """A dummy JACK server of our own where jackd is installed, else the one that answers; its name.

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
            server = subprocess.Popen(
                ["jackd", "--no-realtime", "-n", name, "-d", "dummy", "-r", "48000", "-p", "64"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        else:
            name = os.environ.get("JACK_DEFAULT_SERVER", "default")
        control = _control(server)
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
            for left in (*Path("/dev/shm").glob(f"jack_{name}_*"), *Path("/dev/shm").glob(f"jack_sem.*_{name}_*")):
                left.unlink(missing_ok=True)
        for key, value in keep.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


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


class Listener:
    """Receivers of the bench, one rtmidi client each; their callbacks stamp and append."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.graph = JackControl("bench graph")
        self._clients: dict[str, Any] = {}
        for port in (*PORTS, _ECHO):
            self.open(port)

    def open(self, port: str) -> None:
        """Open the receiver ``bench PORT``."""
        import rtmidi

        client: Any = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name=f"bench {port}")
        client.ignore_types(sysex=False, timing=True, active_sense=True)
        append, now = self.arrivals.append, time.perf_counter_ns

        def received(event: tuple[list[int], float], _data: object) -> None:
            append(Arrival(now(), port, bytes(event[0])))

        client.set_callback(received)
        client.open_virtual_port("in")
        self._clients[port] = client

    def close_port(self, port: str) -> None:
        """Take a receiver away, as a DAW that is closed."""
        client = self._clients.pop(port)
        client.close_port()
        client.delete()

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
        return [a for a in list(self.arrivals) if a.ns >= ns and a.port != _ECHO]

    def echoes(self) -> list[Arrival]:
        """What the echo sent back."""
        return [a for a in list(self.arrivals) if a.port == _ECHO]

    def clear(self) -> None:
        """Forget what arrived."""
        self.arrivals.clear()

    def close(self) -> None:
        """Close all."""
        for port in list(self._clients):
            self.close_port(port)
        self.graph.close()


class Process:
    """A helper process that speaks lines of JSON; it ends when its standard input closes."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._errors = tempfile.TemporaryFile()
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
            raise JamtuiError(f"a process of the bench ended early ({said or 'no reason given'}); run it again")
        return text.strip()

    def say(self, what: object) -> None:
        """One JSON object to its standard input."""
        self.stdin.write(json.dumps(what) + "\n")
        self.stdin.flush()

    def close(self, timeout_s: float = 5.0) -> None:
        """Let it end."""
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
