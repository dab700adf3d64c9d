"""Ingest from beginning to end: real processes, a real library."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jamtui.errors import JamtuiError
from jamtui.library.ingest import ANALYSIS_VERSION, IngestReport, ingest, ingest_starter
from jamtui.library.ingest.files import TOO_MUCH_MEMORY
from jamtui.library.ingest.pool import Pool
from jamtui.library.ingest.run import in_turn, uninterrupted
from jamtui.library.ingest.travel import Packed
from jamtui.library.ingest.walk import MAX_SCORE_BYTES, Item, find
from jamtui.library.records import STARTER, SourceRecord
from jamtui.library.store.sqlite import SqliteStore
from jamtui.music.phrase import Role
from tests.library.ingest.midi_files import band, midi_bytes, tune, varied_band
from tests.library.material import lines

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six good files, one of them twice, and four bad ones."""
    music = tmp_path / "music"
    music.mkdir()
    for seed in range(6):
        (music / f"song {seed}.mid").write_bytes(varied_band(seed))
    (music / "twin.mid").write_bytes(varied_band(0))
    (music / "empty.mid").write_bytes(b"")
    (music / "text.mid").write_bytes(b"these are words")
    (music / "broken.mid").write_bytes(varied_band(0)[:20])
    (music / "nine.mid").write_bytes(midi_bytes(band(8), meter=(9, 8)))
    return music


@pytest.fixture
def with_score(folder: Path) -> Path:
    """The same with a score among the bad ones: whoever reads that loads music21, which takes a second."""
    (folder / "broken.mid").unlink()
    (folder / "broken.musicxml").write_bytes(b"<score-partwise><part>")
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library.db"


def count(library: Path) -> int:
    with SqliteStore.open(library) as store:
        return store.stats().phrases


def held(library: Path) -> list[tuple[object, ...]]:
    """All that a library holds but the time when it came."""
    with SqliteStore.open(library) as store:
        phrases = store.get_many(store.numbers()).items()
        return [(number, record) for number, record in sorted(phrases, key=lambda pair: pair[0])] + [
            (s.sha256, Path(s.path).name, s.title, s.refused) for s in store.sources()
        ]


def test_everything_is_taken_or_refused_and_a_second_run_adds_nothing(
    with_score: Path, library: Path
) -> None:
    steps: list[int] = []
    report = ingest([with_score], library, workers=2, progress=lambda r: steps.append(r.done))
    assert (report.files, report.done, report.taken, report.known) == (11, 11, 6, 1)
    assert sorted(Path(name).name for name, _ in report.refused) == [
        *("broken.musicxml", "empty.mid", "nine.mid", "text.mid")
    ]
    assert report.phrases == report.added + report.merged == sum(report.tally.values()) > 20
    assert sum(report.added_tally.values()) == report.added
    assert report.added_tally <= report.tally
    assert steps == sorted(steps)
    assert count(library) == report.added
    again = ingest([with_score], library, workers=2)
    assert (again.taken, again.added, again.merged) == (0, 0, 0)
    assert (again.known, again.earlier, again.done) == (7, 7, 11)
    assert sorted(again.refused) == sorted(report.refused)
    assert count(library) == report.added
    with SqliteStore.open(library) as store:
        refused = {Path(s.path).name: s.refused for s in store.sources() if s.refused}
        assert refused["nine.mid"] == {Path(n).name: r for n, r in report.refused}["nine.mid"]
        assert {s.analysis for s in store.sources()} == {ANALYSIS_VERSION}


def test_one_worker_and_three_find_the_same(with_score: Path, tmp_path: Path) -> None:
    one = ingest([with_score], tmp_path / "one.db", workers=1)
    three = ingest([with_score], tmp_path / "three.db", workers=3)
    assert one.tally == three.tally
    assert one.refused == three.refused
    assert held(tmp_path / "one.db") == held(tmp_path / "three.db")


