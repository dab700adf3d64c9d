"""Where jamtui keeps things. ``JAMTUI_HOME`` moves all of it under one folder.

Nothing is created here but by ``runtime_dir``: whoever writes makes the folder. platformdirs is imported
only when it is asked, so that this module costs nothing at start.
"""

import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path

from jamtui.errors import ConfigError

HOME_VARIABLE = "JAMTUI_HOME"
"""Environment variable that puts every folder under the one it names."""

SOCKET_PATH_LIMIT = 100
"""Bytes a Unix socket's whole path may have, with a little room (Linux 108, macOS 104)."""

_LONGEST_SOCKET_NAME = 24


def home() -> Path | None:
    """The folder named by ``JAMTUI_HOME``, None where it is not set."""
    value = os.environ.get(HOME_VARIABLE, "")
    return Path(value).expanduser().absolute() if value else None


def _dir(name: str, kind: str) -> Path:
    root = home()
    if root is not None:
        return root / name
    import platformdirs

    # appauthor False: no second "jamtui" level on Windows.
    found: Path = getattr(platformdirs, f"user_{kind}_path")("jamtui", appauthor=False)
    return found


def config_dir() -> Path:
    """Folder of the configuration file."""
    return _dir("config", "config")


def config_file() -> Path:
    """The configuration file, whether it exists or not."""
    return config_dir() / "config.toml"


def data_dir() -> Path:
    """What the musician has grown: the phrase store, own styles."""
    return _dir("data", "data")


def library_file() -> Path:
    """The phrase library: one SQLite file."""
    return data_dir() / "library.db"


def prepared_dir() -> Path:
    """Choruses that were written before the show: one file per chart and style."""
    return data_dir() / "prepared"


def state_dir() -> Path:
    """Journals and logs."""
    return _dir("state", "state")


def journal_dir() -> Path:
    """One folder per session's journal, unless the configuration names another place."""
    return state_dir() / "journals"


def log_dir() -> Path:
    """Logs of the processes that have no screen."""
    return state_dir() / "logs"


def cache_dir() -> Path:
    """What can be made again: the compiled reflex book."""
    return _dir("cache", "cache")


def runtime_dir() -> Path:
    """Sockets, lock, key and ledger of the running band; made, readable by its owner only.

    The path is short enough that a socket in it can be bound: a home that lies too deep is replaced by a
    folder in the system's temporary place, named after it.

    Raises:
        ConfigError: the folder cannot be made, or belongs to somebody else.
    """
    root = home()
    if root is not None:
        folder = root / "run"
        name = f"jamtui-{_user()}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:12]}"
    elif sys.platform == "win32":
        return _private(_dir("runtime", "runtime"))
    else:
        base = os.environ.get("XDG_RUNTIME_DIR", "")
        name = f"jamtui-{_user()}"
        folder = Path(base) / "jamtui" if base and Path(base).is_dir() else Path(tempfile.gettempdir()) / name
    if sys.platform != "win32" and len(os.fsencode(folder)) + _LONGEST_SOCKET_NAME > SOCKET_PATH_LIMIT:
        # macOS' temporary folder is itself some 50 bytes long; /tmp is there on every Unix.
        folder = Path("/tmp") / name
    return _private(folder)


def own_styles_dir() -> Path:
    """Where the musician's own style profiles are looked for; it need not exist."""
    return data_dir() / "styles"


def styles_dir() -> Path:
    """The style profiles that ship with the program (source tree or wheel).

    Raises:
        ConfigError: the installation is incomplete.
    """
    return _shipped("styles")


def phrase_library_dir() -> Path:
    """The starter phrases that ship with the program (source tree or wheel).

    Raises:
        ConfigError: the installation is incomplete.
    """
    return _shipped("phrase_library")


def _shipped(name: str) -> Path:
    from importlib.resources import files

    package = Path(str(files("jamtui")))
    for folder in (package / "_data" / name, package.parent / name):
        if folder.is_dir() and (
            folder.parent.name == "_data" or (package.parent / "pyproject.toml").exists()
        ):
            return folder
    raise ConfigError(
        f"the {name} folder that belongs to jamtui is missing beside {package}; install jamtui again"
    )


def _user() -> str:
    user = os.environ.get("USERNAME", "user")
    if sys.platform != "win32":
        user = str(os.getuid())
    return user


def _private(folder: Path) -> Path:
    """Make ``folder`` with mode 0700; refuse one that others own or can write (it may be in /tmp)."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if sys.platform != "win32":
            info = folder.lstat()
            if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
                raise ConfigError(f"{folder} belongs to somebody else; remove it or set {HOME_VARIABLE}")
            if stat.S_IMODE(info.st_mode) & 0o077:
                folder.chmod(0o700)
    except OSError as error:
        raise ConfigError(
            f"cannot use {folder} for the running band ({error.strerror}); set {HOME_VARIABLE} to a folder "
            "you can write"
        ) from error
    return folder
