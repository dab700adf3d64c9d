"""A phrase of the library played as it is written, while the band does not play."""

from collections.abc import Iterable
from dataclasses import dataclass

from jamtui.music.meter import PPQ
from jamtui.playback.commands import Immediate, Route

_NS_PER_MINUTE = 60_000_000_000
LONGEST_NS = 30_000_000_000
"""No audition goes on for longer."""


@dataclass(frozen=True, slots=True)
class AuditionNote:
    """Ticks from the beginning, MIDI number and velocity."""

    onset: int
    duration: int
    pitch: int
    velocity: int


class Audition:
    """Sends one phrase at a time through a role's route. Every note-on gets its note-off; what follows an
    earlier phrase ends it first."""

    def __init__(self) -> None:
        self._due: list[tuple[int, bool, Immediate]] = []

    @property
    def next_ns(self) -> int | None:
        """When there is something to send next; None: nothing plays."""
        return self._due[0][0] if self._due else None

    def begin(self, notes: Iterable[AuditionNote], tempo: float, route: Route, ns: int) -> list[Immediate]:
        """Play ``notes`` at ``tempo`` from ``ns`` on; returns what has to be sent first."""
        first = self.end()
        per_tick = _NS_PER_MINUTE / (max(20.0, tempo) * PPQ)
        for note in notes:
            pitch = note.pitch + 12 * route.octave
            start = ns + round(note.onset * per_tick)
            if not 0 <= pitch <= 127 or start - ns > LONGEST_NS:
                continue
            stop = min(start + max(1, round(note.duration * per_tick)), ns + LONGEST_NS)
            velocity = max(1, min(127, note.velocity))
            on = Immediate(route.port, bytes((0x90 | route.channel, pitch, velocity)))
            off = Immediate(route.port, bytes((0x80 | route.channel, pitch, 0)))
            self._due += [(start, True, on), (stop, False, off)]
        # What ends goes before what begins at the same moment.
        self._due.sort(key=lambda event: (event[0], event[1]))
        return first

    def due(self, ns: int) -> list[Immediate]:
        """What has to be sent by ``ns``."""
        if not self._due or self._due[0][0] > ns:
            return []
        count = next((i for i, event in enumerate(self._due) if event[0] > ns), len(self._due))
        found, self._due = self._due[:count], self._due[count:]
        return [message for _, _, message in found]

    def end(self) -> list[Immediate]:
        """Stop; returns the note-offs that are still owed."""
        owed = [message for _, on, message in self._due if not on]
        self._due = []
        return owed
