"""Starting, stopping and silencing the band from a shell."""

import contextlib
import subprocess
import threading
import time
from pathlib import Path

from jamtui.errors import JamtuiError, LinkError
from jamtui.processes.children import start_child, start_detached
from jamtui.processes.client import EngineLink
from jamtui.processes.codec import Plain, decode, encode
from jamtui.processes.link import AnyConnection, connect
from jamtui.processes.lock import RUNNING, band_is_running
from jamtui.processes.options import SessionOptions

START_PATIENCE_S = 20.0
REPLY_S = 2.0
SUPERVISOR = "jamtui.processes.supervisor"


class BandError(JamtuiError):
    """The band could not start, for the reason in the text."""


def start_band(
    runtime: Path, log_folder: Path, options: SessionOptions, *, tied: bool = False
) -> "subprocess.Popen[bytes]":
    """Start a supervisor with ``options``; ``tied``: it ends when this process does.

    Raises:
        LinkError: a band is running already.
    """
    if band_is_running(runtime):
        raise LinkError(RUNNING)
    runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
    (runtime / "failure.txt").unlink(missing_ok=True)
    # Not left in the runtime folder: should two start at once, it belongs to the one that gets the lock.
    arguments = ["--options", options.text()]
    if tied:
        return start_child(SUPERVISOR, ["--with-parent", *arguments], log_folder, own_session=True)
    return start_detached(SUPERVISOR, arguments, log_folder)


def failure(runtime: Path) -> str | None:
    """Why the last start failed, in a sentence; None if it did not."""
    with contextlib.suppress(FileNotFoundError):
        return (runtime / "failure.txt").read_text(encoding="utf-8").strip() or None
    return None


def wait_for_band(link: EngineLink, runtime: Path, supervisor: "subprocess.Popen[bytes] | None") -> None:
    """Wait for the first snapshot.

    Raises:
        BandError: the supervisor gave up, with its reason.
    """
    end = time.monotonic() + START_PATIENCE_S
    while not link.wait_connected(0.1):
        ended = supervisor is not None and supervisor.poll() is not None
        if ended and band_is_running(runtime):
            raise LinkError(RUNNING)
        problem = failure(runtime)
        if problem is not None or ended or time.monotonic() > end:
            raise BandError(problem or "the band did not start; `jamtui doctor` looks for the reason")


def ask(runtime: Path, server: str, kind: str, reply: str, timeout_s: float = REPLY_S) -> Plain:
    """Send ``kind`` to a server and return the body of its ``reply``.

    Raises:
        LinkError: no band runs, or no answer came in time.
    """
    end = time.monotonic() + timeout_s
    connection: AnyConnection = connect(runtime, server, timeout_s)
    try:
        connection.send_bytes(encode(kind))
        while connection.poll(max(0.0, end - time.monotonic())):
            got, body = decode(connection.recv_bytes())
            if got == reply:
                return body
    except (OSError, EOFError) as error:
        raise LinkError(f"the {server} went away while asked to {kind}") from error
    finally:
        connection.close()
    raise LinkError(f"the {server} did not answer within {timeout_s:.0f} s; `jamtui stop` ends it")


def stop_band(runtime: Path, timeout_s: float = 10.0) -> bool:
    """End a running band in good order; False when none was running.

    Raises:
        LinkError: it did not end in time.
    """
    if not band_is_running(runtime):
        return False
    with contextlib.suppress(LinkError):
        ask(runtime, "supervisor", "stop", "stopping")
    end = time.monotonic() + timeout_s
    while band_is_running(runtime):
        if time.monotonic() > end:
            raise LinkError("the band does not end; `jamtui doctor --fix` clears what is left of it")
        time.sleep(0.02)
    return True


def panic(runtime: Path) -> str:
    """End every sounding note, whatever it takes; what was done, in words.

    Raises:
        LinkError: no band is running.
    """
    if not band_is_running(runtime):
        raise LinkError("no band is running, so nothing of jamtui's is sounding")
    try:
        ask(runtime, "engine", "panic", "panicked", 1.0)
    except LinkError:
        ask(runtime, "supervisor", "replace-engine", "replacing")
        return "the engine did not answer: it was replaced and its notes were ended"
    # The engine answers when it has handed the note-offs over; they leave from another process.
    if ask(runtime, "supervisor", "check-outlet", "outlet").get("hung"):
        return "the outputs did not answer: they are opened anew and their notes are ended"
    return "all notes ended"


class Reports:
    """Asks the engine for its report over an ``EngineLink`` and hands it to the waiting caller."""

    def __init__(self) -> None:
        self._arrived = threading.Event()
        self._report: Plain = None

    def on_message(self, kind: str, body: Plain) -> None:
        """Give this to ``EngineLink``."""
        if kind == "report":
            self._report = body
            self._arrived.set()

    def fetch(self, link: EngineLink, timeout_s: float = REPLY_S) -> dict[str, Plain] | None:
        """The engine's report now, None when it does not answer."""
        self._arrived.clear()
        if not link.send("report") or not self._arrived.wait(timeout_s):
            return None
        return dict(self._report)
