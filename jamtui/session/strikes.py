"""What was struck lately, one key after another: broken chords, lone bass notes, moving voices."""

from collections import deque
from collections.abc import Callable, Iterable
from itertools import pairwise

from jamtui.music.chord import Chord
from jamtui.session.attack import BASS_BELOW, MS, Standing, explains, pcs

LEFT_HAND = 60
"""Keys below middle C are taken for the left hand."""
_BROKEN_NS = 1600 * MS
_SOON_NS = 530 * MS
_LIFTED_NS = 300 * MS
_LONE_BASS_NS = 900 * MS
_STALE_NS = 1500 * MS
_STALE_STRIKES = 6

_PLAIN = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (0, 3, 7, 10), (0, 3, 6, 9))
"""Triads and sevenths that a chord outgrown is replaced by, as intervals."""


def broken_chord(notes: Iterable[int]) -> bool:
    """Whether notes struck one after another look like a broken chord, not like a scale: three pitch
    classes or more, no semitone between neighbours and at most one whole tone."""
    classes = sorted(pcs(notes))
    if len(classes) < 3:
        return False
    gaps = [b - a for a, b in pairwise([*classes, classes[0] + 12])]
    return 1 not in gaps and gaps.count(2) <= 1


class Strikes:
    """The last keys struck and let go, with their stamps."""

    __slots__ = ("_lifted", "_lone_bass", "_struck")

    def __init__(self) -> None:
        self._struck: deque[tuple[int, int]] = deque(maxlen=24)
        self._lifted: deque[tuple[int, int]] = deque(maxlen=12)
        self._lone_bass: tuple[int, int] | None = None

    def strike(self, ns: int, pitch: int) -> None:
        """A key went down."""
        self._struck.append((ns, pitch))

    def lift(self, ns: int, pitch: int) -> None:
        """A key came up."""
        self._lifted.append((ns, pitch))

    def attack_closed(self, start_ns: int, notes: set[int]) -> None:
        """An attack is complete: alone and low it is a bass note."""
        lowest = min(notes)
        if lowest < BASS_BELOW:
            self._lone_bass = (start_ns, lowest) if len(notes) == 1 else None

    def follows_soon(self) -> bool:
        """Whether the last key was struck soon after the one before it."""
        return len(self._struck) > 1 and self._struck[-1][0] - self._struck[-2][0] < _SOON_NS

    def voice_moved(self, standing: Standing, notes: Iterable[int], ns: int) -> bool:
        """Whether one of ``notes`` takes the place of a key of the standing chord just let go."""
        gone = [p for at, p in self._lifted if ns - at <= _LIFTED_NS and p in standing.notes]
        return any(abs(p - note) <= 4 for p in gone for note in notes)

    def lone_bass(self, ns: int, below: int) -> int | None:
        """The bass note struck alone shortly before ``ns``, if it lies below ``below``."""
        if self._lone_bass is None:
            return None
        at, bass = self._lone_bass
        return bass if bass < below and ns - at <= _LONE_BASS_NS else None

    def broken(
        self, standing: Standing | None, ns: int, pedalled: bool, sure: Callable[[frozenset[int]], bool]
    ) -> frozenset[int] | None:
        """The notes of a broken chord in the left hand, or in both under the pedal, once its notes since
        the last known chord say one; None otherwise."""
        since = ns - _BROKEN_NS
        known = standing is not None and not standing.thin
        if standing is not None and known:
            since = max(since, standing.struck_ns + 1)  # older ones belong to the chord that stands
        recent = [p for at, p in self._struck if at >= since]
        hands = [[p for p in recent if p < LEFT_HAND]]
        if pedalled:
            hands.append(recent)
        for hand in hands:
            if standing is not None and known:
                foreign = next((i for i, p in enumerate(hand) if not explains(standing.chord, (p,))), None)
                if foreign is None:
                    continue
                hand = hand[foreign:]
            notes = frozenset(hand)
            if broken_chord(notes) and sure(notes):
                return notes
        return None

    def outgrown(self, chord: Chord, ns: int) -> frozenset[int] | None:
        """Notes of the plain chord that most of what was struck lately belongs to, where ``chord`` fits less
        than half of it; None while it still fits, the left hand is silent or nothing fits better.

        Low keys weigh double: they carry the harmony.
        """
        recent = [(p, 2 if p < LEFT_HAND else 1) for at, p in self._struck if at >= ns - _STALE_NS]
        if len(recent) < _STALE_STRIKES or sum(w == 2 for _, w in recent) < 3:
            return None
        weights = [0] * 12
        for pitch, weight in recent:
            weights[pitch % 12] += weight
        total = sum(weights)
        if 2 * sum(weights[p] for p in chord.pitch_classes) >= total:
            return None
        best, found = 0.0, frozenset[int]()
        for intervals in _PLAIN:
            for root in range(12):
                tones = frozenset((root + i) % 12 for i in intervals)
                missing = sum(not weights[p] for p in tones)
                score = sum(weights[p] for p in tones) - total * (0.25 * missing + 0.04 * len(tones))
                if score > best:
                    best, found = score, tones
        if sum(weights[p] for p in found) < 0.75 * total:
            return None
        return frozenset(p for p, _ in recent if p % 12 in found)
