"""Briefs for the sources beside the reflex, and what becomes of the bars they offer.

A bar may come long before it is due: one for a bar that is not planned yet, or whose chords are expected but
not planned for, is kept, and takes its place when the plan gets there, if its chords hold then. A bar that
was displaced by a change of chord comes back when the plan returns to its chords.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from jamtui.music.meter import PPQ
from jamtui.music.phrase import FORECAST_BARS, Bar, Brief, ChordSpan, Note, Role, Source
from jamtui.music.scale import adds_colour
from jamtui.playback.commands import Splice
from jamtui.session.foresight import Foresight
from jamtui.session.guard import Judgement
from jamtui.session.planning import Planner
from jamtui.session.randomness import number
from jamtui.session.runway import RunwayBar
from jamtui.session.settings import PITCHED, BandSettings
from jamtui.session.voicelead import chord_table

BRIEF_BARS = 2
AHEAD = 32
"""Bars ahead for which offers are kept."""
REMEMBERED = 64
"""Bars of which is remembered how they were written."""
RANK = {Source.REFLEX: 0, Source.LIBRARY: 1, Source.MODEL: 2, Source.OLLAMA: 3, Source.YOU: 4}
"""Which source a bar is preferred from, when more than one was ready."""
ASKED = 5
"""Rank of the phrase that the player asked to hear (an audition), whatever its source."""
ASKED_BARS = 8
"""For so many bars it is preferred; then its source is what counts again."""

Tune = tuple[Role, tuple[tuple[int, int], ...]]
"""What a bar is heard by: whose it is, and onset (in ticks) and pitch of its notes."""
Banned = str | Tune
"""What is not taken again: a phrase of the library by its ``Bar.ref``, or bars by what is heard of them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of an offered bar: accepted with its commands; accepted with the reason ``kept``, for when
    the plan gets there; or refused with the reason's name: ``stale``, ``chords``, ``locked``, ``outranked``,
    ``unplanned``, ``stopped``, ``frozen``, ``banned`` or one of the guard's."""

    accepted: bool
    reason: str = ""
    bar: Bar | None = None
    commands: tuple[Splice, ...] = ()


