"""What the supervisor makes of the way in which a process ended."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jamtui.processes.exits import EXIT_AGAIN
from jamtui.processes.supervisor import Child, Supervisor


@pytest.fixture
def watched(jamtui_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Supervisor, list[str]]]:
    started: list[str] = []

    def start(self: Supervisor, child: Child, restore: str = "") -> None:
        started.append(restore)
        child.restart_at, child.restore = None, restore

    monkeypatch.setattr(Supervisor, "_start", start)
    one = Supervisor(jamtui_home / "run", jamtui_home / "logs")
    yield one, started
    one._wind_up()


def ended(one: Supervisor, code: int) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE)
    process.wait()
    one._engine.process = process
    one._on_exit(one._engine, process, code)


def test_an_engine_that_missed_another_process_comes_again_as_it_was_and_no_crash_is_counted(
    watched: tuple[Supervisor, list[str]],
) -> None:
    one, started = watched
    ended(one, 1)
    one._engine.restore = started[-1]
    for again in range(2, 10):
        ended(one, EXIT_AGAIN)
        one._look_around()
        assert len(started) == again - 1  # a moment later, not at once
        one._engine.restart_at = 0.0
        one._look_around()
        assert started == ["--restore"] * again
    assert len(one._engine.deaths) == 1
    assert not one._over
