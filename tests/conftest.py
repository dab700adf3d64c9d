"""For all tests: a JACK server of one's own, a home folder of one's own, how many examples Hypothesis tries,
and which tests may run at the same time."""

import ctypes
import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

REQUIRE_WIRE = "JAMTUI_REQUIRE_WIRE"
"""Environment variable: with ``1``, a test that needs JACK fails where there is none, instead of skipping."""

HERE = Path(__file__).parent

REAL_TIME = "real-time"
"""The group of tests that start a band or use ports: two of them at once would disturb each other."""

COMPUTING = frozenset(
    f"processes/test_{name}.py"
    for name in (
        "bench_figures",
        "bench_matching",
        "capture_in_a_band",
        "check_band",
        "codec",
        "engine_library",
        "ingest_beside",
        "keep_written",
        "library_commands",
        "library_worker",
        "llm",
        "prepare",
        "restart",
    )
)
"""Files of tests/processes in which no band plays and no port is open."""

LONGEST_FIRST = (
    "test_wheel.py",
    "generators/test_llama.py",
    "generators/test_ollama_failures.py",
    "library/ingest/test_run.py",
    "session/test_musicality.py",
)
"""Files that would be waited for at the end, one of the two processes idle, if they did not come first."""


COLOURS = ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
"""What a shell may say about colours. Tests that are about them say it themselves."""


