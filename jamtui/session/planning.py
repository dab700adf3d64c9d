"""Plans bars: asks the reflex (or the drummer) for them, has the guard check them, keeps the runways."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from jamtui.music.meter import PPQ, SIXTEENTH
from jamtui.music.phrase import Bar, ChordSpan, Note, Role, Source
from jamtui.playback.commands import PlannedNote, Splice
from jamtui.session.barlines import BarLines, BarSpan
from jamtui.session.drumming import Drummer
from jamtui.session.guard import Guard, Limits
from jamtui.session.harmony import Harmony
from jamtui.session.hedging import Hedger
from jamtui.session.reflex import Answered, Ask, ReflexPlayer
from jamtui.session.runway import Runway, RunwayBar
from jamtui.session.settings import PITCHED, ROLES, BandSettings, audible
from jamtui.session.shelf import Shelf
from jamtui.session.voicelead import chord_table, surprise_of
from jamtui.styles.style import Feel, RoleStyle, Style

RANGES: dict[Role, tuple[int, int]] = {
    Role.LEAD: (55, 84),
    Role.BASS: (28, 55),
    Role.COMP: (48, 79),
    Role.DRUMS: (35, 82),
}
"""Ranges where a style says nothing."""

HUSH = SIXTEENTH
"""After an answer nothing else begins for this long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A new chord to be answered: where its first notes go, what is safe until when, its trigger, and the
    stamp at which it was known (later than the trigger for a revision). ``since``: the grid point at which a
    revised chord was being answered already, None for a new one."""

    tick: int
    trigger_ns: int
    known_ns: int
    safe: frozenset[int] = frozenset()
    safe_until: int = 0
    since: int | None = None


class Planner:
    """Bars of all roles. ``settings_at`` gives the settings that hold at a tick, ``energy_at`` how lively
    the band is there as far as it was known at a second tick; ``ends_at`` is the tick of the last hit once
    an ending was asked for."""

    def __init__(
        self,
        session: str,
        seed: int,
        shelf: Shelf,
        styles: Mapping[str, Style],
        lines: BarLines,
        settings_at: Callable[[int], BandSettings],
        energy_at: Callable[[int, int], float],
    ) -> None:
        self.session = session
        self.seed = seed
        self.shelf = shelf
        self.styles = styles
        self.lines = lines
        self.harmony = Harmony(lines)
        self.hedger = Hedger(self.harmony)
        self.guard = Guard()
        self.runways = {role: Runway(role) for role in ROLES}
        self.players = {role: ReflexPlayer(role, shelf, seed) for role in PITCHED}
        self.drummer = Drummer(seed)
        self.revision = 0
        self.planned_until = 0
        self.began = 0
        self.known_at = 0
        self.accepted: list[Bar] = []
        """Bars put on the runway since somebody last took them."""
        self.ends_at: int | None = None
        self.groove_since: list[tuple[int, int]] = [(0, 0)]
        """(tick, bar number) where grooves began anew."""
        self._settings_at = settings_at
        self._energy_at = energy_at

    def reseed(self, seed: int) -> None:
        """All chance in what is planned from now on comes from ``seed``."""
        self.seed = seed
        for player in self.players.values():
            player.seed = seed
        self.drummer = Drummer(seed)

    def restart(self, lines: BarLines, from_tick: int) -> None:
        """Forget what was planned; playing begins at ``from_tick``, in a bar or at its line."""
        self.began = from_tick
        self.lines = lines
        self.harmony.restart(lines)
        self.ends_at = None
        self.planned_until = lines.bar_at(from_tick).start
        first = lines.bar_at(from_tick)
        self.groove_since = [(first.start, first.number)]
        self.revision += 1
        for runway in self.runways.values():
            runway.clear()
        for player in self.players.values():
            player.forget(-(1 << 60))

    def role_style(self, role: Role, settings: BandSettings) -> RoleStyle:
        """How ``role`` plays in the style of ``settings``."""
        style = self.styles.get(settings.style)
        if style is not None and role in style.roles:
            return style.roles[role]
        low, high = RANGES[role]
        return RoleStyle(Feel(), low, high, 0.6)

    def extend(self, until: int) -> list[Splice]:
        """Plan whole bars up to the bar line ``until`` for every role."""
        splices: list[Splice] = []
        while self.planned_until < until:
            bar = self.lines.bar_at(self.planned_until)
            # A fixed time before the bar, so that the moment of planning does not matter.
            self.known_at = bar.start - bar.length
            for role in ROLES:
                if role in self._settings_at(bar.start).roles:
                    first = self._plan(role, bar, max(bar.start, self.began), None, 0)
                    splices.append(self.splice(role, first))
            self.planned_until = bar.end
        return splices

    def replan(
        self, roles: Iterable[Role], tick: int, known_at: int, answer: Answer | None = None
    ) -> dict[Role, int]:
        """Plan ``roles`` anew from ``tick`` on, by what was known at ``known_at``. Returns from where each
        role's notes changed."""
        return {role: min(self.replan_bars(role, tick, known_at, answer), default=tick) for role in roles}

    def replan_bars(
        self, role: Role, tick: int, known_at: int, answer: Answer | None = None
    ) -> Iterator[int]:
        """The same for one role, bar by bar: from where its notes changed with each of them. The iterator
        must be used up."""
        self.known_at = known_at
        self.runways[role].cut(tick)
        if role not in self._settings_at(tick).roles:
            return
        bar, start = self.lines.bar_at(tick), tick
        hush = answer.tick + HUSH if answer else 0
        while bar.start < self.planned_until:
            yield self._plan(role, bar, start, answer, hush)
            bar = self.lines.next_bar(bar)
            start = bar.start

    def splice(
        self,
        role: Role,
        from_tick: int,
        *,
        wrong: frozenset[int] = frozenset(),
        withdraw_ns: int = 0,
        at_once: bool = False,
        trigger_ns: int = 0,
        stale_from: int | None = None,
        until: int | None = None,
        follows: bool = False,
    ) -> Splice:
        """The command that tells the output loop about ``role`` from ``from_tick`` on, or up to ``until``
        with the rest to follow."""
        notes = self.runways[role].notes_from(from_tick)
        if until is not None:
            notes = tuple(n for n in notes if n.tick < until)
        return Splice(role, from_tick, notes, wrong, withdraw_ns, at_once, trigger_ns, stale_from, follows)

    def replace_sounding(self, role: Role, tick: int, until: int, answer: Answer) -> bool:
        """Put a right note (or voicing) at ``tick`` in place of what sounds there, up to ``until``, where the
        chord of ``answer`` holds. False where that chord has nothing to say."""
        chord = self.harmony.at(answer.tick)
        if chord is None:
            return False
        settings = self._settings_at(tick)
        bar = self.lines.bar_at(tick)
        onset = tick - bar.start
        ask = self._ask(role, bar, tick, settings, self._energy_at(tick, tick), answer, 0)
        if self.ends_at is not None and bar.start >= self.ends_at:
            # The last hit of the piece is held.
            until = bar.end
        notes = self.players[role].in_place(ask, chord, until - tick, self.harmony)
        spans = (
            *self.harmony.spans(bar.start, onset),
            ChordSpan(onset, bar.length - onset + PPQ, chord),
        )
        made = replace(self._bar(role, bar, notes, "answer"), chords_assumed=spans)
        judged = self.guard.check(made, self.limits(role, settings, frozenset({onset})))
        if judged.bar is None or not judged.bar.notes:
            return False
        self.accept(judged.bar, tick)
        return True

    def wrong_classes(self, role: Role, tick: int) -> frozenset[int]:
        """Pitch classes that are wrong for ``role`` over the chord at ``tick``."""
        chord = self.harmony.at(tick)
        if chord is None or not chord.quality.intervals:
            return frozenset()
        return frozenset(range(12)) - chord_table(chord, self.harmony.key).members(role)

    def answerers(self, settings: BandSettings) -> frozenset[Role]:
        """Roles that must have a note where a new chord is answered: bass and comp; the lead where neither
        is heard."""
        under = {r for r in (Role.BASS, Role.COMP) if audible(settings, r)}
        return frozenset(under) if under else frozenset({Role.LEAD})

    def limits(self, role: Role, settings: BandSettings, free: frozenset[int] = frozenset()) -> Limits:
        """What the guard holds ``role`` to."""
        style = self.role_style(role, settings)
        surprise = surprise_of(settings.temperature, settings.surprise)
        return Limits(role, style.low, style.high, self.harmony.key, surprise, free)

    def hedged(self, bar: Bar, settings: BandSettings) -> Bar:
        """``bar`` as it is played while nobody knows which chord comes (`Hedger`); the last hit as it is."""
        if self.ends_at is not None and bar.start_tick >= self.ends_at:
            return bar
        meter = self.lines.bar_at(bar.start_tick).meter
        limits = self.limits(bar.role, settings)
        return self.hedger.hedge(bar, settings, self.role_style(bar.role, settings), meter, limits)

    def accept(self, bar: Bar, start: int) -> int:
        """Put a checked bar on the runway; notes before ``start`` stay as they were. Returns the first tick
        that changed."""
        self.accepted.append(bar)
        del self.accepted[:-256]
        runway = self.runways[bar.role]
        old = runway.bar_at(bar.start_tick)
        kept = tuple(n for n in old.notes if n.tick < start) if old else ()
        index = len(kept)
        seed, source, brief = self.seed, bar.origin, bar.brief_id
        notes = [
            PlannedNote(
                bar.role, bar.start_tick + n.onset, n.duration, n.pitch, n.velocity, n.residual, source,
                bar.start_tick, index + i, seed, brief,
            )
            for i, n in enumerate(bar.notes)
            if bar.start_tick + n.onset >= start
        ]  # fmt: skip
        spans = bar.chords_assumed
        here = RunwayBar(
            bar.start_tick, bar.length, (*kept, *notes), source, bar.label, brief, spans, bar.ref
        )
        runway.put(here)
        if notes and bar.role is not Role.DRUMS:
            trimmed = runway.trim_into(start, notes[0].tick)
            if trimmed is not None:
                return min(start, trimmed)
        return start

    def _plan(self, role: Role, bar: BarSpan, start: int, answer: Answer | None, hush: int) -> int:
        settings = self._settings_at(start)
        energy = self._energy_at(start, self.known_at)
        free: frozenset[int] = frozenset()
        if self.ends_at is not None and bar.start >= self.ends_at:
            played = self._last_hit(role, bar, settings, energy)
        elif role is Role.DRUMS:
            played = self._drums(bar, settings, energy)
        else:
            ask = self._ask(role, bar, start, settings, energy, answer, hush)
            if answer is not None and bar.start <= answer.tick < bar.end:
                free = frozenset({answer.tick - bar.start})
            played = self.players[role].play(ask, self.harmony)
            changes = [t for t, _ in self.harmony.expected if start <= t < bar.end]
            if changes and role in self.answerers(settings):
                played = self.players[role].say(played, ask, changes, self.harmony)
        offset = start - bar.start
        notes = played.notes if not offset else tuple(n for n in played.notes if n.onset >= offset)
        limits = self.limits(role, settings, free)
        made = self._bar(role, bar, notes, played.label, played.ref)
        judged = self.guard.check(self.hedged(made, settings), limits)
        if judged.bar is not None:
            return self.accept(judged.bar, start)
        return self.accept(self._plain(role, bar, start, settings, energy, answer, limits), start)

    def _plain(
        self,
        role: Role,
        bar: BarSpan,
        start: int,
        settings: BandSettings,
        energy: float,
        answer: Answer | None,
        limits: Limits,
    ) -> Bar:
        """In place of a bar of the reflex's own that the guard refused: chord tones in an even pattern, or
        time on the hat. Counted as replaced; a rest only where the guard refuses that too."""
        if role is Role.DRUMS:
            notes = self.drummer.plain(bar, energy)
        else:
            notes = self.players[role].plain(
                self._ask(role, bar, start, settings, energy, answer, 0), self.harmony
            )
        notes = tuple(n for n in notes if n.onset >= start - bar.start)
        judged = self.guard.check(self._bar(role, bar, notes, "plain"), limits)
        if judged.bar is None:
            return self._bar(role, bar, (), "refused")
        self.guard.repaired["replaced"] += 1
        return judged.bar

    def _bar(self, role: Role, bar: BarSpan, notes: tuple[Note, ...], label: str, ref: str = "") -> Bar:
        return Bar(
            session=self.session,
            role=role,
            start_tick=bar.start,
            length=bar.length,
            plan_revision=self.revision,
            brief_id="",
            chords_assumed=() if role is Role.DRUMS else self.harmony.spans(bar.start, bar.length + PPQ),
            origin=Source.REFLEX,
            seed=self.seed,
            notes=notes,
            label=label,
            ref=ref,
        )

    def _ask(
        self,
        role: Role,
        bar: BarSpan,
        start: int,
        settings: BandSettings,
        energy: float,
        answer: Answer | None,
        hush: int,
    ) -> Ask:
        style = self.role_style(role, settings)
        last = self.runways[role].last_before(start)
        answering = answer is not None and bar.start <= answer.tick < bar.end
        must = answering and role in self.answerers(settings)
        return Ask(
            bar=bar,
            start=start,
            style=settings.style,
            low=style.low,
            high=style.high,
            density=style.density,
            energy=energy,
            temperature=settings.temperature,
            before=tuple(n.pitch for n in last),
            before_tick=last[-1].tick if last else -1,
            answer_at=answer.tick if answer is not None and answering else None,
            must_answer=must,
            hush_until=hush if not answering and hush > start else 0,
            safe=answer.safe if answer else frozenset(),
            safe_until=answer.safe_until if answer else 0,
            level=style.level,
            wanted=settings.density,
            surprise=settings.surprise,
        )

    def _drums(self, bar: BarSpan, settings: BandSettings, energy: float) -> Answered:
        style = self.styles.get(settings.style)
        if style is None:
            return Answered((), "")
        since = next((n for tick, n in reversed(self.groove_since) if tick <= bar.start), 0)
        kind = "intro" if bar.number == 0 else ""
        if self.ends_at is not None and bar.end == self.ends_at:
            kind = "fill"
        notes, name = self.drummer.bar(style, bar, energy, since, kind=kind)
        return Answered(notes, name)

    def _last_hit(self, role: Role, bar: BarSpan, settings: BandSettings, energy: float) -> Answered:
        if bar.start != self.ends_at:
            return Answered((), "")
        if role is Role.DRUMS:
            style = self.styles.get(settings.style)
            if style is None:
                return Answered((), "")
            notes, name = self.drummer.ending(style, bar, energy)
            return Answered(notes, name)
        ask = self._ask(role, bar, bar.start, settings, energy, None, 0)
        return Answered(self.players[role].last_note(ask, self.harmony), "ending")


def lock_ticks(bpm: float) -> int:
    """Ticks in which notes may already be locked at ``bpm``: 30 ms and the 40 ms that feel may be early."""
    return int(0.075 * bpm * PPQ / 60) + 1
