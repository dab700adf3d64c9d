"""The bottom of the screen: what must be acted on or waits, the last event, the keys."""

from collections.abc import Sequence

from rich.style import Style

from jamtui.console.frame import Drawer, Frame
from jamtui.console.layout import MIN_HEIGHT, MIN_WIDTH, WIDE
from jamtui.console.line import Line, Row, fill
from jamtui.console.news import Age, Told
from jamtui.session.snapshot import Snapshot

OUTPUT = 5
"""Cells in which it can still be told where the band goes."""


def paint_status(frame: Frame, width: int, height: int) -> list[Row]:
    """One row, the most urgent thing only: quitting, the link, notices, what is armed, what waits."""
    inks = frame.inks
    snap = frame.snapshot
    line = Line(width, inks.blank)
    if frame.quitting:
        text = " press q again to stop the band and leave   ctrl+d leaves it playing "
        return fill([line.add(text.ljust(width), inks.alert_bar).row()], width, height, inks.blank)
    if frame.failure:
        text = f" {frame.failure}"
        return fill([line.add(text.ljust(width), inks.alert_bar).row()], width, height, inks.blank)
    if frame.link == "ended":
        text = f" {frame.link_detail or 'the band has ended'}"
        return fill([line.add(text.ljust(width), inks.alert_bar).row()], width, height, inks.blank)
    if frame.link == "lost":
        text = f" {frame.link_detail or 'engine gone: restarting; the sound goes on or comes back by itself'}"
        return fill([line.add(text.ljust(width), inks.notice_bar).row()], width, height, inks.blank)
    if frame.link == "connecting":
        text = f" {frame.link_detail or 'starting the band…'}"
        return fill([line.add(text, inks.text).row()], width, height, inks.blank)
    # In a small terminal the header has no room for what the bracket and arrow keys set.
    settings = _settings(frame, snap) if snap is not None and width < WIDE else []
    if frame.soon:
        line.add(" ").add(" NEXT BEAT ", inks.key).add(" for the next key", inks.text)
        return fill([line.end(*settings)], width, height, inks.blank)
    if snap is None:
        return fill([], width, height, inks.blank)
    if snap.notices:
        more = f"  (+{len(snap.notices) - 1})" if len(snap.notices) > 1 else ""
        line.add(" ▲ ", inks.alert_bar).add(" ").cell(snap.notices[0], line.left - len(more) - 1, inks.alert)
        return fill([line.add(more, inks.alert).row()], width, height, inks.blank)
    room = Line(width - _size(settings), inks.blank)
    if snap.pending:
        words = ", ".join(snap.pending)
        room.add(" at the bar line: ", inks.dim).cell(words, min(len(words), room.left), inks.strong)
    else:
        _connections(frame, snap, room)
    for segment in room.row():
        line.add(segment.text, segment.style)
    return fill([line.end(*settings)], width, height, inks.blank)


def _size(parts: list[tuple[str, Style]]) -> int:
    return sum(len(text) for text, _ in parts)


def _settings(frame: Frame, snap: Snapshot) -> list[tuple[str, Style]]:
    inks = frame.inks
    settings = (
        ("  temp ", f"{snap.temperature:.2f}"),
        (" energy ", f"{snap.energy:.2f}"),
        *((" density ", f"{snap.density:.1f}") for _ in range(snap.density != 0.5)),
        *((" surprise ", f"{snap.surprise:.1f}") for _ in range(snap.surprise > 0)),
        (" grid ", snap.grid),
    )
    parts = [part for name, value in settings for part in ((name, inks.faint), (f"{value} ", inks.text))]
    return parts if snap.latch else [*parts, ("latch off ", inks.text)]


