"""Freeze: the bars that are planned, over and over."""

from dataclasses import replace

from jamtui.music.phrase import Role
from jamtui.playback.commands import Command
from jamtui.session.planning import Planner
from jamtui.session.runway import RunwayBar


class Loop:
    """The bars from one bar line to the end of the runway, repeated behind it."""

    def __init__(self, planner: Planner, tick: int) -> None:
        self._planner = planner
        self._start = planner.lines.bar_at(tick).start
        self._length = planner.planned_until - self._start
        self._bars: dict[Role, list[RunwayBar]] = {
            role: [b for b in runway.bars if b.start >= self._start]
            for role, runway in planner.runways.items()
        }

    def extend(self, until: int) -> list[Command]:
        """Put copies on the runway up to the bar line ``until``."""
        planner = self._planner
        commands: list[Command] = []
        while planner.planned_until < until:
            start = planner.planned_until
            place = (start - self._start) % self._length
            turn = start - self._start - place
            length = planner.lines.bar_at(start).length
            for role, bars in self._bars.items():
                for bar in bars:
                    if bar.start - self._start == place:
                        notes = tuple(replace(n, tick=n.tick + turn, bar_tick=start) for n in bar.notes)
                        planner.runways[role].put(replace(bar, start=start, notes=notes))
                        commands.append(planner.splice(role, start))
                        length = bar.length
            planner.planned_until = start + length
        return commands
