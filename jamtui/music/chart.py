"""Charts: the chords of a tune, written bar by bar as on a lead sheet.

``Dm7 | G7 | Cmaj7 | %`` has four bars. Chords in a bar are separated by blanks and share its beats, the
earlier ones getting more where they do not divide; ``Dm7 . . G7`` gives Dm7 three beats, each dot (or
``/``) prolonging the chord before it by one beat. ``%`` repeats the bar before, an empty bar keeps the
chord that sounds, ``N.C.`` is silence. Lines ``title: ...`` and ``meter: 3/4`` may stand before the bars;
lines that begin with ``//`` are remarks.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass
from hashlib import sha256

from jamtui.errors import MusicError
from jamtui.music.chord import NO_CHORD, Chord, parse_chord
from jamtui.music.meter import COMMON_TIME, METERS, Meter
from jamtui.music.phrase import ChordSpan

_LINE_BREAK = re.compile(r"\s*\|?\s*\n\s*\|?\s*|\s*\|\|\s*")
_HOLD = (".", "/")
_HEAD = re.compile(r"\s*(title|meter)\s*:(.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Chart:
    """Chords over a whole number of bars. ``spans`` cover it from tick 0 without gaps; a chord that goes on
    over a bar line has one span per bar."""

    meter: Meter
    bars: tuple[tuple[ChordSpan, ...], ...]
    """Each bar's chords, starts relative to the bar."""
    title: str = ""
    """Name of the tune, where it is known."""

    @property
    def length(self) -> int:
        """Ticks."""
        return len(self.bars) * self.meter.bar_ticks

    @property
    def name(self) -> str:
        """Title and eight hexadecimal digits that depend on meter and chords alone: the same for the same
        changes each time, another when a chord is edited."""
        told = ";".join(f"{s.start},{s.length},{s.chord.symbol}" for s in self.spans)
        digest = sha256(f"{self.meter.name}:{told}".encode()).hexdigest()[:8]
        return f"{self.title} {digest}" if self.title else digest

    @property
    def spans(self) -> tuple[ChordSpan, ...]:
        """All chords, starts relative to the chart."""
        ticks = self.meter.bar_ticks
        return tuple(
            ChordSpan(number * ticks + span.start, span.length, span.chord)
            for number, bar in enumerate(self.bars)
            for span in bar
        )

    def chord_at(self, tick: int) -> Chord:
        """The chord at ``tick``; the chart repeats for ever in both directions."""
        number, within = divmod(tick % self.length, self.meter.bar_ticks)
        bar = self.bars[number]
        return bar[bisect_right([span.start for span in bar], within) - 1].chord

    def transpose(self, semitones: int) -> "Chart":
        """The chart ``semitones`` higher."""
        return Chart(
            self.meter,
            tuple(
                tuple(ChordSpan(s.start, s.length, s.chord.transpose(semitones)) for s in bar)
                for bar in self.bars
            ),
            self.title,
        )

    @property
    def text(self) -> str:
        """The chart as ``parse_chart`` reads it, every beat written where chords do not share evenly."""
        return " | ".join(_bar_text(bar, self.meter) for bar in self.bars)

    @property
    def page(self) -> str:
        """Title, meter and bars, as ``parse_chart`` reads them."""
        head = f"title: {' '.join(self.title.split())}\n" if self.title else ""
        return f"{head}meter: {self.meter.name}\n{self.text}\n"


def parse_chart(text: str, meter: Meter = COMMON_TIME) -> Chart:
    """Read a chart (see the module). Outer bar lines and line breaks, which are bar lines too, are optional.
    ``meter`` holds where the chart names none.

    Raises MusicError for an unreadable symbol, more chords in a bar than it has places, or a repeat or
    prolongation without anything before it.
    """
    head, text = read_head(text)
    if "meter" in head:
        if head["meter"] not in METERS:
            raise MusicError(f"The chart's meter {head['meter']!r} is not played; write {', '.join(METERS)}.")
        meter = METERS[head["meter"]]
    written = _LINE_BREAK.sub("|", text.strip())
    written = written.removeprefix("|").removesuffix("|")
    if not written.strip():
        raise MusicError("The chart is empty: write bars such as Dm7 | G7 | Cmaj7 | %.")
    bars: list[tuple[ChordSpan, ...]] = []
    for number, bar_text in enumerate(written.split("|"), start=1):
        tokens = bar_text.split()
        if tokens == ["%"]:
            if not bars:
                raise MusicError("Bar 1 of the chart cannot be %: there is no bar before it to repeat.")
            bars.append(bars[-1])
        elif not tokens:
            last = bars[-1][-1].chord if bars else NO_CHORD
            bars.append((ChordSpan(0, meter.bar_ticks, last),))
        else:
            bars.append(_read_bar(tokens, number, meter, bars[-1][-1].chord if bars else None))
    return Chart(meter, tuple(bars), head.get("title", ""))


def read_head(text: str) -> tuple[dict[str, str], str]:
    """The lines before the bars that name ``title`` and ``meter``, and the rest without remarks."""
    head: dict[str, str] = {}
    lines = [line for line in text.strip().splitlines() if not line.lstrip().startswith("//")]
    while lines and (found := _HEAD.match(lines[0])) is not None:
        head.setdefault(found[1].lower(), found[2].strip())
        lines.pop(0)
    return head, "\n".join(lines)


def _places(count: int, meter: Meter) -> tuple[int, ...]:
    """Onsets for ``count`` entries in a bar: on felt beats where there are enough, else on the unit."""
    if count <= meter.beats:
        beats = meter.beat_ticks
    elif count <= meter.numerator:
        beats = tuple(i * meter.unit for i in range(meter.numerator))
    else:
        return ()
    total = len(beats)
    return tuple(beats[-(-i * total // count)] for i in range(count))


def _read_bar(tokens: list[str], number: int, meter: Meter, before: Chord | None) -> tuple[ChordSpan, ...]:
    places = _places(len(tokens), meter)
    if not places:
        raise MusicError(
            f"Bar {number} of the chart has {len(tokens)} entries: a bar of {meter.name} has room for "
            f"{meter.numerator}."
        )
    entries: list[tuple[int, Chord]] = []
    for place, token in zip(places, tokens, strict=True):
        if token in _HOLD:
            if entries:
                continue
            if before is None:
                raise MusicError(f"Bar {number} of the chart begins with {token!r}: write a chord first.")
            entries.append((place, before))
        elif token == "%":
            raise MusicError(f"Bar {number} of the chart mixes % with chords: % stands for a whole bar.")
        else:
            try:
                entries.append((place, parse_chord(token)))
            except MusicError as error:
                raise MusicError(f"Bar {number} of the chart: {error}") from error
    ends = [place for place, _ in entries[1:]] + [meter.bar_ticks]
    return tuple(
        ChordSpan(place, end - place, chord) for (place, chord), end in zip(entries, ends, strict=True)
    )


def _bar_text(bar: tuple[ChordSpan, ...], meter: Meter) -> str:
    starts = tuple(span.start for span in bar)
    if starts == _places(len(bar), meter):
        return " ".join(span.chord.symbol for span in bar)
    symbols = {span.start: span.chord.symbol for span in bar}
    for grid in (meter.beat_ticks, tuple(i * meter.unit for i in range(meter.numerator))):
        if set(starts) <= set(grid):
            return " ".join(symbols.get(tick, ".") for tick in grid)
    raise MusicError(f"A chord change off the beat cannot be written in a chart of {meter.name}.")
