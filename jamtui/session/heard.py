"""What the chord stream tells the band and the screen."""

from dataclasses import dataclass

from jamtui.music.chord import Chord
from jamtui.music.detect import Guess


@dataclass(frozen=True, slots=True)
class Heard:
    """What the stream tells. ``kind``: ``provisional`` a new chord for the band, ``revised`` the same chord
    better known (once at most, with the same ``trigger_ns``), ``settled`` for the screen, ``faded`` back to
    N.C. ``trigger_ns`` is the stamp that made it a chord, ``ns`` when it was said; ``notes`` what it rests
    on; ``safe`` the pitch classes that stay right for any chord those keys can still become."""

    kind: str
    chord: Chord
    guesses: tuple[Guess, ...]
    trigger_ns: int
    ns: int
    notes: tuple[int, ...]
    safe: frozenset[int]