def pytest_configure(config: pytest.Config) -> None:
    """Forget what the shell says about colours, and load Hypothesis' profile: ``fast`` where slow tests are
    left out, else ``full``.

    No example has a deadline: how long one takes says how busy the machine is. In CI the examples are the
    same each time, so that no change fails for what another one did. A profile that the command line names
    comes first.
    """
    for name in COLOURS:
        os.environ.pop(name, None)
    stable = bool(os.environ.get("CI"))
    settings.register_profile("full", max_examples=150, deadline=None, derandomize=stable)
    settings.register_profile("fast", max_examples=25, deadline=None, derandomize=stable)
    if config.getoption("--hypothesis-profile", None) is None:
        settings.load_profile("fast" if "not slow" in config.option.markexpr else "full")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two test processes for the whole suite, none beside this one for files that were named.

    One of the two begins with the tests in real time, which mostly wait; the other one computes.
    """
    return 2 if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


def pytest_collection_finish() -> None:
    """Take what was imported and collected out of the garbage collector's sight, and have it look less often:
    a sixth of the time that the tests compute went into walking through it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Every ``wire`` test runs on the dummy server, whether it names the fixture or not.

    Tests in real time run one after the other in one process; of the others, those of a file stay together.
    First of all: pytest-xdist reads the groups in the same hook.
    """
    for item in items:
        wire = item.get_closest_marker("wire") is not None
        item.add_marker(pytest.mark.xdist_group(_group(item, wire)))
        if wire and isinstance(item, pytest.Function) and "jack_server" not in item.fixturenames:
            item.fixturenames.insert(0, "jack_server")
    if hasattr(config, "workerinput"):
        items.sort(key=_turn)


def _group(item: pytest.Item, wire: bool) -> str:
    file = item.path.relative_to(HERE).as_posix()
    if wire or item.get_closest_marker("real_time") is not None:
        return REAL_TIME
    if item.path.is_relative_to(HERE / "processes"):
        return file if file in COMPUTING else REAL_TIME
    return file


def _turn(item: pytest.Item) -> int:
    """When the group of ``item`` is begun: the real-time tests first, since one process does them all."""
    (group,) = (mark.args[0] for mark in item.iter_markers("xdist_group"))
    order = (REAL_TIME, *LONGEST_FIRST)
    return order.index(group) if group in order else len(order)


@pytest.fixture(scope="session")
def jack_server() -> Iterator[str]:
    """Name of a running JACK server with the dummy driver, and ``JACK_DEFAULT_SERVER`` set to it.

    One per test process, so that parallel runs do not hear each other.
    """
    if shutil.which("jackd") is None:
        _without_wire("jackd is not installed (Debian: apt install jackd2)")
    name = f"jamtui-test-{os.getpid()}"
    before = os.environ.get("JACK_DEFAULT_SERVER")
    os.environ["JACK_DEFAULT_SERVER"] = name
    os.environ["JACK_NO_START_SERVER"] = "1"
    server = start_jack(name)
    try:
        yield name
    finally:
        stop_jack(server, name)
        if before is None:
            os.environ.pop("JACK_DEFAULT_SERVER", None)
        else:
            os.environ["JACK_DEFAULT_SERVER"] = before


@pytest.fixture(scope="session")
def book_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the compiled reflex book, so that it is compiled once and not for each band."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def jamtui_home(monkeypatch: pytest.MonkeyPatch, book_cache: Path) -> Iterator[Path]:
    """A ``JAMTUI_HOME`` whose path is short enough for sockets.

    Nothing is in it but the compiled reflex book, once a test has had it compiled.
    """
    folder = Path(tempfile.mkdtemp(prefix="jt", dir="/tmp" if sys.platform != "win32" else None))
    monkeypatch.setenv("JAMTUI_HOME", str(folder))
    shutil.copytree(book_cache, folder / "cache")
    yield folder
    for book in folder.glob("cache/reflex-*.book"):
        if not (book_cache / book.name).exists():
            shutil.copy2(book, book_cache)
    shutil.rmtree(folder, ignore_errors=True)


SYNCHRONOUS = ("--sync", "--timeout", "10")


def start_jack(name: str, mode: Sequence[str] = SYNCHRONOUS) -> "subprocess.Popen[bytes]":
    """Start a dummy JACK server and wait until it answers; skips (or fails) where it does not.

    Synchronous: the server waits for its clients in each period, so that a busy machine loses no message
    (without, 2 of 300 bursts at 64 frames). The clients of a killed process are then forgotten one after the
    other, each after ten times the timeout.
    """
    for _ in range(3):
        server = _launch(name, mode)
        if _answers(server):
            return server
        stop_jack(server, name)
        _free_places()
    return _without_wire("jackd with the dummy driver does not start here")


def stop_jack(server: "subprocess.Popen[bytes]", name: str) -> None:
    """End a server and what it leaves in shared memory.

    JACK has places for eight servers, and one that was killed keeps its place until a server of its name has
    started and ended in good order: so that is done here.
    """
    clean = server.poll() is None
    server.terminate()
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
        clean = False
    if not clean:
        _free_place(name)
    _remove_files(name)


def _launch(name: str, mode: Sequence[str] = SYNCHRONOUS) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        ["jackd", *mode, "--no-realtime", "-n", name, "-d", "dummy", "-r", "48000", "-p", "256"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,
    )


def _end_with_parent() -> None:
    """Have Linux end the server when the tests are killed (PR_SET_PDEATHSIG is 1)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _free_place(name: str) -> None:
    server = _launch(name)
    _answers(server)
    server.terminate()
    server.wait()
    _remove_files(name)


def _free_places() -> None:
    """Take back the places of test servers whose process is gone."""
    for left in Path("/dev/shm").glob("jack_jamtui-*_0"):
        name = left.name.removeprefix("jack_").rsplit("_", 2)[0]
        owner = name.rpartition("-")[2]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            _free_place(name)


def _remove_files(name: str) -> None:
    for pattern in (f"jack_{name}_*", f"jack_sem.*_{name}_*"):
        for left in Path("/dev/shm").glob(pattern):
            left.unlink(missing_ok=True)


def _answers(server: "subprocess.Popen[bytes]") -> bool:
    from jamtui.errors import PortError
    from jamtui.midi.jack import JackControl
    from jamtui.midi.port import quiet

    for _ in range(400):
        if server.poll() is not None:
            return False
        try:
            with quiet():
                JackControl("jamtui test").close()
        except PortError:
            time.sleep(0.025)
        else:
            return True
    return False


def _without_wire(reason: str) -> NoReturn:
    if os.environ.get(REQUIRE_WIRE) == "1":
        pytest.fail(f"{REQUIRE_WIRE}=1, but {reason}", pytrace=False)
    pytest.skip(reason)
