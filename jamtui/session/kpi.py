"""The band's figures while it plays, in fixed memory: every event costs O(1), percentiles are computed
when somebody looks.

Definitions: *time to first note* runs from the stamp that triggered a chord to the first note-on sent for
it. On a grid most of that is the wait for the grid point, so *past grid* says how long after its grid
point, as the feel places it, that note left: 0 where the point was met; where a note is replaced at once,
or its place came before the key press, it counts from the key press. *Lateness* is send time minus due time
of each output event. *On-time share* is the share of planned notes sent within 5 ms of when they were due;
notes dropped because they were late or their port was gone count against it. *Chord response* is the share
of new chords that are answered at the next grid point; what replaces a sounding note before it counts as
the first note, not as the answer. *Dead air* and *hung notes* should stay 0.
"""

from collections import deque
from dataclasses import dataclass
from math import ceil

from jamtui.music.meter import next_grid
from jamtui.music.phrase import Role, Source
from jamtui.playback.commands import DroppedNote, Report, SentNote
from jamtui.session.dead_air import watch_all
from jamtui.session.histogram import Histogram
from jamtui.session.snapshot import GaugeView

_STRUCK = 32
"""Notes remembered that were struck last."""
_WRONG_ENDS_NS = 60_000_000
"""What a chord made wrong has ended by then."""
ON_TIME_NS = 5_000_000
HUNG_NS = 30_000_000_000
"""A note that sounds longer than any planned note is hung."""
_STOPPED_HUNG_NS = 1_000_000_000
_HISTORY = 64
_HISTORY_STEP_NS = 250_000_000
_PENDING = 16
_EVER = -(1 << 62)


class _Pending:
    """A chord that waits for its first note."""

    __slots__ = ("expected", "grid", "ns_per_tick", "sounded", "trigger_ns")

    def __init__(self, trigger_ns: int, expected: int | None, grid: int, ns_per_tick: float) -> None:
        self.trigger_ns = trigger_ns
        self.expected = expected
        self.grid = grid
        self.ns_per_tick = ns_per_tick
        self.sounded = False
        """A note was struck for it, at the grid point or in place of one that it made wrong."""

    def past_grid(self, note: SentNote) -> int:
        """Nanoseconds by which ``note``, the first for this chord, missed the grid point it was meant for."""
        aimed = self.trigger_ns
        if self.expected is not None and note.tick >= self.expected:
            place = note.meant_ns - round((note.tick - self.expected) * self.ns_per_tick)
            aimed = max(aimed, place)
        return max(0, note.sent_ns - aimed)


@dataclass(slots=True)
class _Struck:
    """A note of the band: where it belongs, and when it ended."""

    tick: int
    key: tuple[str, int, int]
    ended_ns: int | None = None

    def stays(self, trigger_ns: int) -> bool:
        """Whether a chord struck at ``trigger_ns`` left it standing."""
        return self.ended_ns is None or self.ended_ns - trigger_ns >= _WRONG_ENDS_NS


