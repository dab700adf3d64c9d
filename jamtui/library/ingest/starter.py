"""The starter phrases, as the band's own source: read from their text, stored like any file."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from jamtui.library.ingest.files import ANALYSIS_VERSION, Analysed
from jamtui.library.ingest.key import find_key
from jamtui.library.ingest.roman import roman
from jamtui.library.records import STARTER, PhraseRecord, SourceRecord
from jamtui.music.chord import NO_CHORD
from jamtui.music.meter import METERS
from jamtui.music.phrase import Phrase, Source
from jamtui.music.phrase_text import parse_phrase
from jamtui.session.book_compile import Entry, read_library
from jamtui.styles.loading import load_styles

LICENCE = "MIT"


def starter_sources(library_dir: Path, styles_dir: Path) -> Iterator[Analysed]:
    """One source for each file of the starter library (style and role), with its phrases.

    Raises:
        ConfigError, MusicError: the library that was shipped is damaged; the message names the file.
    """
    import numpy as np

    styles = load_styles(styles_dir)
    by_file: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in read_library(library_dir, styles):
        by_file[entry.style, entry.role.value].append(entry)
    for (style, role), entries in sorted(by_file.items()):
        digest = hashlib.sha256(repr([(e.style, e.role.value, e.text) for e in entries]).encode()).hexdigest()
        records = []
        for entry in entries:
            text = entry.text
            read = parse_phrase(text.name, entry.role, style, text.chords, text.notes, METERS[text.meter])
            phrase = Phrase(
                read.name, read.role, style, read.bars, read.chords, tuple(sorted(read.notes)), read.meter,
                styles[style].tempo, Source.LIBRARY,
            )  # fmt: skip
            histogram = np.zeros(12)
            for note in phrase.notes:
                histogram[note.pitch % 12] += note.duration
            for span in phrase.chords:
                for pc in span.chord.pitch_classes if span.chord != NO_CHORD else ():
                    histogram[pc] += span.length / 4
            key, _ = find_key(histogram)
            swing = styles[style].roles[entry.role].feel.swing
            records.append(
                PhraseRecord(
                    phrase, key.words, tuple(roman(s.chord, key) for s in phrase.chords), swing, digest
                )
            )
        source = SourceRecord(
            digest, f"{STARTER}{style}/{role}.toml", f"starter phrases: {style} {role}", LICENCE, time.time(),
            ANALYSIS_VERSION,
        )  # fmt: skip
        yield Analysed(source, tuple(records))
