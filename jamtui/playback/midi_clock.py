"""MIDI clock: following one, and sending one.

Clock pulses (F8) come 24 to the quarter note, each some milliseconds early or late. `PulseFilter` estimates
when the current pulse really was and how long a pulse is; `MidiClockFollower` adds Start, Stop, Continue and
Song Position (MIDI 1.0 specification, System Real Time and System Common messages) and steers a
`MusicalClock` along the estimate without audible jumps.
"""

from math import sqrt

from jamtui.music.meter import PPQ
from jamtui.playback.clock import MAX_BPM, MIN_BPM, MusicalClock
from jamtui.playback.commands import TimedMessage

PULSES_PER_QUARTER = 24
PULSE_TICKS = PPQ // PULSES_PER_QUARTER
SONG_POSITION_TICKS = PPQ // 4
"""A Song Position counts sixteenths."""

CLOCK = b"\xf8"
START = b"\xfa"
CONTINUE = b"\xfb"
STOP = b"\xfc"

STEP_LIMIT_NS = 80_000_000
"""A phase error up to this is slewed away; a larger one means that musical time itself jumped."""

_SLEW_NS = 200_000_000
"""An error is slewed away over about so long."""

_MAX_SLEW = 0.15
"""Slewing bends the tempo by this share at most."""

_LOST_PULSES = 3.0
"""The clock has stopped coming when nothing came for so many pulses."""

_GAP = 1.6
"""Between pulses so many periods apart one or more may have been lost."""

_BEHIND = 0.5
"""A pulse nearer than this (in pulses) to the one before, after a gap, is one that was thought lost."""

_GAPS_ARE_TEMPO = 3

_NEW_PHASE_NS = 5_000_000
"""A first pulse farther than this from where pulses were expected begins a new row of pulses, as one does
before which they had stopped."""

_POLL_NS = 20_000_000


