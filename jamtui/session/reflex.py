"""The reflex: what a pitched role plays at once over any chord, from the book.

A player chooses a phrase for the chords it knows, by style, role, context, energy and temperature, and lays
it over the chords that are really there. Which phrase holds from where to where is remembered, so that a
phrase goes on over bar lines and over a chord change that still fits it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import exp

from jamtui.music.chord import Chord, Family
from jamtui.music.meter import EIGHTH
from jamtui.music.phrase import Note, Role
from jamtui.session.answer_notes import answer_pitches, answer_velocity, with_answer
from jamtui.session.asking import Answered, Ask
from jamtui.session.comping import lay_chords
from jamtui.session.harmony import Harmony
from jamtui.session.laid import Hand
from jamtui.session.laying import lay_line
from jamtui.session.randomness import chance, stream
from jamtui.session.shelf import ANY, Line, Shelf, built_line

__all__ = ["Answered", "Ask", "ReflexPlayer"]

_STEEP = 2 * 0.22**2
_BUSIER = 3.0
"""How much a lively band prefers dense phrases, and a calm one sparse ones."""
_FULLER = 20.0
"""How much a player who asks for more notes prefers dense phrases."""
_REMEMBERED = 24
"""Phrases that are kept in mind, so that a breath comes in time also where chords cut phrases short."""


@dataclass(slots=True)
class _Placed:
    """A phrase that holds from ``start`` to ``end``; it was written as if it began at ``origin``."""

    start: int
    end: int
    origin: int
    line: Line | None
    breath: bool = False
    """A rest between phrases, which goes on over a change of chord."""


@dataclass(slots=True)
class ReflexPlayer:
    """One pitched role's reflex. Deterministic in the seed and what it is asked."""

    role: Role
    shelf: Shelf
    seed: int
    _placed: list[_Placed] = field(default_factory=list)

    def forget(self, tick: int) -> None:
        """Phrases from ``tick`` on are no longer decided; one that began earlier ends there."""
        while self._placed and self._placed[-1].start >= tick:
            self._placed.pop()
        if self._placed and self._placed[-1].end > tick:
            self._placed[-1].end = tick

    def meet(self, tick: int, chord: Chord, previous: Chord | None) -> None:
        """A new chord holds from ``tick``: the phrase goes on if it fits it, else it ends there."""
        while self._placed and self._placed[-1].start >= tick:
            self._placed.pop()
        if not self._placed:
            return
        last = self._placed[-1]
        if last.breath:
            return
        if last.line is None or last.end <= tick or not self._fits(last, tick, chord, previous):
            last.end = min(last.end, tick)

    def phrase_over(self, tick: int) -> int | None:
        """Where the phrase that goes on over ``tick`` ends; None when none does."""
        for placed in self._placed:
            if placed.line is not None and placed.start < tick < placed.end:
                return placed.end
        return None

    def play(self, ask: Ask, harmony: Harmony) -> Answered:
        """The notes of one bar (or of its rest from ``ask.start`` on)."""
        bar, at = ask.bar, ask.start
        notes: list[Note] = []
        label = ref = ""
        while at < bar.end:
            chord = harmony.at(at)
            if chord is None or chord.family is Family.NONE:
                at = min(bar.end, harmony.next_change(at))
                continue
            placed = self._at(at)
            if placed is None:
                placed = self._choose(ask, at, chord, harmony)
            end = min(placed.end, bar.end)
            if placed.line is not None:
                notes += self._lay(placed, ask, at, end, harmony, notes)
                if not label:
                    label, ref = placed.line.name, placed.line.ref
            at = end
        if ask.hush_until > ask.start:
            notes = [n for n in notes if bar.start + n.onset >= ask.hush_until]
        if ask.answer_at is not None and ask.must_answer and ask.answer_at >= bar.start:
            notes = with_answer(self.role, notes, ask, harmony)
        return Answered(tuple(sorted(notes)), label, ref)

    def say(self, played: Answered, ask: Ask, ticks: Sequence[int], harmony: Harmony) -> Answered:
        """``played`` with a note at each of ``ticks``, where chords are expected to change."""
        notes = list(played.notes)
        for tick in ticks:
            notes = with_answer(self.role, notes, replace(ask, answer_at=tick), harmony)
        return replace(played, notes=tuple(sorted(notes)))

    def last_note(self, ask: Ask, harmony: Harmony) -> tuple[Note, ...]:
        """The last hit of the piece: one note or voicing held for the bar; none without a chord."""
        chord = harmony.at(ask.start)
        if chord is None or chord.family is Family.NONE:
            return ()
        velocity = max(1, min(127, round(88 * (0.75 + 0.5 * ask.energy) * ask.level)))
        length = ask.bar.length
        return tuple(
            Note(0, p, length, velocity) for p in sorted(answer_pitches(self.role, chord, ask, harmony))
        )

    def in_place(self, ask: Ask, chord: Chord, duration: int, harmony: Harmony) -> tuple[Note, ...]:
        """What is struck at ``ask.start`` in place of a sounding note that ``chord`` made wrong."""
        if chord.family is Family.NONE:
            return ()
        velocity = answer_velocity(ask)
        onset = ask.start - ask.bar.start
        pitches = answer_pitches(self.role, chord, ask, harmony)
        return tuple(Note(onset, p, duration, velocity) for p in sorted(pitches))

    def plain(self, ask: Ask, harmony: Harmony) -> tuple[Note, ...]:
        """Chord tones in an even pattern from ``ask.start`` to the end of the bar."""
        bar, at = ask.bar, ask.start
        notes: list[Note] = []
        while at < bar.end:
            chord = harmony.at(at)
            end = min(bar.end, harmony.next_change(at))
            if chord is not None and chord.family is not Family.NONE:
                line = built_line(self.role, chord.family, bar.meter)
                notes += self._lay(_Placed(at, end, bar.start, line), ask, at, end, harmony, notes)
            at = end
        if ask.must_answer and ask.answer_at is not None:
            notes = with_answer(self.role, notes, ask, harmony)
        return tuple(sorted(notes))

    # Choosing

    def _at(self, tick: int) -> _Placed | None:
        for placed in reversed(self._placed):
            if placed.start <= tick < placed.end:
                return placed
            if placed.end <= tick:
                break
        return None

    def _fits(self, placed: _Placed, tick: int, chord: Chord, previous: Chord | None) -> bool:
        line = placed.line
        if line is None:
            return False
        at = tick - placed.origin
        index = 0
        for n, written in enumerate(line.chords):
            if written.start <= at:
                index = n
        here = line.chords[index]
        if not line.is_progression:
            return here.family is chord.family or line.context == ANY
        if here.family is not chord.family:
            return False
        if index == 0 or previous is None:
            return True
        before = line.chords[index - 1]
        return (here.root - before.root - chord.root + previous.root) % 12 == 0

    def _choose(self, ask: Ask, at: int, chord: Chord, harmony: Harmony) -> _Placed:
        bar = ask.bar
        number = bar.number
        push = ask.answer_at == at and bar.end - at <= EIGHTH
        if push:
            # Too late in the bar to begin a phrase: the answer is a push into the bar line.
            placed = _Placed(at, bar.end, at, None)
            self._placed.append(placed)
            return placed
        if self._rests(ask, at):
            placed = _Placed(at, bar.end, at, None, breath=True)
            self._placed.append(placed)
            return placed
        length = bar.meter.bar_ticks
        options: list[tuple[Line, int]] = []
        weights: list[float] = []
        recent = [p.line.name for p in self._placed[-5:] if p.line is not None][::-1]

        energy, temperature, lead = ask.energy, max(ask.temperature, ask.surprise), self.role is Role.LEAD
        busier = _BUSIER * (energy - 0.5) + _FULLER * (ask.wanted - 0.5)

        def add(line: Line, origin: int, factor: float) -> None:
            far = (line.energy - energy) ** 2 + (line.surprise - temperature) ** 2
            weight = factor * exp(busier * (line.density - 0.6) - far / _STEEP)
            if lead:
                # Not every bar begins on its first beat.
                weight *= 1.0 - 0.7 * line.downbeats
            if line.name in recent:
                # Not at once again; after one other phrase it may come back, as a motif does.
                weight *= (0.002, 1.2, 0.5, 0.4, 0.6)[recent.index(line.name)]
            if ask.answer_at is not None and ask.answer_at - origin in line.onsets:
                weight *= 4.0
            options.append((line, origin))
            weights.append(weight + 1e-9)

        previous = harmony.previous(at)
        if bar.length == length:
            for line in self.shelf.progressions(ask.style, self.role, bar.meter):
                for index, written in enumerate(line.chords):
                    if written.start % length:
                        continue
                    origin = bar.start - written.start
                    factor = self._match(line, index, origin, chord, previous, harmony)
                    if factor:
                        add(line, origin, factor)
        for line in self.shelf.for_family(ask.style, self.role, chord.family, bar.meter):
            add(line, bar.start, 1.0)
        if options:
            line, origin = stream(self.seed, "reflex", self.role, number).choices(options, weights)[0]
        else:
            line, origin = built_line(self.role, chord.family, bar.meter), bar.start
        placed = _Placed(at, max(at + 1, origin + line.length), origin, line)
        self._placed.append(placed)
        del self._placed[:-_REMEMBERED]
        return placed

    def _rests(self, ask: Ask, at: int) -> bool:
        """Whether the lead breathes for this bar: likelier the longer it has played, the sparser the style
        and the calmer the band; never before two bars, never twice running, never where it alone can answer
        a new chord."""
        if self.role is not Role.LEAD or ask.must_answer or ask.bar.end - at <= ask.bar.length // 2:
            return False
        began = at
        for placed in reversed(self._placed):
            if placed.breath or placed.end < began:
                break
            began = min(began, placed.start)
        played = (at - began) / ask.bar.length
        if played < 2.0:
            return False
        sparse = (1.0 - ask.density) * 2.0 * (1.0 - ask.wanted)
        likely = sparse * (1.2 - 0.8 * ask.energy) * 0.85 * (played - 1.0)
        return chance(self.seed, "rest", self.role, at) < likely

    @staticmethod
    def _match(
        line: Line, index: int, origin: int, chord: Chord, previous: Chord | None, harmony: Harmony
    ) -> float:
        """How well a progression entered at its chord number ``index`` fits what is known; 0: not at all."""
        here = line.chords[index]
        if here.family is not chord.family:
            return 0.0
        if index:
            before = line.chords[index - 1]
            if previous is None or before.family is not previous.family:
                return 0.0
            if (here.root - before.root - chord.root + previous.root) % 12:
                return 0.0
        later = line.chords[index + 1 :]
        if not harmony.looks_ahead:
            bar = line.length // line.bars
            if later and later[0].start < here.start + bar:
                return 0.0
            return 4.0 if index else 0.6
        for written in later:
            actual = harmony.at(origin + written.start)
            if actual is None or actual.family is not written.family:
                return 0.0
            if (written.root - here.root - actual.root + chord.root) % 12:
                return 0.0
        return 6.0

    # Laying over the chords

    def _lay(
        self, placed: _Placed, ask: Ask, start: int, end: int, harmony: Harmony, sofar: Sequence[Note]
    ) -> list[Note]:
        line = placed.line
        if line is None:
            return []
        before, before_tick = ask.before, ask.before_tick
        if sofar:
            before_tick = ask.bar.start + max(n.onset for n in sofar)
            before = tuple(n.pitch for n in sofar if n.onset == before_tick - ask.bar.start)
        hand = Hand(
            role=self.role,
            low=ask.low,
            high=ask.high,
            before=before,
            before_tick=before_tick,
            energy=ask.energy,
            temperature=ask.temperature,
            safe=ask.safe,
            safe_until=ask.safe_until,
            seed=self.seed,
            level=ask.level,
            density=ask.wanted,
            asked=ask.surprise,
            rooted=ask.must_answer and ask.answer_at == start and start - placed.origin not in line.onsets,
        )
        lay = lay_chords if self.role is Role.COMP else lay_line
        return lay(line, placed.origin, start, end, ask.bar.start, hand, harmony)
