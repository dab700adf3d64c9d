"""The library screen: browsing, filtering, auditioning and ingesting, with the band always in reach."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.console.app import JamApp
from jamtui.console.frame import Drawer
from jamtui.console.library_screen import LibraryScreen, Typing
from jamtui.console.panels.hits import tiny_roll
from jamtui.session.library_page import LibraryPage, PageRequest
from jamtui.session.snapshot import LibraryView
from tests.console.fakes import LIBRARY, FakeBand, stage_text

MakeApp = Callable[..., JamApp]


async def test_it_opens_shows_the_newest_and_closes(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("o")
        app.refresh_stage()
        assert app.drawer is Drawer.LIBRARY
        assert band.asked[-1] == PageRequest("", 0, 60)
        assert "70 phrases" in stage_text(app)
        assert "tune 70.mid" in stage_text(app)
        await pilot.press("escape")
        assert app.drawer is Drawer.NONE


async def test_enter_plays_h_keeps_and_j_bans_what_the_cursor_is_on_or_lifts_that(
    band: FakeBand, make_app: MakeApp
) -> None:
    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("o")
        app.refresh_stage()
        await pilot.press("down", "enter", "h", "j", "u", "down", "down", "h", "j")
    row, banned = LIBRARY[1], LIBRARY[3]
    assert row.kept
    assert banned.banned
    assert band.acts == [
        ("audition", f"{row.id} {row.role}", False),
        ("keep", f"L:{row.id} off", False),
        ("ban", f"L:{row.id}", False),
        ("undo", None, False),
        ("keep", f"L:{banned.id}", False),
        ("ban", f"L:{banned.id} off", False),
    ]


async def test_words_filter_and_every_letter_is_a_letter_while_typing(
    band: FakeBand, make_app: MakeApp
) -> None:
    app = make_app(band)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("o", "slash", *"blues", "space", *"leadx", "backspace")
        assert "blues lead" in stage_text(app)
        assert band.acts == []
        await pilot.press("enter")
        app.refresh_stage()
        assert band.asked[-1].wanted == "blues lead"
        shown = [r for r in LIBRARY if (r.role, r.style) == ("lead", "blues")]
        assert f"{len(shown)} phrases" in stage_text(app)
        await pilot.press("slash", "x", "escape")
        assert app.drawer is Drawer.LIBRARY, "esc leaves the typing first"
        await pilot.press("space")
        assert band.acts == [("start_stop", None, False)], "the keys are the band's again"


async def test_a_folder_is_ingested_and_the_ingest_stopped(band: FakeBand, make_app: MakeApp) -> None:
    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("o", "i", "ctrl+u", *"/midis", "enter")
        assert band.acts == [("ingest", "/midis", False)]
        band.change = lambda s: replace(s, library=LibraryView(80, 0, "midis: 3/9 files, 2 new phrases"))
        asked = len(band.asked)
        app._client.latest()  # a new snapshot is taken with the next frame
        band._last = None
        app.refresh_stage()
        assert "midis: 3/9 files" in stage_text(app)
        assert len(band.asked) == asked + 1, "the library grew: the page is asked for again"
        await pilot.press("i")
        assert band.acts[-1] == ("ingest_stop", None, False)


async def test_a_pasted_path_is_typed(band: FakeBand, make_app: MakeApp) -> None:
    screen = LibraryScreen(band)
    screen.paste("/not typing")
    screen.key("i", "i", ingesting=False)
    screen.key("ctrl+u", None, ingesting=False)
    screen.paste(" /home/me/my midis \nsecond line")
    screen.key("enter", None, ingesting=False)
    assert band.acts == [("ingest", "/home/me/my midis", False)]


@pytest.mark.parametrize(
    ("pasted", "typed", "path"),
    [
        ("/home/me/midis", "", "/home/me/midis"),
        ("'/home/me/my midis'", "", "/home/me/my midis"),
        ("midis", "", "~/midis"),
        ("", "/midis", "/midis"),
        ("", "~/m", "~/m"),
        ("", "midis", "~/midis"),
    ],
)
def test_a_whole_path_takes_the_place_of_the_one_offered(
    band: FakeBand, pasted: str, typed: str, path: str
) -> None:
    screen = LibraryScreen(band)
    screen.key("i", "i", ingesting=False)
    screen.paste(pasted)
    for letter in typed:
        screen.key(letter, letter, ingesting=False)
    screen.key("enter", None, ingesting=False)
    assert band.acts == [("ingest", path, False)]
    # The path of the last time is offered; a slash behind it goes further down.
    screen.key("i", "i", ingesting=False)
    screen.paste("/other")
    screen.key("enter", None, ingesting=False)
    screen.key("i", "i", ingesting=False)
    for letter in "/sub":
        screen.key(letter, letter, ingesting=False)
    screen.key("enter", None, ingesting=False)
    assert band.acts[1:] == [("ingest", "/other", False), ("ingest", "/other/sub", False)]


def test_pages_are_fetched_as_the_cursor_moves() -> None:
    band = FakeBand()
    screen = LibraryScreen(band)
    screen.open()
    screen.take()
    for _ in range(6):
        screen.key("pagedown", None, ingesting=False)
    screen.take()
    page = screen.state.page
    assert page is not None
    assert (page.first, screen.state.cursor) == (60, 0)
    screen.key("up", None, ingesting=False)
    screen.take()
    page = screen.state.page
    assert page is not None
    assert (page.first, screen.state.cursor) == (0, 59)


MOVES = ["up", "down", "pageup", "pagedown"]
KEYS = [*MOVES, "enter", "h", "j", "slash", "i", "a", "escape", "backspace", "ctrl+u"]


@given(st.lists(st.sampled_from(KEYS), max_size=40), st.integers(0, 70))
def test_no_key_leads_off_the_page(keys: list[str], size: int) -> None:
    band = FakeBand()
    screen = LibraryScreen(band)
    screen.open()
    for key in keys:
        if band.sent_page is not None and band.sent_page.total > size:
            band.sent_page = LibraryPage(band.sent_page.wanted, band.sent_page.first, size, LIBRARY[:size])
        screen.take()
        taken = screen.key(key, key if len(key) == 1 else None, ingesting=False)
        state = screen.state
        assert taken or key in ("a", "escape", "backspace", "ctrl+u", "enter", "h", "j")
        assert state.cursor == 0 or (state.page is not None and state.cursor < len(state.page.rows))
        assert state.typing is Typing.NOTHING or screen.typing


def test_the_tiny_roll_shows_time_and_height() -> None:
    assert tiny_roll((), 3840, 4) == "\u2800" * 4
    rising = tiny_roll(((0, 960, 60), (960, 960, 64), (1920, 960, 68), (2880, 960, 72)), 3840, 4)
    assert rising == "⣀⠤⠒⠉"
    held = tiny_roll(((0, 3840, 60),), 3840, 2)
    assert held == "⣀⣀"
