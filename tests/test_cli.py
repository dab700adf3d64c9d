"""The command line from outside: exit statuses, and one sentence for everything that may be wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jamtui import __version__
from jamtui.cli import run
from jamtui.processes.control import stop_band
from jamtui.processes.lock import InstanceLock, band_is_running
from jamtui.processes.picture import parse_size

pytestmark = pytest.mark.real_time

PATIENCE_S = 60
NO_PORTS = 'midi.api = "none"\n'


def jamtui(
    *arguments: str, stdin: str = "", timeout: float = PATIENCE_S
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "jamtui", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def sentence(capfd: pytest.CaptureFixture[str]) -> str:
    """What was said on standard error; one line, and nothing on standard output."""
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("jamtui: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err.strip()


def refused(*arguments: str) -> int:
    """Exit status of a command that argparse may end itself."""
    try:
        return run(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)


def configure(home: Path, text: str) -> None:
    folder = home / "config"
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(text, encoding="utf-8")


def test_version_both_ways(capfd: pytest.CaptureFixture[str]) -> None:
    done = jamtui("--version")
    assert (done.returncode, done.stdout) == (0, f"jamtui {__version__}\n")
    for arguments in (["--version"], ["-V", "play"], ["--demo", "--version"]):
        assert run(arguments) == 0
        assert capfd.readouterr().out == f"jamtui {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--demo", "--style", "blus"], 'did you mean "blues"?'),
        (["play", "--headless", "--style", "zzz"], "choose one of ballad, "),
        (["play", "--headless", "--chart", "Dm7 | Hx9"], "Hx9"),
        (["play", "--headless", "--tempo", "fast"], "a tempo from 20 to 400, not 'fast'"),
        (["play", "--headless", "--seconds", "-1"], "a number of seconds above 0"),
        (["play", "--headless", "--seed", "-1"], "a seed as a whole number from 0 to"),
        (["--seed", "tune"], "a seed as a whole number from 0 to"),
        (["--seed", str(2**63)], "a seed as a whole number from 0 to 9223372036854775807"),
        (["play", "--headless", "--grid", "1/7"], "choose from 'free', '1/8', '1/16'"),
        (["play", "--headless", "--report", "no such folder/r.json"], "there is no folder no such folder"),
        (["play", "--seconds", "3"], "jamtui play --headless"),
        (["dance"], "invalid choice: 'dance'"),
        (["stpo"], "there is no 'stpo'; did you mean 'stop'?"),
        (["--meter", "3/8"], "choose from '4/4', '3/4'"),
        (["library", "serch"], "there is no 'serch'; did you mean 'search'?"),
        (["chord", "60 64 xyz"], "xyz"),
        (["chord", "60 64 200"], "0 to 127"),
        (["chord", "60 ?"], "not a note"),
        (["screenshot", "--size", "12"], "--size 120x40"),
        (["screenshot", "stage.png"], ".svg"),
        (["screenshot", "no such folder/stage.svg"], "there is no folder"),
        (["bench", "live", "--only", "luck"], "luck"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    jamtui_home: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert refused(*arguments) in (1, 2)
    assert said in sentence(capfd)
    assert not band_is_running(jamtui_home / "run")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[playing]\ntempoo = 120\n",
            'line 2: "tempoo" in [playing] is no setting of jamtui; did you mean "tempo"?',
        ),
        ("[playing]\ntempo = 9000\n", "from 20 to 400"),
        ("[playing\n", "is not valid TOML"),
    ],
)
@pytest.mark.parametrize("command", [["play", "--headless", "--demo"], ["--demo"], ["ports"]])
def test_a_bad_configuration_starts_nothing(
    jamtui_home: Path, capfd: pytest.CaptureFixture[str], command: list[str], text: str, said: str
) -> None:
    configure(jamtui_home, text)
    assert run(command) == 2
    assert said in sentence(capfd)
    assert not band_is_running(jamtui_home / "run")


def test_a_bad_style_in_the_configuration_is_said_by_the_command(
    jamtui_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    configure(jamtui_home, NO_PORTS + '[playing]\nstyle = "swign"\n')
    before = signal.getsignal(signal.SIGINT)
    assert run(["play", "--headless", "--demo", "--seconds", "5"]) == 1
    assert 'did you mean "swing"?' in sentence(capfd)
    assert not band_is_running(jamtui_home / "run")
    # Ctrl-C is the caller's again.
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("command", ["attach", "panic", "screenshot"])
def test_without_a_band_there_is_nothing_to_join(
    jamtui_home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("jamtui.processes.console.has_terminal", lambda: True)
    assert run([command]) == 4
    assert "no band is running" in sentence(capfd)


def test_stopping_no_band_is_no_error(jamtui_home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["stop"]) == 0
    assert capfd.readouterr() == ("no band was running\n", "")


@pytest.mark.parametrize("command", [[], ["attach"], ["play"]])
def test_without_a_terminal_the_way_without_one_is_named(
    jamtui_home: Path, capfd: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert run(command) == 1
    assert "jamtui play --headless" in sentence(capfd)
    assert not band_is_running(jamtui_home / "run")


def test_a_second_band_is_refused(
    jamtui_home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jamtui.processes.console.has_terminal", lambda: True)
    lock = InstanceLock(jamtui_home / "run")
    try:
        for command in (["play", "--headless", "--demo"], ["--demo"], ["play", "--style", "bossa"]):
            assert run(command) == 4
            assert "`jamtui attach`" in sentence(capfd)
    finally:
        lock.release()


def test_keys_that_cannot_be_used_start_no_band(
    jamtui_home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jamtui.processes.console.has_terminal", lambda: True)
    configure(jamtui_home, '[keys]\npanic = "e"\n')
    assert run(["--demo"]) == 2
    assert "is given to" in sentence(capfd)
    assert not band_is_running(jamtui_home / "run")


def test_a_voicing_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["chord", "60 64 67 71"]) == 0
    assert capfd.readouterr().out.startswith("Cmaj7")
    assert run(["chord", "--json", "C4", "E4", "G4", "B4"]) == 0
    named = json.loads(capfd.readouterr().out)
    assert (named["symbol"], named["root"], named["bass"]) == ("Cmaj7", "C", "C")
    assert set(named) == {"symbol", "alternatives", "root", "bass"}


def test_every_line_gets_its_answer() -> None:
    done = jamtui("chord", "--json", "-", stdin="60 64 67\n\n  \n62 65 69 72\n999\n52 60 67\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["symbol"] for a in answers] == ["C", "N.C.", "N.C.", "Dm7", None, "C/E"]
    assert "0 to 127" in answers[4]["error"]
    assert all(len(a["alternatives"]) == 2 for a in answers if a["symbol"] not in (None, "N.C."))
    assert (done.returncode, done.stderr) == (2, "")


def test_lines_without_json() -> None:
    done = jamtui("chord", "-", stdin="60 64 67\nx\n")
    assert done.stdout.startswith("C ")
    assert done.stderr.startswith("jamtui: ")
    assert done.returncode == 2


@pytest.mark.parametrize(
    "text", ["", "120", "120x", "x40", "19x40", "120x4", "1e3x40", "-120x40", "120x40x2"]
)
def test_a_size_that_is_none(text: str) -> None:
    with pytest.raises(Exception, match="--size 120x40"):
        parse_size(text)


def test_sizes() -> None:
    assert [parse_size(s) for s in ("120x40", " 80 X 24 ", "200×60")] == [(120, 40), (80, 24), (200, 60)]


@contextmanager
def playing(home: Path, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """A headless band without ports, from its first snapshot on."""
    configure(home, NO_PORTS)
    process = subprocess.Popen(
        [sys.executable, "-m", "jamtui", "play", "--headless", "--demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        end = time.monotonic() + PATIENCE_S
        while not (home / "run" / "engine.sock").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.05)
        yield process
    finally:
        stop_band(home / "run")
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="waits for the engine's Unix socket")
def test_a_running_band_is_drawn_silenced_and_stopped_from_other_shells(
    jamtui_home: Path, tmp_path: Path
) -> None:
    with playing(jamtui_home, "--seed", "1") as band:
        picture = tmp_path / "stage.svg"
        done = jamtui("screenshot", str(picture), "--size", "100x30")
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{picture}\n", "")
        drawn = picture.read_text(encoding="utf-8")
        assert 'viewBox="0 0 1028 628"' in drawn
        assert "demo" in drawn
        assert jamtui("panic").stdout == "all notes ended\n"
        assert "already running" in jamtui("play", "--headless").stderr
        assert jamtui("stop").stdout == "stopped\n"
        _, err = band.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in err
    assert not band_is_running(jamtui_home / "run")


@pytest.mark.skipif(sys.platform == "win32", reason="waits for the engine's Unix socket")
def test_an_interrupted_band_reports_and_ends_its_notes(jamtui_home: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with playing(jamtui_home, "--report", str(report)) as band:
        while jamtui("screenshot", str(tmp_path / "s.svg")).returncode:
            assert band.poll() is None
        os.kill(band.pid, signal.SIGINT)
        assert band.wait(PATIENCE_S) == 0
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["version"] == __version__
    assert told["hung_notes"] == 0


@pytest.mark.slow
def test_the_demo_plays_its_form_where_there_is_no_terminal(jamtui_home: Path, tmp_path: Path) -> None:
    configure(jamtui_home, NO_PORTS)
    # Whatever lies in the folder where the command is typed is not imported by the band.
    (tmp_path / "random.py").write_text("raise SystemExit('imported from the folder')\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "jamtui", "--demo", "--tempo", "400"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0
    said = done.stderr.splitlines()
    assert said[0] == "jamtui: there is no terminal here, so the demo plays its 32 bars without the screen"
    told = json.loads(done.stdout)
    assert told["state"] == "stopped"
    assert told["bar"] > 32
    assert told["notes_sent"] > 500
    assert (told["hung_notes"], told["sounding_now"]) == (0, 0)
    assert not band_is_running(jamtui_home / "run")
