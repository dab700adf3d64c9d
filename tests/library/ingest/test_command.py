"""What `jamtui ingest` shows: the progress on a real terminal, and the table at the end."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from jamtui.library.ingest import IngestReport, command, ingest
from tests.library.ingest.midi_files import midi_bytes, tune, varied_band

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals of this kind")


def printed(home: Path, *arguments: str | Path) -> str:
    """What the command prints to a pipe."""
    done = subprocess.run(
        [sys.executable, "-m", "jamtui", "ingest", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "JAMTUI_HOME": str(home), "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"},
        timeout=60,
        check=True,
    )
    return done.stdout


def on_a_terminal(home: Path, *arguments: str | Path) -> tuple[str, str]:
    """What the command shows on a terminal of 120 cells, and what it prints to a pipe."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    settings = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
    running = subprocess.Popen(
        [sys.executable, "-m", "jamtui", "ingest", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**settings, "JAMTUI_HOME": str(home), "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"},
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 1 << 16):
            shown += part
    except OSError:  # Linux: the other end is closed
        pass
    os.close(ours)
    out, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    return shown.decode("utf-8"), out.decode("utf-8")


def frames(shown: str) -> list[str]:
    """The lines that stood on the terminal one after another, without colours and cursor movements."""
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown))
    return [line.rstrip() for line in lines if line.strip()]


@POSIX
def test_a_terminal_shows_how_far_it_is(tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    for seed in range(4):
        (music / f"song {seed}.mid").write_bytes(varied_band(seed))
    (music / "text.mid").write_bytes(b"these are words")
    shown, out = on_a_terminal(tmp_path / "home", music, "--workers", "1")
    state = re.compile(
        r"reading .*?(\d+) of (\d+) files · ([\d,]+) phrases · ([\d.]+) files/s "
        r"(?:-:--:--|\d+:\d\d:\d\d) left · (\d+) refused$"
    )
    seen = [found.groups() for line in frames(shown) if (found := state.match(line))]
    assert seen, shown
    done, files, phrases, speed, refused = seen[-1]
    assert (done, files, refused) == ("5", "5", "1"), "the last line is how it ended"
    assert float(speed) > 0
    # The numbers of the sentence that stays.
    assert f"4 of 5 files gave {phrases} phrases, 1 refused" in out
    counts = [int(done) for done, *_ in seen]
    assert counts == sorted(counts)
    assert max(map(len, frames(shown))) <= 120


def cells(out: str) -> dict[str, dict[str, str]]:
    """The table: by style and role what stands there."""
    rows = [
        [cell.strip() for cell in re.split("[│┃|]", line)[1:-1]]
        for line in out.splitlines()
        if line[:1] in "│┃|"
    ]
    (_, *roles), *styles = rows
    return {style: dict(zip(roles, found, strict=True)) for style, *found in styles}


def table(report: IngestReport, capsys: pytest.CaptureFixture[str], *, dry_run: bool = False) -> str:
    """What stands on the screen at the end."""
    command._print(report, dry_run, None)
    return capsys.readouterr().out


def test_the_table_counts_what_was_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    music, library = tmp_path / "music", tmp_path / "library.db"
    music.mkdir()
    (music / "first.mid").write_bytes(midi_bytes([("Melody", 0, tune(8))]))
    found = table(ingest([music], library, workers=1, dry_run=True), capsys, dry_run=True)
    assert "phrases found" in found
    ((style, by_role),) = cells(found).items()
    count = int(by_role["lead"])
    assert count > 0
    first = table(ingest([music], library, workers=1), capsys)
    assert "phrases added, of those found" in first
    (added,) = (row["lead"] for row in cells(first).values())
    assert re.fullmatch(rf"\d+ of {count}", added)
    assert f"{added.split()[0]} new in the library" in first
    # The same music in another file: it is another hash, and nothing of it is new.
    (music / "again.mid").write_bytes(midi_bytes([("Tune", 0, tune(8))]))
    assert cells(table(ingest([music], library, workers=1), capsys)) == {style: {"lead": f"0 of {count}"}}


def test_the_numbers_of_the_table_are_those_of_the_sum(tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    for seed in range(3):
        (music / f"{seed}.mid").write_bytes(varied_band(seed))
    report = tmp_path / "report.txt"
    summary = json.loads(printed(tmp_path / "home", music, "--json", "--report", report))
    rows = summary["by_style_and_role"]
    assert len({row["role"] for row in rows}) > 1
    assert sum(row["added"] for row in rows) == summary["added"] > 0
    assert sum(row["phrases"] - row["added"] for row in rows) == summary["merged"]
    text = report.read_text(encoding="utf-8")
    for row in rows:
        wanted = rf"{row['style']} +{row['role']} +{row['added']} added of +{row['phrases']} found"
        assert re.search(wanted, text)
