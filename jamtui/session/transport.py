"""Start, count-in, stop, tempo, tap, and the clock that is followed: what moves musical time."""

from dataclasses import dataclass

from jamtui.music.meter import PPQ, Meter
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import Command, Immediate, Recall, TimedMessage
from jamtui.playback.midi_clock import (
    CLOCK,
    CONTINUE,
    PULSE_TICKS,
    SONG_POSITION_TICKS,
    START,
    STOP,
    pulses,
    song_position,
)

LEAD_IN_NS = 60_000_000
"""From the key press to the first count-in click: longer than the lock horizon."""

_PLACES = b"\xf2" + START + CONTINUE


@dataclass(frozen=True, slots=True)
class CountIn:
    """A count-in of whole bars before tick 0."""

    bars: int
    meter: Meter

    @property
    def from_tick(self) -> int:
        """The first click's tick (negative)."""
        return -self.bars * self.meter.bar_ticks


@dataclass(frozen=True, slots=True)
class Place:
    """Where the music was when its engine died: the bar, with its tick and its number (0-based)."""

    bar_start: int
    bar_number: int
    begins: int
    """The tick at which the band began, or was to begin after the count-in."""
    style_bar: int
    """The bar at which ``styles_in_turn`` moves on."""
    ends_at: int | None = None
    """The bar line of an ending that was asked for."""


def start_internal(clock: MusicalClock, count_in: CountIn, ns: int) -> int:
    """Run the clock so that tick 0 comes after the count-in; the tick it starts at."""
    clock.start(ns + LEAD_IN_NS, tick=count_in.from_tick)
    return count_in.from_tick


class PulseSender:
    """Sends MIDI clock: pulses at all times while musical time moves, and where the receiver is to play from.

    Args:
        port: sink the clock goes to.
    """

    def __init__(self, port: str) -> None:
        self._port = port
        self._until = 0

    def start(self, first: int, from_tick: int | None = None) -> list[Command]:
        """The receiver plays from ``first`` on, or where that lies between two sixteenths, which Song
        Position cannot name, from the next one.

        Args:
            first: where the band begins.
            from_tick: musical time jumped there, and pulses go on from it (a count-in is negative). None: it
                goes on as it went, and so do the pulses.
        """
        port = self._port
        first = -(-max(0, first) // SONG_POSITION_TICKS) * SONG_POSITION_TICKS
        commands: list[Command] = []
        if from_tick is None:
            commands.append(Recall(port, _PLACES))
        else:
            commands.append(Recall(port, _PLACES + CLOCK))
            self._until = from_tick
        # Half a pulse early, so that the next pulse is the one meant, also for a receiver that is slow to
        # get ready.
        at = first - PULSE_TICKS // 2
        if first == 0:
            commands.append(TimedMessage(port, at, START))
        else:
            # Song Position is for a receiver that stands.
            commands.append(Immediate(port, STOP))
            commands.append(TimedMessage(port, at, song_position(first)))
            commands.append(TimedMessage(port, at, CONTINUE))
        return commands

    def ahead(self, tick: float, ticks_ahead: int) -> list[TimedMessage]:
        """The pulses that became due for scheduling. Late ones are sent all the same, for receivers count
        them, up to a beat of them."""
        end = int(tick) + ticks_ahead
        start = max(self._until, int(tick) - PPQ)
        if end <= start:
            return []
        self._until = end
        return pulses(self._port, start, end)

    def stop(self) -> list[Command]:
        """The receiver stops now."""
        return [Recall(self._port, _PLACES), Immediate(self._port, STOP)]
