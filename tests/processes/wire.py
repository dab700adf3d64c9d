"""A real band, real processes and real JACK ports for the tests of this folder."""

import contextlib
import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

import rtmidi

from jamtui import paths
from jamtui.midi import names
from jamtui.midi.jack import JackControl
from jamtui.midi.port import quiet
from jamtui.playback.wire import key_event
from jamtui.processes.client import EngineLink
from jamtui.processes.codec import Plain
from jamtui.processes.control import Reports, ask, start_band, stop_band, wait_for_band
from jamtui.processes.leftovers import Leftovers, find_leftovers, orphans
from jamtui.processes.lock import band_is_running
from jamtui.processes.options import SessionOptions
from jamtui.session.journal import Journal, read_journal
from jamtui.session.snapshot import Snapshot

PATIENCE_S = 20.0
_NUMBERS = itertools.count(1)
ROLES = ("lead", "bass", "comp", "drums")
SEVENTH = (50, 60, 65, 69)
"""Keys of a Dm7 in root position."""


def wait_until(condition: Callable[[], object], what: str, timeout_s: float = PATIENCE_S) -> None:
    """Look until ``condition`` holds; a failure says ``what`` did not happen."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"did not happen within {timeout_s:.0f} s: {what}"
        time.sleep(0.01)


class Ear:
    """A receiver as a DAW has it: a JACK input that keeps what it got and knows what sounds.

    ``name`` is taken as it is only where ``exact``: JACK renames a second client of a name.
    """

    def __init__(self, name: str, *, exact: bool = False) -> None:
        self.messages: list[bytes] = []
        self.sounding: set[tuple[int, int]] = set()
        self.struck = 0
        self.name = name if exact else f"{name} {next(_NUMBERS)}"
        with quiet():
            self._client: Any = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name=self.name, queue_size_limit=1 << 16)
        self._client.ignore_types(sysex=False, timing=False, active_sense=True)
        self._client.open_virtual_port("in")
        self.full_name = f"{self.name}:in"

    def fetch(self) -> None:
        """Take what arrived."""
        while (event := self._client.get_message()) is not None:
            message = bytes(event[0])
            self.messages.append(message)
            struck = key_event(message)
            if struck is None:
                continue
            on, channel, pitch = struck
            if on:
                self.struck += 1
                self.sounding.add((channel, pitch))
            else:
                self.sounding.discard((channel, pitch))

    def close(self) -> None:
        """Go away, as a DAW that is closed."""
        self._client.close_port()
        self._client.delete()


class Keyboard:
    """A keyboard: a JACK output to play on."""

    def __init__(self, name: str) -> None:
        with quiet():
            self._client: Any = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=name)
        self._client.open_virtual_port("out")
        self.full_name = f"{name}:out"

    def play(self, *messages: bytes) -> None:
        """Send messages at once."""
        for message in messages:
            self._client.send_message(message)

    def press(self, keys: Iterable[int] = SEVENTH) -> None:
        """Strike a chord."""
        self.play(*(bytes((0x90, key, 80)) for key in keys))

    def release(self, keys: Iterable[int] = SEVENTH) -> None:
        """Let it go."""
        self.play(*(bytes((0x80, key, 0)) for key in keys))

    def close(self) -> None:
        """Be unplugged; nothing happens the second time."""
        if self._client is not None:
            self._client.close_port()
            self._client.delete()
            self._client = None


class RunningBand:
    """A band started as the commands start it. A context manager: leaves with nothing running.

    Args:
        config: the configuration file's text.
        listen: roles (and ``thru``) to connect a receiver to.
    """

    def __init__(
        self,
        options: SessionOptions,
        *,
        config: str = "",
        listen: Iterable[str] = (),
        name: str = "headless",
        tied: bool = True,
        graph: bool = True,
    ) -> None:
        self._with_graph = graph
        self._clients: list[EngineLink] = []
        self._options = options
        self._tied = tied
        self._listen = tuple(listen)
        self._reports = Reports()
        self._answers: dict[str, Plain] = {}
        self._name = name
        self.events: list[str] = []
        self.keyboards: list[Keyboard] = []
        self.ears: dict[str, Ear] = {}
        self.runtime = paths.runtime_dir()
        if config:
            paths.config_file().parent.mkdir(parents=True, exist_ok=True)
            paths.config_file().write_text(config, encoding="utf-8")

    def __enter__(self) -> "RunningBand":
        if self._with_graph:
            self.graph = JackControl("test graph")
        self.supervisor = start_band(self.runtime, paths.log_dir(), self._options, tied=self._tied)
        self.link = EngineLink(self.runtime, self._name, self._on_message)
        self._stop_fetching = threading.Event()
        self._fetching = threading.Thread(target=self._fetch, name="test ears", daemon=True)
        try:
            wait_for_band(self.link, self.runtime, self.supervisor)
            for role in self._listen:
                self.hear(role)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self._fetching.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._with_graph:
            self._explain()
        with contextlib.suppress(Exception):
            stop_band(self.runtime, 5.0)
        if self.supervisor.poll() is None:
            self.supervisor.kill()
        self.supervisor.wait()
        if self.supervisor.stdin is not None:
            self.supervisor.stdin.close()
        for pid, _ in orphans(self.runtime):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for link in (self.link, *self._clients):
            link.close()
        self._stop_fetching.set()
        if self._fetching.is_alive():
            self._fetching.join(PATIENCE_S)
        if self._with_graph:
            self._wait_gone()
        for port in (*self.keyboards, *self.ears.values()):
            port.close()
        if self._with_graph:
            self.graph.close()
        if kind is not None:
            for log in sorted(paths.log_dir().glob("*.log")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-4000:]}")

    def _wait_gone(self) -> None:
        """Wait until JACK has forgotten the band's clients: closing one of ours while others are taken away
        may take for ever (see ``JackControl.close``)."""
        end = time.monotonic() + PATIENCE_S
        while any(port.startswith(names.PREFIX) for port in self.graph.senders()) and time.monotonic() < end:
            time.sleep(0.02)

    def _explain(self) -> None:
        """For a test that failed: what arrived, who is connected, what the engine thinks."""
        print("heard", {n: (ear.struck, len(ear.messages), ear.sounding) for n, ear in self.ears.items()})
        ports = (*self.graph.senders(), *self.graph.receivers())
        print("connected", {port: self.graph.connections(port) for port in ports})
        print("report", self._reports.fetch(self.link, 1.0))
        self.events += [event.text for event in self.link.drain_events()]
        print("events", self.events)

    # What it says

    def _on_message(self, kind: str, body: Plain) -> None:
        self._reports.on_message(kind, body)
        self._answers[kind] = body

    def _fetch(self) -> None:
        while not self._stop_fetching.wait(0.002):
            for ear in list(self.ears.values()):
                ear.fetch()

    def snapshot(self) -> Snapshot:
        """The newest snapshot; events are kept on the way."""
        self.events += [event.text for event in self.link.drain_events()]
        snapshot = self.link.latest()
        assert snapshot is not None
        return snapshot

    def wait(self, condition: Callable[[Snapshot], object], what: str, timeout_s: float = PATIENCE_S) -> None:
        """Look at snapshots until ``condition`` holds."""
        wait_until(lambda: condition(self.snapshot()), what, timeout_s)

    def wait_snapshots(self, count: int) -> None:
        """Wait for ``count`` more snapshots, a twentieth of a second of the engine's own time each, however
        busy the machine is. Before each the engine has gone about what is due: a look at the ports (each
        quarter of a second), and the state for a successor (each tenth)."""
        for _ in range(count):
            self._wait_other_than(self.snapshot().seq)

    def _wait_other_than(self, seq: int) -> None:
        self.wait(lambda s: s.seq != seq, "a snapshot")

    def wait_event(self, words: str) -> None:
        """Wait for an event that has ``words`` in it."""
        self.wait(lambda _: any(words in text for text in self.events), f"an event with {words!r}")

    def report(self) -> dict[str, Any]:
        """The engine's report."""
        found: list[dict[str, Any]] = []

        def fetched() -> bool:
            report = self._reports.fetch(self.link, 1.0)
            found.extend([report] if report is not None else [])
            return report is not None

        wait_until(fetched, "a report of the engine")
        return found[-1]

    def silences(self) -> int:
        """How often a role was silent, less what can be laid to a machine that stood still: then notes come
        too late and are dropped."""
        report = self.report()
        return max(0, sum(report["dead_air"].values()) - report["notes_dropped"].get("late", 0))

    def pid(self, name: str) -> int | None:
        """Process id of ``outlet``, ``engine`` or ``workers``, None while there is none."""
        status: Plain = ask(self.runtime, "supervisor", "status", "status", 10.0)
        pid: int | None = status[name]["pid"]
        return pid

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to ``outlet``, ``engine`` or ``workers``; which process it was."""
        pid = self.pid(name)
        assert pid is not None
        os.kill(pid, number)
        return pid

    def wait_replaced(self, name: str, old: int) -> int:
        """Wait for another process in the place of ``old``."""
        wait_until(lambda: self.pid(name) not in (None, old), f"another {name} process")
        pid = self.pid(name)
        assert pid is not None
        return pid

    def client(self, name: str) -> EngineLink:
        """Another client, connected."""
        link = EngineLink(self.runtime, name)
        self._clients.append(link)
        assert link.wait_connected(PATIENCE_S)
        return link

    def ask_engine(self, kind: str) -> Plain:
        """Send ``kind`` and return the answer of the same name."""
        self._answers.pop(kind, None)
        self.link.send(kind)
        wait_until(lambda: kind in self._answers, f"an answer to {kind}")
        return self._answers[kind]

    # What it plays

    def hear(self, role: str, name: str | None = None) -> Ear:
        """Connect a receiver to the port of ``role``."""
        ear = Ear(name or f"test {role}")
        wait_until(lambda: self.graph.connect(f"jamtui {role}:out", ear.full_name), f"the port jamtui {role}")
        self.ears[name or role] = ear
        self.wait_remembered(ear.full_name)
        return ear

    def wait_remembered(self, full_name: str) -> None:
        """Wait until the supervisor has seen the connection, which takes it up to a fifth of a second."""
        wait_until(
            lambda: full_name in ask(self.runtime, "supervisor", "status", "status", 10.0)["connections"],
            f"the supervisor's look at {full_name}",
        )

    def keyboard(self, name: str = "test keys") -> Keyboard:
        """A keyboard connected to ``jamtui in``."""
        keyboard = Keyboard(name)
        self.keyboards.append(keyboard)
        wait_until(lambda: self.graph.connect(keyboard.full_name, "jamtui in:in"), "the port jamtui in")
        self.wait_remembered(keyboard.full_name)
        self.wait_snapshots(7)  # the engine looks who plays, four times a second
        return keyboard

    def wait_notes(self, count: int = 4) -> None:
        """Wait until each receiver got ``count`` more notes."""
        goals = {name: ear.struck + count for name, ear in self.ears.items()}
        wait_until(
            lambda: all(self.ears[name].struck >= goal for name, goal in goals.items()),
            f"{count} more notes on every port: {goals}",
        )

    def wait_silence(self, timeout_s: float = PATIENCE_S) -> None:
        """Wait until all that was struck was ended."""
        wait_until(
            lambda: not any(ear.sounding for ear in self.ears.values()),
            "a note-off for every note",
            timeout_s,
        )

    # How it ends

    def stop(self) -> Leftovers:
        """Stop in good order; what is left of it."""
        stop_band(self.runtime)
        self.supervisor.wait(PATIENCE_S)
        assert not band_is_running(self.runtime)
        return find_leftovers(self.runtime)

    def journal(self) -> Journal:
        """The journal of this home's only session."""
        (path,) = paths.journal_dir().glob("*.jsonl")
        return read_journal(path)
