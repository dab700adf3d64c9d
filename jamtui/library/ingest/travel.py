"""What a worker hands back: ready for the store, and light to send.

Everything that costs time is done by the worker (features, fingerprints, blobs); the phrases travel without
their notes, which are in the blobs already.
"""

from collections import Counter
from dataclasses import dataclass, replace

from jamtui.library.ingest.files import Analysed
from jamtui.library.insertion import Prepared, prepare_phrases
from jamtui.library.records import PhraseRecord, SourceRecord

Tally = dict[tuple[str, str], int]
"""Phrases by style ("" for any) and role."""


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """An analysed file on its way to the store."""

    source: SourceRecord
    notices: tuple[str, ...]
    tally: Tally
    prepared: Prepared | None
    """None for a refused file."""


def pack(analysed: Analysed) -> Packed:
    """Prepare an analysed file for ``SqliteStore.add_prepared``."""
    tally = Counter((r.phrase.style, r.phrase.role.value) for r in analysed.phrases)
    prepared = None
    if analysed.phrases:
        full = prepare_phrases(analysed.phrases)
        prepared = replace(full, records=tuple(_light(record) for record in full.records))
    return Packed(analysed.source, analysed.notices, dict(tally), prepared)


def _light(record: PhraseRecord) -> PhraseRecord:
    return replace(record, phrase=replace(record.phrase, notes=()))
