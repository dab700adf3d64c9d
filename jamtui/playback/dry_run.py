"""Dry runs of the sending path shortly before it is needed.

Between two events the processor's caches fill with other work. Measured with the engine over JACK, the
first note of a burst then takes 38 µs to leave and one of a one-line role behind it 64 µs more, against 14
and 5 after the same code was run on notes that go nowhere, in time that would be spun away anyway.
"""

from collections import deque

from jamtui.music.phrase import Role, Source
from jamtui.playback.clock import MAX_BPM, MusicalClock
from jamtui.playback.commands import PlannedNote, Report, Route
from jamtui.playback.events import Answer
from jamtui.playback.ledger import LEDGER_BYTES, Ledger
from jamtui.playback.output import OutputLoop
from jamtui.playback.sinks import NullSink

_LINE, _DRUMS = "line", "drums"


class DryRun:
    """An output loop with nothing behind its ports. For the output thread alone."""

    def __init__(self, now: int) -> None:
        clock = MusicalClock(MAX_BPM)
        clock.start(now, 0.0)
        self._reports: deque[Report] = deque()
        self._loop = OutputLoop(
            clock,
            {Role.LEAD: Route(_LINE), Role.DRUMS: Route(_DRUMS, 9)},
            {_LINE: NullSink(), _DRUMS: NullSink()},
            deque(),
            self._reports,
            Ledger((_LINE, _DRUMS), bytearray(LEDGER_BYTES)),
        )
        # The second note of the line ends the first; the third is ended by its own note-off, a run later.
        self._notes = tuple(
            PlannedNote(role, 0, 1, pitch, 80, 0, Source.REFLEX, 0, 0, 0)
            for role, pitch in ((Role.LEAD, 60), (Role.LEAD, 62), (Role.DRUMS, 36))
        )

    def run(self, now: int) -> int:
        """Strike three notes and end those of the run before. Returns how many messages would have left."""
        answer = Answer(0, now)
        for note in self._notes:
            self._loop.play_now(note, answer, now)
        self._loop.step(now)
        left = len(self._reports)
        self._reports.clear()
        return left
