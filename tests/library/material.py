"""Phrases for the library's tests, made here: small, and different from each other where they should be."""

import random

from jamtui.library.records import PhraseRecord, SourceRecord
from jamtui.music.chart import parse_chart
from jamtui.music.meter import COMMON_TIME, EIGHTH, Meter
from jamtui.music.phrase import Note, Phrase, Role, Source
from jamtui.music.phrase_text import parse_phrase

PROGRESSIONS = (
    "Dm7 | G7",
    "Cmaj7 | %",
    "Am7 | D7",
    "Em7b5 | A7b9",
    "C7 | F7",
    "Fm7 | Bb7",
    "Dm7 G7 | Cmaj7",
    "F#dim7 | Gm7",
)


def written(
    chords: str, notes: str, *, role: Role = Role.LEAD, style: str = "swing", name: str = "phrase"
) -> PhraseRecord:
    """A phrase in the text notation."""
    phrase = parse_phrase(name, role, style, chords, notes)
    return PhraseRecord(
        Phrase(
            name, role, style, phrase.bars, phrase.chords, phrase.notes, phrase.meter, 120.0, Source.LIBRARY
        )
    )


def line(
    chance: random.Random,
    *,
    chords: str | None = None,
    style: str = "swing",
    role: Role = Role.LEAD,
    meter: Meter = COMMON_TIME,
) -> PhraseRecord:
    """Two bars of eighths and rests that wander over the chord tones."""
    chart = parse_chart(chords or chance.choice(PROGRESSIONS), meter)
    length = 2 * meter.bar_ticks
    notes: list[Note] = []
    pitch = chance.randint(55, 75)
    for onset in range(0, length, EIGHTH):
        if chance.random() < 0.3:
            continue
        chord = next(s.chord for s in chart.spans if s.start <= onset < s.start + s.length)
        pitch = min(max(pitch + chance.randint(-5, 5), 40), 90)
        if chance.random() < 0.7:
            while pitch % 12 not in chord.pitch_classes:
                pitch += 1
        notes.append(Note(onset, pitch, EIGHTH, chance.randint(40, 110), chance.randint(-20, 20)))
    phrase = Phrase("line", role, style, 2, tuple(chart.spans), tuple(notes), meter, 140.0, Source.LIBRARY)
    return PhraseRecord(phrase, key="C major", romans=tuple("?" for _ in chart.spans), swing=0.6)


def lines(count: int, seed: int = 0, style: str = "swing") -> list[PhraseRecord]:
    """``count`` lines, the same for the same seed."""
    chance = random.Random(seed)
    return [line(chance, style=style) for _ in range(count)]


def file(name: str, analysis: int = 1) -> SourceRecord:
    """A source of that name."""
    return SourceRecord(f"sha-{name}", f"{name}.mid", name, "MIT", 1_700_000_000.0, analysis)
