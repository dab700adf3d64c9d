"""What the player does to the band: named actions, and when they take effect."""

from collections.abc import Mapping
from dataclasses import replace
from math import ceil

from jamtui.music.meter import METERS, Meter
from jamtui.music.phrase import Role
from jamtui.playback.commands import Command, SetFeel, SetMute, Silence
from jamtui.session.answering import renew
from jamtui.session.barlines import NEVER, BarLines
from jamtui.session.changes import SHARES, Change, Changes
from jamtui.session.click import Metronome
from jamtui.session.flow import Flow
from jamtui.session.foresight import Foresight
from jamtui.session.freezing import Loop
from jamtui.session.planning import Planner, lock_ticks
from jamtui.session.randomness import number
from jamtui.session.readings import Readings
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
from jamtui.styles.style import Style
from jamtui.styles.swing import feel_in_meter

LATEST_END = 3
"""Bars from now within which a phrase of the lead that goes on is finished before the end."""
HOMECOMING = 4
"""Bars from the earliest possible end within which a chart's way home is waited for: every loop of four
bars that is at home in one of them comes home."""

LOOP_HOMECOMING = 2
"""Bars after the next even bar line up to which a learned loop's way home is waited for: a four-bar loop that
begins on an even bar comes home."""


class Controls(Readings):
    """The half of the conductor that the player turns."""

    def __init__(
        self,
        planner: Planner,
        changes: Changes,
        styles: Mapping[str, Style],
        foresight: Foresight,
        metronome: Metronome,
    ) -> None:
        super().__init__(planner, changes, styles, foresight)
        self.flow = Flow(planner, lambda: self.settings)
        """The player's keys as the lead's rhythm."""
        self._metronome = metronome
        self._wake = NEVER
        self._felt: tuple[str, str, float] | None = None
        self._muted: frozenset[Role] = frozenset()

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

    def _halt(self) -> None:
        self.state = "stopped"
        self._loop = None
        self._wake = NEVER
        self._changes.settle(NEVER)
        self._planner.ends_at = None
        for runway in self._planner.runways.values():
            runway.clear()

    # Within: changes

    def _set(self, field: str, value: str | float | Meter, soon: bool) -> list[Command]:
        words = value.name if isinstance(value, Meter) else value
        if field == "style":
            words = self._styles[str(value)].title
        elif isinstance(value, float):
            words = f"{value:.2f}".rstrip("0").rstrip(".")
        if self.state == "stopped":
            self._changes.add(Change(0, field, value, ""))
            self._changes.settle(NEVER)
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
        # Where the chart, or the loop that was learned, comes home; else the next even bar line that leaves
        # at least one whole bar to round the phrase off; but a phrase of the lead that goes on over it is
        # finished, if it is not long.
        first = at = lines.next_bar(lines.next_bar(bar))
        while at.number % 2:
            at = lines.next_bar(at)
        home = planner.harmony.homecoming(first.start, HOMECOMING)
        if home is None:
            home = self._foresight.homecoming(first.start, at.start + LOOP_HOMECOMING * at.length)
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
