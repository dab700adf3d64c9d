"""Learns the progression that is being played and says what comes next.

Time is a row of slots, one per felt beat. Every lag (a distance in slots, in steps of half a bar or a bar)
is an expert that says "what sounded this long ago comes again": a loop of four bars is right at a lag of
four bars and its multiples, a form of 32 bars at 32. Each expert is judged at every change of chord, its own
or the player's; old judgements fade, so that the expert of a new section takes over within a few chords,
while one wrong chord costs an expert that was right for long only little. Beside them stand the places where
the last chords were played in this order before, wherever those were (variable-order contexts). The best
experts vote on each slot to come; the share of the vote that a chord has, and how often the vote was right of
late, is the confidence.

Pure and deterministic: chords with the ticks at which they were played go in, nothing else counts.
"""

from dataclasses import dataclass
from math import exp

from jamtui.music.chord import Chord, Family
from jamtui.music.meter import EIGHTH, PPQ, Meter
from jamtui.session.barlines import BarLines

EARLY = EIGHTH + PPQ // 16
"""Ticks by which a chord may come before the beat it is meant for: an anticipation, played a little early."""

MAX_LAGS = 256
"""Lags that are followed: in 4/4, up to 128 bars in steps of half a bar."""
MAX_SLOTS = 4096
"""Slots that are remembered: in 4/4, 1024 bars."""
VOTERS = 8
"""The best lags that vote on what comes."""
ORDER = 6
"""The longest context, in chords."""
RIGHT, CAUGHT_UP, WRONG = 1.0, 0.3, 1.6
"""What an expert gets for a change that it said, for a chord that it said a moment early or late, and what
it loses for one that it did not say, or said and did not come."""
STILL_WRONG = 0.1
"""What it loses for each further slot in which it is wrong."""
MEMORY = 0.97
"""Share of the judgements that is kept from one change of chord to the next."""
LEAST = -4.0
"""The worst an expert can stand: from there it is soon back."""
ECHO = 0.3
"""How much less than the leading lag its double counts, and so on for each time further back."""
CONTEXT = 0.6
"""What a context stands at for each of its chords."""
NEWCOMER = 1.0
"""Standing of the thought that something new comes; it votes for no chord."""
SHARPNESS = 0.8
"""How much more a better standing weighs."""
FROM_THE_TOP = 0.2
"""Confidence in nothing but that a tune begins again after a round number of bars."""
_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected: ``changes`` as ``(tick, chord)`` with ``sure`` (0 to 1) for each, ``confidence`` in
    the first of them (0 where nothing is expected), and ``loop``, the lag in slots that leads (0: none)."""

    changes: tuple[tuple[int, Chord], ...] = ()
    sure: tuple[float, ...] = ()
    confidence: float = 0.0
    loop: int = 0


NOTHING = Forecast()


class Predictor:
    """See the module. ``hear`` takes what is played, ``observe`` that time went by, ``forecast`` tells.

    The cost of a chord is that of judging all lags once for each slot since the last one; ``observe``, once a
    bar, spreads it where a chord is held for long.
    """

    def __init__(self, lines: BarLines) -> None:
        self.restart(lines)

    def restart(self, lines: BarLines) -> None:
        """Forget everything; bars are counted by ``lines`` from now on."""
        self._lines = lines
        self._classes: dict[tuple[int, Family], int] = {}
        self._names: list[Chord] = []
        self._clear()

    def _clear(self) -> None:
        self._meter: Meter | None = None
        self._first_bar = 0
        self._anchor = (0, 0)
        self._ids: list[int] = []
        self._chords: list[Chord] = []
        self._began: list[bool] = []
        self._passing: dict[int, tuple[tuple[int, Chord], ...]] = {}
        self._events: list[tuple[int, int]] = []
        self._places: dict[tuple[int, int], list[int]] = {}
        self._judged = 0
        self._heard_in = 0
        self._standing: list[float] = []

    @property
    def slots(self) -> int:
        """Slots that are known."""
        return len(self._ids)

    @property
    def beats(self) -> int:
        """Slots to the bar; 0 before the first chord."""
        return self._meter.beats if self._meter else 0

    def changes(self, count: int) -> tuple[tuple[int, Chord], ...]:
        """The last ``count`` changes as ``(slot, chord)``; chords of one root and family as last heard."""
        return tuple((slot, self._names[kind]) for slot, kind in self._events[-count:])

    @property
    def first(self) -> Chord | None:
        """The chord that what is known began with, as last heard; None before the first."""
        return self._names[self._events[0][1]] if self._events else None

    def hear(self, chord: Chord, tick: float) -> None:
        """``chord`` was played at ``tick``: it holds from the nearest beat on, or from the one to come where
        it was played up to an eighth early. N.C. changes nothing."""
        if chord.family is Family.NONE:
            return
        slot = self._slot(tick)
        if slot < 0:
            slot = self._begin(tick)
        ids = self._ids
        if slot < len(ids) - 1:
            # The clock went back: what was known after this is another time round.
            self._cut(slot)
        self._fill(slot)
        kind = self._class_of(chord)
        if not ids and slot:
            # What came before the first chord in its bar is nothing that could come again.
            self._put_on([_UNKNOWN] * slot, chord)
        if slot == len(ids):
            self._put_on([kind], chord)
        else:
            if ids[slot] != kind:
                before = ids[slot - 1] if slot else _UNKNOWN
                if ids[slot] != before:
                    self._passing[slot] = (*self._passing.get(slot, ()), (ids[slot], self._chords[slot]))
                self._began[slot] = kind != before or slot in self._passing
            ids[slot], self._chords[slot] = kind, chord
        self._heard_in = slot
        self._note(slot, kind)
        if len(ids) > MAX_SLOTS:
            self._forget_old()

    def revise(self, chord: Chord) -> None:
        """The chord that was heard last is known to be ``chord``."""
        if not self._ids or chord.family is Family.NONE:
            return
        kind, was, first = self._class_of(chord), self._ids[-1], self._heard_in
        for at in range(first, len(self._ids)):
            self._ids[at], self._chords[at] = kind, chord
        self._began[first] = not first or kind != self._ids[first - 1] or first in self._passing
        if kind != was:
            if self._events and self._events[-1][0] == first:
                self._events.pop()
                if self._events:
                    self._places[self._events[-1][1], was].pop()
            self._note(first, kind)

    def observe(self, tick: float) -> None:
        """Time is at ``tick`` and the chord that was heard last still holds."""
        if self._ids:
            slot = self._slot(tick)
            if slot > len(self._ids):
                self._fill(slot)

    def forecast(self, bars: int) -> Forecast:
        """What is expected for ``bars`` bars from the last slot on."""
        ids, meter = self._ids, self._meter
        if len(self._events) < 2 or meter is None:
            return NOTHING
        last = len(ids) - 1
        standing = self._judge(last, list(self._standing))
        best = sorted(range(len(standing)), key=lambda n: (-standing[n], n))[:VOTERS]
        step = self._step
        experts = {(n + 1) * step: standing[n] for n in best if standing[n] > 0}
        if experts:
            lead = max(experts, key=lambda lag: (experts[lag], -lag))
            for times in (2, 3):
                # A loop was heard more than once: what it was the times before outvotes one slip.
                at = times * lead // step - 1
                if at < len(standing) and standing[at] > 0:
                    experts[times * lead] = max(standing[at], experts[lead] - ECHO * times)
        for lag, stands in self._contexts():
            experts[lag] = max(experts.get(lag, 0.0), stands)
        if not experts:
            return self._from_the_top()
        top = max(experts.values())
        voters = sorted(
            ((lag, exp(SHARPNESS * (s - top))) for lag, s in experts.items()), key=lambda v: (-v[1], v[0])
        )
        whole = sum(weight for _, weight in voters) + exp(SHARPNESS * (NEWCOMER - top))
        return self._vote(voters, whole, bars * meter.beats)

    def _vote(self, voters: list[tuple[int, float]], whole: float, length: int) -> Forecast:
        ids, passing = self._ids, self._passing
        last = len(ids) - 1
        told = list(ids)
        chords = list(self._chords)
        began = list(self._began)
        changes: list[tuple[int, Chord]] = []
        sure: list[float] = []
        now = ids[last]
        for slot in range(last, last + length + 1):
            votes: dict[tuple[int, ...], float] = {}
            places: dict[tuple[int, ...], int] = {}
            for lag, weight in voters:
                at = slot - lag
                if at < 0 or told[at] == _UNKNOWN:
                    continue
                said: tuple[int, ...] = ()
                if began[at]:
                    said = (*(k for k, _ in passing.get(at, ())), told[at])
                    if slot == last:
                        # In the beat that sounds, only what comes after the present chord is still to come.
                        said = said[said.index(now) + 1 :] if now in said[:-1] else ()
                    elif said[0] == now:
                        said = said[1:]
                elif slot == last:
                    continue
                votes[said] = votes.get(said, 0.0) + weight
                places.setdefault(said, at)
            won = max(votes, key=lambda said: (votes[said], said)) if votes else ()
            if won:
                at = places[won]
                share = votes[won] / whole
                start = self.tick_of(slot)
                names = dict(passing.get(at, ()))
                for n, kind in enumerate(won, start=1):
                    chord = chords[at] if n == len(won) else names[kind]
                    changes.append((start - (len(won) - n) * EIGHTH, chord))
                    sure.append(share)
                now = won[-1]
            if slot > last:
                told.append(now)
                chords.append(changes[-1][1] if changes else chords[last])
                began.append(bool(won))
        if not changes:
            return NOTHING
        return Forecast(tuple(changes), tuple(sure), sure[0], voters[0][0])

    def _contexts(self) -> list[tuple[int, float]]:
        """Where the last chords were played in this order before: lag and standing, the longest and the
        latest of each length."""
        events = self._events
        if len(events) < 3:
            return []
        here = len(events) - 1
        found: dict[int, int] = {}
        for place in reversed(self._places.get((events[-2][1], events[-1][1]), [])[-17:]):
            if place >= here:
                continue
            order = 2
            while order < ORDER and place >= order and events[place - order][1] == events[here - order][1]:
                order += 1
            found.setdefault(order, place)
        lags = ((events[here][0] - events[place][0], order) for order, place in found.items())
        return [(lag, CONTEXT * order) for lag, order in lags if lag > 0]

    def _from_the_top(self) -> Forecast:
        """Nothing was heard twice yet: the tune may begin again after two, four, eight ... bars."""
        assert self._meter is not None
        first = self._events[0]
        if self._events[-1][1] == first[1]:
            return NOTHING
        bars = 2
        while bars * self._meter.beats < len(self._ids):
            bars *= 2
        return Forecast(
            ((self.tick_of(bars * self._meter.beats), self._chords[first[0]]),), (FROM_THE_TOP,), FROM_THE_TOP
        )

    # Slots

    @property
    def _step(self) -> int:
        """Slots between one lag and the next: half a bar where the bar has an even half, else a bar."""
        assert self._meter is not None
        beats = self._meter.beats
        return beats // 2 if beats % 2 == 0 and beats > 2 else beats

    def _slot(self, tick: float) -> int:
        """The slot that a chord played at ``tick`` is meant for; -1 where the count has to begin anew."""
        if self._meter is None:
            return -1
        bar = self._lines.bar_at(int(tick) + EARLY)
        if bar.meter != self._meter or bar.number < self._first_bar:
            return -1
        self._anchor = bar.number, bar.start
        beat = bar.meter.beat_at(int(tick) + EARLY - bar.start)
        return (bar.number - self._first_bar) * self._meter.beats + beat

    def _begin(self, tick: float) -> int:
        """The first chord: slots are counted from its bar."""
        self._clear()
        bar = self._lines.bar_at(int(tick) + EARLY)
        self._meter, self._first_bar, self._anchor = bar.meter, bar.number, (bar.number, bar.start)
        return bar.meter.beat_at(int(tick) + EARLY - bar.start)

    def tick_of(self, slot: int) -> int:
        """The tick at which ``slot`` begins, as long as the meter stays."""
        assert self._meter is not None
        bars, beat = divmod(slot, self._meter.beats)
        number, start = self._anchor
        bar = start + (self._first_bar + bars - number) * self._meter.bar_ticks
        return bar + self._meter.beat_ticks[beat]

    def _put_on(self, kinds: list[int], chord: Chord) -> None:
        for kind in kinds:
            self._began.append(not self._ids or kind != self._ids[-1])
            self._ids.append(kind)
            self._chords.append(chord)

    def _fill(self, slot: int) -> None:
        """The last chord goes on up to ``slot``; what can no longer change is judged."""
        ids = self._ids
        if not ids:
            return
        self._put_on([ids[-1]] * (slot - len(ids)), self._chords[-1])
        until = min(slot, len(ids))
        for at in range(self._judged, until):
            self._judge(at, self._standing)
        self._judged = max(self._judged, until)

    def _note(self, slot: int, kind: int) -> None:
        """One more chord in the order of playing, for the contexts."""
        events = self._events
        if events and events[-1][1] == kind:
            return
        if events:
            self._places.setdefault((events[-1][1], kind), []).append(len(events))
        events.append((slot, kind))

    def _cut(self, slot: int) -> None:
        del self._ids[slot:], self._chords[slot:], self._began[slot:]
        self._passing = {at: kinds for at, kinds in self._passing.items() if at < slot}
        self._judged = min(self._judged, slot)
        self._tell_again([(at, kind) for at, kind in self._events if at < slot])

    def _forget_old(self) -> None:
        """Half of what is known goes, in whole bars."""
        assert self._meter is not None
        bars = MAX_SLOTS // 2 // self._meter.beats
        gone = bars * self._meter.beats
        del self._ids[:gone], self._chords[:gone], self._began[:gone]
        self._passing = {at - gone: kinds for at, kinds in self._passing.items() if at >= gone}
        self._judged -= gone
        self._heard_in -= gone
        self._first_bar += bars
        self._tell_again([(at - gone, kind) for at, kind in self._events if at >= gone])

    def _tell_again(self, events: list[tuple[int, int]]) -> None:
        self._events, self._places = [], {}
        for slot, kind in events:
            self._note(slot, kind)

    def _class_of(self, chord: Chord) -> int:
        """Chords of one root and family count as the same: a player colours them as they please."""
        kind = self._classes.setdefault((chord.root, chord.family), len(self._names))
        self._names[kind : kind + 1] = [chord]
        return kind

    # Judging

    def _judge(self, at: int, standing: list[float]) -> list[float]:
        """Every expert's standing after slot ``at``; ``standing`` is changed and returned."""
        ids, began, step = self._ids, self._began, self._step
        actual, changed = ids[at], began[at]
        lags = min(MAX_LAGS, at // step)
        if len(standing) < lags:
            standing += [0.0] * (lags - len(standing))
        if changed:
            for n, stands in enumerate(standing):
                standing[n] = stands * MEMORY
        there = at
        for n in range(lags):
            there -= step
            if ids[there] == actual or (there in self._passing and self._passed(there, actual)):
                if changed:
                    standing[n] += RIGHT if began[there] else CAUGHT_UP
            elif changed or began[there]:
                standing[n] = max(LEAST, standing[n] - WRONG)
            else:
                standing[n] = max(LEAST, standing[n] - STILL_WRONG)
        return standing

    def _passed(self, slot: int, kind: int) -> bool:
        return any(k == kind for k, _ in self._passing[slot])