def test_answers_come_in_order_though_the_first_takes_longest(tmp_path: Path) -> None:
    (tmp_path / "0.abc").write_text("X:1\nT:Slow\nM:4/4\nL:1/8\nK:C\nCDEFGABc|CDEFGABc|\n")
    for seed in range(1, 90):
        (tmp_path / f"{seed}.mid").write_bytes(midi_bytes([("Melody", 0, tune(2, start=seed))]))
    items = find([tmp_path])
    with Pool(2, frozenset()) as pool:
        assert [item for item, _ in pool.read(items)] == items


def test_a_few_short_files_then_what_takes_longest() -> None:
    sizes = [5, 400, 30, 2, 900, 7, 7, 60, 1, 8, 12, 3000]
    items = [Item(Path(f"{n}.mid"), size=size) for n, size in enumerate(sizes)]
    items.append(Item(Path("bad.mid"), refused="it is a link"))
    turns = in_turn(items)
    assert [item.size for item in turns] == [1, 2, 5, 7, 7, 8, 12, 30, 3000, 900, 400, 60]
    assert in_turn(items[:1]) == items[:1]
    # A second of ABC is a far smaller file.
    assert in_turn([*items[:9], Item(Path("x.abc"), size=100)])[-2].path.suffix == ".abc"


def test_the_share_that_is_done_grows_to_the_whole(folder: Path, library: Path) -> None:
    shares: list[float] = []
    ingest([folder], library, workers=2, progress=lambda r: shares.append(r.effort_done / r.effort))
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_dry_run_leaves_nothing(folder: Path, library: Path) -> None:
    report = ingest([folder], library, workers=1, dry_run=True)
    assert report.taken == 6
    assert not library.exists()


def test_style_and_role_are_the_musicians(folder: Path, library: Path) -> None:
    report = ingest([folder / "song 0.mid"], library, style="funk", role=Role.LEAD, workers=1)
    assert set(report.tally) == {("funk", "lead")}


def test_what_a_role_did_not_find_is_looked_for_again_without_it(library: Path, tmp_path: Path) -> None:
    (tmp_path / "line.mid").write_bytes(midi_bytes([("Melody", 0, tune(8))]))
    report = ingest([tmp_path], library, role=Role.DRUMS, workers=1)
    assert ["could be drums" in reason for _, reason in report.refused] == [True]
    again = ingest([tmp_path], library, workers=1)
    assert (again.taken, again.refused) == (1, [])


def test_a_damaged_library_is_set_aside_with_a_word(folder: Path, library: Path) -> None:
    library.write_bytes(b"x" * 10_000)
    report = ingest([folder], library, workers=1)
    assert "set aside" in report.set_aside
    assert list(library.parent.glob("library-damaged-*.db"))
    with SqliteStore.open(library) as store:
        assert any(s.path.startswith("starter/") for s in store.sources())
    again = ingest([folder], library, workers=1)
    assert again.set_aside == ""


def test_the_command_says_that_a_damaged_library_was_set_aside(folder: Path, tmp_path: Path) -> None:
    stored = tmp_path / "data" / "library.db"
    stored.parent.mkdir()
    for arguments in ((), ("--json",)):
        stored.write_bytes(b"x" * 10_000)
        out, err = command(tmp_path, folder / "song 0.mid", *arguments).communicate(timeout=60)
        assert "set aside" in (json.loads(out)["set_aside"] if arguments else err)


def test_a_path_that_is_not_there_is_said(library: Path) -> None:
    with pytest.raises(JamtuiError, match="check the name"):
        ingest([Path("nowhere")], library)


@POSIX
def test_a_killed_worker_costs_at_most_the_file_it_read(with_score: Path, library: Path) -> None:
    killed: list[int] = []

    def kill(report: IngestReport) -> None:
        children = multiprocessing.active_children()
        if report.done >= 3 and not killed and children:
            killed.append(children[0].pid or 0)
            os.kill(killed[0], signal.SIGKILL)

    report = ingest([with_score], library, workers=1, progress=kill)
    assert killed
    assert report.done == report.files == 11
    broken = [reason for _, reason in report.refused if "signal 9" in reason]
    assert len(broken) <= 1
    # What the dead process had in hand is read the next time.
    again = ingest([with_score], library, workers=1)
    assert again.taken + report.taken == 6


