"""The built wheel, alone in a fresh environment outside the checkout, plays the demo."""

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def do(*command: str, cwd: Path, home: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run ``command`` in ``cwd`` and show what it said where it fails."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    if home is not None:
        environment["JAMTUI_HOME"] = str(home)
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    do(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder), str(ROOT), cwd=folder)
    (built,) = folder.glob("jamtui-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of a fresh environment that has nothing but the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(folder, with_pip=True)
    commands = folder / ("Scripts" if sys.platform == "win32" else "bin")
    do(str(commands / "python"), "-m", "pip", "install", "-q", str(wheel), cwd=folder)
    return commands


def test_styles_and_phrases_are_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for folder in ("styles", "phrase_library"):
        shipped = {
            f"jamtui/_data/{path.relative_to(ROOT).as_posix()}" for path in ROOT.glob(f"{folder}/**/*.toml")
        }
        assert len(shipped) >= 6
        assert shipped <= names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "styles/"))]


def test_the_demo_plays_from_the_wheel(installed: Path, jamtui_home: Path, tmp_path: Path) -> None:
    command = str(installed / "jamtui")
    report = tmp_path / "report.json"
    do(
        command,
        *("play", "--headless", "--demo", "--tempo", "240", "--seed", "1"),
        *("--seconds", "12", "--report", str(report)),
        cwd=tmp_path,
        home=jamtui_home,
    )
    told = json.loads(report.read_text(encoding="utf-8"))
    assert told["notes_sent"] > 50
    assert told["hung_notes"] == 0
    assert told["chords"] > 2
    journal = Path(told["journal"])
    assert journal.is_relative_to(jamtui_home)
    assert journal.stat().st_size > 0


def test_it_is_the_wheel_that_plays(installed: Path, jamtui_home: Path, tmp_path: Path) -> None:
    where = "import jamtui, jamtui.paths as p; print(jamtui.__file__); print(p.styles_dir())"
    done = do(str(installed / "python"), "-c", where, cwd=tmp_path, home=jamtui_home)
    for path in done.stdout.splitlines():
        assert Path(path).is_relative_to(installed.parent)
        assert not Path(path).is_relative_to(ROOT)
