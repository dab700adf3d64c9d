"""What a search finds: phrases that fit the chords, in any key, and not always the same."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.library import search
from jamtui.library.cells import Numbers
from jamtui.library.index import Space
from jamtui.library.search import Query, Searcher
from jamtui.library.store.sqlite import CHANGES_KEPT, SqliteStore
from jamtui.music.chart import parse_chart
from jamtui.music.meter import METERS
from jamtui.music.phrase import ChordSpan, Note, Phrase, Role
from tests.library.material import PROGRESSIONS, file, line, lines, written


def chords(text: str) -> tuple[ChordSpan, ...]:
    return tuple(parse_chart(text).spans)


def share(phrase: Phrase, transpose: int, spans: tuple[ChordSpan, ...]) -> float:
    """Share of a phrase's notes that are chord tones, by number."""
    under = [
        ((n.pitch + transpose) % 12, s.chord.pitch_classes)
        for n in phrase.notes
        for s in spans
        if s.start <= n.onset < s.start + s.length
    ]
    return sum(pitch in tones for pitch, tones in under) / max(1, len(under))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SqliteStore, Searcher]]:
    with SqliteStore.open(tmp_path_factory.mktemp("library") / "library.db") as store:
        for seed in range(30):
            store.add(file(f"f{seed}"), lines(30, seed=seed, style=("swing", "bossa")[seed % 2]))
        with Searcher(store) as searcher:
            yield store, searcher


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore.open(tmp_path / "library.db") as store:
        yield store


def test_the_phrase_over_these_chords_comes_first_in_every_key(store: SqliteStore) -> None:
    store.add(file("noise"), lines(200, seed=3))
    wanted = written("F#m7b5 | B7b9", "A5:8 C6:8 E5:8 C5:8 A4:4 F#4:4 | D#5:8 F#5:8 A5:8 C6:8 B5:2")
    (number,) = store.add(file("wanted"), [wanted]).added
    with Searcher(store) as searcher:
        for semitones in range(12):
            moved = tuple(replace(s, chord=s.chord.transpose(semitones)) for s in wanted.phrase.chords)
            hits = searcher.search(Query(moved, Role.LEAD, "swing"))
            found = next(h for h in hits if h.record.id == number)
            assert found.transpose % 12 == semitones
            assert hits.index(found) < 3
            assert found.parts.fit == pytest.approx(1)
            assert found.parts.harmony == pytest.approx(1, abs=1e-5)


@given(
    progression=st.sampled_from(PROGRESSIONS), semitones=st.integers(0, 11),
    energy=st.floats(0, 1), k=st.integers(1, 20), seed=st.integers(0, 99),
)  # fmt: skip
def test_hits_are_ordered_whole_and_within_their_bounds(
    filled: tuple[SqliteStore, Searcher], progression: str, semitones: int, energy: float, k: int, seed: int
) -> None:
    spans = tuple(replace(s, chord=s.chord.transpose(semitones)) for s in chords(progression))
    played = line(random.Random(seed)).phrase.notes if seed % 2 else ()
    hits = filled[1].search(Query(spans, Role.LEAD, "swing", just_played=played, energy=energy), k)
    assert len(hits) == k
    assert len({h.record.id for h in hits}) == k
    for hit in hits:
        assert 0 <= hit.score <= 1
        assert all(
            0 <= p <= 1 for p in (hit.parts.fit, hit.parts.harmony, hit.parts.energy, hit.parts.register)
        )
        assert filled[0].get(hit.record.id) == hit.record
        low, high = (
            min(n.pitch for n in hit.record.phrase.notes),
            max(n.pitch for n in hit.record.phrase.notes),
        )
        assert 0 <= low + hit.transpose <= high + hit.transpose <= 127


def test_hits_fit_far_better_than_phrases_taken_blindly(filled: tuple[SqliteStore, Searcher]) -> None:
    chance = random.Random(5)
    store, searcher = filled
    numbers = store.numbers(style="swing")
    found, blind = [], []
    for progression in PROGRESSIONS:
        spans = chords(progression)
        for hit in searcher.search(Query(spans, Role.LEAD, "swing"), 4):
            found.append(share(hit.record.phrase, hit.transpose, spans))
        record = store.get(chance.choice(numbers))
        assert record is not None
        blind.append(share(record.phrase, 0, spans))
    assert sum(found) / len(found) > 0.85
    assert sum(found) / len(found) > sum(blind) / len(blind) + 0.2


def test_the_same_query_in_another_key_gives_the_same_phrases(filled: tuple[SqliteStore, Searcher]) -> None:
    base = filled[1].search(Query(chords("Dm7 | G7"), Role.LEAD, "swing"))
    moved = filled[1].search(Query(chords("F#m7 | B7"), Role.LEAD, "swing"))
    assert [h.record.id for h in base] == [h.record.id for h in moved]
    assert [(h.transpose + 4 - m.transpose) % 12 for h, m in zip(base, moved, strict=True)] == [0] * len(base)


