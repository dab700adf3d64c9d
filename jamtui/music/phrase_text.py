"""The text notation for phrases: read and written without loss.

A phrase is written straight (swing is in the feel) and at concert pitch, one token a note, bars
divided by ``|``::

    r:8 D5:8 F5:8 A5:8 C6:8> B5:8< A5:8 F5:8 | E5:4. -:8 r:2

``PITCH:DURATION`` is a note, ``[E3 A3 D4]:4.`` a stack struck together, ``r:4`` a rest, and ``-:8``
prolongs what sounds before it, across a bar line too. Durations are the note values 1, 2, 4, 8, 16
and 32, dotted (``4.``) or as triplets (``8t``, three in the time of two). A token may end in ``>``
(accent) or ``<`` (soft, a ghost note). Every bar has to add up exactly.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from jamtui.errors import MusicError
from jamtui.music.chart import Chart, parse_chart
from jamtui.music.meter import COMMON_TIME, PPQ, Meter
from jamtui.music.phrase import ChordSpan, Note, Phrase, Role
from jamtui.music.pitch import note_name, parse_note

VELOCITY_PLAIN = 80
VELOCITY_ACCENT = 104
VELOCITY_SOFT = 48

_MARKS = {"": VELOCITY_PLAIN, ">": VELOCITY_ACCENT, "<": VELOCITY_SOFT}
_MARK_OF = {velocity: mark for mark, velocity in _MARKS.items()}


def _durations() -> dict[str, int]:
    table: dict[str, int] = {}
    for value in (1, 2, 4, 8, 16, 32):
        ticks = 4 * PPQ // value
        table[str(value)] = ticks
        table[f"{value}t"] = ticks * 2 // 3
        if value < 32:
            table[f"{value}."] = ticks * 3 // 2
    return table


DURATIONS: dict[str, int] = _durations()
"""Ticks of every duration the notation knows. All are multiples of 40 ticks."""

_TOKEN = re.compile(r"(\[[^\]]*\]|[^\s|:\[\]]+):([^\s|<>]+)([<>]?)|\||\S+")
_CELL = 40


def parse_notes(text: str, meter: Meter = COMMON_TIME, name: str = "phrase") -> tuple[tuple[Note, ...], int]:
    """Read notation; returns the notes (onsets in ticks from the first bar line) and the number of bars.

    ``name`` is what errors call the phrase. Raises MusicError naming phrase, bar and token.
    """
    notes: list[Note] = []
    last: list[int] = []
    """Places in ``notes`` of what sounds now, empty during a rest."""
    bars_text = text.strip().strip("|").split("|")
    for number, bar_text in enumerate(bars_text, start=1):
        where = f"{name!r}, bar {number}"
        tick = start = (number - 1) * meter.bar_ticks
        for match in _TOKEN.finditer(bar_text):
            token = match.group(0)
            body, duration_text, mark = match.groups()
            if body is None:
                raise MusicError(
                    f"{where}: {token!r} is not a note; write PITCH:DURATION, such as Eb5:8 or r:4."
                )
            duration = DURATIONS.get(duration_text)
            if duration is None:
                raise MusicError(
                    f"{where}: {token!r} has no duration {duration_text!r}; "
                    f"use one of {', '.join(DURATIONS)}."
                )
            if body in ("r", "-") and mark:
                raise MusicError(f"{where}: {token!r} cannot have {mark!r}; only notes are loud or soft.")
            if body == "r":
                last = []
            elif body == "-":
                if not last:
                    raise MusicError(f"{where}: {token!r} has no note before it to prolong; write a rest, r.")
                for place in last:
                    held = notes[place]
                    notes[place] = Note(held.onset, held.pitch, held.duration + duration, held.velocity)
            else:
                pitches = _pitches(body, token, where)
                last = list(range(len(notes), len(notes) + len(pitches)))
                notes.extend(Note(tick, pitch, duration, _MARKS[mark]) for pitch in pitches)
            tick += duration
        if tick - start != meter.bar_ticks:
            raise MusicError(
                f"{where} lasts {(tick - start) / PPQ:g} quarter notes instead of "
                f"{meter.bar_ticks / PPQ:g} ({meter.name}): {bar_text.strip()!r}; correct its durations."
            )
    return tuple(notes), len(bars_text)


def print_notes(notes: Iterable[Note], bars: int, meter: Meter = COMMON_TIME, name: str = "phrase") -> str:
    """Write notes in the notation; ``parse_notes`` reads the same notes back (in order of onset, then pitch).

    Raises MusicError for what the notation cannot say: other velocities than its three, residuals,
    notes that overlap without being one stack, or lengths that no note values add up to.
    """
    length = bars * meter.bar_ticks
    tokens: list[list[str]] = [[] for _ in range(bars)]
    end = 0
    for stack in _stacks(notes, name):
        first = stack[0]
        if first.onset < end or first.onset + first.duration > length:
            raise MusicError(
                f"{name!r}: the note at tick {first.onset} overlaps or leaves its bars; shorten it."
            )
        _place(tokens, "r", "", end, first.onset, meter, name)
        names = [note_name(note.pitch) for note in stack]
        body = names[0] if len(stack) == 1 else f"[{' '.join(names)}]"
        end = first.onset + first.duration
        _place(tokens, body, _MARK_OF[first.velocity], first.onset, end, meter, name)
    _place(tokens, "r", "", end, length, meter, name)
    return " | ".join(" ".join(bar) for bar in tokens)


def parse_phrase(
    name: str, role: Role, style: str, chords: str, notes: str, meter: Meter = COMMON_TIME
) -> Phrase:
    """A phrase from chart text (``"Dm7 | G7 | Cmaj7 | %"``) and notation, over the same number of bars.

    Raises MusicError when either cannot be read or when they differ in length.
    """
    try:
        chart = parse_chart(chords, meter)
    except MusicError as error:
        raise MusicError(f"{name!r}: {error}") from error
    read, bars = parse_notes(notes, meter, name)
    if chart.length != bars * meter.bar_ticks:
        raise MusicError(
            f"{name!r} has {bars} bars of notes over {chart.length / meter.bar_ticks:g} bars of chords; "
            f"make them equal."
        )
    return Phrase(name, role, style, bars, tuple(chart.spans), read, meter)


def print_phrase(phrase: Phrase) -> tuple[str, str]:
    """Chart text and notation of a phrase, from which ``parse_phrase`` makes it again.

    Raises MusicError for what either cannot say.
    """
    return (
        print_chords(phrase.chords, phrase.bars, phrase.meter, phrase.name),
        print_notes(phrase.notes, phrase.bars, phrase.meter, phrase.name),
    )


def print_chords(
    spans: Sequence[ChordSpan], bars: int, meter: Meter = COMMON_TIME, name: str = "phrase"
) -> str:
    """Chart text of chord spans, every bar written out.

    Raises MusicError when they leave gaps or change where a chart has no place for it.
    """
    chart: list[tuple[ChordSpan, ...]] = []
    for start in range(0, bars * meter.bar_ticks, meter.bar_ticks):
        end = start + meter.bar_ticks
        here: list[ChordSpan] = []
        for span in spans:
            left, right = max(span.start, start), min(span.start + span.length, end)
            if left < right:
                here.append(ChordSpan(left - start, right - left, span.chord))
        if sum(span.length for span in here) != meter.bar_ticks:
            raise MusicError(
                f"{name!r}: its chords leave gaps; let each last until the next (N.C. is silence)."
            )
        chart.append(tuple(here))
    try:
        return Chart(meter, tuple(chart)).text
    except MusicError as error:
        raise MusicError(f"{name!r}: {error}") from error


def merged(spans: Iterable[ChordSpan]) -> tuple[ChordSpan, ...]:
    """Spans in order, with neighbours of the same chord made one."""
    out: list[ChordSpan] = []
    for span in spans:
        if out and out[-1].chord == span.chord and out[-1].start + out[-1].length == span.start:
            out[-1] = ChordSpan(out[-1].start, out[-1].length + span.length, span.chord)
        else:
            out.append(span)
    return tuple(out)


def _pitches(body: str, token: str, where: str) -> list[int]:
    names = body[1:-1].split() if body.startswith("[") else [body]
    if not names:
        raise MusicError(f"{where}: {token!r} is an empty stack; name its notes, such as [E3 A3 D4]:4.")
    try:
        pitches = [parse_note(name) for name in names]
    except MusicError as error:
        raise MusicError(f"{where}: {token!r} names no note (C4 is middle C): {error}") from error
    if sorted(set(pitches)) != pitches:
        raise MusicError(f"{where}: {token!r} has to list different notes from low to high.")
    return pitches


def _stacks(notes: Iterable[Note], name: str) -> list[list[Note]]:
    """Notes that begin together, low to high, checked for what one token can say."""
    stacks: list[list[Note]] = []
    for note in sorted(notes):
        if note.velocity not in _MARK_OF or note.residual:
            raise MusicError(
                f"{name!r}: the note at tick {note.onset} has velocity {note.velocity}, "
                f"residual {note.residual}; "
                f"the notation knows velocities {sorted(_MARK_OF)} on the grid only."
            )
        if stacks and stacks[-1][0].onset == note.onset:
            first = stacks[-1][0]
            if (first.duration, first.velocity) != (note.duration, note.velocity):
                raise MusicError(
                    f"{name!r}: the notes at tick {note.onset} begin together but differ in length or "
                    f"velocity; make them one stack."
                )
            if stacks[-1][-1].pitch == note.pitch:
                raise MusicError(f"{name!r}: tick {note.onset} has the same note twice; drop one.")
            stacks[-1].append(note)
        else:
            stacks.append([note])
    return stacks


def _place(
    tokens: list[list[str]], body: str, mark: str, start: int, end: int, meter: Meter, name: str
) -> None:
    """Write ``body`` from ``start`` to ``end`` into the bars it spans, tied where needed."""
    at = start
    while at < end:
        bar = at // meter.bar_ticks
        stop = min(end, (bar + 1) * meter.bar_ticks)
        values = _spell(stop - at)
        if values is None:
            raise MusicError(
                f"{name!r}: no note values add up to {stop - at} ticks at tick {at}; quantise it."
            )
        for value in values:
            tied = at != start and body != "r"
            tokens[bar].append(f"-:{value}" if tied else f"{body}:{value}{mark}")
            at += DURATIONS[value]


@lru_cache(maxsize=1024)
def _spell(ticks: int) -> tuple[str, ...] | None:
    """The fewest note values that add up to ``ticks``, longest first; None where none do."""
    if ticks % _CELL or ticks < 0:
        return None
    best: list[tuple[str, ...] | None] = [()]
    for total in range(_CELL, ticks + _CELL, _CELL):
        choice: tuple[str, ...] | None = None
        for value, length in DURATIONS.items():
            rest = best[(total - length) // _CELL] if length <= total else None
            if rest is not None and (choice is None or len(rest) + 1 < len(choice)):
                choice = (*rest, value)
        best.append(choice)
    found = best[ticks // _CELL]
    return None if found is None else tuple(sorted(found, key=lambda value: -DURATIONS[value]))
