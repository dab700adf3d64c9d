"""Naming a voicing: the best three chords for the notes that sound, with scores.

Every quality of the table is tried on every root. A candidate pays for what it says and is not there (a
missing fifth little, a missing third much), for what sounds and it does not explain, for how rare its
quality is and for a bass that is not its root; the cheapest explanation wins. All this depends only on
the pitch-class set seen from its bass, so it is worked out once for each of the 2048 sets and then
looked up. True ambiguities (C6 and Am7, the names of a diminished seventh) are settled by the bass; a
previous chord and a key, where given, shift what is left. Without any context an inversion also
stands for the chord itself over a root that somebody else plays; that reading comes after it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp
from operator import itemgetter

from jamtui.music.chord import NO_CHORD, QUALITIES, Chord, Family, Quality, default_root_name
from jamtui.music.pitch import FLAT_NAMES, SHARP_NAMES
from jamtui.music.scale import Key


@dataclass(frozen=True, slots=True)
class Guess:
    """A possible name. ``score`` (0 to 1) is its share of belief among all names considered and none."""

    chord: Chord
    score: float


@dataclass(frozen=True, slots=True)
class Context:
    """What is known besides the notes: the chord before, the key of the last bars, and a bass note
    (MIDI number or pitch class) that somebody else plays."""

    previous: Chord | None = None
    key: Key | None = None
    bass: int | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """Costs of an explanation, in units in which 1 is clearly worse. See the module."""

    no_root: float = 4.5
    no_root_guided: float = 1.6
    """The root is missing but third and seventh sound, as in a left-hand voicing."""
    no_third: float = 2.6
    no_fifth: float = 0.2
    no_fifth_of_sixth: float = 1.4
    no_altered_fifth: float = 2.8
    no_seventh: float = 2.4
    no_tension: float = 2.4
    no_implied_tension: float = 0.8
    foreign: float = 2.2
    foreign_again: float = 3.0
    bass_third: float = 0.7
    bass_fifth: float = 0.8
    bass_altered_fifth: float = 1.8
    bass_seventh: float = 1.2
    bass_tension: float = 2.4
    bass_foreign: float = 3.2
    bass_rootless: float = 0.15
    given_bass_not_root: float = 1.6
    rarity: float = 0.4
    same_root: float = 0.5
    falling_fifth: float = 1.4
    outside_key: float = 0.5
    sharpness: float = 1.6
    bass_elsewhere: float = 0.9
    """An inversion is read as the chord itself over a root that somebody else plays."""
    none_of_these: float = 4.0
    """Cost of the belief that the notes are no chord of the table."""


WEIGHTS = Weights()

# How far down the list of qualities in use one stands; counted on lead sheets of jazz, songs and folk.
_RARITY: dict[str, int] = {
    name: rank
    for rank, names in enumerate(
        (
            ("", "m", "7"),
            ("m7", "maj7", "dim"),
            ("m7b5", "dim7", "sus4", "6", "m6"),
            ("aug", "9", "m9", "maj9", "7b9", "7sus4", "sus2", "add9", "13", "6/9", "aug7"),
            (
                *("madd9", "m11", "7#9", "9sus4", "13sus4", "mMaj7", "maj7#11", "7#11", "m6/9", "7b13"),
                *(
                    "13b9",
                    "9#11",
                    "7alt",
                    "7#5#9",
                    "maj9#11",
                    "maj13",
                    "7#5b9",
                    "m9b5",
                    "7b5",
                    "maj7b5",
                    "9b5",
                ),
            ),
        )
    )
    for name in names
}
_RAREST = 5
_FIFTH_IS_ALTERED = (Family.DIMINISHED, Family.HALF_DIMINISHED, Family.AUGMENTED)
_KEPT = 16


@dataclass(frozen=True, slots=True)
class _Template:
    quality: Quality
    mask: int
    rarity: float
    costs: tuple[tuple[int, float], ...]
    """(interval as a bit, cost when it is missing)."""
    guides: int
    """Third and seventh (or sixth) as bits; 0 for a chord without both."""


def _missing_cost(quality: Quality, interval: int, weights: Weights) -> float:
    pc = interval % 12
    intervals = quality.intervals
    if interval == 0:
        return weights.no_root
    if interval in (3, 4) or (quality.family is Family.SUS and interval in (2, 5)):
        return weights.no_third
    if interval == 7:
        # A bare fifth is all that a power chord has.
        if len(intervals) == 2:
            return weights.no_third
        # Without its fifth a sixth chord is a triad of another root.
        return weights.no_fifth_of_sixth if 9 in intervals else weights.no_fifth
    if interval in (6, 8):
        return weights.no_altered_fifth
    if interval in (10, 11):
        return weights.no_seventh
    top = max(intervals)
    if pc in (2, 5) and interval != top and (10 in intervals or 11 in intervals):
        return weights.no_implied_tension
    return weights.no_tension


def _guides(quality: Quality) -> int:
    thirds = [i for i in quality.intervals if i in (3, 4) or (i == 5 and quality.family is Family.SUS)]
    sevenths = [i for i in quality.intervals if i in (9, 10, 11)]
    return 1 << thirds[0] | 1 << sevenths[-1] if thirds and sevenths else 0


def _templates(weights: Weights) -> tuple[_Template, ...]:
    return tuple(
        _Template(
            quality,
            sum(1 << pc for pc in quality.pitch_classes),
            weights.rarity * _RARITY.get(quality.name, _RAREST),
            tuple((1 << i % 12, _missing_cost(quality, i, weights)) for i in quality.intervals),
            _guides(quality),
        )
        for quality in QUALITIES.values()
    )


@dataclass(frozen=True, slots=True)
class _Candidate:
    cost: float
    root: int
    """Semitones above the bass."""
    quality: Quality
    slash: bool
    """Whether the name says the bass: not in root position, and not in a rootless voicing, where the lowest
    note is an inner voice."""


class Namer:
    """Names voicings with a set of weights. One instance keeps what it worked out; ``name_voicing`` uses
    one with the default weights."""

    def __init__(self, weights: Weights = WEIGHTS) -> None:
        self._weights = weights
        self._templates: tuple[_Template, ...] = ()
        self._fitted: dict[int, list[tuple[float, _Template]]] = {}
        self._ranked: dict[int, tuple[_Candidate, ...]] = {}
        self._named: dict[tuple[object, ...], tuple[Guess, ...]] = {}

    def name(self, notes: Iterable[int], context: Context | None = None) -> tuple[Guess, ...]:
        """See ``name_voicing``."""
        mask, lowest = 0, 1 << 30
        for note in notes:
            mask |= 1 << note % 12
            if note < lowest:
                lowest = note
        if context is None:
            if not mask:
                return (Guess(NO_CHORD, 1.0),)
            found = self._named.get((mask, lowest % 12))
            if found is None:
                found = self._choose(mask, lowest % 12, None, None, False)
                self._named[(mask, lowest % 12)] = found
            return found
        bass = lowest % 12
        if context.bass is not None:
            bass = context.bass % 12
            mask |= 1 << bass
        if not mask:
            return (Guess(NO_CHORD, 1.0),)
        previous, key = context.previous, context.key
        what = (
            mask,
            bass,
            None if previous is None else (previous.root, previous.quality.name),
            None if key is None else (key.tonic, key.minor),
            context.bass is not None,
        )
        found = self._named.get(what)
        if found is None:
            if len(self._named) > 20_000:
                self._named.clear()
            found = self._named[what] = self._choose(mask, bass, previous, key, context.bass is not None)
        return found

    def warm(self) -> None:
        """Work out all 2048 sets now (some tenths of a second), so that no later call pays for one."""
        for mask in range(1, 4096, 2):
            self._rank(mask)

    def _choose(
        self, mask: int, bass: int, previous: Chord | None, key: Key | None, given_bass: bool
    ) -> tuple[Guess, ...]:
        weights = self._weights
        candidates = self._rank(((mask << 12 | mask) >> bass) & 0xFFF)
        costs = [c.cost + self._context_cost(c, bass, previous, key) for c in candidates]
        if given_bass:
            # Whoever plays the bass for a chord plays its root more often than a pianist's left hand.
            costs = [
                cost + weights.given_bass_not_root * (c.root != 0)
                for cost, c in zip(costs, candidates, strict=True)
            ]
        ranked = sorted(zip(costs, candidates, strict=True), key=lambda pair: pair[0])
        best_cost, best = ranked[0]
        alone = previous is None and key is None and not given_bass
        if alone and best.slash and best.quality.pitch_classes >= {0, -best.root % 12}:
            ranked.append((best_cost + weights.bass_elsewhere, replace(best, slash=False)))
            ranked.sort(key=lambda pair: pair[0])
        sharpness = weights.sharpness
        likelihoods = [exp(-sharpness * (cost - best_cost)) for cost, _ in ranked]
        total = sum(likelihoods) + exp(-sharpness * (weights.none_of_these - best_cost))
        return tuple(
            Guess(_chord(candidate, bass, key), likelihood / total)
            for (_, candidate), likelihood in zip(ranked[:3], likelihoods[:3], strict=True)
        )

    def _context_cost(
        self, candidate: _Candidate, bass: int, previous: Chord | None, key: Key | None
    ) -> float:
        weights, cost = self._weights, 0.0
        root = (bass + candidate.root) % 12
        if previous is not None and previous.family is not Family.NONE:
            if root == previous.root:
                cost -= weights.same_root
            elif root == (previous.root + 5) % 12:
                cost -= weights.falling_fifth
        if key is not None:
            diatonic = key.pitch_classes
            tones = candidate.quality.pitch_classes
            cost += weights.outside_key * sum((root + i) % 12 not in diatonic for i in tones)
        return cost

    def _rank(self, mask: int) -> tuple[_Candidate, ...]:
        """Candidates, cheapest first, for a set seen from its bass (bit 0 is set)."""
        found = self._ranked.get(mask)
        if found is not None:
            return found
        weights = self._weights
        readings: list[tuple[float, int, _Template, bool]] = []
        for root in range(12):
            relative = ((mask << 12 | mask) >> root) & 0xFFF
            bass_bit = 1 << (-root) % 12
            rootless = not relative & 1
            for cost, template in self._fit(relative):
                if root:
                    if rootless:
                        cost += weights.bass_rootless
                    elif not template.mask & bass_bit:
                        cost += weights.bass_foreign - weights.foreign
                    else:
                        cost += self._bass_cost(bass_bit, template)
                readings.append((cost, root, template, rootless))
        readings.sort(key=itemgetter(0))
        result = self._ranked[mask] = tuple(
            _Candidate(cost, root, template.quality, bool(root) and not rootless)
            for cost, root, template, rootless in readings[:_KEPT]
        )
        return result

    def _bass_cost(self, bit: int, template: _Template) -> float:
        weights = self._weights
        if bit & 0b000000011000:
            return weights.bass_third
        if bit & 0b000010000000:
            return weights.bass_fifth
        if bit & 0b000101000000 and not template.mask & 0b000010000000:
            by_nature = template.quality.family in _FIFTH_IS_ALTERED
            return weights.bass_fifth if by_nature else weights.bass_altered_fifth
        if bit & 0b110000000000:
            return weights.bass_seventh
        return weights.bass_tension

    def _fit(self, mask: int) -> list[tuple[float, _Template]]:
        """(cost, template) for a set seen from an assumed root, the bass left aside."""
        found = self._fitted.get(mask)
        if found is not None:
            return found
        if not self._templates:
            self._templates = _templates(self._weights)
        weights = self._weights
        fits: list[tuple[float, _Template]] = []
        for template in self._templates:
            foreign = (mask & ~template.mask).bit_count()
            if foreign > 2:
                continue
            cost = template.rarity
            if foreign:
                cost += weights.foreign + (weights.foreign_again if foreign == 2 else 0.0)
            for bit, missing in template.costs:
                if not mask & bit:
                    cost += missing
            if not mask & 1 and template.guides and mask & template.guides == template.guides:
                cost += weights.no_root_guided - weights.no_root
            fits.append((cost, template))
        fits.sort(key=lambda fit: fit[0])
        del fits[6:]
        if not fits:
            # A cluster that nothing explains: the plain triad, at the price of all that is foreign to it.
            for template in self._templates[:2]:
                foreign = (mask & ~template.mask).bit_count()
                missing_cost = sum(c for bit, c in template.costs if not mask & bit)
                fits.append((weights.foreign_again * foreign + missing_cost, template))
        self._fitted[mask] = fits
        return fits


def _chord(candidate: _Candidate, bass: int, key: Key | None) -> Chord:
    root = (bass + candidate.root) % 12
    quality = candidate.quality
    slash = bass if candidate.slash else None
    name = default_root_name(root, quality.family)
    if key is not None:
        name = (FLAT_NAMES if key.flats else SHARP_NAMES)[root] if root in key.pitch_classes else name
    return Chord(root, quality, slash, name)


@lru_cache(maxsize=1)
def default_namer() -> Namer:
    """The shared namer behind ``name_voicing``; ``default_namer().warm()`` makes every call a lookup."""
    return Namer()


def name_voicing(notes: Iterable[int], context: Context | None = None) -> tuple[Guess, ...]:
    """The best three names, best first, for MIDI notes that sound together (lowest note: the bass).

    No notes: ``N.C.`` alone. In a rootless voicing the lowest note is taken for an inner voice: the chord
    has no slash bass.
    """
    return default_namer().name(notes, context)