def _connections(frame: Frame, snap: Snapshot, line: Line) -> None:
    """Where the notes come from and go to; the end is cut where there is no room."""
    inks = frame.inks
    if snap.demo:
        line.add(" demo: the built-in player performs" if line.width >= WIDE else " demo", inks.dim)
    elif snap.inputs:
        names = ", ".join(snap.inputs)
        line.add(" in ", inks.faint).cell(names, min(len(names), line.left * 2 // 5), inks.dim)
    else:
        words = "no keyboard: the pads z x c v b n m play" if frame.pads else "none"
        line.add(" in ", inks.faint)
        line.add("pads z x c v b n m" if frame.pads and line.width < WIDE else words, inks.dim)
    synth = "y: synth" if line.width < WIDE else f"y plays through {snap.synth}"
    offer = f"   {synth}" if snap.synth else ""
    room = line.left - len("   out ") - len(offer) - 1
    if room >= min(len(snap.output), OUTPUT):
        line.add("   out ", inks.faint).cell(snap.output, min(len(snap.output), room), inks.dim)
    line.cell(offer, min(len(offer), line.left - 1), inks.text)


def status_taken(frame: Frame) -> bool:
    """Something urgent has the whole status row."""
    urgent = frame.quitting or frame.failure or frame.link != "connected"
    return bool(urgent or (frame.snapshot is not None and frame.snapshot.notices))


def paint_event(frame: Frame, width: int, height: int) -> list[Row]:
    """The newest event; in a small terminal the settings too, while something urgent has their place."""
    snap = frame.snapshot
    settings = _settings(frame, snap) if snap is not None and width < WIDE and status_taken(frame) else []
    newest = frame.events[-1:] if _on_its_line(frame) else ()
    found = _events(frame, width - _size(settings), newest)
    line = Line(width, frame.inks.blank)
    for segment in found[0] if found else ():
        line.add(segment.text, segment.style)
    return fill([line.end(*settings)], width, height, frame.inks.blank)


def paint_log(frame: Frame, width: int, height: int) -> list[Row]:
    """The events but the one on the event line."""
    events = frame.events[:-1] if _on_its_line(frame) else frame.events
    return fill(_events(frame, width, events[-height:]), width, height, frame.inks.blank)


def _on_its_line(frame: Frame) -> bool:
    """There is an event for the event line."""
    return bool(frame.events) and frame.events[-1].age is not Age.GONE


def _events(frame: Frame, width: int, shown: Sequence[Told]) -> list[Row]:
    inks = frame.inks
    marks = {"info": "  ", "warning": "▲ ", "error": "■ "}
    rows: list[Row] = []
    for told in shown:
        event = told.event
        ink = inks.alert if event.severity == "error" else inks.text
        if told.age is not Age.NEW:
            ink = inks.faint
        line = Line(width, inks.blank).add(f" {told.time_of_day} ", inks.faint)
        line.add(marks.get(event.severity, "  "), ink).cell(event.text, line.left - 1, ink)
        rows.append(line.row())
    return rows


def paint_footer(frame: Frame, width: int, height: int) -> list[Row]:
    """The keys, from the table of actions; panic and help are always there."""
    inks = frame.inks
    hints = [h for h in frame.keys if h.footer]
    if frame.drawer not in (Drawer.NONE, Drawer.HITS):
        hints = [h for h in frame.keys if h.action in ("back", "panic", "start_stop", "help")]
    must = {"panic", "help", "quit", "start_stop", "back"}
    gap = 2
    if width < WIDE:
        # Only with its key are the hits to be seen there.
        must.add("hits")
        gap = 1

    def size(title: str, key: str) -> int:
        return len(title) + len(key) + 3 + gap

    titles = {h.action: h.title.replace(" (twice)", "").lower() for h in hints}
    titles["panic"] = "PANIC"
    while sum(size(titles[h.action], h.key) for h in hints) > width:
        spare = [h for h in hints if h.action not in must]
        if not spare:
            break
        hints.remove(spare[-1])
    line = Line(width, inks.blank).add(" " * (gap - 1))
    for hint in hints:
        line.add(f" {hint.key} ", inks.key).add(f" {titles[hint.action]}{' ' * gap}", inks.dim)
    return fill([line.row()], width, height, inks.blank)


def paint_tiny(frame: Frame, width: int, height: int) -> list[Row]:
    """What to do when the stage does not fit."""
    inks = frame.inks
    words = (
        f"terminal too small: {width}×{height}",
        f"jamtui needs {MIN_WIDTH}×{MIN_HEIGHT}",
        "make it larger; all keys work meanwhile",
        "press q again to stop and leave" if frame.quitting else "! panic   space start/stop   q quit",
    )
    rows: list[Row] = fill([], width, max(0, (height - len(words)) // 2), inks.blank)
    for index, text in enumerate(words):
        line = Line(width, inks.blank).to(max(0, (width - len(text)) // 2))
        rows.append(line.add(text, inks.text if index else inks.strong).row())
    return fill(rows, width, height, inks.blank)
