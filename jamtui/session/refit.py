"""Move a phrase or a pattern to another meter by its beats.

A beat that grows from two eighths to three is stretched long-short (a triplet beat evenly), one that
shrinks loses its end. A bar that needs fewer beats drops inner ones, so that it keeps its downbeat and
its way into the next bar; one that needs more repeats (drums, bass) or leaves room (lines) before its
last beat. Between 4/4 and 6/8 two written beats make one bar's half: four quarters become two bars of
6/8. 7/8 from 4/4 is the bar without its last eighth.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jamtui.music.meter import EIGHTH, METERS, PPQ, Meter

TRIPLET = PPQ // 3


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the source that becomes a stretch of the target. ``hold`` marks room that is left:
    what sounded before may sound on, nothing new begins. ``even`` stretches without long-short."""

    source: int
    source_length: int
    target: int
    target_length: int
    hold: bool = False

    def move(self, onset: int, triplet: bool) -> int | None:
        """Where ``onset`` (in the source) goes, None when it is cut off."""
        inside = onset - self.source
        grow = self.target_length - self.source_length
        if grow <= 0:
            return self.target + inside if inside < self.target_length else None
        if triplet:
            return self.target + inside * self.target_length // self.source_length
        if inside < EIGHTH:
            return self.target + inside * (EIGHTH + grow) // EIGHTH
        return self.target + inside + grow


def _spans(meter: Meter) -> list[tuple[int, int]]:
    onsets = [*meter.beat_ticks, meter.bar_ticks]
    return [(a, b - a) for a, b in itertools.pairwise(onsets)]


def _choose(have: int, want: int, repeat: bool) -> list[int]:
    """Which source beat feeds each target beat; -1 leaves room."""
    if want <= have:
        return [*range(want - 1), have - 1] if want > 1 else [0]
    extra = want - have
    if repeat:
        inner = [have - 2 - (k % max(1, have - 1)) for k in range(extra)][::-1] if have > 1 else [0] * extra
        return [*range(have - 1), *inner, have - 1]
    return [*range(have - 1), *([-1] * extra), have - 1]


def plan_pieces(source: Meter, bars: int, target: Meter, repeat: bool) -> tuple[tuple[Piece, ...], int]:
    """The pieces that carry ``bars`` bars of ``source`` to ``target``, and how many bars they fill."""
    here, there = _spans(source), _spans(target)
    pieces: list[Piece] = []
    if source.bar_ticks == target.bar_ticks:
        return tuple(
            Piece(b * source.bar_ticks, source.bar_ticks, b * target.bar_ticks, source.bar_ticks)
            for b in range(bars)
        ), bars
    if len(here) == 2 * len(there) or 2 * len(here) == len(there):
        flat = [(bar * source.bar_ticks + at, length) for bar in range(bars) for at, length in here]
        filled = -(-len(flat) // len(there))
        for n in range(filled * len(there)):
            bar, beat = divmod(n, len(there))
            at, length = there[beat]
            start, span = flat[n % len(flat)]
            pieces.append(Piece(start, span, bar * target.bar_ticks + at, length))
        return tuple(pieces), filled
    for bar in range(bars):
        base, to = bar * source.bar_ticks, bar * target.bar_ticks
        if target.bar_ticks < source.bar_ticks and target.unit < source.unit:
            pieces.append(Piece(base, source.bar_ticks, to, target.bar_ticks))
            continue
        for (at, length), chosen in zip(there, _choose(len(here), len(there), repeat), strict=True):
            if chosen < 0:
                pieces.append(Piece(0, 0, to + at, length, hold=True))
            else:
                start, span = here[chosen]
                pieces.append(Piece(base + start, span, to + at, length))
    return tuple(pieces), bars


def move_onsets(pieces: Sequence[Piece], onsets: Iterable[int]) -> list[tuple[int, int]]:
    """``(index of the onset, its target tick)`` for every onset that a piece carries over, in target order.

    An onset may appear more than once where beats are repeated."""
    listed = sorted((onset, index) for index, onset in enumerate(onsets))
    moved: list[tuple[int, int]] = []
    for piece in pieces:
        if piece.hold:
            continue
        inside = [(o, i) for o, i in listed if piece.source <= o < piece.source + piece.source_length]
        triplet = any((o - piece.source) % TRIPLET == 0 and (o - piece.source) % EIGHTH for o, _ in inside)
        for onset, index in inside:
            to = piece.move(onset, triplet)
            if to is not None:
                moved.append((index, to))
    return sorted(moved, key=lambda pair: (pair[1], pair[0]))


def stretch_durations(
    moved: Sequence[tuple[int, int]],
    spans: Sequence[tuple[int, int]],
    source_length: int,
    target_length: int,
) -> list[int]:
    """Durations for moved onsets. ``spans`` are the source's ``(onset, duration)``.

    A note that lasted to the next one's onset still does; others keep their written length, at most to
    the next onset and to the end."""
    onsets = sorted({onset for onset, _ in spans})
    following = dict(zip(onsets, [*onsets[1:], source_length], strict=False))
    targets = sorted({to for _, to in moved})
    next_target = dict(zip(targets, [*targets[1:], target_length], strict=False))
    durations: list[int] = []
    for index, to in moved:
        onset, duration = spans[index]
        room = next_target[to] - to
        legato = onset + duration >= following[onset]
        overlapping = onset + duration > following[onset]
        if overlapping:
            durations.append(min(duration, target_length - to))
        else:
            durations.append(room if legato and room <= 2 * duration else min(duration, room))
    return [max(1, d) for d in durations]


def meter_named(name: str) -> Meter:
    """The meter called ``name``; 4/4 for a name that the band does not play."""
    return METERS.get(name, METERS["4/4"])
