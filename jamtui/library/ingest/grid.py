"""The straight grid under what was played: swing found and taken out, onsets put on the grid, the rest kept.

Straight time is where phrases live: an off-beat eighth stands in the middle of the beat however late it
was swung, and ``residual`` keeps what remains of the player's timing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jamtui.music.meter import PPQ

Ticks = NDArray[np.int64]

STEADY = 0.2
"""Below this grid fit the notes do not follow the file's beats: 0.22 and more in transcribed solos and human
drummers along a click or a tapped beat, 0.16 and less in recordings transcribed without one."""

_BETWEEN = -0.15
"""Mean direction of the eighths below which notes stand between them: -0.30 in a recording that starts a
sixteenth late, 0.00 and more in syncopated music on its own grid."""

_STRAIGHT, _NEAR = 0.4, 0.03
"""Share of the notes between the beats that stand (so near, in beats) in their middle, above which a voice
does not swing: 0.43 to 0.50 in scores that mix eighths with triplets or dotted notes, 0.28 at most in jazz
solos."""

_GRIDS = ((PPQ // 4, 0.0), (PPQ // 3, 12.0), (PPQ // 8, 46.0), (PPQ // 6, 50.0))
"""(ticks, price): what a beat may be divided into. The price, in ticks of mean deviation, is what a finer or
a rarer division has to gain."""
_LOST = 90.0
"""Price of two onsets that a division puts on one place, in the same ticks; shared by the beat's notes."""


@dataclass(frozen=True, slots=True)
class Quantised:
    """Onsets and durations on the straight grid and what was left over, in ticks."""

    onset: Ticks
    duration: Ticks
    residual: Ticks


def grid_fit(onsets: Ticks) -> float:
    """How much onsets favour some places of the beat over others, 0 (none) to 1 (all on one grid): the
    largest length of their mean direction when a beat is wound one to four times round the circle."""
    if not len(onsets):
        return 0.0
    phase = onsets / PPQ
    return float(max(abs(np.exp(2j * np.pi * k * phase).mean()) for k in (1, 2, 3, 4)))


def grid_offset(onsets: Ticks) -> int:
    """Ticks that the whole grid is late (negative: early), where the notes stand on one that is not the
    file's: -120 to 359, 0 where they stand on the file's own or are too free to say."""
    turned = np.exp(2j * np.pi * 4 * onsets / PPQ).mean()
    if abs(turned) < 0.8:
        return 0
    offset = round(float(np.angle(turned)) / (8 * np.pi) * PPQ)
    # Which of the two sixteenths is the eighth: where more notes begin.
    eighths = float(np.exp(2j * np.pi * 2 * (onsets - offset) / PPQ).mean().real)
    if abs(offset) > 15:
        return offset + (PPQ // 4 if eighths < 0 else 0)
    # On the file's sixteenths the file is believed, unless the music clearly stands between its eighths.
    return PPQ // 4 if eighths < _BETWEEN and len(onsets) >= 48 else 0


def lag(onsets: Ticks) -> int:
    """Ticks by which a voice plays behind the beat as a whole (negative: ahead): the median of what is within
    150 ticks of one. 0 where fewer than twelve notes are."""
    away = (onsets + PPQ // 2) % PPQ - PPQ // 2
    near = away[np.abs(away) <= 150]
    return round(float(np.median(near))) if len(near) >= 12 else 0


def find_swing(onsets: Ticks) -> float | None:
    """Share of the beat that the first of two eighths takes, 0.5 to 0.72: the median place of single notes
    between the beats, 0.5 where most of them are straight. None where there are fewer than eight such beats.

    A beat counts if exactly one onset lies between 0.4 and 0.78 of it and nothing else beside the beat
    itself, so that sixteenths and triplets say nothing. Dotted rhythms (0.75) are no swing.
    """
    phase = onsets % PPQ
    beat = onsets // PPQ
    near = np.round(onsets / PPQ).astype(np.int64)
    on_beat = np.abs(onsets - near * PPQ) < PPQ * 0.12
    off = (phase > 0.4 * PPQ) & (phase < 0.78 * PPQ)
    other = ~on_beat & ~off
    if not off.any():
        return None
    low = int(beat.min())
    count = int(beat.max()) - low + 2
    # Notes of one stack are one onset.
    place = np.unique(np.stack([beat[off] - low, phase[off] // 24]), axis=1)
    offs = np.bincount(place[0], minlength=count)
    others = np.bincount(beat[other] - low, minlength=count)
    clean = (offs == 1) & (others == 0)
    chosen = off & clean[beat - low]
    if clean.sum() < 8:
        return None
    places = phase[chosen] / PPQ
    median = float(np.median(places))
    # Straight eighths among triplets or dotted notes: the median lies where hardly anybody plays.
    straight = float(np.mean(np.abs(places - 0.5) < _NEAR))
    if straight > _STRAIGHT and straight > np.mean(np.abs(places - median) < _NEAR):
        return 0.5
    return min(max(median, 0.5), 0.72)


def settle_swing(found: float | None) -> float:
    """The swing to take out: 0.5 where what was found is straight, dotted or within a player's inaccuracy."""
    if found is None or found < 0.54 or found > 0.715:
        return 0.5
    return round(found, 3)


def straighten(ticks: Ticks, swing: float) -> Ticks:
    """Played ticks on the straight grid: within each beat, the first ``swing`` share becomes its first half.
    Monotone, and the identity at 0.5."""
    if swing == 0.5:
        return ticks
    beat, phase = np.divmod(ticks, PPQ)
    turn = swing * PPQ
    straight = np.where(
        phase < turn, phase * (0.5 * PPQ / turn), 0.5 * PPQ + (phase - turn) * (0.5 / (1 - swing))
    )
    return np.asarray(beat * PPQ + np.rint(straight).astype(np.int64), dtype=np.int64)


def quantise(onsets: Ticks, ends: Ticks) -> Quantised:
    """Put straight onsets (in order) and ends (ticks from a beat) on the grid that suits each beat:
    sixteenths, triplet eighths, or where they are really played, thirty-seconds or sextuplets.

    A note lasts at least one step of its grid; ``onset + residual`` is the onset given.
    """
    if not len(onsets):
        empty = np.zeros(0, dtype=np.int64)
        return Quantised(empty, empty, empty)
    # A note just before a beat belongs to the beat that follows.
    beat = (onsets + 59) // PPQ
    low = int(min(beat.min(), 0))
    index = beat - low
    count = int(index.max()) + 1
    within = onsets - beat * PPQ
    notes = np.bincount(index, minlength=count)
    apart = np.diff(onsets, prepend=onsets[0]) > 40
    cost = np.empty((len(_GRIDS), count))
    snapped = np.empty((len(_GRIDS), len(onsets)), dtype=np.int64)
    for row, (step, price) in enumerate(_GRIDS):
        snapped[row] = (within + step // 2) // step * step
        deviation = np.bincount(index, np.abs(within - snapped[row]), minlength=count)
        place = beat * PPQ + snapped[row]
        lost = apart[1:] & (np.diff(place) == 0)
        merged = np.bincount(index[1:], lost, minlength=count)
        cost[row] = (deviation + _LOST * merged) / np.maximum(notes, 1) + price
    chosen = np.argmin(cost, axis=0)
    of_note = chosen[index]
    onset = beat * PPQ + snapped[of_note, np.arange(len(onsets))]
    steps = np.array([step for step, _ in _GRIDS])[of_note]
    length = np.maximum((ends - onset + steps // 2) // steps * steps, steps)
    return Quantised(onset, length, onsets - onset)