def song_position(tick: int) -> bytes:
    """The Song Position message for ``tick`` (the sixteenth at or before it, held to the message's range)."""
    sixteenth = max(0, min(0x3FFF, tick // SONG_POSITION_TICKS))
    return bytes((0xF2, sixteenth & 0x7F, sixteenth >> 7))


def pulses(port: str, from_tick: int, to_tick: int) -> list[TimedMessage]:
    """The clock pulses of ``from_tick`` (inclusive) to ``to_tick`` (exclusive) for ``port``."""
    first = -(-from_tick // PULSE_TICKS) * PULSE_TICKS
    return [TimedMessage(port, tick, CLOCK) for tick in range(first, to_tick, PULSE_TICKS)]


class PulseFilter:
    """When is the current pulse, and how long is a pulse: a Kalman filter over pulse stamps.

    State: time of the last pulse and the period, both in nanoseconds; the period walks randomly by a little,
    which sets how far back the filter remembers (about two bars at ±3 ms). Single outliers are clipped. A
    run of surprises to one side (CUSUM test) means that the sender's tempo or phase changed: the filter goes
    back to where the run began and takes the change that explains the run better.
    """

    _NOISE_NS = 1.8e6
    """Standard deviation of a pulse's stamp: ±3 ms, evenly spread."""
    _WALK = 1.0e-3 / 20.8
    """Standard deviation of the period's change from pulse to pulse, as a share of the period."""
    _UNKNOWN = 0.25
    """The same for a period not known yet, or just changed."""
    _CLIP = 3.0
    """Surprises count up to so many standard deviations."""
    _ALLOWED, _ALARM = 0.75, 7.0
    """CUSUM: drift allowed per pulse and bound of the sum, in standard deviations."""

    def __init__(self, period_ns: float) -> None:
        self.at = 0.0
        """Estimated time of the last pulse."""
        self.period = period_ns
        self._started = False
        self._guessed = True
        self._var_at = 0.0
        self._cov = 0.0
        self._var_period = 0.0
        self._high = 0.0
        self._low = 0.0
        self._run: list[tuple[int, int]] = []
        self._mark = (0.0, 0.0)

    def restart(self, ns: int, *, keep_period: bool) -> None:
        """A first pulse at ``ns``, unrelated to those before."""
        self._started = True
        self.at = float(ns)
        self._var_at = self._NOISE_NS**2
        self._cov = 0.0
        if not keep_period or self._var_period == 0.0:
            self._var_period = (self._UNKNOWN * self.period) ** 2
            self._guessed = True
        self._calm()

    @property
    def sure(self) -> bool:
        """Whether the period is known well enough to tell a lost pulse from a late one."""
        return self._started and self._var_period < (0.04 * self.period) ** 2

    def slower(self, ns: int, period_ns: float) -> None:
        """Pulses come at another period altogether, about ``period_ns``; the last was stamped ``ns``."""
        self.period = _held_period(period_ns)
        self._var_period = 0.0
        self.restart(ns, keep_period=False)

    def pulses_since(self, ns: int) -> float:
        """How many pulses, whole or not, a stamp at ``ns`` lies after the last one."""
        return (ns - self.at) / self.period

    def pulse(self, ns: int, count: int = 1) -> None:
        """The pulse that comes ``count`` after the last one was stamped ``ns``."""
        if not self._started:
            self.restart(ns, keep_period=False)
            return
        if self._guessed:
            self._guessed = False
            gap = (ns - self.at) / count
            if abs(gap - self.period) > 2 * self._UNKNOWN * self.period:
                # The tempo given beforehand was nowhere near: only what is measured counts.
                self.period = _held_period(gap)
                self._var_period = 2 * self._NOISE_NS**2
        surprise = self._update(ns, count)
        self._high = max(0.0, self._high + surprise - self._ALLOWED)
        self._low = max(0.0, self._low - surprise - self._ALLOWED)
        if self._high == 0.0 and self._low == 0.0:
            self._calm()
            return
        self._run.append((ns, count))
        if max(self._high, self._low) > self._ALARM:
            self._relearn()

    def _relearn(self) -> None:
        """Explain the run by a step of the phase or by a new period, whichever leaves less unexplained."""
        run = self._run
        at, period = self._mark
        counts: list[int] = []
        errors: list[float] = []
        total = 0
        for ns, count in run:
            total += count
            counts.append(total)
            errors.append(ns - at - total * period)
        step = sum(errors) / len(errors)
        squares = sum(k * k for k in counts)
        change = sum(k * e for k, e in zip(counts, errors, strict=True)) / squares
        left_by_step = sum((e - step) ** 2 for e in errors)
        left_by_change = sum((e - change * k) ** 2 for k, e in zip(counts, errors, strict=True))
        noise = self._NOISE_NS**2
        if left_by_step < left_by_change:
            self.at = at + total * period + step
            self.period = period
            self._var_at = noise / len(run)
            self._var_period = (0.01 * period) ** 2
            self._cov = 0.0
        else:
            self.period = _held_period(period + change)
            self.at = at + total * self.period
            # Of a line through a known point: variances of its slope and of its end.
            self._var_period = 2 * noise / squares
            self._cov = total * self._var_period
            self._var_at = noise / 4 + total * self._cov
        self._calm()

    def _calm(self) -> None:
        self._high = self._low = 0.0
        self._run = []
        self._mark = (self.at, self.period)

    def _update(self, ns: int, count: int) -> float:
        """Predict ``count`` pulses on, correct by the stamp; returns the surprise in standard deviations."""
        at = self.at + count * self.period
        walk = count * (self._WALK * self.period) ** 2
        var_at = self._var_at + 2 * count * self._cov + count * count * self._var_period + walk / 3
        cov = self._cov + count * self._var_period + walk / 2
        var_period = self._var_period + walk
        total = var_at + self._NOISE_NS**2
        deviation = sqrt(total)
        surprise = (ns - at) / deviation
        wrong = max(-self._CLIP, min(self._CLIP, surprise)) * deviation
        self.at = at + var_at / total * wrong
        self.period = _held_period(self.period + cov / total * wrong)
        self._var_at = var_at - var_at * var_at / total
        self._cov = cov - cov * var_at / total
        self._var_period = var_period - cov * cov / total
        return max(-4.0, min(4.0, surprise))


def _held_period(period_ns: float) -> float:
    shortest, longest = 60e9 / MAX_BPM / PULSES_PER_QUARTER, 60e9 / MIN_BPM / PULSES_PER_QUARTER
    return max(shortest, min(longest, period_ns))


class MidiClockFollower:
    """Steers ``clock`` by the realtime bytes of one input.

    Feed every clock message with its stamp, and call `poll` every few milliseconds so that a clock that
    stops coming is noticed: the music then goes on at the last tempo until Stop is received or pulses
    return. To leave following, simply stop feeding: the clock keeps its tempo and phase.
    """

    def __init__(self, clock: MusicalClock) -> None:
        self._clock = clock
        self._filter = PulseFilter(clock.segment.ns_per_tick * PULSE_TICKS)
        self._tick = 0.0
        """Musical time of the last pulse."""
        self._armed: int | None = None
        """Where the next pulse is, after Start, Continue or Song Position."""
        self._next_stopped = 0
        """Where Continue goes on."""
        self._known = False
        """Whether `_tick` is right: a position was received, or the clock ran and was adopted."""
        self._last_ns: int | None = None
        self._polled = 0
        self._gaps: list[tuple[int, int]] = []
        self._held_up = 0
        """Pulses counted as lost that may still come."""
        self.locked = False
        """Whether pulses are coming now."""

    @property
    def place(self) -> int:
        """Musical time of the last pulse, exactly: a whole number of pulses, whatever its stamp said."""
        return round(self._tick)

    @property
    def bpm(self) -> float:
        """Tempo of the pulses, estimated also while stopped."""
        return 60e9 / (self._filter.period * PULSES_PER_QUARTER)

    def feed(self, ns: int, data: bytes) -> None:
        """A message stamped ``ns``; others than clock messages are ignored."""
        status = data[0] if data else 0
        if status == 0xF8:
            self._pulse(ns)
        elif status == 0xFA:
            self._arm(0, ns)
        elif status == 0xFB:
            self._arm(self._next_stopped, ns)
        elif status == 0xFC:
            self._stop(ns)
        elif status == 0xF2 and len(data) == 3:
            self._song_position((data[1] | data[2] << 7) * SONG_POSITION_TICKS, ns)

    def poll(self, ns: int) -> None:
        """Notice at ``ns`` that pulses stopped coming, and then run on steadily at the last tempo."""
        if self._last_ns is None or ns - self._last_ns < _LOST_PULSES * self._filter.period:
            return
        self.locked = False
        if self._clock.running and self._known and ns - self._polled >= _POLL_NS:
            self._polled = ns
            self._steer(ns)

    def _arm(self, tick: int, ns: int) -> None:
        """Start or Continue: the *next* pulse is ``tick``; until then the music waits there."""
        segment = self._clock.segment
        if segment.running or round(segment.tick0) != tick:
            self._clock.hold(tick, ns, segment.ns_per_tick, jumped=True)
        self._armed = tick

    def _stop(self, ns: int) -> None:
        if self._armed is not None:
            self._next_stopped, self._armed = self._armed, None
        elif self._clock.running and self._known:
            self._next_stopped = round(self._tick) + PULSE_TICKS
        self._known = False
        self._clock.stop(ns)

    def _song_position(self, tick: int, ns: int) -> None:
        self._next_stopped = tick
        if self._clock.running or self._armed is not None:
            # Some senders move while they play: the next pulse is the new place.
            self._armed = tick
        else:
            self._clock.locate(tick, ns)

    def _pulse(self, ns: int) -> None:
        pulse_filter = self._filter
        count = 1
        if self._last_ns is None:
            pulse_filter.pulse(ns)
        else:
            away = pulse_filter.pulses_since(ns)
            if self._armed is not None and (
                ns - self._last_ns >= _LOST_PULSES * pulse_filter.period
                or abs(away - round(away)) * pulse_filter.period > _NEW_PHASE_NS
            ):
                # The sender's pulses begin anew with Start or Continue.
                pulse_filter.restart(ns, keep_period=True)
                self._gaps.clear()
            else:
                count = self._count(ns, self._last_ns, away)
                if count == 0:
                    self._last_ns = ns
                    return
                pulse_filter.pulse(ns, count)
        self._last_ns = ns
        self.locked = True
        if self._armed is not None:
            self._begin(self._armed, ns)
        elif self._clock.running:
            if not self._known:
                # Started from here, not by the sender: the nearest pulse is the one meant.
                here = self._clock.segment.tick_at(round(pulse_filter.at))
                self._tick = float(round(here / PULSE_TICKS) * PULSE_TICKS)
                self._known = True
            else:
                self._tick += count * PULSE_TICKS
            self._steer(ns)

    def _count(self, ns: int, last_ns: int, away: float) -> int:
        """How many pulses on this one is: more than one after a gap in which pulses were lost, none for a
        pulse that was held up, not lost, and comes close behind. Gap after gap is no loss but a tempo far
        slower, and then every pulse counted as lost is taken back."""
        gap = ns - last_ns
        if self._held_up and away < _BEHIND:
            self._held_up -= 1
            return 0
        self._held_up = 0
        if not self._filter.sure or gap < _GAP * self._filter.period:
            self._gaps.clear()
            return 1
        # A single pulse that seems lost may only be very late: it has to be nearly two away.
        count = max(1, int(away + (0.3 if away < 2 else 0.5)))
        self._gaps.append((gap, count))
        if len(self._gaps) < _GAPS_ARE_TEMPO:
            self._held_up = count - 1
            return count
        self._tick -= sum(lost - 1 for _, lost in self._gaps[:-1]) * PULSE_TICKS
        period = self._gaps[-1][0]
        self._gaps.clear()
        self._filter.slower(last_ns, period)
        return 1

    def _begin(self, tick: int, ns: int) -> None:
        segment = self._clock.segment
        self._tick = float(tick)
        self._armed = None
        self._known = True
        period = self._filter.period
        here = tick + (ns - self._filter.at) / period * PULSE_TICKS
        # Going on from where the music was held is no jump.
        jumped = segment.running or not tick - PULSE_TICKS <= segment.tick0 <= tick
        if jumped:
            self._clock.locate(tick, ns)
        self._clock.follow(here, ns, period / PULSE_TICKS)

    def _steer(self, ns: int) -> None:
        """Bend the clock so that in a while it is where the pulses say."""
        pulse_filter = self._filter
        rate = PULSE_TICKS / pulse_filter.period
        right = self._tick + (ns - pulse_filter.at) * rate
        here = self._clock.segment.tick_at(ns)
        wrong = right - here
        if abs(wrong) / rate > STEP_LIMIT_NS:
            self._clock.locate(right, ns)
            self._clock.follow(right, ns, 1 / rate)
            return
        bend = max(-_MAX_SLEW, min(_MAX_SLEW, wrong / (rate * _SLEW_NS)))
        self._clock.follow(here, ns, 1 / (rate * (1 + bend)))
