"""Freeze: the bars that are planned, over and over."""

from jamtui.playback.commands import Command
from jamtui.session.guard import Limits
from jamtui.session.planning import Planner
from jamtui.session.runway import RunwayBar
from jamtui.session.settings import BandSettings


class Loop:
    """The bar at a tick and the one after it, repeated behind them. Every repeat passes the guard, held to
    what held when the bars were frozen."""

    def __init__(self, planner: Planner, tick: int, settings: BandSettings) -> None:
        self._planner = planner
        bar = planner.lines.bar_at(tick)
        end = planner.lines.next_bar(bar).end
        self._start = bar.start
        self._length = end - bar.start
        self._bars: list[tuple[RunwayBar, Limits]] = []
        for role, runway in planner.runways.items():
            for frozen in runway.bars:
                if bar.start <= frozen.start < end:
                    # Onsets off the grid were free answers.
                    free = frozenset(n.tick - frozen.start for n in frozen.notes)
                    self._bars.append((frozen, planner.limits(role, settings, free)))
        # What may be planned further on already is replaced by the repeat.
        planner.planned_until = min(planner.planned_until, end)

    def extend(self, until: int) -> list[Command]:
        """Put copies on the runway up to the bar line ``until``."""
        planner = self._planner
        commands: list[Command] = []
        while planner.planned_until < until:
            start = planner.planned_until
            place = (start - self._start) % self._length
            length = planner.lines.bar_at(start).length
            for bar, limits in self._bars:
                if bar.start - self._start == place:
                    copy = bar.again(planner.session, limits.role, planner.revision, planner.seed, start)
                    judged = planner.guard.check(copy, limits)
                    if judged.bar is None:
                        continue
                    first = planner.accept(judged.bar, start)
                    commands.append(planner.splice(limits.role, first))
                    length = bar.length
            planner.planned_until = start + length
        return commands
