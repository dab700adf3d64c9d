"""The model drawer: what could play, chosen with two keys, with the band always in reach."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamtui.console.app import JamApp
from jamtui.console.frame import Drawer
from jamtui.console.model_screen import ModelsState
from jamtui.console.panels.table import PANELS
from jamtui.session.model_page import ModelPage, ModelRow
from jamtui.session.snapshot import Snapshot, SourceView
from tests.console.fakes import FakeBand, stage_text
from tests.console.test_panels import make_frame

MakeApp = Callable[..., JamApp]
SIZES = [(80, 24), (120, 40), (200, 60)]
PAGE = ModelPage(
    (
        ModelRow(
            "qwen3:4b", "rack:11434", 2_620_788_260, "4.0B", 2.1, 0.97, 0.9, 31.0, 4.5, True, True, True
        ),
        ModelRow("qwen3:8b", "rack:11434", 5_225_388_164, "8.2B", 0.6, 0.99, 3.1, 9.0),
        ModelRow("qwen3:1.7b", "", 1_359_293_444, "1.7B", recommended=True, chosen=True),
    ),
    ("gone:11434 does not answer; start Ollama there (`ollama serve`)",),
)


@pytest.mark.parametrize("size", SIZES)
async def test_models_are_two_keys_from_the_stage_and_taken_with_a_third(
    band: FakeBand, make_app: MakeApp, size: tuple[int, int]
) -> None:
    band.sent_models = PAGE
    app = make_app(band)
    async with app.run_test(size=size) as pilot:
        await pilot.press("L")
        assert "enter models" in stage_text(app)
        await pilot.press("enter")
        app.refresh_stage()
        assert app.drawer is Drawer.MODELS
        assert band.asked_models >= 1
        shown = stage_text(app)
        for words in ("rack:11434", "this machine", "2.6 GB", "2.1 bars/s", "unmeasured", "gone:11434"):
            assert words in shown
        assert shown.count("recommended") == 2
        assert "▶ ● qwen3:4b" in shown, "the cursor is on what plays"
        flat = " ".join(shown.split())
        if size[0] == 80:  # elsewhere the panels beside it break the sentence
            assert "97% of its bars kept" in flat
            assert "loaded in 4.5 s" in flat
        await pilot.press("down", "down", "enter")
        assert band.acts == [("model", "qwen3:1.7b", False)]
        assert "unmeasured" in stage_text(app)
        assert app.drawer is Drawer.MODELS, "what comes of it is seen here"
        await pilot.press("exclamation_mark", "space")
        assert [a[0] for a in band.acts[1:]] == ["panic", "start_stop"]
        await pilot.press("escape")
        assert app.drawer is Drawer.NONE


async def test_what_changes_is_asked_for_again(band: FakeBand, make_app: MakeApp) -> None:
    def state(state: str, detail: str) -> Callable[[Snapshot], Snapshot]:
        return lambda s: replace(s, sources=(SourceView("O", "ollama", state, detail),))

    app = make_app(band)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("L", "enter")
        assert "The models are being asked for" in stage_text(app)
        asked = band.asked_models
        for change, more in (
            (state("loading", "qwen3:4b: loading, 1 s"), 1),
            (state("loading", "qwen3:4b: loading, 2 s"), 1),
            (state("ready", "qwen3:4b: 31 tok/s"), 2),
            (state("ready", "qwen3:4b: 33 tok/s"), 2),
            (state("down", "qwen3:4b broke off"), 3),
        ):
            band.change = change
            band.refresh()
            app.refresh_stage()
            assert band.asked_models == asked + more


async def test_without_any_model_it_says_what_to_do_and_takes_nothing(
    band: FakeBand, make_app: MakeApp
) -> None:
    band.sent_models = ModelPage((), ("Ollama does not answer; start Ollama there (`ollama serve`)",))
    app = make_app(band)
    async with app.run_test(size=(80, 24)) as pilot:
        app.perform("model_pick")
        app.refresh_stage()
        assert "ollama serve" in stage_text(app)
        await pilot.press("down", "up", "enter")
        assert band.acts == []


NAMES = st.text("abcz3:.-/é音", max_size=70)
ROWS = st.builds(
    ModelRow,
    NAMES,
    st.sampled_from(["", "rack:11434", "a.very.long.name.of.a.machine.somewhere:11434"]),
    st.integers(0, 10**12),
    st.sampled_from(["", "1.7B"]),
    st.sampled_from([0.0, 2.1, 123.4]),
    st.floats(0, 1),
    st.floats(0, 99),
    st.sampled_from([0.0, 31.0]),
    st.sampled_from([0.0, 4.5]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(ROWS, max_size=30),
    st.lists(st.text(max_size=200), max_size=2),
    st.integers(0, 40),
    st.integers(30, 100),
    st.integers(4, 40),
)
def test_it_fills_its_rectangle(
    rows: list[ModelRow], problems: list[str], cursor: int, width: int, height: int
) -> None:
    page = ModelPage(tuple(rows), tuple(problems))
    frame = make_frame(drawer=Drawer.MODELS, models=ModelsState(page, min(cursor, max(0, len(rows) - 1))))
    painted = PANELS["drawer"].paint(frame, width, height)
    assert [sum(s.cell_length for s in row) for row in painted] == [width] * height
