"""What `jamtui play --headless` says while it plays."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from jamtui import paths
from jamtui.errors import LinkError
from jamtui.processes.control import ask, stop_band
from jamtui.processes.headless import Teller

GONE = "the input Nord disappeared; plug it in again"


def test_a_notice_is_said_when_it_comes_up_and_again_when_it_comes_back() -> None:
    teller = Teller()
    assert teller.new([], [GONE]) == [GONE]
    assert teller.new([], [GONE]) == []
    assert teller.new([], []) == []
    assert teller.new([], [GONE]) == [GONE]


def test_what_is_event_and_notice_is_said_once_whichever_comes_first() -> None:
    teller = Teller()
    assert teller.new([GONE], []) == [GONE]
    assert teller.new([], [GONE]) == []
    assert teller.new(["the input Nord is back"], []) == ["the input Nord is back"]
    assert teller.new([], [GONE]) == [GONE]
    assert teller.new([GONE], [GONE]) == []
    assert teller.new([], []) == []
    assert teller.new([GONE], [GONE]) == [GONE]


def test_an_event_may_come_as_often_as_it_happens() -> None:
    teller = Teller()
    assert teller.new(["panic", "panic"], []) == ["panic", "panic"]
    assert teller.new(["panic"], []) == ["panic"]


def test_a_long_session_is_not_remembered_event_by_event() -> None:
    teller = Teller()
    teller.new([GONE], [GONE])
    for bar in range(1000):
        assert teller.new([f"style blues at bar {bar}"], [GONE]) == [f"style blues at bar {bar}"]
    assert len(teller._events) < 100
    assert teller.new([], []) == []
    assert teller.new([GONE], [GONE]) == [GONE]


@pytest.mark.slow
def test_a_run_that_is_stopped_from_another_shell_ends_well(jamtui_home: Path) -> None:
    path = jamtui_home / "report.json"
    command = [sys.executable, "-m", "jamtui", "play", "--headless", "--demo", "--null-output"]
    with subprocess.Popen([*command, "--report", str(path)], stderr=subprocess.PIPE, text=True) as run:
        until = time.monotonic() + 60
        while "headless" not in _clients():
            assert time.monotonic() < until, "the run is awaited in vain"
            time.sleep(0.05)
        time.sleep(1)  # most likely it has a report by then
        assert stop_band(paths.runtime_dir())
        said = run.communicate(timeout=60)[1]
    assert "Traceback" not in said
    if path.exists():
        assert run.returncode == 0, said
    else:
        assert (run.returncode, "no report" in said) == (1, True)


def _clients() -> list[str]:
    try:
        return list(ask(paths.runtime_dir(), "engine", "report", "report")["clients"])
    except LinkError:
        return []
