"""Bars that wait for their bar line."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from jamtui.generators.shelf import CAPACITY, Place, Shelf, Wish, alike, bar_chords
from jamtui.music.chord import parse_chord
from jamtui.music.meter import METERS
from jamtui.music.phrase import Bar, ChordSpan, Note, Role, Source

METER = METERS["4/4"]
L = METER.bar_ticks


def over(*symbols: str) -> tuple[ChordSpan, ...]:
    each = L // len(symbols)
    return tuple(ChordSpan(n * each, each, parse_chord(s)) for n, s in enumerate(symbols))


WISH = (0.5, 0.5, 0.0)
HOTTER = (1.0, 0.5, 0.0)


def place(*symbols: str, style: str = "swing", role: Role = Role.LEAD, wish: Wish = WISH) -> Place:
    return Place(role, style, METER.name, over(*symbols), wish)


def bar(number: int, *symbols: str, pitch: int = 60) -> Bar:
    # As the reader makes them: chords go on for a beat past the bar.
    chords = (*over(*symbols), ChordSpan(L, 960, parse_chord("F")))
    return Bar("s", Role.LEAD, number * L, L, 1, "b", chords, Source.OLLAMA, 1, (Note(0, pitch, 480),))


def shelf(*bars: Bar) -> Shelf:
    made = Shelf()
    for one in bars:
        made.put(one, "swing", METER, WISH)
    return made


def pitch_at(made: Shelf, where: Place, number: int) -> int | None:
    found = made.find(where, number * L)
    return None if found is None else found.notes[0].pitch


def test_a_bar_is_found_for_its_own_bar_line_and_chords_only() -> None:
    made = shelf(bar(4, "Dm7"))
    assert pitch_at(made, place("Dm7"), 4) == 60
    assert pitch_at(made, place("G7"), 4) is None
    assert pitch_at(made, place("Dm7", "G7"), 4) is None
    assert pitch_at(made, place("Dm7", style="bossa"), 4) is None
    assert pitch_at(made, place("Dm7", role=Role.BASS), 4) is None
    assert pitch_at(made, place("Dm7"), 3) is None, "what is meant for later is kept for later"


def test_a_late_bar_is_kept_for_the_next_time_round_and_played_once() -> None:
    made = shelf(bar(4, "Dm7"))
    late = made.find(place("Dm7"), 8 * L)
    assert late is not None
    made.give(late, 8 * L)
    assert pitch_at(made, place("Dm7"), 8) == 60, "a newer brief for the same bar finds it again"
    assert pitch_at(made, place("Dm7"), 12) is None


def test_its_own_bar_goes_before_a_late_one() -> None:
    made = shelf(bar(8, "Dm7", pitch=70), bar(4, "Dm7", pitch=60))
    assert pitch_at(made, place("Dm7"), 8) == 70
    own = made.find(place("Dm7"), 8 * L)
    assert own is not None
    assert made.find(place("Dm7"), 8 * L, {own.number}) is not None


def test_a_bar_that_is_not_as_wanted_any_more_is_second_choice() -> None:
    made = shelf(bar(4, "Dm7", pitch=60), bar(3, "Dm7", pitch=65))
    assert pitch_at(made, place("Dm7", wish=HOTTER), 4) == 60, "better than nothing"
    made.put(bar(4, "Dm7", pitch=70), "swing", METER, HOTTER)
    assert pitch_at(made, place("Dm7", wish=HOTTER), 4) == 70
    assert len(made) == 2, "one bar for a bar line"


def test_a_bar_that_is_mended_replaces_the_one_before() -> None:
    made = shelf(bar(4, "Dm7"))
    first = made.find(place("Dm7"), 4 * L)
    assert first is not None
    made.give(first, 4 * L)
    made.put(bar(4, "Dm7", pitch=65), "swing", METER, WISH)
    assert len(made) == 1
    assert pitch_at(made, place("Dm7"), 4) == 65
    assert pitch_at(made, place("Dm7"), 8) is None, "it was given out already"


def test_chords_of_the_same_root_and_family_will_do() -> None:
    made = shelf(bar(4, "Dm7"))
    assert pitch_at(made, place("Dm9"), 4) == 60
    assert pitch_at(made, place("D7"), 4) is None
    made.put(bar(4, "Dm9", pitch=72), "swing", METER, WISH)
    assert pitch_at(made, place("Dm9"), 4) == 72, "but the same chords go before"
    assert alike(over("Dm7", "G7"), over("Dm", "G13"))
    assert not alike(over("Dm7", "G7"), over("Dm7", "Db7"))


def test_the_chords_of_a_bar_are_cut_out_and_joined() -> None:
    spans = (*over("C"), ChordSpan(L, L // 2, parse_chord("F")), ChordSpan(L + L // 2, L, parse_chord("F")))
    assert bar_chords(spans, 0, L) == over("C")
    assert bar_chords(spans, L, L) == over("F")
    assert bar_chords(spans, 2 * L, L) is None, "only half of it is known"
    assert bar_chords((), 0, L) is None


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["Dm7", "G7", "C"])), max_size=150))
def test_it_stays_small_and_gives_no_bar_twice(written: list[tuple[int, str]]) -> None:
    made = Shelf()
    for n, (number, symbol) in enumerate(written):
        made.put(replace(bar(number, symbol), seed=n), "swing", METER, WISH)
    assert len(made) <= CAPACITY
    given_out = set()
    for number in range(60):
        for symbol in ("Dm7", "G7", "C"):
            found = made.find(place(symbol), number * L)
            if found is not None:
                made.give(found, number * L)
                assert found.number not in given_out
                given_out.add(found.number)
    made.clear()
    assert len(made) == 0
