"""The chord now, as large as fits, and what comes next."""

import textwrap
from functools import lru_cache
from math import ceil

from jamtui.console.frame import Frame
from jamtui.console.glyphs import big_chord
from jamtui.console.line import Line, Row, bar, fill, quiet, rule
from jamtui.music.chord import parse_chord, tone_name
from jamtui.music.pitch import note_name
from jamtui.session.snapshot import NextChord, Snapshot

NOTHING = ("", "N.C.")
"""Symbols that mean that no chord is held."""


def _invitation(frame: Frame, snap: Snapshot) -> tuple[str, ...]:
    """What to press or plug in to get a chord."""
    if snap.demo:
        begins = "the count-in runs" if snap.state == "count-in" else "press space to start"
        return ("the built-in player plays", begins if snap.state in ("stopped", "count-in") else "listen")
    if snap.inputs:
        return ("play a chord", f"on {', '.join(snap.inputs)}")
    if frame.pads is not None:
        return ("play the pads  z x c v b n m", "or plug in a MIDI keyboard")
    return ("plug in a MIDI keyboard", "or press d to choose one")


def _alternatives(frame: Frame, line: Line, snap: Snapshot) -> None:
    inks = frame.inks
    others = [a for a in snap.chord.alternatives if a[0] != snap.chord.symbol]
    for symbol, score in others[:3]:
        text = f"{symbol} {score:.2f}".replace(" 0.", " .")
        if len(text) + 3 > line.left:
            return
        line.add("  ").add(symbol, inks.text).add(text[len(symbol) :], inks.faint)


def _ranked(frame: Frame, width: int, snap: Snapshot) -> list[Row]:
    """The best three readings of the chord, a row each, with their scores as bars."""
    inks = frame.inks
    rows = []
    for symbol, score in snap.chord.alternatives[:3]:
        chosen = symbol == snap.chord.symbol
        line = Line(width, inks.blank).add(" ").cell(symbol, 12, inks.text if chosen else inks.dim)
        full, empty = bar(score, 16)
        line.add(full, inks.text if chosen else inks.dim).add(empty, inks.rule)
        rows.append(line.add(f" {score:.2f}".replace(" 0.", "  ."), inks.dim).row())
    return rows


def _held(frame: Frame, line: Line, snap: Snapshot) -> None:
    names = _note_names(snap.chord.symbol, tuple(snap.chord.notes))
    frame_ink = frame.inks.text if snap.chord.held else frame.inks.dim
    line.add(" ").add(names, frame_ink)


@lru_cache(maxsize=64)
def _note_names(symbol: str, notes: tuple[int, ...]) -> str:
    """The keys with their octaves, chord tones spelled as the chord spells them."""
    chord = parse_chord(symbol) if symbol not in NOTHING else None
    names = []
    for note in notes:
        name = note_name(note, flats="#" not in symbol[:2])
        if chord is not None and note % 12 in chord.pitch_classes:
            name = f"{tone_name(chord, note % 12)}{note // 12 - 1}"
        names.append(name)
    return " ".join(names)


def _pads(frame: Frame, width: int, *, shifted: bool) -> Row:
    inks = frame.inks
    line = Line(width, inks.blank).add(" ")
    pads = frame.pads
    if pads is not None:
        row = pads.shifted if shifted else pads.pads
        airy = sum(len(symbol) + 4 for _, symbol in row) <= width
        for key, symbol in row:
            ink = inks.selected if key == pads.active else inks.text
            if len(symbol) + 3 > line.left:
                break
            line.add(key, inks.key).add(" " if airy else "").add(symbol, ink).add("  " if airy else " ")
    return line.row()


def _state(snap: Snapshot | None) -> str:
    """How the chord is known, whether it is latched, and how hard the player plays, to a tenth."""
    if snap is None:
        return ""
    words = [f"your energy {snap.player_energy:.1f}", "latch on" if snap.latch else "latch off"]
    if snap.chord.symbol not in NOTHING:
        held = "held" if snap.chord.held else "latched" if snap.latch else "let go"
        words.append("hearing" if snap.chord.provisional else held)
    return "  ".join(words)


def _letters(frame: Frame, snap: Snapshot, width: int, height: int) -> list[Row]:
    """The settled chord in letters; beside it, small and dim, what is heard and has not settled."""
    inks = frame.inks
    ink = inks.dim if snap.chord.provisional else inks.strong
    art = big_chord(snap.chord.symbol, width - 2, height)
    above = (height - len(art)) // 2
    lines = [Line(width, inks.blank).add(" ").add(text, ink) for text in art]
    heard = ((f" … {snap.chord.heard} ", inks.dim),) if snap.chord.heard else ()
    rows = [line.end(*heard) if index == 0 else line.row() for index, line in enumerate(lines)]
    return [*fill([], width, above, inks.blank), *fill(rows, width, height - above, inks.blank)]


