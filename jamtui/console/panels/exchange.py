"""The LLM drawer: what the language model was last asked and what it said, word for word."""

from collections.abc import Mapping

from jamtui.console.exchange_screen import HEAD, MARGIN, Part, exchange_lines, last_scroll, wrap
from jamtui.console.frame import Frame
from jamtui.console.line import Line, Row, fill, rule
from jamtui.session.exchange import Exchange

_ENDINGS: Mapping[str, str] = {
    "stop": "complete",
    "length": "cut off: it went on for longer than the bars need",
    "cancelled": "cancelled: its bars were no longer wanted, or could not be in time",
    "nonsense": "given up: what came was not music",
}
"""What the outcome of an exchange is called; any other is a sentence already."""
_KEYS = "enter models   esc close"
_NEVER = "The LLM has not been asked for anything yet."
_WAITING = "It is asked once chords are expected: play a progression twice, or start the band with a chart."
_NOT_THERE = "This band has no LLM: `on = true` under [llm] in the configuration, then start it again."


def _count(bars: int, what: str) -> str:
    return f"{bars} bar{'' if bars == 1 else 's'} {what}"


def _nothing(frame: Frame, width: int) -> list[Row]:
    """No exchange yet: why, and what to do."""
    inks = frame.inks
    snap = frame.snapshot
    view = next((s for s in snap.sources if s.letter == "O"), None) if snap is not None else None
    sentences = [(_NEVER, inks.text)]
    if view is None:
        sentences.append((_NOT_THERE, inks.dim))
    else:
        sentences.append((f"{view.name}: {view.state}. {view.detail}", inks.dim))
        if view.state == "ready":
            sentences.append((_WAITING, inks.dim))
    return [
        Line(width, inks.blank).add("  ").add(piece, ink).row()
        for text, ink in sentences
        for piece in wrap(text, max(1, width - 2 * MARGIN))
    ]


def _state(frame: Frame, width: int) -> list[Row]:
    """How the LLM is now and what follows, on two rows."""
    inks = frame.inks
    view = next((s for s in frame.snapshot.sources if s.letter == "O"), None) if frame.snapshot else None
    said = _NOT_THERE if view is None else f"{view.state}. {view.detail}"
    room = max(1, width - 2 * MARGIN)
    first, *rest = wrap(said, room)
    last = "".join(rest)
    ink = inks.dim if view is not None and view.state == "ready" else inks.text
    return [Line(width, inks.blank).add("  ").cell(text, room, ink).row() for text in (first, last)]


def _head(frame: Frame, exchange: Exchange, width: int) -> list[Row]:
    inks = frame.inks
    who = Line(width, inks.blank).add(" ").add(" O ", inks.accent("O").chip).add(" ")
    who.add(exchange.model, inks.strong).add("  ").cell(exchange.host, max(0, who.left - 10), inks.dim)
    came = Line(width, inks.blank).add("  ")
    came.add(_count(exchange.bars, "accepted"), inks.text if exchange.bars else inks.alert)
    came.add(", ", inks.dim).add(
        _count(exchange.refused, "refused"), inks.alert if exchange.refused else inks.dim
    )
    if exchange.seconds:
        came.add(f"   took {exchange.seconds:.1f} s", inks.dim)
    ended = Line(width, inks.blank).add("  ")
    ended.cell(_ENDINGS.get(exchange.outcome, exchange.outcome), max(0, width - 3), inks.text)
    return [
        *_state(frame, width),
        who.end((f"{frame.exchange.time_of_day} ", inks.faint)),
        came.row(),
        ended.row(),
    ]


def paint_exchange(frame: Frame, width: int, height: int) -> list[Row]:
    """The newest exchange: who was asked, what came of it, and below, scrolling, both texts and the mask."""
    inks = frame.inks
    exchange = frame.exchange.exchange
    if exchange is None:
        rows = [
            rule("LLM", width, inks.rule, inks.strong, _KEYS),
            *_nothing(frame, width),
        ]
        return fill(rows, width, height, inks.blank)
    lines = exchange_lines(exchange, max(1, width - MARGIN))
    last = last_scroll(exchange, width, height)
    first = min(frame.exchange.scroll, last)
    shown = lines[first : first + max(1, height - HEAD)]
    place = f"↑ ↓ {first + len(shown)}/{len(lines)}   " if last else ""
    rows = [
        rule("LLM", width, inks.rule, inks.strong, place + _KEYS),
        *_head(frame, exchange, width),
    ]
    styles = {Part.TITLE: inks.title, Part.TEXT: inks.text, Part.MORE: inks.text, Part.NOTE: inks.dim}
    for part, text in shown:
        line = Line(width, inks.blank).add({Part.TITLE: " ", Part.MORE: "· "}.get(part, "  "), inks.faint)
        rows.append(line.add(text, styles[part]).row())
    return fill(rows, width, height, inks.blank)
