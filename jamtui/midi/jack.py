"""What rtmidi cannot do on JACK: say that the server died, list and connect ports by name, keep quiet.

Measured with python-rtmidi 1.5.8 on JACK2: every rtmidi call holds the interpreter lock (a new client 10 to
22 ms, opening or closing a port 2 to 3 ms, listing 32 ports 0.5 to 0.9 ms), and once the server is dead,
``send_message`` waits for ever when its 16 KB ring is full. The calls here go to the same libjack through
ctypes, which lets the interpreter lock go, and ``alive`` turns False the moment the server is gone.
"""

import contextlib
import ctypes
import ctypes.util
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from jamtui.errors import PortError

_MIDI_TYPE = b"8 bit raw midi"
_IS_INPUT = 1
_IS_OUTPUT = 2
_IS_PHYSICAL = 4
_NO_START_SERVER = 1

CLOSE_S = 2.0
"""Leaving takes the server a few periods; longer, while it forgets the clients of a killed program."""

SEEN_S = 0.25
"""How long a connection may take to be in use; on PipeWire, how long a client may take to hear of a port that
another one has made."""

_Done = TypeVar("_Done")

_BELOW = 64
"""Descriptors kept free: the ports of a band take some 30."""

_Shutdown = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


@contextlib.contextmanager
def outlasting() -> Iterator[None]:
    """What is opened meanwhile gets descriptors above those of all that is opened after.

    A killed process loses its descriptors from the lowest up, and in that order JACK takes its clients away,
    each in up to a client timeout (jackd's ``-t``). Only one that plays nothing takes no time, if it comes
    last.
    """
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(_BELOW)]
    try:
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)


class JackControl:
    """A JACK client without ports, beside the clients that rtmidi makes.

    Args:
        name: client name; JACK makes it unique.
        on_shutdown: called from a JACK thread, once, when the server is gone.

    Raises:
        PortError: no libjack, or no server answers.
    """

    def __init__(self, name: str = "jamtui ports", on_shutdown: Callable[[], None] | None = None) -> None:
        path = _library_path()
        self.on_pipewire = path is not None and _is_pipewire(path)
        """Whether PipeWire stands in for the JACK server."""
        library = _load(path)
        if library is None:
            raise PortError(
                "JACK is not used here: its library was not found; install jackd or use another API"
            )
        self._library = library
        self._on_shutdown = on_shutdown
        self.alive = True
        """False once the server is gone. It does not become True again: make a new JackControl."""
        status = ctypes.c_int(0)
        self._client = library.jack_client_open(name.encode(), _NO_START_SERVER, ctypes.byref(status))
        if not self._client:
            raise PortError("no JACK server answers; start one or use another API")
        self._callback = _Shutdown(self._shutdown)
        library.jack_on_shutdown(self._client, self._callback, None)
        library.jack_activate(self._client)
        self._period_s = library.jack_get_buffer_size(self._client) / library.jack_get_sample_rate(
            self._client
        )

    def _shutdown(self, _argument: int | None) -> None:
        self.alive = False
        if self._on_shutdown is not None:
            self._on_shutdown()

    def refresh(self) -> None:
        """Nothing to do: every answer is of the moment it is asked for."""

    def receivers(self) -> tuple[str, ...]:
        """Full names (``client:port``) of the MIDI ports that can be played into."""
        return self._list(_IS_INPUT)

    def senders(self) -> tuple[str, ...]:
        """Full names of the MIDI ports that send."""
        return self._list(_IS_OUTPUT)

    def physical_senders(self) -> tuple[str, ...]:
        """Those of them that are hardware."""
        return self._list(_IS_OUTPUT | _IS_PHYSICAL)

    def connect(self, sender: str, receiver: str) -> bool:
        """Connect two ports by full name; True also when they already were.

        Returns when the connection carries: JACK takes it into use in its next period, on a busy machine some
        later; what was sent before then is lost, and who looked would not see it.
        """
        if not self.alive:
            return False
        if self.awaited(lambda: self._connect(sender, receiver)):
            time.sleep(2 * self._period_s + 0.001)
            self.awaited(lambda: receiver in self.connections(sender), SEEN_S)
            return True
        return receiver in self.connections(sender)

    def _connect(self, sender: str, receiver: str) -> bool:
        return bool(self._library.jack_connect(self._client, sender.encode(), receiver.encode()) == 0)

    def awaited(self, done: Callable[[], _Done], patience_s: float = 0.0) -> _Done:
        """What ``done`` answers, asked again until it answers something true, ``patience_s`` at most; on
        PipeWire, which tells each client by and by what the others have made, `SEEN_S` at least."""
        until = time.monotonic() + max(patience_s, SEEN_S if self.on_pipewire else 0.0)
        while not (answer := done()) and time.monotonic() < until:
            time.sleep(0.002)
        return answer

    def disconnect(self, sender: str, receiver: str) -> None:
        """Take a connection away; nothing happens where there is none."""
        if self.alive:
            self._library.jack_disconnect(self._client, sender.encode(), receiver.encode())

    def connections(self, port: str) -> tuple[str, ...]:
        """Full names of the ports that ``port`` is connected to; empty where it does not exist."""
        if not self.alive:
            return ()
        handle = self._library.jack_port_by_name(self._client, port.encode())
        if not handle:
            return ()
        return self._names(self._library.jack_port_get_all_connections(self._client, handle))

    def close(self) -> None:
        """Leave the server; takes at most ``CLOSE_S``."""
        client, was_alive = self._client, self.alive
        # A client of a dead server is left as it is: closing it would wait for the server.
        self._client = None
        self.alive = False
        if client and was_alive:
            # libjack cancels the client's thread, which takes a lock of the whole process while it notes that
            # some other client comes or goes. Cancelled then, it keeps it: the next to close waits for ever.
            leave = self._library.jack_client_close
            thread = threading.Thread(target=leave, args=(client,), name="jack-close", daemon=True)
            thread.start()
            thread.join(CLOSE_S)

    def __del__(self) -> None:
        # Or JACK would call a callback that is no longer there when its server stops.
        if getattr(self, "_client", None) and self.alive:
            self._library.jack_client_close(self._client)

    def _list(self, flags: int) -> tuple[str, ...]:
        if not self.alive:
            return ()
        return self._names(self._library.jack_get_ports(self._client, None, _MIDI_TYPE, flags))

    def _names(self, array: "ctypes._Pointer[ctypes.c_char_p]") -> tuple[str, ...]:
        names: list[str] = []
        if array:
            while (name := array[len(names)]) is not None:  # NULL-terminated
                names.append(name.decode("utf-8", "replace"))
            self._library.jack_free(array)
        return tuple(names)


