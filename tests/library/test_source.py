"""The library as a source: which phrases it plays, how it goes on with them, and what it says of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from jamtui.library.guests import guest
from jamtui.library.ingest import ingest_starter
from jamtui.library.librarian import Done, Librarian
from jamtui.library.phrase_refs import hit_of, number_of, ref_of
from jamtui.library.search import Searcher
from jamtui.library.source import LibrarySource
from jamtui.library.store.sqlite import SqliteStore
from jamtui.library.takes import records_of
from jamtui.music.chord import Family, parse_chord
from jamtui.music.meter import COMMON_TIME, EIGHTH, PPQ
from jamtui.music.phrase import Bar, Brief, ChordSpan, Role, Source
from jamtui.music.scale import Key
from jamtui.session.guard import Guard, Limits
from jamtui.session.shelf import GUESTS, Shelf
from jamtui.session.taking import Take, TakenNote
from tests.session.stage import book

BAR = COMMON_TIME.bar_ticks


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with the starter phrases, made once; tests that write copy it."""
    path = tmp_path_factory.mktemp("library") / "library.db"
    assert ingest_starter(path) > 300
    return path


@pytest.fixture
def store(starter: Path, tmp_path: Path) -> Iterator[SqliteStore]:
    path = tmp_path / "library.db"
    path.write_bytes(starter.read_bytes())
    with SqliteStore.open(path) as opened:
        yield opened


@pytest.fixture
def searcher(store: SqliteStore) -> Iterator[Searcher]:
    with Searcher(store) as opened:
        yield opened