def paint_chord(frame: Frame, width: int, height: int) -> list[Row]:
    """Small (6 rows): letters and one line. Larger: title, letters, notes, alternatives, pads."""
    inks = frame.inks
    snap = frame.snapshot
    titled = height > 6
    rows: list[Row] = []
    if titled:
        rows.append(rule("chord", width, inks.rule, inks.title, _state(snap)))
    big_h = 10 if height >= 13 else 5
    if snap is None:
        words: tuple[str, ...] = (frame.link_detail or "starting the band…",)
        if frame.failure:
            why = textwrap.wrap(frame.failure, width - 2)[: big_h - 2]
            words = ("the band cannot start", *why, "q q leaves")
        rows += _message(frame, width, big_h, words)
        return fill(rows, width, height, inks.blank)
    if snap.chord.symbol in NOTHING:
        rows += _message(frame, width, big_h, _invitation(frame, snap))
    else:
        rows += _letters(frame, snap, width, big_h)
    notes = Line(width, inks.blank)
    _held(frame, notes, snap)
    pads: list[Row] = []
    if frame.pads is not None or not titled:
        notes.add(" ")
        _alternatives(frame, notes, snap)
    if frame.pads is not None and titled:
        pads = [_pads(frame, width, shifted=False), _pads(frame, width, shifted=True)]
    elif frame.pads is not None and not snap.inputs:
        pads = [_pads(frame, width, shifted=False)]
    if titled or not pads:
        rows.append(notes.row())
    if titled and not pads:
        rows += _ranked(frame, width, snap)
    if frame.stopped and snap.chord.symbol not in NOTHING and not snap.chord.held:
        # It only waits, and is not to look as if it sounded.
        head = int(titled)
        rows[head:] = quiet(rows[head:], inks.faint)
    return fill([*rows, *pads], width, height, inks.blank)


def _message(frame: Frame, width: int, height: int, words: tuple[str, ...]) -> list[Row]:
    """Sentences in the middle of ``height`` rows; the first is the loudest."""
    inks = frame.inks
    above = max(0, (height - len(words)) // 2)
    rows = fill([], width, above, inks.blank)
    for index, text in enumerate(words):
        line = Line(width, inks.blank).add(" ")
        rows.append(line.cell(text, width - 2, inks.text if index else inks.strong).row())
    return fill(rows, width, height, inks.blank)


def _when(chord: NextChord) -> str:
    beats = max(0, ceil(chord.beats - 0.05))
    return "now" if beats == 0 else f"in {beats} beat" + ("" if beats == 1 else "s")


def _sure(snap: Snapshot) -> str:
    """How likely what comes is, as a gauge; empty where nothing is expected, or not yet."""
    if not snap.next_chords or snap.state == "stopped":
        return ""
    full, empty = bar(snap.sure, 5)
    return f"sure {full}{empty}"


def paint_next(frame: Frame, width: int, height: int) -> list[Row]:
    """The next chord in letters, when it comes, and those after it."""
    inks = frame.inks
    snap = frame.snapshot
    small = width < 45
    sure = _sure(snap) if snap is not None else ""
    rows: list[Row] = [] if height == 6 else [rule("next", width, inks.rule, inks.title, sure)]
    if snap is None:
        return fill(rows, width, height, inks.blank)
    if not snap.next_chords:
        words = ("the band follows you;", "jamtui --chart FILE", "shows what comes")
        if not small:
            words = (
                "the band follows you chord by chord",
                'jamtui --chart "Dm7 | G7 | Cmaj7"',
                "shows what comes, and the band prepares it",
            )
        texts = [
            Line(width, inks.blank).add(" ").cell(text, width - 2, inks.faint if i else inks.dim).row()
            for i, text in enumerate(words)
        ]
        return fill([*rows, *texts], width, height, inks.blank)
    first, *others = snap.next_chords
    others = others[:7]
    big_h = 5 if height >= 8 else 3
    art_w = width - 1 if small else max(36, width // 2 - 2)
    art = big_chord(first.symbol, art_w, big_h)
    letters = [*art, *[""] * (big_h - len(art))]
    for index, text in enumerate(letters):
        line = Line(width, inks.blank).add(" ").add(text, inks.text)
        if not small:
            line.to(art_w + 3)
            for chord in others[index::big_h]:
                line.cell(chord.symbol, 11, inks.strong).add(f"bar {chord.bar:<4d} ", inks.dim)
        rows.append(line.row())
    begins = "at the start  " if snap.state == "stopped" else f"{_when(first):<11}"
    when = Line(width, inks.blank).add(" ").add(begins, inks.strong)
    when.add(f"bar {first.bar}", inks.dim)
    rows.append(when.row() if height != 6 else when.end((f"{sure} ", inks.dim)))
    if small:
        for chord in others[:2]:
            line = Line(width, inks.blank).add(" ").cell(chord.symbol, 11, inks.text)
            rows.append(line.add(f"bar {chord.bar}", inks.dim).row())
    return fill(rows, width, height, inks.blank)
