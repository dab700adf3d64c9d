"""The store on real files: what goes in comes out, near-duplicates once, transactions whole."""

import random
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from jamtui.errors import StoreError
from jamtui.library.records import PhraseRecord, SourceRecord
from jamtui.library.store import SqliteStore
from jamtui.library.vectors import nearest, read_shelf, read_vectors
from jamtui.music.chord import parse_chord
from jamtui.music.meter import METERS, Meter
from jamtui.music.phrase import ChordSpan, Note, Role
from tests.library.material import file, line, lines, written


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore.open(tmp_path / "library.db")


def transposed(record: PhraseRecord, semitones: int) -> PhraseRecord:
    phrase = record.phrase
    return replace(
        record,
        phrase=replace(
            phrase,
            notes=tuple(replace(n, pitch=n.pitch + semitones) for n in phrase.notes),
            chords=tuple(replace(s, chord=s.chord.transpose(semitones)) for s in phrase.chords),
        ),
    )


def test_what_goes_in_comes_out(store: SqliteStore) -> None:
    meters = (*METERS.values(), Meter(12, 8, (3, 3, 3, 3)))
    chance = random.Random(1)
    given = [line(chance, meter=meter, role=role) for meter in meters for role in (Role.LEAD, Role.BASS)]
    given.append(written("C7 | %", "[E3 Bb3]:4 r:4 r:2 | r:1", role=Role.COMP))
    slash = (ChordSpan(0, 3840, parse_chord("Am7/G")), ChordSpan(3840, 3840, parse_chord("C6/9")))
    fresh = line(chance)
    given.append(replace(fresh, phrase=replace(fresh.phrase, chords=slash)))
    result = store.add(file("one"), given)
    assert len(result.added) == len(given)
    for number, record in zip(result.added, given, strict=True):
        expected = replace(record, id=number, source="sha-one")
        expected = replace(
            expected, phrase=replace(expected.phrase, notes=tuple(sorted(record.phrase.notes)))
        )
        assert store.get(number) == expected
    assert store.sources() == [file("one")]


def test_a_transposed_phrase_with_another_touch_is_the_same_phrase(store: SqliteStore) -> None:
    record = written("Dm7 | G7", "D5:8 F5:8 A5:8 C6:8 B5:4 A5:4 | G5:4 F5:4 E5:4 D5:4")
    (number,) = store.add(file("one"), [record]).added
    softer = replace(
        record.phrase, notes=tuple(replace(n, velocity=50, residual=9) for n in record.phrase.notes)
    )
    again = store.add(file("two"), [transposed(record, 5), replace(record, phrase=softer)])
    assert (again.added, again.merged) == ((), 2)
    found = store.get(number)
    assert found is not None
    assert found.count == 3
    assert store.stats().merged == 2


@pytest.mark.parametrize(
    "other",
    [
        "D5:8 F5:8 A5:8 C6:8 B5:4 A5:4 | G5:4 F5:4 E5:4 C5:4",
        "D5:4 F5:8 A5:8 C6:4 B5:4 | A5:4 G5:4 F5:4 E5:4",
    ],
    ids=["another last note", "another rhythm"],
)
def test_another_phrase_is_not_merged(store: SqliteStore, other: str) -> None:
    record = written("Dm7 | G7", "D5:8 F5:8 A5:8 C6:8 B5:4 A5:4 | G5:4 F5:4 E5:4 D5:4")
    assert len(store.add(file("one"), [record, written("Dm7 | G7", other)]).added) == 2


def test_grace_notes_do_not_make_another_phrase(store: SqliteStore) -> None:
    record = written("Dm7 | G7", "D5:4 F5:4 A5:4 C6:4 | G5:4 F5:4 E5:4 D5:4")
    notes = (Note(900, 76, 60, 60), *record.phrase.notes)
    graced = replace(record, phrase=replace(record.phrase, notes=notes))
    assert store.add(file("one"), [record, graced]).merged == 1


def test_the_same_notes_over_another_chord_are_another_phrase(store: SqliteStore) -> None:
    notes = "C5:4 E5:4 G5:4 B5:4 | r:1"
    assert len(store.add(file("one"), [written("Cmaj7 | %", notes), written("Am9 | %", notes)]).added) == 2


def test_a_file_that_was_read_is_known_also_when_it_was_refused(store: SqliteStore) -> None:
    store.add(file("good", analysis=2), lines(3))
    store.add(replace(file("bad", analysis=2), refused="it is a text file"), ())
    for name in ("good", "bad"):
        assert store.has_source(f"sha-{name}", 2)
        assert store.has_source(f"sha-{name}", 1)
        assert not store.has_source(f"sha-{name}", 3)
    assert not store.has_source("sha-other", 1)
    stats = store.stats()
    assert (stats.sources, stats.refused, stats.phrases) == (1, 1, 3)


def test_a_newer_analysis_replaces_the_phrases_and_keeps_the_marks(store: SqliteStore) -> None:
    given = lines(6)
    first = store.add(file("one", analysis=1), given).added
    store.mark(first[0], banned=True)
    store.mark(first[1], kept=True)
    store.played((first[1], first[1]))
    second = store.add(file("one", analysis=2), given[:4]).added
    assert store.stats().phrases == 4
    assert not set(first) & set(second)
    again = [store.get(n) for n in second]
    assert [(r.banned, r.kept, r.played) for r in again if r is not None] == [
        (True, False, 0), (False, True, 2), (False, False, 0), (False, False, 0),
    ]  # fmt: skip


