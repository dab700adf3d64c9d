"""An ingest beside the band whose process does not do what it should; test_library_worker has good ones."""

import asyncio
import sys
from pathlib import Path

import pytest

from jamtui.processes.ingest_beside import IngestBeside

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


def test_a_library_that_was_set_aside_is_said_once(tmp_path: Path) -> None:
    script = f"print({LINE % ''!r}); print({LINE % END!r})"
    told, _ = told_of(tmp_path / "library.db", sys.executable, "-c", script)
    assert [words for words, _ in told] == ["moved away", f"{tmp_path.name} is in the library: 2 new phrases"]
