"""Prepared sets: choruses that an LLM wrote for a song before the show. Pure values, and their plain form."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from jamtui.errors import JamtuiError
from jamtui.generators.request import cut
from jamtui.music.chart import Chart
from jamtui.music.chord import Family, parse_chord
from jamtui.music.meter import METERS
from jamtui.music.phrase import Brief, ChordSpan, Note, Role

VERSION = 1
"""Of the plain form; a file with a higher one was written by a newer jamtui."""

BarNotes = tuple[Note, ...]
"""A bar's notes, onsets from its bar line."""


class PreparedError(JamtuiError):
    """A prepared set that cannot be read, written or found."""

    exit_code = 5


@dataclass(frozen=True, slots=True)
class Chorus:
    """One time through a chart for one role. ``bars`` has an entry for each bar of the chart; None: it is not
    written."""

    role: Role
    model: str
    seed: int
    bars: tuple[BarNotes | None, ...]

    @property
    def missing(self) -> int:
        """Bars that are not written."""
        return sum(bar is None for bar in self.bars)


@dataclass(frozen=True, slots=True)
class PreparedSet:
    """Choruses for one chart in one style."""

    chart: Chart
    style: str
    tempo: float
    choruses: tuple[Chorus, ...] = ()

    def of(self, role: Role) -> tuple[Chorus, ...]:
        """The choruses of ``role``, in the order in which they are played."""
        return tuple(c for c in self.choruses if c.role is role)

    def chorus_at(self, role: Role, number: int) -> Chorus | None:
        """The chorus of ``role`` that is played in bar ``number`` (0-based) of the song: one after the other,
        then from the first again. None where there is none."""
        own = self.of(role)
        return own[number // len(self.chart.bars) % len(own)] if own else None

    def bar(self, role: Role, number: int) -> BarNotes | None:
        """The notes of ``role`` for bar ``number`` (0-based) of the song; None where none are written."""
        chorus = self.chorus_at(role, number)
        return None if chorus is None else chorus.bars[number % len(self.chart.bars)]

    def with_chorus(self, place: int, chorus: Chorus) -> "PreparedSet":
        """The set with ``chorus`` as the ``place``-th (from 0) of its role, or at the end."""
        own = list(self.of(chorus.role))
        own[place : place + 1] = [chorus]
        others = [c for c in self.choruses if c.role is not chorus.role]
        return replace(self, choruses=(*others, *own))

    def notes_for(self, brief: Brief, ahead: int) -> BarNotes | None:
        """The notes for the bar that lies ``ahead`` bars after the start of ``brief``: if a chorus has it and
        its chords are the chart's. None otherwise."""
        if brief.style != self.style or brief.meter != self.chart.meter:
            return None
        number = brief.bar_number + ahead
        told = cut(brief.forecast or brief.chords, ahead * brief.meter.bar_ticks, brief.meter.bar_ticks)
        written = bar_chords(self.chart, number)
        if told != written or all(span.chord.family is Family.NONE for span in written):
            return None
        return self.bar(brief.role, number)


def bar_chords(chart: Chart, number: int) -> tuple[ChordSpan, ...]:
    """The chords of bar ``number`` of a song that repeats ``chart``, equal neighbours joined."""
    return cut(chart.bars[number % len(chart.bars)], 0, chart.meter.bar_ticks)


def digest_of(chart_name: str) -> str:
    """The part of a chart's name that depends on its meter and chords alone."""
    return chart_name.rsplit(" ", 1)[-1]


def to_plain(prepared: PreparedSet) -> dict[str, object]:
    """``prepared`` as JSON-able values: chords ``[start, length, symbol]`` and notes ``[onset, pitch,
    duration, velocity, residual]`` in ticks from their bar line."""
    chart = prepared.chart
    return {
        "version": VERSION,
        "name": chart.name,
        "title": chart.title,
        "meter": chart.meter.name,
        "style": prepared.style,
        "tempo": prepared.tempo,
        "chords": [[[s.start, s.length, s.chord.plain_symbol] for s in bar] for bar in chart.bars],
        "choruses": [
            {
                "role": c.role.value,
                "model": c.model,
                "seed": c.seed,
                "bars": [
                    None
                    if bar is None
                    else [[n.onset, n.pitch, n.duration, n.velocity, n.residual] for n in bar]
                    for bar in c.bars
                ],
            }
            for c in prepared.choruses
        ],
    }


def from_plain(plain: object) -> PreparedSet:
    """The set that ``to_plain`` wrote.

    Raises:
        PreparedError: it was written by a newer version, or is something else. The text says which, without
            naming the file.
    """
    if isinstance(plain, Mapping) and isinstance(plain.get("version"), int) and plain["version"] > VERSION:
        raise PreparedError("was written by a newer jamtui")
    try:
        return _read(plain)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise PreparedError("is damaged") from error


def _read(plain: Any) -> PreparedSet:
    meter = METERS[plain["meter"]]
    bars = tuple(
        tuple(ChordSpan(_whole(start), _whole(length), parse_chord(symbol)) for start, length, symbol in bar)
        for bar in plain["chords"]
    )
    for bar in bars:
        if sum(span.length for span in bar) != meter.bar_ticks or bar[0].start != 0:
            raise ValueError("chords do not fill the bar")
    chart = Chart(meter, bars, str(plain["title"]))
    choruses = tuple(
        Chorus(
            Role(one["role"]),
            str(one["model"]),
            _whole(one["seed"]),
            tuple(
                None if bar is None else tuple(_note(row, meter.bar_ticks) for row in bar)
                for bar in one["bars"]
            ),
        )
        for one in plain["choruses"]
    )
    if not bars or any(len(chorus.bars) != len(bars) for chorus in choruses):
        raise ValueError("a chorus does not fit its chart")
    return PreparedSet(chart, str(plain["style"]), float(plain["tempo"]), choruses)


def _note(row: Any, length: int) -> Note:
    onset, pitch, duration, velocity, residual = (_whole(value) for value in row)
    if not (0 <= onset < length and 0 <= pitch < 128 and duration > 0 and 0 < velocity < 128):
        raise ValueError("no note")
    return Note(onset, pitch, duration, velocity, residual)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"not a whole number: {value!r}")
    return value