def test_the_style_that_is_wanted_comes_first_and_others_follow_where_it_has_little(
    store: SqliteStore,
) -> None:
    store.add(file("one"), [*lines(100, style="swing"), *lines(3, seed=4, style="bossa")])
    with Searcher(store) as searcher:
        hits = searcher.search(Query(chords("Dm7 | G7"), Role.LEAD, "bossa"), 12)
        styles = [h.record.phrase.style for h in hits]
        assert styles.count("bossa") == 3
        assert styles.count("swing") == 9


def test_roles_are_never_mixed_and_meters_only_for_want_of_better(store: SqliteStore) -> None:
    chance = random.Random(3)
    waltz = [line(chance, meter=METERS["3/4"]) for _ in range(60)]
    store.add(file("one"), [*waltz, *lines(5), line(chance, role=Role.BASS)])
    with Searcher(store) as searcher:
        spans = tuple(parse_chart("Dm7 | G7", METERS["3/4"]).spans)
        three = searcher.search(Query(spans, Role.LEAD, "swing", meter=METERS["3/4"]))
        assert {h.record.phrase.meter.name for h in three} == {"3/4"}
        four = searcher.search(Query(chords("Dm7 | G7"), Role.LEAD, "swing"), 8)
        assert {h.record.phrase.meter.name for h in four} == {"4/4", "3/4"}
        assert len(searcher.search(Query(chords("Dm7 | G7"), Role.BASS))) == 1
        assert searcher.search(Query(chords("Dm7 | G7"), Role.DRUMS)) == []


def test_bans_keeps_and_what_to_avoid(store: SqliteStore) -> None:
    store.add(file("one"), lines(60))
    query = Query(chords("Cmaj7 | %"), Role.LEAD, "swing")
    with Searcher(store) as searcher:
        first = searcher.search(query)
        store.mark(first[0].record.id, banned=True)
        searcher.refresh()
        assert searcher.size == 59, "what cannot be found is not counted"
        second = [h.record.id for h in searcher.search(query)]
        assert first[0].record.id not in second
        assert second[:7] == [h.record.id for h in first[1:]]
        kept = second[4]
        store.mark(kept, kept=True)
        searcher.refresh()
        assert [h.record.id for h in searcher.search(query)].index(kept) < 4
        store.mark(first[0].record.id, banned=False)
        store.mark(kept, kept=False)
        searcher.refresh()
        assert [h.record.id for h in searcher.search(query)] == [h.record.id for h in first]
        avoided = {h.record.id for h in first[:3]}
        assert not avoided & {h.record.id for h in searcher.search(query, avoid=avoided)}
        store.mark(first[1].record.id, banned=True)
        # Also before the index has heard of it.
        assert first[1].record.id not in {h.record.id for h in searcher.search(query)}


@pytest.mark.parametrize("most", [300, 200])
def test_a_small_library_is_read_ahead_and_followed_all_the_same(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(search, "REMEMBERED", most)
    store.add(file("small"), lines(250))
    size = store.stats().phrases
    assert 200 < size <= 300
    query = Query(chords("Dm7 | G7"), Role.LEAD, "swing")
    with Searcher(store) as searcher:
        searcher.read_ahead()
        read: list[int] = []
        records = searcher._reader.records
        monkeypatch.setattr(searcher._reader, "records", lambda n: (read.extend(n), records(n))[1])
        expected = searcher.search(query)
        assert (not read) == (most >= size)
        best = expected[0].record
        assert searcher.get(best.id) == best
        store.mark(best.id, banned=True)
        store.mark(expected[1].record.id, kept=True)
        hits = searcher.search(query)
        assert best.id not in {h.record.id for h in hits}
        assert next(h for h in hits if h.record.id == expected[1].record.id).record.kept


def test_chords_that_begin_early_or_late_are_searched_for_too(store: SqliteStore) -> None:
    store.add(file("some"), lines(50))
    bar = METERS["4/4"].bar_ticks
    early, late = chords("Dm7 | G7 | C"), chords("Dm7 | G7")
    with Searcher(store) as searcher:
        for spans in (
            tuple(replace(s, start=s.start - 2 * bar) for s in early),
            tuple(replace(s, start=s.start + 2 * bar) for s in late),
            tuple(replace(s, start=s.start + 100 * bar) for s in late),
        ):
            hits = searcher.search(Query(spans, Role.LEAD, "swing"))
            assert len(hits) == 8
            assert all(0 <= h.score <= 1 for h in hits)


def test_several_threads_may_search_while_the_library_grows(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "REMEMBERED", 8)
    store.add(file("one"), lines(120))
    numbers = set(store.numbers())
    with Searcher(store) as searcher, ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(search_all, searcher) for _ in range(3)]
        for n in range(10):
            numbers |= set(store.add(file(f"more {n}"), lines(10, seed=50 + n)).added)
            searcher.refresh()
        for one in asked:
            assert one.result() <= numbers


