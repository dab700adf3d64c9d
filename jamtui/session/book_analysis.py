"""What each note of a written phrase is to the chord it belongs to: the analysis behind the reflex book.

Done once, when the book is compiled, so that the engine never has to.
"""

from collections.abc import Sequence

from jamtui.errors import MusicError
from jamtui.music.chord import QUALITIES, Chord, Family
from jamtui.music.meter import EIGHTH, PPQ
from jamtui.music.phrase import ChordSpan, Note, Phrase, Role
from jamtui.music.phrase_text import merged
from jamtui.music.pitch import note_name
from jamtui.music.scale import chord_scale, chord_tones, key_of
from jamtui.session.book import Function, ReflexChord, ReflexNote, ReflexPhrase

STEP = 2
"""Semitones within which an outside note counts as resolving."""

_BLUE = frozenset({3, 6, 10})
"""Blue thirds, fifths and sevenths above the root, at home over any chord in blues and funk."""

_BLUE_STYLES = frozenset({"blues", "funk"})

_TENSIONS: dict[Family, frozenset[int]] = {
    Family.MAJOR: frozenset({6, 8}),
    Family.MINOR: frozenset({8, 11}),
    Family.DOMINANT: frozenset({1, 3, 6, 8}),
    Family.HALF_DIMINISHED: frozenset({1, 2}),
    Family.DIMINISHED: frozenset({2, 5, 8, 11}),
    Family.SUS: frozenset({1, 3, 4, 8}),
}
"""Colours outside the plain scale that may stand unresolved, in semitones above the root (Levine,
*The Jazz Theory Book*: alterations of the dominant, raised fourth of the major, whole-half scale)."""

_PLAIN: dict[Family, str] = {
    Family.MAJOR: "maj7",
    Family.MINOR: "m7",
    Family.DOMINANT: "7",
    Family.HALF_DIMINISHED: "m7b5",
    Family.DIMINISHED: "dim7",
    Family.AUGMENTED: "maj7#5",
    Family.SUS: "7sus4",
}
"""The quality whose scale is the plain one of a family."""


def analyse(
    phrase: Phrase, context: str, energy: float, density: float | None, surprise: float | None
) -> ReflexPhrase:
    """``phrase`` as the reflex book holds it; ``density`` and ``surprise`` are measured where None.

    Raises MusicError for a note that is outside its chord and scale and leads nowhere.
    """
    spans = tuple(s for s in merged(phrase.chords) if s.chord.family is not Family.NONE)
    if not spans:
        raise MusicError(f"{phrase.name!r} has no chord; write the chords it was made for.")
    notes = sorted(phrase.notes)
    places = [chord_index(spans, note) for note in notes]
    functions = _functions(phrase, spans, notes, places)
    first = spans[0].chord.root
    pitches = sorted(note.pitch for note in notes)
    middle = pitches[len(pitches) // 2]
    base = middle - (middle - first) % 12
    roots = [(span.chord.root - first) % 12 for span in spans]
    return ReflexPhrase(
        name=phrase.name,
        role=phrase.role,
        style=phrase.style,
        context=context,
        meter=phrase.meter.name,
        bars=phrase.bars,
        energy=energy,
        density=measure_density(phrase) if density is None else density,
        surprise=measure_surprise(spans, notes, places) if surprise is None else surprise,
        chords=tuple(
            ReflexChord(span.start, root, span.chord.quality.name, span.chord.family)
            for span, root in zip(spans, roots, strict=True)
        ),
        notes=tuple(
            ReflexNote(n.onset, n.duration, n.pitch - base - roots[place], n.velocity, function, place)
            for n, place, function in zip(notes, places, functions, strict=True)
        ),
    )


def chord_index(spans: Sequence[ChordSpan], note: Note) -> int:
    """Which of ``spans`` a note belongs to: the chord it begins over, or the next one when it begins at
    most an eighth before that and sounds on into it (an anticipation)."""
    index = max((i for i, span in enumerate(spans) if span.start <= note.onset), default=0)
    if index + 1 < len(spans):
        change = spans[index + 1].start
        if change - note.onset <= EIGHTH and note.onset + note.duration > change:
            return index + 1
    return index


def measure_density(phrase: Phrase) -> float:
    """Attacks per eighth of the phrase's length, at most 1."""
    attacks = len({note.onset for note in phrase.notes})
    return round(min(1.0, attacks * EIGHTH / phrase.length), 3)


def measure_surprise(spans: Sequence[ChordSpan], notes: Sequence[Note], places: Sequence[int]) -> float:
    """Twice the share of notes outside the plain scale of their chord's family, at most 1."""
    plain = [chord_scale(Chord(s.chord.root, QUALITIES[_PLAIN[s.chord.family]])) for s in spans]
    outside = sum(n.pitch % 12 not in plain[place] for n, place in zip(notes, places, strict=True))
    return round(min(1.0, 2 * outside / max(1, len(notes))), 3)


def _functions(
    phrase: Phrase, spans: Sequence[ChordSpan], notes: Sequence[Note], places: Sequence[int]
) -> list[Function]:
    key = key_of(span.chord for span in spans)
    found: list[Function] = []
    for note, place in zip(notes, places, strict=True):
        chord = spans[place].chord
        pc = note.pitch % 12
        if pc in chord_tones(chord) or pc == chord.bass_pc:
            found.append(Function.CHORD)
        elif pc in chord_scale(chord) or pc in chord_scale(chord, key):
            found.append(Function.SCALE)
        elif _resolves(phrase, note, notes):
            found.append(Function.APPROACH)
        elif _colour(phrase.style, chord, pc):
            found.append(Function.SCALE)
        else:
            bar, tick = divmod(note.onset, phrase.meter.bar_ticks)
            raise MusicError(
                f"{phrase.name!r}, bar {bar + 1}: {note_name(note.pitch)} on beat {tick / PPQ + 1:.4g} "
                f"is outside {chord.symbol} and does not lead by step into the next note; "
                f"resolve or replace it."
            )
    return found


def _resolves(phrase: Phrase, note: Note, notes: Sequence[Note]) -> bool:
    """Whether an outside note leads by step into one of the next notes to be struck."""
    later = [n.onset for n in notes if n.onset > note.onset]
    if not later:
        # A bass figure runs on: its last note leads into the next chord's first.
        return phrase.role is Role.BASS
    following = min(later)
    if following - note.onset - note.duration > PPQ:
        return False
    steps = [n.pitch - note.pitch for n in notes if n.onset == following]
    if phrase.role is Role.BASS:
        # A bass may drop the octave on the way: a step is a step in any octave.
        steps = [(step + 6) % 12 - 6 for step in steps]
    return any(abs(step) <= STEP for step in steps)


def _colour(style: str, chord: Chord, pc: int) -> bool:
    interval = (pc - chord.root) % 12
    if interval in _TENSIONS.get(chord.family, frozenset()):
        return True
    return style in _BLUE_STYLES and interval in _BLUE
