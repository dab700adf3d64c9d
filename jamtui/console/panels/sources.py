"""Where the notes come from: retrieval hits, and the state of every source, absent ones included."""

from collections.abc import Sequence

from jamtui.console.exchange_screen import wrap
from jamtui.console.frame import Frame
from jamtui.console.inks import SOURCE_NAMES
from jamtui.console.line import Line, Row, fill, rule
from jamtui.session.snapshot import HitView, LibraryView, SourceView

ROLL_CELLS = 8
"""Cells of a phrase's tiny piano roll."""
_BLANK = 0x2800
"""The empty braille cell of Unicode; its dots are bits."""
_DOTS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))
"""Bits of a braille cell's two columns, from the lowest dot up."""


def tiny_roll(notes: Sequence[tuple[int, int, int]], length: int, cells: int) -> str:
    """A piano roll one row high: ``notes`` are ``(onset, duration, pitch)`` in ticks over ``length``; each
    cell is two moments wide and four pitches high, from the phrase's lowest to its highest."""
    codes = [_BLANK] * cells
    if notes and length > 0:
        low, high = min(n[2] for n in notes), max(n[2] for n in notes)
        for onset, duration, pitch in notes:
            row = (pitch - low) * 3 // max(1, high - low)
            first = onset * 2 * cells // length
            last = max(first, (onset + duration) * 2 * cells // length - 1)
            for column in range(first, min(last, 2 * cells - 1) + 1):
                codes[column // 2] |= _DOTS[column % 2][row]
    return "".join(map(chr, codes))


def _views(frame: Frame) -> dict[str, SourceView]:
    return {s.letter: s for s in frame.snapshot.sources} if frame.snapshot else {}


def paint_sources(frame: Frame, width: int, height: int) -> list[Row]:
    """All sources on one row: letter, name, state."""
    inks = frame.inks
    views = _views(frame)
    line = Line(width, inks.blank).add(" ")
    for letter in "RLMO":
        view = views.get(letter)
        ready = view is not None and view.state == "ready"
        line.add(f" {letter} ", inks.accent(letter).chip if ready else inks.faint)
        line.add(f" {view.name if view else SOURCE_NAMES[letter]} ", inks.text if ready else inks.faint)
        state = view.state if view else "not there"
        # There is no room for what to do about it: the LLM's drawer says it.
        more = ": L" if letter == "O" and view is not None and not ready else ""
        line.add(f"{state}{more}  ", inks.dim if ready else inks.faint)
    return fill([line.row()], width, height, inks.blank)


def _hit(frame: Frame, hit: HitView, width: int) -> Row:
    inks = frame.inks
    line = Line(width, inks.blank).add(" ").add(f"{hit.score:.2f} ".replace("0.", "."), inks.text)
    narrow = width < 48
    line.add(tiny_roll(hit.notes, hit.length, ROLL_CELLS), inks.accent("L").locked).add(" ")
    line.cell(hit.chords, 7 if narrow else 12, inks.strong if hit.playing else inks.text).add(" ")
    line.cell(hit.style or "any", 5 if narrow else 6, inks.dim)
    line.add("▶" if hit.playing else " ", inks.accent("L").sounding)
    line.add("♥ " if hit.kept else "  ", inks.accent("L").sounding)
    return line.cell(hit.origin, line.left - 1, inks.dim).row()


def _wrapped(frame: Frame, text: str, width: int, rows: int) -> list[Row]:
    inks = frame.inks
    out: list[Row] = []
    line = ""
    for word in [*text.split(), ""]:
        if (word == "" or len(line) + len(word) + 1 > width - 3) and line:
            out.append(Line(width, inks.blank).add(" ").add(line, inks.dim).row())
            line = word
        else:
            line = f"{line} {word}".strip()
    return out[:rows]


def paint_hits(frame: Frame, width: int, height: int) -> list[Row]:
    """The phrases found for the chords at hand, the best first; without a library, what is missing."""
    inks = frame.inks
    view = _views(frame).get("L")
    hits = frame.snapshot.hits if frame.snapshot else ()
    library = frame.snapshot.library if frame.snapshot else LibraryView()
    note = view.state if view else ""
    if library.phrases is not None:
        note = f"{library.phrases:,} phrases"
    rows = [rule("library", width, inks.rule, inks.title, note)]
    if library.ingest:
        rows.append(Line(width, inks.blank).add(" ").cell(library.ingest, width - 2, inks.strong).row())
    if hits:
        # They come best and most varied first; those that have room stand in the order of the figure shown.
        shown = sorted(hits[: height - len(rows)], key=lambda hit: -hit.score)
        rows += [_hit(frame, hit, width) for hit in shown]
    elif frame.snapshot is not None:
        detail = view.detail if view else "no library yet: the band plays from its own book (R)"
        rows += _wrapped(frame, detail, width, height - len(rows))
    return fill(rows, width, height, inks.blank)


def _leading(detail: str, cells: int) -> str:
    """As many clauses of ``detail`` from its first as have room; all of it where not even that has."""
    shown = detail
    while len(shown) > cells and (end := max(shown.rfind("; "), shown.rfind(", "))) > 0:
        shown = shown[:end]
    return shown if len(shown) <= cells else detail


def paint_generator(frame: Frame, width: int, height: int) -> list[Row]:
    """Every source with its state and a sentence, those that are not there too."""
    inks = frame.inks
    views = _views(frame)
    seed = f"seed {frame.snapshot.seed}" if frame.snapshot is not None else ""
    rows = [rule("sources", width, inks.rule, inks.title, seed)]
    if frame.snapshot is None:
        return fill(rows, width, height, inks.blank)
    each = 2 if height >= 9 else 1
    for letter in "RLMO":
        view = views.get(letter)
        ready = view is not None and view.state == "ready"
        state = view.state if view else "not there"
        name = view.name if view else SOURCE_NAMES[letter]
        line = (
            Line(width, inks.blank)
            .add(" ")
            .add(f" {letter} ", inks.accent(letter).chip if ready else inks.key)
        )
        ink = inks.text if ready else inks.dim
        line.add(" ").cell(name, 8, ink)
        detail = view.detail if view else ""
        if each == 1:
            words = _leading(detail, line.left - 1) or state
            rows.append(line.cell(words, line.left - 1, inks.dim).row())
        else:
            line.add(f"{state}  ", inks.strong if ready else inks.dim)
            first, rest = "", detail
            if len(detail) > width - 6:
                first = wrap(detail, max(1, line.left - 1))[0]
                rest = detail[len(first) :]
            rows.append(line.cell(first, max(0, line.left - 1), inks.dim).row())
            rows.append(Line(width, inks.blank).add("     ").cell(rest, width - 6, inks.dim).row())
    return fill(rows, width, height, inks.blank)
