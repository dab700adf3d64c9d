"""What a worker hands back: ready for the store, and light to send.

Everything that costs time is done by the worker (features, fingerprints, blobs, near-duplicates within the
file); what travels are plain rows.
"""

from collections import Counter
from dataclasses import dataclass

from jamtui.library.ingest.files import Analysed
from jamtui.library.prepared import Prepared, prepare_phrases
from jamtui.library.records import SourceRecord

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
    """Prepare an analysed file for ``PhraseStore.add_prepared``."""
    tally = Counter((r.phrase.style, r.phrase.role.value) for r in analysed.phrases)
    prepared = prepare_phrases(analysed.phrases) if analysed.phrases else None
    return Packed(analysed.source, analysed.notices, dict(tally), prepared)
