"""The phrase library as a source of music: for a brief it finds phrases, adapts one and gives its bars.

Deterministic in the brief, the library and what it played before. It blocks for a few milliseconds; whoever
owns an event loop calls ``compose`` from a thread of its own.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp
from random import Random
from typing import Protocol

from jamtui.library.adapt import Adapted, adapt
from jamtui.library.kept import own_hits
from jamtui.library.phrase_refs import ref_of
from jamtui.library.placing import bars_in
from jamtui.library.records import PhraseRecord
from jamtui.library.search import Query, SearchHit
from jamtui.library.setting import line_before, setting_for
from jamtui.library.windows import chords_in, known, window
from jamtui.music.chord import Chord
from jamtui.music.meter import PPQ
from jamtui.music.phrase import Bar, Brief, ChordSpan, Note, Role, Source
from jamtui.session.randomness import chance, stream

HITS = 8
REMEMBERED = 12
"""Phrases of a role that are not chosen again at once."""
SOURCES_REMEMBERED = 3
"""Files whose phrases come after others."""
TOO_CLOSE = 0.35
"""A phrase whose score is so much below the best is not chosen at any temperature."""
PLANNED_BARS = 2
"""A role is planned so many bars ahead: what it plays until a brief begins was chosen for an earlier one."""
WANTED = 0.1
"""By how much worse a phrase may fit that the musician keeps: they said that they want to hear it."""
_COLDEST = 0.01


class Finder(Protocol):
    """What searches the library."""

    def search(
        self, query: Query, k: int = 8, *, avoid: Sequence[int] = (), avoid_sources: Sequence[str] = ()
    ) -> list[SearchHit]:
        """The best phrases, best first."""
        ...

    def get(self, number: int) -> PhraseRecord | None:
        """One phrase; None where there is none of that number."""
        ...


@dataclass(frozen=True, slots=True)
class Composed:
    """Bars in order, what was found for the chords at hand, and the phrases that were chosen anew.

    ``played``: of each phrase that plays in these bars, by the bar of the phrase, what is played of it.
    """

    bars: tuple[Bar, ...]
    hits: tuple[SearchHit, ...]
    chosen: tuple[int, ...]
    played: Mapping[int, Mapping[int, Adapted]] = field(default_factory=dict)


@dataclass(slots=True)
class _Going:
    """A phrase that is being played: from the bar line ``start`` on for ``bars`` bars of ``length`` ticks."""

    record: PhraseRecord
    transpose: int
    start: int
    bars: int
    length: int
    assumed: dict[int, tuple[tuple[int, Chord], ...]]
    """By bar: the chords that it was chosen for."""
    hit: SearchHit | None = None
    played: dict[int, Adapted] = field(default_factory=dict)
    """By bar: what was played of it, or is planned."""
    until: int = 0
    """Tick at which the last of these bars ends."""


@dataclass(slots=True)
class _Memory:
    """What one role played."""

    going: _Going | None = None
    lately: deque[_Going] = field(default_factory=lambda: deque(maxlen=PLANNED_BARS + 2))
    """The phrases that it was given last, the newest last."""
    recent: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    sources: deque[str] = field(default_factory=lambda: deque(maxlen=SOURCES_REMEMBERED))
    began: int | None = None
    """Bar line from which it has played without a breath."""
    rested: int = -1
    """Bar line of the last breath."""
    wished: PhraseRecord | None = None
    """What it plays next, whatever fits better."""


class LibrarySource:
    """Chooses phrases for briefs, remembers what each role plays, goes on with a phrase over briefs.

    Args:
        finder: gives what searches now, None while there is nothing to search.
    """

    def __init__(self, finder: Callable[[], Finder | None]) -> None:
        self._finder = finder
        self._memory: dict[Role, _Memory] = {}
        self._wished: dict[Role, int] = {}
        self._session = ""
        self._kept: tuple[PhraseRecord, ...] = ()

    def keep(self, records: Sequence[PhraseRecord]) -> None:
        """What the musician keeps, captures included: where their own chords come they are found whatever
        else fits, as often as any other phrase may come."""
        self._kept = tuple(records)

    def wish(self, role: Role, number: int) -> None:
        """Play that phrase next, whatever fits better (an audition). It never waits and may be called from
        any thread: the next ``compose`` for ``role`` begins with it."""
        self._wished[role] = number

    def forget(self, number: int) -> None:
        """A phrase was banned or removed: it does not go on."""
        for memory in self._memory.values():
            for going in tuple(memory.lately):
                if going.record.id == number:
                    going.hit = None
            if memory.going is not None and memory.going.record.id == number:
                memory.going = None

    def compose(self, brief: Brief) -> Composed:
        """Bars for ``brief``; none while there is no library, or nothing in it for this role."""
        finder = self._finder()
        if finder is None or not brief.chords:
            return Composed((), (), ())
        if brief.session != self._session:
            self._session = brief.session
            self._memory.clear()
        memory = self._memory.setdefault(brief.role, _Memory())
        number = self._wished.pop(brief.role, None)
        record = finder.get(number) if number is not None else None
        if record is not None and record.phrase.role is brief.role:
            memory.wished, memory.going = record, None
        length = brief.meter.bar_ticks
        chords = brief.forecast or brief.chords
        found = self._search(finder, brief, chords, 0, memory)
        bars: list[Bar] = []
        chosen: list[int] = []
        before, since = line_before(brief.just_played)
        at = 0
        while at < brief.bars:
            start = brief.start_tick + at * length
            if not known(brief.chords, at * length, length):
                break
            going = self._going(memory, start, length, chords, at)
            if going is None and self._breathes(brief, memory, start):
                bars.append(_bar(brief, at, (), None))
                memory.began, memory.rested, memory.going = start + length, start, None
                at += 1
                continue
            if going is None:
                hits = found if at == 0 else self._search(finder, brief, chords, at, memory)
                going = self._choose(brief, memory, hits, start, at, chords)
                if going is None:
                    break
                chosen.append(going.record.id)
            offset = (start - going.start) // length
            many = min(going.bars - offset, brief.bars - at)
            setting = setting_for(brief, chords, at, many, before, since)
            made = adapt(going.record, setting, transpose=going.transpose, first_bar=offset)
            going.until = start + many * length
            if not any(going is other for other in memory.lately):
                memory.lately.append(going)
            for n in range(many):
                part = going.played[offset + n] = made.bar(n, brief.meter)
                bars.append(_bar(brief, at + n, part.notes, (going.record, made)))
            if made.notes:
                last = max(n.onset for n in made.notes)
                before = tuple(n.pitch for n in made.notes if n.onset == last)
                since = many * length - last
            at += many
        sounding = [g for g in memory.lately if g.until > brief.start_tick - PLANNED_BARS * length]
        played = {g.record.id: g.played for g in sounding}
        kept = {record.id: record for record in self._kept}
        shown = [replace(h, record=kept.get(h.record.id, h.record)) for h in _shown(found, sounding)]
        return Composed(tuple(bars), tuple(shown), tuple(chosen), played)

    def _search(
        self, finder: Finder, brief: Brief, chords: Sequence[ChordSpan], at: int, memory: _Memory
    ) -> list[SearchHit]:
        query = _query(brief, chords, at)
        avoid, sources = tuple(memory.recent), tuple(memory.sources)
        found = finder.search(query, HITS, avoid=avoid, avoid_sources=sources)
        own = own_hits(self._kept, query, avoid)
        there = {hit.record.id for hit in own}
        return [*own, *(hit for hit in found if hit.record.id not in there)][:HITS]

    def _going(
        self, memory: _Memory, start: int, length: int, chords: Sequence[ChordSpan], at: int
    ) -> _Going | None:
        """The phrase that goes on over ``start``, if the chords there are those it was chosen for."""
        going = memory.going
        if going is None or going.length != length or not 0 <= start - going.start < going.bars * length:
            return None
        number = (start - going.start) // length
        expected = going.assumed.get(number)
        here = chords_in(chords, at * length, length)
        return going if expected is None or expected == here else None

    def _breathes(self, brief: Brief, memory: _Memory, start: int) -> bool:
        """Whether the lead rests for a bar between two phrases: likelier the longer it has played, the
        sparser and the calmer the band is to be. A bar of rest stays one, however often it is asked."""
        if memory.rested == start:
            return True
        if memory.began is None or memory.began > start:
            memory.began = start
        played = (start - memory.began) / brief.meter.bar_ticks
        if brief.role is not Role.LEAD or memory.wished is not None or played < 2:
            return False
        likely = (1.0 - brief.density) * (1.2 - 0.8 * brief.energy) * 0.35 * (played - 1)
        return chance(brief.seed, "library rest", brief.role, start) < min(0.8, likely)

    def _choose(
        self,
        brief: Brief,
        memory: _Memory,
        hits: Sequence[SearchHit],
        start: int,
        at: int,
        chords: Sequence[ChordSpan],
    ) -> _Going | None:
        wished, memory.wished = memory.wished, None
        transpose: int | None
        hit: SearchHit | None = None
        if wished is not None:
            record, transpose = wished, None
        elif hits:
            hit = _pick(hits, brief.temperature, stream(brief.seed, "library", brief.role, start))
            record, transpose = hit.record, hit.transpose
        else:
            return None
        length = brief.meter.bar_ticks
        bars = max(1, bars_in(record.phrase, brief.meter))
        assumed = {
            n: chords_in(chords, (at + n) * length, length)
            for n in range(bars)
            if known(chords, (at + n) * length, length)
        }
        if transpose is None:
            first = setting_for(brief, chords, at, min(bars, max(1, len(assumed))), (), PPQ)
            transpose = adapt(record, first).transpose
        going = memory.going = _Going(record, transpose, start, bars, length, assumed, hit)
        memory.recent.append(record.id)
        if record.source:
            memory.sources.append(record.source)
        return going


def _shown(found: Sequence[SearchHit], sounding: Sequence[_Going]) -> tuple[SearchHit, ...]:
    """What was found, the best first; what may sound yet stays in sight, also where it is not found again."""
    must = {g.record.id: g.hit for g in sounding if g.hit is not None}
    others = [h.record.id for h in found if h.record.id not in must][: max(0, HITS - len(must))]
    here = {h.record.id for h in found}
    again = [h for number, h in must.items() if number not in here]
    return (*(h for h in found if h.record.id in must or h.record.id in others), *again)


def _query(brief: Brief, chords: Sequence[ChordSpan], at: int) -> Query:
    start = at * brief.meter.bar_ticks
    coming = window(chords, start, 4 * brief.meter.bar_ticks)
    played = tuple(Note(n.onset - start, n.pitch, n.duration, n.velocity) for n in brief.just_played)
    energy = min(1.0, max(0.0, brief.energy + (brief.density - 0.5)))
    return Query(coming, brief.role, brief.style, brief.bars, brief.meter, played, energy, brief.tempo)


def _pick(hits: Sequence[SearchHit], temperature: float, draw: Random) -> SearchHit:
    """The best at temperature 0; the warmer, the likelier one of the others that fit about as well."""
    best = hits[0].score
    near = [h for h in hits if best - h.score <= TOO_CLOSE]
    warmth = _COLDEST + 0.12 * temperature
    weights = [exp((h.score + WANTED * h.record.kept - best) / warmth) for h in near]
    return draw.choices(near, weights)[0]


def _bar(brief: Brief, number: int, notes: tuple[Note, ...], of: tuple[PhraseRecord, Adapted] | None) -> Bar:
    length = brief.meter.bar_ticks
    start = number * length
    label = ref = ""
    if of is not None:
        record, made = of
        label = f"{record.phrase.name} ±{made.changes}" if made.changes else record.phrase.name
        ref = ref_of(record.id)
    return Bar(
        session=brief.session,
        role=brief.role,
        start_tick=brief.start_tick + start,
        length=length,
        plan_revision=brief.plan_revision,
        brief_id=brief.brief_id,
        # A beat beyond the bar: where its last note leads.
        chords_assumed=window(brief.chords, start, length + PPQ),
        origin=Source.LIBRARY,
        seed=brief.seed,
        notes=notes,
        label=label,
        ref=ref,
    )
