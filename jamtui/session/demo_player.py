"""A built-in player: performs a 32-bar form the way people play, through the same input as a keyboard.

Chords are rolled over 5 to 40 ms, land up to 80 ms around the beat and now and then an eighth early;
voicings lead into each other, some are rootless over a bass that comes first, some sections are
pedalled, some chords are struck again short, and here and there a passing tone sounds over a held chord.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count

from jamtui.music.chord import Chord
from jamtui.music.meter import COMMON_TIME, EIGHTH, PPQ, Meter
from jamtui.session.demo_form import DEFAULT_FORM, Form, bass_note, close_voicing, form_named, upper_tones

_MIN_VELOCITY, _MAX_VELOCITY = 28, 118


@dataclass(frozen=True, slots=True)
class PlayedEvent:
    """A MIDI message that the player sends at ``tick`` (fractional, may be between grid points); ``bar``
    is the 0-based bar of the performance whose chord it belongs to."""

    tick: float
    data: bytes
    bar: int


@dataclass(frozen=True, slots=True)
class _Stroke:
    """One attack: pitches with their delay in ms and velocity, from low to high."""

    tick: float
    bar: int
    chord: Chord
    notes: tuple[tuple[int, float, int], ...]
    short: bool
    pedal: bool
    held: bool = False
    """Kept down under the next stroke: a bass note under its chord."""
    passing: bool = False


@dataclass(frozen=True, slots=True)
class _Begun:
    """A bar as it began: its number and line, and where the hands were."""

    bar: int
    line: float
    upper: tuple[int, ...]
    bass: int | None


class DemoPlayer:
    """Plays a form for ever, chorus after chorus, never twice quite the same. The same seed, tempo and
    meters give the same events."""

    def __init__(
        self,
        seed: int = 0,
        tempo: float = 120.0,
        meter: Meter = COMMON_TIME,
        form: str | Form = DEFAULT_FORM,
        channel: int = 0,
    ) -> None:
        self._form = form_named(form) if isinstance(form, str) else form
        self._bars = self._form.bars
        self._letters = self._form.letters
        self._seed = seed
        self._meter = meter
        self._channel = channel
        self._change: tuple[int, Meter] | None = None
        self._begun: list[_Begun] = []
        self._next: _Stroke
        self.set_tempo(tempo)
        self.restart()

    def form_chart(self) -> str:
        """The form as chart text: bars between ``|``, two chords in a bar side by side."""
        return self._form.chart

    def chords_of(self, bar: int) -> tuple[Chord, ...]:
        """The chords that bar ``bar`` (0-based, any chorus) is meant to have."""
        return self._bars[bar % len(self._bars)]

    def set_tempo(self, bpm: float) -> None:
        """Follow the band's tempo: human spread is in milliseconds, events are in ticks."""
        if bpm <= 0:
            raise ValueError(f"tempo must be positive, not {bpm}")
        self._tempo = bpm

    @property
    def meter(self) -> Meter:
        """The meter of the latest bars that are known."""
        return self._meter if self._change is None else self._change[1]

    def set_meter(self, meter: Meter, line: int | None = None) -> None:
        """Play in ``meter`` from the bar line at tick ``line`` on, which cuts the bar before it if it must;
        without ``line`` from the next bar that is not yet performed."""
        if line is None:
            self._meter = meter
            return
        self._change = (line, meter)
        begun = next((b for b in self._begun if b.line >= line - 1), None)
        if begun is None:
            last = self._begun[-1]
            if self._next.tick < line:
                return
            begun = replace(last, bar=last.bar + 1)
        elif self._next.bar < begun.bar:
            return
        # The first stroke after the line is known already; it is played anew there.
        self._strokes = self._perform(line, begun.bar, begun.upper, begun.bass)
        self._next = next(self._strokes)

    def restart(self, tick: int = 0) -> None:
        """Begin the form again with its first bar line at ``tick``."""
        self._start = tick
        self._upto = float(tick)
        self._queue: list[tuple[float, int, int, PlayedEvent]] = []
        self._serial = 0
        self._change = None
        self._begun = []
        self._strokes = self._perform(tick)
        self._next = next(self._strokes)
        self._pedal_down = False

    def events(self, from_tick: float, to_tick: float) -> list[PlayedEvent]:
        """What is played from ``from_tick`` up to but not at ``to_tick``, in time order.

        Ask for stretches that follow each other; asking for an earlier one begins the form again at its
        first bar line.
        """
        if from_tick < self._upto:
            self.restart(self._start)
        self._upto = max(to_tick, self._start)
        while self._next.tick < to_tick:
            stroke, self._next = self._next, next(self._strokes)
            self._sound(stroke, self._next)
        played: list[PlayedEvent] = []
        while self._queue and self._queue[0][0] < to_tick:
            event = heappop(self._queue)[3]
            if event.tick >= from_tick:
                played.append(event)
            elif event.data[0] & 0xF0 != 0x90:  # keys that were down before a skipped stretch come up
                played.append(PlayedEvent(from_tick, event.data, event.bar))
        return played

    @property
    def next_tick(self) -> float:
        """When the next event may come; nothing is played before."""
        return min(self._next.tick, self._queue[0][0]) if self._queue else self._next.tick

    def release(self, tick: float) -> list[PlayedEvent]:
        """Lift all keys and the pedal, for when the band stops."""
        bar = self._next.bar
        keys = sorted({e.data[1] for _, _, _, e in self._queue if e.data[0] & 0xF0 == 0x80})
        events = [PlayedEvent(tick, self._message(0x80, p, 0), bar) for p in keys]
        events.append(PlayedEvent(tick, self._message(0xB0, 64, 0), bar))
        self.restart(self._start)
        return events

    # How a form becomes strokes

    def _perform(
        self, start: int, first: int = 0, upper: tuple[int, ...] = (), bass: int | None = None
    ) -> Iterator[_Stroke]:
        line = float(start)
        previous = float("-inf")
        for bar in count(first):
            if self._change is not None and line >= self._change[0] - 1:
                line, self._meter = float(self._change[0]), self._change[1]
                self._change = None
            self._begun = [*self._begun[-3:], _Begun(bar, line, upper, bass)]
            meter = self._meter
            chords = self.chords_of(bar)
            rng = self._rng("bar", bar)
            onsets = self._onsets(bar, meter)
            for k, chord in enumerate(chords):
                at = onsets[k]
                length = (onsets[k + 1] if k + 1 < len(chords) else meter.bar_ticks) - at
                early = EIGHTH if (bar, k) != (0, 0) and self._is_early(bar, k) else 0
                last = k + 1 == len(chords)
                next_early = EIGHTH if self._is_early(bar + 1 if last else bar, 0 if last else k + 1) else 0
                bass = bass_note(chord, bass)
                upper = close_voicing(upper_tones(chord), upper)
                for i, (offset, hand, short) in enumerate(hits := _rhythm(rng, length)):
                    if i and offset > length - next_early - EIGHTH:
                        continue
                    if self._change is not None and line + at + offset >= self._change[0]:
                        continue
                    beat = line + at + offset - (early if i == 0 else 0)
                    lone = len(hits) == 1 and length >= 3 * PPQ and not next_early
                    stroke = self._stroke(rng, bar, beat, chord, (bass, *upper), hand, i, short)
                    if lone and rng.random() < 0.3:
                        stroke = replace(stroke, passing=True)
                    # Two attacks of one pair of hands are never closer than this.
                    if stroke.tick < previous + self._ticks(110.0):
                        stroke = replace(stroke, tick=previous + self._ticks(110.0))
                    previous = stroke.tick
                    yield stroke
            line += meter.bar_ticks

    def _onsets(self, bar: int, meter: Meter) -> tuple[int, ...]:
        written = self._form.onsets
        if written and max(here := written[bar % len(written)], default=0) < meter.bar_ticks:
            return here
        return _chord_onsets(meter, len(self.chords_of(bar)))

    def _stroke(
        self,
        rng: random.Random,
        bar: int,
        beat: float,
        chord: Chord,
        voicing: tuple[int, ...],
        hand: str,
        index: int,
        short: bool,
    ) -> _Stroke:
        offset_ms = max(-80.0, min(80.0, rng.gauss(4.0, 24.0)))
        if bar == 0 and index == 0:
            offset_ms = abs(offset_ms)
        spread_ms = rng.uniform(5.0, 40.0)
        bass = voicing[0]
        manner = rng.random()
        if hand == "left":
            pitches = {bass}
        elif hand == "right" or (index and manner < 0.5):
            pitches = set(voicing[1:])
        else:
            pitches = set(voicing)
            if manner > 0.75 and chord.root == chord.bass_pc:  # a fifth or an octave in the left hand
                pitches.add(bass + 7 if (bass + 7) % 12 in chord.pitch_classes else bass + 12)
        chorus, place = divmod(bar, len(self._bars))
        arc = 1.0 - abs(place / max(1, len(self._bars) - 1) - 0.6)
        base = 48 + 20 * arc + 5 * min(chorus % 4, 3) + (6 if index == 0 else -4) - (4 if short else 0)
        notes: list[tuple[int, float, int]] = []
        for i, pitch in enumerate(sorted(pitches)):
            step = spread_ms * i / max(len(pitches) - 1, 1)
            delay = 0.0 if i == 0 else min(max(step + rng.gauss(0.0, 1.5), 0.0), spread_ms)
            voice = 7 if pitch == max(pitches) else 3 if pitch == bass else 0
            velocity = int(base + voice + rng.gauss(0.0, 4.0))
            notes.append((pitch, delay, min(max(velocity, _MIN_VELOCITY), _MAX_VELOCITY)))
        return _Stroke(
            tick=max(beat + self._ticks(offset_ms), float(self._start)),
            bar=bar,
            chord=chord,
            notes=tuple(notes),
            short=short,
            pedal=self._letters[place] != "A" and not short,
            held=hand == "left",
        )

    # How a stroke becomes messages

    def _sound(self, stroke: _Stroke, following: _Stroke) -> None:
        rng = self._rng("touch", stroke.bar, int(stroke.tick))
        room = following.tick - stroke.tick
        if stroke.held:
            until = following.tick + PPQ * 0.75
        elif stroke.short:
            until = stroke.tick + min(room * 0.5, PPQ * 0.45)
        elif rng.random() < 0.25:
            until = following.tick + self._ticks(rng.uniform(5.0, 30.0))  # legato: fingers overlap
        else:
            until = following.tick - min(self._ticks(rng.uniform(15.0, 90.0)), room * 0.3)
        if self._pedal_down:
            # Legato pedalling: the foot comes up just after the hands have gone down.
            self._put(stroke.tick + self._ticks(45.0), 0xB0, 64, 0, stroke.bar)
            self._pedal_down = False
        if stroke.pedal:
            self._put(stroke.tick + self._ticks(120.0), 0xB0, 64, 127, stroke.bar)
            self._pedal_down = True
        struck_again = {pitch: following.tick + self._ticks(d) for pitch, d, _ in following.notes}
        for pitch, delay, velocity in stroke.notes:
            on = stroke.tick + self._ticks(delay)
            off = max(until + self._ticks(rng.uniform(0.0, 12.0)), on + self._ticks(30.0))
            if pitch in struck_again:
                off = min(off, struck_again[pitch] - self._ticks(8.0))
            off = max(off, on + 1.0)
            self._put(on, 0x90, pitch, velocity, stroke.bar)
            self._put(off, 0x80, pitch, 0, stroke.bar)
        if stroke.passing and room > 2.5 * PPQ:
            self._pass(stroke, rng)

    def _pass(self, stroke: _Stroke, rng: random.Random) -> None:
        """A neighbour note and back, over the held chord."""
        top = max(pitch for pitch, _, _ in stroke.notes)
        pitch = top + (2 if (top + 2) % 12 not in {(p + 1) % 12 for p in stroke.chord.pitch_classes} else 3)
        at = stroke.tick + PPQ * 1.5 + self._ticks(rng.gauss(0.0, 12.0))
        velocity = min(max(stroke.notes[-1][2] - 6, _MIN_VELOCITY), _MAX_VELOCITY)
        self._put(at, 0x90, pitch, velocity, stroke.bar)
        self._put(at + EIGHTH * 0.9, 0x80, pitch, 0, stroke.bar)

    def _put(self, tick: float, status: int, first: int, second: int, bar: int) -> None:
        self._serial += 1
        event = PlayedEvent(tick, self._message(status, first, second), bar)
        # At one tick keys come up before others go down.
        heappush(self._queue, (tick, 1 if status == 0x90 else 0, self._serial, event))

    def _message(self, status: int, first: int, second: int) -> bytes:
        return bytes((status | self._channel, first, second))

    def _is_early(self, bar: int, chord: int) -> bool:
        return self._rng("early", bar, chord).random() < 0.14

    def _ticks(self, ms: float) -> float:
        return ms * self._tempo * PPQ / 60_000.0

    def _rng(self, *stream: object) -> random.Random:
        return random.Random(f"{self._seed}/{'/'.join(map(str, stream))}")


def _rhythm(rng: random.Random, length: int) -> list[tuple[int, str, bool]]:
    """Attacks within the time of one chord: offset, hands, whether it is short."""
    kind = rng.random()
    if length >= 6 * EIGHTH and kind < 0.22:
        return [(0, "both", True), (3 * EIGHTH, "both", False)]
    if length >= 4 * EIGHTH and kind < 0.40:
        return [(0, "both", kind < 0.32), (2 * EIGHTH * (length // (4 * EIGHTH)), "both", kind < 0.36)]
    if length >= 4 * EIGHTH and kind < 0.48:
        return [(0, "left", False), (EIGHTH, "right", False)]  # a rootless chord after its bass
    return [(0, "both", False)]


def _chord_onsets(meter: Meter, chords: int) -> tuple[int, ...]:
    """Where the chords that share a bar begin: on felt beats, the first half the longer one."""
    beats = meter.beat_ticks
    if chords <= 1:
        return (0,)
    return tuple(beats[min(-(-i * len(beats) // chords), len(beats) - 1)] for i in range(chords))
