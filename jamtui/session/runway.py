"""The runway of one role: bars that were played or are planned, replaceable from any tick."""

from dataclasses import dataclass, replace

from jamtui.music.phrase import Bar, ChordSpan, Note, Role, Source
from jamtui.playback.commands import PlannedNote

KEPT_BARS = 3
"""Bars behind now that are kept for the piano roll."""


@dataclass(frozen=True, slots=True)
class RunwayBar:
    """One bar of one role. ``notes`` carry absolute ticks, in order."""

    start: int
    length: int
    notes: tuple[PlannedNote, ...]
    source: Source
    label: str
    brief_id: str
    chords: tuple[ChordSpan, ...]
    ref: str = ""
    """What the material is at its source (``Bar.ref``)."""

    @property
    def end(self) -> int:
        """The next bar line."""
        return self.start + self.length

    def again(self, session: str, role: Role, revision: int, seed: int, start: int | None = None) -> Bar:
        """It as a bar on the move once more: to be judged anew, or (at ``start``) to be repeated."""
        return Bar(
            session=session,
            role=role,
            start_tick=self.start if start is None else start,
            length=self.length,
            plan_revision=revision,
            brief_id=self.brief_id,
            chords_assumed=self.chords,
            origin=self.source,
            seed=seed,
            notes=tuple(
                Note(n.tick - self.start, n.pitch, n.duration, n.velocity, n.residual) for n in self.notes
            ),
            label=self.label,
            ref=self.ref,
        )


class Runway:
    """The bars of one role, in order and without gaps."""

    def __init__(self, role: Role) -> None:
        self.role = role
        self.bars: list[RunwayBar] = []
        self._forgotten: tuple[PlannedNote, ...] = ()
        self.revision = 0
        """Goes up with every change."""

    @property
    def covered_until(self) -> int | None:
        """Until which tick what the role does is planned, rests included; None when nothing is."""
        return self.bars[-1].end if self.bars else None

    def bar_at(self, tick: int) -> RunwayBar | None:
        """The bar that contains ``tick``."""
        for bar in reversed(self.bars):
            if bar.start <= tick < bar.end:
                return bar
        return None

    def notes_from(self, tick: int) -> tuple[PlannedNote, ...]:
        """All notes from ``tick`` on."""
        return tuple(n for bar in self.bars if bar.end > tick for n in bar.notes if n.tick >= tick)

    def last_before(self, tick: int) -> tuple[PlannedNote, ...]:
        """The last note, or the last notes that begin together, before ``tick``."""
        for bar in reversed(self.bars):
            if bar.start >= tick:
                continue
            earlier = [n for n in bar.notes if n.tick < tick]
            if earlier:
                last = earlier[-1].tick
                return tuple(n for n in earlier if n.tick == last)
        return self._forgotten

    def put(self, bar: RunwayBar) -> None:
        """Add ``bar`` at the end, or in place of the one that starts at the same tick."""
        self.revision += 1
        for index in range(len(self.bars) - 1, -1, -1):
            if self.bars[index].start == bar.start:
                self.bars[index] = bar
                return
        self.bars.append(bar)

    def cut(self, tick: int) -> None:
        """Drop what is planned from ``tick`` on; the bar around it keeps its earlier notes and ends there."""
        self.revision += 1
        while self.bars and self.bars[-1].start >= tick:
            self.bars.pop()
        if self.bars and self.bars[-1].end > tick:
            last = self.bars[-1]
            kept = tuple(n for n in last.notes if n.tick < tick)
            self.bars[-1] = replace(last, length=tick - last.start, notes=kept)

    def sounding_at(self, tick: int) -> tuple[PlannedNote, ...]:
        """Notes that begin at or before ``tick`` and end after it, as they are written."""
        return tuple(
            n
            for bar in self.bars
            if bar.start <= tick
            for n in bar.notes
            if n.tick <= tick < n.tick + n.duration
        )

    def drop(self, after: int, before: int, pitch_classes: frozenset[int]) -> int | None:
        """Drop notes of ``pitch_classes`` that begin after ``after`` and before ``before``. Returns the tick
        of the first that went."""
        first: int | None = None
        for index, bar in enumerate(self.bars):
            if bar.end <= after or bar.start >= before:
                continue
            gone = [n for n in bar.notes if after < n.tick < before and n.pitch % 12 in pitch_classes]
            if gone:
                first = gone[0].tick if first is None else first
                self.bars[index] = replace(bar, notes=tuple(n for n in bar.notes if n not in gone))
                self.revision += 1
        return first

    def trim_into(self, tick: int, onset: int) -> int | None:
        """Shorten notes that begin before ``tick`` and would sound past ``onset`` (a single line's next
        note). Returns the first tick that changed."""
        first: int | None = None
        for index in range(len(self.bars) - 1, -1, -1):
            bar = self.bars[index]
            if bar.end + bar.length < tick:
                break
            if not any(n.tick < tick and n.tick + n.duration > onset for n in bar.notes):
                continue
            notes = []
            for note in bar.notes:
                if note.tick < tick and note.tick + note.duration > onset:
                    note = replace(note, duration=max(1, onset - note.tick))
                    first = note.tick if first is None else min(first, note.tick)
                notes.append(note)
            self.bars[index] = replace(bar, notes=tuple(notes))
            self.revision += 1
        return first

    def prune(self, tick: int) -> None:
        """Forget bars that ended long before ``tick``."""
        while len(self.bars) > KEPT_BARS and self.bars[KEPT_BARS - 1].end < tick:
            gone = self.bars.pop(0).notes
            if gone:
                self._forgotten = tuple(n for n in gone if n.tick == gone[-1].tick)

    def clear(self) -> None:
        """Nothing is planned, nothing was played."""
        self._forgotten = ()
        self.bars.clear()
        self.revision += 1
