"""The LLM drawer: both texts word for word, whatever is in them, following what comes, in nobody's way."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from jamtui.console.app import JamApp
from jamtui.console.exchange_screen import (
    HEAD,
    ExchangeScreen,
    ExchangeState,
    Part,
    exchange_lines,
    visible,
    wrap,
)
from jamtui.console.frame import Drawer
from jamtui.console.panels.table import PANELS
from jamtui.session.exchange import Exchange
from jamtui.session.snapshot import Snapshot, SourceView
from tests.console.conftest import clock_words
from tests.console.exchanges import EXCHANGE
from tests.console.fakes import FakeBand, stage_text
from tests.console.test_panels import make_frame, text

MakeApp = Callable[..., JamApp]
SIZES = [(80, 24), (120, 40), (200, 60)]


def texts(exchange: Exchange, width: int) -> list[str]:
    """What stands under each title, pieces joined again, lines too."""
    found: list[list[str]] = []
    for part, line in exchange_lines(exchange, width):
        if part is Part.TITLE:
            found.append([])
        elif part is Part.MORE:
            found[-1][-1] += line
        elif part is Part.TEXT:
            found[-1].append(line)
    return ["\n".join(lines) for lines in found]


@pytest.mark.parametrize("width", [20, 56, 118])
def test_prompt_answer_and_mask_are_shown_word_for_word(width: int) -> None:
    assert texts(EXCHANGE, width) == [EXCHANGE.answer, EXCHANGE.prompt, EXCHANGE.pattern]


def test_where_the_end_of_an_answer_was_not_kept_it_is_said_how_much_that_was() -> None:
    lines = exchange_lines(replace(EXCHANGE, more=12_345), 56)
    after = lines.index((Part.NOTE, "… 12,345 more characters, not kept"))
    assert lines[after + 1][0] is Part.TITLE
    assert lines[0] == (Part.TITLE, f"raw answer, {len(EXCHANGE.answer) + 12_345:,} characters")
    assert not [text for part, text in exchange_lines(EXCHANGE, 56) if part is Part.NOTE]


@given(st.text(max_size=120), st.integers(1, 40))
def test_a_wrapped_line_fits_and_loses_nothing(line: str, width: int) -> None:
    shown = visible(line)
    pieces = wrap(shown, width)
    assert "".join(pieces) == shown
    assert all(cell_len(piece) <= width or len(piece) == 1 for piece in pieces)


@given(st.text(max_size=60))
def test_nothing_that_a_model_says_acts_on_the_terminal(answer: str) -> None:
    for part, line in exchange_lines(replace(EXCHANGE, answer=answer), 30):
        assert part is not Part.TEXT or line.isprintable()
    assert visible("a\x1b[2J\tb\x7f\x9b") == "a␛[2J␉b␡\\u009b"


@given(
    st.text(max_size=300), st.text(max_size=40), st.integers(1, 90), st.integers(1, 40), st.integers(0, 99)
)
def test_it_fills_its_rectangle(answer: str, outcome: str, width: int, height: int, scroll: int) -> None:
    said = replace(EXCHANGE, answer=answer, outcome=visible(outcome))
    frame = make_frame(drawer=Drawer.LLM, exchange=ExchangeState(said, "12:00:00", scroll))
    rows = PANELS["drawer"].paint(frame, width, height)
    assert [sum(s.cell_length for s in row) for row in rows] == [width] * height


@pytest.mark.parametrize("size", SIZES)
async def test_every_line_can_be_reached_with_the_arrow_keys(
    band: FakeBand, make_app: MakeApp, size: tuple[int, int]
) -> None:
    band.said = EXCHANGE
    app = make_app(band)
    async with app.run_test(size=size) as pilot:
        await pilot.press("L")
        assert "raw answer" in stage_text(app)
        assert "qwen3:1.7b  http://rack:11434" in stage_text(app)
        assert "3 bars accepted, 1 bar refused   took 1.8 s" in stage_text(app)
        assert "12:40:12" in stage_text(app)
        await pilot.press("end")
        assert EXCHANGE.pattern.rstrip()[-12:] in stage_text(app)
        bottom = stage_text(app)
        await pilot.press("down")
        assert stage_text(app) == bottom, "nothing below the last line"
        await pilot.press("up")
        assert stage_text(app) != bottom, "one press is enough to come back"
        await pilot.press("home", "pagedown", "pageup", "up")
        assert "raw answer" in stage_text(app)
        assert band.acts == []
        await pilot.press("escape")
        assert app.drawer is Drawer.NONE


async def test_panic_and_the_band_s_keys_work_beside_it(band: FakeBand, make_app: MakeApp) -> None:
    band.said = EXCHANGE
    app = make_app(band)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("L", "exclamation_mark", "space", "1")
        assert [a[0] for a in band.acts] == ["panic", "start_stop", "mute_lead"]
        assert app.drawer is Drawer.LLM


async def test_it_follows_newer_exchanges_where_it_was_scrolled(band: FakeBand, make_app: MakeApp) -> None:
    band.said = EXCHANGE
    app = make_app(band)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("L", "down", "down")
        band.said = replace(EXCHANGE, outcome="cancelled", bars=0, answer='" A A A A\n' * 40)
        app.refresh_stage()
        assert "cancelled: its bars were no longer wanted" in stage_text(app)
        assert "0 bars accepted" in stage_text(app)
        assert "raw answer" not in stage_text(app), "still two lines down"
        await pilot.press("end")
        band.said = replace(EXCHANGE, prompt="", answer="", pattern="", outcome="refused: nobody listens")
        app.refresh_stage()
        assert "refused: nobody listens" in stage_text(app)
        assert "nothing came" in stage_text(app)
        await pilot.press("up")
        assert "raw answer" in stage_text(app)


async def test_it_costs_nothing_while_it_is_closed_or_nothing_is_new(
    band: FakeBand, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    band.said = EXCHANGE
    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        app.refresh_stage()
        assert band.looked == 0
        await pilot.press("L")
        painted: list[object] = []
        drawer = PANELS["drawer"]
        counted = replace(drawer, paint=lambda *a: (painted.append(a), drawer.paint(*a))[1])
        monkeypatch.setattr("jamtui.console.stage.PANELS", {**PANELS, "drawer": counted})
        for _ in range(5):
            app.refresh_stage()
        assert band.looked > 0
        assert painted == []
        band.said = replace(EXCHANGE, bars=4)
        app.refresh_stage()
        assert len(painted) == 1


def _ollama(state: str, detail: str) -> Callable[[Snapshot], Snapshot]:
    return lambda s: replace(s, sources=(SourceView("O", "ollama", state, detail),))


def test_before_the_first_request_it_says_why_and_what_to_do() -> None:
    def shown(change: Callable[[Snapshot], Snapshot]) -> str:
        rows = PANELS["drawer"].paint(make_frame(change, drawer=Drawer.LLM), 120, 12)
        return text(rows)

    absent = shown(_ollama("absent", "No Ollama here: get it at ollama.com."))
    assert "has not been asked for anything yet" in absent
    assert "ollama: absent. No Ollama here: get it at ollama.com." in absent
    assert "play a progression twice" not in absent
    assert "play a progression twice" in shown(_ollama("ready", "qwen3:1.7b: 21 tok/s"))
    assert "`on = true` under [llm]" in shown(lambda s: replace(s, sources=()))


def test_before_the_first_request_it_follows_the_source() -> None:
    frames = [make_frame(_ollama(s, ""), drawer=Drawer.LLM) for s in ("loading", "ready")]
    assert PANELS["drawer"].shown(frames[0], 60) != PANELS["drawer"].shown(frames[1], 60)


KEYS = ["up", "down", "pageup", "pagedown", "home", "end", "left", "a"]


@given(st.lists(st.sampled_from(KEYS), max_size=30), st.integers(3, 90), st.integers(1, 50))
def test_no_key_scrolls_beyond_the_text(keys: list[str], width: int, height: int) -> None:
    band = FakeBand()
    band.said = EXCHANGE
    screen = ExchangeScreen(band, clock_words)
    screen.open()
    lines = len(exchange_lines(EXCHANGE, width - 2))
    for key in keys:
        assert screen.key(key, width, height) == (key not in ("left", "a"))
        assert 0 <= screen.state.scroll <= max(0, lines - max(1, height - HEAD))


@pytest.mark.parametrize("width", [56, 80, 120])
def test_after_a_request_too_it_says_how_the_llm_is_in_full(width: int) -> None:
    detail = "prepared: 1 chorus for Blue Hour; live: qwen3:1.7b: 21 tok/s, prompt 0.3 s; 2 bars a request"
    frame = make_frame(_ollama("ready", detail), drawer=Drawer.LLM, exchange=ExchangeState(EXCHANGE))
    shown = text(PANELS["drawer"].paint(frame, width, 13))
    assert f"ready. {detail}" in " ".join(shown.split())
    other = make_frame(_ollama("slow", detail), drawer=Drawer.LLM, exchange=ExchangeState(EXCHANGE))
    assert PANELS["drawer"].shown(frame, width) != PANELS["drawer"].shown(other, width)
