"""Phrases made ready for a store: fingerprints, blobs, vectors, near-duplicates within a file.

``prepare_phrases`` can run in any process; what it makes are plain rows, so that they travel lightly to the
one process that writes, and little is left to do there.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jamtui.library.features import compute_flat
from jamtui.library.fingerprint import fingerprint
from jamtui.library.flatten import Floats, flatten
from jamtui.library.note_blob import NOTE_BYTES
from jamtui.library.records import PhraseRecord
from jamtui.library.texts import chords_text, meter_text

Key = tuple[str, str, str]
"""What a row of ``shelves`` (role, style, meter) or of ``harmonies`` (chords, key, romans) is known by."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Phrases as the tables hold them. Near-duplicates among them are one row, that of the first, with the
    counts of all. The tuples and the two arrays have one entry for each row."""

    found: int
    """Phrases before near-duplicates became one."""
    shelves: tuple[Key, ...]
    harmonies: tuple[Key, ...]
    fingerprints: tuple[int, ...]
    counts: tuple[int, ...]
    first_bars: tuple[int, ...]
    shelf_of: tuple[int, ...]
    """Place in ``shelves``."""
    harmony_of: tuple[int, ...]
    """Place in ``harmonies``."""
    values: tuple[tuple[Any, ...], ...]
    """Name, bars, tempo, swing, root, played, kept, banned, notes: as they are stored."""
    whole: Floats
    harmony: Floats


def prepare_phrases(records: Sequence[PhraseRecord]) -> Prepared:
    """Fingerprints, blobs and vectors: all that costs time and needs no store, so that any process can do it.

    Raises:
        StoreError: notes that do not fit the format.
    """
    counts: dict[int, int] = {}
    firsts: list[PhraseRecord] = []
    for record in records:
        print_ = fingerprint(record.phrase)
        if print_ not in counts:
            firsts.append(record)
        counts[print_] = counts.get(print_, 0) + record.count
    flat = flatten([record.phrase for record in firsts])
    whole, harmony = compute_flat(flat)
    data = flat.notes.tobytes()
    ends = (flat.starts * NOTE_BYTES).tolist()
    blobs = (data[a:b] for a, b in itertools.pairwise(ends))
    shelves: dict[Key, int] = {}
    harmonies: dict[Key, int] = {}
    return Prepared(
        found=len(records),
        fingerprints=tuple(counts),
        counts=tuple(counts.values()),
        first_bars=tuple(record.first_bar for record in firsts),
        shelf_of=tuple(shelves.setdefault(_shelf(record), len(shelves)) for record in firsts),
        harmony_of=tuple(harmonies.setdefault(_harmony(record), len(harmonies)) for record in firsts),
        shelves=tuple(shelves),
        harmonies=tuple(harmonies),
        values=tuple(
            (
                r.phrase.name, r.phrase.bars, float(r.phrase.tempo), float(r.swing), root,
                r.played, r.kept, r.banned, blob,
            )
            for r, root, blob in zip(firsts, flat.root.tolist(), blobs, strict=True)
        ),
        whole=whole,
        harmony=harmony,
    )  # fmt: skip


def _shelf(record: PhraseRecord) -> Key:
    return record.phrase.role.value, record.phrase.style, meter_text(record.phrase.meter)


def _harmony(record: PhraseRecord) -> Key:
    return chords_text(record.phrase.chords), record.key, " ".join(record.romans)
