"""The conductor: what each role of the band plays next.

Pure: ticks and what is heard go in, commands for the output loop come out; the same inputs and seed give
the same commands. One thread owns it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import ceil

from jamtui.music.chart import Chart
from jamtui.music.chord import NO_CHORD, Chord, Family
from jamtui.music.meter import EIGHTH, METERS, PPQ, SIXTEENTH, Meter, next_grid
from jamtui.music.phrase import Bar, Brief, Role
from jamtui.playback.commands import Command, Report, SentNote, SetFeel, SetMute, Silence
from jamtui.session.answering import answer_chord, confirm_chord, fade_chord, foresee_chords, renew
from jamtui.session.barlines import BarLines
from jamtui.session.book import ReflexBook
from jamtui.session.changes import SHARES, Change, Changes
from jamtui.session.click import Metronome
from jamtui.session.flow import Flow
from jamtui.session.foresight import Foresight
from jamtui.session.freezing import Loop
from jamtui.session.hearing import Heard
from jamtui.session.offers import Desk, Verdict
from jamtui.session.planning import Answer, Planner, lock_ticks
from jamtui.session.randomness import number
from jamtui.session.readings import Readings
from jamtui.session.rehearsal import rehearse
from jamtui.session.settings import (
    GRIDS,
    PITCHED,
    ROLES,
    BandSettings,
    SettingError,
    audible,
    read_choice,
    read_meter,
    read_seed,
    read_share,
    step_choice,
    step_share,
)
from jamtui.session.shelf import Shelf
from jamtui.session.voicelead import warm_tables
from jamtui.styles.style import Style
from jamtui.styles.swing import feel_in_meter

__all__ = ["Conductor", "Verdict"]

_NEVER = 1 << 62
LATEST_END = 3
"""Bars from the earliest possible end within which a chart's way home is waited for."""
_SLACK = EIGHTH
"""Ticks by which a stamp may lie behind the moment it is dealt with, without any difference."""
_BEHIND = SIXTEENTH // 2
"""The same, where an expected chord is given up."""


