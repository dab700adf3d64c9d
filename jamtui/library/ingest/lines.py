"""From the notes of a voice to what one player of the band plays: one line, or the chords under it."""

import numpy as np
from numpy.typing import NDArray

from jamtui.library.ingest.roles import Part
from jamtui.music.phrase import Role

Rows = NDArray[np.int64]
"""Notes in rows: onset, pitch, duration, velocity, in order of onset, then pitch."""

_TOGETHER = 30
"""Ticks within which notes begin together."""
_HANDS = 60
"""Middle C: the top line of a keyboard lies above it."""
_STACK = 8
"""Notes that one stack of comping keeps."""


def split(rows: Rows, part: Part) -> list[tuple[Role, Rows]]:
    """The lines in a voice: one for a lead or a bass, two for a keyboard, none for effects."""
    if part is Part.DRUMS:
        return [(Role.DRUMS, rows)]
    if part is Part.LEAD:
        return [(Role.LEAD, _line(rows, top=True))]
    if part is Part.BASS:
        return [(Role.BASS, _line(rows, top=False))]
    if part in (Part.COMP, Part.CHORDS):
        return [(Role.COMP, _thinned(rows))]
    if part is Part.KEYBOARD:
        above = _top_of(rows)
        return [(Role.LEAD, _line(rows[above], top=True)), (Role.COMP, _thinned(rows[~above]))]
    return []


def _line(rows: Rows, top: bool) -> Rows:
    """One note at a time: the outer note of each stack, each note ending where the next begins."""
    if not len(rows):
        return rows
    keep: list[int] = []
    onset, pitch = rows[:, 0].tolist(), rows[:, 1].tolist()
    for i in range(len(rows)):
        if keep and onset[i] - onset[keep[-1]] <= _TOGETHER:
            if (pitch[i] > pitch[keep[-1]]) == top:
                keep[-1] = i
            continue
        keep.append(i)
    line = rows[keep].copy()
    gap = np.diff(line[:, 0])
    line[:-1, 2] = np.minimum(line[:-1, 2], np.maximum(gap, 1))
    return line


def _top_of(rows: Rows) -> NDArray[np.bool_]:
    """The notes of a keyboard that are its melody: the highest of what sounds as they begin."""
    above = np.zeros(len(rows), dtype=bool)
    until, height = -1, 0
    onset, pitch, duration = rows[:, 0].tolist(), rows[:, 1].tolist(), rows[:, 2].tolist()
    at = 0
    while at < len(rows):
        end = at
        while end + 1 < len(rows) and onset[end + 1] - onset[at] <= _TOGETHER:
            end += 1
        best = max(range(at, end + 1), key=pitch.__getitem__)
        free = onset[best] >= until - duration[best] // 4
        if pitch[best] >= _HANDS and (free or pitch[best] >= height - 4):
            above[best] = True
            until, height = onset[best] + duration[best], pitch[best]
        at = end + 1
    return above


def _thinned(rows: Rows) -> Rows:
    """Stacks of at most ``_STACK`` notes (the lowest and the highest stay), no pitch twice at once."""
    if not len(rows):
        return rows
    slots = rows[:, 0] // _TOGETHER
    _, first = np.unique(np.stack([slots, rows[:, 1]]), axis=1, return_index=True)
    kept = rows[np.sort(first)]
    slots = kept[:, 0] // _TOGETHER
    if np.bincount(slots - slots.min()).max() <= _STACK:
        return kept
    chosen: list[int] = []
    for slot in np.unique(slots):
        stack = np.flatnonzero(slots == slot)
        order = stack[np.argsort(kept[stack, 1], kind="stable")]
        chosen += (
            [int(order[0]), *(int(i) for i in order[-(_STACK - 1) :])]
            if len(order) > _STACK
            else order.tolist()
        )
    return kept[sorted(chosen)]
