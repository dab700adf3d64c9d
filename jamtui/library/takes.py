"""What somebody wants to keep becomes phrases: put on the grid, divided by role, cut where one breathes."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from jamtui.library.ingest.grid import find_swing, quantise, settle_swing, straighten
from jamtui.library.ingest.key import key_over
from jamtui.library.ingest.roman import roman
from jamtui.library.ingest.segment import cut
from jamtui.library.records import CAPTURED, PhraseRecord, SourceRecord
from jamtui.library.windows import window
from jamtui.music.meter import COMMON_TIME, METERS
from jamtui.music.phrase import Note, Phrase, Role, Source
from jamtui.session.taking import Take

CHORD = 3
"""Notes that begin together from which on they are comping."""
DEEP = 50
"""A line that stays below it (D3) is a bass."""
FEWEST = 3
"""Single notes from which on they are a line of their own beside comping."""
_LONGEST = 4


def records_of(take: Take, now: float) -> tuple[SourceRecord, tuple[PhraseRecord, ...]]:
    """The phrases in ``take`` and what they are known by; ``now`` is Unix time. No phrases where nothing was
    struck over a known chord."""
    meter = METERS.get(take.meter, COMMON_TIME)
    length = take.bars * meter.bar_ticks
    digest = hashlib.sha256(repr(take).encode()).hexdigest()
    clock = time.strftime("%H:%M", time.localtime(now))
    title = f"{take.label} {clock}"
    source = SourceRecord(digest, CAPTURED, title, "own", now)
    if not take.notes or not take.chords:
        return source, ()
    swing = 0.5
    onsets = np.array([n.onset for n in take.notes], dtype=np.int64)
    ends = onsets + np.array([n.duration for n in take.notes], dtype=np.int64)
    if not take.role:
        swing = settle_swing(find_swing(onsets))
        onsets, ends = straighten(onsets, swing), straighten(ends, swing)
    grid = quantise(onsets, ends)
    notes = [
        Note(max(0, int(onset)), n.pitch, max(1, int(duration)), n.velocity, int(residual))
        for n, onset, duration, residual in zip(
            take.notes, grid.onset, grid.duration, grid.residual, strict=True
        )
        if onset < length
    ]
    key = key_over(take.chords, notes)
    records: list[PhraseRecord] = []
    for role, part in _parts(take, notes).items():
        pieces = [(p.first, p.bars, p.notes) for p in cut(sorted(part), take.bars, meter, role)]
        for first, bars, inside in pieces or _blocks(part, take.bars, meter.bar_ticks):
            chords = window(take.chords, first * meter.bar_ticks, bars * meter.bar_ticks)
            if not chords:
                continue
            name = f"{title}, bar {take.first_bar + first + 1}"
            phrase = Phrase(
                name, role, take.style, bars, chords, tuple(sorted(inside)), meter, take.tempo, Source.LIBRARY
            )
            romans = tuple(roman(c.chord, key) for c in chords)
            records.append(PhraseRecord(phrase, key.words, romans, swing, digest, take.first_bar + first))
    return source, tuple(records)


def _parts(take: Take, notes: Sequence[Note]) -> dict[Role, list[Note]]:
    """Notes by role. A player's chords are comping, single notes a line: a bass where they stay deep."""
    if take.role:
        return {Role(take.role): list(notes)}
    together: dict[int, list[Note]] = defaultdict(list)
    for note in notes:
        together[note.onset].append(note)
    chords = [n for group in together.values() if len(group) >= CHORD for n in group]
    singles = [n for group in together.values() if len(group) < CHORD for n in group]
    found: dict[Role, list[Note]] = {}
    if chords:
        found[Role.COMP] = chords
    if singles and (len(singles) >= FEWEST or not chords):
        deep = max(n.pitch for n in singles) < DEEP
        found[Role.BASS if deep else Role.LEAD] = _single(singles, low=deep)
    return found


def _single(notes: Sequence[Note], *, low: bool) -> list[Note]:
    """One note at a time: of those that begin together the highest (or lowest), each until the next."""
    chosen: dict[int, Note] = {}
    for note in notes:
        other = chosen.get(note.onset)
        if other is None or (note.pitch < other.pitch) == low:
            chosen[note.onset] = note
    onsets = sorted(chosen)
    line = []
    for at, until in zip(onsets, [*onsets[1:], 1 << 60], strict=True):
        n = chosen[at]
        line.append(Note(n.onset, n.pitch, min(n.duration, until - at), n.velocity, n.residual))
    return line


def _blocks(notes: Sequence[Note], bars: int, bar: int) -> list[tuple[int, int, tuple[Note, ...]]]:
    """What is too little to be cut: stretches of up to four bars as they are."""
    blocks = []
    for first in range(0, bars, _LONGEST):
        many = next(n for n in (4, 2, 1) if n <= bars - first)
        start, end = first * bar, (first + many) * bar
        inside = tuple(
            Note(n.onset - start, n.pitch, min(n.duration, end - n.onset), n.velocity, n.residual)
            for n in notes
            if start <= n.onset < end
        )
        if inside:
            blocks.append((first, many, inside))
    return blocks