def _load(path: str | None) -> ctypes.CDLL | None:
    """The libjack that rtmidi itself uses, None where there is none; its messages are silenced."""
    if path is None:
        return None
    try:
        library = ctypes.CDLL(path)
        names = ctypes.POINTER(ctypes.c_char_p)
        client, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
        for function, result, arguments in (
            ("jack_client_open", client, None),  # variadic
            ("jack_client_close", number, [client]),
            ("jack_activate", number, [client]),
            ("jack_on_shutdown", None, [client, _Shutdown, ctypes.c_void_p]),
            ("jack_get_ports", names, [client, text, text, ctypes.c_ulong]),
            ("jack_port_by_name", ctypes.c_void_p, [client, text]),
            ("jack_port_get_all_connections", names, [client, ctypes.c_void_p]),
            ("jack_connect", number, [client, text, text]),
            ("jack_disconnect", number, [client, text, text]),
            ("jack_get_buffer_size", ctypes.c_uint32, [client]),
            ("jack_get_sample_rate", ctypes.c_uint32, [client]),
            ("jack_free", None, [ctypes.c_void_p]),
            ("jack_set_error_function", None, [ctypes.c_void_p]),
            ("jack_set_info_function", None, [ctypes.c_void_p]),
        ):
            pointer = getattr(library, function)
            pointer.restype = result
            if arguments is not None:
                pointer.argtypes = arguments
        # libjack reports on standard error, which may be a screen. Its hook gets a harmless C function of the
        # same shape rather than a Python one, which would take the interpreter lock in JACK's threads.
        hush = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p)
        library.jack_set_error_function(hush)
        library.jack_set_info_function(hush)
    except (OSError, AttributeError, TypeError):
        return None
    return library


def _library_path() -> str | None:
    import rtmidi

    # rtmidi's Windows wheels know Windows MM only.
    if rtmidi.API_UNIX_JACK not in rtmidi.get_compiled_api():
        return None
    try:
        mapped = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        mapped = []  # not Linux
    paths = ("/" + line.partition("/")[2] for line in mapped)
    loaded = sorted({path for path in paths if "libjack" in path.rsplit("/", 1)[-1]}, key=_is_pipewire)
    # PipeWire's, where it was loaded (`jamtui.midi.pipewire`): rtmidi's calls go there then.
    return loaded[-1] if loaded else ctypes.util.find_library("jack")


def _is_pipewire(path: str) -> bool:
    return "pipewire" in path
