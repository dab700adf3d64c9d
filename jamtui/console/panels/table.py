"""The panels by name: how each is painted, and what of a frame it shows (equal: not painted again)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jamtui.console.frame import ROLES, Drawer, Frame
from jamtui.console.line import Row
from jamtui.console.panels.band import paint_band
from jamtui.console.panels.chord import paint_chord, paint_next
from jamtui.console.panels.drawers import paint_drawer
from jamtui.console.panels.feet import (
    paint_event,
    paint_footer,
    paint_log,
    paint_status,
    paint_tiny,
    status_taken,
)
from jamtui.console.panels.header import paint_beat, paint_header
from jamtui.console.panels.hits import paint_hits
from jamtui.console.panels.roll import paint_lanes, paint_roll, roll_cell
from jamtui.console.panels.sources import paint_generator, paint_sources
from jamtui.console.panels.timing import paint_timing
from jamtui.session.snapshot import Snapshot

Paint = Callable[[Frame, int, int], list[Row]]
Shown = Callable[[Frame, int], object]


@dataclass(frozen=True, slots=True)
class Panel:
    """``paint(frame, width, height)`` gives the rows; ``shown(frame, width)`` what they depend on."""

    paint: Paint
    shown: Shown


def _header(frame: Frame, width: int) -> object:
    s = frame.snapshot
    if s is None:
        return None
    return (
        s.style_title, s.style, s.chart, s.bpm, s.clock, s.clock_locked, s.state, s.frozen, s.click, s.grid,
        s.temperature, s.energy, frame.bar, s.meter, int(s.elapsed_s), s.recording, s.seed,
    )  # fmt: skip


def _beat(frame: Frame, width: int) -> object:
    return frame.beat, frame.stopped, frame.over, frame.meter.beats


def _chord(frame: Frame, width: int) -> object:
    s = frame.snapshot
    shown = (s.chord, s.inputs, s.latch, round(s.player_energy, 1), s.demo, s.state) if s else None
    return shown, frame.pads, frame.link_detail, frame.failure


def _next(frame: Frame, width: int) -> object:
    s = frame.snapshot
    if s is None or not s.next_chords:
        return s is None
    # Only whole beats are shown, and only of the first.
    chords = tuple((c.symbol, c.bar) for c in s.next_chords)
    stopped = s.state == "stopped"
    return -int(-(s.next_chords[0].beats - 0.05) // 1), chords, round(5 * s.sure), stopped


def _timing(frame: Frame, width: int) -> object:
    snap = frame.snapshot
    return frame.gauges, frame.stopped, (snap.priority, snap.grid) if snap else ""


def _roll(frame: Frame, width: int) -> object:
    s = frame.snapshot
    where = (int(frame.tick // roll_cell(width)), frame.bar, frame.meter.name, frame.roll_role)
    state = (s.state, tuple((r.on, r.muted, r.audible) for r in s.roles)) if s else None
    return where, state, frame.over, [frame.rolls.get(role) for role in ROLES]


def _band(frame: Frame, width: int) -> object:
    s = frame.snapshot
    if s is None:
        return None
    rows = [
        (
            r.on,
            r.muted,
            r.solo,
            r.audible,
            r.source,
            round(r.level * 8),
            r.volume,
            r.octave,
            r.port,
            r.label,
            f"{r.runway_bars:.1f}",
        )
        for r in s.roles
    ]
    return rows, s.output, frame.roll_role, frame.stopped


def _sources(frame: Frame, width: int) -> object:
    s = frame.snapshot
    return (s.sources, s.seed) if s else None


def _hits(frame: Frame, width: int) -> object:
    s = frame.snapshot
    own = [v for v in s.sources if v.letter == "L"] if s else None
    return (own, s.hits, s.library, frame.roll_role, frame.keys) if s else None


def _turned(s: Snapshot) -> object:
    return s.temperature, s.energy, s.density, s.surprise, s.grid, s.latch


def _status(frame: Frame, width: int) -> object:
    s = frame.snapshot
    own = (frame.quitting, frame.soon, frame.link, frame.link_detail, frame.failure, frame.pads is None)
    return own, ((s.notices, s.pending, s.inputs, s.output, s.demo, s.synth, _turned(s)) if s else None)


def _event(frame: Frame, width: int) -> object:
    s = frame.snapshot
    taken = status_taken(frame)
    return frame.events, _turned(s) if s and taken else None


def _events(frame: Frame, width: int) -> object:
    return frame.events


def _footer(frame: Frame, width: int) -> object:
    return frame.drawer, frame.keys


def _drawer(frame: Frame, width: int) -> object:
    s = frame.snapshot
    lists = (s.styles, s.style, s.ports_in, s.inputs, s.ports_out, s.output, s.synth) if s else None
    ports = [(r.port, r.program) for r in s.roles] if s else None
    own: object = None
    if frame.drawer is Drawer.LIBRARY:
        own = frame.library, s.library if s else None
    elif frame.drawer is Drawer.LLM:
        own = frame.exchange, s.sources if s else None
    elif frame.drawer is Drawer.MODELS:
        own = frame.models
    elif frame.drawer is Drawer.HITS:
        own = _hits(frame, width)
    return frame.drawer, frame.cursor, frame.unfolded, frame.scroll, lists, ports, frame.pads is None, own


PANELS: Mapping[str, Panel] = {
    "header": Panel(paint_header, _header),
    "beat": Panel(paint_beat, _beat),
    "chord": Panel(paint_chord, _chord),
    "next": Panel(paint_next, _next),
    "timing": Panel(paint_timing, _timing),
    "roll": Panel(paint_roll, _roll),
    "lanes": Panel(paint_lanes, _roll),
    "band": Panel(paint_band, _band),
    "sources": Panel(paint_sources, _sources),
    "hits": Panel(paint_hits, _hits),
    "generator": Panel(paint_generator, _sources),
    "status": Panel(paint_status, _status),
    "event": Panel(paint_event, _event),
    "log": Panel(paint_log, _events),
    "footer": Panel(paint_footer, _footer),
    "drawer": Panel(paint_drawer, _drawer),
    "tiny": Panel(paint_tiny, lambda frame, width: frame.quitting),
}
"""Every panel that a layout may name."""
