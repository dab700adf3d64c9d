"""The reflex book in the order in which it is asked: by style, role and context, in any meter.

Nothing is analysed here; phrases are only sorted, once, and moved to another meter when first needed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from jamtui.music.chord import Family
from jamtui.music.meter import Meter
from jamtui.music.phrase import Role
from jamtui.session.book import Function, ReflexBook, ReflexChord, ReflexNote, ReflexPhrase
from jamtui.session.refit import meter_named, move_onsets, plan_pieces, stretch_durations

ANY = "any"
_PROGRESSIONS = "\x00progressions"

GUESTS = 12
"""Phrases of the library that stand beside the book's own, per style and role."""

RELATED: dict[Family, tuple[str, ...]] = {
    Family.MAJOR: ("major", ANY),
    Family.MINOR: ("minor", ANY),
    Family.DOMINANT: ("dominant", ANY, "sus"),
    Family.HALF_DIMINISHED: ("half-diminished", ANY, "minor"),
    Family.DIMINISHED: ("diminished", ANY, "half-diminished"),
    Family.AUGMENTED: ("augmented", ANY, "dominant"),
    Family.SUS: ("sus", ANY, "dominant"),
    Family.NONE: (),
}
"""Which contexts serve a chord of a family, the best first."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A phrase of the book in the meter that is played. ``length`` is in ticks; ``native`` says that it was
    written in this meter; ``onsets`` are the distinct onsets."""

    name: str
    role: Role
    context: str
    bars: int
    length: int
    energy: float
    density: float
    surprise: float
    chords: tuple[ReflexChord, ...]
    notes: tuple[ReflexNote, ...]
    onsets: frozenset[int]
    native: bool
    downbeats: float = 0.0
    """Share of its bars with a note on the first beat."""
    ref: str = ""
    """What it is in the phrase library; empty for a phrase of the book's own."""

    @property
    def is_progression(self) -> bool:
        """Whether it was written over more than one chord."""
        return len(self.chords) > 1


def refit_phrase(phrase: ReflexPhrase, meter: Meter) -> Line:
    """``phrase`` in ``meter``: as written, or moved there by its beats."""
    written = meter_named(phrase.meter)
    if written == meter:
        return _line(phrase, phrase.bars, meter, phrase.chords, phrase.notes, native=True)
    pieces, bars = plan_pieces(written, phrase.bars, meter, repeat=phrase.role is Role.BASS)
    length = bars * meter.bar_ticks
    moved = move_onsets(pieces, [n.onset for n in phrase.notes])
    spans = [(n.onset, n.duration) for n in phrase.notes]
    durations = stretch_durations(moved, spans, phrase.bars * written.bar_ticks, length)
    chords: list[ReflexChord] = []
    kept: dict[int, int] = {}
    for index, chord in enumerate(phrase.chords):
        starts = [p.move(chord.start, False) for p in pieces
                  if not p.hold and p.source <= chord.start < p.source + p.source_length]  # fmt: skip
        at = next((s for s in starts if s is not None), None)
        if at is not None:
            kept[index] = len(chords)
            chords.append(ReflexChord(at, chord.root, chord.quality, chord.family))
    if not chords or chords[0].start:
        return _line(phrase, bars, meter, phrase.chords[:1], (), native=False)
    notes = tuple(
        ReflexNote(to, duration, n.interval, n.velocity, n.function, kept[n.chord])
        for (index, to), duration in zip(moved, durations, strict=True)
        if (n := phrase.notes[index]).chord in kept
    )
    return _line(phrase, bars, meter, tuple(chords), notes, native=False)


def _line(
    phrase: ReflexPhrase,
    bars: int,
    meter: Meter,
    chords: tuple[ReflexChord, ...],
    notes: tuple[ReflexNote, ...],
    *,
    native: bool,
) -> Line:
    ordered = tuple(sorted(notes, key=lambda n: (n.onset, n.interval)))
    onsets = frozenset(n.onset for n in notes)
    return Line(
        phrase.name, phrase.role, phrase.context, bars, bars * meter.bar_ticks, phrase.energy, phrase.density,
        phrase.surprise, chords, ordered, onsets, native,
        sum(bar * meter.bar_ticks in onsets for bar in range(bars)) / bars, phrase.ref,
    )  # fmt: skip


