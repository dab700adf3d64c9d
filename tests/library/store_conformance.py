"""What any phrase store must do, whatever is behind the interface.

A store's own test module has a class that inherits ``StoreConformance`` and a fixture ``opens``, which opens
(or makes) the library at a path.
"""

import pickle
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jamtui.errors import StoreError
from jamtui.library.cells import SMALLEST
from jamtui.library.features import SPACES, compute
from jamtui.library.librarian import Librarian
from jamtui.library.note_blob import decode_notes
from jamtui.library.prepared import prepare_phrases
from jamtui.library.records import FORGOTTEN, Choice, PhraseRecord, SourceRecord
from jamtui.library.search import Query, Searcher
from jamtui.library.store import PhraseStore
from jamtui.library.store.interface import ChangedPhrase
from jamtui.music.chart import parse_chart
from jamtui.music.chord import parse_chord
from jamtui.music.meter import METERS, Meter
from jamtui.music.phrase import ChordSpan, Note, Role
from tests.library.material import file, line, lines, written

Opens = Callable[[Path], PhraseStore]


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


def everything(store: PhraseStore) -> tuple[object, ...]:
    """Phrases, files and counts; how much room they take is the store's affair."""
    return store.get_many(store.numbers()), store.sources(), replace(store.stats(), bytes=0)


