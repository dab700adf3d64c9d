"""The client side of the engine link: what console, headless runs and workers hold."""

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from multiprocessing import AuthenticationError
from pathlib import Path

from jamtui.errors import LinkError
from jamtui.processes.codec import Plain, decode, encode, from_plain
from jamtui.processes.link import AnyConnection, connect, hang_up
from jamtui.processes.lock import band_is_running
from jamtui.session.actions import BY_NAME
from jamtui.session.exchange import Exchange
from jamtui.session.library_page import LibraryPage, PageRequest
from jamtui.session.model_page import ModelPage
from jamtui.session.snapshot import Event, Roll, Snapshot

RETRY_S = 0.1
STOPPED = "the band has ended; press q twice to leave, then `jamtui` starts another"


class EngineLink:
    """Keeps a connection to the engine, finding it again by itself after it died.

    Implements ``jamtui.session.client.BandClient``. ``on_message(kind, body)`` gets every message that
    is not a snapshot, roll or event, from the reader thread.
    """

    def __init__(
        self,
        runtime: Path,
        name: str,
        on_message: Callable[[str, Plain], None] | None = None,
        on_connect: Callable[["EngineLink"], None] | None = None,
    ) -> None:
        self._runtime = runtime
        self._name = name
        self._on_message = on_message
        self._on_connect = on_connect
        self._connection: AnyConnection | None = None
        self._send_lock = threading.Lock()
        self._snapshot: Plain = None
        self._decoded: tuple[Plain, Snapshot] | None = None
        self._rolls: dict[str, Roll] = {}
        self._page: LibraryPage | None = None
        self._exchange: Exchange | None = None
        self._models: ModelPage | None = None
        self._events: deque[Event] = deque(maxlen=200)
        self._requests: deque[str] = deque(maxlen=20)
        self._closed = threading.Event()
        self._link = "connecting"
        self._detail = "starting the band"
        self._thread = threading.Thread(target=self._run, name="engine-link", daemon=True)
        self._thread.start()

    @property
    def link(self) -> str:
        """``connecting``, ``connected`` or ``lost``."""
        return self._link

    @property
    def link_detail(self) -> str:
        """A sentence for the screen while not connected."""
        return self._detail

    def latest(self) -> Snapshot | None:
        """The newest snapshot; decoded here, in the caller's thread, and only when it is asked for."""
        plain = self._snapshot
        if plain is None:
            return None
        if self._decoded is None or self._decoded[0] is not plain:
            self._decoded = (plain, from_plain(Snapshot, plain))
        return self._decoded[1]

    def rolls(self) -> Mapping[str, Roll]:
        """The newest piano roll by role name."""
        return self._rolls

    def drain_events(self) -> list[Event]:
        """Events since the last call, oldest first."""
        drained: list[Event] = []
        while self._events:
            drained.append(self._events.popleft())
        return drained

    def drain_requests(self) -> list[str]:
        """Local actions asked for elsewhere (a key of the MIDI keyboard) since the last call, by name."""
        drained: list[str] = []
        while self._requests:
            drained.append(self._requests.popleft())
        return drained

    def act(self, action: str, argument: str | float | None = None, *, soon: bool = False) -> None:
        """Do a named action; dropped with an event when the engine is away."""
        if not self.send("action", {"name": action, "argument": argument, "soon": soon}):
            title = BY_NAME[action].title if action in BY_NAME else action
            why = STOPPED if self._detail == STOPPED else "the engine is not there, press again"
            self._events.append(Event(time.time(), f"{title}: {why}", "warning"))

    def ask_page(self, request: PageRequest) -> None:
        """Ask for a page of the phrase library; it comes by ``page``."""
        self.send("browse", request)

    def ask_models(self) -> None:
        """Ask which models could play; they come by ``models``."""
        self.send("models")

    def models(self) -> ModelPage | None:
        """The newest list of models, None before the first."""
        return self._models

    def exchange(self) -> Exchange | None:
        """What the LLM was last asked and what it said, None before the first."""
        return self._exchange

    def page(self) -> LibraryPage | None:
        """The newest page of the phrase library, None before the first."""
        return self._page

    def midi_in(self, data: bytes) -> None:
        """A MIDI message as if played on a keyboard."""
        self.send("midi", data.hex())

    def send(self, kind: str, body: object = None) -> bool:
        """Send one message; False when not connected."""
        connection = self._connection
        if connection is None:
            return False
        try:
            with self._send_lock:
                connection.send_bytes(encode(kind, body))
        except (OSError, ValueError):
            return False
        return True

    def wait_connected(self, timeout_s: float) -> bool:
        """Wait until the first snapshot is here; False after ``timeout_s``."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if self._link == "connected" and self._snapshot is not None:
                return True
            time.sleep(0.01)
        return False

    def close(self) -> None:
        """Detach; the music goes on."""
        self._closed.set()
        connection, self._connection = self._connection, None
        if connection is not None:
            # The reader thread closes it: it may be waiting on it now.
            hang_up(connection)

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                connection = connect(self._runtime, "engine")
            except (LinkError, OSError) as error:
                if self._link == "connecting":
                    self._detail = "starting the band"
                elif band_is_running(self._runtime):
                    self._link = "lost"
                    refused = isinstance(error.__cause__, AuthenticationError)
                    self._detail = str(error) if refused else "the engine is away, it is being restarted"
                else:
                    self._link, self._detail = "ended", STOPPED
                self._closed.wait(RETRY_S)
                continue
            self._connection = connection
            self.send("hello", {"name": self._name, "pid": os.getpid()})
            if self._on_connect is not None:
                self._on_connect(self)
            self._read(connection)
            if not self._closed.is_set():
                self._link = "lost"
                self._detail = "the engine stopped answering; it is being restarted"
                self._closed.wait(RETRY_S)

    def _read(self, connection: AnyConnection) -> None:
        try:
            while not self._closed.is_set():
                self._take(*decode(connection.recv_bytes(1 << 22)))
        except (EOFError, OSError, TypeError):
            pass  # TypeError: multiprocessing reads from a handle that close() set to None
        except LinkError as error:
            self._events.append(Event(time.time(), str(error), "error"))
        finally:
            self._connection = None
            hang_up(connection)  # wakes a thread that is in the middle of a send
            with self._send_lock, contextlib.suppress(OSError):
                connection.close()

    def _take(self, kind: str, body: Plain) -> None:
        if kind == "snapshot":
            self._snapshot = body
            self._link = "connected"
        elif kind == "roll":
            roll = from_plain(Roll, body)
            self._rolls = {**self._rolls, roll.role: roll}
        elif kind == "event":
            self._events.append(from_plain(Event, body))
        elif kind == "exchange":
            self._exchange = from_plain(Exchange, body)
        elif kind == "models" and body is not None:  # without a body it is the question, for the workers
            self._models = from_plain(ModelPage, body)
        elif kind == "page":
            self._page = from_plain(LibraryPage, body)
        elif kind == "do":
            self._requests.append(str(body))
        elif self._on_message is not None:
            self._on_message(kind, body)
