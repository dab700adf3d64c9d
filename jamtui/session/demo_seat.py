"""The built-in player's seat at the keyboard: what it plays reaches the band as any other input does."""

from collections.abc import Callable

from jamtui.music.meter import PPQ
from jamtui.playback.clock import MusicalClock
from jamtui.session.conductor import Conductor
from jamtui.session.demo_player import DemoPlayer

INPUT = "demo"
"""Name of the input that it plays on."""


class DemoSeat:
    """Has the player play as musical time goes on.

    Args:
        player: None leaves the seat empty: then nothing is played.
        play: takes a message with the time (ns) at which it was played, and the name of the input.
    """

    def __init__(
        self,
        player: DemoPlayer | None,
        conductor: Conductor,
        clock: MusicalClock,
        play: Callable[[int, str, bytes], None],
    ) -> None:
        self.player = player
        self._conductor = conductor
        self._clock = clock
        self._play = play
        self._until = 0.0

    @property
    def _plays(self) -> bool:
        # In the ending it plays no more, and its next event would stay due for ever.
        return self._clock.running and self._conductor.state not in ("stopped", "ending")

    def next_ns(self) -> int | None:
        """When it plays next; None while it does not."""
        if self.player is None or not self._plays:
            return None
        return self._clock.segment.ns_at(max(self.player.next_tick, self._until))

    def begin(self, ns: int) -> None:
        """The band begins. The player does so with the form, not in the count-in."""
        self._until = max(0.0, self._clock.segment.tick_at(ns))
        meter = self._conductor.settings.meter
        if self.player is not None and self.player.meter != meter:
            self.player.set_meter(meter)
            self.player.restart()

    def set_tempo(self, bpm: float) -> None:
        """Its spread is in milliseconds, its form in beats."""
        if self.player is not None:
            self.player.set_tempo(bpm)

    def advance(self, ns: int) -> None:
        """Play what has become due."""
        player, segment = self.player, self._clock.segment
        tick = segment.tick_at(ns)
        if player is None or not self._clock.running or self._conductor.state == "stopped":
            return
        if tick <= self._until:
            return
        start, self._until = self._until, tick
        if not self._plays:
            return
        coming = self._conductor.bar_at(tick + PPQ)
        if coming.meter != player.meter:
            player.set_meter(coming.meter, coming.start)
        for event in player.events(start, tick):
            # The stamp is when it was played, not when somebody came to see it.
            self._play(segment.ns_at(event.tick), INPUT, event.data)

    def stop(self, ns: int) -> None:
        """Lift all keys and the pedal."""
        if self.player is not None:
            for event in self.player.release(self._clock.segment.tick_at(ns)):
                self._play(ns, INPUT, event.data)
