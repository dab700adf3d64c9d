"""Start, count-in, stop, tempo, tap, and the clock that is followed: what moves musical time."""

from dataclasses import dataclass

from jamtui.music.meter import Meter
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import Immediate, TimedMessage
from jamtui.playback.midi_clock import CONTINUE, START, STOP, pulses, song_position

LEAD_IN_NS = 60_000_000
"""From the key press to the first count-in click: longer than the lock horizon."""


@dataclass(frozen=True, slots=True)
class CountIn:
    """A count-in of whole bars before tick 0."""

    bars: int
    meter: Meter

    @property
    def from_tick(self) -> int:
        """The first click's tick (negative)."""
        return -self.bars * self.meter.bar_ticks


def start_internal(clock: MusicalClock, count_in: CountIn, ns: int) -> int:
    """Run the clock so that tick 0 comes after the count-in; the tick it starts at."""
    clock.start(ns + LEAD_IN_NS, tick=count_in.from_tick)
    return count_in.from_tick


class PulseSender:
    """Sends MIDI clock: pulses at all times while musical time moves, Start before the pulse of tick 0.

    Args:
        port: sink the clock goes to.
    """

    def __init__(self, port: str) -> None:
        self._port = port
        self._until = 0

    def start(self, from_tick: int, first_bar: int) -> list[TimedMessage]:
        """Pulses begin at ``from_tick`` (a count-in is negative); the receiver starts at ``first_bar``."""
        self._until = from_tick
        if first_bar == 0:
            return [TimedMessage(self._port, 0, START)]
        return [
            TimedMessage(self._port, first_bar - 1, song_position(first_bar)),
            TimedMessage(self._port, first_bar, CONTINUE),
        ]

    def ahead(self, tick: float, ticks_ahead: int) -> list[TimedMessage]:
        """The pulses that became due for scheduling."""
        end = int(tick) + ticks_ahead
        start = max(self._until, int(tick))
        if end <= start:
            return []
        self._until = end
        return pulses(self._port, start, end)

    def stop(self) -> list[Immediate]:
        """The receiver stops now."""
        return [Immediate(self._port, STOP)]
