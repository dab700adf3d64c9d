"""``jamtui prepare`` as it is typed, against the protocol double over real HTTP."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jamtui import paths
from jamtui.cli import run
from jamtui.generators.preparing import HOPELESS
from jamtui.library.ingest import ingest_starter
from jamtui.processes.prepare import files
from tests.generators.double import Double
from tests.generators.plays import Says

CHART = "Dm7 | G7 | Cmaj7 | A7"


@pytest.fixture
def server(jamtui_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    with Double() as double:
        monkeypatch.setenv("OLLAMA_HOST", double.url)
        yield double


def test_choruses_are_written_listed_and_forgotten(
    server: Double, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["prepare", "--chart", CHART, "--style", "swing", "--choruses", "2"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("2 choruses of ")
    assert "8/8 bars, left" in said.err
    found = files().list()
    assert [c.missing for f in found if f.prepared for c in f.prepared.choruses] == [0, 0]
    assert run(["prepare", "--list"]) == 0
    assert "swing, 4 bars of 4/4: lead 2" in capsys.readouterr().out
    name = found[0].path.name.split("-")[0]
    assert run(["prepare", "--forget", name]) == 0
    assert "removed" in capsys.readouterr().out
    assert run(["prepare", "--list"]) == 0
    assert "nothing is prepared" in capsys.readouterr().out


def test_a_second_run_writes_only_what_is_missing(server: Double, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["prepare", "--chart", CHART, "--json", "--role", "bass", "--choruses"]
    assert run([*command, "1"]) == 0
    assert run([*command, "1"]) == 0
    assert run([*command, "2"]) == 0
    first, same, more = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["done"], first["requests"]) == (4, 1)
    assert (same["done"], same["requests"]) == (4, 0)
    assert (more["done"], more["requests"], more["choruses"]) == (8, 1, {"bass": 2})
    assert run(["prepare", "--chart", CHART, "--role", "bass", "--choruses", "2"]) == 0
    assert "are there already" in capsys.readouterr().out


def test_a_file_of_a_chart_is_taken(
    server: Double, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song = tmp_path / "song.txt"
    song.write_text(CHART.replace(" | ", "\n"), encoding="utf-8")
    assert run(["prepare", "--chart", str(song), "--choruses", "1", "--json"]) == 0
    assert run(["prepare", "--chart", CHART, "--choruses", "1", "--json"]) == 0
    one, other = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert one["digits"] == other["digits"]
    assert other["requests"] == 0


def test_the_library_s_phrases_are_shown_to_the_model(server: Double) -> None:
    assert run(["prepare", "--chart", CHART, "--choruses", "1", "--json"]) == 0
    bare = str(server.written[-1].body["prompt"])
    assert ingest_starter(paths.library_file()) > 0
    assert run(["prepare", "--chart", CHART, "--choruses", "3", "--json"]) == 0
    two, three = (str(seen.body["prompt"]) for seen in server.written[-2:])
    assert min(two.count('"'), three.count('"')) > bare.count('"') + 2
    last = [prompt.splitlines()[-8:-4] for prompt in (two, three)]
    assert last[0] != last[1], "other phrases each time"


def says(capsys: pytest.CaptureFixture[str], command: list[str], status: int) -> str:
    assert run(["prepare", *command]) == status
    text = capsys.readouterr().err.strip().splitlines()[-1]
    assert text.startswith("jamtui: ")
    return text


def test_what_goes_wrong_is_one_sentence(
    server: Double, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "give the song" in says(capsys, [], 1)
    assert "did you mean" in says(capsys, ["--chart", CHART, "--style", "swin"], 2)
    server.play(*[Says(["no music at all"])] * 8)
    assert "jamtui llm use" in says(capsys, ["--chart", "Dm7 | G7", "--choruses", "2"], 5)
    server.play(*[Says(["no music at all"])] * HOPELESS)
    assert "jamtui llm use" in says(capsys, ["--chart", CHART, "--choruses", "50"], 5)
    server.models = ()
    assert "jamtui llm pull" in says(capsys, ["--chart", CHART], 5)
    assert "--list" in says(capsys, ["--forget", "nothing"], 5)
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    assert "ollama serve" in says(capsys, ["--chart", CHART], 5)


def test_a_damaged_file_is_said_and_not_overwritten(
    server: Double, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["prepare", "--chart", CHART, "--choruses", "1", "--json"]) == 0
    path = files().list()[0].path
    path.write_text("{", encoding="utf-8")
    assert "is damaged; remove it with" in says(capsys, ["--chart", CHART], 5)
    assert path.read_text(encoding="utf-8") == "{"
    assert run(["prepare", "--list"]) == 0
    assert "is damaged" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_keeps_what_is_there(server: Double) -> None:
    server.tokens_per_s = 60.0
    command = [sys.executable, "-m", "jamtui", "prepare", "--chart", CHART, "--choruses", "50"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while len(server.written) < 2:
            if process.poll() is not None:
                pytest.fail(str(process.communicate()))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "of 200 bars are kept" in out
    assert "Traceback" not in err
    kept = files().list()[0].prepared
    assert kept is not None
    assert kept.choruses[0].missing == 0
