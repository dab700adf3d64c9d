"""``jamtui library ...`` from outside: what it prints, what it writes, how it says what is wrong."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import pytest

from jamtui import paths
from jamtui.cli import run
from jamtui.library.ingest import ingest_starter
from jamtui.library.store.sqlite import SqliteStore
from tests.library.material import file, lines, written


@pytest.fixture
def library(jamtui_home: Path) -> Path:
    with SqliteStore.open(paths.library_file()) as store:
        store.add(file("one"), lines(40))
        wanted = written(
            "Em7b5 | A7b9", "G5:8 Bb5:8 D5:8 Bb4:8 G4:4 E4:4 | C#5:8 E5:8 G5:8 Bb5:8 A5:2", name="wanted"
        )
        store.add(file("two"), [wanted])
    return jamtui_home


def answer(capfd: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert run(("library", *arguments, "--json")) == 0
    out, err = capfd.readouterr()
    assert err == ""
    return json.loads(out)


def printed(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(("library", *arguments)) == 0
    out, err = capfd.readouterr()
    assert err == ""
    return out


def refused(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(("library", *arguments)) != 0
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def test_stats(library: Path, capfd: pytest.CaptureFixture[str]) -> None:
    stats = answer(capfd, "stats")
    assert (stats["phrases"], stats["sources"], stats["refused"]) == (41, 2, 0)
    assert stats["roles"] == {"lead": 41}
    assert stats["path"] == str(paths.library_file())
    assert "41 phrases from 2 files" in printed(capfd, "stats")


def test_the_first_look_finds_the_starter_phrases(
    jamtui_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stats = answer(capfd, "stats")
    assert stats["phrases"] > 300
    assert set(stats["roles"]) == {"lead", "comp"}


@pytest.mark.parametrize("chords", ["Em7b5 A7b9", "Em7b5 | A7b9", "F#m7b5 B7b9"])
def test_search(library: Path, capfd: pytest.CaptureFixture[str], chords: str) -> None:
    hits = answer(capfd, "search", chords)["hits"]
    assert len(hits) == 8
    best = next(h for h in hits if h["name"] == "wanted")
    assert best in hits[:3]
    assert best["transpose"] == (2 if chords.startswith("F#") else 0)
    assert best["chords"] == "Em7b5 | A7b9"
    assert (best["source"], best["sha256"], best["style"], best["role"]) == (
        "two",
        "sha-two",
        "swing",
        "lead",
    )
    assert best["parts"]["fit"] == 1
    assert "Em7b5 | A7b9" in printed(capfd, "search", chords, "--style", "swing")
    assert len(answer(capfd, "search", chords, "--count", "3")["hits"]) == 3


def test_search_gives_the_notes_over_the_chords_and_marks_those_that_were_moved(
    library: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    at_home = next(h for h in answer(capfd, "search", "Em7b5 A7b9")["hits"] if h["name"] == "wanted")
    assert at_home["notes"]
    assert {n["moved"] for n in at_home["notes"]} == {0}
    hits = answer(capfd, "search", "Emaj7 Amaj7", "--count", "50")["hits"]
    assert any(n["moved"] for h in hits for n in h["notes"])
    for note in (n for h in hits for n in h["notes"]):
        assert 0 <= note["start"] < 8
        assert note["moved"] in range(-6, 6)


def test_search_finds_nothing_without_fuss(library: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert answer(capfd, "search", "C7", "--role", "bass")["hits"] == []
    assert "nothing fits yet" in printed(capfd, "search", "C7", "--role", "bass")
    assert "Dm8" in refused(capfd, "search", "Dm8")


def test_show(library: Path, capfd: pytest.CaptureFixture[str]) -> None:
    number = next(h["id"] for h in answer(capfd, "search", "Em7b5 A7b9")["hits"] if h["name"] == "wanted")
    shown = answer(capfd, "show", str(number))
    assert shown["notes"][0] == {"note": "G5", "velocity": 80, "start": 0.0, "duration": 0.5, "residual": 0.0}
    assert shown["chords"][1] == {"start": 4.0, "duration": 4.0, "chord": "A7b9"}
    distances = [a["distance"] for a in shown["alike"]]
    assert len(distances) == 5
    assert distances == sorted(distances)
    assert number not in [a["id"] for a in shown["alike"]]
    assert "bar 2 (beat and note): 1 " in printed(capfd, "show", str(number))
    assert "no phrase 999" in refused(capfd, "show", "999")


def test_export_midi(library: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "phrases.mid"
    with SqliteStore.open(paths.library_file()) as store:
        records = [store.get(n) for n in (1, 41)]
    assert answer(capfd, "export", str(target), "1", "41") == {"file": str(target), "phrases": 2}
    events, tick = [], 0
    for message in mido.merge_tracks(mido.MidiFile(target).tracks):
        tick += message.time
        if message.type == "note_on" and message.velocity:
            events.append((tick, message.note, message.velocity))
    expected = [
        (max(0, at * 7680 + n.onset + n.residual), n.pitch, n.velocity)
        for at, record in enumerate(records)
        if record is not None
        for n in record.phrase.notes
    ]
    assert sorted(events) == sorted(expected)


def test_export_json(library: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "phrases.json"
    assert answer(capfd, "export", str(target), "--role", "lead")["phrases"] == 41
    found = json.loads(target.read_text(encoding="utf-8"))["phrases"]
    assert len(found) == 41
    assert found[-1]["name"] == "wanted"
    assert "neither .mid nor .json" in refused(capfd, "export", str(tmp_path / "x.txt"))
    assert "no folder" in refused(capfd, "export", str(tmp_path / "no" / "x.mid"))
    assert "of that role and style" in refused(capfd, "export", str(target), "--role", "drums")


def test_forget(library: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert answer(capfd, "forget", "one.mid") == {"files": ["one.mid"], "phrases": 40}
    assert answer(capfd, "forget", "--phrase", "41")["phrases"] == 1
    assert answer(capfd, "stats")["phrases"] == 0
    assert "was ingested" in refused(capfd, "forget", "one.mid")
    assert "nothing was forgotten" in refused(capfd, "forget")


def test_forget_takes_a_folder_by_any_of_its_paths(
    jamtui_home: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Path(os.path.realpath(tmp_path))
    names = [
        str(here / name) for name in ("songs/a.mid", "songs/more/b.mid", "songs.zip:c.mid", "songsx.mid")
    ]
    with SqliteStore.open(paths.library_file()) as store:
        for n, name in enumerate(names):
            store.add(replace(file(f"file{n}"), path=name, title=""), lines(5, seed=n))
    monkeypatch.chdir(tmp_path)
    assert "folder" in refused(capfd, "forget", "song")
    assert answer(capfd, "forget", "songs")["files"] == names[:2]
    assert answer(capfd, "forget", str(here / "songs.zip"))["files"] == names[2:3]
    assert answer(capfd, "forget", "./songsx.mid")["files"] == names[3:]
    with SqliteStore.open(paths.library_file()) as store:
        assert store.stats().phrases == 0


def test_starter_phrases_that_were_forgotten_stay_forgotten(
    jamtui_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    all_of_them = answer(capfd, "stats")["phrases"]
    gone = answer(capfd, "forget", "starter phrases: swing lead")["phrases"]
    assert gone > 0
    assert ingest_starter(paths.library_file()) == 0
    stats = answer(capfd, "stats")
    assert (stats["phrases"], stats["refused"]) == (all_of_them - gone, 0)
    assert "was ingested" in refused(capfd, "forget", "starter phrases: swing lead")


def test_vacuum_and_backup(library: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    assert answer(capfd, "backup", str(target))["bytes"] == target.stat().st_size
    assert "is there already" in refused(capfd, "backup", str(target))
    assert "in order" in printed(capfd, "vacuum")
    with SqliteStore.open(target) as copy:
        assert copy.stats().phrases == 41


def test_a_backup_needs_a_folder(library: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "copy.db"
    assert f"there is no folder {nowhere.parent}" in refused(capfd, "backup", str(nowhere))


def test_what_cannot_be_written_is_said(
    library: Path, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("x.json", "x.mid"):
        (tmp_path / name).mkdir()
        said = refused(capfd, "export", str(tmp_path / name), "1")
        assert f"cannot write {tmp_path / name}" in said
        assert "choose another place" in said


def test_a_library_that_was_left_empty_gets_the_starter_phrases(
    jamtui_home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    SqliteStore.open(paths.library_file()).close()  # a first ingest that was killed at its beginning
    stats = answer(capfd, "stats")
    assert stats["phrases"] > 300


def test_a_damaged_library_is_explained_once(library: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = paths.library_file()
    path.write_bytes(b"x" * 10_000)
    assert run(("library", "stats", "--json")) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)["phrases"] > 300  # the starter phrases, as the sentence says
    assert err.count("\n") == 1
    assert "set aside" in err
    assert list(path.parent.glob("library-damaged-*.db"))
    assert answer(capfd, "stats")["phrases"] == json.loads(out)["phrases"]
