"""A rehearsal before the first note: the paths of a first answer are walked once, in every style and on every
grid, so that no table, no phrase and no code is met for the first time on stage."""

from collections.abc import Callable, Iterable
from typing import Protocol

from jamtui.music.chord import parse_chord
from jamtui.music.meter import PPQ
from jamtui.playback.commands import Command
from jamtui.session.hearing import ChordStream, Heard
from jamtui.session.settings import GRIDS

_CHORDS = ("Cmaj7", "Dm7", "G7", "Bm7b5", "Ebdim7", "F", "Am", "C7sus4")
_KEYS = ((48, 52, 55, 59), (50, 53, 57, 60), (43, 53, 59, 62), (45, 60, 64))
_MS = 1_000_000


class Understudy(Protocol):
    """What of a conductor is rehearsed."""

    def start(self, tick: int) -> list[Command]:
        """Begin to play."""
        ...

    def hear(self, heard: Heard, tick: float, bpm: float) -> list[Command]:
        """Answer a chord."""
        ...

    def advance(self, tick: float, bpm: float) -> list[Command]:
        """Go on."""
        ...


def rehearse(styles: Iterable[str], understudy: Callable[[str, str], Understudy], bpm: float = 120.0) -> None:
    """Play a few chords to an ``understudy`` (made for a style and a grid) in each style on each grid."""
    _listen()
    for style in styles:
        for grid in GRIDS:
            band = understudy(style, grid)
            band.start(0)
            tick = -20
            for number, symbol in enumerate(_CHORDS):
                chord = parse_chord(symbol)
                ns = (number + 1) * 1_000_000_000
                safe = chord.pitch_classes
                band.hear(Heard("provisional", chord, (), ns, ns, (), safe), tick, bpm)
                if number % 4 == 1:
                    band.hear(Heard("revised", chord, (), ns, ns + 20 * _MS, (), safe), tick + 40, bpm)
                # Early, late, a hair late, in time.
                tick += (2 * PPQ + 60, 2 * PPQ - 80, 2 * PPQ + 30, 2 * PPQ)[number % 4]
                band.advance(tick - 40, bpm)


def _listen() -> None:
    stream = ChordStream()
    ns = 1_000 * _MS
    for keys in _KEYS:
        for key in keys:
            ns += 6 * _MS
            stream.feed(ns, bytes((0x90, key, 80)))
        ns += 400 * _MS
        stream.advance(ns)
        for key in keys:
            stream.feed(ns, bytes((0x80, key, 0)))
        ns += 300 * _MS
