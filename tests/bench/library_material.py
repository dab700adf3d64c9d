"""Phrases for the benchmarks of the library: cut from real tunes, and mutated where more are wanted.

The tunes are the training pool (JSON lines with notes and chords, see its README); nothing of it is part of
this repository.
"""

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jamtui.errors import MusicError
from jamtui.library.records import PhraseRecord, SourceRecord
from jamtui.music.chord import parse_chord
from jamtui.music.meter import METERS, PPQ, Meter
from jamtui.music.phrase import ChordSpan, Note, Phrase, Role, Source

FILES = {
    "melody_permissive": Role.LEAD,
    "melody_gpl": Role.LEAD,
    "melody_weimar": Role.LEAD,
    "melody_pop909": Role.LEAD,
    "bass_multitrack": Role.BASS,
}
STYLES = {"Jazz": "swing", "Folk": "folk", "Pop": "pop", "Classical": "classical", "Blues": "blues"}
SCALE = 2
"""Ticks here to a tick of the pool (480 to the quarter)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A tune's phrases of two bars, in order."""

    source: SourceRecord
    phrases: tuple[PhraseRecord, ...]


def pieces(folder: Path) -> Iterator[Piece]:
    """Every tune of the pool that is in one of the band's meters."""
    for name, role in FILES.items():
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for line in lines:
                piece = _piece(json.loads(line), role)
                if piece.phrases:
                    yield piece


def _piece(entry: dict[str, Any], role: Role) -> Piece:
    source = SourceRecord(entry["id"], entry["source"], entry["title"], entry["licence"], analysis=1)
    meter = METERS.get("{}/{}".format(*entry["meter"]))
    if meter is None or entry.get("meter_changes"):
        return Piece(source, ())
    style = STYLES.get(str(entry["genre"]).split("/")[0], "other")
    chords = _chords(entry["chords"])
    length = 2 * meter.bar_ticks
    rows: dict[int, list[Note]] = {}
    for onset, duration, pitch, *velocity in entry["notes"]:
        window, inside = divmod(onset * SCALE, length)
        lasting = max(1, min(duration * SCALE, length - inside))
        rows.setdefault(window, []).append(Note(inside, pitch, lasting, velocity[0] if velocity else 80))
    phrases: list[PhraseRecord] = []
    for window, notes in sorted(rows.items()):
        spans = _spans(chords, window * length, length)
        if len(notes) < 3 or not spans:
            continue
        phrase = Phrase(
            f"{entry['title']}, bar {2 * window + 1}", role, style, 2, spans, tuple(notes), meter,
            float(entry.get("tempo") or 120), Source.LIBRARY,
        )  # fmt: skip
        phrases.append(
            PhraseRecord(phrase, entry.get("key") or "", source=source.sha256, first_bar=2 * window)
        )
    return Piece(source, tuple(phrases))


def _chords(entries: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    return [(onset * SCALE, symbol) for onset, symbol in entries]


def _spans(chords: list[tuple[int, str]], start: int, length: int) -> tuple[ChordSpan, ...]:
    """The chords of a window; () where it does not begin under one."""
    ends = [*(onset for onset, _ in chords[1:]), start + length + chords[-1][0] if chords else 0]
    spans: list[ChordSpan] = []
    for (onset, symbol), end in zip(chords, ends, strict=True):
        left, right = max(onset, start), min(end, start + length)
        if left < right:
            try:
                spans.append(ChordSpan(left - start, right - left, parse_chord(symbol)))
            except MusicError:
                return ()
    return tuple(spans) if spans and spans[0].start == 0 else ()


def mutate(record: PhraseRecord, chance: random.Random) -> PhraseRecord:
    """A phrase like ``record``, as another player or another chorus would have it: in another key, some notes
    moved by a step or a third, dropped, split in two or shifted by an eighth, at times its halves exchanged
    or a chord of it altered."""
    phrase = record.phrase
    shift = chance.randint(-6, 5)
    notes: list[Note] = []
    for note in phrase.notes:
        draw = chance.random()
        pitch = note.pitch + shift
        if draw < 0.06 and len(phrase.notes) > 4:
            continue
        if draw < 0.26:
            pitch += chance.choice((-4, -3, -2, -1, 1, 2, 3, 4))
        onset = note.onset
        if 0.26 < draw < 0.34:
            onset = min(max(0, onset + chance.choice((-PPQ // 2, PPQ // 2))), phrase.length - PPQ // 4)
        duration = min(note.duration, phrase.length - onset)
        if draw > 0.94 and duration >= PPQ // 2:
            notes.append(Note(onset + duration // 2, pitch + chance.choice((-2, -1, 1, 2)), duration // 2))
            duration //= 2
        notes.append(Note(onset, min(max(pitch, 24), 100), duration, chance.randint(50, 110)))
    chords = tuple(replace(span, chord=span.chord.transpose(shift)) for span in phrase.chords)
    half = phrase.meter.bar_ticks
    if chance.random() < 0.2:
        notes = [replace(n, onset=(n.onset + half) % (2 * half)) for n in notes]
        notes = [replace(n, duration=min(n.duration, 2 * half - n.onset)) for n in notes]
        chords = _swap(chords, half)
    if chance.random() < 0.3:
        at = chance.randrange(len(chords))
        moved = chords[at].chord.transpose(chance.choice((-5, -2, 2, 3, 5, 6)))
        chords = (*chords[:at], replace(chords[at], chord=moved), *chords[at + 1 :])
    made = replace(phrase, notes=tuple(sorted(notes)), chords=chords, tempo=phrase.tempo)
    return replace(record, phrase=made, first_bar=chance.randrange(64))


def _swap(spans: tuple[ChordSpan, ...], half: int) -> tuple[ChordSpan, ...]:
    cut: list[ChordSpan] = []
    for span in spans:
        end = span.start + span.length
        for left, right in ((span.start, min(end, half)), (max(span.start, half), end)):
            if left < right:
                cut.append(ChordSpan((left + half) % (2 * half), right - left, span.chord))
    return tuple(sorted(cut, key=lambda s: s.start))


def meter_of(phrases: Sequence[PhraseRecord]) -> Meter:
    """The meter of the first."""
    return phrases[0].phrase.meter
