"""JACK ports on PipeWire, the sound server of most Linux desktops.

python-rtmidi's wheel brings a libjack of its own under a name of its own, which talks to jackd only: neither
``pw-jack`` nor a system on which PipeWire took libjack's place changes that. PipeWire's libjack has the same
functions; loaded for the whole process before rtmidi is, they are found before the wheel's.
"""

import ctypes
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

LATENCY = "128/48000"
"""The period asked of PipeWire (frames, of how many a second), unless ``PIPEWIRE_LATENCY`` or
``PIPEWIRE_QUANTUM`` says another: events leave
once a period, and its usual 1024 frames would make them up to 21 ms late."""

_FOLDERS = (
    "/usr/lib/*-linux-gnu*",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib*",
    "/run/current-system/sw/lib",
)
_LISTENING = 1 << 16  # __SO_ACCEPTCON in /proc/net/unix


def serve_jack(
    environment: Mapping[str, str] = os.environ, sockets: Path = Path("/proc/net/unix")
) -> Path | None:
    """Have rtmidi's JACK ports go to PipeWire where it runs and jackd does not; to be called before rtmidi is
    loaded. Returns PipeWire's libjack where it is used."""
    path: Path | None = None
    if sys.platform == "linux" and "rtmidi" not in sys.modules:
        path = choose(environment, listening(sockets), libraries(environment), os.getuid())
    if path is None:
        return None
    if "PIPEWIRE_QUANTUM" not in os.environ:
        os.environ.setdefault("PIPEWIRE_LATENCY", LATENCY)
    try:
        ctypes.CDLL(str(path), ctypes.RTLD_GLOBAL)
    except OSError:
        return None
    return path


def nobody_serves(
    environment: Mapping[str, str] = os.environ,
    sockets: Path = Path("/proc/net/unix"),
    files: Path = Path("/dev/shm"),
) -> bool:
    """Whether surely neither a JACK server nor PipeWire is there, and it is still open which of them this
    process will be served by: rtmidi is better not loaded yet."""
    sure = False
    if sys.platform == "linux" and "rtmidi" not in sys.modules:
        servers = listening(sockets)  # empty where the list cannot be read
        server = environment.get("JACK_DEFAULT_SERVER") or "default"
        # It may listen out of our sight, in another network namespace.
        hidden = (files / f"jack_{server}_{os.getuid()}_0").exists()
        if servers and not hidden and not any("jack" in path for path in servers):
            sure = choose(environment, servers, [Path("libjack")], os.getuid()) is None
    return sure


def choose(
    environment: Mapping[str, str], servers: Iterable[str], found: Iterable[Path], user: int
) -> Path | None:
    """The libjack of PipeWire that is to be used, None: rtmidi's own.

    Args:
        environment: of this process.
        servers: paths of the local sockets at which something listens.
        found: PipeWire's libjacks, those that the musician asked for first (``pw-jack``).
        user: the number of the user whose jackd is meant.
    """
    listens = set(servers)
    server = environment.get("JACK_DEFAULT_SERVER") or "default"
    if f"/dev/shm/jack_{server}_{user}_0" in listens:
        return None
    folder = environment.get("PIPEWIRE_RUNTIME_DIR") or environment.get("XDG_RUNTIME_DIR")
    remote = environment.get("PIPEWIRE_REMOTE") or "pipewire-0"
    if folder is None or str(Path(folder, remote)) not in listens:
        return None
    return next(iter(found), None)


def listening(sockets: Path) -> list[str]:
    """Paths of the local sockets at which something listens, from ``/proc/net/unix``."""
    try:
        rows = [line.split(maxsplit=7) for line in sockets.read_text("utf-8", "replace").splitlines()[1:]]
    except OSError:
        return []
    return [row[7] for row in rows if len(row) == 8 and int(row[3], 16) & _LISTENING]


def libraries(environment: Mapping[str, str], folders: Iterable[str] = _FOLDERS) -> list[Path]:
    """PipeWire's libjacks on this machine: where the loader was told to look, then where systems put them."""
    told = [Path(part) for part in environment.get("LD_LIBRARY_PATH", "").split(":") if part]
    usual = [
        place / "pipewire-0.3" / "jack"
        for folder in folders
        for place in sorted(Path("/").glob(folder.lstrip("/")))
    ]
    found = (folder / "libjack.so.0" for folder in (*told, *usual))
    return [path for path in found if "pipewire" in str(path.resolve()) and path.is_file()]
