"""What the player plays becomes chords: at once for the band, settled for the screen.

Struck keys are grouped into attacks. An attack of three pitch classes is a chord and is answered at its
third one; one or two notes are answered 30 ms after the first, unless a chord is held beneath them: then
they are a melody, a new bass or a voice that moves, and what they become decides. Everything depends
on the stamps alone, so the same input gives the same answers.
"""

from dataclasses import dataclass

from jamtui.music.chord import NO_CHORD
from jamtui.music.detect import Guess, name_voicing
from jamtui.session.attack import (
    ANSWER_NS,
    BASS_BELOW,
    MS,
    ONE_CHORD_NS,
    SECOND_LOOK_LATEST_NS,
    SECOND_LOOK_NS,
    Attack,
    explains,
    is_again,
    pcs,
)
from jamtui.session.ear import Namer
from jamtui.session.heard import Heard
from jamtui.session.keys import KeyState
from jamtui.session.settled import DWELL_NS
from jamtui.session.strikes import LEFT_HAND, Strikes
from jamtui.session.telling import Telling

__all__ = ["ChordStream", "Heard"]

_MELODY_NS = 350 * MS
"""How long a single note over a held chord must stay to count as part of the harmony."""
_BASS_NS = 60 * MS
_BASS_SHOWN_NS = 700 * MS
_RIGHT_HAND_NS = 150 * MS
_VOICE_MOVED_NS = 40 * MS
_RELEASED_NS = 80 * MS


@dataclass(slots=True)
class _Watch:
    """Notes whose meaning shows later."""

    due_ns: int
    notes: frozenset[int]
    low: bool = False
    patient: bool = False


