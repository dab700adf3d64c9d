"""The band that is measured: started as a musician's would be, in a home of the bench's own."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from jamtui import paths
from jamtui.errors import JamtuiError
from jamtui.processes.benching.wire import Listener
from jamtui.processes.client import EngineLink
from jamtui.processes.codec import Plain
from jamtui.processes.control import Reports, ask, start_band, stop_band, wait_for_band
from jamtui.processes.options import SessionOptions
from jamtui.processes.shared import SharedState
from jamtui.session.journal import Journal, read_journal

CONFIG = """
[midi]
api = "jack"
inputs = ["bench keys"]
{midi}

[playing]
count_in = 1
{playing}

[clock]
{clock}
"""


def write_config(midi: str = "", playing: str = "", clock: str = "") -> None:
    """The configuration of the next band; each argument holds lines of its table."""
    path = paths.config_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CONFIG.format(midi=midi, playing=playing, clock=clock), encoding="utf-8")


class BandUnderTest:
    """A running band, its link and its record. A context manager: leaves with the band stopped."""

    def __init__(self, listener: Listener | None, options: SessionOptions) -> None:
        self._listener = listener
        self._options = options
        self._reports = Reports()
        self.runtime = paths.runtime_dir()
        self.started_ns = 0
        self.report: dict[str, Any] = {}

    def __enter__(self) -> "BandUnderTest":
        self.started_ns = time.perf_counter_ns()
        self.supervisor = start_band(self.runtime, paths.log_dir(), self._options, tied=True)
        self.link = EngineLink(self.runtime, "headless", self._reports.on_message)
        try:
            wait_for_band(self.link, self.runtime, self.supervisor)
            if self._listener is not None:
                self._listener.connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            stop_band(self.runtime)
        finally:
            self.link.close()
            self.supervisor.wait(10)
            if self.supervisor.stdin is not None:
                self.supervisor.stdin.close()

    def fetch(self) -> dict[str, Any]:
        """The engine's report now.

        Raises:
            JamtuiError: it does not answer.
        """
        for _ in range(20):
            got = self._reports.fetch(self.link, 1.0)
            if got is not None:
                self.report = got
                return got
            time.sleep(0.1)
        raise JamtuiError(f"the engine does not answer; its last words are in {paths.log_dir()}")

    def status(self) -> dict[str, Any]:
        """Process ids of supervisor, engine and workers."""
        got: Plain = ask(self.runtime, "supervisor", "status", "status")
        return dict(got)

    def journal(self) -> Journal:
        """What was recorded up to now, after the writer had time to write it."""
        path = Path(str(self.report.get("journal") or self.fetch()["journal"]))
        time.sleep(0.8)
        return read_journal(path)

    def outlet_pid(self) -> int:
        """Process id of the outlet, which sends."""
        shared = SharedState(self.runtime / "state.map")
        try:
            return shared.outlet_pid
        finally:
            shared.close()

    def clock(self) -> tuple[float, int, float]:
        """(tick, ns, ns per tick) of the band's clock."""
        shared = SharedState(self.runtime / "state.map")
        try:
            state = shared.read_state()
        finally:
            shared.close()
        if state is None:
            raise JamtuiError("the engine has left no state; run the bench again")
        return float(str(state["tick0"])), int(str(state["ns0"])), float(str(state["ns_per_tick"]))

    def wait_playing(self, timeout_s: float = 20.0) -> None:
        """Wait until the count-in is over.

        Raises:
            JamtuiError: it does not begin.
        """
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            snapshot = self.link.latest()
            if snapshot is not None and snapshot.state == "playing":
                return
            time.sleep(0.02)
        raise JamtuiError(f"the band does not begin to play; its last words are in {paths.log_dir()}")

    def act(self, action: str, argument: str | float | None = None) -> None:
        """Do a named action."""
        self.link.act(action, argument)


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, from ``/proc``."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _kernel("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB, from ``/proc``."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * _kernel("SC_PAGE_SIZE") / 1e6


def load_average() -> tuple[float, float, float]:
    """The machine's load over 1, 5 and 15 minutes, from ``/proc``."""
    one, five, fifteen, *_ = Path("/proc/loadavg").read_text(encoding="ascii").split()
    return float(one), float(five), float(fifteen)


def _kernel(name: str) -> int:
    """A constant of the system, as ``sysconf`` has it; Windows has none."""
    value = 1
    if sys.platform != "win32":
        value = os.sysconf(name)
    return value
