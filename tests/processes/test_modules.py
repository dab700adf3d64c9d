"""What each process has loaded, asked of the running processes themselves."""

import subprocess
import sys
from pathlib import Path

import pytest

from jamtui.processes.control import ask
from jamtui.processes.options import SessionOptions
from tests.processes.wire import RunningBand, wait_until

pytestmark = pytest.mark.wire

SCREEN = {"textual", "rich"}
HEAVY = {"music21", "numpy", "sqlite3", "sqlite_vec", "apsw", "httpx", "ollama"}


def tops(modules: list[str]) -> set[str]:
    """Top-level packages, and of ours the packages below ``jamtui``."""
    return {".".join(m.split(".")[:2]) if m.startswith("jamtui.") else m.split(".")[0] for m in modules}


def test_no_process_loads_what_is_not_its_own(
    jamtui_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("JAMTUI_TEST_MODULES", str(tmp_path / "workers.txt"))
    options = SessionOptions(
        demo=True, autostart=True, generators=("tests.processes.generators:modules_writer",)
    )
    with RunningBand(options) as band:
        band.wait(lambda s: s.state == "playing", "playing")
        engine = tops(band.ask_engine("modules"))
        assert not engine & (SCREEN | HEAVY | {"asyncio"})
        assert not {m for m in engine if m in ("jamtui.console", "jamtui.library", "jamtui.generators")}
        assert {"rtmidi", "jamtui.session", "jamtui.playback", "jamtui.midi"} <= engine

        outlet = tops(ask(band.runtime, "outlet", "modules", "modules", 10.0))
        assert not outlet & (SCREEN | HEAVY | {"asyncio", "mido"})
        assert {m for m in outlet if m.startswith("jamtui.")} <= {
            f"jamtui.{m}" for m in ("config", "errors", "midi", "music", "paths", "playback", "processes")
        }

        supervisor = tops(ask(band.runtime, "supervisor", "modules", "modules", 10.0))
        assert not supervisor & (SCREEN | HEAVY | {"asyncio"})
        assert not supervisor & {"jamtui.console", "jamtui.library", "jamtui.generators"}

        wait_until(lambda: (tmp_path / "workers.txt").exists(), "the workers' modules")
        workers = tops((tmp_path / "workers.txt").read_text().split())
        assert not workers & (SCREEN | {"rtmidi", "music21", "jamtui.console", "jamtui.midi"})


def test_the_console_loads_no_ports_and_no_music_library(jamtui_home: Path) -> None:
    text = (
        "import sys, jamtui.processes.console, jamtui.console.launch, jamtui.console.app; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    console = tops(done.stdout.split())
    assert "textual" in console
    assert not console & (HEAVY - {"numpy"})
    assert not console & {"rtmidi", "jamtui.midi"}
