"""Are we in time: first note or time past the grid, lateness, queue, runway, dead air, on-time share."""

from rich.style import Style

from jamtui.console.frame import Frame
from jamtui.console.line import Line, Row, bar, fill, quiet, rule, sparkline

TTFN_TOPS = (20.0, 100.0, 500.0)
"""Milliseconds at the top of the sparkline of answers: on time, and late."""
LATE_TOPS = (1.0, 10.0, 100.0)
"""Milliseconds at the top of the sparkline of lateness."""
RUNWAY_BARS = 2.0
"""Bars of a full runway."""


def _ms(value: float | None, digits: int, size: int) -> str:
    return "-".rjust(size) if value is None else f"{value:{size}.{digits}f}"


def _scaled(values: tuple[float, ...], cells: int, tops: tuple[float, ...]) -> str:
    """A sparkline on the smallest of a few fixed scales that holds all but the worst twentieth."""
    shown = sorted(values[-cells:])
    high = shown[len(shown) * 19 // 20] if shown else 0.0
    top = next((t for t in tops if high <= t), tops[-1])
    return sparkline(values, cells, top)


def _share(value: float) -> str:
    return f"{value:.4f}"


def paint_timing(frame: Frame, width: int, height: int) -> list[Row]:
    """One row in a small terminal, else a titled panel."""
    rows = [_compact(frame, width)] if height == 1 else _panel(frame, width, height)
    # Of a band that does not play these are memories; a note that hangs is none.
    return quiet(rows, frame.inks.faint, frame.inks.alert) if frame.stopped else rows


def _count(frame: Frame, value: int) -> Style:
    return frame.inks.alert if value else frame.inks.text


def _answers(frame: Frame) -> tuple[str, tuple[float | None, float | None, float | None], tuple[float, ...]]:
    """What is shown of the answers: the time to the first note where they come at once; on a grid, where
    most of that is the wait for the grid point, the time past that point. Name, last/p50/p99, history."""
    g = frame.gauges
    if frame.snapshot is None or frame.snapshot.grid == "free":
        return "first note", (g.ttfn_last, g.ttfn_p50, g.ttfn_p99), g.ttfn_history
    return "past grid", (g.past_grid_last, g.past_grid_p50, g.past_grid_p99), g.past_grid_history


def _compact(frame: Frame, width: int) -> Row:
    inks, gauges = frame.inks, frame.gauges
    line = Line(width, inks.blank).add(" ")
    name, (last, p50, p99), _ = _answers(frame)
    line.add("grid+ " if name == "past grid" else "first ", inks.dim).add(_ms(last, 1, 5), inks.strong)
    line.add(" p50 ", inks.dim).add(_ms(p50, 1, 5), inks.text)
    line.add(" p99 ", inks.dim).add(_ms(p99, 1, 5), inks.text)
    line.add(" late ", inks.dim).add(_ms(gauges.late_p50, 2, 4), inks.strong)
    line.add("/", inks.dim).add(_ms(gauges.late_p99, 2, 4), inks.text)
    if width >= 86:
        line.add(" ").add(_scaled(gauges.late_history, width - 78, LATE_TOPS), inks.text)
    line.add(" run ", inks.dim).add(f"{gauges.runway_bars:.1f}", inks.text)
    if gauges.hung:
        line.add(f" hung {gauges.hung}", inks.alert)
    else:
        line.add(" q", inks.dim).add(f"{gauges.queue_depth:3d}", inks.text)
    line.add(" dead ", inks.dim).add(f"{gauges.dead_air}", _count(frame, gauges.dead_air))
    on_ink = inks.text if gauges.on_time >= 0.99 else inks.alert
    return line.add(" on ", inks.dim).add(_share(gauges.on_time), on_ink).row()


def _measured(
    frame: Frame,
    width: int,
    title: str,
    values: tuple[tuple[str, str], ...],
    spark: tuple[float, ...],
    tops: tuple[float, ...],
) -> Row:
    inks = frame.inks
    line = Line(width, inks.blank).add(" ").add(f"{title:<11}", inks.dim)
    for index, (name, text) in enumerate(values):
        if name:
            line.add(f" {name} ", inks.dim)
        line.add(text, inks.text if index else inks.strong)
    line.add("  ")
    return line.add(_scaled(spark, min(48, line.left - 1), tops), inks.text).row()


def _panel(frame: Frame, width: int, height: int) -> list[Row]:
    inks, gauges = frame.inks, frame.gauges
    note = frame.snapshot.priority.rstrip(".") if frame.snapshot else ""
    rows = [rule("in time (ms)", width, inks.rule, inks.title, note)]
    name, (last, p50, p99), history = _answers(frame)
    first = (("", _ms(last, 1, 6)), ("p50", _ms(p50, 1, 6)), ("p99", _ms(p99, 1, 6)))
    late = (
        ("", _ms(gauges.late_history[-1] if gauges.late_history else None, 2, 6)),
        ("p50", _ms(gauges.late_p50, 2, 6)),
        ("p99", _ms(gauges.late_p99, 2, 6)),
    )
    rows.append(_measured(frame, width, name, first, history, TTFN_TOPS))
    rows.append(_measured(frame, width, "lateness", late, gauges.late_history, LATE_TOPS))
    full, empty = bar(gauges.runway_bars / RUNWAY_BARS, 8 if width < 70 else 12)
    line = Line(width, inks.blank).add(" ").add("runway ", inks.dim)
    line.add(f"{gauges.runway_bars:4.1f}", inks.strong).add(" bars ", inks.dim)
    line.add(full, inks.text).add(empty, inks.faint)
    line.add("  queue", inks.dim).add(f"{gauges.queue_depth:4d}", inks.text)
    tail = Line(width, inks.blank) if height > 5 else line
    if tail is not line:
        rows.append(line.row())
        tail.add(" ").add("dead air", inks.dim)
    else:
        tail.add("  dead", inks.dim)
    tail.add(f"{gauges.dead_air:3d}", _count(frame, gauges.dead_air))
    on_ink = inks.strong if gauges.on_time >= 0.99 else inks.alert
    tail.add("  on time " if tail is not line else "  on ", inks.dim).add(_share(gauges.on_time), on_ink)
    if tail is not line:
        tail.add("  answers on the grid ", inks.dim)
        tail.add(_share(gauges.response) if gauges.response is not None else "-", inks.text)
        tail.add("  hung ", inks.dim).add(f"{gauges.hung}", _count(frame, gauges.hung))
    rows.append(tail.row())
    return fill(rows, width, height, inks.blank)
