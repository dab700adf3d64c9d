"""Which scale goes with a chord, which notes to dwell on or avoid, and which key a progression is in.

The chord-scale choices are those of common jazz teaching (Levine, *The Jazz Theory Book*; Nettles and
Graf, *The Chord Scale Theory*): for each family the inside scale first, then the more surprising ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from jamtui.errors import MusicError
from jamtui.music.chord import QUALITIES, Chord, Family
from jamtui.music.pitch import parse_pitch_class, pitch_class_name

SCALES: dict[str, frozenset[int]] = {
    name: frozenset(steps)
    for name, steps in {
        "ionian": (0, 2, 4, 5, 7, 9, 11),
        "dorian": (0, 2, 3, 5, 7, 9, 10),
        "phrygian": (0, 1, 3, 5, 7, 8, 10),
        "lydian": (0, 2, 4, 6, 7, 9, 11),
        "mixolydian": (0, 2, 4, 5, 7, 9, 10),
        "aeolian": (0, 2, 3, 5, 7, 8, 10),
        "locrian": (0, 1, 3, 5, 6, 8, 10),
        "melodic minor": (0, 2, 3, 5, 7, 9, 11),
        "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
        "harmonic major": (0, 2, 4, 5, 7, 8, 11),
        "lydian augmented": (0, 2, 4, 6, 8, 9, 11),
        "lydian dominant": (0, 2, 4, 6, 7, 9, 10),
        "mixolydian b13": (0, 2, 4, 5, 7, 8, 10),
        "phrygian dominant": (0, 1, 4, 5, 7, 8, 10),
        "locrian #2": (0, 2, 3, 5, 6, 8, 10),
        "altered": (0, 1, 3, 4, 6, 8, 10),
        "half-whole": (0, 1, 3, 4, 6, 7, 9, 10),
        "whole-half": (0, 2, 3, 5, 6, 8, 9, 11),
        "whole tone": (0, 2, 4, 6, 8, 10),
        "augmented": (0, 3, 4, 7, 8, 11),
        "lydian #9": (0, 3, 4, 6, 7, 9, 11),
    }.items()
}
"""Scales by name, as semitones above the root of the chord they are used on."""

_CANDIDATES: dict[Family, tuple[str, ...]] = {
    Family.MAJOR: ("ionian", "lydian", "harmonic major", "lydian augmented", "lydian #9"),
    Family.MINOR: ("dorian", "aeolian", "phrygian", "melodic minor", "harmonic minor"),
    Family.DOMINANT: (
        "mixolydian",
        "lydian dominant",
        "mixolydian b13",
        "phrygian dominant",
        "half-whole",
        "whole tone",
        "altered",
    ),
    Family.HALF_DIMINISHED: ("locrian #2", "locrian"),
    Family.DIMINISHED: ("whole-half", "locrian", "locrian #2"),
    Family.AUGMENTED: ("lydian augmented", "whole tone", "harmonic major", "augmented"),
    Family.SUS: ("mixolydian", "dorian", "ionian", "phrygian", "aeolian"),
}

_FREE = frozenset({2, 7, 9})
"""Natural ninth, fifth and thirteenth: what a surprising scale may alter under a plain chord."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key: ``tonic`` is a pitch class."""

    tonic: int
    minor: bool = False

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The diatonic pitch classes; a minor key counts its natural and its raised seventh."""
        steps = (0, 2, 3, 5, 7, 8, 10, 11) if self.minor else (0, 2, 4, 5, 7, 9, 11)
        return frozenset((self.tonic + s) % 12 for s in steps)

    @property
    def flats(self) -> bool:
        """Whether the key is usually written with flats; of six sharps or six flats F# major and Eb minor."""
        return self.tonic in ((0, 2, 3, 5, 7, 10) if self.minor else (1, 3, 5, 8, 10))

    @property
    def name(self) -> str:
        """As written on a lead sheet: ``Eb``, ``F#m``."""
        return self._tonic_name + ("m" if self.minor else "")

    @property
    def words(self) -> str:
        """In words: ``Eb major``, ``F# minor``."""
        return f"{self._tonic_name} {'minor' if self.minor else 'major'}"

    @property
    def _tonic_name(self) -> str:
        return pitch_class_name(self.tonic, self.flats)


