"""Where what the conductor decides leaves the band, and where what became of it comes back: every command and
every report is counted and recorded on its way."""

from collections import deque
from collections.abc import Callable, Iterable

from jamtui.music.phrase import Role
from jamtui.playback.commands import Command, Report, Silence, Splice
from jamtui.session.conductor import Conductor
from jamtui.session.kpi import Kpi
from jamtui.session.recorder import Recorder

WATCH_NS = 40_000_000
"""How often the figures look at the present moment: well within the 180 ms that make dead air."""


class Dispatch:
    """Between one conductor and its output loop.

    Args:
        conductor: whose commands and notes these are.
        kpi: counts what is planned, sent and missing.
        commands: what the output loop is to do; appended here, taken there.
        recorder: keeps accepted bars and reports.
        hurry: called when a command should be obeyed before the rest is known.
    """

    def __init__(
        self,
        conductor: Conductor,
        kpi: Kpi,
        commands: deque[Command],
        recorder: Recorder,
        hurry: Callable[[], None],
    ) -> None:
        self._conductor = conductor
        self._kpi = kpi
        self._commands = commands
        self._recorder = recorder
        self._hurry = hurry
        self._next_watch = 0

    def post(self, commands: Iterable[Command], *, played: bool = False) -> None:
        """Hand over ``commands``. ``played``: by the player in flow; the lead's own are held back there."""
        conductor, kpi = self._conductor, self._kpi
        flow = conductor.flow
        for command in commands:
            if isinstance(command, Splice) and not played:
                command = flow.hold(command)
            self._commands.append(command)
            if isinstance(command, Silence):
                kpi.silenced(command.role)
            elif isinstance(command, Splice):
                if command.at_once:
                    self._hurry()
                kpi.withdraw(command.role, command.from_tick)
                end = conductor.covered_until(command.role)
                start = command.from_tick
                if command.role is Role.LEAD:
                    start = max(start, flow.silent_until)
                if end > start:
                    kpi.cover(command.role, start, end)
        for bar in conductor.drain_accepted():
            self._recorder.record(bar)

    def take_reports(self, reports: Iterable[Report], ns: int) -> None:
        """What the output loop did, as known at ``ns``."""
        for report in reports:
            self._kpi.take(report, ns)
            self._recorder.record(report)
            self._conductor.heard_report(report)

    def watch(self, tick: float, ns: int, playing: Callable[[], frozenset[Role]]) -> None:
        """Look at the present moment, now and then. ``playing`` tells which roles are expected to sound."""
        if ns >= self._next_watch:
            self._next_watch = ns + WATCH_NS
            self._kpi.advance(tick, ns, playing(), self._conductor.state)