class Shelf:
    """The phrases of a book, found by style, role, context and meter."""

    def __init__(self, book: ReflexBook) -> None:
        self._phrases: dict[tuple[str, Role, str], list[ReflexPhrase]] = {}
        self._progressions: dict[tuple[str, Role], list[ReflexPhrase]] = {}
        self._lines: dict[tuple[str, Role, str, str], tuple[Line, ...]] = {}
        self._styles: list[str] = []
        self._guests: dict[tuple[str, Role], list[ReflexPhrase]] = {}
        self._banned: set[str] = set()
        for phrase in book.phrases:
            if not phrase.notes or not phrase.chords:
                continue
            if phrase.style not in self._styles:
                self._styles.append(phrase.style)
            self._put(phrase)

    def take_up(self, phrases: Iterable[ReflexPhrase]) -> None:
        """Add phrases of the library while the band plays; of each style and role the newest ``GUESTS`` stay.

        Costs a few microseconds a note: only what was fitted to a meter before is fitted again."""
        for phrase in phrases:
            if not phrase.notes or not phrase.chords or phrase.name in self._banned:
                continue
            guests = self._guests.setdefault((phrase.style, phrase.role), [])
            if any(g.ref == phrase.ref for g in guests):
                continue
            guests.append(phrase)
            self._put(phrase)
            self._renew(phrase, added=True)
            if len(guests) > GUESTS:
                self._drop(guests.pop(0))

    def ban(self, name: str) -> bool:
        """The phrase called ``name`` (or, of the library, with this ``ref``) is not played any more; False
        where there is none."""
        found = [p for p in self._all() if name in (p.name, p.ref)]
        for phrase in found:
            self._banned.add(phrase.name)
            self._renew(phrase)
        return bool(found)

    def pardon(self, name: str) -> None:
        """Take back a ban."""
        for phrase in [p for p in self._all() if name in (p.name, p.ref)]:
            self._banned.discard(phrase.name)
            self._renew(phrase)

    def _all(self) -> list[ReflexPhrase]:
        lists = (*self._phrases.values(), *self._progressions.values())
        return [phrase for phrases in lists for phrase in phrases]

    def _shelves(self, phrase: ReflexPhrase) -> list[list[ReflexPhrase]]:
        """Where ``phrase`` stands: among the progressions, with its context, or both."""
        shelves = []
        if len(phrase.chords) > 1:
            shelves.append(self._progressions.setdefault((phrase.style, phrase.role), []))
        if len(phrase.chords) == 1 or phrase.context in (ANY, *(f.value for f in Family)):
            key = (phrase.style, phrase.role, phrase.context)
            shelves.append(self._phrases.setdefault(key, []))
        return shelves

    def _put(self, phrase: ReflexPhrase) -> None:
        for shelf in self._shelves(phrase):
            shelf.append(phrase)

    def _drop(self, phrase: ReflexPhrase) -> None:
        for shelf in self._shelves(phrase):
            if phrase in shelf:
                shelf.remove(phrase)
        for key, lines in self._lines.items():
            if key[:2] == (phrase.style, phrase.role):
                self._lines[key] = tuple(line for line in lines if line.name != phrase.name)

    def _renew(self, phrase: ReflexPhrase, *, added: bool = False) -> None:
        """Bring what was fitted to a meter up to date with ``phrase``."""
        for key in [k for k in self._lines if k[:2] == (phrase.style, phrase.role)]:
            context, meter = key[2], meter_named(key[3])
            among = context == _PROGRESSIONS and len(phrase.chords) > 1
            if not among and context != phrase.context:
                continue
            if not added:
                shelf = (
                    self._progressions.get(key[:2], ())
                    if context == _PROGRESSIONS
                    else self._phrases.get(key[:3], ())
                )
                self._lines[key] = self._fit(shelf, meter)
            elif (line := refit_phrase(phrase, meter)).notes and (line.native or not self._lines[key]):
                self._lines[key] = (*self._lines[key], line)

    def lines(self, style: str, role: Role, context: str, meter: Meter) -> tuple[Line, ...]:
        """Phrases of one context, in ``meter``."""
        key = (style, role, context, meter.name)
        known = self._lines.get(key)
        if known is None:
            known = self._lines[key] = self._fit(self._phrases.get(key[:3], ()), meter)
        return known

    def progressions(self, style: str, role: Role, meter: Meter) -> tuple[Line, ...]:
        """Phrases over more than one chord, in ``meter``."""
        key = (style, role, _PROGRESSIONS, meter.name)
        known = self._lines.get(key)
        if known is None:
            known = self._lines[key] = self._fit(self._progressions.get((style, role), ()), meter)
        return known

    def for_family(self, style: str, role: Role, family: Family, meter: Meter) -> tuple[Line, ...]:
        """Phrases for a chord of ``family``: the style's own contexts first, then those of other styles;
        empty when the book has none for this role at all."""
        contexts = RELATED[family]
        for name in (style, *(s for s in self._styles if s != style)):
            for context in contexts:
                found = self.lines(name, role, context, meter)
                if found:
                    return found
        return ()

    def warm(self, styles: Iterable[str], meter: Meter) -> None:
        """Fit everything for ``styles`` to ``meter`` now, so that nothing is fitted while playing."""
        for style in styles:
            for role in Role:
                self.progressions(style, role, meter)
                for family in Family:
                    for context in RELATED[family]:
                        self.lines(style, role, context, meter)

    def _fit(self, phrases: Iterable[ReflexPhrase], meter: Meter) -> tuple[Line, ...]:
        wanted = [p for p in phrases if p.name not in self._banned]
        native = [p for p in wanted if meter_named(p.meter) == meter]
        return tuple(line for p in native or wanted if (line := refit_phrase(p, meter)).notes)


def built_line(role: Role, family: Family, meter: Meter) -> Line:
    """What ``role`` plays where no book knows better: chord tones in an even, quiet pattern."""
    starts = meter.beat_ticks
    ends = (*starts[1:], meter.bar_ticks)
    spans = list(zip(starts, ends, strict=True))
    notes: list[ReflexNote] = []
    if role is Role.COMP:
        for start, end in spans[:: max(1, len(spans) // 2)]:
            notes += [ReflexNote(start, (end - start) // 2, i, 64, Function.CHORD) for i in (4, 7, 10)]
    else:
        for n, (start, end) in enumerate(spans):
            notes.append(ReflexNote(start, end - start, (0, 7, 4, 7, 4)[n % 5], 72, Function.CHORD))
    chord = ReflexChord(0, 0, "7", family)
    onsets = frozenset(n.onset for n in notes)
    return Line(
        "arpeggio", role, ANY, 1, meter.bar_ticks, 0.5, 0.5, 0.0, (chord,), tuple(notes), onsets, True
    )