class Kpi:
    """Collects figures from triggers and from the output loop's reports. Not thread-safe: one caller."""

    def __init__(self) -> None:
        self.ttfn = Histogram()
        self.past_grid = Histogram()
        self.lateness = Histogram()
        self._ttfn_last: int | None = None
        self._ttfn_history: deque[int] = deque(maxlen=_HISTORY)
        self._past_last: int | None = None
        self._past_history: deque[int] = deque(maxlen=_HISTORY)
        self._late_history: deque[int] = deque(maxlen=_HISTORY)
        self._late_peak = 0
        self._late_since: int | None = None
        self._pending: deque[_Pending] = deque(maxlen=_PENDING)
        self._struck: deque[_Struck] = deque(maxlen=_STRUCK)
        self._last_trigger: int | None = None
        self._answered = 0
        self._unanswered = 0
        self._chords = 0
        self._sent = 0
        self._on_time = 0
        self._lost: dict[str, int] = {}
        self._notes = dict.fromkeys(Source, 0)
        self._bars = dict.fromkeys(Source, 0)
        self._last_bar: dict[Role, int] = {}
        self._sounding: dict[tuple[str, int, int], int] = {}
        self._hung: set[tuple[str, int, int]] = set()
        self._hung_total = 0
        self._air = watch_all()
        self._stopped_ns: int | None = None

    def trigger(self, trigger_ns: int, tick: float, grid: int | None, ns_per_tick: float = 0.0) -> None:
        """A new chord for the band, heard at ``trigger_ns`` and ``tick``; ``grid`` in ticks, None for free;
        ``ns_per_tick``: the tempo.

        A chord that is replaced before its grid point came is not counted as unanswered. A revision of
        the same chord carries the same ``trigger_ns`` and is ignored.
        """
        if trigger_ns == self._last_trigger:
            return
        self._last_trigger = trigger_ns
        self._chords += 1
        expected: int | None = None
        if grid is not None:
            for pending in tuple(self._pending):
                if pending.expected is not None and tick < pending.expected:
                    self._pending.remove(pending)
            expected = next_grid(ceil(tick), grid)
        self._pending.append(_Pending(trigger_ns, expected, grid or 0, ns_per_tick))

    def take(self, report: Report, ns: int) -> None:
        """What the output loop did, seen at ``ns``."""
        if isinstance(report, SentNote):
            self._note_sent(report)
        else:
            self._note_dropped(report, ns)

    def cover(self, role: Role, start: int, end: int) -> None:
        """An accepted bar covers ticks ``start`` to ``end`` of ``role``."""
        self._air[role].cover(start, end)

    def withdraw(self, role: Role, from_tick: int) -> None:
        """What was accepted for ``role`` from ``from_tick`` on no longer stands."""
        self._air[role].withdraw(from_tick)

    def silenced(self, role: Role | None) -> None:
        """What was planned for ``role`` (None: for all) was cleared from the output."""
        for air in self._air.values() if role is None else (self._air[role],):
            air.withdraw(_EVER)

    def located(self) -> None:
        """Musical time jumped: nothing that was planned explains anything any more."""
        self._pending.clear()
        self._last_bar.clear()
        for air in self._air.values():
            air.clear()

    def advance(self, tick: float, ns: int, playing: frozenset[Role], state: str = "playing") -> None:
        """Look at the present moment. Call some 10 times a second or more.

        Args:
            playing: the roles that are expected to sound: none while nothing plays or no chord is known yet.
            state: the band's: in a ``count-in`` first notes may already sound, pushed early; while it is
                ``stopped`` none may.
        """
        for role, air in self._air.items():
            air.advance(tick, ns, role in playing)
        while self._pending:
            first = self._pending[0]
            if first.expected is None:
                if ns - first.trigger_ns < 2_000_000_000:
                    break
            elif tick < first.expected + first.grid:
                break
            else:
                self._settle(first)
            self._pending.popleft()
        if not playing and state != "count-in":
            self._pending.clear()
        if state != "stopped":
            self._stopped_ns = None
        elif self._stopped_ns is None:
            self._stopped_ns = ns
        silent = self._stopped_ns is not None and ns - self._stopped_ns >= _STOPPED_HUNG_NS
        for key, since in self._sounding.items():
            if (silent or ns - since >= HUNG_NS) and key not in self._hung:
                self._hung.add(key)
                self._hung_total += 1
        if self._late_since is not None and ns - self._late_since >= _HISTORY_STEP_NS:
            self._late_history.append(self._late_peak)
            self._late_since = None
            self._late_peak = 0

    def gauges(self, queue_depth: int = 0, runway_bars: float = 0.0) -> GaugeView:
        """The figures for the screen."""
        return GaugeView(
            ttfn_last=_ms(self._ttfn_last),
            ttfn_p50=_ms(self.ttfn.percentile_ns(0.5)),
            ttfn_p99=_ms(self.ttfn.percentile_ns(0.99)),
            late_p50=_ms(self.lateness.percentile_ns(0.5)),
            late_p99=_ms(self.lateness.percentile_ns(0.99)),
            late_history=tuple(round(v / 1e6, 3) for v in self._late_history),
            ttfn_history=tuple(round(v / 1e6, 3) for v in self._ttfn_history),
            queue_depth=queue_depth,
            runway_bars=runway_bars,
            dead_air=self.dead_air,
            on_time=self.on_time_share,
            response=self.response_share,
            hung=self._hung_total,
            past_grid_last=_ms(self._past_last),
            past_grid_p50=_ms(self.past_grid.percentile_ns(0.5)),
            past_grid_p99=_ms(self.past_grid.percentile_ns(0.99)),
            past_grid_history=tuple(round(v / 1e6, 3) for v in self._past_history),
        )

    @property
    def dead_air(self) -> int:
        """How many times a role was silent without a planned rest."""
        return sum(air.count for air in self._air.values())

    @property
    def on_time_share(self) -> float:
        """Planned notes sent within 5 ms, 0 to 1; 1 before the first."""
        planned = self._sent + self._lost.get("late", 0) + self._lost.get("port", 0)
        return self._on_time / planned if planned else 1.0

    @property
    def response_share(self) -> float | None:
        """New chords answered by the next grid point; None without a grid or before the first."""
        total = self._answered + self._unanswered
        return self._answered / total if total else None

    def report(self) -> dict[str, object]:
        """All figures as JSON-able values, times in milliseconds: for the report of a headless run."""
        bars = sum(self._bars.values())
        return {
            "chords": self._chords,
            "ttfn_ms": _spread(self.ttfn),
            "past_grid_ms": _spread(self.past_grid),
            "chord_response": self.response_share,
            "chords_answered": self._answered,
            "chords_unanswered": self._unanswered,
            "lateness_ms": _spread(self.lateness),
            "notes_sent": self._sent,
            "notes_dropped": dict(self._lost),
            "on_time_share": self.on_time_share,
            "bars_by_source": {s.name.lower(): n / bars if bars else 0.0 for s, n in self._bars.items()},
            "notes_by_source": {s.name.lower(): n for s, n in self._notes.items()},
            "dead_air": {role.value: air.count for role, air in self._air.items()},
            "hung_notes": self._hung_total,
            "sounding_now": len(self._sounding),
        }

    def _note_sent(self, note: SentNote) -> None:
        late = note.sent_ns - note.due_ns
        self.lateness.add(late)
        if self._late_since is None:
            self._late_since = note.sent_ns
        if late > self._late_peak:
            self._late_peak = late
        self._air[note.role].note(note.on, note.sent_ns)
        key = (note.port, note.channel, note.pitch)
        if not note.on:
            for struck in self._struck:
                if struck.key == key and struck.ended_ns is None:
                    struck.ended_ns = note.sent_ns
            self._sounding.pop(key, None)
            self._hung.discard(key)
            return
        self._sounding[key] = note.sent_ns
        if note.role is not Role.DRUMS:
            self._struck.append(_Struck(note.tick, key))
        self._sent += 1
        if abs(late) <= ON_TIME_NS:
            self._on_time += 1
        self._notes[note.source] += 1
        if self._last_bar.get(note.role) != note.bar_tick:
            self._last_bar[note.role] = note.bar_tick
            self._bars[note.source] += 1
        if note.trigger_ns and self._pending:
            self._first_note(note)

    def _first_note(self, note: SentNote) -> None:
        for pending in self._pending:
            if pending.trigger_ns != note.trigger_ns:
                continue
            if not pending.sounded:
                pending.sounded = True
                ttfn = note.sent_ns - note.trigger_ns
                self.ttfn.add(ttfn)
                self._ttfn_last = ttfn
                self._ttfn_history.append(ttfn)
                if pending.expected is not None:
                    self._past_last = past = pending.past_grid(note)
                    self.past_grid.add(past)
                    self._past_history.append(past)
            if pending.expected is None:
                self._pending.remove(pending)
            elif note.tick >= pending.expected:
                self._pending.remove(pending)
                if note.tick == pending.expected:
                    self._answered += 1
                else:
                    self._settle(pending)
            return

    def _settle(self, pending: _Pending) -> None:
        """No note of the answer came at its grid point: one that was there already and stays right is it."""
        if any(s.tick == pending.expected and s.stays(pending.trigger_ns) for s in self._struck):
            self._answered += 1
        else:
            self._unanswered += 1

    def _note_dropped(self, note: DroppedNote, ns: int) -> None:
        self._lost[note.reason] = self._lost.get(note.reason, 0) + 1
        self._air[note.role].dropped(note.reason, ns)


def _ms(ns: int | None) -> float | None:
    return None if ns is None else round(ns / 1e6, 4)


def _spread(histogram: Histogram) -> dict[str, float | int | None]:
    return {
        "count": histogram.count,
        "p50": _ms(histogram.percentile_ns(0.5)),
        "p99": _ms(histogram.percentile_ns(0.99)),
        "p99.9": _ms(histogram.percentile_ns(0.999)),
        "max": _ms(histogram.max_ns if histogram.count else None),
    }
