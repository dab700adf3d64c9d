"""What the bench's player plays: seeded chords as people strike them, and when each one becomes a chord."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jamtui.music.chord import QUALITIES

Stroke = tuple[int, int, str]
"""(when in ns, port index, message in hex): what the player process is told."""

MS = 1_000_000
LATEST_TRIGGER_NS = 30 * MS
"""A chord is one at its third pitch class, or so long after its first note."""
_SHAPES = ("", "m", "7", "maj7", "m7", "m7b5", "sus4", "9")


@dataclass(frozen=True, slots=True)
class Attack:
    """A chord to be struck: keys from low to high with their delay after ``at_ns``, held for ``held_ns``."""

    at_ns: int
    keys: tuple[tuple[int, int], ...]
    held_ns: int

    @property
    def bass(self) -> int:
        """The lowest key."""
        return self.keys[0][0]

    def strokes(self, port: int = 0) -> list[Stroke]:
        """Note-ons and note-offs in order of time."""
        ons = [(self.at_ns + delay, port, bytes((0x90, key, 84)).hex()) for key, delay in self.keys]
        offs = [(self.at_ns + self.held_ns, port, bytes((0x80, key, 0)).hex()) for key, _ in self.keys]
        return sorted(ons) + offs


def voicings(seed: int, after: int | None = None) -> Iterator[tuple[int, ...]]:
    """Chords without end, each on another root than the one before (the first one's bass note is ``after``):
    the root in the bass, the chord in close position above it."""
    rng = random.Random(seed)
    root = rng.randrange(12) if after is None else after % 12
    while True:
        root = (root + rng.randrange(1, 12)) % 12
        quality = QUALITIES[rng.choice(_SHAPES)]
        upper = 55 + rng.randrange(8)
        keys = {upper + (root + i - upper) % 12 for i in quality.intervals}
        yield (40 + (root - 40) % 12, *sorted(keys))


def attacks(
    seed: int,
    times: Sequence[int],
    *,
    spread_ms: tuple[float, float] = (0.0, 0.0),
    held_ms: float = 250.0,
    after: Attack | None = None,
) -> list[Attack]:
    """One chord for each time; spread over a random time in ``spread_ms``, mostly from low to high. ``after``
    was played before: a chord that is struck again is none that the band has to answer."""
    rng = random.Random(seed + 1)
    made: list[Attack] = []
    for at, keys in zip(times, voicings(seed, None if after is None else after.bass), strict=False):
        width = rng.uniform(*spread_ms) * MS
        delays = [0.0, *sorted(rng.random() for _ in keys[2:]), 1.0][: len(keys)]
        if rng.random() < 0.25:
            delays.reverse()
        first = min(delays)
        struck = tuple((key, round((delay - first) * width)) for key, delay in zip(keys, delays, strict=True))
        made.append(Attack(at, struck, round(held_ms * MS)))
    return made


def random_times(seed: int, count: int, start_ns: int, low_ms: float, high_ms: float) -> list[int]:
    """``count`` times from ``start_ns`` on, with random gaps between the two."""
    rng = random.Random(seed + 2)
    times: list[int] = []
    at = start_ns
    for _ in range(count):
        times.append(at)
        at += round(rng.uniform(low_ms, high_ms) * MS)
    return times


def trigger_of(presses: Sequence[tuple[int, int]]) -> int:
    """When presses (key, ns sent) became a chord: the third pitch class, or 30 ms after the first."""
    ordered = sorted(presses, key=lambda press: press[1])
    latest = ordered[0][1] + LATEST_TRIGGER_NS
    classes: set[int] = set()
    for key, ns in ordered:
        classes.add(key % 12)
        if len(classes) == 3:
            return min(ns, latest)
    return latest
