"""The musical memory behind the chord stream: naming in context, the key, the changes heard before."""

from collections import deque
from collections.abc import Callable, Iterable

from jamtui.music.chord import Chord, Family
from jamtui.music.detect import Context, Guess, name_voicing
from jamtui.music.scale import Key, key_of
from jamtui.session.attack import explains

_KEY_CHORDS = 8
_CHANGES_KEPT = 256
_BASS_REGISTER = 48
_SURE = 0.3

Namer = Callable[[Iterable[int], Context | None], tuple[Guess, ...]]


class Ear:
    """Names notes with what is known: the chord before, the key of the last chords, and the changes that
    were played before, for players repeat them."""

    __slots__ = ("_changes", "_name", "_past", "key")

    def __init__(self, namer: Namer = name_voicing) -> None:
        self._name = namer
        self._changes: dict[tuple[Chord | None, int], Chord] = {}
        self._past: deque[Chord] = deque(maxlen=_KEY_CHORDS)
        self.key: Key | None = None

    def guess(self, notes: Iterable[int], previous: Chord | None) -> tuple[Guess, ...]:
        """The best three names for ``notes`` (MIDI numbers, at least one) after ``previous``."""
        keys = frozenset(notes)
        lowest = min(keys)
        # So low a note is a bass, not the bottom of a rootless left hand.
        return self._name(keys, Context(previous, self.key, lowest if lowest < _BASS_REGISTER else None))

    def sure(self, notes: Iterable[int], previous: Chord | None) -> bool:
        """Whether ``notes`` make one chord that holds them all."""
        keys = frozenset(notes)
        best = self.guess(keys, previous)[0]
        return best.score >= _SURE and explains(best.chord, keys)

    def settled(self, chord: Chord) -> None:
        """``chord`` was played: it counts for the key."""
        if chord.family is not Family.NONE:
            self._past.append(chord)
            self.key = key_of(self._past)

    def learn(self, previous: Chord | None, notes: Iterable[int], chord: Chord) -> None:
        """After ``previous`` came ``chord`` with these notes."""
        if len(self._changes) >= _CHANGES_KEPT:
            self._changes.clear()
        self._changes[(previous, min(notes) % 12)] = chord

    def expected(self, previous: Chord | None, notes: Iterable[int]) -> Chord | None:
        """The chord that came after ``previous`` over this bass before, if these first notes can be it;
        the rest of it is then on its way."""
        keys = frozenset(notes)
        chord = self._changes.get((previous, min(keys) % 12))
        return chord if chord is not None and explains(chord, keys) else None
