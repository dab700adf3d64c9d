"""The chord on the screen: calm, and honest about what has not settled."""

from jamtui.session.view import chord_view
from tests.session.small_band import heard


def test_before_the_first_chord_there_is_none() -> None:
    assert chord_view(None, None, ()).symbol == ""


def test_the_first_chord_is_provisional_until_it_settles() -> None:
    view = chord_view(None, heard("Dm7", 10), (50, 53))
    assert (view.symbol, view.provisional, view.heard, view.held) == ("Dm7", True, "", True)
    view = chord_view(heard("Dm7", 130, "settled"), heard("Dm7", 10), ())
    assert (view.symbol, view.provisional, view.heard, view.held) == ("Dm7", False, "", False)


def test_a_newer_chord_stands_beside_the_settled_one() -> None:
    settled = heard("Dm7", 130, "settled")
    view = chord_view(settled, heard("G7", 500), (55,))
    assert (view.symbol, view.provisional, view.heard) == ("Dm7", False, "G7")
    assert view.notes == settled.notes
    view = chord_view(heard("G7", 620, "settled"), heard("G7", 500), (55,))
    assert (view.symbol, view.heard) == ("G7", "")


def test_a_better_reading_by_the_label_is_not_contradicted_by_the_older_one() -> None:
    view = chord_view(heard("C6", 620, "settled"), heard("Am7", 500), ())
    assert (view.symbol, view.heard) == ("C6", "")


def test_after_no_chord_the_next_is_shown_at_once() -> None:
    faded = heard("N.C.", 900, "faded")
    assert chord_view(faded, faded, ()).symbol == "N.C."
    view = chord_view(faded, heard("A7", 1000), ())
    assert (view.symbol, view.provisional, view.heard) == ("A7", True, "")