def read_key(words: str) -> Key | None:
    """The key that ``Key.words`` names; None for an empty text or another one."""
    name, _, mode = words.partition(" ")
    try:
        return Key(parse_pitch_class(name), mode == "minor") if mode in ("major", "minor") else None
    except MusicError:
        return None


def chord_tones(chord: Chord) -> frozenset[int]:
    """Absolute pitch classes of the chord without a foreign slash bass; empty for N.C."""
    return frozenset((chord.root + i) % 12 for i in chord.quality.intervals)


def scale_name(chord: Chord, key: Key | None = None, surprise: float = 0.0) -> str:
    """Name of the scale that ``chord_scale`` takes, ``""`` for N.C.

    At ``surprise`` 0 it is the inside choice: of the scales that hold the whole chord, the one nearest to
    ``key``, else the first of its family. Towards 1 it moves to scales that keep the guide tones and every
    written alteration but may change natural fifths and tensions.
    """
    return _choose(
        chord.quality.pitch_classes,
        chord.family,
        None if key is None else frozenset((p - chord.root) % 12 for p in key.pitch_classes),
        0.0 if surprise < 0 else min(surprise, 1.0),
    )


def chord_scale(chord: Chord, key: Key | None = None, surprise: float = 0.0) -> frozenset[int]:
    """Absolute pitch classes of the best chord scale; it always holds the chord tones at surprise 0.

    Empty for N.C. See ``scale_name`` for ``key`` and ``surprise`` (0 to 1).
    """
    name = scale_name(chord, key, surprise)
    if not name:
        return frozenset()
    steps = SCALES[name]
    tones = chord.quality.pitch_classes
    if not tones <= steps and (surprise <= 0 or not (tones - _FREE) <= steps):
        steps = steps | tones
    return frozenset((chord.root + s) % 12 for s in steps)


@lru_cache(maxsize=8192)
def _choose(tones: frozenset[int], family: Family, key: frozenset[int] | None, surprise: float) -> str:
    if family is Family.NONE:
        return ""
    names = _CANDIDATES[family]
    inside = [n for n in names if tones <= SCALES[n]]
    outside = [n for n in names if n not in inside and (tones - _FREE) <= SCALES[n]]
    if not inside:
        # A set that no scale of the family holds: the nearest one, with the chord tones added.
        inside = [max(names, key=lambda n: (len(tones & SCALES[n]), -names.index(n)))]
    # An altered fifth or ninth is not contradicted by its natural neighbour where that can be had.
    inside.sort(key=lambda n: _contradictions(tones, SCALES[n]))
    if key is not None:
        inside.sort(key=lambda n: -len(SCALES[n] & key) + 0.5 * _contradictions(tones, SCALES[n]))
    ranked = inside + [n for n in outside if n not in inside]
    return ranked[min(int(surprise * len(ranked)), len(ranked) - 1)]


def _contradictions(tones: frozenset[int], steps: frozenset[int]) -> int:
    count = 0
    if 7 not in tones and tones & {6, 8} and 7 in steps:
        count += 1
    if 2 not in tones and 2 in steps and (1 in tones or (3 in tones and 4 in tones)):
        count += 1
    return count


def avoid_notes(chord: Chord, key: Key | None = None) -> frozenset[int]:
    """Scale notes not to dwell on: a semitone above a chord tone. A dominant's own altered tensions are
    not avoided, only the fourth over its third."""
    tones = chord_tones(chord)
    scale = chord_scale(chord, key) - tones
    if chord.family is Family.DOMINANT:
        return frozenset({(chord.root + 5) % 12}) & scale
    return frozenset(p for p in scale if (p - 1) % 12 in tones)


# Chords common enough that a player may be on the way to them.
_BECOMES = (
    *("", "m", "dim", "aug", "sus2", "sus4", "add9", "madd9", "6", "m6", "6/9", "7", "maj7", "m7", "m7b5"),
    *("dim7", "mMaj7", "7sus4", "9", "maj9", "m9", "7b9", "7#9", "aug7", "13", "9sus4", "maj7#11", "m11"),
)


