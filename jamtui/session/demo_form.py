"""The forms that the built-in player performs, as charts of 32 bars, and how it voices their chords."""

from dataclasses import dataclass
from itertools import pairwise

from jamtui.errors import MusicError
from jamtui.music.chart import Chart
from jamtui.music.chord import Chord, Family, parse_chord


@dataclass(frozen=True, slots=True)
class Form:
    """A form: one tuple of chords per bar, as many chords as share the bar."""

    name: str
    sections: tuple[tuple[str, str], ...]
    """Letter and chart of each section, ``|`` between bars."""
    onsets: tuple[tuple[int, ...], ...] = ()
    """Where the chords of each bar begin, in ticks; empty: they share the bar."""

    @property
    def bars(self) -> tuple[tuple[Chord, ...], ...]:
        """The chords of each bar of a chorus."""
        return tuple(
            tuple(parse_chord(symbol) for symbol in bar.split())
            for _, chart in self.sections
            for bar in chart.split("|")
        )

    @property
    def letters(self) -> str:
        """The section letter of each bar of a chorus."""
        return "".join(letter * (chart.count("|") + 1) for letter, chart in self.sections)

    @property
    def chart(self) -> str:
        """The whole chorus as chart text, one section after the other."""
        return " | ".join(chart for _, chart in self.sections)


FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form(
            "lamplight",
            (
                ("A", "Cmaj7 | Em7b5 A7b9 | Dm9 | Dm7 G13 | Em7 | Ebdim7 | Dm7 G7sus4 | C6/9 G7"),
                ("A", "Cmaj7 | Em7b5 A7b9 | Dm9 | Dm7 G13 | Gm7 | C9 | Fmaj7 Fm6 | C6/9"),
                ("B", "Bm7b5 | E7b9 | Am7 | Am6 | D9sus4 | D9 | Dm7 | G7b9"),
                ("A", "Cmaj7 | Em7b5 A7b9 | Dm9 | G13 | Em7 A7 | Dm7 G7 | C6/9 | Dm7 G7sus4"),
            ),
        ),
        Form(
            "harbour",
            (
                ("A", "Dm9 | Dm9 | Gm7 | C13 | Fmaj7 | Bbmaj7 | Em7b5 | A7b9"),
                ("B", "Dm7 | G7sus4 G7 | Cm9 | F13 | Bbmaj7 | Bbm6 | Am7 D7b9 | Gm7 C7"),
                ("A", "Dm9 | Dm9 | Gm7 | C13 | Fmaj7 | Bbmaj7 | Em7b5 | A7b9"),
                ("C", "Fmaj7 | Bdim7 | Cm7 F7 | Bbmaj7 | Em7b5 | A7b9 | Dm6 | Em7b5 A7b9"),
            ),
        ),
    )
}
"""Forms by name; the first is the one that ``--demo`` plays without a chart."""

DEFAULT_FORM = next(iter(FORMS))


_SECTION = 8


def form_of(chart: Chart) -> Form | None:
    """``chart`` as a form, in sections of eight bars; None if there is not a chord in it. Where it says N.C.
    nothing is struck."""
    bars = [[span for span in bar if span.chord.family is not Family.NONE] for bar in chart.bars]
    if not any(bars):
        return None
    sections = [bars[i : i + _SECTION] for i in range(0, len(bars), _SECTION)]
    return Form(
        chart.title or "chart",
        tuple(
            ("ABCD"[i % 4], " | ".join(" ".join(span.chord.symbol for span in bar) for bar in section))
            for i, section in enumerate(sections)
        ),
        tuple(tuple(span.start for span in bar) for bar in bars),
    )


def form_named(name: str) -> Form:
    """The form of that name. Raises ``MusicError`` with the names there are."""
    try:
        return FORMS[name]
    except KeyError:
        raise MusicError(f"There is no demo form {name!r}; choose one of {', '.join(FORMS)}.") from None


LOW, HIGH = 52, 77
_CENTRE = 64
_BASS_LOW, _BASS_HIGH = 36, 50


def bass_note(chord: Chord, last: int | None) -> int:
    """The bass of ``chord`` in the left hand's range, near the last one."""
    near = 43 if last is None else last
    choices = [p for p in range(_BASS_LOW, _BASS_HIGH + 1) if p % 12 == chord.bass_pc]
    return min(choices, key=lambda p: (abs(p - near), p))


def upper_tones(chord: Chord) -> tuple[int, ...]:
    """Three or four pitch classes that say the chord over its bass: third, seventh, then colour and fifth.
    A triad and a diminished seventh keep the root."""
    intervals = [i for i in chord.quality.intervals if i]
    if len(intervals) <= 2 or chord.family is Family.DIMINISHED:
        intervals = [0, *intervals]
    if len(intervals) > 4 and 7 in intervals:
        intervals.remove(7)
    return tuple((chord.root + i) % 12 for i in intervals[:4])


def close_voicing(tones: tuple[int, ...], last: tuple[int, ...]) -> tuple[int, ...]:
    """``tones`` in the close or drop-two position that moves least from ``last``, seconds at the bottom
    avoided."""
    best: tuple[float, tuple[int, ...]] | None = None
    for first in range(LOW, LOW + 13):
        if first % 12 not in tones:
            continue
        pitches = [first]
        while len(pitches) < len(tones):
            missing = set(tones) - {p % 12 for p in pitches}
            pitches.append(next(p for p in range(pitches[-1] + 1, pitches[-1] + 13) if p % 12 in missing))
        shapes = [tuple(pitches)]
        if len(pitches) == 4:
            shapes.append(tuple(sorted((pitches[0], pitches[1], pitches[2] - 12, pitches[3]))))
        for shape in shapes:
            if shape[0] < LOW - 2 or shape[-1] > HIGH:
                continue
            cost = _movement(shape, last) + 0.4 * abs(sum(shape) / len(shape) - _CENTRE)
            cost += sum(3.0 for a, b in pairwise(shape) if b - a == 1)
            if best is None or (cost, shape) < best:
                best = (cost, shape)
    assert best is not None  # every pitch class lies in the octave above LOW
    return best[1]


def _movement(shape: tuple[int, ...], last: tuple[int, ...]) -> float:
    if not last:
        return 0.0
    return sum(min(abs(p - q) for q in last) for p in shape) + 0.5 * abs(shape[-1] - last[-1])
