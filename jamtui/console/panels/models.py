"""The model drawer: what could play, how large and how fast it is, and which one is recommended."""

from jamtui.console.exchange_screen import wrap
from jamtui.console.frame import Frame
from jamtui.console.line import Line, Row, fill, rule
from jamtui.session.model_page import ModelPage, ModelRow

GIGA = 10**9
_HERE = "this machine"
_TAKEN = "The one you take is loaded while the band plays on; it plays at the next start too."


def paint_models(frame: Frame, width: int, height: int) -> list[Row]:
    """Models host by host; at the foot all that is known of the one that the cursor is on."""
    inks = frame.inks
    page = frame.models.page
    rows = [rule("models", width, inks.rule, inks.strong, "↑ ↓ move   enter take   esc close")]
    if page is None:
        rows += _sentence(frame, "The models are being asked for.", width)
        return fill(rows, width, height, inks.blank)
    foot: list[Row] = []
    if page.rows:
        row = page.rows[min(frame.models.cursor, len(page.rows) - 1)]
        foot = [piece for text in (_known(row), _TAKEN) for piece in _sentence(frame, text, width)]
    body, at = _body(frame, page, width)
    room = max(1, height - len(rows) - len(foot))
    first = max(0, min(at - room // 2, len(body) - room))
    rows = fill([*rows, *body[first : first + room]], width, max(1, height - len(foot)), inks.blank)
    return fill([*rows, *foot], width, height, inks.blank)


def _body(frame: Frame, page: ModelPage, width: int) -> tuple[list[Row], int]:
    """What scrolls, and the place of the cursor in it."""
    inks = frame.inks
    body: list[Row] = []
    at = 0
    hosts = list(dict.fromkeys(row.host for row in page.rows))
    for host in hosts:
        if len(hosts) > 1 or host:
            body.append(Line(width, inks.blank).add(" ").cell(host or _HERE, width - 2, inks.title).row())
        for index, row in enumerate(page.rows):
            if row.host == host:
                here = index == frame.models.cursor
                at = len(body) if here else at
                body.append(_row(frame, row, width, at=here))
    for problem in page.problems:
        body += _sentence(frame, problem, width)
    return body, at


def _row(frame: Frame, row: ModelRow, width: int, *, at: bool) -> Row:
    inks = frame.inks
    line = Line(width, inks.blank).add(" ▶ " if at else "   ", inks.strong)
    accent = inks.accent("O")
    line.add(
        "● " if row.playing else "◌ " if row.chosen else "○ ", accent.sounding if row.playing else inks.dim
    )
    size, speed = f"{row.size / GIGA:5.1f} GB  ", _speed(row)
    best = " recommended" if width >= 58 else " ★"
    line.cell(
        row.name, max(8, line.left - len(size) - 11 - len(best) - 1), inks.selected if at else inks.text
    )
    line.add(size, inks.dim).add(f"{speed:11}", inks.text if row.bars_per_s else inks.dim)
    return line.add(best if row.recommended else "", accent.locked).row()


def _speed(row: ModelRow) -> str:
    if row.bars_per_s:
        return f"{row.bars_per_s:.1f} bars/s"
    return f"{row.tokens_per_s:.0f} tok/s" if row.tokens_per_s else "unmeasured"


def _known(row: ModelRow) -> str:
    """All that is known of a model, in a sentence."""
    state = "plays" if row.playing else "is taken" if row.chosen else "does not play"
    facts = [f"{row.parameters} parameters" if row.parameters else ""]
    facts.append(f"{row.tokens_per_s:.0f} tok/s" if row.tokens_per_s else "")
    if row.bars_per_s:
        facts += [f"{row.accepted:.0%} of its bars kept", f"first bar after {row.first_bar_s:.1f} s"]
    else:
        facts.append("not measured: `jamtui llm bench`")
    facts.append(f"loaded in {row.load_s:.1f} s" if row.load_s else "")
    return f"{row.name} {state}; {', '.join(fact for fact in facts if fact)}."


def _sentence(frame: Frame, text: str, width: int) -> list[Row]:
    inks = frame.inks
    return [
        Line(width, inks.blank).add("  ").add(piece, inks.dim).row()
        for piece in wrap(text, max(1, width - 4))
    ]
