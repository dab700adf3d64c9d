"""The journal: verbatim there and back, whatever happens to the file."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import JamtuiError
from jamtui.music.chord import QUALITIES, make_chord
from jamtui.music.phrase import Bar, ChordSpan, Note, Role, Source
from jamtui.playback.commands import DroppedNote, SentNote
from jamtui.session.bar_record import bar_from_record, bar_record
from jamtui.session.exchange import Exchange
from jamtui.session.journal import (
    ChangeRecord,
    ClockRecord,
    InputRecord,
    JournalWriter,
    TextRecord,
    read_journal,
    replay_outputs,
)

BAR = Bar(
    "s1",
    Role.LEAD,
    3840,
    3840,
    7,
    "b-12",
    (ChordSpan(0, 1920, make_chord(2, "m7")), ChordSpan(1920, 1920, make_chord(7, "7alt", 5))),
    Source.OLLAMA,
    99,
    (Note(0, 62, 480, 90, -12), Note(480, 65, 240)),
    "ii-V riff",
)


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def writer(path: Path, clock: Clock | None = None, tail: int = 1000) -> JournalWriter:
    return JournalWriter(
        path,
        session="s1",
        seed=5,
        version="0.1.0",
        style="swing",
        settings={"tempo": 120.0},
        started=1.5,
        tail=tail,
        threaded=False,
        now=clock or Clock(),
    )


def sent(ns: int, pitch: int, on: bool = True) -> SentNote:
    return SentNote(
        Role.BASS, on, 100, pitch, 80 if on else 0, 3, "jamtui bass", ns, ns + 5, Source.REFLEX, 0
    )


def test_everything_comes_back_verbatim(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "session.jsonl"
    out = writer(path)
    out.record(InputRecord(10, 1.25, b"\x90\x3c\x40", "Keystage"))
    out.record(ClockRecord(0, 0.0, 120.0))
    out.record(BAR)
    out.record(ChangeRecord(12, 4.0, "style", "bossa", soon=True))
    out.record(TextRecord(13, "Port “lead” is gone"))
    out.record(sent(20, 40))
    out.record(DroppedNote(Role.LEAD, 5, 60, "late", Source.MODEL))
    out.step()
    out.close()
    journal = read_journal(path)
    assert journal.header == {
        "t": "header",
        "journal": 1,
        "session": "s1",
        "seed": 5,
        "version": "0.1.0",
        "style": "swing",
        "settings": {"tempo": 120.0},
        "started": 1.5,
    }
    assert [r["t"] for r in journal.records] == ["in", "clock", "bar", "change", "text", "out", "dropped"]
    assert journal.records[0] == {"t": "in", "ns": 10, "tick": 1.25, "hex": "903c40", "port": "Keystage"}
    assert bar_from_record(journal.records[2]) == BAR
    assert journal.records[3]["argument"] == "bossa"
    assert journal.records[5]["hex"] == "932850"
    assert not journal.truncated


def test_replay_plays_the_bytes_that_were_sent_in_the_order_they_were_sent(tmp_path: Path) -> None:
    out = writer(tmp_path / "a")
    for record in (sent(1_000, 40), sent(3_000, 40, on=False), BAR, sent(2_000, 43)):
        out.record(record)
    out.close()
    played = list(replay_outputs(read_journal(tmp_path / "a")))
    assert [(p.at_ns, p.data) for p in played] == [
        (0, b"\x93\x28\x50"),
        (1000, b"\x93\x2b\x50"),
        (2000, b"\x83\x28\x00"),
    ]
    assert {p.port for p in played} == {"jamtui bass"}


def test_a_last_line_cut_off_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a"
    out = writer(path)
    out.record(sent(1, 40))
    out.record(sent(2, 41))
    out.close()
    whole = path.read_bytes()
    for cut in range(len(whole) - 60, len(whole) - 2):
        path.write_bytes(whole[:cut])
        journal = read_journal(path)
        assert len(journal.records) == 1
        assert journal.truncated


def test_what_is_no_journal_is_refused_in_a_sentence(tmp_path: Path) -> None:
    cases: dict[bytes, str] = {
        b"": "no journal header",
        b"{}\n": "no journal header",
        b"hello\n": "not JSON",
        b"[1]\n": "no record",
        b'{"t":"header","journal":99}\n': "version 99",
        b'{"t":"header","journal":1}\nbroken\n{"t":"out"}\n': "Line 2",
    }
    for content, message in cases.items():
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(JamtuiError, match=message):
            read_journal(tmp_path / "x")
    with pytest.raises(JamtuiError, match="Cannot read"):
        read_journal(tmp_path / "missing")
    (tmp_path / "x").write_bytes(b'{"t":"header","journal":1}\n{"t":"out","ns":1,"role":"bass"}\n')
    with pytest.raises(JamtuiError, match="damaged"):
        list(replay_outputs(read_journal(tmp_path / "x")))


def test_a_folder_that_cannot_be_made_is_said_and_tried_again(tmp_path: Path) -> None:
    blocker = tmp_path / "folder"
    blocker.write_text("a file stands where the folder should be")
    clock = Clock()
    out = writer(blocker / "s.jsonl", clock, tail=10)
    for i in range(25):
        out.record(sent(i, 40))
    out.step()
    assert "cannot be written" in out.problem
    assert out.problem.count(".") >= 1
    assert "\n" not in out.problem
    assert out.lost == 15
    blocker.unlink()
    out.step()
    assert out.problem, "not tried again before the pause is over"
    clock.at = 2.5
    out.step()
    assert out.problem == ""
    out.close()
    assert [r["ns"] for r in read_journal(blocker / "s.jsonl").records] == [i + 5 for i in range(15, 25)]


def test_memory_stays_bounded_while_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    room = 700

    def write(fd: int, data: bytes) -> int:
        nonlocal room
        if room <= 0:
            raise OSError(28, "No space left on device")
        n = real(fd, data[: min(room, 100)])
        room -= n
        return n

    monkeypatch.setattr(os, "write", write)
    clock = Clock()
    out = writer(tmp_path / "s", clock, tail=50)
    for i in range(20):
        out.record(sent(i, 40))
    out.step()
    assert "no space left" in out.problem
    for i in range(20, 5000):
        out.record(sent(i, 40))
        if i % 100 == 0:
            clock.at += 1
            out.step()
    clock.at += 5
    out.step()
    assert len(out._pending) <= 50
    room = 10**9
    clock.at += 5
    out.step()
    assert out.problem == ""
    out.close()
    stamps = [r["ns"] for r in read_journal(tmp_path / "s").records]
    assert stamps[:20] == [i + 5 for i in range(20)], "a half-written batch is finished, byte for byte"
    assert stamps[-1] == 4999 + 5
    assert len(stamps) + out.lost == 5000


def test_a_file_deleted_meanwhile_begins_again_with_its_header(tmp_path: Path) -> None:
    out = writer(tmp_path / "s")
    out.record(sent(1, 40))
    out.step()
    (tmp_path / "s").unlink()
    out.record(sent(2, 41))
    out.step()
    out.close()
    journal = read_journal(tmp_path / "s")
    assert journal.header["seed"] == 5
    assert [r["ns"] for r in journal.records] == [7]


def test_an_unwritable_record_does_not_end_the_journal(tmp_path: Path) -> None:
    out = writer(tmp_path / "s")
    out.record(ChangeRecord(1, 0.0, "style", object()))  # type: ignore[arg-type]  # the point of the test
    out.record(sent(2, 41))
    out.close()
    assert [r["t"] for r in read_journal(tmp_path / "s").records] == ["text", "out"]


def test_closing_flushes_the_thread_and_later_records_are_ignored(tmp_path: Path) -> None:
    out = JournalWriter(tmp_path / "s", session="s", seed=1, version="0")
    for i in range(3000):
        out.record(sent(i, 40))
    out.close()
    out.record(sent(9, 9))
    out.close()
    assert len(read_journal(tmp_path / "s").records) == 3000


chords = st.builds(
    lambda root, quality, bass: make_chord(root, quality, bass),
    st.integers(0, 11),
    st.sampled_from(sorted(QUALITIES)),
    st.none() | st.integers(0, 11),
)
bars = st.builds(
    Bar,
    session=st.text(max_size=8),
    role=st.sampled_from(Role),
    start_tick=st.integers(0, 10**9),
    length=st.integers(1, 10**5),
    plan_revision=st.integers(0, 10**6),
    brief_id=st.text(max_size=8),
    chords_assumed=st.lists(
        st.builds(ChordSpan, st.integers(0, 5000), st.integers(1, 5000), chords), max_size=3
    ).map(tuple),
    origin=st.sampled_from(Source),
    seed=st.integers(0, 2**63),
    notes=st.lists(
        st.builds(
            Note,
            st.integers(0, 5000),
            st.integers(0, 127),
            st.integers(1, 5000),
            st.integers(1, 127),
            st.integers(-50, 50),
        ),
        max_size=8,
    ).map(tuple),
    label=st.text(max_size=20),
)


@given(bars)
def test_any_bar_survives_json(bar: Bar) -> None:
    record: Mapping[str, object] = json.loads(json.dumps(bar_record(bar)))
    assert bar_from_record(record) == bar


@given(
    st.dictionaries(st.sampled_from(sorted(bar_record(BAR))), st.none() | st.integers() | st.text(max_size=3))
)
def test_a_damaged_bar_is_refused_or_read_never_a_crash(damage: dict[str, object]) -> None:
    with suppress(JamtuiError):
        assert isinstance(bar_from_record(bar_record(BAR) | damage), Bar)


def test_no_record_is_made_into_text_in_somebodys_way(tmp_path: Path) -> None:
    asked: list[int] = []

    def outside(now: int) -> int:
        asked.append(now)
        return now + 1000 if len(asked) == 1 else now

    writer = JournalWriter(
        tmp_path / "a.jsonl", session="s", seed=1, version="0", threaded=False, outside=outside
    )
    for number in range(3):
        writer.record(TextRecord(number, "one"))
    writer.step()
    assert len(asked) >= 4  # before each of three, and before seeing that there is no fourth
    assert len(read_journal(tmp_path / "a.jsonl").records) == 3
    writer.close()


def test_what_a_language_model_was_asked_and_said_is_kept_word_for_word(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    writer = JournalWriter(path, session="s", seed=1, version="0")
    said = Exchange("http://x:1", "qwen", "Dm7 |\nG7", "^( C)$", '" C - |"', "stop", 1, 0, 12_345)
    writer.record(said)
    writer.close()
    found = [r for r in read_journal(path).records if r["t"] == "llm"]
    assert found == [{"t": "llm", **asdict(said)}]