class Desk:
    """Writes briefs and takes offers for one band."""

    def __init__(self, planner: Planner, foresight: Foresight) -> None:
        self.enabled = False
        self._planner = planner
        self._foresight = foresight
        self._briefed: dict[tuple[Role, int], tuple[int, tuple[ChordSpan, ...]]] = {}
        self._briefed_for: tuple[int, int, int, frozenset[Role]] | None = None
        """What the last briefs were written for: nothing new is wanted while it stays."""
        self._count = 0
        self._kept: dict[tuple[Role, int], Bar] = {}
        self._laid: tuple[int, int] = (-1, -1)
        self._banned: set[Banned] = set()
        self._asked: dict[Role, tuple[str, int]] = {}
        """The phrase that each role was asked for, and until which tick that holds."""
        self._written: dict[Banned, Tune] = {}
        """How bars were written that are heard otherwise because they were hedged."""

    def clear(self) -> None:
        """Forget which bars were briefed, and what was kept."""
        self._briefed.clear()
        self._briefed_for = None
        self._kept.clear()
        self._laid = (-1, -1)
        self._asked.clear()

    def ask(self, role: Role, ref: str, tick: int) -> None:
        """The player wants to hear the phrase ``ref`` from ``role`` now: its bars come before those of every
        source for the next bars."""
        line = self._planner.lines.bar_at(tick)
        self._asked[role] = (ref, line.start + ASKED_BARS * line.length)

    def ban(self, banned: Iterable[Banned]) -> None:
        """Take these for this session no more, those that wait here included."""
        heard = list(banned)
        self._banned.update(heard, (self._written[tune] for tune in heard if tune in self._written))
        self._kept = {key: bar for key, bar in self._kept.items() if not self._is_banned(bar)}

    def pardon(self, banned: Iterable[Banned]) -> None:
        """Take these again."""
        heard = list(banned)
        self._banned.difference_update(
            heard, (self._written[tune] for tune in heard if tune in self._written)
        )

    def tunes(self, bars: Iterable[RunwayBar], role: Role) -> frozenset[Tune]:
        """What is heard of ``bars`` of ``role``, and of the bars that wait behind the last of them and were
        called the same: the phrase, as far as it is here."""
        heard = list(bars)
        found = {_tune(role, ((n.tick - b.start, n.pitch) for n in b.notes)) for b in heard if b.notes}
        last = heard[-1]
        at = last.start + last.length
        while (kept := self._kept.get((role, at))) and (kept.origin, kept.label) == (last.source, last.label):
            if kept.notes:
                found.add(_tune(role, ((n.onset, n.pitch) for n in kept.notes)))
            at += kept.length
        return frozenset(found)

    def prune(self, tick: int) -> None:
        """Forget bars that are past."""
        if len(self._briefed) > 16:
            self._briefed = {k: v for k, v in self._briefed.items() if k[1] >= tick}
        if self._kept and min(start for _, start in self._kept) < tick:
            self._kept = {k: v for k, v in self._kept.items() if k[1] >= tick}
        if self._asked:
            self._asked = {role: asked for role, asked in self._asked.items() if asked[1] > tick}

    def briefs(
        self,
        now: int,
        bpm: float,
        settings_at: Callable[[int], BandSettings],
        energy_at: Callable[[int, int], float],
    ) -> list[Brief]:
        """Briefs for the bars after the present one, where chords are known; each bar once, and again when
        its chords or what the player wants changed."""
        if not self.enabled:
            return []
        planner = self._planner
        found: list[Brief] = []
        bar = planner.lines.next_bar(planner.lines.bar_at(now))
        if planner.ends_at is not None and bar.start >= planner.ends_at:
            return []
        settings, harmony = settings_at(bar.start), planner.harmony
        wanted = (planner.revision, harmony.version, bar.start, settings.roles)
        if wanted == self._briefed_for:
            return []
        self._briefed_for = wanted
        for role in PITCHED:
            if role not in settings.roles:
                continue
            key = (role, bar.start)
            chords = harmony.spans(bar.start, BRIEF_BARS * bar.length)
            if not chords or self._briefed.get(key) == (planner.revision, chords):
                continue
            self._briefed[key] = (planner.revision, chords)
            self._count += 1
            played = tuple(
                Note(n.tick - bar.start, n.pitch, n.duration, n.velocity, n.residual)
                for n in planner.runways[role].notes_from(bar.start - 2 * bar.length)
                if n.tick < bar.start
            )
            plays = planner.role_style(role, settings)
            found.append(
                Brief(
                    brief_id=f"{role.value}-{bar.start}-{self._count}",
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
                    density=settings.density,
                    surprise=settings.surprise,
                    seed=number(planner.seed, "brief", role, bar.start),
                    just_played=played,
                    deadline_ms=max(0, round((bar.start - now) * 60_000 / (bpm * PPQ)) - 75),
                    forecast=self._foresight.spans(bar.start, FORECAST_BARS * bar.length),
                    confidence=self._foresight.confidence,
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

    def useful(self, brief: Brief, tick: float) -> bool:
        """Whether any bar of ``brief`` that is still to come at ``tick`` would be taken as things are now."""
        planner = self._planner
        if brief.plan_revision != planner.revision:
            return False
        length = brief.meter.bar_ticks
        for told in (brief.chords, brief.forecast):
            bars = -(-max((s.start + s.length for s in told), default=0) // length)
            for at in range(0, bars * length, length):
                start = brief.start_tick + at
                if start > tick and self._comes(start, length, _cut(told, at, length)):
                    return True
        return False

    def offer(self, bar: Bar, locked: int, settings_at: Callable[[int], BandSettings]) -> Verdict:
        """``bar`` takes its place if it is still wanted, can still be replaced and passes the guard; or is
        kept for later. ``locked``: notes before this tick may be locked."""
        planner = self._planner
        if bar.session != planner.session or bar.plan_revision != planner.revision:
            return self.refuse("stale")
        if bar.start_tick < locked:
            return self.refuse("locked")
        chords = _cut(bar.chords_assumed, 0, bar.length)
        runway = planner.runways[bar.role]
        present = runway.bar_at(bar.start_tick)
        if present is not None and (present.start != bar.start_tick or bar.role is Role.DRUMS):
            return self.refuse("unplanned")
        if present is not None and present.length != bar.length:
            return self.refuse("length")
        planned = present is not None and self._holds(bar, chords)
        if not planned and (why := self._not_kept(bar, chords)):
            return self.refuse(why)
        kept = self._kept.get((bar.role, bar.start_tick))
        if kept is not None and not planned and self._rank(kept) > self._rank(bar):
            return self.refuse("outranked")
        if present is not None and planned and self._laid_rank(bar.role, present) > self._rank(bar):
            return self.refuse("outranked")
        judged = self._judge(bar, settings_at)
        if judged.bar is None:
            return Verdict(False, judged.reason)
        if self._is_banned(bar) or self._is_banned(judged.bar):
            return self.refuse("banned")
        if kept is None or self._rank(kept) <= self._rank(bar):
            self._kept[bar.role, bar.start_tick] = bar
        if not planned:
            return Verdict(True, "kept", judged.bar)
        return Verdict(True, "", judged.bar, (self._lay(judged.bar, locked),))

    def lay_kept(self, locked: int, settings_at: Callable[[int], BandSettings]) -> list[Splice]:
        """Kept bars take their places where the plan has come to them and their chords hold."""
        planner = self._planner
        now = (planner.harmony.version, planner.planned_until)
        if not self._kept or now == self._laid:
            return []
        self._laid = now
        splices: list[Splice] = []
        for (role, start), bar in sorted(self._kept.items(), key=lambda item: (item[0][1], item[0][0])):
            if start < locked or bar.plan_revision != planner.revision:
                continue
            present = planner.runways[role].bar_at(start)
            if present is None or (present.start, present.length) != (start, bar.length):
                continue
            if self._laid_rank(role, present) >= self._rank(bar):
                continue
            if not self._holds(bar, _cut(bar.chords_assumed, 0, bar.length)):
                continue
            judged = self._judge(bar, settings_at).bar
            if judged is not None and not self._is_banned(bar) and not self._is_banned(judged):
                splices.append(self._lay(judged, locked))
        return splices

    def _rank(self, bar: Bar) -> int:
        return self._rank_of(bar.role, bar.origin, bar.ref)

    def _laid_rank(self, role: Role, bar: RunwayBar) -> int:
        return self._rank_of(role, bar.source, bar.ref)

    def _rank_of(self, role: Role, source: Source, ref: str) -> int:
        asked = bool(ref) and self._asked.get(role, ("", 0))[0] == ref
        return ASKED if asked else RANK[source]

    def _is_banned(self, bar: Bar) -> bool:
        return bool(self._banned) and (bar.ref in self._banned or _heard(bar) in self._banned)

    def _judge(self, bar: Bar, settings_at: Callable[[int], BandSettings]) -> Judgement:
        planner = self._planner
        after = planner.harmony.spans(bar.start_tick + bar.length, PPQ)
        assumed = (
            *_cut(bar.chords_assumed, 0, bar.length),
            *(ChordSpan(bar.length + s.start, s.length, s.chord) for s in after),
        )
        settings = settings_at(bar.start_tick)
        longer = replace(bar, chords_assumed=assumed)
        hedged = planner.hedged(longer, settings)
        judged = planner.guard.check(hedged, planner.limits(bar.role, settings))
        if hedged is not longer and judged.bar is not None:
            if len(self._written) >= REMEMBERED:
                self._written.pop(next(iter(self._written)))
            self._written[_heard(judged.bar)] = _heard(bar)
        return judged

    def _lay(self, bar: Bar, locked: int) -> Splice:
        first = self._planner.accept(bar, bar.start_tick)
        return self._planner.splice(bar.role, first if first >= locked else bar.start_tick)

    def _not_kept(self, bar: Bar, chords: tuple[ChordSpan, ...]) -> str:
        """Why a bar that does not fit the plan as it is may not wait; empty where it may."""
        planner = self._planner
        line = planner.lines.bar_at(bar.start_tick)
        if bar.role is Role.DRUMS or line.start != bar.start_tick:
            return "unplanned"
        if line.length != bar.length:
            return "length"
        if bar.start_tick > planner.planned_until + AHEAD * bar.length:
            return "unplanned"
        return "" if self._comes(bar.start_tick, bar.length, chords) else "chords"

    def _holds(self, bar: Bar, chords: tuple[ChordSpan, ...]) -> bool:
        """Whether ``chords``, for which ``bar`` was made, are the plan's, or the plan's only add colour to
        them and every note is right under those that do."""
        harmony = self._planner.harmony
        now = harmony.spans(bar.start_tick, bar.length)
        pairs = list(zip(chords, now, strict=False))
        if len(chords) != len(now) or any((a.start, a.length) != (b.start, b.length) for a, b in pairs):
            return False
        for made_for, span in pairs:
            if made_for.chord == span.chord:
                continue
            if not adds_colour(made_for.chord, span.chord, harmony.key):
                return False
            right = chord_table(span.chord, harmony.key).passing(bar.role)
            under = (n for n in bar.notes if span.start <= n.onset < span.start + span.length)
            if not all(n.pitch % 12 in right for n in under):
                return False
        return True

    def _comes(self, start: int, length: int, chords: tuple[ChordSpan, ...]) -> bool:
        """Whether ``chords`` are planned, or expected, for the bar at ``start``."""
        if chords == self._planner.harmony.spans(start, length):
            return True
        expected = _cut(self._foresight.spans(start, length), 0, length)
        return bool(chords) and chords == expected


def _heard(bar: Bar) -> Tune:
    return _tune(bar.role, ((n.onset, n.pitch) for n in bar.notes))


def _tune(role: Role, notes: Iterable[tuple[int, int]]) -> Tune:
    return role, tuple(sorted(notes))


def _cut(spans: tuple[ChordSpan, ...], start: int, length: int) -> tuple[ChordSpan, ...]:
    """What of ``spans`` lies in ``length`` ticks from ``start``, relative to it, equal neighbours joined."""
    joined: list[ChordSpan] = []
    for span in spans:
        at, end = max(0, span.start - start), min(span.start + span.length - start, length)
        if end <= at:
            continue
        last = joined[-1] if joined else None
        if last and last.chord == span.chord and last.start + last.length == at:
            joined[-1] = ChordSpan(last.start, end - last.start, last.chord)
        else:
            joined.append(ChordSpan(at, end - at, span.chord))
    return tuple(joined)
