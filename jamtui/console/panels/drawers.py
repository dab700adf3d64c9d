"""What opens beside the stage: keys, styles, devices; the others have modules of their own."""

from dataclasses import dataclass

from jamtui.console.exchange_screen import wrap
from jamtui.console.frame import Drawer, Frame
from jamtui.console.line import Line, Row, fill, rule
from jamtui.console.panels.exchange import paint_exchange
from jamtui.console.panels.hits import paint_hits
from jamtui.console.panels.library import paint_library
from jamtui.console.panels.models import paint_models
from jamtui.session.snapshot import PortView, Snapshot


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of a drawer that the cursor can stand on: it does an action, or shows a role's ports."""

    text: str
    chosen: bool
    detail: str = ""
    action: str = ""
    argument: str = ""
    folds: str = ""
    """The role whose ports this row shows and hides."""


def inputs(snap: Snapshot) -> tuple[PortView, ...]:
    """Every input known, the open ones among them."""
    known = {p.name for p in snap.ports_in}
    return (*snap.ports_in, *(PortView(name, True) for name in snap.inputs if name not in known))


def _inputs(snap: Snapshot) -> list[Choice]:
    return [Choice(p.name, p.open, p.detail, "input_toggle", p.name) for p in inputs(snap)]


def _outputs(snap: Snapshot, unfolded: str) -> list[Choice]:
    """A row for each role, below it the ports it can play into; then the synth that was found."""
    rows: list[Choice] = []
    for view in snap.roles:
        where = view.port if view.program is None else f"{view.port}, program {view.program}"
        rows.append(Choice(view.role, view.role == unfolded, where, folds=view.role))
        if view.role == unfolded:
            rows += [
                Choice(p.name, p.name == view.port, p.detail, "output_pick", f"{view.role}={p.name}")
                for p in snap.ports_out
            ]
            own = all(p.name != view.port for p in snap.ports_out)
            rows.append(Choice("its own port", own, "virtual, or none", "output_pick", f"{view.role}="))
    if snap.synth:
        rows.append(Choice(f"all through {snap.synth}", False, "y", "synth"))
    return rows


def choices(drawer: Drawer, snap: Snapshot | None, unfolded: str = "") -> tuple[Choice, ...]:
    """The rows one can choose from in a drawer; ``unfolded`` is the role whose ports are shown."""
    if snap is None:
        return ()
    if drawer is Drawer.STYLES:
        return tuple(
            Choice(title, name == snap.style, action="style", argument=name) for name, title in snap.styles
        )
    if drawer is Drawer.DEVICES:
        return (*_inputs(snap), *_outputs(snap, unfolded))
    return ()


def _row(frame: Frame, choice: Choice, width: int, *, at: bool) -> Row:
    inks = frame.inks
    line = Line(width, inks.blank).add(" ▶ " if at else "   ", inks.strong)
    ink = inks.selected if at else inks.text
    if choice.folds:
        line.add("▾ " if choice.chosen else "▸ ", inks.dim).cell(choice.text, 6, ink).add(" → ", inks.faint)
        return line.cell(choice.detail, line.left - 1, inks.dim).row()
    if choice.action == "output_pick":
        line.add("     ")
    line.add("● " if choice.chosen else "○ ", inks.strong if choice.chosen else inks.dim)
    if not choice.detail:
        return line.cell(choice.text, line.left - 1, ink).row()
    line.cell(choice.text, min(line.left - 1, max(24, line.left - 2 - max(16, len(choice.detail)))), ink)
    return line.add(" ").cell(choice.detail, line.left - 1, inks.dim).row()


def _words(frame: Frame, text: str, width: int) -> Row:
    return Line(width, frame.inks.blank).add("   ").cell(text, width - 4, frame.inks.dim).row()


def _content(frame: Frame, width: int) -> list[str | Choice]:
    """All lines of the drawer: words, and the rows one can choose, in the order of ``choices``."""
    snap = frame.snapshot
    if frame.drawer is not Drawer.DEVICES or snap is None:
        rows = choices(frame.drawer, snap)
        return list(rows) if rows else ["the engine has not told its styles yet"]
    lines: list[str | Choice] = ["inputs: what you play on", *_inputs(snap)]
    if len(lines) == 1:
        lines.append("none found: plug a keyboard in, it shows up here")
    lines += ["", *wrap(f"outputs: {snap.output}", max(1, width - 4))]
    for row in _outputs(snap, frame.unfolded):
        lines.append(row)
        if row.folds and row.chosen and not snap.ports_out:
            lines.append("  none found: start the DAW or synth, it shows up here")
    return lines


def paint_drawer(frame: Frame, width: int, height: int) -> list[Row]:
    """The drawer that is open."""
    inks = frame.inks
    if frame.drawer is Drawer.HELP:
        return _help(frame, width, height)
    if frame.drawer is Drawer.LIBRARY:
        return paint_library(frame, width, height)
    if frame.drawer is Drawer.LLM:
        return paint_exchange(frame, width, height)
    if frame.drawer is Drawer.MODELS:
        return paint_models(frame, width, height)
    if frame.drawer is Drawer.HITS:
        return paint_hits(frame, width, height)
    title = "styles" if frame.drawer is Drawer.STYLES else "devices"
    rows = [rule(title, width, inks.rule, inks.strong, "↑ ↓ move   enter choose   esc close")]
    content = _content(frame, width)
    standing = [i for i, line in enumerate(content) if isinstance(line, Choice)]
    at = standing[min(frame.cursor, len(standing) - 1)] if standing else -1
    room = max(1, height - 1)
    first = max(0, min(at - room // 2, len(content) - room))
    for index, line in enumerate(content[first : first + room], start=first):
        if isinstance(line, Choice):
            rows.append(_row(frame, line, width, at=index == at))
        else:
            rows.append(_words(frame, line, width))
    return fill(rows, width, height, inks.blank)


def help_entries(frame: Frame) -> list[tuple[str, str, str]]:
    """Key, title and help of everything, in the order of the table; then what the table cannot say."""
    entries = [(h.key, h.title, h.help) for h in frame.keys if h.key]
    entries.append(("alt+key", "Next beat", "The same as tab and the key, where the terminal passes alt on."))
    if frame.pads is not None:
        entries.append(("z … m", "Chord pads", f"Seventh chords of {frame.pads.tonic} major; they latch."))
        entries.append(("Z … N", "Dominants", "The dominant that leads to that pad's chord."))
    return entries


def _help(frame: Frame, width: int, height: int) -> list[Row]:
    inks = frame.inks
    entries = help_entries(frame)
    columns = 3 if width >= 78 else 2
    room = height - 1
    detailed = width >= 60 and room >= len(entries)
    if detailed:
        columns = 1
    lines = -(-len(entries) // columns)
    first = max(0, min(frame.scroll, lines - room))
    note = "esc closes" if lines <= room else f"↑ ↓ {min(lines, first + room)}/{lines}   esc closes"
    rows = [rule("keys", width, inks.rule, inks.strong, note)]
    for index in range(first, min(lines, first + room)):
        line = Line(width, inks.blank)
        for column in range(columns):
            at = index + column * lines
            if at >= len(entries):
                break
            key, title, text = entries[at]
            end = width * (column + 1) // columns
            line.add(" ").add(f"{key:>7}", inks.strong).add("  ")
            if detailed:
                line.cell(title, 26, inks.text).cell(text, end - line.used - 1, inks.dim)
            else:
                line.cell(title, end - line.used, inks.text)
            line.to(end)
        rows.append(line.row())
    return fill(rows, width, height, inks.blank)
