"""The starter phrases, as the band's own source: read from their text, stored like any file."""

import hashlib
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jamtui.library.ingest.files import ANALYSIS_VERSION, Analysed
from jamtui.library.ingest.key import key_over
from jamtui.library.ingest.roman import roman
from jamtui.library.records import STARTER, PhraseRecord, SourceRecord
from jamtui.music.meter import METERS
from jamtui.music.phrase import Phrase, Source
from jamtui.music.phrase_text import parse_phrase
from jamtui.session.book_compile import Entry, read_library
from jamtui.styles.loading import load_styles
from jamtui.styles.style import Style

LICENCE = "MIT"


@dataclass(frozen=True, slots=True)
class StarterFile:
    """One file of the starter library: a style's phrases for a role, as they are written."""

    source: SourceRecord
    style: Style
    entries: Sequence[Entry]

    def analysed(self) -> Analysed:
        """Its phrases, read.

        Raises:
            MusicError: one cannot be read; the message names it.
        """
        return Analysed(self.source, tuple(map(self._record, self.entries)))

    def _record(self, entry: Entry) -> PhraseRecord:
        text = entry.text
        read = parse_phrase(text.name, entry.role, entry.style, text.chords, text.notes, METERS[text.meter])
        phrase = Phrase(
            read.name, read.role, entry.style, read.bars, read.chords, tuple(sorted(read.notes)), read.meter,
            self.style.tempo, Source.LIBRARY,
        )  # fmt: skip
        key = key_over(phrase.chords, phrase.notes)
        romans = tuple(roman(s.chord, key) for s in phrase.chords)
        swing = self.style.roles[entry.role].feel.swing
        return PhraseRecord(phrase, key.words, romans, swing, self.source.sha256)


def starter_files(library_dir: Path, styles_dir: Path) -> list[StarterFile]:
    """The files of the starter library, by style and role.

    Raises:
        ConfigError, MusicError: the library that was shipped is damaged; the message names the file.
    """
    styles = load_styles(styles_dir)
    by_file: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in read_library(library_dir, styles):
        by_file[entry.style, entry.role.value].append(entry)
    files = []
    for (style, role), entries in sorted(by_file.items()):
        digest = hashlib.sha256(repr([(e.style, e.role.value, e.text) for e in entries]).encode()).hexdigest()
        source = SourceRecord(
            digest, f"{STARTER}{style}/{role}.toml", f"starter phrases: {style} {role}", LICENCE, time.time(),
            ANALYSIS_VERSION,
        )  # fmt: skip
        files.append(StarterFile(source, styles[style], entries))
    return files
