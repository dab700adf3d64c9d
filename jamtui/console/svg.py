"""Rows of cells as an SVG picture that looks the same in every viewer.

Blocks and lines are drawn as rectangles instead of characters, so no font decides whether they meet; text
is placed word by word on the grid of cells.
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from rich.segment import Segment
from rich.style import Style

from jamtui.console.inks import BACKGROUND

CELL_WIDTH, CELL_HEIGHT = 10, 20
_MARGIN = 14
_FOREGROUND = "#d7dee8"
_FONTS = "'DejaVu Sans Mono', 'JetBrains Mono', Menlo, Consolas, monospace"
_EIGHTHS = "▁▂▃▄▅▆▇█"

Box = tuple[float, float, float, float, float]
"""Left, top, width, height in cells, opacity."""

_BOXES: dict[str, tuple[Box, ...]] = {
    **{char: ((0, 1 - (i + 1) / 8, 1, (i + 1) / 8, 1),) for i, char in enumerate(_EIGHTHS)},
    "▀": ((0, 0, 1, 0.5, 1),),
    "▒": ((0, 0.06, 1, 0.88, 0.55),),
    "░": ((0, 0.06, 1, 0.88, 0.3),),
    "─": ((0, 0.47, 1, 0.06, 1),),
    "┃": ((0.4, 0, 0.2, 1, 1),),
    "┊": tuple((0.46, i / 4, 0.1, 0.13, 1) for i in range(4)),
    "▮": ((0.15, 0.2, 0.7, 0.6, 1),),
    "▯": ((0.15, 0.2, 0.7, 0.6, 0.55),),
}
_JOINED = frozenset("▀▒░─" + _EIGHTHS)
"""Shapes that run through from cell to cell."""


def _colours(style: Style | None, background: str) -> tuple[str, str]:
    """Foreground and background of a style."""
    fore, back = _FOREGROUND, background
    if style is not None:
        if style.color is not None:
            fore = style.color.get_truecolor().hex
        if style.bgcolor is not None:
            back = style.bgcolor.get_truecolor().hex
        if style.reverse:
            fore, back = back, fore
    return fore, back


def _rect(x: float, y: float, width: float, height: float, fill: str, opacity: float = 1) -> str:
    shade = "" if opacity == 1 else f' opacity="{opacity:g}"'
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}"{shade}/>'


def _blocks(char: str, count: int, column: int, row: int, fill: str) -> Iterator[str]:
    left, top = _MARGIN + column * CELL_WIDTH, _MARGIN + row * CELL_HEIGHT
    pieces = [(0, count)] if char in _JOINED else [(i, 1) for i in range(count)]
    for start, cells in pieces:
        for x, y, width, height, opacity in _BOXES[char]:
            wide = cells if width == 1 else width
            yield _rect(
                left + (start + x) * CELL_WIDTH,
                top + y * CELL_HEIGHT,
                wide * CELL_WIDTH,
                height * CELL_HEIGHT,
                fill,
                opacity,
            )


def _segment(segment: Segment, column: int, row: int, background: str) -> Iterator[str]:
    fore, back = _colours(segment.style, background)
    text = segment.text
    left, top = _MARGIN + column * CELL_WIDTH, _MARGIN + row * CELL_HEIGHT
    if back != background:
        yield _rect(left, top, len(text) * CELL_WIDTH, CELL_HEIGHT, back)
    weight = ' font-weight="700"' if segment.style is not None and segment.style.bold else ""
    at = 0
    for kind, cells in groupby(text, key=lambda c: c if c in _BOXES else " " if c == " " else ""):
        part = "".join(cells)
        x = column + at
        at += len(part)
        if kind in _BOXES:
            yield from _blocks(kind, len(part), x, row, fore)
        elif kind == "":
            start = _MARGIN + x * CELL_WIDTH
            length = f' textLength="{len(part) * CELL_WIDTH}" lengthAdjust="spacingAndGlyphs"'
            yield (
                f'<text x="{start}" y="{top + 15}" fill="{fore}"{weight}{length if len(part) > 1 else ""}>'
                f"{escape(part)}</text>"
            )


def to_svg(rows: Sequence[Sequence[Segment]], *, title: str, background: str = BACKGROUND) -> str:
    """``rows`` of equal width as an SVG document with ``title`` for readers who do not see it."""
    width = sum(len(s.text) for s in rows[0]) if rows else 0
    across = width * CELL_WIDTH + 2 * _MARGIN
    down = len(rows) * CELL_HEIGHT + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" role="img"'
        f' font-family="{_FONTS}" font-size="16.6" shape-rendering="crispEdges">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{across}" height="{down}" rx="8" fill="{background}"/>',
    ]
    for y, row in enumerate(rows):
        column = 0
        for segment in row:
            parts += _segment(segment, column, y, background)
            column += len(segment.text)
    parts.append("</svg>")
    return "\n".join(parts) + "\n"
