"""What can stand in the way of a start, and what a dead band leaves for the next."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from jamtui import paths
from jamtui.errors import ConfigError, LinkError
from jamtui.processes.client import EngineLink
from jamtui.processes.control import BandError, start_band, stop_band, wait_for_band
from jamtui.processes.leftovers import FILES
from jamtui.processes.lock import band_is_running
from jamtui.processes.options import SessionOptions
from tests.processes.wire import PATIENCE_S, RunningBand

NO_MIDI = '[midi]\napi = "none"\n'


def test_a_second_band_is_refused_and_harms_the_first_in_nothing(jamtui_home: Path) -> None:
    with RunningBand(SessionOptions(seed=7), config=NO_MIDI, graph=False) as band:
        engine = band.pid("engine")
        with pytest.raises(LinkError, match=r"already running.*jamtui attach.*jamtui stop"):
            start_band(band.runtime, paths.log_dir(), SessionOptions(demo=True))
        command = [sys.executable, "-m", "jamtui", "play", "--headless", "--seconds", "1"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode != 0
        assert done.stderr.strip().splitlines() == [
            "jamtui: a band is already running; `jamtui attach` joins it, `jamtui stop` ends it"
        ]
        # one that looked before the first had its lock: its supervisor finds it held
        late = subprocess.run(
            [sys.executable, "-m", "jamtui.processes.supervisor", "--options", SessionOptions(seed=8).text()],
            capture_output=True,
            text=True,
        )
        assert late.returncode == LinkError.exit_code
        assert "already running" in late.stderr
        assert not (band.runtime / "failure.txt").exists()
        assert SessionOptions.load(band.runtime).seed == 7
        assert band.pid("engine") == engine
        assert band.report()["seed"] == 7


def test_what_a_dead_band_left_does_not_prevent_a_start(jamtui_home: Path) -> None:
    runtime = paths.runtime_dir()
    for name in (*FILES, "supervisor.lock", "failure.txt"):
        (runtime / name).write_bytes(b"left over")
    with RunningBand(SessionOptions(), config=NO_MIDI, graph=False) as band:
        assert band.snapshot().state == "stopped"
        assert len((runtime / "key").read_bytes()) == 32
        assert stat.S_IMODE(os.stat(runtime).st_mode) == 0o700
        band.stop()
        assert sorted(p.name for p in runtime.iterdir()) == ["supervisor.lock"]


def test_a_runtime_folder_that_cannot_be_used_is_said(jamtui_home: Path) -> None:
    (jamtui_home / "run").write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match=r"cannot use .* for the running band.*JAMTUI_HOME"):
        paths.runtime_dir()
    done = subprocess.run([sys.executable, "-m", "jamtui", "stop"], capture_output=True, text=True)
    assert done.returncode == ConfigError.exit_code
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_start_that_fails_says_why_and_leaves_nothing(jamtui_home: Path) -> None:
    runtime = paths.runtime_dir()
    paths.config_file().parent.mkdir()
    paths.config_file().write_text(NO_MIDI)
    supervisor = start_band(runtime, paths.log_dir(), SessionOptions(style="polka"), tied=True)
    link = EngineLink(runtime, "headless")
    try:
        with pytest.raises(BandError, match='no style "polka"'):
            wait_for_band(link, runtime, supervisor)
        assert supervisor.wait(PATIENCE_S) == 1
    finally:
        link.close()
        stop_band(runtime)
        supervisor.wait()
        assert supervisor.stdin is not None
        supervisor.stdin.close()
    assert not band_is_running(runtime)
    assert sorted(p.name for p in runtime.iterdir()) == ["failure.txt", "supervisor.lock"]


@pytest.mark.skipif(sys.platform == "win32", reason="permission bits are POSIX")
@pytest.mark.slow
def test_files_of_a_band_are_its_owners_alone(jamtui_home: Path) -> None:
    with RunningBand(SessionOptions(demo=True, autostart=True), config=NO_MIDI, graph=False) as band:
        band.wait(lambda s: s.state == "playing", "playing")
        band.stop()
        (journal,) = paths.journal_dir().glob("*.jsonl")
        for path in (journal, *paths.log_dir().glob("*.log")):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.slow
def test_a_journal_that_cannot_be_written_is_said_and_costs_no_note(jamtui_home: Path) -> None:
    blocked = jamtui_home / "a file"
    blocked.write_text("no folder")
    config = f'{NO_MIDI}[journal]\nfolder = "{blocked}"\n'
    options = SessionOptions(demo=True, autostart=True, tempo=240.0)
    with RunningBand(options, config=config, graph=False) as band:
        band.wait(lambda s: any("journal cannot be written" in n for n in s.notices), "the notice")
        assert "journal cannot be written" in band.snapshot().recording
        assert band.report()["journal"] is None
        bar = band.snapshot().bar
        band.wait(lambda s: s.bar > bar + 1, "two bars more")
        assert band.report()["notes_sent"] > 0
        blocked.unlink()  # mended while playing: it is written from then on
        band.wait(lambda s: not s.notices, "the notice gone")
        assert band.snapshot().recording.endswith(".jsonl")
        assert list(blocked.glob("*.jsonl"))
