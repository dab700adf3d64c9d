"""``jamtui llm``: against the protocol double over HTTP."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from jamtui import paths
from jamtui.cli import run
from jamtui.config import load_config
from jamtui.music.phrase import Role, Source
from jamtui.processes import llm
from jamtui.processes.options import INSTALLED
from jamtui.processes.workers import Workers, load_generators
from jamtui.session.generator import Corresponding, Inspired, Reporting, Retrieving
from tests.generators.double import Double
from tests.generators.plays import Says

QWEN = ("qwen3:1.7b", 1_359_293_444)
PHI = ("phi:latest", 5_000_000_000)


def configure(text: str) -> None:
    path = paths.config_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def with_hosts(*servers: Double, more: str = "") -> None:
    configure(f"[llm]\nhosts = {json.dumps([s.url for s in servers])}\n{more}")


def test_models_are_listed_with_their_size_and_the_one_that_plays(
    jamtui_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Double(models=(PHI, QWEN)) as server:
        with_hosts(server)
        assert run(["llm", "list"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0].startswith("  phi:latest")
        assert "5.0 GB" in lines[0]
        assert lines[1].startswith("* qwen3:1.7b")
        assert "not measured" in lines[1]
        assert run(["llm", "list", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert [(m["name"], m["chosen"]) for m in found] == [("phi:latest", False), ("qwen3:1.7b", True)]


def test_every_model_is_measured_and_the_figures_are_kept(
    jamtui_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Double(models=(PHI, QWEN), rates={"phi:latest": 400.0, "qwen3:1.7b": 1600.0}) as server:
        with_hosts(server)
        assert run(["llm", "bench"]) == 0
        out = capsys.readouterr().out
        assert "phi:latest: " in out
        assert "bars/s" in out
        assert "100% accepted" in out
        # The larger one, for both keep up.
        assert "recommended: phi:latest (`jamtui llm use phi:latest`)" in out
        assert run(["llm", "list"]) == 0
        assert capsys.readouterr().out.startswith("* phi:latest")
    kept = {model: found for (_, model), found in llm.load_measured(llm.measured_file()).items()}
    assert set(kept) == {"phi:latest", "qwen3:1.7b"}
    assert kept["phi:latest"].bars_per_s < kept["qwen3:1.7b"].bars_per_s
    assert all(m.accepted == 1.0 and m.first_bar_s > 0 and m.tokens_per_s > 0 for m in kept.values())


def test_figures_of_one_host_say_nothing_of_another_and_embedders_are_not_measured(
    jamtui_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    embedder = ("nomic-embed-text:latest", 274_000_000)
    with (
        Double(models=(PHI, QWEN, embedder), tokens_per_s=800.0) as rack,
        Double(models=(PHI, QWEN)) as here,
    ):
        with_hosts(rack, here)
        assert run(["llm", "bench", "--host", rack.url]) == 0
        out = capsys.readouterr().out
        assert f"on {rack.url}:" in out
        assert "recommended: phi:latest" in out
        assert "nomic" not in out
        assert here.written == [], "nobody asked for it"
        with_hosts(here, rack)
        assert run(["llm", "list", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
    there = [m for m in found if m["host"] == here.url]
    assert [(m["name"], m["chosen"], m["measured"]) for m in there] == [
        ("phi:latest", False, None),
        ("qwen3:1.7b", True, None),
    ]


def test_a_model_that_writes_nonsense_is_reported_and_not_recommended(
    jamtui_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Double(models=(QWEN,)) as server:
        server.play(*[Says(["Sure, here is", " some jazz"])] * 4)
        with_hosts(server)
        assert run(["llm", "bench", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)[server.url]["qwen3:1.7b"]
        assert found["measured"] is None
        assert "writes “Sure,”, which is no note" in found["problem"]
    assert llm.load_measured(llm.measured_file()) == {}


def test_a_model_is_pulled_and_chosen(jamtui_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Double(models=(PHI,)) as server:
        with_hosts(server, more='grid = "1/16"\n')
        assert run(["llm", "use", "qwen2.5:1.5b"]) == 5
        said = capsys.readouterr().err
        assert "installed: phi:latest" in said
        assert "`jamtui llm pull qwen2.5:1.5b`" in said
        assert run(["llm", "pull", "qwen2.5:1.5b"]) == 0
        assert run(["llm", "use", "qwen2.5:1.5b"]) == 0
        chosen = load_config(paths.config_file()).llm
        assert (chosen.model, chosen.grid) == ("qwen2.5:1.5b", "1/16")
        assert run(["llm", "pull", "no/such:model"]) == 5
        assert "ollama.com/library" in capsys.readouterr().err


def test_every_host_that_answers_is_measured_and_the_others_are_named(
    jamtui_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Double() as off:
        pass
    with Double(models=(QWEN,)) as rack, Double(models=(PHI, QWEN)) as here:
        with_hosts(off, rack, here)
        assert run(["llm", "bench"]) == 0
        said = capsys.readouterr()
        assert said.err.count("left out: ") == 1
        assert off.url in said.err
        lines = said.out.splitlines()
        first, second = lines.index(f"on {rack.url}:"), lines.index(f"on {here.url}:")
        assert lines[first + 1].startswith("qwen3:1.7b: ")
        assert [line.split(": ")[0] for line in lines[second + 1 :]][:2] == ["phi:latest", "qwen3:1.7b"]
        measured = {
            (rack.url, "qwen3:1.7b"), (here.url, "phi:latest"), (here.url, "qwen3:1.7b"),
        }  # fmt: skip
        assert set(llm.load_measured(llm.measured_file())) == measured
        assert run(["llm", "bench", "phi", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert {url: list(of) for url, of in found.items()} == {rack.url: [], here.url: ["phi:latest"]}


def test_a_host_can_be_named_that_is_not_configured(
    jamtui_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Double(models=(PHI,)) as here, Double(models=()) as rack:
        with_hosts(here)
        assert run(["llm", "pull", "qwen2.5:1.5b", "--host", rack.url]) == 0
        out = capsys.readouterr().out
        assert f"qwen2.5:1.5b is there, on {rack.url}; write that host under [llm] hosts" in out
        assert [s for s in here.seen if s.path == "/api/pull"] == []
        assert run(["llm", "bench", "--host", rack.url, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert list(found) == [rack.url]
        assert found[rack.url]["qwen2.5:1.5b"]["measured"]["host"] == rack.url
    with pytest.raises(SystemExit):
        run(["llm", "bench", "--host", "no address"])
    assert 'write it like "rack:11434"' in capsys.readouterr().err


@pytest.mark.parametrize("line", [["list"], ["bench"], ["pull", "x"], ["use", "x"]])
def test_without_ollama_each_command_says_what_to_do_in_one_sentence(
    line: list[str], jamtui_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Double() as server:
        with_hosts(server)
    assert run(["llm", *line]) == 5
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "no Ollama answers at" in said
    assert "ollama.com" in said


def test_without_a_model_the_list_says_how_to_get_one(
    jamtui_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Double(models=()) as server:
        with_hosts(server)
        for line in ("list", "bench"):
            assert run(["llm", line]) == 5
            assert "`jamtui llm pull qwen3:1.7b`" in capsys.readouterr().err


def test_the_second_host_is_asked_where_the_first_one_is_off(
    jamtui_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Double() as off:
        pass
    with Double(models=(QWEN,)) as server:
        with_hosts(off, server)
        assert run(["llm", "list"]) == 0
        assert capsys.readouterr().out.startswith("* qwen3:1.7b")
        assert run(["llm", "pull", "qwen2.5:1.5b"]) == 0
        said = capsys.readouterr()
        assert "`jamtui llm use qwen2.5:1.5b`" in said.out
        assert f"on {server.url};" in said.out
        assert off.url in said.err


def test_the_source_is_made_from_the_configuration(jamtui_home: Path) -> None:
    configure('[llm]\nhosts = ["rack", "127.0.0.1"]\nmodel = "phi"\nroles = ["lead", "comp"]\nthreads = 3\n')
    made = llm.source()
    assert [h.client.url for h in made.hosts.all] == ["http://rack:11434", "http://127.0.0.1:11434"]
    assert {h.wish for h in made.hosts.all} == {"phi"}
    assert {h.client.options.num_thread for h in made.hosts.all} == {3}
    assert made.roles == (Role.LEAD, Role.COMP)
    configure("[llm]\non = false\n")
    assert llm.source().hosts.all == ()


def test_damaged_figures_are_no_figures(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    assert llm.load_measured(file) == {}
    for text in ("", "{", "[1]", '[{"model": "x"}]'):
        file.write_text(text)
        assert llm.load_measured(file) == {}


def test_a_band_from_the_command_line_has_the_llm_with_prepared_sets_before_it(jamtui_home: Path) -> None:
    generators, problems = load_generators(INSTALLED)
    assert problems == []
    written = next(g for g in generators if g.source is Source.OLLAMA)
    assert isinstance(written, Reporting)
    assert isinstance(written, Corresponding)
    assert isinstance(written, Inspired), "the library's phrases reach it"
    assert any(isinstance(g, Retrieving) for g in generators)


class Link:
    """The workers' way to the engine, which keeps what they sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def send(self, kind: str, body: object = None) -> bool:
        self.sent.append((kind, body))
        return True

    async def get(self, kind: str) -> Any:
        """The next message of a kind."""
        for _ in range(1000):
            for message in self.sent:
                if message[0] == kind:
                    self.sent.remove(message)
                    return message[1]
            await asyncio.sleep(0.01)
        raise AssertionError(f"no {kind} came")


def test_a_model_that_is_chosen_in_the_console_is_loaded_and_written_into_the_configuration(
    jamtui_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scene(server: Double) -> None:
        generators, _ = load_generators(INSTALLED)
        link = Link()
        workers = Workers(link, [g for g in generators if g.source is Source.OLLAMA])
        workers.attach()
        try:
            workers.take("models", None)
            page = await link.get("models")
            assert [row.name for row in page.rows] == [PHI[0], QWEN[0]]
            workers.take("model", PHI[0])
            assert (await link.get("tell"))["severity"] == "info"
            while server.loaded != PHI[0]:
                await asyncio.sleep(0.01)
            workers.take("model", "nothing:1b")
            told = await link.get("tell")
            assert told["severity"] == "warning"
            assert "jamtui llm pull nothing:1b" in told["text"]
        finally:
            await workers.close()

    with Double(models=(PHI, QWEN)) as server:
        with_hosts(server, more="# mine\n")
        asyncio.run(asyncio.wait_for(scene(server), 30))
        assert load_config(paths.config_file()).llm.model == PHI[0]
        assert "# mine" in paths.config_file().read_text(encoding="utf-8")
        assert run(["llm", "list"]) == 0
        assert "* phi:latest" in capsys.readouterr().out
