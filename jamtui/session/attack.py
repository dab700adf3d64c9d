"""Attacks and what they mean: the rules by which struck keys become chords. No clock, no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from jamtui.music.chord import Chord, Family, make_chord
from jamtui.music.detect import Guess

MS = 1_000_000
ANSWER_NS = 30 * MS
"""A chord is answered this long after the first note of its attack, if not at its third pitch class."""
GAP_NS = 50 * MS
LONGEST_ATTACK_NS = 120 * MS
"""Notes closer than the gap are one attack, up to this length in all."""
SECOND_LOOK_NS = 20 * MS
SECOND_LOOK_LATEST_NS = 75 * MS
ONE_CHORD_NS = 250 * MS
"""Within this time of its trigger a chord may be revised, once; later it is another chord."""
BASS_BELOW = 52
"""A key below E3 struck alone is a bass note."""


def pcs(notes: Iterable[int]) -> frozenset[int]:
    """Pitch classes of notes."""
    return frozenset(n % 12 for n in notes)


@dataclass(slots=True)
class Attack:
    """Keys struck together. ``before`` are the keys that were down already."""

    start_ns: int
    before: frozenset[int]
    previous: Chord | None
    notes: set[int] = field(default_factory=set)
    last_ns: int = 0
    answered: bool = False
    as_chord: bool = False
    """Answered with three pitch classes or more."""
    again: bool = False
    """The keys of the standing chord, struck again."""
    aside: bool = False
    """Over a chord that is held: waits and sees."""
    told: int = 0
    """How many times the band was told about this attack."""
    second_look_ns: int | None = None

    @property
    def close_ns(self) -> int:
        """When no further note can belong to it."""
        return min(self.last_ns + GAP_NS, self.start_ns + LONGEST_ATTACK_NS)

    def voicing(self, pressed: frozenset[int]) -> frozenset[int]:
        """The attack with the bass or shell that the other hand holds below it.

        Older keys beside or above are fingers on their way up (legato), and so are those below an attack
        that brings its own bass, and a whole chord below.
        """
        lowest = min(self.notes)
        if lowest < BASS_BELOW:
            return frozenset(self.notes)
        low = {n for n in self.before & pressed if n < lowest}
        return frozenset(self.notes | low) if len(pcs(low)) < 3 else frozenset(self.notes)


@dataclass(slots=True)
class Standing:
    """The chord that holds, latched or not, and what it rests on."""

    chord: Chord
    guesses: tuple[Guess, ...]
    notes: frozenset[int]
    trigger_ns: int
    struck_ns: int
    scale: frozenset[int]
    revised: bool = False

    @property
    def thin(self) -> bool:
        """Known from one or two pitch classes only."""
        return len(pcs(self.notes)) < 3


def explains(chord: Chord, notes: Iterable[int]) -> bool:
    """Whether every note is a tone of the chord's quality (a slash bass alone does not explain)."""
    tones = {(chord.root + i) % 12 for i in chord.quality.intervals}
    return pcs(notes) <= tones


def same_for_band(standing: Standing, chord: Chord) -> bool:
    """Whether the band may play on: same root and kind, nothing outside the scale it plays."""
    old = standing.chord
    if old.root != chord.root or old.family is not chord.family:
        return False
    return pcs(chord.root + i for i in chord.quality.intervals) <= standing.scale


def is_again(standing: Standing | None, notes: set[int], ns: int) -> bool:
    """Whether ``notes`` are keys of the standing chord struck again: with its lowest key at any time,
    without it (only the other hand) for a bar or so."""
    if standing is None or standing.thin or not notes <= standing.notes:
        return False
    return min(standing.notes) in notes or ns - standing.struck_ns <= 1500 * MS


def plain(guesses: tuple[Guess, ...], notes: Iterable[int]) -> Chord:
    """The chord for ``notes``: the best guess, but a bare fifth where one or two notes leave the third
    open."""
    best = guesses[0]
    classes = pcs(notes)
    if len(classes) > 2 or best.score >= 0.5 or best.chord.family is Family.NONE:
        return best.chord
    root = min(notes) % 12
    return make_chord(root, "5") if classes <= {root, (root + 7) % 12} else best.chord
