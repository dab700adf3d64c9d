"""The engine's sending half: the output loop in its thread, and the reports of what really left."""

from collections import deque
from collections.abc import Mapping

from jamtui.music.phrase import Role
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import Command, Report, Route
from jamtui.playback.confirming import Confirming
from jamtui.playback.ledger import Ledger
from jamtui.playback.output import OutputLoop
from jamtui.playback.output_thread import OutputThread
from jamtui.playback.quiet import Quiet
from jamtui.playback.sinks import Gather, Sink
from jamtui.processes.exits import crashed
from jamtui.processes.outlet_link import Outputs
from jamtui.processes.sinks import SINKS

AHEAD_NS = 2_000_000
"""What is sent goes to the outlet so long before it is due: longer than planning may keep the output thread
waiting, shorter than it takes to see that a chord made a note wrong (``answering.WITHDRAW_NS``)."""
GATHER = Gather(first_ns=260_000, each_ns=40_000)
"""What answers at once is due so long after it was worked out: the whole chord is handed over by then."""


class Sending:
    """Obeys commands in the output thread, which hands over what is to leave. For the planning thread.

    Args:
        clock: where musical time is; its changes wake the output thread.
        routes: of the roles, at the start.
        sinks: by name, at the start.
        outlet: who sends, and says what left.
        quiet: is told when the next event is due.
    """

    def __init__(
        self,
        clock: MusicalClock,
        routes: Mapping[Role, Route],
        sinks: Mapping[str, Sink],
        outlet: Outputs,
        quiet: Quiet,
    ) -> None:
        self.commands: deque[Command] = deque()
        """What the output loop is to do: appended here, taken there."""
        self._reports: deque[Report] = deque()
        self._confirming = Confirming()
        self._outlet = outlet
        self.loop = OutputLoop(
            clock,
            routes,
            sinks,
            self.commands,
            self._reports,
            Ledger(SINKS),
            quiet=quiet,
            ahead_ns=AHEAD_NS,
            gather=GATHER,
            hand_over=outlet.hand_over,
        )
        self.thread = OutputThread(self.loop, on_crash=crashed)
        clock.on_change = self.thread.wake

    def flush(self) -> None:
        """Have the commands obeyed, if there are any."""
        if self.commands:
            self.thread.wake()

    def reports(self) -> list[Report]:
        """What became of what was sent, as far as the outlet said so, since the last call."""
        confirming = self._confirming
        confirming.receive(self._outlet.receipts())
        while self._reports:
            confirming.take(self._reports.popleft())
        return confirming.drain(self._outlet.lost)

    @property
    def unconfirmed(self) -> int:
        """How many reports wait for a receipt."""
        return len(self._confirming)
