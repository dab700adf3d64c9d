"""Hits as they are played: the notes that were moved to fit are known one by one."""

from dataclasses import replace

from jamtui.library.adapt import adapt
from jamtui.library.fitted import fitted
from jamtui.library.phrase_refs import NOTES_SHOWN, hit_of
from jamtui.library.records import PhraseRecord
from jamtui.library.search import HitParts, Query, SearchHit
from jamtui.library.setting import setting_for
from jamtui.library.source import LibrarySource
from jamtui.music.chord import parse_chord
from jamtui.music.meter import COMMON_TIME, PPQ, SIXTEENTH
from jamtui.music.phrase import Brief, ChordSpan, Role
from tests.library.test_adapt import record

BAR = COMMON_TIME.bar_ticks
ARPEGGIO = [(0.0, 60, 1.0), (1.0, 64, 1.0), (2.0, 67, 1.0), (3.0, 71, 1.0)]


def brief(symbols: str, at: int = 0, bars: int = 2) -> Brief:
    """``bars`` bars from bar ``at`` on; more chords are expected."""
    chords = tuple(ChordSpan(n * BAR, BAR, parse_chord(s)) for n, s in enumerate(symbols.split()))
    return Brief(
        "b", "session", Role.LEAD, "swing", COMMON_TIME, at * BAR, bars, chords[:bars], 3, 120.0, 0.0, 0.5, 1,
        forecast=chords, confidence=1.0, low=55, high=84, density=1.0,
    )  # fmt: skip


def found(phrase: PhraseRecord, transpose: int = 0) -> SearchHit:
    return SearchHit(phrase, 0.9, transpose, HitParts(1, 1, 1, 1, 1))


class Shelf:
    """A library of one phrase."""

    def __init__(self, only: SearchHit) -> None:
        self._only = only

    def search(self, query: Query, k: int = 8, **avoid: object) -> list[SearchHit]:
        return [self._only]

    def get(self, number: int) -> PhraseRecord | None:
        return self._only.record if number == self._only.record.id else None


def test_the_notes_that_were_moved_are_named_with_how_far() -> None:
    hit = found(record(ARPEGGIO, "Cmaj7"))
    shown = hit_of(hit, fitted(brief("Cm7 Cm7"), hit, {}))
    assert [pitch for _, _, pitch in shown.notes] == [60, 63, 67, 70]
    assert shown.moved == ((1, -1), (3, -1))
    assert shown.length == BAR
    assert hit_of(hit).moved == (), "as it is stored nothing was moved"
    at_home = hit_of(hit, fitted(brief("Cmaj7 Cmaj7"), hit, {}))
    assert at_home.moved == ()


def test_where_no_chord_is_known_yet_nothing_is_moved() -> None:
    two = [*ARPEGGIO, *((b + 4, p, d) for b, p, d in ARPEGGIO)]
    hit = found(record(two, "Cmaj7 Cmaj7", bars=2))
    made = fitted(brief("Cm7", bars=1), hit, {})
    assert made.moved == (0, -1, 0, -1, 0, 0, 0, 0)
    assert made.length == 2 * BAR


def test_what_sounds_is_shown_as_it_was_played_also_when_the_next_bars_are_asked_for() -> None:
    two = [*ARPEGGIO, *((b + 4, p, d) for b, p, d in ARPEGGIO)]
    hit = found(record(two, "Cmaj7 Cmaj7", bars=2))
    source = LibrarySource(lambda: Shelf(hit))
    first = brief("Cm7 Fm7 Cmaj7 Cmaj7", 0, bars=1)
    made = source.compose(first)
    whole = fitted(first, made.hits[0], made.played[hit.record.id])
    assert [n.pitch for n in made.bars[0].notes] == [n.pitch for n in whole.notes if n.onset < BAR]
    assert whole.notes[4].onset == BAR, "its second bar, over the chord that is expected there"
    expected = adapt(hit.record, setting_for(first, first.forecast, 1, 1, (), PPQ), transpose=0, first_bar=1)
    assert whole.moved[4:] == expected.moved
    second = brief("Fm7 Cmaj7 Cmaj7", 1, bars=1)
    again = source.compose(second)
    shown = fitted(second, again.hits[0], again.played[hit.record.id])
    assert shown.notes[:4] == whole.notes[:4], "the bar that was played stays what it was"
    assert [n.pitch for n in again.bars[0].notes] == [n.pitch for n in shown.notes if n.onset >= BAR]


def test_each_bar_that_a_brief_takes_is_shown_as_it_is_played() -> None:
    two = [*ARPEGGIO, *((b + 4, p, d) for b, p, d in ARPEGGIO)]
    hit = found(record(two, "Cmaj7 Cmaj7", bars=2))
    asked = brief("Cm7 Fm7 Cmaj7 Cmaj7", 0)
    made = LibrarySource(lambda: Shelf(hit)).compose(asked)
    whole = fitted(asked, made.hits[0], made.played[hit.record.id])
    assert len(made.bars) == 2
    assert [n.pitch for bar in made.bars for n in bar.notes] == [n.pitch for n in whole.notes]


def test_a_brief_without_a_forecast_has_its_own_chords() -> None:
    hit = found(record(ARPEGGIO, "Cmaj7"))
    asked = replace(brief("Cm7 Cm7"), forecast=())
    assert fitted(asked, hit, {}).moved == (0, -1, 0, -1)


def test_a_long_phrase_is_cut_with_its_marks() -> None:
    many = [(n * SIXTEENTH / PPQ, 64, 0.25) for n in range(128)]
    hit = found(record(many, " ".join(["Cmaj7"] * 8), bars=8))
    shown = hit_of(hit, fitted(brief(" ".join(["Cm7"] * 8)), hit, {}))
    assert len(shown.notes) == NOTES_SHOWN
    assert shown.moved
    assert all(at < NOTES_SHOWN for at, _ in shown.moved)
