"""When the player is likely to change the chord, and to what, where no prediction is sure.

When: from the distances between the last changes, given that the chord has lasted so long, and from how
often it changed at this place of the bar. To what: what came after this chord before, what was heard at all,
and what commonly follows a chord of this family; the prediction's own guess beside them, for as much as it is
worth.

Pure functions of the changes that were heard.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from jamtui.music.chord import Chord, Family, parse_chord

LATELY = 8
"""Distances between changes, and bars, that are looked at."""
PLACE, UNSEEN = 3.0, 2.0
"""What the habit of the place counts, in distances; and in it what is common, in bars."""
BARS = 4
"""How far ahead, in bars."""
LIKELY = 0.35
"""How likely a change must be to be reckoned with."""
CANDIDATES = 8
"""Chords that are reckoned with."""
FOLLOWED, HEARD, COMMON = 2.0, 0.1, 1.0
"""What a chord counts for each time it followed this one, for each time it was heard, and all the common
ones together."""
LONG_AGO = 64
"""Changes that are looked through for what follows."""

Candidates = tuple[tuple[Chord, float], ...]
"""Chords that may come, likeliest first; the shares add up to 1."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """``tick`` at which the chord may change, and how ``likely`` (0 to 1) it does."""

    tick: int
    likely: float


@dataclass(frozen=True, slots=True)
class Doubts:
    """When the chord may change (ascending), and what may come."""

    changes: tuple[Doubt, ...] = ()
    candidates: Candidates = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def between(self, start: int, end: int) -> tuple[Doubt, ...]:
        """The doubts from ``start`` to ``end``, both included."""
        return tuple(d for d in self.changes if start <= d.tick <= end)


NONE = Doubts()
"""The chord holds, or it is known what comes."""


_COMMON: dict[Family, tuple[tuple[int, str, float], ...]] = {
    Family.MAJOR: (
        (5, "", 0.20), (7, "7", 0.20), (7, "", 0.12), (9, "m7", 0.14), (2, "m7", 0.14), (9, "7", 0.08),
        (0, "7", 0.06), (5, "m7", 0.06),
    ),
    Family.MINOR: (
        (5, "7", 0.35), (5, "m7", 0.12), (5, "", 0.10), (8, "", 0.12), (10, "", 0.10), (7, "7", 0.11),
        (3, "", 0.10),
    ),
    Family.DOMINANT: (
        (5, "", 0.42), (5, "m7", 0.20), (5, "7", 0.15), (2, "m7", 0.08), (11, "", 0.07), (10, "", 0.08),
    ),
    Family.HALF_DIMINISHED: ((5, "7", 0.80), (5, "m7", 0.10), (10, "7", 0.10)),
    Family.DIMINISHED: ((1, "m7", 0.45), (1, "", 0.25), (1, "7", 0.20), (11, "7", 0.10)),
    Family.AUGMENTED: ((5, "", 0.50), (5, "m7", 0.30), (9, "m7", 0.20)),
    Family.SUS: ((0, "7", 0.35), (0, "", 0.20), (5, "", 0.35), (5, "m7", 0.10)),
}  # fmt: skip
"""What follows a chord of each family in common practice (cadences, cycles of fifths, turnarounds, deceptive
cadences): semitones from root to root, quality, share."""


def likely_changes(slots: Sequence[int], beats: int) -> list[tuple[int, float]]:
    """When the chord after the last change may come: ``(slot, probability)``, given that it did not come
    before, for each slot of the next bars where it is ``LIKELY`` enough. ``slots``: those of the last
    changes, ascending; ``beats`` slots make a bar, slot 0 begins one. Who has not changed twice yet, or now
    stays for longer than twice what was usual, has no habit."""
    recent = slots[-LATELY - 1 :]
    apart = [b - a for a, b in itertools.pairwise(recent)]
    if len(apart) < 2:
        return []
    last, began = slots[-1], set(slots)
    oldest = max(slots[0], last - LATELY * beats)
    found = []
    for slot in range(last + 1, last + min(BARS * beats, 2 * max(apart)) + 1):
        place = slot % beats
        passed = range(oldest + (place - oldest) % beats, last + 1, beats)
        changed = sum(s in began for s in passed)
        here = (changed + UNSEEN * _commonly(place, beats)) / (len(passed) + UNSEEN)
        distance = slot - last
        lasted = sum(a >= distance for a in apart)
        probability = (apart.count(distance) + PLACE * here) / (lasted + PLACE)
        if probability >= LIKELY:
            found.append((slot, round(probability, 6)))
    return found


def _commonly(place: int, beats: int) -> float:
    """How often the chord changes on a beat where nothing is known of the player."""
    if place == 0:
        return 0.5
    return 0.25 if beats == 4 and place == 2 else 0.06


def likely_chords(heard: Sequence[Chord], guess: Chord | None = None, sure: float = 0.0) -> Candidates:
    """What may come after the last of ``heard`` (the chords in the order of playing). ``guess`` is what the
    prediction expects, ``sure`` (0 to 1) its share. Empty before the first chord."""
    if not heard:
        return ()
    now = heard[-1]
    here = (now.root, now.family)
    weights: dict[tuple[int, Family], float] = {}
    names: dict[tuple[int, Family], Chord] = {}

    def add(chord: Chord, weight: float) -> None:
        kind = (chord.root, chord.family)
        if kind != here and chord.family is not Family.NONE:
            weights[kind] = weights.get(kind, 0.0) + weight
            names.setdefault(kind, chord)

    recent = heard[-LONG_AGO:]
    for before, chord in itertools.pairwise(recent):
        add(chord, HEARD + (FOLLOWED if (before.root, before.family) == here else 0.0))
    for chord, share in _common(*here):
        add(chord, COMMON * share)
    if not weights:
        return ()
    whole = sum(weights.values())
    shares = {kind: weight / whole for kind, weight in weights.items()}
    if guess is not None and sure > 0.0 and (kind := (guess.root, guess.family)) != here:
        shares = {k: (1.0 - sure) * share for k, share in shares.items()}
        shares[kind] = shares.get(kind, 0.0) + sure
        names[kind] = guess
    best = sorted(shares, key=lambda k: (-shares[k], k[0], k[1].value))[:CANDIDATES]
    whole = sum(shares[kind] for kind in best)
    return tuple((names[kind], round(shares[kind] / whole, 6)) for kind in best)


@lru_cache(maxsize=128)
def _common(root: int, family: Family) -> tuple[tuple[Chord, float], ...]:
    return tuple(
        (Chord((root + motion) % 12, parse_chord("C" + quality).quality), share)
        for motion, quality, share in _COMMON.get(family, ())
    )