class StoreConformance:
    """The tests; collected where a class inherits them."""

    @pytest.fixture
    def store(self, opens: Opens, tmp_path: Path) -> Iterator[PhraseStore]:
        with opens(tmp_path / "library.db") as opened:
            yield opened

    def test_what_goes_in_comes_out(self, store: PhraseStore) -> None:
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

    def test_a_transposed_phrase_with_another_touch_is_the_same_phrase(self, store: PhraseStore) -> None:
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
    def test_another_phrase_is_not_merged(self, store: PhraseStore, other: str) -> None:
        record = written("Dm7 | G7", "D5:8 F5:8 A5:8 C6:8 B5:4 A5:4 | G5:4 F5:4 E5:4 D5:4")
        assert len(store.add(file("one"), [record, written("Dm7 | G7", other)]).added) == 2

    def test_grace_notes_do_not_make_another_phrase(self, store: PhraseStore) -> None:
        record = written("Dm7 | G7", "D5:4 F5:4 A5:4 C6:4 | G5:4 F5:4 E5:4 D5:4")
        notes = (Note(900, 76, 60, 60), *record.phrase.notes)
        graced = replace(record, phrase=replace(record.phrase, notes=notes))
        assert store.add(file("one"), [record, graced]).merged == 1

    def test_the_same_notes_over_another_chord_are_another_phrase(self, store: PhraseStore) -> None:
        notes = "C5:4 E5:4 G5:4 B5:4 | r:1"
        assert (
            len(store.add(file("one"), [written("Cmaj7 | %", notes), written("Am9 | %", notes)]).added) == 2
        )

    def test_a_file_that_was_read_is_known_also_when_it_was_refused(self, store: PhraseStore) -> None:
        store.add(file("good", analysis=2), lines(3))
        store.add(replace(file("bad", analysis=2), refused="it is a text file"), ())
        for name in ("good", "bad"):
            assert store.has_source(f"sha-{name}", 2)
            assert store.has_source(f"sha-{name}", 1)
            assert not store.has_source(f"sha-{name}", 3)
        assert not store.has_source("sha-other", 1)
        stats = store.stats()
        assert (stats.sources, stats.refused, stats.phrases) == (1, 1, 3)

    def test_a_newer_analysis_replaces_the_phrases_and_keeps_the_marks(self, store: PhraseStore) -> None:
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

    def test_what_is_kept_stays_although_a_newer_analysis_cuts_otherwise(self, store: PhraseStore) -> None:
        given = lines(6)
        first = store.add(file("one", analysis=1), given).added
        store.mark(first[4], kept=True)
        store.mark(first[5], banned=True)
        store.add(file("one", analysis=2), given[:4])
        assert [r.id for r in store.get_many(store.numbers()).values() if r.kept] == [first[4]]
        assert store.stats().phrases == 5
        store.add(replace(file("one", analysis=3), refused="too long"), ())
        assert store.numbers() == [first[4]]
        assert store.forget("sha-one") == 1
        store.mark(store.add(file("one"), given).added[0], kept=True)
        store.add(replace(file("one"), refused=FORGOTTEN), ())
        assert store.numbers() == [], "the musician's own wish"

    def test_forgetting_a_file_leaves_what_another_has_too(self, store: PhraseStore) -> None:
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

    def test_forgetting_the_second_file_lowers_the_count(self, store: PhraseStore) -> None:
        (number,) = store.add(file("one"), lines(1)).added
        store.add(file("two"), lines(1))
        assert store.forget("sha-two") == 0
        found = store.get(number)
        assert found is not None
        assert found.count == 1

    def test_captured_phrases_have_no_file_and_can_be_removed(self, store: PhraseStore) -> None:
        result = store.add(SourceRecord("", "captured"), lines(2))
        assert store.stats().sources == 0
        store.remove((result.added[0], 999))
        assert store.numbers() == [result.added[1]]
        assert store.get(result.added[0]) is None

    def test_marks_are_taken_back(self, store: PhraseStore) -> None:
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

    def test_a_failing_file_leaves_nothing(self, store: PhraseStore) -> None:
        store.add(file("one"), lines(2))
        bad = replace(lines(1, seed=5)[0].phrase, notes=(Note(0, 60, 70_000),))
        with pytest.raises(StoreError, match="shorter"):
            store.add(file("two"), [*lines(3, seed=4), PhraseRecord(bad)])
        assert not store.has_source("sha-two", 1)
        assert store.stats().phrases == 2

    def test_a_backup_is_a_library_of_its_own(self, opens: Opens, store: PhraseStore, tmp_path: Path) -> None:
        store.add(file("one"), lines(20))
        target = tmp_path / "backup.db"
        assert store.backup(target) == target.stat().st_size
        store.forget("sha-one")
        with opens(target) as copy:
            assert copy.stats().phrases == 20
            assert copy.set_aside is None
        with pytest.raises(StoreError, match="is there already"):
            store.backup(target)
        with pytest.raises(StoreError, match=r"cannot write the backup .*; choose another place"):
            store.backup(tmp_path / "nowhere" / "backup.db")

    def test_threads_take_turns(self, store: PhraseStore) -> None:
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

    def test_one_file_is_found_by_its_hash_alone(self, store: PhraseStore) -> None:
        store.add(file("one"), lines(3))
        (one,) = store.sources()
        assert store.source(one.sha256) == one
        assert store.source("nobody's") is None

    def test_a_store_that_is_opened_again_holds_what_was_put_in(self, opens: Opens, tmp_path: Path) -> None:
        path = tmp_path / "again.db"
        with opens(path) as store:
            (first, second) = store.add(file("one"), lines(2)).added
            store.mark(first, kept=True)
            store.played([second])
            before = everything(store)
            assert (store.set_aside, store.place) == (None, str(path))
        with opens(path) as store:
            assert everything(store) == before
            store.remove([second])
        with opens(path) as store:
            assert store.add(file("two"), lines(1, seed=8)).added[0] > second, "no number is given twice"

    def test_what_was_prepared_elsewhere_is_what_add_stores(self, opens: Opens, tmp_path: Path) -> None:
        given = [*lines(30), *lines(10), *lines(8, seed=3, style="blues")]
        with opens(tmp_path / "a.db") as one, opens(tmp_path / "b.db") as other:
            prepared = pickle.loads(pickle.dumps(prepare_phrases(given)))
            first, second = one.add(file("f"), given), other.add_prepared(file("f"), prepared)
            assert first == second
            assert (first.merged, len(first.kinds)) == (10, 38)
            assert one.get_many(one.numbers()) == other.get_many(other.numbers())
            with pytest.raises(ValueError, match="refused"):
                one.add_prepared(replace(file("g"), refused="no notes"), prepared)

    def test_pages_come_newest_first_and_whole(self, store: PhraseStore) -> None:
        store.add(file("one"), lines(20))
        store.add(file("two"), lines(10, seed=4, style="blues"))
        store.mark(3, kept=True)
        assert store.styles() == {"swing", "blues"}
        seen: list[int] = []
        while page := store.page(Choice(), len(seen), 7).records:
            seen += [r.id for r in page]
        assert seen == store.numbers()[::-1]
        for choice, wanted in (
            (Choice(style="blues"), store.numbers(style="blues")),
            (Choice(role="bass"), []),
            (Choice(named="ONE"), store.numbers(source="sha-one")),
            (Choice(only="kept"), [3]),
        ):
            listed = store.page(choice, 0, 100)
            assert (listed.total, [r.id for r in listed.records]) == (len(wanted), wanted[::-1])

    def test_the_most_alike_are_the_nearest_of_the_same_shelf(self, store: PhraseStore) -> None:
        store.add(file("one"), [*lines(60), *lines(20, seed=2, style="blues")])
        found = store.alike(5, 6)
        assert len(found) == 6
        assert [d for _, d in found] == sorted(d for _, d in found)
        assert 5 not in [n for n, _ in found]
        assert {r.phrase.style for r in store.get_many([n for n, _ in found]).values()} == {"swing"}
        assert store.alike(999, 6) == []

    def test_marks_of_phrases_that_are_gone_are_passed_over(self, store: PhraseStore) -> None:
        (number,) = store.add(file("one"), lines(1)).added
        store.played([number, 55, number])
        store.remove([66])
        assert [(r.id, r.played) for r in store.get_many([number, 55]).values()] == [(number, 2)]

    # Readers

    def test_a_reader_sees_each_commit(self, store: PhraseStore) -> None:
        reader = store.reader()
        assert (reader.shelves(), reader.arrivals(0), reader.change_range()) == ([], [], (0, 0))
        version = reader.version()
        assert reader.version() == version
        given = [*lines(6), *lines(3, seed=2, style="blues")]
        numbers = store.add(file("one"), given).added
        assert reader.version() != version
        version = reader.version()
        assert {(s.role, s.style, s.meter, s.revision) for s in reader.shelves()} == {
            ("lead", "swing", "4/4", 0), ("lead", "blues", "4/4", 0),
        }  # fmt: skip
        shelf_of = {s.style: s.number for s in reader.shelves()}
        assert [tuple(a) for a in reader.arrivals(numbers[2])] == [
            (n, shelf_of[r.phrase.style]) for n, r in zip(numbers, given, strict=True)
        ][3:]
        assert {r.id: r for r in reader.records(numbers)} == store.get_many(numbers)
        assert reader.records([400]) == []
        store.mark(numbers[0], kept=True)
        store.mark(numbers[1], banned=True)
        store.played([numbers[1]])
        assert reader.version() != version
        assert sorted(map(tuple, reader.marks(numbers[:2]))) == [
            (numbers[0], 1, 0, 1, 0), (numbers[1], 1, 1, 0, 1),
        ]  # fmt: skip
        assert reader.banned(shelf_of["swing"]) == [numbers[1]]
        assert reader.banned(shelf_of["swing"], numbers[2]) == []
        rows = reader.source_rows(["sha-one", "sha-none"])
        assert list(rows) == ["sha-one"]
        store.close()
        assert len(reader.records(numbers)) == len(numbers), "a reader outlives its store"
        reader.close()

    def test_a_reader_hears_what_changed(self, store: PhraseStore) -> None:
        numbers = store.add(file("one"), lines(4)).added
        store.add(file("two"), lines(2))
        reader = store.reader()
        _, before = reader.change_range()
        store.mark(numbers[3], kept=True)
        store.mark(numbers[3], banned=True)
        store.remove([numbers[2]])
        store.forget("sha-one")
        oldest, newest = reader.change_range()
        assert oldest <= before + 1 <= newest
        (row,) = reader.source_rows(["sha-two"]).values()
        (shelf,) = reader.shelves()
        found = {c.number: c for c in reader.changes(before)}
        assert sorted(found) == sorted(numbers)
        for number in numbers[:2]:
            assert found[number] == ChangedPhrase(number, shelf.number, False, row, False), "it went over"
        assert [found[n].shelf for n in numbers[2:]] == [None, None]
        assert reader.changes(newest) == []
        reader.close()

    def test_a_catalogue_comes_in_parts(self, store: PhraseStore) -> None:
        given = [*lines(5), *lines(4, seed=2, style="blues")]
        numbers = store.add(file("one"), given).added
        store.mark(numbers[6], kept=True)
        reader = store.reader()
        rows, last = [], 0
        while part := reader.catalogue(last, 4):
            assert len(part) <= 4
            rows += part
            last = part[-1][0]
        (source,) = reader.source_rows(["sha-one"]).values()
        for number, record, row in zip(numbers, given, rows, strict=True):
            phrase = record.phrase
            assert (row[0], row[2], row[3], row[5], bool(row[6])) == (
                number, phrase.bars, "4/4", source, number == numbers[6],
            )  # fmt: skip
            assert decode_notes(row[1]) == tuple(sorted(phrase.notes))
            assert row[4] == phrase.chords[0].chord.root
        reader.close()

    def test_a_moment_stands_still_while_others_write(self, store: PhraseStore) -> None:
        store.add(file("one"), lines(3))
        reader, other = store.reader(), store.reader()
        with reader.at_one_moment():
            before = reader.arrivals(0)
            store.add(file("two"), lines(5, seed=3))
            store.forget("sha-one")
            assert reader.arrivals(0) == before
            assert len(other.arrivals(0)) == 5
            assert len(reader.records([n for n, _ in before])) == 3
        assert len(reader.arrivals(0)) == 5
        reader.close()
        other.close()

    def test_every_phrase_has_its_vectors(self, store: PhraseStore) -> None:
        given = [*lines(300), *lines(300, seed=2, style="blues")]
        store.add(file("one"), given)
        store.remove(store.numbers()[10:20])
        reader = store.reader()
        read = [reader.shelf_vectors(shelf.number) for shelf in reader.shelves()]
        assert sorted(n for shelf in read for n in shelf.phrases.tolist()) == store.numbers()
        for shelf in read:
            assert (np.diff(shelf.phrases) > 0).all()
            for index in (0, 7, len(shelf.phrases) - 1):
                number = int(shelf.phrases[index])
                vectors, record = reader.vectors(number), store.get(number)
                assert vectors is not None
                assert record is not None
                assert (vectors[0] == shelf.whole[index]).all()
                assert (vectors[1] == shelf.harmony[index]).all()
                whole, harmony = compute([record.phrase])
                assert np.allclose(vectors[0], whole[0], atol=1e-6)
                assert np.allclose(vectors[1], harmony[0], atol=1e-6)
        assert reader.vectors(9999) is None
        empty = reader.shelf_vectors(9999)
        assert (empty.phrases.shape, empty.whole.shape) == ((0,), (0, read[0].whole.shape[1]))
        reader.close()

    def test_the_nearest_are_the_nearest(self, store: PhraseStore) -> None:
        store.add(file("one"), lines(200))
        reader = store.reader()
        (shelf,) = reader.shelves()
        held = reader.shelf_vectors(shelf.number)
        for space, all_vectors in (("whole", held.whole), ("harmony", held.harmony)):
            query = all_vectors[17] + np.float32(0.01)
            away = np.sqrt(((all_vectors - query) ** 2).sum(axis=1))
            found = reader.nearest(shelf.number, space, query, 9)
            assert [d for _, d in found] == pytest.approx(np.sort(away)[:9].tolist(), rel=1e-4)
        reader.close()

    def test_vacuum_keeps_every_vector_in_its_place(self, store: PhraseStore) -> None:
        for seed in range(4):
            store.add(file(f"f{seed}"), lines(100, seed=seed, style=f"s{seed % 2}"))
        store.forget("sha-f0")
        store.forget("sha-f1")
        reader = store.reader()
        before = {n: reader.vectors(n) for n in store.numbers()}
        shelf = next(s.number for s in reader.shelves() if s.style == "s1")
        query = reader.shelf_vectors(shelf).whole[3]
        exact = reader.nearest(shelf, "whole", query, 8)
        assert store.vacuum() == ""
        assert reader.nearest(shelf, "whole", query, 8) == exact
        for number, vectors in before.items():
            after = reader.vectors(number)
            assert vectors is not None
            assert after is not None
            assert (after[0] == vectors[0]).all()
        store.add(file("new"), lines(50, seed=77))
        assert store.stats().phrases == len(before) + 50
        reader.close()

    def test_cells_come_when_a_shelf_is_large_and_their_revision_tells(self, store: PhraseStore) -> None:
        store.add(file("one"), lines(300))
        reader = store.reader()
        (small,) = reader.shelves()
        assert store.recluster() == 0
        assert (small.revision, reader.cells(small.number, "whole")) == (0, None)
        seed = 1
        while store.stats().phrases < SMALLEST:
            store.add(file(f"f{seed}"), lines(1500, seed=seed))
            seed += 1
        assert store.recluster(float("inf")) == 1
        (large,) = reader.shelves()
        assert large.revision > 0
        for space in SPACES:
            cells = reader.cells(large.number, space)
            assert cells is not None
            assert len(cells.centroids) > 1
            assert cells.phrases.tolist() == store.numbers()
            assert len(cells.members) == len(cells.phrases)
            assert 0 < cells.revision <= large.revision
        assert store.recluster() == 0, "nothing is due"
        reader.close()

    def test_search_works_on_it(self, store: PhraseStore) -> None:
        wanted = written("Em7b5 | A7b9", "G5:8 Bb5:8 D5:8 Bb4:8 G4:4 E4:4 | C#5:8 E5:8 G5:8 Bb5:8 A5:2")
        store.add(file("one"), lines(40))
        (number,) = store.add(file("two"), [wanted]).added
        query = Query(tuple(parse_chart("Em7b5 | A7b9").spans), Role.LEAD)
        with Searcher(store) as searcher:
            assert number in [h.record.id for h in searcher.search(query)[:3]]
            done = Librarian(store, searcher).mark(f"L:{number}", banned=True)
            assert number not in [h.record.id for h in searcher.search(query)]
            assert done.step is not None
            Librarian(store, searcher).undo(done.step)
            assert number in [h.record.id for h in searcher.search(query)[:3]]
