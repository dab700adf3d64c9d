"""Where the notes come from: the state of every source, absent ones included."""

from jamtui.console.exchange_screen import wrap
from jamtui.console.frame import Frame
from jamtui.console.inks import SOURCE_NAMES
from jamtui.console.line import Line, Row, fill, rule
from jamtui.session.snapshot import SourceView


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
        state = view.state if view else "…"
        # There is no room for what to do about it: the LLM's drawer says it.
        more = ": L" if letter == "O" and view is not None and not ready else ""
        line.add(f"{state}{more}  ", inks.dim if ready else inks.faint)
    return fill([line.row()], width, height, inks.blank)


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
