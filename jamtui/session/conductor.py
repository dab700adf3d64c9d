"""The conductor: what each role of the band plays next.

Pure: ticks and what is heard go in, commands for the output loop come out; the same inputs and seed give
the same commands. One thread owns it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import ceil

from jamtui.music.chart import Chart
from jamtui.music.chord import NO_CHORD, Chord, Family
from jamtui.music.meter import SIXTEENTH
from jamtui.music.phrase import Bar, Brief, Role
from jamtui.playback.commands import Command, Report, SentNote, Silence
from jamtui.session import answering
from jamtui.session.barlines import NEVER, BarLines
from jamtui.session.book import ReflexBook
from jamtui.session.changes import Changes
from jamtui.session.click import Metronome
from jamtui.session.controls import Controls
from jamtui.session.expecting import SLACK, give_up, look_ahead
from jamtui.session.foresight import Foresight
from jamtui.session.hearing import Heard
from jamtui.session.offers import Desk, Verdict
from jamtui.session.planning import Answer, Planner, lock_ticks
from jamtui.session.player_energy import PlayerEnergy
from jamtui.session.rehearsal import rehearse
from jamtui.session.settings import (
    GRIDS,
    PITCHED,
    ROLES,
    BandSettings,
    SettingError,
    audible,
)
from jamtui.session.shelf import Shelf
from jamtui.session.voicelead import warm_tables
from jamtui.styles.style import Style

__all__ = ["Conductor", "Verdict"]

_BEHIND = SIXTEENTH // 2
"""The same, where an expected chord is given up."""


class Conductor(Controls):
    """See the module. ``state`` is ``stopped``, ``count-in``, ``playing`` or ``ending``."""

    def __init__(
        self,
        session: str,
        seed: int,
        book: ReflexBook,
        styles: Mapping[str, Style],
        settings: BandSettings,
        *,
        chart: Chart | None = None,
        shelf: Shelf | None = None,
        click_port: str = "",
        click_channel: int = 9,
    ) -> None:
        if not styles:
            raise SettingError("There is no style to play in; put a style file into the styles folder.")
        if settings.style not in styles:
            settings = replace(settings, style=next(iter(styles)))
        changes = Changes(settings)
        if shelf is None:
            shelf = Shelf(book)
            shelf.warm(styles, settings.meter)
        lines = BarLines(0, settings.meter)
        planner = Planner(session, seed, shelf, styles, lines, changes.at, self._energy_at)
        planner.harmony.set_chart(chart)
        metronome = Metronome(click_port, click_channel)
        super().__init__(planner, changes, dict(styles), Foresight(planner.harmony), metronome)
        self.finished = False
        """An ending was played out; ``start`` clears it."""
        self._player = PlayerEnergy()
        self.last_answer: Answer | None = None
        """The newest chord answer: where its first notes were put."""
        self._desk = Desk(planner, self._foresight)
        self._assumed: Chord | None = None
        """The expected chord that a beginning was taken for, until it is known better."""

    # Start and stop

    def start(
        self,
        tick: int,
        *,
        origin: int = 0,
        bpm: float = 120.0,
        first_bar: int = 0,
        ends_at: int | None = None,
    ) -> list[Command]:
        """Begin to play at ``tick``: usually 0, with the clock counting in below it; anywhere later when the
        band joins a running clock or jumps to a song position. Bar ``first_bar`` (0-based) began, or begins,
        at ``origin``. ``ends_at``: the bar line of an ending that was asked for before."""
        self._changes.settle(NEVER)
        self._now, self._began = tick, tick
        self._bpm = self._planner.hedger.bpm = bpm
        self._player.restart()
        self.finished = False
        self._loop = None
        self._planner.restart(BarLines(origin, self.settings.meter, first_bar), tick)
        self._foresight.restart()
        self._desk.clear()
        self._sounding.clear()
        self.state = "count-in"
        if ends_at is not None:
            self._planner.ends_at = ends_at
            self.state = "ending"
        self._metronome.restart()
        self._felt = None
        self._muted = frozenset()
        self._wake = -NEVER
        ahead = self._top_up(tick)
        return [*self._feel(self.settings), *self._mutes(every=True), *ahead]

    def warm_up(self) -> None:
        """Work out ahead what the first chords would otherwise wait for, and rehearse their answers: about
        half a second."""
        for style in self._styles.values():
            comp = style.roles.get(Role.COMP)
            if comp is not None:
                warm_tables(comp.low, comp.high)
        rehearse(self._styles, self._understudy)

    def _understudy(self, style: str, grid: str) -> "Conductor":
        settings = replace(self.settings, style=style, grid=grid)
        planner = self._planner
        return Conductor("", planner.seed, ReflexBook("", ()), self._styles, settings, shelf=planner.shelf)

    def stop(self) -> list[Command]:
        """Stop at once; nothing stays planned. The chord is kept for the next start."""
        self._halt()
        return [Silence()]

    def click_through(self, port: str, channel: int) -> None:
        """Clicks go to ``channel`` (0 to 15) of ``port`` from now on."""
        self._metronome.go_through(port, channel)

    def play_on(self, tick: float) -> list[Command]:
        """What is planned, once more, after the output was cleared at ``tick`` (by a panic): from as soon as
        it can be sent in time."""
        if self.state == "stopped":
            return []
        self._now = int(tick)
        self._metronome.restart()
        self._wake = self._now
        start = self._now + lock_ticks(self._bpm)
        return [self._planner.splice(role, start) for role in ROLES if role in self.settings.roles]

    # What is heard

    def hear(self, heard: Heard, tick: float, bpm: float) -> list[Command]:
        """A chord update. ``tick`` is musical time at ``heard.trigger_ns`` (for a revision, at ``heard.ns``),
        not at the call, so that the answer depends on stamps alone."""
        return list(self.hear_each(heard, tick, bpm))

    def hear_each(self, heard: Heard, tick: float, bpm: float) -> Iterator[Command]:
        """The same, each command as soon as it is known. The iterator must be used up."""
        if heard.kind == "settled" and (self._assumed is None or heard.chord == self._assumed):
            return
        chord = NO_CHORD if heard.kind == "faded" else heard.chord
        planner = self._planner
        harmony = planner.harmony
        harmony.settle_key()
        if self.state == "stopped":
            harmony.prepare(chord)
            return
        played = ceil(tick)
        yield from self._look_ahead()
        # Had a time to act passed just before or just after this chord, the music would be the same.
        yield from self._give_up(played + _BEHIND)
        yield from self._top_up(played + lock_ticks(bpm) + SLACK)
        self._bpm = planner.hedger.bpm = bpm
        goal = answering.grid_point(planner, self.settings, played)
        before, doubts = harmony.at(goal), harmony.doubts
        self._assumed = None
        if heard.kind == "provisional" and self._foresight.means(chord, heard.notes, goal):
            # The first three notes of the chord that is expected: its others are on their way.
            assert before is not None
            chord = self._assumed = before
        harmony.hear(chord, goal, played)
        self._foresight.heard(chord, played, revised=heard.kind in ("revised", "settled"))
        self._wake = -NEVER
        if self.frozen:
            return
        settings = self.settings
        if chord.family is Family.NONE:
            yield from answering.fade_chord(planner, settings, goal, played)
            return
        answer = self.last_answer = answering.answer_to(heard, goal, GRIDS[settings.grid], self.last_answer)
        locked = played + lock_ticks(bpm)
        if before == chord and not doubts:
            yield from answering.confirm_chord(planner, settings, answer, played, locked)
        else:
            yield from answering.answer_chord(
                planner, settings, answer, chord, played, locked, bpm, doubts, before
            )

    def set_player_energy(self, energy: float, tick: float | None = None) -> None:
        """How lively the player plays (0 to 1) at ``tick``, for example at each note's stamp; the band
        follows in what it plans from then on. Without ``tick`` it is taken as known now."""
        self._player.note(energy, self._now if tick is None else ceil(tick))

    @property
    def player_energy(self) -> float:
        """How lively the player played last."""
        return self._player.last

    def set_chart(self, chart: Chart | None) -> list[Command]:
        """Follow another chart (None: none) from the next bar line on."""
        self._planner.harmony.set_chart(chart)
        self._foresight.restart()
        if self.state == "stopped":
            return []
        return self._renew(self.bar_at(self._now).end, PITCHED)

    def replan_from_next_bar(self, role: Role) -> list[Command]:
        """Plan ``role`` anew from the next bar line on, as after a ban."""
        if self.state != "playing" or self.frozen:
            return []
        return self._renew(self.bar_at(self._now).end, (role,))

    @property
    def shelf(self) -> Shelf:
        """The phrases that the reflex chooses from."""
        return self._planner.shelf

    @property
    def desk(self) -> Desk:
        """Where the bars of other sources wait, and what of them is banned."""
        return self._desk

    @property
    def pending(self) -> tuple[str, ...]:
        """What waits for its bar line or beat, and what the keys do, in words."""
        if self.flow.on:
            return ("flow: your keys play the lead", *super().pending)
        if self.in_flow:
            back = self.bar_at(self.flow.silent_until).number + 1
            return (f"lead back at bar {back}", *super().pending)
        return super().pending

    @property
    def in_flow(self) -> bool:
        """Whether the lead's own notes are held back now."""
        return self.flow.silent_until > self._now

    @property
    def heard_roles(self) -> frozenset[Role]:
        """Roles that are on; in flow without the lead: the player plays it, and rests where they like."""
        roles = frozenset(r for r in ROLES if audible(self.settings, r))
        return roles - {Role.LEAD} if self.in_flow else roles

    def play_flow(self, ns: int, tick: float, port: str, data: bytes) -> list[Command] | None:
        """A key of the player, played at ``ns`` and ``tick``, as the lead's next note or its end; None where
        it is not flow's."""
        if self.state not in ("playing", "ending"):
            return None
        return self.flow.take(ns, tick, port, data)

    def heard_report(self, report: Report) -> None:
        """What left the machine: which source sounds. Never used for planning."""
        if isinstance(report, SentNote) and report.on:
            self._sounding[report.role] = report.source.value

    # Sources beside the reflex

    def set_sources(self, present: bool) -> None:
        """Whether there is anyone to brief."""
        self._desk.enabled = present

    def briefs(self) -> list[Brief]:
        """New briefs for the coming bars; none while there is no source, and each only once."""
        if self.state not in ("playing", "count-in") or self.frozen:
            return []
        return self._desk.briefs(self._now, self._bpm, self._changes.at, self._energy_at)

    def wants(self, brief: Brief, tick: float) -> bool:
        """Whether anything that a source may still make for ``brief`` would be taken as things are now."""
        return self._desk.useful(brief, tick)

    def offer(self, bar: Bar, tick: float) -> Verdict:
        """A bar that a source made: accepted with the commands that put it on the timeline, or refused."""
        if self.state not in ("playing", "count-in"):
            return self._desk.refuse("stopped")
        if self.frozen:
            return self._desk.refuse("frozen")
        return self._desk.offer(bar, ceil(tick) + lock_ticks(self._bpm), self._changes.at)

    # Time

    def advance(self, tick: float, bpm: float) -> list[Command]:
        """Keep the runway ahead of ``tick``. Call every few milliseconds; usually there is nothing to do."""
        self._now = int(tick)
        if tick < self._wake:
            return []
        if self.state == "stopped":
            return []
        self._bpm = self._planner.hedger.bpm = bpm
        return self._advance()

    # Within: time

    def _energy_at(self, tick: int, known_at: int) -> float:
        player = self._player.at(known_at - SLACK)
        energy = self._changes.at(tick).energy + 0.5 * (player - 0.5)
        return min(1.0, max(0.0, energy))

    def _advance(self) -> list[Command]:
        now, planner = self._now, self._planner
        planner.harmony.settle_key()
        commands: list[Command] = []
        ahead = lock_ticks(self._bpm)
        if self.state == "count-in" and now >= self._began:
            self.state = "playing"
        ends = planner.ends_at
        if ends is not None and now >= planner.lines.bar_at(ends).end:
            self._halt()
            self.finished = True
            return commands
        commands += self._look_ahead()
        commands += self._give_up(now)
        soon_due = [c for c in self._changes.pending if c.tick <= now + ahead]
        if soon_due:
            commands += self._feel(self._changes.at(soon_due[-1].tick))
            self._changes.settle(now)
        commands += self._top_up(now + ahead)
        if not self.frozen and self.state != "ending":
            commands += self._desk.lay_kept(now + ahead, self._changes.at)
        commands += self._metronome.advance(
            now, now + 3 * ahead, planner.lines, self._began, self.settings.click
        )
        self._desk.prune(now)
        for runway in planner.runways.values():
            runway.prune(now)
        bar = planner.lines.bar_at(max(now + ahead, self._began))
        wake = bar.end - ahead
        if self._metronome.next is not None:
            wake = min(wake, self._metronome.next - 2 * ahead)
        if self.state == "count-in":
            wake = min(wake, self._began)
        if ends is not None:
            wake = min(wake, planner.lines.bar_at(ends).end)
        if (due := self._foresight.due) > now:
            wake = min(wake, due)
        for change in self._changes.pending:
            wake = min(wake, change.tick - ahead if change.tick - ahead > now else change.tick)
        self._wake = max(wake, now + 1)
        return commands

    def _top_up(self, tick: int) -> list[Command]:
        planner = self._planner
        bar = planner.lines.bar_at(max(tick, self._began))
        until = planner.lines.next_bar(bar).end
        return self._loop.extend(until) if self._loop else list(planner.extend(until))

    # Within: chords

    def _look_ahead(self) -> Iterator[Command]:
        return look_ahead(self._planner, self._foresight, self.settings, self._changes.at, frozen=self.frozen)

    def _give_up(self, tick: int) -> Iterator[Command]:
        return give_up(self._planner, self._foresight, self.settings, tick, frozen=self.frozen)

    def _end(self) -> list[Command]:
        return [*self._look_ahead(), *super()._end()]
