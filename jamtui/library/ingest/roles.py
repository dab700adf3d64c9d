"""Which role a voice plays: by its name, its General MIDI program, its register and how many notes sound
at once."""

import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from jamtui.library.ingest.song import Voice


class Part(StrEnum):
    """What a voice is to the analysis: a role of the band, or a keyboard that is cut into line and chords."""

    LEAD = "lead"
    BASS = "bass"
    COMP = "comp"
    DRUMS = "drums"
    KEYBOARD = "keyboard"
    """One pair of hands: its top line is a lead, the rest comping."""
    CHORDS = "chords"
    """Block chords that stand for the chord symbols: harmony and comping."""
    EFFECT = "effect"
    """Noises and sound effects: no music to learn from."""


@dataclass(frozen=True, slots=True)
class VoiceShape:
    """Figures of a voice. ``polyphony`` is how many notes sound on average while any does; ``low`` and
    ``high`` are the 10th and 90th percentile of pitch."""

    notes: int
    median: float
    low: float
    high: float
    polyphony: float
    stacks: float
    """Share of notes that begin together with another."""


_WORDS: tuple[tuple[re.Pattern[str], Part], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), part)
    for pattern, part in (
        (r"drum|perc|kit\b|\bkick|snare|hi-?hat|cymbal|conga|bongo|tambour|shaker", Part.DRUMS),
        (r"\b(?:e|a|ac|el|elec|electric|acoustic|fretless|slap|synth|upright|walking)?\.? ?bass\b(?!oon)"
         r"|contrabass|double bass|\bbajo\b|\btuba\b", Part.BASS),
        (r"^chords?$|chord track|harmony symbols", Part.CHORDS),
        (r"melod|\blead\b|vocal|\bvoice\b|\bvox\b|solo\b|singstimme|chant|gesang|theme|topline|\blick\b"
         r"|\bsax|trumpet|flute|clarinet|trombone|oboe|violin|fiddle|whistle|harmonica|bridge", Part.LEAD),
        (r"comp\b|rhythm|pad\b|strings?\b|guitar|organ|rhodes|wurli|e-?piano|accomp|vibes", Part.COMP),
        (r"piano|klavier|pianoforte|keyboard|keys\b", Part.KEYBOARD),
    )
)  # fmt: skip


def shape(voice: Voice) -> VoiceShape:
    """Measure a voice; it must have notes."""
    table = np.array(voice.notes, dtype=np.int64)
    onsets, pitches = table[:, 0], table[:, 1]
    ends = onsets + table[:, 2]
    covered, reach = 0, -1
    for onset, end in zip(onsets.tolist(), ends.tolist(), strict=True):
        if end > reach:
            covered += end - max(onset, reach)
            reach = end
    near = np.diff(onsets) <= 20
    together = np.zeros(len(onsets), dtype=bool)
    together[1:] |= near
    together[:-1] |= near
    low, median, high = np.percentile(pitches, (10, 50, 90))
    return VoiceShape(
        len(onsets),
        float(median),
        float(low),
        float(high),
        float(table[:, 2].sum() / max(covered, 1)),
        float(together.mean()),
    )


def part_of(voice: Voice, measured: VoiceShape, only: bool = False) -> Part:
    """The part a voice plays; ``only``: no other pitched voice is in the file."""
    if voice.drums:
        return Part.DRUMS
    program = voice.program
    if program >= 112:  # percussive (112 to 119) and sound effects (120 to 127)
        return Part.DRUMS if program in (114, 115, 116, 117, 118) and measured.notes > 16 else Part.EFFECT
    named = next((part for words, part in _WORDS if words.search(voice.name)), None)
    chordal = measured.polyphony > 1.6 or measured.stacks > 0.5
    if named is Part.BASS:
        return Part.BASS if measured.median < 60 and not chordal else _by_sound(measured, chordal, only)
    if named in (Part.DRUMS, Part.CHORDS):
        # A pitched channel called "drums" may still be melodic percussion: the notes decide.
        return Part.CHORDS if named is Part.CHORDS and chordal else _by_sound(measured, chordal, only)
    if named is Part.LEAD:
        return Part.LEAD if measured.polyphony < 2.2 else _by_sound(measured, chordal, only)
    if named is Part.KEYBOARD or (named is None and program in (*range(8), -1, 0)):
        return _by_sound(measured, chordal, only)
    if 32 <= program <= 39 or (program == 43 and measured.median < 50):
        return Part.BASS if measured.median < 60 and measured.polyphony < 1.6 else _by_sound(
            measured, chordal, only
        )  # fmt: skip
    if named is Part.COMP and chordal:
        return Part.COMP
    if 56 <= program <= 87 and not chordal:  # brass, reeds, pipes, synth leads
        return Part.LEAD if measured.median >= 48 else Part.BASS
    return _by_sound(measured, chordal, only)


def _by_sound(measured: VoiceShape, chordal: bool, only: bool) -> Part:
    if not chordal:
        if measured.median < 48 and measured.high < 60:
            return Part.BASS
        return Part.LEAD
    wide = measured.high - measured.low
    if wide >= 24 and (only or measured.high >= 67) and measured.stacks < 0.92:
        return Part.KEYBOARD
    return Part.COMP
