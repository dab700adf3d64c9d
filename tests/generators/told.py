"""A source that behaves as a test tells it, bar by bar: in time, too late, nonsense, broken."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace

from jamtui.music.phrase import Bar, Brief, ChordSpan, Note, Role, Source

BAR = 3840
TONES = ((62, 65, 69, 72), (67, 71, 74, 77), (64, 67, 71, 72), (69, 73, 76, 79))
"""Chord tones of the loop's bars."""
RANKS = (Source.LIBRARY, Source.MODEL, Source.OLLAMA)
WELL = ("at once", "soon", "just in time")
ILL = ("too late", "out of range", "out of key", "too many", "other chords", "too short", "stale", "never")
ILL += ("broken", "nothing", "garbled")


def line(source: Source, number: int) -> tuple[int, ...]:
    """What ``source`` plays in bar ``number``: another order for each."""
    turn = RANKS.index(source) + 1
    tones = TONES[number % 4]
    return tones[turn:] + tones[:turn]


@dataclass
class Told:
    """A source that behaves as it is told, by bar; ``well`` bars are chord tones."""

    source: Source
    behaviour: Mapping[int, str]
    name: str = ""
    seen: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name = self.name or self.source.name.lower()

    async def bars(self, brief: Brief) -> AsyncIterator[Bar]:
        """As told for the brief's first bar."""
        if brief.role is not Role.LEAD:
            return
        number = brief.bar_number
        self.seen.append(number)
        how = self.behaviour.get(number, "nothing")
        left = brief.deadline_ms / 1000
        if how in ("at once", "soon", "just in time"):
            await asyncio.sleep({"at once": 0, "soon": left * 0.4, "just in time": left * 0.9}[how])
        elif how == "too late":
            await asyncio.sleep(left + 0.2)
        elif how == "never":
            await asyncio.Event().wait()
        elif how == "broken":
            raise RuntimeError("a source that breaks")
        elif how == "nothing":
            return
        yield self._bar(brief, number, how)

    def _bar(self, brief: Brief, number: int, how: str) -> Bar:
        notes = tuple(Note(n * 960, p, 900) for n, p in enumerate(line(self.source, number)))
        chords = tuple(ChordSpan(s.start, s.length, s.chord) for s in brief.chords if s.start <= BAR)
        where = (brief.start_tick, BAR, brief.plan_revision, brief.brief_id)
        bar = Bar(brief.session, brief.role, *where, chords, self.source, 1, notes, self.name)
        if how == "out of range":
            return replace(bar, notes=tuple(replace(n, pitch=n.pitch - 48) for n in notes))
        if how == "out of key":
            wrong = (61, 68, 61, 68) if number % 4 != 3 else (60, 68, 60, 68)  # by leaps: nothing resolves
            return replace(bar, notes=tuple(Note(n * 960, p, 900) for n, p in enumerate(wrong)))
        if how == "too many":
            return replace(bar, notes=tuple(Note(n * 60, 60 + n % 12, 60) for n in range(64)))
        if how == "other chords":
            told = tuple(replace(s, chord=s.chord.transpose(1)) for s in chords)
            return replace(bar, chords_assumed=told)
        if how == "too short":
            return replace(bar, length=BAR // 2)
        if how == "stale":
            return replace(bar, plan_revision=brief.plan_revision - 1)
        if how == "garbled":
            return replace(bar, notes=(Note(-5, 60, 10), Note(99_999, 60, 10)))
        return bar
