"""What an LLM should write next: which of the coming bars are missing, and by when they are due. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from jamtui.generators.pacing import LOCK_S, MIN_CONFIDENCE, Pacing
from jamtui.generators.shelf import Place, Shelf, alike, bar_chords, wish_of
from jamtui.music.chord import Family
from jamtui.music.meter import PPQ
from jamtui.music.phrase import Brief, ChordSpan, Role

LOCK_MS = 75
"""What the engine takes off a brief's deadline: notes may be locked so long before they are due."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """The coming bars of one role, as its newest brief has them. ``received``: when it came, in seconds."""

    brief: Brief
    received: float

    @property
    def bar_s(self) -> float:
        """Seconds a bar lasts."""
        return self.brief.meter.bar_ticks * 60 / (self.brief.tempo * PPQ)

    @property
    def spans(self) -> tuple[ChordSpan, ...]:
        """The chords that are worth writing for."""
        brief = self.brief
        sure = brief.forecast and brief.confidence >= MIN_CONFIDENCE
        return brief.forecast if sure else brief.chords

    def starts_at(self, tick: int) -> float:
        """When the bar line at ``tick`` comes, in seconds."""
        brief = self.brief
        first = self.received + (brief.deadline_ms + LOCK_MS) / 1000
        return first + (tick - brief.start_tick) * 60 / (brief.tempo * PPQ)

    def over(self, now: float) -> bool:
        """Whether the music went on (or stopped) without a newer brief."""
        return now > self.starts_at(self.brief.start_tick + self.brief.bars * self.brief.meter.bar_ticks)

    def place(self, number: int) -> Place | None:
        """Where the ``number``-th bar from the brief's first belongs; None where its chords are not known."""
        brief = self.brief
        length = brief.meter.bar_ticks
        chords = bar_chords(self.spans, number * length, length)
        if chords is None:
            return None
        return Place(brief.role, brief.style, brief.meter.name, chords, wish_of(brief))

    def tick(self, number: int) -> int:
        """The bar line of the ``number``-th bar from the brief's first."""
        return self.brief.start_tick + number * self.brief.meter.bar_ticks


@dataclass(frozen=True, slots=True)
class Job:
    """Bars to be written: ``bars`` of them, from the ``first``-th after the brief's own first on."""

    ahead: Ahead
    first: int
    bars: int
    places: tuple[Place, ...]

    @property
    def role(self) -> Role:
        """Whose bars they are."""
        return self.ahead.brief.role


def next_job(ahead: Ahead, shelf: Shelf, pacing: Pacing, now: float) -> Job | None:
    """The nearest bars that are missing and can still be in time; None while enough is written."""
    meant: set[int] = set()
    missing: list[Place] = []
    first = 0
    number = 0
    ended = False
    while number < pacing.reach:
        place = ahead.place(number)
        if place is None:
            ended = True
            break
        tick = ahead.tick(number)
        silent = all(c.chord.family is Family.NONE for c in place.chords)
        found = None if silent else shelf.find(place, tick, meant)
        if found is not None and found.place.wish != place.wish:
            found = None  # it is played only where nothing newer is there in time
        if found is not None or silent:
            if found is not None:
                meant.add(found.number)
            if missing:
                ended = True
                break
        elif missing or ahead.starts_at(tick) - now >= pacing.ahead_s:
            if not missing:
                first = number
            missing.append(place)
            if len(missing) == pacing.bars:
                ended = True
                break
        number += 1
    if not missing or not ended:
        return None  # nothing, or not yet enough for a whole request
    return Job(ahead, first, len(missing), tuple(missing))


def still_useful(job: Job, ahead: Ahead | None, whole: int, now: float, ready_in: Sequence[float]) -> str:
    """Empty while a bar of ``job`` that is not whole yet can be of use; else why not: ``stopped``,
    ``changed`` or ``late``.

    Args:
        job: what is being written.
        ahead: the newest brief of its role.
        whole: how many of its bars are whole.
        now: the time in seconds.
        ready_in: seconds from now until the next, the next but one ... bar of it is whole.
    """
    if ahead is None or ahead.over(now):
        return "stopped"
    old, new = job.ahead.brief, ahead.brief
    if (old.session, old.style, old.meter) != (new.session, new.style, new.meter):
        return "changed"
    if wish_of(old) != wish_of(new):
        return "changed"
    wanted = False
    for number, seconds in zip(range(whole, job.bars), ready_in, strict=False):
        tick = job.ahead.tick(job.first + number)
        steps = (tick - new.start_tick) // new.meter.bar_ticks
        if tick < new.start_tick:
            continue
        place = ahead.place(steps) if ahead.tick(steps) == tick else None
        if place is None or not alike(place.chords, job.places[number].chords):
            continue
        wanted = True
        if now + seconds <= ahead.starts_at(tick) - LOCK_S:
            return ""
    return "late" if wanted else "changed"
