"""Who plays: one row a role with its number key, source, level, state, volume, octave, runway and port."""

from jamtui.console.frame import ROLES, Frame
from jamtui.console.line import Line, Row, bar, fill, quiet, rule
from jamtui.session.snapshot import RoleView


def role_word(view: RoleView) -> str:
    """``off`` (not in the band), ``MUTE`` by its key, ``SOLO``, ``·`` while others are solo, or ``on``."""
    if not view.on:
        return "off"
    if view.muted:
        return "MUTE"
    if view.solo:
        return "SOLO"
    return "on" if view.audible else "·"


def _role(frame: Frame, number: int, name: str, width: int) -> Row:
    inks = frame.inks
    view = frame.role(name)
    line = Line(width, inks.blank).add(" ").add(f" {number} ", inks.key).add(" ")
    chosen = name == frame.roll_role
    if view is None:
        return line.add(f"{name.upper():<6}", inks.faint).row()
    silent = view.muted or not view.on or not view.audible
    lit = inks.strong if chosen else inks.text
    line.add(f"{name.upper():<6}", inks.faint if silent or frame.stopped else lit)
    accent = inks.accent(view.source)
    line.add(f" {view.source or '-'} ", inks.faint if silent or not view.source else accent.chip).add(" ")
    full, empty = bar(0.0 if silent else view.level, 8 if width >= 60 else 6)
    line.add(full, accent.sounding).add(empty, inks.rule).add(" ")
    word = role_word(view)
    line.add(f"{word:<5}", inks.key if word == "SOLO" else inks.strong if word == "MUTE" else inks.dim)
    line.add("vol", inks.faint).add(f"{view.volume:4d} ", inks.text)
    octave = f"{view.octave:+d}" if view.octave else "0"
    line.add("oct", inks.faint).add(f"{octave:>3} ", inks.text)
    if width >= 72:
        line.add("run", inks.faint).add(f"{view.runway_bars:4.1f}  ", inks.text)
    # What plays comes before where to, which the devices tell as well.
    both = line.left >= 28
    if view.label and line.left >= 12:
        line.cell(view.label, line.left // 2 if both else line.left - 1, inks.dim).add(" ")
    if line.left >= 16 and (both or not view.label):
        line.add("→ ", inks.faint).cell(view.port, line.left - 1, inks.dim)
    return line.row()


def paint_band(frame: Frame, width: int, height: int) -> list[Row]:
    """Four rows, titled where there is room."""
    inks = frame.inks
    rows: list[Row] = []
    if height > 4:
        where = frame.snapshot.output if frame.snapshot else ""
        rows.append(rule("band", width, inks.rule, inks.title, f"→ {where}" if where else ""))
    for number, name in enumerate(ROLES, start=1):
        row = _role(frame, number, name, width)
        if frame.stopped:
            row = quiet([row], inks.faint, inks.key, inks.strong)[0]
        rows.append(row)
        if height >= 9 and number < len(ROLES):
            rows.append(Line(width, inks.blank).row())
    return fill(rows, width, height, inks.blank)