class Conductor(Readings):
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
        super().__init__(planner, changes, dict(styles), Foresight(planner.harmony))
        self.finished = False
        """An ending was played out; ``start`` clears it."""
        self._player_energy: list[tuple[int, float]] = [(-_NEVER, 0.5)]
        self.last_answer: Answer | None = None
        """The newest chord answer: where its first notes were put."""
        self._metronome = Metronome(click_port, click_channel)
        self._desk = Desk(planner, self._foresight)
        self.flow = Flow(planner, lambda: self.settings)
        """The player's keys as the lead's rhythm."""
        self._wake = _NEVER
        self._assumed: Chord | None = None
        """The expected chord that a beginning was taken for, until it is known better."""
        self._felt: tuple[str, str, float] | None = None
        self._muted: frozenset[Role] = frozenset()

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
        self._changes.settle(_NEVER)
        self._now, self._bpm, self._began = tick, bpm, tick
        self._player_energy = [(-_NEVER, self._player_energy[-1][1])]
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
        self._wake = -_NEVER
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
        harmony = self._planner.harmony
        harmony.settle_key()
        if self.state == "stopped":
            harmony.prepare(chord)
            return
        played = ceil(tick)
        yield from self._look_ahead()
        # Had a time to act passed just before or just after this chord, the music would be the same.
        yield from self._ask_after(played + _BEHIND)
        yield from self._top_up(played + lock_ticks(bpm) + _SLACK)
        self._bpm = bpm
        goal = self._grid_point(played)
        before = harmony.at(goal)
        self._assumed = None
        if heard.kind == "provisional" and self._foresight.means(chord, heard.notes, goal):
            # The first three notes of the chord that is expected: its others are on their way.
            assert before is not None
            chord = self._assumed = before
        harmony.hear(chord, goal, played)
        self._foresight.heard(chord, played, revised=heard.kind in ("revised", "settled"))
        self._wake = -_NEVER
        if self.frozen:
            return
        planner, settings = self._planner, self.settings
        if chord.family is Family.NONE:
            yield from fade_chord(planner, settings, goal, played)
            return
        safe = frozenset(heard.safe) if heard.kind == "provisional" else frozenset()
        answer = self.last_answer = Answer(
            goal, heard.trigger_ns, max(heard.trigger_ns, heard.ns), safe, goal + PPQ
        )
        locked = played + lock_ticks(bpm)
        if before == chord:
            yield from confirm_chord(planner, settings, answer, played, locked)
        else:
            yield from answer_chord(planner, settings, answer, chord, played, locked, bpm)

    def set_player_energy(self, energy: float, tick: float | None = None) -> None:
        """How lively the player plays (0 to 1) at ``tick``, for example at each note's stamp; the band
        follows in what it plans from then on. Without ``tick`` it is taken as known now."""
        value = min(1.0, max(0.0, round(energy * 20) / 20))
        known = self._player_energy
        if value != known[-1][1]:
            known.append((self._now if tick is None else ceil(tick), value))
            del known[:-64]

    @property
    def player_energy(self) -> float:
        """How lively the player played last."""
        return self._player_energy[-1][1]

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
        self._bpm = bpm
        return self._advance()

    # What the player does

    def act(
        self, action: str, argument: str | float | None = None, soon: bool = False, tick: float = 0
    ) -> list[Command]:
        """Do a named action. ``soon``: at the next beat instead of the next bar line.

        Raises SettingError, with what to do, for an argument or action that cannot be used."""
        self._now = int(tick)
        self._planner.harmony.settle_key()
        latest = self._changes.latest
        names = tuple(self._styles)
        if action == "style":
            return self._set("style", read_choice(argument, names, "style"), soon)
        if action in ("style_next", "style_prev"):
            return self._set(
                "style", step_choice(latest.style, names, 1 if action == "style_next" else -1), soon
            )
        if action == "meter":
            following = step_choice(latest.meter.name, tuple(METERS), 1)
            return self._set("meter", read_meter(argument if argument not in (None, "") else following), soon)
        for field in SHARES:
            value: float = getattr(latest, field)
            if action == field:
                return self._set(field, read_share(argument, field), soon)
            if action in (f"{field}_up", f"{field}_down"):
                return self._set(field, step_share(value, 1 if action.endswith("_up") else -1), soon)
        if action == "grid":
            grids = tuple(GRIDS)
            grid = read_choice(argument, grids, "grid") if argument else step_choice(latest.grid, grids, 1)
            self._changes.now = replace(self._changes.now, grid=grid)
            return []
        if action == "seed":
            return self._reseed(argument, soon)
        if action.startswith(("mute_", "solo_")):
            return self._switch(action[:4], read_choice(action[5:], [r.value for r in ROLES], "role"))
        if action == "click":
            on = not self.settings.click
            self._changes.now = replace(self._changes.now, click=on)
            if on and self.state != "stopped":
                self._metronome.restart()
                self._wake = self._now
            return []
        if action == "freeze":
            return self._freeze()
        if action == "flow":
            return self._flow(tick)
        if action == "ending":
            return self._end()
        raise SettingError(f"The band knows no action {action!r}; see jamtui's help for the list.")

    # Within: time

    def _energy_at(self, tick: int, known_at: int) -> float:
        known = self._player_energy
        player = next((value for at, value in reversed(known) if at <= known_at - _SLACK), known[0][1])
        energy = self._changes.at(tick).energy + 0.5 * (player - 0.5)
        return min(1.0, max(0.0, energy))

    def _halt(self) -> None:
        self.state = "stopped"
        self._loop = None
        self._wake = _NEVER
        self._changes.settle(_NEVER)
        self._planner.ends_at = None
        for runway in self._planner.runways.values():
            runway.clear()

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
        commands += self._ask_after(now)
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

    def _look_ahead(self) -> list[Command]:
        """Plan for what the chords that were heard make likely."""
        since = self._foresight.think()
        if since is None or self.frozen:
            return []
        return list(foresee_chords(self._planner, self.settings, since, self._foresight.known_at))

    def _ask_after(self, tick: int) -> Iterator[Command]:
        """An expected change that did not come by ``tick`` is given up: the chord before it holds again, as
        if it had been played."""
        foresight, planner = self._foresight, self._planner
        while (due := foresight.due) <= tick:
            goal = self._grid_point(due)
            if not foresight.missed(due):
                continue
            chord = planner.harmony.deny(goal)
            if chord is not None and not self.frozen:
                answer = Answer(goal, 0, 0)
                locked = due + lock_ticks(self._bpm)
                yield from answer_chord(planner, self.settings, answer, chord, due, locked, self._bpm)

    def _grid_point(self, tick: int) -> int:
        tick = max(tick, self._began)
        grid = GRIDS[self.settings.grid]
        if not grid:
            return tick
        bar = self._planner.lines.bar_at(tick)
        return min(next_grid(tick, grid, bar.start), bar.end)

    # Within: changes

    def _set(self, field: str, value: str | float | Meter, soon: bool) -> list[Command]:
        words = value.name if isinstance(value, Meter) else value
        if field == "style":
            words = self._styles[str(value)].title
        elif isinstance(value, float):
            words = f"{value:.2f}".rstrip("0").rstrip(".")
        if self.state == "stopped":
            self._changes.add(Change(0, field, value, ""))
            self._changes.settle(_NEVER)
            if field == "meter" and isinstance(value, Meter):
                self._planner.lines = BarLines(0, value)
                self._planner.shelf.warm(self._styles, value)
            return []
        lines = self._planner.lines
        after = max(self._now + 1, self._began)
        when = lines.next_beat(after) if soon else lines.next_line(after)
        place = "next beat" if soon else f"bar {lines.bar_at(when).number + 1}"
        self._changes.add(Change(when, field, value, f"{field} {words} at {place}"))
        if field == "meter" and isinstance(value, Meter):
            self._planner.shelf.warm((self._changes.latest.style,), value)
            lines.change(when, value)
            self._foresight.restart()
            self._planner.planned_until = lines.next_bar(lines.bar_at(max(self._now, self._began))).end
            self._loop = None
        if field in ("style", "meter"):
            self._planner.groove_since.append((when, lines.bar_at(when).number))
            del self._planner.groove_since[:-4]
        self._wake = self._now
        if self.frozen:
            return []
        return self._renew(when, ROLES)

    def _reseed(self, argument: str | float | None, soon: bool) -> list[Command]:
        """Another seed from the next bar line (or beat) on; without a number, one that follows from the
        present one."""
        planner = self._planner
        given = argument not in (None, "")
        planner.reseed(read_seed(argument) if given else number(planner.seed, "seed") % 10_000)
        if self.state == "stopped" or self.frozen:
            return []
        after = max(self._now + 1, self._began)
        return self._renew(planner.lines.next_beat(after) if soon else planner.lines.next_line(after), ROLES)

    def _renew(self, when: int, roles: tuple[Role, ...]) -> list[Command]:
        return renew(self._planner, roles, when, self._now, self._now + lock_ticks(self._bpm))

    def _flow(self, tick: float) -> list[Command]:
        flow, stopped = self.flow, self.state == "stopped"
        told = flow.leave(self.bar_at(ceil(tick)).end) if flow.on else flow.enter(tick)
        if stopped:
            flow.let_go()
            return []
        # The player's own time and touch: the style's feel is not laid over them.
        self._felt = None
        return [*told, *self._feel(self.settings)]

    def _feel(self, settings: BandSettings) -> list[Command]:
        felt = (settings.style, settings.meter.name, settings.feel)
        if felt == self._felt:
            return []
        self._felt = felt
        return [
            SetFeel(
                role,
                feel_in_meter(self._planner.role_style(role, settings).feel, settings.meter),
                settings.meter,
                0.0 if role is Role.LEAD and self.flow.on else settings.feel,
            )
            for role in ROLES
            if role in settings.roles
        ]

    def _switch(self, kind: str, role_name: str) -> list[Command]:
        role = Role(role_name)
        now = self._changes.now
        if kind == "mute":
            self._changes.now = replace(now, muted=now.muted ^ {role})
        else:
            self._changes.now = replace(now, solo=now.solo ^ {role})
        return list(self._mutes())

    def _mutes(self, *, every: bool = False) -> list[Command]:
        silent = frozenset(r for r in ROLES if not audible(self.settings, r))
        changed = [r for r in ROLES if every or (r in silent) != (r in self._muted)]
        self._muted = silent
        return [SetMute(role, role in silent) for role in changed]

    # Within: freeze and ending

    def _freeze(self) -> list[Command]:
        if self.state not in ("playing", "count-in"):
            return []
        at = max(self._now, self._began)
        if self._loop is None:
            self._loop = Loop(self._planner, at, self._changes.at(at))
            return []
        self._loop = None
        return self._renew(self.bar_at(at).end, ROLES)

    def _end(self) -> list[Command]:
        planner = self._planner
        if self.state == "ending":
            planner.ends_at = None
            self.state = "playing"
            return self._renew(self.bar_at(self._now).end, ROLES)
        if self.state == "count-in":
            self._halt()
            return [Silence()]
        if self.state != "playing":
            return []
        frozen, self._loop = self.frozen, None
        lines = planner.lines
        bar = lines.bar_at(self._now)
        # Where the chart comes home; else the next even bar line that leaves at least one whole bar to
        # round the phrase off; but a phrase of the lead that goes on over it is finished, if it is not long.
        first = at = lines.next_bar(lines.next_bar(bar))
        while at.number % 2:
            at = lines.next_bar(at)
        home = planner.harmony.homecoming(first.start, LATEST_END)
        phrase_end = planner.players[Role.LEAD].phrase_over(at.start)
        if phrase_end is not None and Role.LEAD in self.settings.roles:
            line = lines.bar_at(lines.next_line(phrase_end))
            if line.number <= bar.number + LATEST_END:
                at = line
        planner.ends_at = ends = at.start if home is None else home
        self.state = "ending"
        self._wake = self._now
        if frozen:
            return self._renew(bar.end, ROLES)
        # Phrases go on; only the fill before the last hit and the hit itself are new.
        fill = self._renew(lines.bar_at(ends - 1).start, (Role.DRUMS,))
        return [*fill, *self._renew(ends, PITCHED)]
