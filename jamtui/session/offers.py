"""Briefs for the sources beside the reflex, and what becomes of the bars they offer."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from jamtui.music.meter import PPQ
from jamtui.music.phrase import FORECAST_BARS, Bar, Brief, ChordSpan, Note, Role, Source
from jamtui.playback.commands import Splice
from jamtui.session.planning import Planner
from jamtui.session.randomness import number
from jamtui.session.settings import PITCHED, BandSettings

BRIEF_BARS = 2
RANK = {Source.REFLEX: 0, Source.LIBRARY: 1, Source.MODEL: 2, Source.OLLAMA: 3, Source.YOU: 4}
"""Which source a bar is preferred from, when more than one was ready."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of an offered bar: accepted with its commands, or refused with the reason's name: ``stale``,
    ``chords``, ``locked``, ``outranked``, ``unplanned``, ``stopped``, ``frozen`` or one of the guard's."""

    accepted: bool
    reason: str = ""
    bar: Bar | None = None
    commands: tuple[Splice, ...] = ()


class Desk:
    """Writes briefs and takes offers for one band."""

    def __init__(self, planner: Planner) -> None:
        self.enabled = False
        self._planner = planner
        self._briefed: dict[tuple[Role, int], int] = {}

    def clear(self) -> None:
        """Forget which bars were briefed."""
        self._briefed.clear()

    def prune(self, tick: int) -> None:
        """Forget bars that are past."""
        if len(self._briefed) > 16:
            self._briefed = {k: v for k, v in self._briefed.items() if k[1] >= tick}

    def briefs(
        self,
        now: int,
        bpm: float,
        settings_at: Callable[[int], BandSettings],
        energy_at: Callable[[int, int], float],
    ) -> list[Brief]:
        """Briefs for the bars after the present one, where chords are known; each bar and revision once."""
        if not self.enabled:
            return []
        planner = self._planner
        found: list[Brief] = []
        bar = planner.lines.next_bar(planner.lines.bar_at(now))
        if planner.ends_at is not None and bar.start >= planner.ends_at:
            return []
        settings = settings_at(bar.start)
        for role in PITCHED:
            if role not in settings.roles:
                continue
            key = (role, bar.start)
            if self._briefed.get(key) == planner.revision:
                continue
            self._briefed[key] = planner.revision
            harmony = planner.harmony
            chords = harmony.spans(bar.start, BRIEF_BARS * bar.length)
            if not chords:
                continue
            played = tuple(
                Note(n.tick - bar.start, n.pitch, n.duration, n.velocity, n.residual)
                for n in planner.runways[role].notes_from(bar.start - 2 * bar.length)
                if n.tick < bar.start
            )
            plays = planner.role_style(role, settings)
            found.append(
                Brief(
                    brief_id=f"{role.value}-{bar.start}-{planner.revision}",
                    session=planner.session,
                    role=role,
                    style=settings.style,
                    meter=bar.meter,
                    start_tick=bar.start,
                    bars=BRIEF_BARS,
                    chords=chords,
                    plan_revision=planner.revision,
                    tempo=bpm,
                    temperature=settings.temperature,
                    energy=energy_at(bar.start, now),
                    seed=number(planner.seed, "brief", role, bar.start),
                    just_played=played,
                    deadline_ms=max(0, round((bar.start - now) * 60_000 / (bpm * PPQ)) - 75),
                    forecast=harmony.spans(bar.start, FORECAST_BARS * bar.length),
                    confidence=harmony.confidence,
                    key=harmony.key.words if harmony.key else "",
                    chart=harmony.chart_name,
                    bar_number=bar.number,
                    low=plays.low,
                    high=plays.high,
                    level=plays.level,
                )
            )
        return found

    def refuse(self, reason: str) -> Verdict:
        """Refuse, and count it."""
        self._planner.guard.refuse(reason)
        return Verdict(False, reason)

    def offer(self, bar: Bar, locked: int, settings_at: Callable[[int], BandSettings]) -> Verdict:
        """``bar`` takes its place if it is still wanted, can still be replaced and passes the guard.
        ``locked``: notes before this tick may be locked."""
        planner = self._planner
        if bar.session != planner.session or bar.plan_revision != planner.revision:
            return self.refuse("stale")
        if bar.start_tick < locked:
            return self.refuse("locked")
        runway = planner.runways[bar.role]
        present = runway.bar_at(bar.start_tick)
        if present is None or present.start != bar.start_tick or bar.role is Role.DRUMS:
            return self.refuse("unplanned")
        if present.length != bar.length:
            return self.refuse("length")
        if _clip(bar.chords_assumed, bar.length) != planner.harmony.spans(bar.start_tick, bar.length):
            return self.refuse("chords")
        if RANK[present.source] > RANK[bar.origin]:
            return self.refuse("outranked")
        longer = replace(bar, chords_assumed=planner.harmony.spans(bar.start_tick, bar.length + PPQ))
        judged = planner.guard.check(longer, planner.limits(bar.role, settings_at(bar.start_tick)))
        if judged.bar is None:
            return Verdict(False, judged.reason)
        first = planner.accept(judged.bar, bar.start_tick)
        start = first if first >= locked else bar.start_tick
        return Verdict(True, "", judged.bar, (planner.splice(bar.role, start),))


def _clip(spans: tuple[ChordSpan, ...], length: int) -> tuple[ChordSpan, ...]:
    """Spans within the bar, equal neighbours joined."""
    joined: list[ChordSpan] = []
    for span in spans:
        end = min(span.start + span.length, length)
        if span.start >= length or end <= span.start:
            continue
        last = joined[-1] if joined else None
        if last and last.chord == span.chord and last.start + last.length == span.start:
            joined[-1] = ChordSpan(last.start, end - last.start, last.chord)
        else:
            joined.append(ChordSpan(span.start, end - span.start, span.chord))
    return tuple(joined)
