"""Generators that tests plug into the worker process."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from jamtui.music.meter import PPQ
from jamtui.music.phrase import Bar, Brief, ChordSpan, Note, Role, Source

LOUD = 111
"""Velocity by which a note of the test generators is known."""


def bar_for(
    brief: Brief, number: int, notes: tuple[Note, ...], source: Source, revision: int | None = None
) -> Bar:
    """The ``number``-th bar of a brief."""
    length = brief.meter.bar_ticks
    start = number * length
    end = start + length
    chords = tuple(
        ChordSpan(max(0, c.start - start), min(c.start + c.length, end) - max(c.start, start), c.chord)
        for c in brief.chords
        if c.start < end and c.start + c.length > start
    )
    return Bar(
        session=brief.session,
        role=brief.role,
        start_tick=brief.start_tick + start,
        length=length,
        plan_revision=brief.plan_revision if revision is None else revision,
        brief_id=brief.brief_id,
        chords_assumed=chords,
        origin=source,
        seed=brief.seed,
        notes=notes,
        label="from a test",
    )


def root_notes(brief: Brief) -> tuple[Note, ...]:
    """Four notes on the root, one of them far out of the lead's range."""
    root = brief.chords[0].chord.root
    return tuple(
        Note(beat * PPQ, (root or 0) + (12 if beat == 3 else 72), PPQ // 2, LOUD)
        for beat in range(brief.meter.bar_ticks // PPQ)
    )


@dataclass(frozen=True, slots=True)
class Playing:
    """Answers each brief of the lead with bars that the guard has to mend."""

    name: str = "test model"
    source: Source = Source.MODEL

    async def bars(self, brief: Brief) -> AsyncIterator[Bar]:
        if brief.role is Role.LEAD:
            yield bar_for(brief, 0, root_notes(brief), self.source)


@dataclass(frozen=True, slots=True)
class Stale:
    """Answers with a plan revision that is past."""

    name: str = "test library"
    source: Source = Source.LIBRARY

    async def bars(self, brief: Brief) -> AsyncIterator[Bar]:
        yield bar_for(brief, 0, root_notes(brief), self.source, brief.plan_revision - 1)


@dataclass(frozen=True, slots=True)
class Failing:
    """Raises at every brief."""

    name: str = "test failure"
    source: Source = Source.OLLAMA

    async def bars(self, brief: Brief) -> AsyncIterator[Bar]:
        if brief.bars:
            raise RuntimeError("the model has a cold")
        yield bar_for(brief, 0, (), self.source)


@dataclass(frozen=True, slots=True)
class Silent:
    """Never answers; writes down how many briefs were cancelled."""

    name: str = "test silence"
    source: Source = Source.LIBRARY

    async def bars(self, brief: Brief) -> AsyncIterator[Bar]:
        try:
            await asyncio.sleep(3600)
        finally:
            with Path(os.environ["JAMTUI_TEST_CANCELLED"]).open("a") as file:
                file.write(f"{brief.brief_id}\n")
        yield bar_for(brief, 0, (), self.source)


@dataclass(frozen=True, slots=True)
class ModulesWriter:
    """Writes down which modules the worker process has loaded."""

    name: str = "modules"
    source: Source = Source.MODEL

    async def bars(self, brief: Brief) -> AsyncIterator[Bar]:
        path = Path(os.environ["JAMTUI_TEST_MODULES"])
        path.with_suffix(".new").write_text("\n".join(sys.modules))
        path.with_suffix(".new").replace(path)
        return
        yield  # makes this an iterator


playing, stale, failing, silent, modules_writer = Playing, Stale, Failing, Silent, ModulesWriter
