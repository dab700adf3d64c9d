"""What each command loads: a stage is dark and cold, and nobody waits for what is not used."""

import subprocess
import sys

import pytest

HEAVY = {"textual", "rich", "numpy", "rtmidi", "mido", "music21", "sqlite3", "sqlite_vec", "httpx", "ollama"}


def loaded_after(code: str) -> set[str]:
    """Names of the modules that are loaded once ``code`` has run, by a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint()\nprint(*sorted(sys.modules))"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


def packages(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def command(*arguments: str) -> str:
    return f"import sys\nsys.argv = {['jamtui', *arguments]!r}\nfrom jamtui.__main__ import main\nmain()"


def test_version_loads_nothing() -> None:
    loaded = loaded_after(command("--version")) - loaded_after("pass")
    assert {name for name in loaded if name.startswith("jamtui")} == {"jamtui", "jamtui.__main__"}
    assert packages(loaded) & (HEAVY | {"argparse", "json", "pathlib", "asyncio", "platformdirs"}) == set()


def test_naming_a_chord_loads_music_alone() -> None:
    loaded = loaded_after(command("chord", "60 64 67"))
    assert packages(loaded) & (HEAVY | {"asyncio", "multiprocessing"}) == set()
    ours = {name.split(".")[1] for name in loaded if name.startswith("jamtui.")}
    assert ours <= {"__main__", "cli", "errors", "music"}


@pytest.mark.parametrize("line", ["stop", "panic", "screenshot"])
def test_commands_without_a_screen_do_not_load_one(line: str, jamtui_home: object) -> None:
    assert packages(loaded_after(command(line))) & {"textual", "rich", "numpy", "rtmidi", "mido"} == set()


@pytest.mark.parametrize(
    "module", ["jamtui.console.launch", "jamtui.console.screenshot", "jamtui.processes.console"]
)
def test_the_console_loads_no_library_and_no_generator(module: str) -> None:
    loaded = packages(loaded_after(f"import {module}"))
    assert (
        loaded & {"music21", "sqlite3", "sqlite_vec", "apsw", "httpx", "ollama", "numpy", "rtmidi", "mido"}
        == set()
    )


def test_the_engine_loads_neither_screen_nor_library() -> None:
    loaded = packages(loaded_after("import jamtui.processes.engine"))
    assert "jamtui" in loaded
    assert (
        loaded & {"textual", "rich", "music21", "sqlite3", "sqlite_vec", "apsw", "httpx", "ollama", "asyncio"}
        == set()
    )


def test_the_supervisor_loads_the_standard_library() -> None:
    assert packages(loaded_after("import jamtui.processes.supervisor")) & HEAVY == set()


def test_the_workers_load_neither_screen_nor_ports() -> None:
    loaded = packages(loaded_after("import jamtui.processes.workers"))
    assert loaded & {"textual", "rich", "rtmidi", "mido", "music21"} == set()
