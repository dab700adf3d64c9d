"""What ranking needs to know of every phrase, in memory: where its notes lie, and what is marked.

Some 75 bytes a phrase, against two statements a search and a Python object for each note. Whole phrases are
read from the file, those that are found alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from jamtui.library.cells import Numbers
from jamtui.library.flatten import Floats, Ints
from jamtui.library.note_blob import NOTE_BYTES, NOTE_DTYPE
from jamtui.library.store import StoreReader
from jamtui.library.store.interface import CatalogueRow, ChangedPhrase
from jamtui.library.texts import meter_of
from jamtui.music.meter import PPQ

LONGEST = 2 * PPQ
"""Ticks: a longer note counts as much as this."""
NO_SOURCE = -1
_AT_ONCE = 8192
_ROOM = 4096
_GROWTH = 8
"""A full catalogue grows by one in so many."""

Shorts = npt.NDArray[np.uint16]
Doubles = npt.NDArray[np.float64]
_Kind = TypeVar("_Kind", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False)
class NoteRows:
    """Notes of some phrases, one after the other: ``phrase`` says of which (0 for the first), ``onset`` and
    ``duration`` (at most ``LONGEST``) are ticks."""

    phrase: Ints
    onset: Shorts
    duration: Shorts
    pitch: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Phrases in ascending order of their numbers. Arrays have room for more than ``size`` phrases and
    ``notes`` notes: what is above is being written and nobody's business."""

    numbers: Numbers
    length: npt.NDArray[np.int32]
    """Ticks."""
    root: npt.NDArray[np.int8]
    """Pitch class of the first chord, -1 where there is none."""
    mean_pitch: Floats
    source: npt.NDArray[np.int32]
    """Row of the file it comes from, ``NO_SOURCE`` for a capture without one."""
    kept: npt.NDArray[np.bool_]
    first: npt.NDArray[np.int64]
    """First note of each phrase, and one more."""
    onset: Shorts
    duration: Shorts
    pitch: npt.NDArray[np.uint8]
    size: int
    notes: int

    @classmethod
    def empty(cls) -> "Catalogue":
        """No phrases yet."""
        return cls(
            np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int8), np.zeros(0, np.float32),
            np.zeros(0, np.int32), np.zeros(0, np.bool_), np.zeros(1, np.int64),
            np.zeros(0, np.uint16), np.zeros(0, np.uint16), np.zeros(0, np.uint8), 0, 0,
        )  # fmt: skip

    @property
    def last(self) -> int:
        """The highest number, 0 where there is none."""
        return int(self.numbers[self.size - 1]) if self.size else 0

    def rows(self, numbers: Numbers) -> Ints:
        """Where ``numbers`` are, which must be here."""
        return np.searchsorted(self.numbers[: self.size], numbers)

    def notes_of(self, rows: Ints) -> NoteRows:
        """The notes of the phrases at ``rows``, in that order."""
        begin = self.first[rows]
        counts = self.first[rows + 1] - begin
        ends = counts.cumsum()
        phrase = np.arange(len(rows)).repeat(counts)
        at = (begin - ends + counts).repeat(counts)
        at += np.arange(len(phrase))
        return NoteRows(phrase, self.onset[at], self.duration[at], self.pitch[at])

    def grown(self, reader: StoreReader) -> "Catalogue":
        """With all phrases above ``last``. Whoever holds this one does not see them."""
        made = self
        while part := reader.catalogue(made.last, _AT_ONCE):
            made = made._with(part)
        return made

    def update(self, changes: Sequence[ChangedPhrase]) -> None:
        """Take up file and mark of phrases that are known. In place: a value for each."""
        known = [change for change in changes if change.number <= self.last]
        if not known:
            return
        at = self.rows(np.array([change.number for change in known], np.int64))
        for place, change in zip(at.tolist(), known, strict=True):
            if self.numbers[place] == change.number:
                self.source[place] = NO_SOURCE if change.source is None else change.source
                self.kept[place] = change.kept

    def _with(self, part: Sequence[CatalogueRow]) -> "Catalogue":
        number, blobs, bars, meters, root, source, kept = zip(*part, strict=True)
        data = np.frombuffer(b"".join(blobs), NOTE_DTYPE)
        counts = np.array([len(blob) // NOTE_BYTES for blob in blobs])
        size, notes = self.size + len(part), self.notes + len(data)
        made = self._roomy(size, notes)
        here, inside = slice(self.size, size), slice(self.notes, notes)
        ticks = {meter: meter_of(meter).bar_ticks for meter in set(meters)}
        made.numbers[here] = number
        made.length[here] = [b * ticks[meter] for b, meter in zip(bars, meters, strict=True)]
        made.root[here] = root
        made.source[here] = [NO_SOURCE if s is None else s for s in source]
        made.kept[here] = kept
        made.first[self.size + 1 : size + 1] = self.notes + np.cumsum(counts)
        made.onset[inside] = data["onset"]
        made.duration[inside] = np.minimum(data["duration"], LONGEST)
        made.pitch[inside] = data["pitch"]
        of = np.repeat(np.arange(len(part)), counts)
        total = np.bincount(of, weights=data["pitch"], minlength=len(part))
        made.mean_pitch[here] = total / np.maximum(counts, 1)
        return replace(made, size=size, notes=notes)

    def _roomy(self, size: int, notes: int) -> "Catalogue":
        """This one, or a copy with room for so many phrases and notes."""
        rows = len(self.numbers)
        if size > rows:
            rows = size + max(_ROOM, size // _GROWTH)
        most = len(self.onset)
        if notes > most:
            most = notes + max(16 * _ROOM, notes // _GROWTH)
        if (rows, most) == (len(self.numbers), len(self.onset)):
            return self
        return Catalogue(
            _longer(self.numbers, rows), _longer(self.length, rows), _longer(self.root, rows),
            _longer(self.mean_pitch, rows), _longer(self.source, rows), _longer(self.kept, rows),
            _longer(self.first, rows + 1), _longer(self.onset, most), _longer(self.duration, most),
            _longer(self.pitch, most), self.size, self.notes,
        )  # fmt: skip


def _longer(array: npt.NDArray[_Kind], length: int) -> npt.NDArray[_Kind]:
    made = np.zeros(length, array.dtype)
    made[: len(array)] = array
    return made
