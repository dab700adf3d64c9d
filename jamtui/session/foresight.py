"""When the prediction is planned for, and when it is taken back.

What is expected is planned for once the last changes came as they were expected and the vote is clear
(``SURE``); it stands until a chord comes differently, or does not come at all: a change that is not
confirmed within an eighth and a little more is denied, and the chord that was heard last holds again. After
either, nothing is planned for until the prediction was right ``TRIALS`` times running.

Nothing here lies between a chord and its answer: ``heard`` only notes it, ``think`` is called afterwards.
"""

from collections import deque
from dataclasses import dataclass
from itertools import takewhile

from jamtui.music.chord import Chord, Family
from jamtui.music.meter import EIGHTH, PPQ
from jamtui.music.phrase import FORECAST_BARS, ChordSpan
from jamtui.session.barlines import NEVER
from jamtui.session.habit import LIKELY, LONG_AGO, NONE, Doubt, Doubts, likely_changes, likely_chords
from jamtui.session.harmony import Harmony
from jamtui.session.prediction import NOTHING, Forecast, Predictor

SURE = 0.75
"""Confidence from which a change is planned for."""
STAYS = 0.6
"""Confidence down to which one that is planned for stays."""
SHOWN = 0.3
"""Confidence from which a change is shown as possible."""
TRIALS = 2
"""Changes that must have come as expected before one is planned for."""
GRACE = EIGHTH + PPQ // 6
"""Ticks after an expected change within which it must be heard: an eighth late is late for everyone."""
IN_TIME = EIGHTH + PPQ // 8
"""Ticks by which a chord may be off where it was expected and still be the expected one."""
ROOM = PPQ * 3 // 4
"""Nearer changes than this after a chord are not planned for anew: the chord's own answer stands there."""
NEAREST = PPQ * 9 // 10
"""Nearer doubts than this after a chord are not hedged against: what is played there may be locked."""


@dataclass(slots=True)
class _Trial:
    """What was expected when a chord was played, and what it was."""

    expected: tuple[int, Chord] | None
    played: int
    chord: Chord | None

    @property
    def right(self) -> bool:
        if self.expected is None or self.chord is None:
            return False
        tick, chord = self.expected
        return _alike(chord, self.chord) and abs(self.played - tick) <= IN_TIME


def _alike(one: Chord, other: Chord) -> bool:
    """A player colours a chord as they please."""
    return one.root == other.root and one.family is other.family