def test_stopping_keeps_what_is_done_and_goes_on_later(folder: Path, library: Path) -> None:
    def stop(report: IngestReport) -> None:
        if report.taken == 2:
            raise KeyboardInterrupt

    report = ingest([folder], library, workers=2, progress=stop)
    assert report.interrupted
    assert not multiprocessing.active_children()
    rest = ingest([folder], library, workers=2)
    assert not rest.interrupted
    assert report.taken + rest.taken == 6
    complete = ingest([folder], library.with_name("whole.db"), workers=2)
    assert count(library) == complete.added
    assert held(library) == held(library.with_name("whole.db"))


def test_the_starter_phrases_go_the_same_way_once(library: Path) -> None:
    assert ingest_starter(library) > 500
    stored = count(library)
    assert ingest_starter(library) == 0
    assert count(library) == stored
    with SqliteStore.open(library) as store:
        assert {s.licence for s in store.sources()} == {"MIT"}
        assert set(store.stats().roles) == {"lead", "comp"}
        record = store.get(store.numbers(role="lead")[0])
        assert record is not None
        assert record.key
        assert len(record.romans) == len(record.phrase.chords)


def test_starter_phrases_of_another_version_make_room_but_for_what_is_kept(library: Path) -> None:
    with SqliteStore.open(library) as store:
        for style, seed in (("swing", 1), ("blues", 2)):
            old = SourceRecord(f"old-{style}", f"{STARTER}{style}/lead.toml", "starter phrases", analysis=1)
            numbers = store.add(old, lines(5, seed=seed)).added
        store.mark(numbers[0], kept=True)
    assert ingest_starter(library) > 500
    with SqliteStore.open(library) as store:
        assert [s.sha256 for s in store.sources() if s.sha256.startswith("old")] == ["old-blues"]
        assert store.numbers(only="kept") == [numbers[0]]
        assert store.numbers(source="old-swing") == []
    assert ingest_starter(library) == 0


def test_starter_phrases_of_another_version_go_though_the_first_start_was_killed(library: Path) -> None:
    assert ingest_starter(library) > 500
    with SqliteStore.open(library) as store:
        old = SourceRecord("old-swing", f"{STARTER}swing/lead.toml", "starter phrases", analysis=1)
        numbers = store.add(old, lines(5, seed=1)).added
    assert ingest_starter(library) == 0
    with SqliteStore.open(library) as store:
        assert store.source("old-swing") is None
        assert store.get_many(numbers) == {}


def command(home: Path, *arguments: str | Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "jamtui", "ingest", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "JAMTUI_HOME": str(home)},
        start_new_session=True,
    )


def test_the_command_reports(folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.txt"
    out, err = command(tmp_path, folder, "--workers", "1", "--json", "--report", report).communicate(
        timeout=60
    )
    summary = json.loads(out)
    assert summary["taken"] == 6
    assert {Path(r["file"]).name for r in summary["refused"]} >= {"nine.mid"}
    assert sum(row["phrases"] for row in summary["by_style_and_role"]) == summary["phrases"]
    for line in err.splitlines():
        assert set(json.loads(line)) == {"files", "done", "phrases", "added", "refused"}
    text = report.read_text(encoding="utf-8")
    assert all(r["file"] in text and r["reason"] in text for r in summary["refused"])
    out, err = command(tmp_path, folder, "--dry-run").communicate(timeout=60)
    assert "7 were known already, 4 refused" in out
    assert all(f"refused {r['file']}: {r['reason']}" in out for r in summary["refused"])
    assert "forget" not in out
    out, err = command(tmp_path, folder, "--dry-run", "--style", "funk").communicate(timeout=60)
    assert "`jamtui library forget FILE` first" in out
    assert "Traceback" not in out + err


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no music")
    out, err = command(tmp_path / "home", tmp_path).communicate(timeout=60)
    assert out == (
        "There is no music here that can be read "
        "(.mid, .midi, .kar, .smf, .rmi, .musicxml, .mxl, .xml, .abc, .zip).\n"
    )
    assert err == ""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the kernel's table of processes")
def test_all_of_its_processes_give_way(folder: Path, tmp_path: Path) -> None:
    running = command(tmp_path, folder, "--workers", "1", "--json")
    assert running.stderr is not None
    running.stderr.readline()
    niceness = os.getpriority(os.PRIO_PROCESS, running.pid)
    running.communicate(timeout=60)
    assert niceness >= min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)