def test_forgetting_a_file_leaves_what_another_has_too(store: SqliteStore) -> None:
    given = lines(5)
    store.add(file("one"), given)
    store.add(file("two"), [*given[:2], *lines(3, seed=9)])
    assert store.forget("sha-one") == 3
    stats = store.stats()
    assert (stats.phrases, stats.sources, stats.merged) == (5, 1, 0)
    assert {r.source for r in store.get_many(store.numbers()).values()} == {"sha-two"}
    assert store.forget("sha-two") == 5
    assert store.stats().phrases == 0
    with pytest.raises(StoreError, match="no file"):
        store.forget("sha-two")


def test_forgetting_the_second_file_lowers_the_count(store: SqliteStore) -> None:
    (number,) = store.add(file("one"), lines(1)).added
    store.add(file("two"), lines(1))
    assert store.forget("sha-two") == 0
    found = store.get(number)
    assert found is not None
    assert found.count == 1


def test_captured_phrases_have_no_file_and_can_be_removed(store: SqliteStore) -> None:
    result = store.add(SourceRecord("", "captured"), lines(2))
    assert store.stats().sources == 0
    store.remove((result.added[0], 999))
    assert store.numbers() == [result.added[1]]
    assert store.get(result.added[0]) is None


def test_marks_are_taken_back(store: SqliteStore) -> None:
    (number,) = store.add(file("one"), lines(1)).added
    store.mark(number, kept=True)
    store.mark(number, banned=True)
    found = store.get(number)
    assert found is not None
    assert (found.kept, found.banned) == (True, True)
    store.mark(number, kept=False, banned=False)
    found = store.get(number)
    assert found is not None
    assert (found.kept, found.banned) == (False, False)
    with pytest.raises(StoreError, match="no phrase 77"):
        store.mark(77, kept=True)


def test_a_failing_file_leaves_nothing(store: SqliteStore) -> None:
    store.add(file("one"), lines(2))
    bad = replace(lines(1, seed=5)[0].phrase, notes=(Note(0, 60, 70_000),))
    with pytest.raises(StoreError, match="shorter"):
        store.add(file("two"), [*lines(3, seed=4), PhraseRecord(bad)])
    assert not store.has_source("sha-two", 1)
    assert store.stats().phrases == 2


def test_every_phrase_has_its_vectors(store: SqliteStore) -> None:
    store.add(file("one"), [*lines(300), *lines(300, seed=2, style="blues")])
    store.remove(store.numbers()[10:20])
    shelves = [row[0] for row in store.reader().execute("select id from shelves")]
    read = [read_shelf(store.reader(), shelf) for shelf in shelves]
    assert sorted(n for shelf in read for n in shelf.phrases.tolist()) == store.numbers()
    for shelf in read:
        for index in (0, 7, len(shelf.phrases) - 1):
            vectors = read_vectors(store.reader(), int(shelf.phrases[index]))
            assert vectors is not None
            assert (vectors[0] == shelf.whole[index]).all()
            assert (vectors[1] == shelf.harmony[index]).all()


def test_vacuum_keeps_every_vector_in_its_place(store: SqliteStore) -> None:
    for seed in range(4):
        store.add(file(f"f{seed}"), lines(100, seed=seed, style=f"s{seed % 2}"))
    store.forget("sha-f0")
    store.forget("sha-f1")
    before = {n: read_vectors(store.reader(), n) for n in store.numbers()}
    shelf = next(iter(store.reader().execute("select id from shelves where style = 's1'")))[0]
    query = read_shelf(store.reader(), shelf).whole[3]
    exact = nearest(store.reader(), shelf, "whole", query, 8)
    assert store.vacuum() == ""
    assert nearest(store.reader(), shelf, "whole", query, 8) == exact
    for number, vectors in before.items():
        after = read_vectors(store.reader(), number)
        assert vectors is not None
        assert after is not None
        assert (after[0] == vectors[0]).all()
    store.add(file("new"), lines(50, seed=77))
    assert store.stats().phrases == len(before) + 50


def test_a_backup_is_a_library_of_its_own(store: SqliteStore, tmp_path: Path) -> None:
    store.add(file("one"), lines(20))
    target = tmp_path / "backup.db"
    assert store.backup(target) == target.stat().st_size
    store.forget("sha-one")
    with SqliteStore.open(target) as copy:
        assert copy.stats().phrases == 20
        assert copy.set_aside is None
    with pytest.raises(StoreError, match="is there already"):
        store.backup(target)


def test_threads_take_turns(store: SqliteStore) -> None:
    errors: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for index in range(5):
                store.add(file(f"{seed}-{index}"), lines(10, seed=100 * seed + index))
                store.stats()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert store.stats().sources == 20


def test_one_file_is_found_by_its_hash_alone(store: SqliteStore) -> None:
    store.add(file("one"), lines(3))
    (one,) = store.sources()
    assert store.source(one.sha256) == one
    assert store.source("nobody's") is None
