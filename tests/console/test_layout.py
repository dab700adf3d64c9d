"""The layout covers every terminal exactly, at every size, with every drawer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.console.frame import Drawer
from jamtui.console.layout import arrange, size_class
from jamtui.console.panels.table import PANELS


@given(st.integers(1, 260), st.integers(1, 90), st.sampled_from(list(Drawer)))
def test_every_cell_belongs_to_one_panel(width: int, height: int, drawer: Drawer) -> None:
    places = arrange(width, height, drawer)
    covered = [[0] * width for _ in range(height)]
    for place in places:
        assert place.panel in PANELS
        assert place.width > 0
        assert place.height > 0
        for y in range(place.y, place.y + place.height):
            for x in range(place.x, place.x + place.width):
                covered[y][x] += 1
    assert all(count == 1 for row in covered for count in row)
    assert len({p.panel for p in places}) == len(places)


@pytest.mark.parametrize(
    ("size", "name"),
    [((79, 24), "tiny"), ((80, 23), "tiny"), ((80, 24), "small"), ((200, 30), "small"), ((120, 40), "medium"),
     ((200, 60), "large")],
)  # fmt: skip
def test_sizes(size: tuple[int, int], name: str) -> None:
    assert size_class(*size) == name


@pytest.mark.parametrize("drawer", [d for d in Drawer if d is not Drawer.NONE])
@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (200, 60)])
def test_chord_beat_and_keys_stay_beside_a_drawer(size: tuple[int, int], drawer: Drawer) -> None:
    panels = {p.panel for p in arrange(*size, drawer)}
    assert {"header", "beat", "chord", "next", "status", "footer", "drawer"} <= panels


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (200, 60)])
def test_the_hits_leave_the_roll_and_the_figures_of_time_where_they_are(size: tuple[int, int]) -> None:
    before = {p.panel: p for p in arrange(*size)}
    beside = {p.panel: p for p in arrange(*size, Drawer.HITS)}
    assert beside["timing"] == before["timing"]
    assert (beside["roll"].x, beside["roll"].y, beside["roll"].height) == (
        before["roll"].x, before["roll"].y, before["roll"].height,
    )  # fmt: skip
    assert beside["drawer"].height >= 5, "four hits at least"
    assert "hits" not in beside, "they are in the drawer"


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_the_stage_has_all_that_is_asked_of_it(size: tuple[int, int]) -> None:
    panels = {p.panel for p in arrange(*size)}
    wanted = {"header", "beat", "chord", "next", "timing", "roll", "band", "status", "event", "footer"}
    assert wanted <= panels
    assert panels & {"sources", "generator"}
