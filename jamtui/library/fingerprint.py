"""When two phrases are one: a number that near-duplicates share, whatever key they are in.

What counts: role, meter, length; the function of the first chord (its family, and where the first note
stands above its root); and the top line (for stacks: all pitch classes of each) as intervals from the
first note, on a grid of twelfths of a quarter note, which holds sixteenths and triplets. What does not
count: key, tempo, style, velocity, durations, residual timing, grace notes (a note that is followed within
less than a thirty-second).
"""

import hashlib

from jamtui.library.flatten import first_root
from jamtui.music.chord import NO_CHORD
from jamtui.music.meter import PPQ
from jamtui.music.phrase import Phrase, Role

GRID = PPQ // 12
GRACE = PPQ // 8


def fingerprint(phrase: Phrase) -> int:
    """A signed 64-bit number, the same for near-duplicates."""
    moments: dict[int, list[int]] = {}
    for note in sorted(phrase.notes):
        moments.setdefault(note.onset, []).append(note.pitch)
    line: dict[int, tuple[int, ...]] = {}
    onsets = sorted(moments)
    chosen = [
        onset
        for onset, after in zip(onsets, [*onsets[1:], phrase.length], strict=False)
        if after - onset >= GRACE or phrase.role is Role.DRUMS
    ]
    root = first_root(phrase.chords)
    first = max(moments[chosen[0]]) if chosen else 60
    for onset in chosen:
        slot = (onset + GRID // 2) // GRID
        pitches = moments[onset]
        if phrase.role is Role.DRUMS:
            line[slot] = (*line.get(slot, ()), *pitches)
        elif len(pitches) == 1:
            line[slot] = (pitches[0] - first,)
        else:
            line[slot] = (max(pitches) - first, *sorted({(p - first) % 12 for p in pitches}))
    pitched = phrase.role is not Role.DRUMS
    chord = (
        next((s.chord for s in phrase.chords if s.chord.quality.intervals), NO_CHORD) if pitched else NO_CHORD
    )
    said = (
        phrase.role.value,
        phrase.meter.name,
        phrase.bars,
        chord.family.value,
        (first - root) % 12 if pitched and root >= 0 else -1,
        tuple(line.items()),
    )
    digest = hashlib.blake2b(repr(said).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