def safe_pitch_classes(held: Iterable[int]) -> frozenset[int]:
    """Pitch classes that stay right for any chord the held keys can still become.

    ``held`` are MIDI numbers or pitch classes. Always holds the held ones (they will be chord tones);
    beyond them only what the scale of every common chord containing them contains. Empty when nothing
    is held.
    """
    mask = 0
    for pitch in held:
        mask |= 1 << pitch % 12
    return _safe(mask)


@lru_cache(maxsize=4096)
def _safe(mask: int) -> frozenset[int]:
    if not mask:
        return frozenset()
    common = 0xFFF
    for tones, scale in _completions():
        if not mask & ~tones:
            common &= scale
    if common == 0xFFF:
        common = 0
    return frozenset(p for p in range(12) if (common | mask) >> p & 1)


@lru_cache(maxsize=1)
def _completions() -> tuple[tuple[int, int], ...]:
    """(chord tones, scale) as 12-bit masks for each common chord on each root."""
    found = []
    for name in _BECOMES:
        quality = QUALITIES[name]
        for root in range(12):
            chord = Chord(root, quality)
            found.append((_mask(chord_tones(chord)), _mask(chord_scale(chord))))
    return tuple(found)


def _mask(pitch_classes: Iterable[int]) -> int:
    return sum(1 << p for p in pitch_classes)


def key_of(chords: Iterable[Chord]) -> Key | None:
    """The key that explains a progression best, None when no chord says anything.

    Each chord votes with the share of its tones that are diatonic; a tonic chord of the right mode, a
    dominant on the fifth degree and a dominant that resolves to the tonic count extra, the last chord
    and the first a little more than the others.
    """
    return _key_of(tuple(c for c in chords if c.family is not Family.NONE))


_KEYS = tuple(Key(tonic, minor) for minor in (False, True) for tonic in range(12))
_DIATONIC = {key: key.pitch_classes for key in _KEYS}


@lru_cache(maxsize=512)
def _key_of(progression: tuple[Chord, ...]) -> Key | None:
    # Progressions come round: what a loop is in need not be found again.
    if not progression:
        return None
    tones = tuple(chord_tones(chord) for chord in progression)
    return max(_KEYS, key=lambda key: _key_score(key, progression, tones))


def _key_score(key: Key, progression: tuple[Chord, ...], chord_notes: tuple[frozenset[int], ...]) -> float:
    diatonic = _DIATONIC[key]
    score = 0.0
    previous: Chord | None = None
    for index, chord in enumerate(progression):
        tones = chord_notes[index]
        score += len(tones & diatonic) / len(tones)
        if key.minor and (key.tonic + 10) % 12 in tones and (key.tonic + 11) % 12 not in tones:
            score -= 0.02  # of two relative keys the one without alterations wins a draw
        minor = chord.family is Family.MINOR
        major = chord.family is Family.MAJOR
        tonic = chord.root == key.tonic and (minor if key.minor else major)
        if tonic:
            score += 0.3 + (0.2 if index in (0, len(progression) - 1) else 0.0)
            if previous is not None and previous.family in (Family.DOMINANT, Family.SUS):
                score += 0.6 if previous.root == (key.tonic + 7) % 12 else 0.0
        elif chord.root == (key.tonic + 7) % 12 and chord.family is Family.DOMINANT:
            score += 0.25
        elif chord.root == (key.tonic + 2) % 12:
            if chord.family is Family.HALF_DIMINISHED:
                score += 0.15 if key.minor else 0.0
            elif minor and not key.minor:
                score += 0.1
        previous = chord
    return score


def adds_colour(plain: Chord, coloured: Chord, key: Key | None = None) -> bool:
    """Whether ``coloured`` is ``plain`` with more colour and nothing else: same root, bass and family,
    it has all tones of ``plain``, and what it adds lies in that chord's scale (Dm9 over Dm7)."""
    if (plain.root, plain.bass, plain.family) != (coloured.root, coloured.bass, coloured.family):
        return False
    tones = frozenset(chord_tones(coloured))
    return frozenset(chord_tones(plain)) < tones <= frozenset(chord_scale(plain, key))
