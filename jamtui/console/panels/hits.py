"""The phrases that were found for the chords at hand: each with a tiny piano roll that marks moved notes."""

from collections.abc import Collection, Sequence
from itertools import groupby

from jamtui.console.exchange_screen import wrap
from jamtui.console.frame import Drawer, Frame
from jamtui.console.line import Line, Row, fill, rule
from jamtui.session.snapshot import HitView, LibraryView

ROLL_CELLS = 8
"""Cells of a phrase's tiny piano roll where there is little room."""
MOVED = "▂▄▆█"
"""Where a note was moved to fit: a block instead of dots, the higher the note the taller."""
_BLANK = 0x2800
"""The empty braille cell of Unicode; its dots are bits."""
_DOTS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
"""Bits of a braille cell's two columns, from the lowest dot up."""
_MEDIUM, _BROAD = 48, 76
"""Widths from which on a row has room for a longer roll and longer names."""


def tiny_roll(
    notes: Sequence[tuple[int, int, int]], length: int, cells: int, moved: Collection[int] = ()
) -> str:
    """A piano roll one row high: ``notes`` are ``(onset, duration, pitch)`` in ticks over ``length``; each
    cell is two moments wide and four pitches high, from the phrase's lowest to its highest. The cell in which
    a note begins whose index is in ``moved`` is one of ``MOVED``."""
    codes = [_BLANK] * cells
    blocks = [-1] * cells
    if notes and length > 0:
        low, high = min(n[2] for n in notes), max(n[2] for n in notes)
        for index, (onset, duration, pitch) in enumerate(notes):
            row = (pitch - low) * 3 // max(1, high - low)
            first = onset * 2 * cells // length
            last = max(first, (onset + duration) * 2 * cells // length - 1)
            for column in range(first, min(last, 2 * cells - 1) + 1):
                codes[column // 2] |= _DOTS[column % 2][row]
            if index in moved and 0 <= first < 2 * cells:
                blocks[first // 2] = max(blocks[first // 2], row)
    return "".join(
        MOVED[block] if block >= 0 else chr(code) for code, block in zip(codes, blocks, strict=True)
    )


def _roll(frame: Frame, hit: HitView, cells: int, line: Line) -> None:
    inks = frame.inks
    text = tiny_roll(hit.notes, hit.length, cells, {at for at, _ in hit.moved})
    for block, part in groupby(text, lambda cell: cell in MOVED):
        line.add("".join(part), inks.strong if block else inks.accent("L").locked)


def _marks(frame: Frame, hit: HitView, line: Line) -> Line:
    sounding = frame.inks.accent("L").sounding
    return line.add("▶" if hit.playing else " ", sounding).add("♥ " if hit.kept else "  ", sounding)


def _score(hit: HitView) -> str:
    return f"{hit.score:.2f} "[1:] if hit.score < 0.995 else "1.0 "


def _one_row(frame: Frame, hit: HitView, width: int) -> Row:
    """Score, roll, chords, style, marks, source: in one row."""
    inks = frame.inks
    if width < _MEDIUM:
        roll, chords, style = ROLL_CELLS, max(7, width - 32), 5 if width < 40 else 6
    elif width < _BROAD:
        roll, chords, style = 12, 14, 6
    else:
        roll, chords, style = 24, 14, 7
    line = Line(width, inks.blank).add(" ").add(_score(hit), inks.text)
    _roll(frame, hit, roll, line)
    line.add(" ").cell(hit.chords, chords, inks.strong if hit.playing else inks.text).add(" ")
    line.cell(hit.style or "any", style, inks.dim)
    return _marks(frame, hit, line).cell(hit.origin, line.left - 1, inks.dim).row()


def _two_rows(frame: Frame, hit: HitView, width: int) -> list[Row]:
    """The roll beside the chords, below them the rest."""
    inks = frame.inks
    line = Line(width, inks.blank).add(" ").add(_score(hit), inks.text)
    _roll(frame, hit, 24, line)
    line.add(" ")
    _marks(frame, hit, line).cell(hit.chords, line.left - 1, inks.strong if hit.playing else inks.text)
    below = Line(width, inks.blank).add("      ")
    below.cell(f"{len(hit.moved)} moved" if hit.moved else "", 9, inks.dim)
    below.cell(hit.style or "any", 8, inks.dim)
    return [line.row(), below.cell(hit.origin, below.left - 1, inks.dim).row()]


def _key(frame: Frame, action: str) -> str:
    return next((h.key for h in frame.keys if h.action == action), "")


def _title(frame: Frame, width: int, size: str) -> Row:
    """Whose phrases these are and how many there are; where it was opened by its key, the keys."""
    inks = frame.inks
    hits = frame.snapshot.hits if frame.snapshot else ()
    opened = frame.drawer is Drawer.HITS
    title = "hits" if opened else "library"
    if hits and hits[0].role:
        title = f"{title}: {hits[0].role}"
    if not opened:
        return rule(title, width, inks.rule, inks.title, size)
    named = (("keep", f"keep ({frame.roll_role})"), ("ban", "ban"), ("undo", "undo"), ("hits", "close"))
    keys = "  ".join(f"{key} {words}" for action, words in named if (key := _key(frame, action)))
    both = f"{size}  {keys}"
    return rule(title, width, inks.rule, inks.strong, both if len(both) + len(title) + 9 < width else keys)


def paint_hits(frame: Frame, width: int, height: int) -> list[Row]:
    """The phrases found for the chords at hand, the best first; without a library, what is missing."""
    inks = frame.inks
    snap = frame.snapshot
    view = next((s for s in snap.sources if s.letter == "L"), None) if snap else None
    hits = snap.hits if snap else ()
    library = snap.library if snap else LibraryView()
    size = view.state if view else ""
    if library.phrases is not None:
        size = f"{library.phrases:,} phrases"
    rows = [_title(frame, width, size)]
    if library.ingest:
        rows.append(Line(width, inks.blank).add(" ").cell(library.ingest, width - 2, inks.strong).row())
    if hits:
        # They come best and most varied first; what sounds is always shown. Those that have room stand in the
        # order of the figure shown.
        room = height - len(rows)
        hits = tuple(sorted(hits, key=lambda hit: not hit.playing))
        double = _MEDIUM <= width < _BROAD and room >= 2 * len(hits)
        for hit in sorted(hits[:room], key=lambda hit: -hit.score):
            rows += _two_rows(frame, hit, width) if double else [_one_row(frame, hit, width)]
    elif snap is not None:
        detail = view.detail if view else "no library yet: the band plays from its own book (R)"
        pieces = wrap(detail, max(1, width - 3))[: height - len(rows)]
        rows += [Line(width, inks.blank).add(" ").add(piece, inks.dim).row() for piece in pieces]
    return fill(rows, width, height, inks.blank)
