"""What was played lately, by the player or by the band, as it may be kept in the phrase library."""

from collections import deque
from dataclasses import dataclass
from math import ceil

from jamtui.music.chord import Chord, Family
from jamtui.music.meter import EIGHTH, PPQ, Meter
from jamtui.music.phrase import ChordSpan, Role, Source
from jamtui.session.readings import Readings

LONGEST = 8
"""Bars that can be kept at once."""
_NOTES = 4096
"""Notes of the player that are remembered: eight bars of the busiest playing, several times over."""
_CHORDS = 128
_FULL_VELOCITY = 127


@dataclass(frozen=True, slots=True)
class TakenNote:
    """A note as it was played: ticks from the take's start, not on any grid."""

    onset: int
    duration: int
    pitch: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Take:
    """Bars that somebody wants to keep, with the chords they were played over.

    ``role`` is empty for what the player played: which roles are in it is found out later. ``origin`` is the
    letter of the source that made it (``Y`` for the player). ``label`` is what it was called.
    """

    role: str
    origin: str
    label: str
    style: str
    meter: str
    tempo: float
    bars: int
    first_bar: int
    """0-based number of its first bar in the song."""
    chords: tuple[ChordSpan, ...]
    notes: tuple[TakenNote, ...]


@dataclass(slots=True)
class _Struck:
    tick: float
    end: float | None
    pitch: int
    velocity: int


class PlayedLately:
    """The player's last bars: notes by key, and the chords that were heard. Fed in the order of time."""

    def __init__(self) -> None:
        self._notes: deque[_Struck] = deque(maxlen=_NOTES)
        self._down: dict[tuple[int, int], _Struck] = {}
        self._chords: deque[tuple[float, Chord]] = deque(maxlen=_CHORDS)

    def clear(self) -> None:
        """Musical time jumped: what was before has no place any more. Chords are kept as heard before it."""
        self._notes.clear()
        self._down.clear()
        last = self._chords[-1][1] if self._chords else None
        self._chords.clear()
        if last is not None:
            self._chords.append((float("-inf"), last))

    def feed(self, tick: float, data: bytes) -> None:
        """A channel message of the player at ``tick``. Everything but notes is left out."""
        kind = data[0] & 0xF0
        if kind not in (0x80, 0x90) or len(data) < 3:
            return
        key = (data[0] & 0x0F, data[1])
        held = self._down.pop(key, None)
        if held is not None:
            held.end = tick
        if kind == 0x90 and data[2]:
            struck = self._down[key] = _Struck(tick, None, data[1], data[2])
            self._notes.append(struck)

    def hear(self, tick: float, chord: Chord) -> None:
        """``chord`` was played at ``tick``; a later reading of the same moment takes its place."""
        while self._chords and self._chords[-1][0] >= tick:
            self._chords.pop()
        self._chords.append((tick, chord))

    def take(self, seen: Readings, now: float, bars: int, style: str, tempo: float) -> Take | None:
        """The last ``bars`` bars up to ``now``: up to the last bar line or, in the second half of a bar, with
        that bar. Bars at the beginning in which nothing was played are left out; None where nothing was."""
        here = seen.bar_at(now)
        meter = here.meter
        last = here if now - here.start > here.length / 2 else seen.bar_at(here.start - 1)
        if last.number < 0 or last.meter != meter:
            return None
        first = last
        for _ in range(min(bars, LONGEST) - 1):
            before = seen.bar_at(first.start - 1)
            if before.number < 0 or before.meter != meter:
                break
            first = before
        # A note up to a sixteenth before its bar line is that bar's.
        early = PPQ / 4
        notes = [n for n in self._notes if first.start - early <= n.tick < last.end - early]
        if not notes:
            return None
        while first.end - early <= notes[0].tick:
            first = seen.bar_at(first.end)
        start, length = first.start, last.end - first.start
        return Take(
            role="",
            origin=Source.YOU.value,
            label="own take",
            style=style,
            meter=meter.name,
            tempo=round(tempo, 3),
            bars=last.number - first.number + 1,
            first_bar=first.number,
            chords=self._spans(start, length, meter, seen),
            notes=tuple(
                TakenNote(
                    round(n.tick - start),
                    max(1, round((now if n.end is None else n.end) - n.tick)),
                    n.pitch,
                    min(_FULL_VELOCITY, n.velocity),
                )
                for n in notes
            ),
        )

    def _spans(self, start: int, length: int, meter: Meter, seen: Readings) -> tuple[ChordSpan, ...]:
        """The chords that the player played, each from the eighth nearest to it on; just before a bar line
        from there. Where none was played, what the band went by (a chart)."""
        marks: dict[int, Chord] = {}
        for tick, chord in self._chords:
            if tick >= start + length:
                continue
            at = 0 if tick < start else round((tick - start) / EIGHTH) * EIGHTH
            beyond = ceil(at / meter.bar_ticks) * meter.bar_ticks
            if 0 < beyond - at <= EIGHTH:
                at = beyond
            if at < length:
                marks[at] = chord
        if 0 not in marks:
            known = seen.chord_at(start)
            if known is not None:
                marks[0] = known
        return _joined(marks, length)


def _joined(marks: dict[int, Chord], length: int) -> tuple[ChordSpan, ...]:
    starts = sorted(marks)
    spans: list[ChordSpan] = []
    for at, until in zip(starts, [*starts[1:], length], strict=True):
        chord = marks[at]
        if spans and spans[-1].chord == chord:
            spans[-1] = ChordSpan(spans[-1].start, until - spans[-1].start, chord)
        elif chord.family is not Family.NONE:
            spans.append(ChordSpan(at, until - at, chord))
    return tuple(spans)


def take_of_band(seen: Readings, role: Role, now: float, style: str, tempo: float) -> Take | None:
    """What ``role`` plays now (where it rests, what it played last), as far as it is one phrase; None for
    nothing."""
    bars = seen.phrase_bars(role, now)
    if not bars:
        return None
    start = bars[0].start
    meter = seen.bar_at(start).meter
    length = len(bars) * meter.bar_ticks
    marks = {c.start + b.start - start: c.chord for b in bars for c in b.chords if c.start < b.length}
    return Take(
        role=role.value,
        origin=bars[-1].source.value,
        label=bars[-1].label,
        style=style,
        meter=meter.name,
        tempo=round(tempo, 3),
        bars=len(bars),
        first_bar=seen.bar_at(start).number,
        chords=_joined(marks, length),
        notes=tuple(
            TakenNote(n.tick + n.residual - start, n.duration, n.pitch, n.velocity)
            for b in bars
            for n in b.notes
        ),
    )
