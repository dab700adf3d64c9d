"""The top of the screen: style, tempo, clock, bar, meter, time, recording; below it the beat."""

from pathlib import PurePath

from jamtui.console.frame import Frame
from jamtui.console.layout import WIDE
from jamtui.console.line import Line, Row
from jamtui.session.snapshot import Snapshot

_STATES = {"stopped": "STOPPED", "count-in": "COUNT-IN", "ending": "ENDING", "playing": ""}


def elapsed(seconds: float) -> str:
    """Hours, minutes and seconds, always of the same width."""
    whole = max(0, int(seconds))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def clock_words(snapshot: Snapshot) -> tuple[str, bool]:
    """Where the tempo comes from, in words, and whether all is well with it."""
    if snapshot.clock != "midi":
        if not snapshot.clock_locked:
            return "MIDI ○ waiting", False
        return ("tapped" if snapshot.clock == "tap" else "own clock"), True
    return ("MIDI ● locked", True) if snapshot.clock_locked else ("MIDI ○ free-running", False)


def recording(snapshot: Snapshot) -> bool:
    """The journal is being written."""
    return PurePath(snapshot.recording).is_absolute()


def paint_header(frame: Frame, width: int, height: int) -> list[Row]:
    """One row."""
    inks = frame.inks
    line = Line(width, inks.blank).add(" ")
    snap = frame.snapshot
    if snap is None:
        line.add("jamtui ", inks.strong).add(frame.version, inks.dim)
        return [line.row()]
    wide = width >= WIDE
    if wide:
        line.add("jamtui", inks.dim).add("  ")
    line.add(snap.style_title or snap.style, inks.strong)
    if snap.chart and wide:
        line.add(" · ", inks.faint).cell(snap.chart, min(28, len(snap.chart)), inks.text)
    line.add("  ♩=", inks.dim).add(f"{snap.bpm:5.1f}", inks.strong).add(" ")
    words, well = clock_words(snap)
    line.add(words, inks.dim if well else inks.strong)
    state = "FROZEN" if snap.frozen and snap.state == "playing" else _STATES.get(snap.state, snap.state)
    if state:
        line.add("  ").add(f" {state} ", inks.key)
    if snap.click:
        line.add("  click" if wide else " ♪", inks.text)
    if wide:
        line.add("  grid ", inks.dim).add(snap.grid, inks.text)
        line.add("  temp ", inks.dim).add(f"{snap.temperature:.2f}", inks.text)
        line.add("  energy ", inks.dim).add(f"{snap.energy:.2f}", inks.text)
    right = [
        ("  bar ", inks.dim),
        (f"{frame.bar:4d}", inks.strong),
        (f"  {snap.meter:>3}  ", inks.text),
        (elapsed(snap.elapsed_s), inks.text),
    ]
    right.append(("  REC ", inks.strong) if recording(snap) else ("  --- ", inks.faint))
    size = sum(len(text) for text, _ in right)
    if size > line.left:
        right = right[:3] + right[4:]
    # A wide terminal has it above the sources.
    seed = f"  seed {snap.seed}"
    if not wide and size + len(seed) <= line.left:
        right.insert(0, (seed, inks.dim))
    return [line.end(*right)]


def paint_beat(frame: Frame, width: int, height: int) -> list[Row]:
    """The bar as a row of blocks, one a felt beat; the lit one tells the beat, beat 1 is brighter. While
    nothing plays it says so, across the screen."""
    inks = frame.inks
    if frame.stopped:
        words = ["■  ENDED" if frame.over else "■  STOPPED", *[""] * (height - 1)]
        return [Line(width, inks.blank).add(text.center(width), inks.key).row() for text in words]
    beats = frame.meter.beats
    now = frame.beat
    rows: list[Row] = []
    for lettered in (True, *[False] * (height - 1)):
        line = Line(width, inks.blank)
        for beat in range(1, beats + 1):
            size = width * beat // beats - line.used - 2
            if beat == now:
                text = f"◆ {beat} ◆" if beat == 1 else f"● {beat}"
                ink = inks.one if beat == 1 else inks.beat
            else:
                text, ink = ("◇" if beat == 1 else "·"), inks.faint
            line.add(" ").add((text if lettered else "").center(size), ink).add(" ")
        rows.append(line.row())
    return rows
