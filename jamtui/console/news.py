"""What was said lately, and how long ago: the event line is to be read from two metres between two chords."""

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

from jamtui.session.snapshot import Event

KEPT = 8
"""Events that are remembered."""
BRIGHT_S = {"info": 10.0, "warning": 30.0, "error": 60.0}
"""Seconds for which an event is news, by severity."""
LEAVES_S = 120.0
"""So long after it came an event leaves its line. What still holds then is a notice, not an event."""
HOLDS_S = 3.0
"""For so long a warning or an error keeps its line against what merely informs, unless the player does
something."""


class Age(IntEnum):
    """How an event is shown: as news, dimly, or no more where it had a line of its own."""

    NEW = 0
    PAST = 1
    GONE = 2


@dataclass(frozen=True, slots=True)
class Told:
    """An event with its time of day."""

    time_of_day: str
    event: Event
    age: Age = Age.NEW


class News:
    """The last events. Times are seconds of any one clock that goes on."""

    def __init__(self) -> None:
        self._heard: deque[tuple[float, str, Event]] = deque(maxlen=KEPT)
        self._shown: tuple[Told, ...] = ()
        self._read = float("-inf")

    def hear(self, event: Event, time_of_day: str, now: float) -> None:
        """``event`` came. It is as old as it is here, not as it is: who joins late has not read it."""
        self._heard.append((now, time_of_day, event))

    def acted(self, now: float) -> None:
        """The player did something: what that leads to is what they look for now."""
        self._read = now

    def shown(self, now: float) -> tuple[Told, ...]:
        """All of it in order; the last is the one for the event line."""
        heard = list(self._heard)
        since = max(now - HOLDS_S, self._read)
        held = next((h for h in reversed(heard) if h[2].severity != "info" and h[0] > since), None)
        if held is not None and heard[-1][2].severity == "info":
            heard.remove(held)
            heard.append(held)
        told = tuple(Told(words, event, _age(event, now - at)) for at, words, event in heard)
        if told != self._shown:
            self._shown = told
        return self._shown


def _age(event: Event, seconds: float) -> Age:
    if seconds >= LEAVES_S:
        return Age.GONE
    return Age.NEW if seconds < BRIGHT_S.get(event.severity, BRIGHT_S["info"]) else Age.PAST
