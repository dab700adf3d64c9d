"""When the player changes the chord, and to what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.chord import Chord, parse_chord
from jamtui.session.habit import BARS, LIKELY, Doubt, Doubts, likely_changes, likely_chords


def chords(text: str) -> list[Chord]:
    return [parse_chord(symbol) for symbol in text.split()]


def test_who_changed_every_bar_will_change_at_the_next_bar_line() -> None:
    assert [slot for slot, _ in likely_changes(range(0, 36, 4), 4)][:1] == [36]
    assert dict(likely_changes(range(0, 36, 4), 4))[36] > 0.85


def test_who_changes_on_one_and_three_will_do_so() -> None:
    likely = dict(likely_changes(range(0, 20, 2), 4))
    assert likely[20] > 0.8
    assert 19 not in likely


def test_what_is_overdue_is_likely_at_the_places_of_change_only() -> None:
    slots = [slot for slot, _ in likely_changes([0, 4, 8, 12], 4)]
    assert slots == [16, 20]


def test_who_stays_on_a_chord_has_no_habit_of_leaving_it() -> None:
    assert likely_changes([], 4) == likely_changes([0], 4) == likely_changes([0, 4], 4) == []
    assert max(slot for slot, _ in likely_changes([0, 4, 8], 4)) <= 16


@given(
    slots=st.lists(st.integers(0, 200), max_size=40, unique=True).map(sorted),
    beats=st.integers(1, 7),
)
def test_probabilities_are_probabilities_of_later_slots(slots: list[int], beats: int) -> None:
    found = likely_changes(slots, beats)
    assert found == sorted(found)
    for slot, probability in found:
        assert slots[-1] < slot <= slots[-1] + BARS * beats
        assert LIKELY <= probability <= 1.0


def test_what_followed_before_is_likelier_than_what_is_common() -> None:
    found = likely_chords(chords("Cmaj7 Ab7 Dm7 Cmaj7 Ab7 Dm7 Cmaj7"))
    assert found[0][0] == parse_chord("Ab7")


def test_a_dominant_that_was_never_heard_goes_home() -> None:
    found = likely_chords(chords("G7"))
    assert (found[0][0].root, found[0][0].symbol) == (0, "C")


def test_the_guess_counts_for_as_much_as_it_is_worth() -> None:
    heard = chords("Dm7 G7 Cmaj7 Dm7")
    shares = dict(likely_chords(heard, parse_chord("Ebm7"), 0.6))
    assert shares[parse_chord("Ebm7")] == pytest.approx(0.6, abs=0.1)
    assert likely_chords(heard, parse_chord("Dm9"), 0.9) == likely_chords(heard)


@given(
    heard=st.lists(st.sampled_from(chords("C Dm7 G7 Bm7b5 Ebdim7 Caug Gsus4 F#m7 Ab7")), max_size=20),
    sure=st.floats(0, 1),
)
def test_shares_add_up_and_the_chord_that_holds_is_none_of_them(heard: list[Chord], sure: float) -> None:
    found = likely_chords(heard, parse_chord("Eb7"), sure)
    assert bool(found) == bool(heard)
    if found:
        assert sum(share for _, share in found) == pytest.approx(1.0, abs=1e-4)
        now = heard[-1]
        assert all((c.root, c.family) != (now.root, now.family) for c, _ in found)


def test_doubts_between_two_ticks_include_both() -> None:
    doubts = Doubts((Doubt(960, 0.5), Doubt(3840, 0.9)), ())
    assert doubts.between(960, 3840) == doubts.changes
    assert doubts.between(961, 3839) == ()
    assert not Doubts()
