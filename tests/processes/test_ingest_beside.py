"""An ingest beside the band whose process does not do what it should; test_library_worker has good ones."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from jamtui.library.ingest import IngestReport
from jamtui.processes.ingest_beside import CHILD, IngestBeside
from jamtui.processes.ingest_child import left_s
from tests.library.ingest.midi_files import varied_band

LINE = '{"files": 1, "done": 1, "phrases": 2, "added": 2, "refused": 0, "set_aside": "moved away"%s}'
END = ', "end": "done"'


def told_of(store: Path, *command: str) -> tuple[list[tuple[str, str]], list[str]]:
    """What the musician is told of an ingest by ``command``, and the lines of progress."""
    told: list[tuple[str, str]] = []
    lines: list[str] = []

    async def run() -> None:
        beside = IngestBeside(
            store, lambda *words: told.append(words), lambda: lines.append(beside.line), command
        )
        beside.begin(str(store.parent))
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if lines and lines[-1] == "":
                break
        await beside.close()

    asyncio.run(run())
    return told, lines


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("/nowhere/python",), "FileNotFoundError"),
        ((sys.executable, "-c", "print('no', flush=True); input(); input()"), "JSONDecodeError"),
        ((sys.executable, "-c", "print('{}')"), "KeyError"),
        ((sys.executable, "-c", "print('[]')"), "TypeError"),
        ((sys.executable, "-c", "pass"), "without a word"),
    ],
)
def test_whatever_becomes_of_its_process_is_said(
    tmp_path: Path, command: tuple[str, ...], words: str
) -> None:
    ((sentence, severity),), lines = told_of(tmp_path / "library.db", *command)
    assert words in sentence
    assert severity == "warning"
    assert "looking for files" in lines[0]
    assert lines[-1] == ""


def test_one_that_is_stopped_while_it_starts_is_stopped(tmp_path: Path) -> None:
    line = LINE % END.replace("done", "stopped")
    script = f"import sys; sys.stdin.read(); print({line!r})"
    told: list[str] = []

    async def run() -> None:
        beside = IngestBeside(
            tmp_path / "library.db",
            lambda words, _severity: told.append(words),
            lambda: None,
            (sys.executable, "-c", script),
        )
        beside.begin(str(tmp_path))
        beside.stop()
        async with asyncio.timeout(60):
            while not any(words.startswith(f"ingest of {tmp_path.name} stopped") for words in told):
                await asyncio.sleep(0.01)
        await beside.close()

    asyncio.run(run())


def test_a_library_that_was_set_aside_is_said_once(tmp_path: Path) -> None:
    script = f"print({LINE % ''!r}); print({LINE % END!r})"
    told, _ = told_of(tmp_path / "library.db", sys.executable, "-c", script)
    assert [words for words, _ in told] == ["moved away", f"{tmp_path.name} is in the library: 2 new phrases"]


@pytest.mark.parametrize(
    ("refused", "left", "words"),
    [
        (0, "null", "3/9 files, 1,200 new phrases"),
        (2, "null", "3/9 files, 1,200 new phrases, 2 refused"),
        (0, "0.0", "3/9 files, 1,200 new phrases"),
        (0, "42.2", "3/9 files, 1,200 new phrases, 50 s left"),
        (1, "90", "3/9 files, 1,200 new phrases, 1 refused, 2 min left"),
        (0, "601", "3/9 files, 1,200 new phrases, 11 min left"),
    ],
)
def test_the_line_says_how_far_it_is(tmp_path: Path, refused: int, left: str, words: str) -> None:
    line = (
        '{"files": 9, "done": 3, "phrases": 1300, "added": 1200, '
        f'"refused": {refused}, "left_s": {left}, "set_aside": ""'
    )
    script = f"print({line + '}'!r}); print({line + END + '}'!r})"
    _, lines = told_of(tmp_path / "library.db", sys.executable, "-c", script)
    assert f"{tmp_path.name}: {words}" in lines


def test_what_is_left_is_estimated_from_what_the_rest_weighs() -> None:
    assert left_s(IngestReport(effort=100, effort_done=0, seconds=9.0)) is None
    assert left_s(IngestReport(effort=100, effort_done=50, seconds=1.0)) is None, "too early to say"
    assert left_s(IngestReport(effort=100, effort_done=25, seconds=10.0)) == 30.0
    assert left_s(IngestReport(effort=100, effort_done=100, seconds=10.0)) == 0.0


def test_the_ingest_itself_says_what_the_line_needs(tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    (music / "song.mid").write_bytes(varied_band(0))
    (music / "text.mid").write_bytes(b"these are words")
    with subprocess.Popen(
        [*CHILD, str(tmp_path / "library.db"), str(music)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        lines = child.stdout.read().splitlines()  # to its end: closing its input would stop it
        assert (child.wait(), child.stderr.read()) == (0, b"")
    *_, last = [json.loads(line) for line in lines]
    assert (last["files"], last["done"], last["refused"], last["end"]) == (2, 2, 1, "done")
    assert "left_s" in last
