"""Freeze: the bars that are planned, over and over."""

from dataclasses import replace

from jamtui.music.phrase import Role
from jamtui.playback.commands import Command
from jamtui.session.planning import Planner
from jamtui.session.runway import RunwayBar


class Loop:
    """The bar at a tick and the one after it, repeated behind them."""

    def __init__(self, planner: Planner, tick: int) -> None:
        self._planner = planner
        bar = planner.lines.bar_at(tick)
        end = planner.lines.next_bar(bar).end
        self._start = bar.start
        self._length = end - bar.start
        self._bars: dict[Role, list[RunwayBar]] = {
            role: [b for b in runway.bars if bar.start <= b.start < end]
            for role, runway in planner.runways.items()
        }
        # What may be planned further on already is replaced by the repeat.
        planner.planned_until = min(planner.planned_until, end)

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
