"""Where the panels stand at each size of the terminal. Pure: a size in, rectangles out."""

from dataclasses import dataclass

from jamtui.console.frame import Drawer

MIN_WIDTH, MIN_HEIGHT = 80, 24
"""The smallest terminal that holds the stage."""
WIDE = 112
"""From this width on there are three panels side by side, and the header tells the settings too."""

BAND_WIDTH = 43
"""Cells of a row of the band with all but what it plays and where to."""


@dataclass(frozen=True, slots=True)
class Place:
    """A panel's rectangle in cells."""

    panel: str
    x: int
    y: int
    width: int
    height: int


def size_class(width: int, height: int) -> str:
    """``tiny`` (too small), ``small`` (80 × 24), ``medium`` (120 × 40) or ``large`` (200 × 60)."""
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        return "tiny"
    if width >= 160 and height >= 50:
        return "large"
    if width >= WIDE and height >= 36:
        return "medium"
    return "small"


def _drawer_width(width: int) -> int:
    return min(64, width // 2)


def arrange(width: int, height: int, drawer: Drawer = Drawer.NONE) -> tuple[Place, ...]:
    """The panels of a terminal of ``width`` by ``height`` cells; together they cover it exactly.

    An open drawer takes the right side and, in a small terminal, all below the chord; header, beat,
    chord, status and footer stay. The hits leave the roll in its place in a small terminal, too: they come
    instead of band and sources.
    """
    kind = size_class(width, height)
    if kind == "tiny":
        return (Place("tiny", 0, 0, width, height),)
    if kind == "small":
        return tuple(_small(width, height, drawer))
    return tuple(_wide(width, height, drawer, large=kind == "large"))


def drawer_size(width: int, height: int, drawer: Drawer) -> tuple[int, int]:
    """Width and height of the open drawer in such a terminal; (0, 0) where none is shown."""
    found = (p for p in arrange(width, height, drawer) if p.panel == "drawer")
    return next(((p.width, p.height) for p in found), (0, 0))


def _small(width: int, height: int, drawer: Drawer) -> list[Place]:
    chord_w = width * 23 // 40
    places = [
        Place("header", 0, 0, width, 1),
        Place("beat", 0, 1, width, 1),
        Place("chord", 0, 2, chord_w, 6),
        Place("next", chord_w, 2, width - chord_w, 6),
    ]
    bottom = height - 3
    if drawer not in (Drawer.NONE, Drawer.HITS):
        places.append(Place("drawer", 0, 8, width, bottom - 8))
    else:
        top = 9
        places.append(Place("timing", 0, 8, width, 1))
        spare = height - MIN_HEIGHT
        events = min(4, spare // 4)
        band = bottom - events - 5
        lanes = 3 if spare >= 5 else 0
        places.append(Place("roll", 0, top, width, band - lanes - top))
        if drawer is Drawer.HITS:
            places.append(Place("drawer", 0, band - lanes, width, lanes + 5))
        else:
            places += [
                *([Place("lanes", 0, band - lanes, width, lanes)] if lanes else []),
                Place("band", 0, band, width, 4),
                Place("sources", 0, band + 4, width, 1),
            ]
        places += [
            *([Place("log", 0, band + 5, width, events)] if events else []),
        ]
    return places + _feet(width, height)


def _feet(width: int, height: int) -> list[Place]:
    return [
        Place("status", 0, height - 3, width, 1),
        Place("event", 0, height - 2, width, 1),
        Place("footer", 0, height - 1, width, 1),
    ]


def _wide(width: int, height: int, drawer: Drawer, *, large: bool) -> list[Place]:
    beat_h = 2 if large else 1
    head = 1 + beat_h
    chord_h = 15 if large else 9
    chord_w = width // 2 if large else width * 11 // 24
    right = width - chord_w
    next_h = 8 if large else 5
    places = [
        Place("header", 0, 0, width, 1),
        Place("beat", 0, 1, width, beat_h),
        Place("chord", 0, head, chord_w, chord_h),
        Place("next", chord_w, head, right, next_h),
    ]
    log_h = 3 if large else 0
    bottom = height - 3 - log_h
    top = head + chord_h
    body_w = width
    if drawer is not Drawer.NONE:
        side = _drawer_width(width)
        body_w = width - side
        places.append(Place("timing", chord_w, head + next_h, right, chord_h - next_h))
        places.append(Place("drawer", body_w, top, side, bottom - top))
    else:
        places.append(Place("timing", chord_w, head + next_h, right, chord_h - next_h))
    band_h = 9 if large else 5
    lanes = 6 if large else 3
    band_y = bottom - band_h
    places += [
        Place("roll", 0, top, body_w, band_y - lanes - top),
        Place("lanes", 0, band_y - lanes, body_w, lanes),
    ]
    if body_w >= WIDE:
        # A row of the band as it must be; what it plays has room beside that in a large terminal.
        band_w = body_w * 2 // 5 if large else BAND_WIDTH
        hits_w = 0 if drawer is Drawer.HITS else (body_w - band_w) * (10 if large else 11) // 20
        places += [
            Place("band", 0, band_y, band_w, band_h),
            *([Place("hits", band_w, band_y, hits_w, band_h)] if hits_w else []),
            Place("generator", band_w + hits_w, band_y, body_w - band_w - hits_w, band_h),
        ]
    else:
        places.append(Place("band", 0, band_y, body_w, band_h))
    if log_h:
        places.append(Place("log", 0, bottom, width, log_h))
    return places + _feet(width, height)
