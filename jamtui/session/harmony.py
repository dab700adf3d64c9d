"""Which chord holds when: what the player played, over what the chart says or the prediction expects."""

from bisect import bisect_right
from collections import deque

from jamtui.music.chart import Chart
from jamtui.music.chord import Chord, Family
from jamtui.music.meter import EIGHTH
from jamtui.music.phrase import ChordSpan
from jamtui.music.scale import Key, adds_colour, key_of
from jamtui.session.barlines import BarLines
from jamtui.session.habit import NONE, Doubts

_FOREVER = 1 << 60


def _chart_bars(chart: Chart) -> tuple[tuple[tuple[int, Chord], ...], ...]:
    """The chart bar by bar: ``(offset in ticks, chord)``; every bar begins with a chord."""
    return tuple(tuple((span.start, span.chord) for span in bar) for bar in chart.bars)


def _tick(change: tuple[int, Chord]) -> int:
    return change[0]


class Harmony:
    """Chords by tick. Heard chords hold until the next one that is heard or expected, or, over a chart, until
    the chart changes. ``version`` goes up whenever a chord to come changed."""

    def __init__(self, lines: BarLines) -> None:
        self.lines = lines
        self._heard: list[tuple[int, int, Chord]] = []
        self._chart: tuple[tuple[tuple[int, Chord], ...], ...] = ()
        self._chart_length = 0
        self._chart_name = ""
        self._past: deque[Chord] = deque(maxlen=8)
        self._key: Key | None = None
        self._key_due = False
        self._expected: tuple[tuple[int, Chord], ...] = ()
        self.doubts: Doubts = NONE
        """Where the chord may change though nothing is surely expected; ends with the next chord."""
        self.version = 0

    @property
    def has_chart(self) -> bool:
        """Whether a chart is followed."""
        return bool(self._chart)

    @property
    def looks_ahead(self) -> bool:
        """Whether coming chords are known or surely expected."""
        return bool(self._chart or self._expected)

    @property
    def expected(self) -> tuple[tuple[int, Chord], ...]:
        """Changes that are planned for without having been heard, as ``(tick, chord)``."""
        return self._expected

    @property
    def chart_name(self) -> str:
        """Name of the chart that is followed (``Chart.name``); empty without one."""
        return self._chart_name

    @property
    def key(self) -> Key | None:
        """The key of the last chords (or of the chart), None while nothing is known."""
        return self._key

    def set_chart(self, chart: Chart | None) -> None:
        """Follow ``chart`` from the first bar on, over and over; None: only what is played."""
        self._chart = _chart_bars(chart) if chart else ()
        self._chart_length = chart.meter.bar_ticks if chart else 0
        self._chart_name = chart.name if chart else ""
        self._expected = ()
        self.doubts = NONE
        self.version += 1
        if chart:
            self._key = key_of(s.chord for s in chart.spans)

    def restart(self, lines: BarLines) -> None:
        """Bar lines of a new start; the chord that is latched goes on from its first bar."""
        self.lines = lines
        self._expected = ()
        self.doubts = NONE
        self.version += 1
        last = self._heard[-1][2] if self._heard else None
        self._heard = [] if last is None or self.has_chart else [(-_FOREVER, _FOREVER, last)]

    def settle_key(self) -> None:
        """Bring the key up to the last chord. Costs more than all else here, so it is asked for before a
        change, never between a chord and its answer: the answer uses the key of the chords before it."""
        if self._key_due:
            self._key_due = False
            self._key = key_of(self._past)

    def prepare(self, chord: Chord) -> None:
        """``chord`` was played before the start: it holds from the first bar on."""
        self._heard = [] if chord.family is Family.NONE else [(-_FOREVER, _FOREVER, chord)]
        if chord.family is not Family.NONE:
            self._past.append(chord)
            self._key_due = not self._chart

    def hear(self, chord: Chord, tick: int, played: int) -> None:
        """``chord`` holds from ``tick`` on; it was played at ``played``, up to an eighth early. A chord that
        was expected there, if perhaps with more colour, is confirmed and what is expected after it stands;
        any other ends expectation."""
        self.version += 1
        self.doubts = NONE
        due = [change for change in self._expected if change[0] <= tick]
        here = self.at(tick)
        as_expected = here is not None and (here == chord or adds_colour(here, chord, self._key))
        if due and as_expected:
            tick = due[-1][0]
            self._expected = self._expected[len(due) :]
        elif not as_expected:
            # Up to here the band played what was expected.
            self._heard += [(start, _FOREVER, passed) for start, passed in due if start < tick]
            self._expected = ()
        while self._heard and self._heard[-1][0] >= tick:
            self._heard.pop()
        until = self._chart_until(max(tick, played + EIGHTH), chord) if self._chart else _FOREVER
        if chord.family is Family.NONE and self._chart:
            self._heard.clear()
            return
        self._heard.append((tick, until, chord))
        del self._heard[:-16]
        if chord.family is not Family.NONE and (not self._past or self._past[-1] != chord):
            self._past.append(chord)
            self._key_due = not self._chart

    def expect(self, changes: tuple[tuple[int, Chord], ...]) -> int | None:
        """Plan for ``changes`` (ascending ticks) after the chord that was heard last, in place of what was
        expected. Returns the first tick from which the chords to come are others; None where nothing
        changed. Without effect over a chart."""
        before = self._expected
        if self._chart or changes == before:
            return None
        self._expected = changes
        self.version += 1
        for old, new in zip(before, changes, strict=False):
            if old != new:
                return min(old[0], new[0])
        longer = before if len(before) > len(changes) else changes
        return longer[min(len(before), len(changes))][0]

    def deny(self, goal: int) -> Chord | None:
        """The first expected change did not come: from ``goal`` on the chord before it holds again, and
        nothing is expected. Returns that chord."""
        if not self._expected:
            return None
        tick, chord = self._expected[0]
        before = self.at(tick - 1)
        self._expected = ()
        self.doubts = NONE
        self.version += 1
        self._heard.append((tick, _FOREVER, chord))
        if before is not None:
            self._heard.append((max(goal, tick + 1), _FOREVER, before))
        del self._heard[:-16]
        return before

    def at(self, tick: int) -> Chord | None:
        """The chord at ``tick``; None while none is known."""
        if self._expected and tick >= self._expected[0][0]:
            return self._expected[bisect_right(self._expected, tick, key=_tick) - 1][1]
        for start, until, chord in reversed(self._heard):
            if start <= tick:
                if tick < until:
                    return chord
                break
        return self._chart_at(tick)[0] if self._chart else None

    def next_change(self, tick: int) -> int:
        """The first tick after ``tick`` at which the chord may differ; very far away if none is known."""
        change = _FOREVER
        for start, until, _ in self._heard:
            if start > tick:
                change = min(change, start)
            if until > tick and start <= tick:
                change = min(change, until)
        if self._chart:
            change = min(change, self._chart_at(tick)[1])
        elif self._expected:
            following = bisect_right(self._expected, tick, key=_tick)
            if following < len(self._expected):
                change = min(change, self._expected[following][0])
        return change

    def spans(self, start: int, length: int) -> tuple[ChordSpan, ...]:
        """Known chords of ``length`` ticks from ``start``, relative to it, equal neighbours joined."""
        found: list[ChordSpan] = []
        at, end = start, start + length
        while at < end:
            until = min(end, self.next_change(at))
            chord = self.at(at)
            if chord is not None:
                last = found[-1] if found else None
                if last and last.chord == chord and last.start + last.length == at - start:
                    found[-1] = ChordSpan(last.start, last.length + until - at, chord)
                else:
                    found.append(ChordSpan(at - start, until - at, chord))
            at = until
        return tuple(found)

    def previous(self, tick: int) -> Chord | None:
        """The chord before the one that holds at ``tick``."""
        now = self.at(tick)
        for start, chord in reversed(self._expected):
            if start <= tick and chord != now:
                return chord
        for start, _, chord in reversed(self._heard):
            if start <= tick and chord != now:
                return chord
        if self._chart:
            at = tick
            for _ in range(4):
                at = self._chart_start(at) - 1
                if at < self.lines.origin:
                    return None
                if (chord := self._chart_at(at)[0]) != now:
                    return chord
        return None

    def homecoming(self, tick: int, bars: int) -> int | None:
        """The first of ``bars`` bar lines from ``tick`` on at which the chart is on its key's own chord; None
        without a chart or where it does not come home."""
        if not self._chart:
            return None
        line = self.lines.next_line(tick)
        for _ in range(bars):
            if self.is_home(self._chart_at(line)[0]):
                return line
            line = self.lines.bar_at(line).end
        return None

    def is_home(self, chord: Chord) -> bool:
        """Whether ``chord`` is the key's own; False while no key is known."""
        minor = chord.family in (Family.MINOR, Family.HALF_DIMINISHED, Family.DIMINISHED)
        return self._key is not None and chord.root == self._key.tonic and minor == self._key.minor

    def opening(self, count: int) -> tuple[tuple[int, Chord], ...]:
        """The first ``count`` chords of the chart with the bars (0-based) that they come in, each once until
        another follows; empty without a chart."""
        found: list[tuple[int, Chord]] = []
        for number, bar in enumerate(self._chart):
            for _, chord in bar:
                if not found or found[-1][1] != chord:
                    found.append((number, chord))
        return tuple(found[:count])

    def _chart_bar(self, tick: int) -> tuple[int, int, list[tuple[int, Chord]]]:
        bar = self.lines.bar_at(max(tick, self.lines.origin))
        written = self._chart[bar.number % len(self._chart)]
        whole = self._chart_length
        if whole == bar.meter.bar_ticks:
            return bar.start, bar.end, list(written)
        # Another meter than the chart's: each chord keeps its share of the bar, on the nearest beat.
        beats = bar.meter.beat_ticks
        moved = [(min(beats, key=lambda b, o=o: abs(b - o * bar.length // whole)), c) for o, c in written]  # type: ignore[misc]
        return bar.start, bar.end, moved

    def _chart_at(self, tick: int) -> tuple[Chord, int]:
        """The chart's chord at ``tick`` and the tick of what is written next."""
        start, end, written = self._chart_bar(tick)
        chord, until = written[0][1], end
        for offset, here in written:
            if start + offset <= tick:
                chord, until = here, end
            else:
                until = start + offset
                break
        return chord, until

    def _chart_start(self, tick: int) -> int:
        start, _, written = self._chart_bar(tick)
        return max([start, *(start + o for o, _ in written if start + o <= tick)])

    def _chart_until(self, tick: int, chord: Chord) -> int:
        """Until when a chord played for ``tick`` stands against the chart: the chart's next new chord."""
        here, until = self._chart_at(tick)
        for _ in range(64):
            following, further = self._chart_at(until)
            if following != here:
                return until
            until = further
        return until
