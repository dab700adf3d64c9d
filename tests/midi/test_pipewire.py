"""PipeWire in the place of jackd: which library is taken, and a real server of the test's own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jamtui.midi import pipewire
from jamtui.midi.pipewire import choose, libraries, listening, nobody_serves

HEAD = "Num       RefCount Protocol Flags    Type St Inode Path\n"
ON_PATH = Path("/usr/lib/x86_64-linux-gnu/pipewire-0.3/jack/libjack.so.0")
RUNTIME = {"XDG_RUNTIME_DIR": "/run/user/1"}
RUNS = "/run/user/1/pipewire-0"

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.skipif(sys.platform != "linux", reason="PipeWire is Linux's"),
]


def jackd(name: str) -> str:
    return f"/dev/shm/jack_{name}_7_0"


def test_pipewire_is_taken_where_it_runs() -> None:
    assert choose(RUNTIME, [RUNS], [ON_PATH], 7) == ON_PATH


def test_without_its_library_or_without_its_server_it_is_not() -> None:
    assert choose(RUNTIME, [RUNS], [], 7) is None
    assert choose(RUNTIME, ["/run/user/2/pipewire-0"], [ON_PATH], 7) is None
    assert choose({}, [RUNS], [ON_PATH], 7) is None


def test_a_running_jackd_comes_first_but_only_the_one_that_is_meant() -> None:
    assert choose(RUNTIME, [RUNS, jackd("default")], [ON_PATH], 7) is None
    named = RUNTIME | {"JACK_DEFAULT_SERVER": "stage"}
    assert choose(named, [RUNS, jackd("stage")], [ON_PATH], 7) is None
    assert choose(named, [RUNS, jackd("default")], [ON_PATH], 7) == ON_PATH


def test_pipewires_own_variables_say_where_it_listens() -> None:
    named = {"PIPEWIRE_RUNTIME_DIR": "/srv/pw", "PIPEWIRE_REMOTE": "studio", **RUNTIME}
    assert choose(named, ["/srv/pw/studio"], [ON_PATH], 7) == ON_PATH
    assert choose(named, [RUNS], [ON_PATH], 7) is None


def test_only_what_listens_counts(tmp_path: Path) -> None:
    table = tmp_path / "unix"
    table.write_text(
        HEAD
        + "0000000000000000: 00000002 00000000 00010000 0001 01 41 /run/a b\n"
        + "0000000000000000: 00000003 00000000 00000000 0001 03 42 /run/connected\n"
        + "0000000000000000: 00000003 00000000 00010000 0001 01 43\n",
        encoding="utf-8",
    )
    assert listening(table) == ["/run/a b"]
    assert listening(tmp_path / "absent") == []


def test_the_library_that_pw_jack_names_comes_before_the_systems(tmp_path: Path) -> None:
    told, usual = tmp_path / "told" / "pipewire-0.3" / "jack", tmp_path / "lib" / "pipewire-0.3" / "jack"
    for folder in (told, usual):
        folder.mkdir(parents=True)
        (folder / "libjack.so.0").touch()
    (tmp_path / "jack2").mkdir()
    (tmp_path / "jack2" / "libjack.so.0").touch()
    environment = {"LD_LIBRARY_PATH": f"{tmp_path / 'jack2'}:{told}"}
    assert libraries(environment, [str(tmp_path / "lib")]) == [told / "libjack.so.0", usual / "libjack.so.0"]


def test_surely_nobody_serves_only_where_all_that_listens_is_known_and_is_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delitem(sys.modules, "rtmidi", raising=False)
    environment = {"XDG_RUNTIME_DIR": "/run/user/1000"}

    def nobody(*paths: str) -> bool:
        rows = [f"0000: 00000002 00000000 00010000 0001 01 7 {path}\n" for path in paths]
        (tmp_path / "unix").write_text("Num RefCount Protocol Flags Type St Inode Path\n" + "".join(rows))
        return nobody_serves(environment, tmp_path / "unix", tmp_path)

    assert nobody("/run/dbus/socket")
    assert not nobody()
    assert not nobody("/run/dbus/socket", "/dev/shm/jack-1000/default/jack_0")
    assert not nobody("/run/user/1000/pipewire-0")
    assert not nobody_serves(environment, tmp_path / "none", tmp_path)
    (tmp_path / f"jack_default_{os.getuid()}_0").touch()
    assert not nobody("/run/dbus/socket")
    monkeypatch.setitem(sys.modules, "rtmidi", os)
    (tmp_path / f"jack_default_{os.getuid()}_0").unlink()
    assert not nobody("/run/dbus/socket")


def test_it_is_too_late_once_rtmidi_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmidi", object())
    monkeypatch.setattr(pipewire, "choose", lambda *_: pytest.fail("nothing is to be chosen any more"))
    assert pipewire.serve_jack() is None


class Server:
    """A PipeWire of the test's own, in a folder where only those look who are told."""

    def __init__(self, folder: str) -> None:
        self.environment = os.environ | {"XDG_RUNTIME_DIR": folder, "JAMTUI_HOME": str(Path(folder, "home"))}
        self.environment.pop("JACK_DEFAULT_SERVER", None)
        self._socket = str(Path(folder, "pipewire-0"))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        silent = subprocess.DEVNULL
        self._process = subprocess.Popen(
            ["pipewire"], env=self.environment, stdin=silent, stdout=silent, stderr=silent
        )
        until = time.monotonic() + 10
        while self._socket not in listening(Path("/proc/net/unix")):
            if self._process.poll() is not None or time.monotonic() > until:
                pytest.skip("PipeWire does not start here")
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


