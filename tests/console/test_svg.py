"""Pictures: valid SVG, blocks as rectangles, text as text."""

from xml.etree import ElementTree

from rich.segment import Segment
from rich.style import Style

from jamtui.console.screenshot import render_svg
from jamtui.console.svg import CELL_HEIGHT, CELL_WIDTH, to_svg
from tests.console.fakes import FakeBand

_NS = "{http://www.w3.org/2000/svg}"


def test_a_row() -> None:
    style = Style.parse("#ff0000 on #00ff00")
    root = ElementTree.fromstring(to_svg([[Segment("██", style), Segment(" a<b ", Style())]], title="x & y"))
    assert root.findtext(f"{_NS}title") == "x & y"
    assert [t.text for t in root.iter(f"{_NS}text")] == ["a<b"]
    rects = list(root.iter(f"{_NS}rect"))[1:]
    assert [(r.get("fill"), r.get("width"), r.get("height")) for r in rects] == [
        ("#00ff00", str(2 * CELL_WIDTH), str(CELL_HEIGHT)),
        ("#ff0000", str(2 * CELL_WIDTH), str(CELL_HEIGHT)),
    ]


def test_the_stage_of_any_client() -> None:
    svg = render_svg(FakeBand(), (80, 24), version="1.2.3")
    root = ElementTree.fromstring(svg)
    texts = [t.text for t in root.iter(f"{_NS}text")]
    assert "LEAD" in texts
    assert "1.2.3" in (root.findtext(f"{_NS}title") or "")
    assert "http://www.w3.org" in svg
    assert svg.count("http") == 1, "the picture must load nothing"
