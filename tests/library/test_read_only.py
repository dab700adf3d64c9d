"""A library that lies where nobody can write: it can be looked into, and whatever would write says so."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mido
import pytest

from jamtui.library.store.sqlite import SqliteStore
from tests.library.material import file, lines

LINUX = sys.platform.startswith("linux")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or (ROOT and not LINUX), reason="permissions do not bind this user here"
)

CHILD = """
import contextlib, io, json, sys
from jamtui.cli import run

answers = []
for line in sys.argv[1:]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run(line.split())
    answers.append((status, out.getvalue(), err.getvalue()))
print(json.dumps(answers))
"""


def bound() -> None:
    """Let permissions bind root too: its right to pass over them (CAP_DAC_OVERRIDE) goes at the next exec."""
    import ctypes

    pr_capbset_drop, cap_dac_override = 24, 1
    assert ctypes.CDLL(None).prctl(pr_capbset_drop, cap_dac_override, 0, 0, 0) == 0


def ask(home: Path, *lines: str) -> list[tuple[int, str, str]]:
    """What `jamtui LINE` answers for each line: status, output, errors."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *lines],
        env=os.environ | {"JAMTUI_HOME": str(home)},
        preexec_fn=bound if ROOT else None,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [(status, out, err) for status, out, err in json.loads(done.stdout)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home whose data folder, with forty phrases in it, cannot be written."""
    data = tmp_path / "home" / "data"
    data.mkdir(parents=True)
    with SqliteStore.open(data / "library.db") as store:
        store.add(file("one"), lines(40))
    data.chmod(0o555)
    yield data.parent
    data.chmod(0o755)


def test_it_can_be_looked_into(home: Path, tmp_path: Path) -> None:
    library = home / "data" / "library.db"
    before = library.read_bytes()
    midi, copy = tmp_path / "x.mid", tmp_path / "copy.db"
    stats, search, show, export, backup = ask(
        home, "library stats --json", "library search --json Dm7", "library show --json 3",
        f"library export {midi} 3 4", f"library backup {copy}",
    )  # fmt: skip
    assert [(status, err) for status, _, err in (stats, search, show, export, backup)] == [(0, "")] * 5
    assert json.loads(stats[1])["phrases"] == 40
    assert len(json.loads(search[1])["hits"]) == 8
    assert len(json.loads(show[1])["alike"]) == 5
    assert sum(m.type == "note_on" for track in mido.MidiFile(midi).tracks for m in track) > 0
    with SqliteStore.open(copy) as store:
        assert store.stats().phrases == 40
    assert library.read_bytes() == before
    assert os.listdir(home / "data") == ["library.db"]


def test_what_would_write_says_what_to_do(home: Path, tmp_path: Path) -> None:
    (tmp_path / "midis").mkdir()
    for status, out, err in ask(
        home, "library forget one.mid", "library vacuum", f"ingest {tmp_path / 'midis'}"
    ):
        assert (status, out) == (5, "")
        assert "can be read but not written; make its folder writable" in err
        assert err.count("\n") == 1


def test_a_dry_run_needs_no_library(home: Path, tmp_path: Path) -> None:
    song = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    song.tracks.append(track)
    for pitch in [60, 64, 67, 71, 69, 65, 62, 59] * 8:
        track.append(mido.Message("note_on", note=pitch, velocity=80))
        track.append(mido.Message("note_off", note=pitch, time=240))
    song.save(tmp_path / "song.mid")
    data = home / "data"
    data.chmod(0o755)
    (data / "library.db").write_bytes(b"not a library any more" * 10)
    for folder in (data, home):
        folder.chmod(0o555)
    try:
        ((status, out, _),) = ask(home, f"ingest --dry-run --json --workers 1 {tmp_path / 'song.mid'}")
        assert (status, json.loads(out)["taken"]) == (0, 1)
        assert os.listdir(data) == ["library.db"]
    finally:
        home.chmod(0o755)


def test_one_that_was_not_closed_there_is_said(home: Path) -> None:
    data = home / "data"
    data.chmod(0o755)
    child = "import os, pathlib, sys; from jamtui.library.store.opening import open_library as o\n"
    child += "store = o(pathlib.Path(sys.argv[1])); store.mark(5, kept=True); os._exit(0)"
    subprocess.run([sys.executable, "-c", child, str(data / "library.db")], check=True, timeout=60)
    (data / "library.db-shm").unlink()
    data.chmod(0o555)
    ((status, _, err),) = ask(home, "library stats")
    assert status == 5
    assert "was not closed before its folder became read-only; copy both files" in err
    data.chmod(0o755)
    ((status, out, _),) = ask(home, "library stats --json")
    assert (status, json.loads(out)["kept"]) == (0, 1)


def test_where_there_is_none_and_none_can_be_made(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "data").mkdir(parents=True)
    (home / "data").chmod(0o555)
    ((status, out, err),) = ask(home, "library stats")
    assert (status, out) == (5, "")
    assert "check the folder and its permissions" in err
    assert "JAMTUI_HOME" in err