def brief(symbols: str, at: int = 0, role: Role = Role.LEAD, **changes: object) -> Brief:
    """Two bars from bar ``at`` on over a loop of one chord a bar."""
    loop = symbols.split()
    chords = tuple(ChordSpan(n * BAR, BAR, parse_chord(loop[(at + n) % len(loop)])) for n in range(8))
    ranges = {Role.LEAD: (55, 84), Role.BASS: (28, 55), Role.COMP: (48, 79)}
    low, high = ranges[role]
    made = Brief(
        f"{role}-{at}", "session", role, "swing", COMMON_TIME, at * BAR, 2, chords[:2], 3, 120.0, 0.4, 0.5,
        41 + at, forecast=chords, confidence=1.0, low=low, high=high, key="C major", density=1.0,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # the fields of a test


def played(source: LibrarySource, symbols: str, bars: int, role: Role = Role.LEAD) -> list[Bar]:
    """The first bar of each brief, one brief a bar, as the band asks."""
    found: list[Bar] = []
    for at in range(bars):
        made = source.compose(brief(symbols, at, role))
        assert len(made.bars) == 2
        found.append(made.bars[0])
    return found


@pytest.mark.parametrize("role", [Role.LEAD, Role.BASS, Role.COMP])
def test_bars_pass_the_guard_as_they_are(searcher: Searcher, role: Role) -> None:
    source = LibrarySource(lambda: searcher)
    if role is Role.BASS:
        assert source.compose(brief("Dm7", role=role)).bars == (), "no bass among the starter phrases"
        return
    guard = Guard()
    for bar in played(source, "Dm7 G7 Cmaj7 A7", 12, role):
        low, high = (55, 84) if role is Role.LEAD else (48, 79)
        judged = guard.check(bar, Limits(role, low, high, Key(0), 0.0))
        assert judged.accepted, judged.reason
        assert (bar.origin, bar.role, bar.length) == (Source.LIBRARY, role, BAR)
        assert not bar.notes or (bar.label and number_of(bar.ref) is not None)
    assert not guard.refused


def test_the_same_briefs_give_the_same_bars(searcher: Searcher) -> None:
    first = played(LibrarySource(lambda: searcher), "Dm7 G7 Cmaj7 A7", 8)
    assert played(LibrarySource(lambda: searcher), "Dm7 G7 Cmaj7 A7", 8) == first


def test_a_phrase_goes_on_over_briefs_and_is_not_repeated_at_once(searcher: Searcher) -> None:
    source = LibrarySource(lambda: searcher)
    two = source.compose(brief("Dm7 G7 Cmaj7 A7", 0)).bars
    again = source.compose(brief("Dm7 G7 Cmaj7 A7", 1)).bars
    if two[0].ref == two[1].ref:
        assert [(n.onset, n.pitch) for n in again[0].notes] == [(n.onset, n.pitch) for n in two[1].notes]
    refs = [b.ref for b in played(LibrarySource(lambda: searcher), "Dm7 G7 Cmaj7 A7", 16) if b.ref]
    changes = [r for n, r in enumerate(refs) if n == 0 or refs[n - 1] != r]
    assert len(set(changes[:6])) == len(changes[:6])


def test_other_chords_than_expected_end_the_phrase(searcher: Searcher) -> None:
    source = LibrarySource(lambda: searcher)
    first = source.compose(brief("Dm7 G7 Cmaj7 A7", 0)).bars
    other = source.compose(brief("Ebmaj7 Abmaj7", 1)).bars
    assert other[0].ref != first[0].ref
    assert [c.chord.symbol for c in other[0].chords_assumed][:1] == ["Abmaj7"]


def test_a_calm_lead_breathes_and_an_accompanist_does_not(searcher: Searcher) -> None:
    def rests(role: Role) -> int:
        source = LibrarySource(lambda: searcher)
        made = [source.compose(brief("Dm7 G7", at, role, density=0.3, energy=0.2)) for at in range(24)]
        return sum(not m.bars[0].ref for m in made)

    assert 2 <= rests(Role.LEAD) <= 12
    assert rests(Role.COMP) == 0


def test_without_a_library_or_a_chord_there_is_nothing(searcher: Searcher) -> None:
    assert LibrarySource(lambda: None).compose(brief("Dm7")).bars == ()
    source = LibrarySource(lambda: searcher)
    assert source.compose(brief("Dm7", chords=())).bars == ()
    assert source.compose(brief("N.C.")).bars == ()


def test_an_audition_comes_next_whatever_fits_better(searcher: Searcher, store: SqliteStore) -> None:
    number = store.numbers(role="lead", style="funk")[0]
    source = LibrarySource(lambda: searcher)
    source.compose(brief("Dm7 G7 Cmaj7 A7", 0))
    source.wish(Role.LEAD, number)
    bars = source.compose(brief("Dm7 G7 Cmaj7 A7", 1)).bars
    assert bars[0].ref == ref_of(number)
    source.wish(Role.LEAD, 999_999)
    assert source.compose(brief("Dm7 G7 Cmaj7 A7", 3)).bars, "there is none of that number: it plays on"


def test_what_sounds_yet_stays_among_the_hits_while_later_bars_are_asked_for(searcher: Searcher) -> None:
    source = LibrarySource(lambda: searcher)
    sounding: dict[int, str] = {}
    found = 0
    for at in range(48):
        made = source.compose(brief("Dm7 G7 Cmaj7 A7 Fmaj7 Bm7b5 E7b9", at))
        sounding |= {bar.start_tick // BAR: bar.ref for bar in made.bars}
        refs = [ref_of(hit.record.id) for hit in made.hits]
        assert len(refs) == len(set(refs)) == 8
        for earlier in range(max(0, at - 2), at + 1):
            if sounding.get(earlier):
                assert sounding[earlier] in refs, (at, earlier)
                assert number_of(sounding[earlier]) in made.played
                found += 1
    assert found > 40


def test_what_sounds_is_shown_as_kept_once_it_is_and_no_more_once_it_is_banned(searcher: Searcher) -> None:
    source = LibrarySource(lambda: searcher)
    sounding = number_of(source.compose(brief("Dm7 G7", 0)).bars[0].ref)
    assert sounding is not None
    record = searcher.get(sounding)
    assert record is not None
    source.keep([replace(record, kept=True)])
    shown = {h.record.id: h.record.kept for h in source.compose(brief("Dm7 G7", 1)).hits}
    assert shown[sounding]
    source.keep([])
    source.forget(sounding)
    hits = source.compose(brief("Dm7 G7", 2)).hits
    assert sounding not in {h.record.id for h in hits}, "it was played lately: the search gives others"


def test_hits_say_the_chords_where_they_would_be_played(searcher: Searcher) -> None:
    made = LibrarySource(lambda: searcher).compose(brief("Ebm7 Ab7 Dbmaj7 Dbmaj7", 0))
    assert len(made.hits) == 8
    shown = hit_of(made.hits[0])
    assert shown.chords.split()[0].startswith(("Eb", "D#", "Gb", "F#", "Db", "C#", "Ab", "G#"))
    assert shown.role == "lead"
    assert shown.notes
    assert number_of(shown.ref) == made.hits[0].record.id


def test_refs_are_read_back() -> None:
    assert number_of(ref_of(12)) == 12
    assert number_of("") is None
    assert number_of("M:12") is None


def test_guests_can_be_laid_by_the_reflex(store: SqliteStore) -> None:
    shelf = Shelf(book())
    guests = [g for n in store.numbers(role="lead", style="bossa") if (g := guest(store.get(n), "swing"))]  # type: ignore[arg-type]  # it is there
    assert len(guests) > 10
    shelf.take_up(guests)
    named = {line.ref for line in shelf.progressions("swing", Role.LEAD, COMMON_TIME) if line.ref}
    for family in Family:
        named |= {n.ref for n in shelf.lines("swing", Role.LEAD, family.value, COMMON_TIME) if n.ref}
    assert named == {g.ref for g in guests[-GUESTS:]}


# Takes


def take(notes: Sequence[tuple[float, int, float]], symbols: str, **changes: object) -> Take:
    """Notes as (beat, pitch, beats), one chord a bar."""
    loop = symbols.split()
    made = Take(
        "", "Y", "own take", "swing", "4/4", 120.0, len(loop), 8,
        tuple(ChordSpan(n * BAR, BAR, parse_chord(s)) for n, s in enumerate(loop)),
        tuple(TakenNote(round(b * PPQ), round(d * PPQ), p, 90) for b, p, d in notes),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # the fields of a test


def test_a_take_is_divided_into_comping_and_a_line() -> None:
    chords = [(b + 0.01 * n, p, 1.9) for b in (0, 2, 4, 6) for n, p in enumerate((50, 60, 65, 69))]
    line = [(0.5, 74, 0.4), (1, 76, 0.4), (1.5, 77, 0.4), (4.52, 79, 0.4), (5, 77, 0.4), (5.49, 76, 0.4)]
    _, records = records_of(take([*chords, *line], "Dm7 G7"), 0.0)
    by_role = {r.phrase.role for r in records}
    assert by_role == {Role.COMP, Role.LEAD}
    lead = max((r for r in records if r.phrase.role is Role.LEAD), key=lambda r: r.phrase.bars)
    assert [n.onset for n in lead.phrase.notes][:3] == [EIGHTH, PPQ, PPQ + EIGHTH]
    assert all(abs(n.residual) <= 60 for n in lead.phrase.notes)
    assert lead.key
    assert len(lead.romans) == len(lead.phrase.chords)


def test_swing_is_taken_out_and_kept_as_a_number() -> None:
    swung = [(b + s, 72 + round(b) % 5, 0.3) for b in range(16) for s in (0.0, 0.667)]
    _, records = records_of(take(swung, "Dm7 G7 Cmaj7 Cmaj7"), 0.0)
    assert records
    assert all(0.63 < r.swing < 0.7 for r in records)
    offs = {n.onset % PPQ for r in records for n in r.phrase.notes}
    assert offs == {0, EIGHTH}


def test_two_notes_are_kept_too_and_nothing_is_nothing() -> None:
    _, records = records_of(take([(0, 62, 1), (2, 69, 1)], "Dm7"), 0.0)
    assert [(r.phrase.role, len(r.phrase.notes)) for r in records] == [(Role.LEAD, 2)]
    _, deep = records_of(take([(0, 38, 1), (2, 45, 1)], "Dm7"), 0.0)
    assert [r.phrase.role for r in deep] == [Role.BASS]
    assert records_of(take([], "Dm7"), 0.0)[1] == ()
    assert records_of(take([(0, 62, 1)], "Dm7", chords=()), 0.0)[1] == ()


def test_what_was_captured_is_found_for_its_own_chords_at_once(
    searcher: Searcher, store: SqliteStore
) -> None:
    librarian = Librarian(store, searcher)
    before = store.stats()
    lick = [(0, 78, 0.5), (0.5, 81, 0.5), (1, 83, 0.5), (1.5, 78, 0.5), (2, 76, 1), (3.5, 73, 0.5)]
    done = librarian.keep_take(take(lick, "F#m7b5", meter="4/4"))
    assert "kept own take" in done.words
    made = LibrarySource(lambda: searcher).compose(brief("F#m7b5", 0, temperature=0.0))
    assert [h.record.phrase.name[:8] for h in made.hits if h.record.kept] == ["own take"]
    assert "own take" in made.bars[0].label
    assert done.step is not None
    now = store.stats()
    assert (now.phrases, now.sources) == (before.phrases + 1, before.sources), "a capture is no file"
    assert librarian.undo(done.step) == "own take: not kept"
    assert store.stats().phrases == before.phrases
    assert not any(s.path == "captured" for s in store.sources())
    assert librarian.undo(done.step) == "own take: not kept", "once more does no harm"
    again = LibrarySource(lambda: searcher).compose(brief("F#m7b5", 0))
    assert all("own take" not in h.record.phrase.name for h in again.hits)


def test_a_kept_phrase_is_found_for_its_chords_however_odd_its_notes(
    searcher: Searcher, store: SqliteStore
) -> None:
    librarian = Librarian(store, searcher)
    odd = [(0, 61, 0.5), (0.5, 66, 0.5), (1, 61, 0.5), (1.5, 66, 0.5), (2, 61, 1), (3, 66, 0.5), (4, 68, 2)]
    librarian.keep_take(take(odd, "Dm7 G7"))
    source = LibrarySource(lambda: searcher)
    source.keep(librarian.kept())
    made = source.compose(brief("Fm7 Bb7 Ebmaj7 Ebmaj7", 0, temperature=0.0))
    assert "own take" in made.hits[0].record.phrase.name
    assert made.hits[0].transpose % 12 == 3
    assert "own take" in made.bars[0].label
    again = source.compose(brief("Fm7 Bb7 Ebmaj7 Ebmaj7", 2))
    assert "own take" not in again.hits[0].record.phrase.name, "other chords"


def test_bans_and_keeps_are_obeyed_and_taken_back(searcher: Searcher, store: SqliteStore) -> None:
    librarian = Librarian(store, searcher)

    def best() -> int:
        made = LibrarySource(lambda: searcher).compose(brief("Dm7 G7 Cmaj7 A7", 0, temperature=0.0))
        return made.hits[0].record.id

    first = best()
    done = librarian.mark(ref_of(first), banned=True, label="a phrase")
    assert done.words == "banned: a phrase; undo takes it back"
    assert done.step is not None
    assert best() != first
    librarian = Librarian(store, searcher)  # the workers were started again
    assert librarian.undo(done.step) == "not banned any more: a phrase"
    assert best() == first
    third = LibrarySource(lambda: searcher).compose(brief("Dm7 G7 Cmaj7 A7", 0)).hits[1].record.id
    librarian.mark(ref_of(third), kept=True)
    assert best() == third
    for ref in ("L:999999", "nonsense"):
        assert librarian.mark(ref, kept=True) == Done("that phrase is not in the library any more")


def test_the_librarian_lists_what_the_words_say(searcher: Searcher, store: SqliteStore) -> None:
    librarian = Librarian(store, searcher)
    everything = librarian.page("", 0, 50)
    numbers = store.numbers()
    assert everything.total == len(numbers)
    assert [row.id for row in everything.rows] == sorted(numbers, reverse=True)[:50], "the newest first"
    assert [row.id for row in librarian.page("", 40, 10).rows] == [r.id for r in everything.rows[40:]]
    assert librarian.page("", len(numbers), 10).rows == ()
    assert librarian.page("", -3, 10).first == 0

    def ids(words: str) -> list[int]:
        page = librarian.page(words, 0, 200)
        assert page.total >= len(page.rows)
        return [row.id for row in page.rows]

    assert ids("lead bossa") == sorted(store.numbers(role="lead", style="bossa"), reverse=True)[:200]
    assert {row.style for row in librarian.page("funk", 0, 200).rows} == {"funk"}
    assert ids("kept") == []
    store.mark(numbers[7], kept=True)
    store.mark(numbers[9], banned=True)
    assert ids("kept") == [numbers[7]]
    assert ids("banned") == [numbers[9]]
    role = next(row.role for row in librarian.page("kept", 0, 1).rows)
    assert ids(f"{role} kept") == [numbers[7]]
    assert ids("bass kept" if role == "lead" else "lead kept") == []
    named = store.sources()[0]
    assert set(ids(f"{named.title.upper()} ")) >= set(store.numbers(source=named.sha256)[-50:])
    assert ids("no such file") == []
    chords = librarian.page("Dm7 G7 lead", 0, 5)
    assert len(chords.rows) == 5
    assert {row.role for row in chords.rows} == {"lead"}


def test_a_keep_lifts_a_ban_a_ban_lifts_a_keep_and_both_are_lifted(
    searcher: Searcher, store: SqliteStore
) -> None:
    librarian = Librarian(store, searcher)
    number = store.numbers()[0]

    def marks() -> tuple[bool, bool]:
        record = librarian.get(number)
        assert record is not None
        return record.kept, record.banned

    kept = librarian.mark(ref_of(number), kept=True)
    banned = librarian.mark(ref_of(number), banned=True)
    assert marks() == (False, True)
    assert banned.step is not None
    librarian.undo(banned.step)
    assert marks() == (True, False)
    librarian.mark(ref_of(number), banned=True)
    librarian.mark(ref_of(number), kept=True)
    assert marks() == (True, False)
    lifted = librarian.mark(ref_of(number), kept=False, label="a phrase")
    assert lifted.words == "not kept any more: a phrase; undo takes it back"
    assert marks() == (False, False)
    assert lifted.step is not None
    assert librarian.undo(lifted.step) == "kept again: a phrase"
    assert marks() == (True, False)
    librarian.mark(ref_of(number), banned=True)
    lifted = librarian.mark(ref_of(number), banned=False, label="a phrase")
    assert lifted.words == "not banned any more: a phrase; undo takes it back"
    assert marks() == (False, False)
    assert kept.step is not None


def test_a_capture_of_what_is_known_keeps_it_and_lifts_its_ban(
    searcher: Searcher, store: SqliteStore
) -> None:
    librarian = Librarian(store, searcher)
    lick = [(0, 78, 0.5), (0.5, 81, 0.5), (1, 83, 0.5), (1.5, 78, 0.5), (2, 76, 1), (3.5, 73, 0.5)]
    librarian.keep_take(take(lick, "F#m7b5"))
    (own,) = librarian.kept()
    librarian.mark(ref_of(own.id), banned=True)
    assert librarian.kept() == []
    again = librarian.keep_take(replace(take(lick, "F#m7b5"), first_bar=40))
    assert "has that already" in again.words
    assert [r.id for r in librarian.kept()] == [own.id]
    assert again.step is not None
    librarian.undo(again.step)
    record = librarian.get(own.id)
    assert record is not None
    assert (record.kept, record.banned, record.count) == (False, True, 1)
    assert librarian.keep_take(take([], "F#m7b5")).step is None


def test_pages_of_the_library(searcher: Searcher, store: SqliteStore) -> None:
    librarian = Librarian(store, searcher)
    every = librarian.page("", 0, 20)
    assert every.total == store.stats().phrases
    assert len(every.rows) == 20
    assert [r.id for r in every.rows] == sorted((r.id for r in every.rows), reverse=True)
    rest = librarian.page("", 20, 20)
    assert rest.rows[0].id < every.rows[-1].id
    blues = librarian.page("blues lead", 0, 200)
    assert {(r.style, r.role) for r in blues.rows} == {("blues", "lead")}
    assert librarian.page("kept", 0, 10).total == 0
    librarian.mark(ref_of(blues.rows[0].id), kept=True)
    assert [r.id for r in librarian.page("kept", 0, 10).rows] == [blues.rows[0].id]
    fitting = librarian.page("Dm7 G7 lead", 0, 10)
    assert fitting.rows
    assert {r.role for r in fitting.rows} == {"lead"}
    assert librarian.page("no such file", 0, 10).total == 0
    assert librarian.page("starter bossa", 0, 10).total > 0
