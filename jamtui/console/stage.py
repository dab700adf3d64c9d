"""The one widget of the stage: panels painted into rows, of which only changed ones reach the terminal."""

from collections.abc import Mapping

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from jamtui.console.frame import Frame
from jamtui.console.layout import Place, arrange
from jamtui.console.line import Row
from jamtui.console.panels.table import PANELS


class Stage(Widget):
    """Shows frames. A panel is painted when what it shows changed; a row is sent when its cells changed."""

    ALLOW_SELECT = False
    can_focus = False

    DEFAULT_CSS = "Stage { width: 100%; height: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self._shape: object = None
        self._places: tuple[Place, ...] = ()
        self._seen: dict[str, object] = {}
        self._rows: dict[str, list[Row]] = {}
        self._strips: list[Strip] = []
        self._frame: Frame | None = None

    def show(self, frame: Frame) -> None:
        """Paint ``frame``; rows that did not change are left alone."""
        self._frame = frame
        width, height = self.size
        if not width or not height:
            return
        shape = (width, height, frame.drawer)
        anew = shape != self._shape
        if anew:
            self._shape = shape
            self._places = tuple(sorted(arrange(width, height, frame.drawer), key=lambda p: p.x))
            self._seen.clear()
            self._rows.clear()
            self._strips = [Strip.blank(width, frame.inks.blank)] * height
        dirty: dict[int, int] = {}
        for place in self._places:
            panel = PANELS[place.panel]
            shown = panel.shown(frame, place.width)
            name = place.panel
            if not anew and self._seen.get(name, self) == shown:
                continue
            self._seen[name] = shown
            rows = panel.paint(frame, place.width, place.height)
            before = self._rows.get(name)
            self._rows[name] = rows
            for index, row in enumerate(rows):
                end = place.width if before is None else _changed(before[index], row)
                if end:
                    y = place.y + index
                    dirty[y] = max(dirty.get(y, 0), place.x + end)
        if not dirty:
            return
        for y in dirty:
            self._strips[y] = self._compose_row(y, width)
        if anew:
            self.refresh()
        else:
            self.refresh(*_regions(dirty))

    @property
    def rows(self) -> list[list[Segment]]:
        """The cells as they are shown, row by row."""
        return [list(strip) for strip in self._strips]

    def _compose_row(self, y: int, width: int) -> Strip:
        segments: list[Segment] = []
        for place in self._places:
            if place.y <= y < place.y + place.height:
                segments += self._rows[place.panel][y - place.y]
        return Strip(segments, width)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips as painted, without the style pass: they carry all their colours."""
        width = self.size.width
        strips = self._strips[crop.y : crop.bottom]
        if len(strips) < crop.height:
            # The first layout, before a frame was painted for this size.
            strips += [Strip.blank(width)] * (crop.height - len(strips))
        if crop.x or crop.width != width:
            return [strip.crop(crop.x, crop.right) for strip in strips]
        return strips

    def on_resize(self, event: events.Resize) -> None:
        """Arrange and paint anew."""
        if self._frame is not None:
            self.show(self._frame)


def _changed(before: Row, row: Row) -> int:
    """Column after the last cell in which two rows of the same width differ, 0 where they are equal."""
    if before == row:
        return 0
    # The compositor sends a row from its beginning, so only the end is worth finding.
    end = sum(segment.cell_length for segment in row)
    for old, new in zip(reversed(before), reversed(row), strict=False):
        if old != new:
            break
        end -= new.cell_length
    return end


def _regions(dirty: Mapping[int, int]) -> list[Region]:
    """Regions from the left edge to the last changed cell, equal neighbours joined."""
    regions: list[Region] = []
    for y in sorted(dirty):
        last = regions[-1] if regions else None
        if last is not None and last.bottom == y and last.width == dirty[y]:
            regions[-1] = Region(0, last.y, last.width, last.height + 1)
        else:
            regions.append(Region(0, y, dirty[y], 1))
    return regions