@pytest.fixture(scope="module")
def pipewire_server() -> Iterator[Server]:
    """A server that may be stopped and started."""
    if shutil.which("pipewire") is None or not libraries(os.environ):
        pytest.skip("PipeWire with its libjack is not installed (Debian: apt install pipewire pipewire-jack)")
    folder = tempfile.mkdtemp(prefix="pw", dir="/tmp")
    server = Server(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(pipewire_server: Server) -> dict[str, str]:
    """The environment of programs that are to find it."""
    return pipewire_server.environment


def jamtui(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "jamtui", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90).stdout


def test_a_message_goes_round_through_pipewire(server: dict[str, str]) -> None:
    checks = {check["name"]: check for check in json.loads(jamtui(server, "doctor", "--json"))}
    assert checks["MIDI"]["detail"] == "PipeWire, virtual ports"
    assert "over 200 notes" in checks["Loopback"]["detail"]


def test_the_band_plays_into_pipewire(server: dict[str, str], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    jamtui(server, "play", "--headless", "--demo", "--seconds", "3", "--report", str(report))
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["output"] == "virtual ports jamtui lead, bass, comp, drums (PipeWire)"
    assert told["notes_sent"] > 0
    assert told["hung_notes"] == 0


@pytest.mark.slow
def test_a_band_has_its_ports_again_when_pipewire_was_restarted(
    pipewire_server: Server, tmp_path: Path
) -> None:
    environment, report, said = pipewire_server.environment, tmp_path / "report.json", tmp_path / "said"

    def wait_for(done: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + 60
        while not done():
            assert time.monotonic() < until, f"{what} is awaited in vain; said was: {said.read_text()}"
            time.sleep(0.2)

    def all_there() -> bool:
        ports = jamtui(environment, "ports")
        return all(f"jamtui {name}" in ports for name in ("lead", "bass", "comp", "drums", "thru", "in"))

    command = [sys.executable, "-m", "jamtui", "play", "--headless", "--demo", "--report", str(report)]
    with said.open("w") as errors:
        band = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=errors)
    try:
        wait_for(all_there, "the band's ports")
        pipewire_server.stop()
        wait_for(lambda: "PipeWire stopped" in said.read_text(), "what is the matter")
        pipewire_server.start()
        wait_for(all_there, "the band's ports with the server")
    finally:
        band.send_signal(signal.SIGINT)
        band.wait(60)
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["output"] == "virtual ports jamtui lead, bass, comp, drums (PipeWire)"
    assert told["hung_notes"] == 0
