"""Phrases of the library among the reflex's own: taken up while playing, bounded, banned and pardoned."""

from dataclasses import replace

from jamtui.music.chord import Family
from jamtui.music.meter import METERS
from jamtui.music.phrase import Role
from jamtui.session.book import ReflexPhrase
from jamtui.session.shelf import GUESTS, Shelf
from tests.session.stage import Stage, book

COMMON = METERS["4/4"]


def guest(number: int = 1) -> ReflexPhrase:
    phrase = next(
        p for p in book().phrases if p.style == "swing" and p.role is Role.LEAD and p.context == "minor"
    )
    return replace(phrase, name=f"guest {number}", ref=f"L:{number}")


def names(shelf: Shelf) -> list[str]:
    return [line.name for line in shelf.lines("swing", Role.LEAD, "minor", COMMON)]


def test_a_guest_is_there_at_once_in_every_meter_that_was_used() -> None:
    shelf = Shelf(book())
    before = names(shelf)
    shelf.take_up([guest()])
    assert names(shelf) == [*before, "guest 1"]
    fresh = Shelf(book())
    fresh.take_up([guest()])
    assert names(fresh) == names(shelf), "before or after the first look is the same"
    line = next(n for n in shelf.lines("swing", Role.LEAD, "minor", COMMON) if n.name == "guest 1")
    assert line.ref == "L:1"


def test_the_newest_guests_stay_and_nobody_comes_twice() -> None:
    shelf = Shelf(book())
    own = names(shelf)
    for number in range(GUESTS + 5):
        shelf.take_up([guest(number), guest(number)])
    here = names(shelf)
    assert here[: len(own)] == own
    assert here[len(own) :] == [f"guest {n}" for n in range(5, GUESTS + 5)]


def test_a_banned_phrase_is_gone_until_it_is_pardoned() -> None:
    shelf = Shelf(book())
    first = names(shelf)[0]
    all_of_them = names(shelf)
    assert shelf.ban(first)
    assert first not in names(shelf)
    shelf.pardon(first)
    assert names(shelf) == all_of_them
    assert not shelf.ban("nobody")
    shelf.take_up([guest()])
    assert shelf.ban("L:1")
    assert "guest 1" not in names(shelf)


def test_the_reflex_plays_a_guest_and_says_what_it_is() -> None:
    stage = Stage(seed=3)
    conductor = stage.band.conductor
    shelf = conductor.shelf
    for context in ("minor", "any"):
        for name in [n.name for n in shelf.lines("swing", Role.LEAD, context, COMMON)]:
            shelf.ban(name)
    for name in [n.name for n in shelf.progressions("swing", Role.LEAD, COMMON)]:
        shelf.ban(name)
    shelf.take_up([guest()])
    stage.act("start_stop")
    stage.press(50, 60, 65, 69)
    stage.wait(6000)
    refs = {bar.ref for bar in conductor.phrase_bars(Role.LEAD, stage.clock.segment.tick_at(stage.time()))}
    assert refs == {"L:1"}
    assert shelf.for_family("swing", Role.LEAD, Family.MINOR, COMMON)