def test_paths_are_stored_from_the_root(folder: Path, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    ingest([Path("song 0.mid"), Path("../music/song 1.mid"), Path()], library, workers=1)
    with SqliteStore.open(library) as store:
        assert {Path(s.path).parent for s in store.sources()} == {Path(os.path.realpath(folder))}


@POSIX
@pytest.mark.slow
def test_ctrl_c_is_one_message_and_130(tmp_path: Path) -> None:
    music = tmp_path / "music"
    music.mkdir()
    for seed in range(300):
        (music / f"{seed}.mid").write_bytes(varied_band(seed, bars=32))
    running = command(tmp_path, music, "--workers", "2", "--json")
    assert running.stderr is not None
    running.stderr.readline()
    time.sleep(1.0)
    os.killpg(running.pid, signal.SIGINT)  # as the terminal sends it: to the workers, too
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert json.loads(out)["interrupted"]
    assert "Traceback" not in err
    rest = json.loads(command(tmp_path, music, "--json").communicate(timeout=100)[0])
    assert rest["taken"] + json.loads(out)["taken"] == 300
    again = json.loads(command(tmp_path, music, "--json").communicate(timeout=100)[0])
    assert again["taken"] == 0


@pytest.mark.slow
def test_a_file_that_takes_too_long_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    body = "".join("CDEFGABc|" for _ in range(4000))
    (tmp_path / "long.abc").write_text(f"X:1\nT:Long\nM:4/4\nL:1/8\nK:C\n{body}\n")
    (tmp_path / "short.mid").write_bytes(midi_bytes([("Melody", 0, tune(8))]))
    report = ingest([tmp_path], tmp_path / "library.db", workers=1)
    assert report.taken == 1
    assert ["5 seconds" in reason for _, reason in report.refused] == [True]


def test_ctrl_c_in_the_middle_of_a_file_takes_effect_when_it_is_stored() -> None:
    done: list[str] = []

    def store() -> None:
        with uninterrupted():
            signal.raise_signal(signal.SIGINT)
            done.append("stored")

    # A shell that starts the tests in the background has them ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            store()
        assert done == ["stored"]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the size of a file is the limit")
def test_a_file_that_needs_too_much_memory_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    # Fifteen megabytes of the smallest elements with an attribute: as a tree more than five hundred.
    crowd = b"<score-partwise>" + b"<a b=''/>" * 1_700_000 + b"</score-partwise>"
    assert len(crowd) < MAX_SCORE_BYTES
    (tmp_path / "crowd.musicxml").write_bytes(crowd)
    for seed in range(2):
        (tmp_path / f"{seed}.mid").write_bytes(varied_band(seed))
    items = [Item(tmp_path / name) for name in ("0.mid", "crowd.musicxml", "1.mid")]
    workers: list[int | None] = []
    answers: list[Packed] = []
    with Pool(1, frozenset()) as pool:
        for _, packed in pool.read(items):
            assert isinstance(packed, Packed)
            answers.append(packed)
            workers += [process.pid for process in multiprocessing.active_children()]
    assert [packed.source.refused for packed in answers] == ["", TOO_MUCH_MEMORY, ""]
    assert answers[1].source.sha256, "it is remembered, and not read again"
    assert all(packed.prepared is not None for packed in answers[::2])
    assert workers[0] != workers[-1], "what the file took went with its worker"
