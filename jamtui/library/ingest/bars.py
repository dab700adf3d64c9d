"""Where the bar lines are: the meters the band plays, and the phase of a file that starts with a pickup."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jamtui.library.ingest.song import MeterChange, Song
from jamtui.music.meter import METERS, PPQ, Meter


@dataclass(frozen=True, slots=True)
class Section:
    """Bars of one meter from tick ``start`` on."""

    start: int
    bars: int
    meter: Meter | None
    """None: a meter the band does not play; the notes count for the harmony alone."""
    written: str
    """The time signature as the file has it."""

    @property
    def end(self) -> int:
        """Tick of the bar line after the last bar."""
        return self.start + self.bars * (self.meter.bar_ticks if self.meter else 4 * PPQ)


@dataclass(frozen=True, slots=True)
class Beats:
    """The song's beats in order: starts in ticks (one more than beats: the end), how strong each is as a
    place for a new chord (3 bar line, 2 middle of the bar, 1 other beats), and its bar's number."""

    starts: NDArray[np.int64]
    strength: NDArray[np.int64]
    bar: NDArray[np.int64]

    @property
    def count(self) -> int:
        """How many beats there are."""
        return len(self.strength)


def played_meter(numerator: int, denominator: int) -> Meter | None:
    """The meter of the band in which bars of this signature are played: 2/4 in pairs as 4/4, 12/8 halved to
    6/8, 3/2 halved to 3/4; None where there is none."""
    direct = METERS.get(f"{numerator}/{denominator}")
    if direct is not None:
        return direct
    quarters = numerator * 4 / denominator
    if numerator in (3, 6, 12) and denominator in (8, 16):
        return METERS["6/8"]
    if numerator in (3, 6) and denominator in (1, 2, 4):
        return METERS["3/4"]
    if quarters in (1, 2, 4, 8, 16) and numerator in (1, 2, 4, 8, 16):
        return METERS["4/4"]
    if quarters == 5:
        return METERS["5/4"]
    return METERS["7/8"] if numerator == 14 and denominator == 16 else None


def sections(song: Song, origin: int = 0) -> tuple[Section, ...]:
    """Stretches of one meter that cover all notes. ``origin`` is the first bar line of the first stretch, in
    ticks; notes before it stand in a bar of their own (the pickup)."""
    end = song.length
    changes = (
        [MeterChange(0, 4, 4), *song.meters] if not song.meters or song.meters[0].tick > 0 else song.meters
    )
    merged: list[tuple[int, Meter | None, str]] = []
    for change in changes:
        if change.tick >= end and merged:
            break
        meter = played_meter(change.numerator, change.denominator)
        written = f"{change.numerator}/{change.denominator}"
        start = change.tick
        if merged and merged[-1][0] == start:
            merged.pop()
        if merged and merged[-1][1] is not None and merged[-1][1] == meter:
            before, ticks = merged[-1][0], meter.bar_ticks
            if (start - before) % ticks == 0:
                continue
        merged.append((start, meter, written))
    found: list[Section] = []
    for i, (start, meter, written) in enumerate(merged):
        stop = merged[i + 1][0] if i + 1 < len(merged) else end
        ticks = meter.bar_ticks if meter else 4 * PPQ
        if i == 0 and origin:
            start += origin if origin <= 0 else origin - ticks
        count = -((start - stop) // ticks)
        if i + 1 < len(merged) and (stop - start) % ticks:
            # A bar cut short by the next signature belongs to no phrase.
            whole = (stop - start) // ticks
            if whole:
                found.append(Section(start, whole, meter, written))
            continue
        if count:
            found.append(Section(start, count, meter, written))
    return tuple(found)


def beats(parts: tuple[Section, ...]) -> Beats:
    """All beats of the sections; between sections, the rest of a cut bar is one beat."""
    starts: list[int] = []
    strength: list[int] = []
    bars: list[int] = []
    number = 0
    for section in parts:
        meter = section.meter or METERS["4/4"]
        onsets = meter.beat_ticks
        middle = {4: 2, 2: 1, 5: 3}.get(meter.beats, 2 if meter.name == "7/8" else 0)
        if starts and section.start > starts[-1] + meter.bar_ticks:
            starts.append(starts[-1] + PPQ)
            strength.append(3)
            bars.append(number)
        for bar in range(section.bars):
            at = section.start + bar * meter.bar_ticks
            for i, onset in enumerate(onsets):
                starts.append(at + onset)
                strength.append(3 if i == 0 else 2 if i == middle else 1)
                bars.append(number)
            number += 1
    end = parts[-1].end if parts else 0
    return Beats(np.array([*starts, end], dtype=np.int64), np.array(strength), np.array(bars))


def find_phase(notes: NDArray[np.int64], bar_ticks: int, step: int) -> int:
    """Ticks from tick 0 to the first bar line, below ``bar_ticks``, in multiples of ``step``.

    ``notes`` has rows (onset, pitch, duration, velocity). Bar lines are where basses begin, where the
    harmony turns over and where long notes start. 0 (the file's own bar lines) is left only for a place
    that is clearly better.
    """
    if len(notes) < 16:
        return 0
    onset, pitch, duration = notes[:, 0], notes[:, 1], notes[:, 2]
    places = bar_ticks // step
    slot = (onset + step // 2) // step
    count = int(slot.max()) + 1
    if count < 4 * places:
        return 0
    long = np.minimum(duration / PPQ, 4.0)
    low = np.maximum(0.0, (60.0 - pitch) / 24.0)
    accent = np.bincount(slot, long * (0.25 + low), minlength=count)
    chroma = np.zeros((count + 1, 12))
    np.add.at(chroma, (slot, pitch % 12), np.minimum(long, 2.0) * (1.0 + low))
    total = np.vstack([np.zeros(12), np.cumsum(chroma, axis=0)])
    at = np.arange(count)
    span = max(1, places // 2)
    after = total[np.minimum(at + span, count)] - total[at]
    before = total[at] - total[np.maximum(at - span, 0)]
    norm = np.linalg.norm(after, axis=1) * np.linalg.norm(before, axis=1)
    turn = np.where(norm > 0, 1.0 - (after * before).sum(axis=1) / np.where(norm > 0, norm, 1.0), 0.0)
    scale = accent.mean() or 1.0
    evidence = np.minimum(accent / scale, 6.0) * (0.4 + turn)
    score = np.array([evidence[place::places].mean() for place in range(places)])
    error = evidence.std() / np.sqrt(max(1, count // places)) or 1.0
    best = int(np.argmax(score))
    return best * step if (score[best] - score[0]) / error > 3.0 else 0
