"""The library drawer: phrases with their tiny piano rolls, what is typed, and how far an ingest is."""

from jamtui.console.frame import Frame
from jamtui.console.library_screen import Typing
from jamtui.console.line import Line, Row, fill, rule
from jamtui.console.panels.hits import ROLL_CELLS, tiny_roll
from jamtui.session.library_page import LibraryRow

_CARET = "▏"


def paint_library(frame: Frame, width: int, height: int) -> list[Row]:
    """The library screen."""
    inks = frame.inks
    state = frame.library
    page = state.page
    total = f"{page.total:,} phrases" if page is not None else "asking"
    rows = [rule("library", width, inks.rule, inks.strong, f"{total}   esc close")]
    rows.append(_prompt(frame, width))
    ingest = frame.snapshot.library.ingest if frame.snapshot is not None else ""
    if ingest:
        line = Line(width, inks.blank).add(" ingest ", inks.key).add(" ")
        rows.append(line.cell(ingest, max(0, line.left - 8), inks.strong).add(" i stops", inks.dim).row())
    foot = [_words(frame, width, "enter play   h keep   j ban   u undo   / show   i ingest")]
    room = max(0, height - len(rows) - len(foot))
    if page is None:
        body = [_words(frame, width, "the library has not answered yet")]
    elif page.problem:
        body = [_words(frame, width, page.problem)]
    elif not page.rows:
        nothing = "nothing like that" if page.wanted else "no phrases yet: press i and give a folder of MIDI"
        body = [_words(frame, width, nothing)]
    else:
        at = min(state.cursor, len(page.rows) - 1)
        first = max(0, min(at - room // 2, len(page.rows) - room))
        body = [
            _phrase(frame, row, width, at=index == at)
            for index, row in enumerate(page.rows[first : first + room], start=first)
        ]
    return [*fill([*rows, *body], width, height - len(foot), inks.blank), *foot][:height]


def _prompt(frame: Frame, width: int) -> Row:
    inks = frame.inks
    state = frame.library
    line = Line(width, inks.blank)
    if state.typing is Typing.NOTHING:
        wanted = state.page.wanted if state.page is not None else ""
        return (
            line.add(" show  ", inks.dim)
            .cell(wanted or "everything, newest first", line.left, inks.text)
            .row()
        )
    line.add(f" {state.typing.value}  ", inks.strong)
    # The end of a long text is what is being typed.
    room = max(1, line.left - 2)
    line.add(state.text[-room:], inks.selected).add(_CARET, inks.strong)
    hint = "  folder or file, enter" if state.typing is Typing.PATH else "  lead blues kept Dm7 G7, enter"
    return line.add(hint if len(hint) < line.left else "", inks.dim).row()


def _words(frame: Frame, width: int, text: str) -> Row:
    return Line(width, frame.inks.blank).add(" ").cell(text, width - 2, frame.inks.dim).row()


def _phrase(frame: Frame, row: LibraryRow, width: int, *, at: bool) -> Row:
    inks = frame.inks
    line = Line(width, inks.blank).add("▶" if at else " ", inks.strong)
    ink = inks.faint if row.banned else inks.selected if at else inks.text
    line.add("♥" if row.kept else "✗" if row.banned else " ", inks.accent("L").sounding)
    line.add(tiny_roll(row.notes, row.length, ROLL_CELLS), inks.accent("L").locked).add(" ")
    line.cell(row.role, 5, inks.dim).add(f"{row.bars} ", inks.dim)
    line.cell(row.chords, max(8, (width - 26) * 2 // 5), ink).add(" ")
    line.cell(row.style or "any", 7, inks.dim).add(" ")
    return line.cell(row.origin, line.left - 1, ink if at else inks.dim).row()