class Foresight:
    """Keeps ``harmony`` looking ahead. Deterministic in the chords and in when they were played."""

    def __init__(self, harmony: Harmony) -> None:
        self._harmony = harmony
        self._predictor = Predictor(harmony.lines)
        self.restart()

    def restart(self) -> None:
        """A new start: nothing is known of the progression."""
        self._predictor.restart(self._harmony.lines)
        self._forecast: Forecast = NOTHING
        self._noted: list[tuple[Chord, int, bool]] = []
        self._trials: deque[_Trial] = deque(maxlen=TRIALS)
        self._resting = False
        self.known_at = 0
        """Tick of the last thing that was heard, or denied."""

    @property
    def confidence(self) -> float:
        """How likely the next change comes as it is expected, 0 to 1; 1 over a chart."""
        if self._harmony.has_chart:
            return 1.0
        return self._forecast.confidence

    @property
    def due(self) -> int:
        """When it is time to ask whether the next expected change came; far away where none is expected."""
        if self._harmony.expected:
            return self._harmony.expected[0][0] + GRACE
        if self._forecast.changes and not self._noted:
            return self._forecast.changes[0][0] + GRACE
        return NEVER

    def heard(self, chord: Chord, played: int, *, revised: bool) -> None:
        """``chord`` was played at ``played``; ``revised``: the last one is known better now."""
        self._noted.append((chord, played, revised))

    def means(self, chord: Chord, notes: tuple[int, ...], goal: int) -> bool:
        """Whether ``chord``, the first that ``notes`` made, is the beginning of the one expected by ``goal``:
        over the same root, without a note that is not in it."""
        expected = self._harmony.expected
        if not expected or expected[0][0] > goal:
            return False
        whole = self._harmony.at(goal)
        if whole is None or whole == chord or not notes:
            return False
        return whole.root == chord.root and {n % 12 for n in notes} <= whole.pitch_classes

    def think(self) -> int | None:
        """Learn what was noted and look ahead. Returns the first tick from which the chords to come are
        others than before, None where they are the same; ``harmony.doubts`` are as known now."""
        if not self._noted or self._harmony.has_chart:
            self._noted.clear()
            return None
        for chord, played, revised in self._noted:
            self._learn(chord, played, revised)
        self._noted.clear()
        self._forecast = self._predictor.forecast(FORECAST_BARS + 2)
        return self._plan()

    def missed(self, tick: int) -> bool:
        """``tick`` is ``due`` and the change did not come. Whether it was planned for, and has to be denied
        (``Harmony.deny``)."""
        planned = bool(self._harmony.expected)
        self.known_at = tick
        first = self._forecast.changes[:1]
        self._trials.append(_Trial(first[0] if first else None, tick, None))
        self._predictor.observe(tick)
        told = self._predictor.forecast(FORECAST_BARS + 2)
        at = next((n for n, change in enumerate(told.changes) if change[0] > tick), len(told.changes))
        sure = told.sure[at:]
        self._forecast = Forecast(told.changes[at:], sure, sure[0] if sure else 0.0, told.loop)
        return planned

    def possible(self, tick: int) -> tuple[tuple[int, Chord], ...]:
        """Changes after ``tick`` that are likely enough to be shown, whether they are planned for or not."""
        if self._harmony.has_chart or self._resting:
            return ()
        found = []
        for change, sure in zip(self._forecast.changes, self._forecast.sure, strict=True):
            if sure < SHOWN:
                break
            if change[0] > tick:
                found.append(change)
        return tuple(found)

    def spans(self, start: int, length: int) -> tuple[ChordSpan, ...]:
        """Chords that are expected for ``length`` ticks from ``start``, relative to it: the chart's, or the
        prediction's whether it is planned for or not; empty where nothing is expected."""
        if self._harmony.has_chart:
            return self._harmony.spans(start, length)
        changes = self._forecast.changes
        if not changes:
            return ()
        now = self._harmony.at(min(start, changes[0][0] - 1))
        for tick, chord in changes:
            if tick <= start:
                now = chord
        if now is None:
            return ()
        found: list[ChordSpan] = []
        at = start
        for tick, chord in (*changes, (start + length, now)):
            if tick <= start:
                continue
            end = min(tick, start + length)
            if end > at:
                found.append(ChordSpan(at - start, end - at, now))
            at, now = end, chord
        return tuple(found)

    def homecoming(self, tick: int, until: int) -> int | None:
        """The first bar line from ``tick`` up to ``until`` at which the loop that was learned is at home: on
        its key's own chord or, where it never is on that, on the chord it was begun with. None over a chart
        (see `Harmony.homecoming`) and where no loop is known well enough."""
        harmony, first = self._harmony, self._predictor.first
        told = zip(self._forecast.changes, self._forecast.sure, strict=True)
        sure = [change for change, _ in takewhile(lambda change: change[1] >= STAYS, told)]
        if harmony.has_chart or self._resting or first is None or not sure:
            return None
        if len(sure) < len(self._forecast.changes):
            until = min(until, self._forecast.changes[len(sure)][0] - 1)
        tonic = any(harmony.is_home(chord) for _, chord in sure)
        line = harmony.lines.next_line(tick)
        while line <= until:
            due = [chord for at, chord in sure if at <= line]
            here = due[-1] if due else harmony.at(sure[0][0] - 1)
            if here is not None and (harmony.is_home(here) if tonic else _alike(here, first)):
                return line
            line = harmony.lines.bar_at(line).end
        return None

    def _learn(self, chord: Chord, played: int, revised: bool) -> None:
        self.known_at = played
        if chord.family is Family.NONE:
            self._resting = True
            return
        self._resting = False
        if revised and self._trials:
            self._trials[-1].chord = chord
            self._predictor.revise(chord)
            return
        first = self._forecast.changes[:1]
        self._predictor.hear(chord, played)
        self._trials.append(_Trial(first[0] if first else None, played, chord))

    def _plan(self) -> int | None:
        """Plan for as much of the forecast as is sure."""
        harmony = self._harmony
        before = harmony.expected
        changes: list[tuple[int, Chord]] = []
        reliable = len(self._trials) == TRIALS and all(trial.right for trial in self._trials)
        if reliable and not self._resting:
            for n, (change, sure) in enumerate(zip(self._forecast.changes, self._forecast.sure, strict=True)):
                if sure < (STAYS if n < len(before) and change == before[n] else SURE):
                    break
                changes.append(change)
            if changes and changes[0][0] < self.known_at + ROOM and tuple(changes[:1]) != before[:1]:
                changes = []
        since = harmony.expect(tuple(changes))
        harmony.doubts = NONE if changes else self._doubts()
        return since

    def _doubts(self) -> Doubts:
        """Where the chord is likely to change though nothing sure enough to be planned for is known."""
        heard = self._predictor.changes(LONG_AGO)
        if self._resting or not heard:
            return NONE
        slots = likely_changes([slot for slot, _ in heard], self._predictor.beats)
        likely = {self._predictor.tick_of(slot): probability for slot, probability in slots}
        guess, sure = None, 0.0
        if self._forecast.changes and self._forecast.confidence >= SHOWN:
            (at, guess), sure = self._forecast.changes[0], self._forecast.confidence
            if sure >= LIKELY:
                likely[at] = max(likely.get(at, 0.0), sure)
        changes = tuple(Doubt(at, likely[at]) for at in sorted(likely) if at >= self.known_at + NEAREST)
        return Doubts(changes, likely_chords([c for _, c in heard], guess, sure)) if changes else NONE