def search_all(searcher: Searcher) -> set[int]:
    """Numbers of what is found for all progressions, four times."""
    queries = [Query(chords(p), Role.LEAD, "swing") for p in PROGRESSIONS] * 4
    return {hit.record.id for query in queries for hit in searcher.search(query)}


def test_a_source_that_was_just_heard_steps_back(store: SqliteStore) -> None:
    for name in "ab":
        store.add(file(name), lines(40, seed=ord(name)))
    query = Query(chords("Dm7 | G7"), Role.LEAD, "swing")
    with Searcher(store) as searcher:
        plain = [h.record.source for h in searcher.search(query)]
        assert len(set(plain)) == 2
        others = [h.record.source for h in searcher.search(query, avoid_sources={"sha-a"})]
        assert others.count("sha-b") > plain.count("sha-b")


def test_hits_lie_near_what_was_just_played(filled: tuple[SqliteStore, Searcher]) -> None:
    for centre in (48, 60, 72, 84):
        played = tuple(Note(-3840 + i * 480, centre + i % 3, 480) for i in range(8))
        query = Query(chords("Dm7 | G7"), Role.LEAD, "swing", just_played=played)
        for hit in filled[1].search(query):
            notes = hit.record.phrase.notes
            mean = sum(n.pitch for n in notes) / len(notes) + hit.transpose
            assert abs(mean - centre - 1) <= 6.5


def test_more_energy_finds_busier_phrases(filled: tuple[SqliteStore, Searcher]) -> None:
    def notes(energy: float) -> float:
        hits = [
            h
            for p in PROGRESSIONS
            for h in filled[1].search(Query(chords(p), Role.LEAD, "swing", energy=energy))
        ]
        return sum(len(h.record.phrase.notes) for h in hits) / len(hits)

    assert notes(0) + 0.5 < notes(0.5) < notes(1)


def test_without_chords_drums_are_found_by_their_rhythm(store: SqliteStore) -> None:
    def beat(step: int) -> Phrase:
        notes = tuple(Note(t, 36 if t % 1920 == 0 else 42, 60) for t in range(0, 7680, step))
        return Phrase("beat", Role.DRUMS, "funk", 2, (), notes)

    record = written("C7 | %", "C5:4 r:4 r:2 | r:1")
    store.add(file("one"), [replace(record, phrase=beat(step)) for step in (240, 480, 960)])
    with Searcher(store) as searcher:
        hits = searcher.search(Query((), Role.DRUMS, "funk", energy=1.0))
        assert len(hits[0].record.phrase.notes) == 32
        assert all(h.transpose == 0 for h in hits)


def test_an_empty_library_finds_nothing(store: SqliteStore) -> None:
    with Searcher(store) as searcher:
        assert searcher.search(Query(chords("Dm7 | G7"), Role.LEAD)) == []
        store.add(file("one"), lines(3))
        assert searcher.search(Query(chords("Dm7 | G7"), Role.LEAD)) == []
        assert searcher.refresh()
        assert len(searcher.search(Query(chords("Dm7 | G7"), Role.LEAD))) == 3
        assert not searcher.refresh()


def test_a_start_replays_no_old_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden: list[int] = []
    hide = Space.hide

    def counted(space: Space, phrases: Numbers, on: bool) -> None:
        hidden.append(len(phrases))
        hide(space, phrases, on)

    monkeypatch.setattr(Space, "hide", counted)
    with SqliteStore.open(tmp_path / "library.db") as store:
        store.add(file("a"), lines(10))
        store.remove(range(1000, 3000))
        with Searcher(store) as searcher:
            assert hidden == []
            store.remove(range(1000, 3000))
            searcher.refresh()
            assert hidden == [2000] * (2 * len(searcher._index.shelves)), "all at once"


def test_a_reader_that_missed_changes_loads_everything_again(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path / "library.db") as store:
        tunes = ("D4:4 F4:4 A4:4 C5:4 | B4:2 G4:2", "D4:8 E4:8 F4:4 A4:2 | G4:2 F4:2", "A4:2 F4:2 | B3:1")
        best, other, gone = store.add(file("a"), [written("Dm7 | G7", notes) for notes in tunes]).added
        store.mark(other, banned=True)
        with Searcher(store) as searcher:
            store.mark(best, banned=True)
            store.mark(other, banned=False)
            store.remove([gone])
            store.remove(range(1000, 1000 + CHANGES_KEPT))
            searcher.refresh()
            assert [h.record.id for h in searcher.search(Query(chords("Dm7 | G7"), Role.LEAD))] == [other]
        reader = store.reader()
        oldest, newest = reader.change_range()
        assert newest - oldest + 1 == CHANGES_KEPT
        reader.close()
