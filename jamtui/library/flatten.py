"""Phrases as flat arrays: what features and fingerprints are computed from, many phrases in one step."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from jamtui.library.note_blob import NoteArray, note_array
from jamtui.music.chord import Chord
from jamtui.music.meter import Meter
from jamtui.music.phrase import ChordSpan, Note, Phrase, Role

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """``n`` phrases. Note arrays have one entry per note of all phrases, in order of phrase, onset and
    pitch; span arrays one per chord span."""

    notes: NoteArray
    of_note: Ints
    """Phrase of each note."""
    starts: Ints
    """First note of each phrase, and one more: the number of notes."""
    span_of: Ints
    """Chord span under each note; -1 where there is none."""
    of_span: Ints
    span_start: Ints
    span_length: Ints
    span_root: Ints
    """Pitch class; -1 for N.C."""
    span_tones: Floats
    """(spans, 12): 1 where a semitone above the root is a chord tone."""
    first_span: Ints
    """First span of each phrase, and one more: the number of spans."""
    root: Ints
    """Pitch class of each phrase's first chord; -1 where it has none."""
    bar_ticks: Ints
    bars: Ints
    pitched: npt.NDArray[np.bool_]
    """False for drums: their numbers are instruments."""
    strong: npt.NDArray[np.bool_]
    """Per note: whether it begins on a felt beat."""

    @property
    def n(self) -> int:
        """Number of phrases."""
        return len(self.bars)


@lru_cache(maxsize=4096)
def tones_of(chord: Chord) -> tuple[float, ...]:
    """12 numbers: 1.0 where a semitone above the chord's root is a chord tone, its slash bass included."""
    tones = set(chord.quality.pitch_classes)
    if tones and chord.bass is not None:
        tones.add((chord.bass - chord.root) % 12)
    return tuple(1.0 if step in tones else 0.0 for step in range(12))


def first_root(chords: Sequence[ChordSpan]) -> int:
    """Pitch class of the first chord that is not N.C.; -1 where there is none."""
    for span in chords:
        if span.chord.quality.intervals:
            return span.chord.root
    return -1


def flatten(phrases: Sequence[Phrase]) -> Flat:
    """The arrays of ``phrases``. Raises StoreError for notes outside the format of ``note_blob``."""
    notes: list[Note] = []
    starts = [0]
    spans: list[tuple[int, int, int, int]] = []
    tones: list[tuple[float, ...]] = []
    first_span = [0]
    bar_ticks = [phrase.meter.bar_ticks for phrase in phrases]
    for index, phrase in enumerate(phrases):
        notes.extend(sorted(phrase.notes))
        starts.append(len(notes))
        for span in phrase.chords:
            root = span.chord.root if span.chord.quality.intervals else -1
            spans.append((index, span.start, span.length, root))
            tones.append(tones_of(span.chord))
        first_span.append(len(spans))
    array = note_array(notes)
    counts = np.diff(np.array(starts))
    of_note = np.repeat(np.arange(len(phrases)), counts)
    table = np.array(spans, dtype=np.int64).reshape(-1, 4)
    onsets = array["onset"].astype(np.int64)
    return Flat(
        notes=array,
        of_note=of_note,
        starts=np.array(starts),
        span_of=_span_under(of_note, onsets, table),
        of_span=table[:, 0],
        span_start=table[:, 1],
        span_length=table[:, 2],
        span_root=table[:, 3],
        span_tones=np.array(tones, dtype=np.float32).reshape(-1, 12),
        first_span=np.array(first_span),
        root=np.array([first_root(phrase.chords) for phrase in phrases], dtype=np.int64),
        bar_ticks=np.array(bar_ticks, dtype=np.int64),
        bars=np.array([phrase.bars for phrase in phrases], dtype=np.int64),
        pitched=np.array([phrase.role is not Role.DRUMS for phrase in phrases], dtype=np.bool_),
        strong=_strong(onsets, of_note, [phrase.meter for phrase in phrases]),
    )


def _span_under(of_note: Ints, onsets: Ints, table: Ints) -> Ints:
    """The chord span that holds each note's onset; -1 for notes under none or under N.C."""
    if not len(table):
        return np.full(len(onsets), -1, dtype=np.int64)
    # One number orders phrases first, ticks second: a single sorted search serves all phrases.
    width = 1 << 20
    begins = table[:, 0] * width + table[:, 1]
    order = np.argsort(begins, kind="stable")
    place = np.searchsorted(begins[order], of_note * width + onsets, side="right") - 1
    found = order[np.maximum(place, 0)]
    inside = (
        (place >= 0)
        & (table[found, 0] == of_note)
        & (onsets < table[found, 1] + table[found, 2])
        & (table[found, 3] >= 0)
    )
    return np.where(inside, found, -1)


def _strong(onsets: Ints, of_note: Ints, meters: Sequence[Meter]) -> npt.NDArray[np.bool_]:
    kinds: dict[Meter, int] = {}
    kind = np.array([kinds.setdefault(meter, len(kinds)) for meter in meters], dtype=np.int64)[of_note]
    strong = np.zeros(len(onsets), dtype=np.bool_)
    for meter, number in kinds.items():
        here = kind == number
        strong[here] = np.isin(onsets[here] % meter.bar_ticks, meter.beat_ticks)
    return strong