class ChordStream(Telling):
    """Raw MIDI with stamps in, ``Heard`` out.

    ``latch``: the chord holds after the keys are let go. ``fade_bars``: with latch, silence of so many bars
    ends it. ``split``: only keys below this MIDI number make chords. ``advance`` must be called by the time
    that ``next_timer`` gives; stamps that go back count as the latest one.
    """

    def __init__(
        self,
        latch: bool = True,
        fade_bars: float | None = None,
        split: int | None = None,
        bar_ns: float = 2_000_000_000,
        namer: Namer = name_voicing,
    ) -> None:
        self._latch = latch
        self._fade_bars = fade_bars
        self._split = split
        self._bar_ns = bar_ns
        super().__init__(namer)

    def reset(self) -> None:
        """Forget keys, chord and key: as new."""
        super().reset()
        self._keys = KeyState()
        self._attack: Attack | None = None
        self._last_attack: Attack | None = None
        self._watch: _Watch | None = None
        self._strikes = Strikes()
        self._quiet_ns: int | None = None

    @property
    def latch(self) -> bool:
        """Whether a chord holds after its keys are let go."""
        return self._latch

    def set_latch(self, latch: bool) -> None:
        """Hold the chord after the keys are let go, or not."""
        self._latch = latch

    @property
    def split(self) -> int | None:
        """Only keys below this make chords; None: all do."""
        return self._split

    def set_split(self, split: int | None) -> None:
        """Hear chords only below this key; None for the whole keyboard."""
        self._split = split

    def set_bar(self, bar_ns: float) -> None:
        """Length of a bar, for ``fade_bars``."""
        self._bar_ns = bar_ns

    @property
    def held(self) -> tuple[int, ...]:
        """The keys that sound, by finger or pedal, low to high."""
        return tuple(sorted(self._keys.pressed | self._keys.ringing))

    def feed(self, ns: int, data: bytes) -> list[Heard]:
        """Take raw MIDI bytes with their stamp; never raises for any bytes."""
        heard = self.advance(ns)
        ns = self._now
        for event in self._keys.feed(data):
            if event.kind == "on":
                self._quiet_ns = None
                if self._split is None or event.pitch < self._split:
                    self._struck(event.pitch, ns, heard)
                continue
            if event.kind == "off":
                self._lifted(event.pitch, ns, heard)
            if self._keys.empty and self._quiet_ns is None:
                self._quiet_ns = ns
        return heard

    def next_timer(self) -> int | None:
        """When ``advance`` must be called next; None while nothing is under way."""
        attack, watch = self._attack, self._watch
        due, fade = self._settler.due_ns, self._fade_ns()
        if attack is None and watch is None:
            # As it is most of the time: asked some hundred times a second.
            return fade if due is None else due if fade is None else min(due, fade)
        times = [due, fade, watch.due_ns if watch else None]
        if attack is not None:
            times += [attack.close_ns, attack.second_look_ns]
            if not attack.answered:
                times.append(attack.start_ns + ANSWER_NS)
        return min((t for t in times if t is not None), default=None)

    def advance(self, ns: int) -> list[Heard]:
        """Let time pass up to ``ns``."""
        heard: list[Heard] = []
        while (due := self.next_timer()) is not None and due <= ns:
            self._now = max(self._now, due)
            self._timer(due, heard)
        self._now = max(self._now, ns)
        return heard

    # -- timers ------------------------------------------------------------------------------------------

    def _timer(self, due: int, heard: list[Heard]) -> None:
        """Do the first thing that is due."""
        now = self._now
        attack = self._attack
        if attack is not None and not attack.answered and attack.start_ns + ANSWER_NS <= due:
            attack.answered = True
            self._answer_small(attack, attack.start_ns + ANSWER_NS, heard)
        elif attack is not None and attack.second_look_ns is not None and attack.second_look_ns <= due:
            attack.second_look_ns = None
            self._look_again(attack, heard)
        elif attack is not None and attack.close_ns <= due:
            self._close(attack, heard)
        elif self._watch is not None and self._watch.due_ns <= due:
            watch, self._watch = self._watch, None
            self._watched(watch, heard)
        elif (fade := self._fade_ns()) is not None and fade <= due:
            self._fade(now, heard)
        elif (label := self._settler.settle(now)) is not None:
            self._say_settled(label, now, heard)

    def _fade_ns(self) -> int | None:
        standing = self._standing
        if standing is None or self._quiet_ns is None or self._attack is not None:
            return None
        if not self._latch:
            due = self._quiet_ns + _RELEASED_NS
        elif self._fade_bars is not None:
            due = self._quiet_ns + int(self._fade_bars * self._bar_ns)
        else:
            return None
        # A label that was shown is not taken away before it could be read.
        shown = self._settler.since_ns
        return due if shown is None else max(due, shown + DWELL_NS)

    def _fade(self, now: int, heard: list[Heard]) -> None:
        self._standing = self._watch = self._last_attack = None
        self._settler.propose(NO_CHORD, now)
        self._settler.label, self._settler.since_ns = NO_CHORD, now
        heard.append(Heard("faded", NO_CHORD, (Guess(NO_CHORD, 1.0),), now, now, (), frozenset()))

    # -- keys --------------------------------------------------------------------------------------------

    def _pressed(self) -> frozenset[int]:
        pressed = self._keys.pressed
        return pressed if self._split is None else frozenset(p for p in pressed if p < self._split)

    def _struck(self, pitch: int, ns: int, heard: list[Heard]) -> None:
        self._strikes.strike(ns, pitch)
        attack = self._attack
        if attack is None:
            attack = self._attack = Attack(ns, self._pressed() - {pitch}, self._previous())
        new = pitch not in attack.notes
        attack.notes.add(pitch)
        attack.last_ns = ns
        if len(pcs(attack.notes)) < 3:
            return
        if not attack.as_chord:
            attack.as_chord = attack.answered = True
            self._answer_chord(attack, ns, heard)
        elif attack.again or attack.aside:
            if new:
                self._answer_chord(attack, ns, heard)
        elif new:
            latest = max(attack.start_ns + SECOND_LOOK_LATEST_NS, ns)
            attack.second_look_ns = min(ns + SECOND_LOOK_NS, latest)

    def _lifted(self, pitch: int, ns: int, heard: list[Heard]) -> None:
        self._strikes.lift(ns, pitch)
        standing, watch = self._standing, self._watch
        if standing is None:
            return
        if watch is not None and pitch in standing.notes and pitch not in watch.notes:
            watch.due_ns = min(watch.due_ns, ns + _VOICE_MOVED_NS)
        attack = self._last_attack if self._attack is None else self._attack
        if (
            attack is not None
            and attack.as_chord
            and not (attack.again or attack.aside)
            and ns - attack.start_ns < ONE_CHORD_NS
            and standing.struck_ns >= attack.start_ns
            and pitch in standing.notes
            and pitch not in attack.notes
        ):
            # A finger of the chord before, lifted late: it was no part of this one.
            self._consider(standing.notes - {pitch}, ns, attack, heard)

    # -- what an attack means ----------------------------------------------------------------------------

    def _answer_chord(self, attack: Attack, trigger: int, heard: list[Heard]) -> None:
        standing, pressed = self._standing, self._pressed()
        attack.aside = False
        attack.again = is_again(standing, attack.notes, trigger)
        if attack.again and standing is not None:
            standing.struck_ns = trigger
            return
        beneath = {n for n in attack.before & pressed if n < min(attack.notes)}
        if (
            standing is not None
            and len(pcs(beneath)) >= 3
            and beneath <= standing.notes
            and pcs(attack.notes) <= standing.scale
        ):
            # A melody in chords over a chord that the other hand holds.
            attack.aside = True
            self._watch = _Watch(self._now + _RIGHT_HAND_NS, frozenset(attack.notes))
            return
        self._watch = None
        notes = self._with_bass(attack.voicing(pressed))
        self._consider(notes, trigger, attack, heard, expected=self._ear.expected(attack.previous, notes))

    def _answer_small(self, attack: Attack, trigger: int, heard: list[Heard]) -> None:
        standing, pressed = self._standing, self._pressed()
        before = attack.before & pressed
        total = frozenset(attack.notes | before)
        lowest = min(attack.notes)
        if standing is None or standing.thin:
            # Nothing is known, or one or two notes are all this player plays.
            if self._broken(trigger, attack, heard):
                return
            if standing is not None and explains(standing.chord, total) and self._strikes.follows_soon():
                return
            if len(pcs(total)) > 1 or lowest < LEFT_HAND:
                self._consider(total, trigger, attack, heard)
        elif len(pcs(before)) >= 3:
            low = lowest < min(before) and lowest < BASS_BELOW + 8
            self._watch = _Watch(
                self._now + (_BASS_NS if low else _MELODY_NS), frozenset(attack.notes), low=low
            )
        elif len(pcs(total)) >= 3:
            if explains(standing.chord, total):
                return
            moved = self._strikes.voice_moved(standing, attack.notes, self._now)
            if moved and self._ear.sure(total, self._previous()):
                self._consider(total, trigger, attack, heard)
            else:
                self._watch = _Watch(self._now + _MELODY_NS, frozenset(attack.notes))
        else:
            self._broken(trigger, attack, heard)

    def _look_again(self, attack: Attack, heard: list[Heard]) -> None:
        if attack.as_chord and not (attack.again or attack.aside):
            notes = self._with_bass(attack.voicing(self._pressed()))
            self._consider(notes, attack.last_ns, attack, heard)

    def _close(self, attack: Attack, heard: list[Heard]) -> None:
        """No more notes will come: keys of the chord before that are still down belong to this one, if
        that makes a chord."""
        self._attack = None
        self._last_attack = attack
        self._strikes.attack_closed(attack.start_ns, attack.notes)
        standing = self._standing
        if attack.again and standing is not None and min(standing.notes) in attack.notes:
            # Struck again from the bass up, but with less in it than a fifth: another chord after all.
            missing = pcs(standing.notes) - pcs(attack.notes)
            attack.again = missing <= {(standing.chord.root + 7) % 12}
        if not attack.as_chord or attack.again or attack.aside:
            return
        notes = self._with_bass(attack.voicing(self._pressed()))
        union = notes | (attack.before & self._pressed())
        if union != notes and explains(self._ear.guess(union, attack.previous)[0].chord, union):
            notes = union
        self._consider(notes, attack.last_ns, attack, heard)
        if self._standing is not None:
            self._ear.learn(attack.previous, notes, self._standing.chord)

    def _watched(self, watch: _Watch, heard: list[Heard]) -> None:
        """Notes over a held chord have stayed, or gone."""
        standing, pressed = self._standing, self._pressed()
        if standing is None or not watch.notes & pressed or len(pcs(pressed)) < 3:
            return
        chord = self._ear.guess(pressed, standing.chord)[0].chord
        same_root = chord.root == standing.chord.root
        upper = standing.notes - {min(standing.notes)} if watch.low else standing.notes
        if upper <= pressed:
            # All of the chord is still held: it keeps its root, unless a bass that makes sense came.
            if not (explains(chord, pressed) and (same_root or watch.low)):
                return
            walks = same_root or explains(standing.chord, watch.notes) or chord.root != min(pressed) % 12
            if watch.low and walks and not watch.patient:
                # A bass that walks under a chord is no news until it stays.
                self._watch = _Watch(self._now + _BASS_SHOWN_NS, watch.notes, low=True, patient=True)
                return
        elif not self._ear.sure(pressed, self._previous()):
            return
        self._consider(pressed, self._now, None, heard)

    def _broken(self, trigger: int, attack: Attack, heard: list[Heard]) -> bool:
        """One note after another may say a chord; whether it did."""
        notes = self._strikes.broken(
            self._standing,
            trigger,
            bool(self._keys.ringing),
            lambda notes: self._ear.sure(notes, self._previous()),
        )
        if notes is None and self._standing is not None and not self._standing.thin:
            notes = self._strikes.outgrown(self._standing.chord, trigger)
        if notes is None:
            return False
        self._consider(notes, trigger, attack, heard)
        return True

    def _with_bass(self, notes: frozenset[int]) -> frozenset[int]:
        """A bass note struck alone shortly before belongs to a voicing that is rootless without it."""
        bass = self._strikes.lone_bass(self._now, min(notes))
        if bass is None:
            return notes
        chord = self._ear.guess(notes | {bass}, self.chord)[0].chord
        return notes | {bass} if chord.root == bass % 12 and explains(chord, notes) else notes
