"""Rows of cells: every panel paints rows of exactly its width."""

from collections.abc import Sequence
from itertools import groupby
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

Row: TypeAlias = tuple[Segment, ...]
"""One row of a panel, as wide as the panel."""


class Line:
    """One row under construction. What does not fit is cut; what is missing is filled with ``blank``."""

    __slots__ = ("_parts", "_used", "blank", "width")

    def __init__(self, width: int, blank: Style) -> None:
        self.width = width
        self.blank = blank
        self._parts: list[Segment] = []
        self._used = 0

    @property
    def left(self) -> int:
        """Cells that are still free."""
        return self.width - self._used

    @property
    def used(self) -> int:
        """Cells that are painted."""
        return self._used

    def add(self, text: str, style: Style | None = None) -> "Line":
        """Append ``text``, cut to what is free."""
        size = cell_len(text)
        if size > self.left:
            text = set_cell_size(text, self.left)
            size = self.left
        if size:
            self._parts.append(Segment(text, style or self.blank))
            self._used += size
        return self

    def cell(self, text: str, size: int, style: Style | None = None) -> "Line":
        """Append ``text`` in a field of ``size`` cells, left-aligned, the end marked when it was cut."""
        if cell_len(text) > size > 1:
            text = set_cell_size(text, size - 1) + "…"
        return self.add(set_cell_size(text, max(0, size)), style)

    def to(self, column: int) -> "Line":
        """Fill with blanks up to ``column``."""
        if column > self._used:
            self.add(" " * (column - self._used))
        return self

    def end(self, *parts: tuple[str, Style]) -> Row:
        """Finish with ``parts`` at the right edge, where they fit."""
        size = sum(cell_len(text) for text, _ in parts)
        if parts and size <= self.left:
            self.to(self.width - size)
            for text, style in parts:
                self.add(text, style)
        return self.row()

    def row(self) -> Row:
        """The finished row."""
        self.to(self.width)
        return tuple(self._parts)


def blank_row(width: int, style: Style) -> Row:
    """An empty row."""
    return (Segment(" " * width, style),) if width > 0 else ()


def fill(rows: Sequence[Row], width: int, height: int, style: Style) -> list[Row]:
    """``rows`` cut or filled up to ``height``."""
    out = list(rows[:height])
    while len(out) < height:
        out.append(blank_row(width, style))
    return out


def quiet(rows: Sequence[Row], style: Style, *keep: Style) -> list[Row]:
    """``rows`` painted in ``style``, but for what is painted in one of ``keep``."""
    return [tuple(s if s.style in keep else Segment(s.text, style) for s in row) for row in rows]


def rule(title: str, width: int, rule_style: Style, title_style: Style, note: str = "") -> Row:
    """The top edge of a panel: its title on a thin line, a note at the right end."""
    line = Line(width, rule_style).add("─ ", rule_style).add(title, title_style).add(" ", rule_style)
    tail = f" {note} " if note and cell_len(note) + 4 < line.left else ""
    line.add("─" * max(0, line.left - cell_len(tail) - (1 if tail else 0)), rule_style)
    if tail:
        line.add(tail, title_style).add("─", rule_style)
    return line.row()


def runs(codes: Sequence[int], table: Sequence[tuple[str, Style]]) -> Row:
    """A row from one code a cell: ``table`` gives character and style of each code."""
    return tuple(
        Segment(table[code][0] * sum(1 for _ in cells), table[code][1]) for code, cells in groupby(codes)
    )


def bar(share: float, cells: int, full: str = "▮", empty: str = "▯") -> tuple[str, str]:
    """A level of ``cells`` blocks: the full part and the empty part. Anything above 0 lights one."""
    lit = min(cells, max(0, round(share * cells)))
    if share > 0.02 and lit == 0:
        lit = 1
    return full * lit, empty * (cells - lit)


_SPARKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], cells: int, top: float) -> str:
    """The newest ``cells`` values as block heights on a fixed scale from 0 to ``top``, right-aligned."""
    shown = values[-cells:]
    text = "".join(_SPARKS[min(7, max(0, int(v / top * 8)))] for v in shown)
    return text.rjust(cells)
