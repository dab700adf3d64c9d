"""What opens beside the stage: all keys, the styles, the devices."""

from dataclasses import dataclass

from jamtui.console.frame import Drawer, Frame
from jamtui.console.line import Line, Row, fill, rule
from jamtui.session.snapshot import PortView, Snapshot


@dataclass(frozen=True, slots=True)
class Choice:
    """A row of a drawer that the cursor can stand on."""

    text: str
    chosen: bool
    detail: str = ""
    action: str = ""
    argument: str = ""


def inputs(snap: Snapshot) -> tuple[PortView, ...]:
    """Every input known, the open ones among them."""
    known = {p.name for p in snap.ports_in}
    return (*snap.ports_in, *(PortView(name, True) for name in snap.inputs if name not in known))


def choices(drawer: Drawer, snap: Snapshot | None) -> tuple[Choice, ...]:
    """The rows one can choose from in a drawer."""
    if snap is None:
        return ()
    if drawer is Drawer.STYLES:
        return tuple(
            Choice(title, name == snap.style, action="style", argument=name) for name, title in snap.styles
        )
    if drawer is Drawer.DEVICES:
        return tuple(Choice(p.name, p.open, p.detail, "input_toggle", p.name) for p in inputs(snap))
    return ()


def _row(frame: Frame, choice: Choice, width: int, *, at: bool) -> Row:
    inks = frame.inks
    line = Line(width, inks.blank).add(" ▶ " if at else "   ", inks.strong)
    line.add("● " if choice.chosen else "○ ", inks.strong if choice.chosen else inks.dim)
    line.cell(choice.text, min(line.left - 1, max(24, line.left // 2)), inks.selected if at else inks.text)
    return line.add(" ").cell(choice.detail, line.left - 1, inks.dim).row()


def _words(frame: Frame, text: str, width: int) -> Row:
    return Line(width, frame.inks.blank).add("   ").cell(text, width - 4, frame.inks.dim).row()


def paint_drawer(frame: Frame, width: int, height: int) -> list[Row]:
    """The drawer that is open."""
    inks = frame.inks
    if frame.drawer is Drawer.HELP:
        return _help(frame, width, height)
    title = "styles" if frame.drawer is Drawer.STYLES else "devices"
    rows = [rule(title, width, inks.rule, inks.strong, "↑ ↓ move   enter choose   esc close")]
    rows_for = choices(frame.drawer, frame.snapshot)
    room = height - 1 - (6 if frame.drawer is Drawer.DEVICES else 2)
    first = max(0, min(frame.cursor - room // 2, len(rows_for) - room))
    if frame.drawer is Drawer.DEVICES:
        rows.append(_words(frame, "inputs: what you play on", width))
        if not rows_for:
            rows.append(_words(frame, "none found: plug in a keyboard, it shows up here by itself", width))
    elif not rows_for:
        rows.append(_words(frame, "the engine has not told its styles yet", width))
    for index, choice in enumerate(rows_for[first : first + max(1, room)], start=first):
        rows.append(_row(frame, choice, width, at=index == frame.cursor))
    if frame.drawer is Drawer.DEVICES and frame.snapshot is not None:
        rows += _outputs(frame, frame.snapshot, width)
    return fill(rows, width, height, inks.blank)


def _outputs(frame: Frame, snap: Snapshot, width: int) -> list[Row]:
    inks = frame.inks
    rows = [Line(width, inks.blank).row(), _words(frame, f"outputs: {snap.output}", width)]
    for view in snap.roles:
        line = Line(width, inks.blank).add("     ").add(f"{view.role:<6}", inks.text).add(" → ", inks.faint)
        rows.append(line.cell(view.port, line.left - 1, inks.dim).row())
    if snap.synth:
        rows.append(_words(frame, f"y plays the band through {snap.synth}", width))
    for port in snap.ports_out:
        line = Line(width, inks.blank).add("   ").add("● " if port.open else "○ ", inks.dim)
        rows.append(line.cell(port.name, line.left - 1, inks.dim).row())
    return rows


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
