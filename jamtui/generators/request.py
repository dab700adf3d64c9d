"""What one request to a language model asks for: which bars, over which chords, in which notation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jamtui.errors import MusicError
from jamtui.music.chord import Family
from jamtui.music.meter import EIGHTH, PPQ
from jamtui.music.notation import OCTAVES, GridSpec
from jamtui.music.phrase import Brief, ChordSpan, Role
from jamtui.music.scale import Key, read_key
from jamtui.session.guard import Limits
from jamtui.session.planning import RANGES
from jamtui.session.voicelead import surprise_of
from jamtui.styles.style import Feel, RoleStyle, Style

_VOICES_BELOW = 7
"""Semitones that the top voice of a chord stays above the low end of the range, so that there is room
for the others."""


@dataclass(frozen=True, slots=True)
class Request:
    """``bars`` bars, the first of them ``first`` bars after the brief's start. ``chords`` count from the
    first of these bars and go on for a beat past the last one where that is known. ``low`` and ``high`` bound
    the letters that may be written (MIDI, inclusive); ``key`` and ``surprise`` choose the scales as the
    guard does."""

    brief: Brief
    style: Style | None
    playing: RoleStyle
    spec: GridSpec
    first: int
    bars: int
    chords: tuple[ChordSpan, ...]
    key: Key | None
    surprise: float
    low: int
    high: int

    @property
    def role(self) -> Role:
        """The role that the bars are for."""
        return self.spec.role

    @property
    def start_tick(self) -> int:
        """Absolute tick of the first bar line."""
        return self.brief.start_tick + self.first * self.spec.meter.bar_ticks

    @property
    def bar_number(self) -> int:
        """0-based number of the first bar in the song."""
        return self.brief.bar_number + self.first

    @property
    def limits(self) -> Limits:
        """What the engine's guard will hold these bars to."""
        return Limits(self.role, self.playing.low, self.playing.high, self.key, self.surprise)

    @property
    def tokens(self) -> int:
        """The most tokens a right answer takes: a letter may be two, quotes and the end are extra."""
        return self.bars * (2 * self.spec.steps + 1) + 8

    def bar_chords(self, index: int) -> tuple[ChordSpan, ...]:
        """Chords under bar ``index`` of the request and for a beat after it, starts relative to the bar."""
        ticks = self.spec.meter.bar_ticks
        return cut(self.chords, index * ticks, ticks + PPQ)


def cut(spans: Sequence[ChordSpan], start: int, length: int) -> tuple[ChordSpan, ...]:
    """The part of ``spans`` from ``start`` on for ``length`` ticks, starts relative to ``start``;
    neighbours of one chord are joined."""
    found: list[ChordSpan] = []
    for span in spans:
        first, end = max(span.start, start), min(span.start + span.length, start + length)
        if end <= first:
            continue
        last = found[-1] if found else None
        if last and last.chord == span.chord and last.start + last.length == first - start:
            found[-1] = ChordSpan(last.start, last.length + end - first, last.chord)
        else:
            found.append(ChordSpan(first - start, end - first, span.chord))
    return tuple(found)


def make_request(
    brief: Brief, style: Style | None, *, first: int = 0, bars: int = 0, step: int = EIGHTH
) -> Request:
    """A request for ``bars`` bars (0: as many as the brief asks for) from ``first`` bars after the brief's
    start, on a grid of ``step`` ticks.

    Raises MusicError where the chords of these bars are not known, or the bar is not whole steps.
    """
    spec = GridSpec(brief.meter, brief.role, step)
    bars = bars or brief.bars
    ticks = brief.meter.bar_ticks
    known = brief.forecast or brief.chords
    chords = cut(known, first * ticks, bars * ticks + PPQ)
    covered = sum(min(s.length, max(0, bars * ticks - s.start)) for s in chords)
    if brief.role is not Role.DRUMS and (
        covered < bars * ticks or all(s.chord.family is Family.NONE for s in chords if s.start < bars * ticks)
    ):
        raise MusicError("The chords of these bars are not known yet: ask for earlier ones.")
    playing = style.roles.get(brief.role) if style is not None else None
    if playing is None:
        playing = RoleStyle(Feel(), *RANGES[brief.role], 0.6)
    if (brief.low, brief.high) != (0, 127):
        # What the engine says of the role is what its guard will hold the bars to.
        playing = replace(playing, low=brief.low, high=brief.high, level=brief.level)
    low = max(playing.low, spec.low) + (_VOICES_BELOW if brief.role is Role.COMP else 0)
    high = min(playing.high, spec.low + OCTAVES - 1)
    if high - low < 12:
        # A range that hardly meets the register is written in octaves of its own.
        low = playing.low + (_VOICES_BELOW if brief.role is Role.COMP else 0)
        spec = GridSpec(brief.meter, brief.role, step, max(0, min(low, 127 - OCTAVES)))
        high = min(max(low, playing.high), spec.low + OCTAVES - 1)
    return Request(
        brief=brief,
        style=style,
        playing=playing,
        spec=spec,
        first=first,
        bars=bars,
        chords=chords,
        key=read_key(brief.key),
        surprise=surprise_of(brief.temperature, brief.surprise),
        low=low,
        high=high,
    )
