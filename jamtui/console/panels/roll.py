"""The piano roll: what sounded, what sounds, what is planned; and one lane for each other player.

Time runs from left to right under a fixed now-line. Rows are built as one byte a cell, so that equal rows
of successive frames are found again instead of painted again.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from rich.style import Style

from jamtui.console.frame import ROLES, Frame
from jamtui.console.inks import Inks, inks_of
from jamtui.console.line import Line, Row, fill, runs
from jamtui.music.meter import PPQ
from jamtui.music.pitch import note_name
from jamtui.session.snapshot import RollNote

GUTTER = 9
"""Cells of the labels on the left."""

_SOURCES = "RLMOY"
_NOW_WORD = "now"
_BLANK, _BAR, _NOW = 0, 1, 2
_PAST, _SOUNDING, _LOCKED, _PLANNED = range(4)
_SHAPES = {_PAST: "▂", _SOUNDING: "█", _LOCKED: "▆", _PLANNED: "▒"}
_LEVELS = "▁▂▃▄▅▆▇█"
_FIRST_NOTE = 3
_FIRST_LETTER = _FIRST_NOTE + len(_SOURCES) * 4
_FIRST_LANE = _FIRST_LETTER + len(_SOURCES) * 2
_LANE_SHAPES = _LEVELS + "●◆×"
_KICK, _SNARE, _OTHER = 8, 9, 10
_REGISTERS = {"lead": (60, 84), "bass": (28, 52), "comp": (48, 72), "drums": (35, 53)}
"""Pitches that the roll of a role always shows; it grows by half octaves with what is played."""
_KICKS = frozenset({35, 36})
_SNARES = frozenset({37, 38, 39, 40})
_DRUM_NAMES = {
    35: "kick", 36: "kick", 37: "rim", 38: "snare", 39: "clap", 40: "snare", 42: "hat", 44: "pedal",
    46: "open", 49: "crash", 51: "ride", 53: "bell", 54: "tamb", 56: "cowb", 70: "shak", 75: "clave",
}  # fmt: skip


def _state_styles(inks: Inks, letter: str) -> tuple[Style, Style, Style, Style]:
    accent = inks.accent(letter)
    return accent.past, accent.sounding, accent.locked, accent.planned


@lru_cache(maxsize=3)
def _table(theme: str) -> tuple[tuple[str, Style], ...]:
    """Character and style of every code of a cell."""
    inks = inks_of(theme)
    table: list[tuple[str, Style]] = [(" ", inks.blank), ("┊", inks.rule), ("┃", inks.now)]
    for letter in _SOURCES:
        styles = _state_styles(inks, letter)
        table += [(_SHAPES[state], styles[state]) for state in range(4)]
    for letter in _SOURCES:
        accent = inks.accent(letter)
        table += [("─", accent.past), (letter, accent.sounding)]
    for letter in _SOURCES:
        styles = _state_styles(inks, letter)
        table += [(shape, styles[state]) for state in range(4) for shape in _LANE_SHAPES]
    return tuple(table)


@lru_cache(maxsize=512)
def _row(label: str, codes: bytes, theme: str) -> Row:
    inks = inks_of(theme)
    head = Line(GUTTER, inks.blank)
    if len(label) == GUTTER - 1 and label[-1] in _SOURCES:
        head.add(label[:-1], inks.dim).add(label[-1], inks.accent(label[-1]).sounding)
    else:
        head.add(label, inks.dim)
    return (*head.row(), *runs(codes, _table(theme)))


def roll_cell(width: int) -> int:
    """Ticks of one cell in a roll of ``width`` cells."""
    return PPQ // (6 if width < 100 else 8 if width < 160 else 12)


class Window:
    """Which ticks the columns of a roll show. ``columns`` cells, the now-line two bars from the right."""

    __slots__ = ("bars", "cell", "columns", "first", "now", "tick")

    def __init__(self, frame: Frame, width: int) -> None:
        self.columns = max(1, width - GUTTER)
        self.cell = roll_cell(width)
        bar_ticks = frame.meter.bar_ticks
        ahead = min(2 * bar_ticks // self.cell, self.columns * 2 // 3)
        self.now = self.columns - ahead
        self.tick = frame.tick
        self.first = int(frame.tick // self.cell) - self.now
        start = self.first * self.cell
        number = (start - frame.bar_tick) // bar_ticks
        self.bars: list[tuple[int, int]] = []
        """Column and bar number of each bar line in sight."""
        while True:
            column = (frame.bar_tick + number * bar_ticks) // self.cell - self.first
            if column >= self.columns:
                break
            if column >= 0:
                self.bars.append((column, frame.bar + number))
            number += 1

    def empty(self) -> bytearray:
        """A row with nothing but bar lines and now."""
        cells = bytearray(self.columns)
        for column, _ in self.bars:
            cells[column] = _BAR
        if self.now < self.columns:
            cells[self.now] = _NOW
        return cells

    def span(self, note: RollNote) -> tuple[int, int]:
        """First column and the one after the last; a long note leaves a gap before the next."""
        start = note.tick // self.cell - self.first
        end = (note.tick + note.duration) // self.cell - self.first
        if end - start >= 3:
            end -= 1
        return max(0, start), min(self.columns, max(start + 1, end))

    def state(self, note: RollNote) -> int:
        """What a note is at this moment."""
        if note.tick > self.tick:
            return _LOCKED if note.state == "l" else _PLANNED
        return _SOUNDING if note.tick + note.duration > self.tick else _PAST


def _source(letter: str) -> int:
    index = _SOURCES.find(letter)
    return index if index >= 0 else len(_SOURCES) - 1


def _pitch_rows(role: str, notes: Sequence[RollNote], rows: int) -> Mapping[int, int]:
    """Row of each pitch, row 0 at the top."""
    if role == "drums":
        kit = sorted({n.pitch for n in notes})
        height = max(1, len(kit))
        step = max(1, min(2, rows // height))
        return {p: max(0, rows - 1 - (i * step if step * height <= rows else i * rows // height))
                for i, p in enumerate(kit)}  # fmt: skip
    low, high = _REGISTERS.get(role, (48, 84))
    for note in notes:
        while note.pitch < low:
            low -= 6
        while note.pitch >= high:
            high += 6
    span = max(high - low, rows)
    low -= (span - (high - low)) // 2
    return {pitch: rows - 1 - (pitch - low) * rows // span for pitch in range(low, low + span)}


def _labels(role: str, places: Mapping[int, int], rows: int) -> list[str]:
    labels = [""] * rows
    if role == "drums":
        for pitch, row in places.items():
            labels[row] = _DRUM_NAMES.get(pitch, str(pitch))
        return labels
    for pitch, row in sorted(places.items(), reverse=True):
        if pitch % 12 == 0:
            labels[row] = f" {note_name(pitch)}"
    return labels


def _ribbon(window: Window, notes: Iterable[RollNote]) -> bytearray:
    """The line under the roll: the letter of the source where a phrase or a bar begins."""
    cells = bytearray(window.columns)
    starts = sorted((window.span(n)[0], _source(n.source)) for n in notes)
    bars = [column for column, _ in window.bars]
    last = -1
    lettered = -2
    for index, (column, source) in enumerate(starts):
        until = starts[index + 1][0] if index + 1 < len(starts) else min(window.columns, column + 2)
        code = _FIRST_LETTER + source * 2
        cells[column:until] = bytes([code]) * (until - column)
        new_bar = any(lettered < b <= column for b in bars)
        if source != last or new_bar:
            if column < window.columns:
                cells[column] = code + 1
            lettered = column
            last = source
    return cells


def _top(frame: Frame, window: Window, role: str, width: int) -> Row:
    """The title with bar numbers over their bar lines and the mark of now."""
    inks = frame.inks
    title = f"─ {role} "
    cells: list[tuple[str, Style]] = [("─", inks.rule)] * width
    cells[: len(title)] = [(c, inks.strong if c.isalpha() else inks.rule) for c in title]
    now = GUTTER + window.now - 1
    for column, number in window.bars:
        if number < 1 and not frame.rolling:
            continue
        text = str(number) if number > 0 else "in"
        at = GUTTER + column
        # Half a number is another number: where now stands there is none.
        covered = at < now + len(_NOW_WORD) and now < at + len(text)
        if at > len(title) and at + len(text) < width and not covered:
            cells[at : at + len(text)] = [(c, inks.title) for c in text]
    for offset, char in enumerate(_NOW_WORD):
        if 0 < now + offset < width:
            cells[now + offset] = (char, inks.now)
    line = Line(width, inks.rule)
    text, style = "", cells[0][1]
    for char, ink in cells:
        if ink is not style:
            line.add(text, style)
            text, style = "", ink
        text += char
    return line.add(text, style).row()


def _visible(frame: Frame, role: str, window: Window) -> list[RollNote]:
    roll = frame.rolls.get(role)
    if roll is None:
        return []
    start = window.first * window.cell
    end = start + window.columns * window.cell
    return [n for n in roll.notes if n.tick < end and n.tick + n.duration > start and n.tick >= start]


def _hints(frame: Frame, role: str) -> tuple[tuple[str, str], ...]:
    """Keys and what they do, for a roll that is empty."""
    snap = frame.snapshot
    if snap is None:
        return ()
    if frame.over:
        return (("", "the band has ended"),)
    if snap.state == "stopped":
        return (
            (_key(frame, "start_stop"), "the band counts in and plays"),
            (_key(frame, "style_next"), f"another style than {snap.style_title}"),
            (f"{_key(frame, 'tempo_down')} {_key(frame, 'tempo_up')} {_key(frame, 'tap')}", "tempo, tap it"),
            (_key(frame, "devices"), "keyboard and outputs"),
        )
    view = frame.role(role)
    if view is not None and (view.muted or not view.on):
        return ((_key(frame, f"mute_{role}"), f"{role} is out: let it play"),)
    soloed = [r.role for r in snap.roles if r.solo]
    if view is not None and not view.audible and soloed:
        keys = " ".join(_key(frame, f"solo_{name}") for name in soloed)
        return ((keys, f"{role} waits while {' and '.join(soloed)} {_IS[len(soloed) > 1]} solo"),)
    if snap.demo:
        begins = "the built-in player counts in" if snap.state == "count-in" else "listen"
        return (("", f"{begins}: what the band plans shows here"),)
    return (("", "play a chord: what the band plans shows here"),)


_IS = ("is", "are")


def _key(frame: Frame, action: str) -> str:
    return next((h.key for h in frame.keys if h.action == action), "")


def _with_hints(frame: Frame, role: str, rows: list[Row], width: int) -> None:
    """Write the hints over the middle of an empty roll."""
    inks = frame.inks
    room = len(rows) - 2
    hints = _hints(frame, role)[:room]
    column = max(GUTTER, width // 2 - 16)
    first = 1 + (room - len(hints)) // 2
    for index, (key, text) in enumerate(hints):
        line = Line(width, inks.blank).to(column).add(f"{key:>6}  ", inks.strong)
        rows[first + index] = line.add(text, inks.dim if index else inks.text).row()


def paint_roll(frame: Frame, width: int, height: int) -> list[Row]:
    """The large roll: a title with bar numbers, the pitches, the ribbon of sources."""
    role = frame.roll_role
    inks = frame.inks
    window = Window(frame, width)
    notes = _visible(frame, role, window)
    rows = height - 2
    if rows < 1:
        return fill([_top(frame, window, role, width)], width, height, inks.blank)
    places = _pitch_rows(role, notes, rows)
    labels = _labels(role, places, rows)
    grid = [window.empty() for _ in range(rows)]
    for note in notes:
        start, end = window.span(note)
        code = _FIRST_NOTE + _source(note.source) * 4 + window.state(note)
        cells = grid[places[note.pitch]]
        cells[start:end] = bytes([code]) * (end - start)
    theme = inks.theme
    out = [_top(frame, window, role, width)]
    out += [_row(label, bytes(cells), theme) for label, cells in zip(labels, grid, strict=True)]
    out.append(_row("", bytes(_ribbon(window, notes)), theme))
    if not notes:
        _with_hints(frame, role, out, width)
    return fill(out, width, height, inks.blank)


def paint_lanes(frame: Frame, width: int, height: int) -> list[Row]:
    """The other players, a lane each: block height is pitch; drums show kick, snare and the rest."""
    others = [r for r in ROLES if r != frame.roll_role]
    window = Window(frame, width)
    tall = max(1, height // max(1, len(others)))
    theme = frame.inks.theme
    rows: list[Row] = []
    for role in others:
        view = frame.role(role)
        label = f" {role:<6}{view.source if view else ''}"
        for cells in _lane(role, window, _visible(frame, role, window), tall):
            rows.append(_row(label, bytes(cells), theme))
            label = ""
    return fill(rows, width, height, frame.inks.blank)


def _lane(role: str, window: Window, notes: Sequence[RollNote], tall: int) -> list[bytearray]:
    """The rows of a lane, the top first; a note is a block that stands on the bottom row."""
    lane = [window.empty() for _ in range(tall)]
    cells = lane[-1]
    shapes = len(_LANE_SHAPES)
    if role == "drums":
        for rank in (_OTHER, _SNARE, _KICK):
            for note in notes:
                kind = _KICK if note.pitch in _KICKS else _SNARE if note.pitch in _SNARES else _OTHER
                if kind == rank:
                    start, _ = window.span(note)
                    base = _FIRST_LANE + (_source(note.source) * 4 + window.state(note)) * shapes
                    cells[start] = base + kind
        return lane
    low, high = _REGISTERS.get(role, (48, 84))
    for note in sorted(notes, key=lambda n: n.pitch):
        start, end = window.span(note)
        level = min(8 * tall - 1, max(0, (note.pitch - low) * 8 * tall // (high - low)))
        base = _FIRST_LANE + (_source(note.source) * 4 + window.state(note)) * shapes
        for index, cells in enumerate(reversed(lane)):
            if level >= index * 8:
                cells[start:end] = bytes([base + min(7, level - index * 8)]) * (end - start)
    return lane
