"""From notes that mean something to what is told: whether a chord is news to the band, or the last one better
known, and when the screen may show it."""

from jamtui.music.chord import NO_CHORD, Chord, Family
from jamtui.music.scale import Key, chord_scale, safe_pitch_classes
from jamtui.session.attack import ONE_CHORD_NS, Attack, Standing, plain, same_for_band
from jamtui.session.ear import Ear, Namer
from jamtui.session.heard import Heard
from jamtui.session.settled import Settler


class Telling:
    """The half of the chord stream that knows what was told, and tells."""

    def __init__(self, namer: Namer) -> None:
        self._namer = namer
        self.reset()

    def reset(self) -> None:
        """Forget chord and key: as new."""
        self._now = 0
        self._standing: Standing | None = None
        self._settler = Settler()
        self._ear = Ear(self._namer)

    @property
    def chord(self) -> Chord:
        """The chord that holds now, as the band knows it; N.C. before the first."""
        return NO_CHORD if self._standing is None else self._standing.chord

    @property
    def key(self) -> Key | None:
        """The key of the last chords, None before the first."""
        return self._ear.key

    def _previous(self) -> Chord | None:
        return None if self._standing is None else self._standing.chord

    def _say_settled(self, label: Chord, now: int, heard: list[Heard]) -> None:
        standing = self._standing
        if standing is None:
            return
        self._ear.settled(label)
        heard.append(self._heard("settled", standing, now))

    def _consider(
        self,
        notes: frozenset[int],
        trigger: int,
        attack: Attack | None,
        heard: list[Heard],
        expected: Chord | None = None,
    ) -> None:
        """``notes`` are the harmony now: tell the band if that is news to it."""
        standing, now = self._standing, self._now
        previous = self._previous() if attack is None else attack.previous
        guesses = self._ear.guess(notes, previous)
        chord = plain(guesses, notes) if expected is None else expected
        if chord.family is Family.NONE:
            return
        scale = chord_scale(chord, self._ear.key)
        if standing is not None:
            young = now - standing.trigger_ns < ONE_CHORD_NS if attack is None else attack.told > 0
            known = same_for_band(standing, chord)
            # A chord that is still being struck is told once more as it turns out. Later, and after that,
            # the band plays on over what it was told if it may; the screen knows better.
            if (standing.revised or chord == standing.chord) if young else known:
                if known:
                    standing.scale &= scale
                standing.chord, standing.guesses, standing.notes = chord, guesses, notes
                standing.struck_ns = now
                self._settler.propose(chord, now)
                return
            trigger = standing.trigger_ns if young else trigger
            kind = "revised" if young else "provisional"
        else:
            kind = "provisional"
        if attack is not None:
            attack.told += 1
        self._standing = Standing(chord, guesses, notes, trigger, now, scale, revised=kind == "revised")
        self._settler.propose(chord, now)
        heard.append(self._heard(kind, self._standing, now))

    def _heard(self, kind: str, standing: Standing, now: int) -> Heard:
        return Heard(
            kind,
            standing.chord,
            standing.guesses,
            standing.trigger_ns,
            now,
            tuple(sorted(standing.notes)),
            safe_pitch_classes(standing.notes),
        )
