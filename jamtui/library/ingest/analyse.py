"""What a song is made of: beats, bars, key, chords and voices, and the phrases that can be cut from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jamtui.library.ingest.bars import Beats, Section, beats, find_phase, played_meter, sections
from jamtui.library.ingest.beats import follow
from jamtui.library.ingest.grid import (
    STEADY,
    find_swing,
    grid_fit,
    grid_offset,
    lag,
    quantise,
    settle_swing,
    straighten,
)
from jamtui.library.ingest.harmony import find_chords, sound
from jamtui.library.ingest.key import find_key, local_keys
from jamtui.library.ingest.lines import Rows, split
from jamtui.library.ingest.roles import Part, part_of, shape
from jamtui.library.ingest.roman import roman
from jamtui.library.ingest.segment import Piece, cut
from jamtui.library.ingest.song import RefusedError, Song, Sounded
from jamtui.library.ingest.styling import style_of
from jamtui.library.records import PhraseRecord
from jamtui.music.chord import NO_CHORD, Chord
from jamtui.music.meter import PPQ
from jamtui.music.phrase import MONOPHONIC, ChordSpan, Note, Phrase, Role, Source
from jamtui.music.scale import Key, key_of
from jamtui.music.tempo import TempoMap

_WEIGHT = {Part.LEAD: 0.5, Part.DRUMS: 0.0, Part.EFFECT: 0.0}
"""How much a part says about the chords; 1 for what is not here."""
_CHORDAL = (Part.COMP, Part.KEYBOARD, Part.CHORDS)
_RANGE = {Role.LEAD: (36, 103), Role.BASS: (20, 67), Role.COMP: (28, 100), Role.DRUMS: (0, 127)}
"""Pitches outside of which a note is no note of the role."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A song understood: everything in ticks of ``song``, which stands on its beats and bar lines."""

    song: Song
    parts: tuple[Part, ...]
    """One for each voice of the song."""
    sections: tuple[Section, ...]
    beats: Beats
    key: Key
    bar_keys: tuple[Key, ...]
    """One for each bar of the song."""
    chords: tuple[ChordSpan, ...]
    given: bool
    """The chords are the file's own symbols, not found in its notes."""
    estimated_beat: bool
    """The beat was found in the notes, not given by the file."""


def read(song: Song, use_symbols: bool = True) -> Reading:
    """Understand a song; ``use_symbols`` takes the chords that the file itself gives.

    Raises:
        RefusedError: nothing but effects or silence, no steady beat, or a meter that the band does not play.
    """
    song, estimated = _on_beats(song)
    parts = _parts(song)
    if all(part is Part.EFFECT for part in parts):
        raise RefusedError("it has sound effects only, no notes to learn from")
    rows = [_rows(voice.notes) for voice in song.voices]
    pitched = [i for i, part in enumerate(parts) if part not in (Part.DRUMS, Part.EFFECT)]
    symbols = song.symbols if use_symbols else ()
    heard = np.vstack([rows[i] for i in pitched]) if pitched else np.zeros((0, 4), dtype=np.int64)
    origin = 0 if song.notated else _phase(song, heard, symbols)
    where = sections(song, origin)
    if not any(section.meter for section in where):
        written = where[0].written if where else "unknown"
        raise RefusedError(f"its meter {written} is not one the band plays (4/4, 3/4, 6/8, 5/4, 7/8)")
    grid = beats(where)
    weights, lows = _voices_of_harmony(parts, rows, pitched)
    sounding = sound(heard, weights, grid, lows)
    histogram = np.bincount(heard[:, 1] % 12, heard[:, 2], minlength=12).astype(np.float64)
    key, _ = find_key(histogram) if pitched else (Key(0), 0.0)
    chroma = sounding.chroma
    if symbols:
        chords = _given_chords(symbols, grid, where)
        # Chords say surer than a line over them what key it is in.
        named = key_of(span.chord for span in chords)
        if named is not None:
            key, chroma = named, _chord_tones(chords, grid)
    else:
        chords = tuple(find_chords(sounding, grid, key)) if pitched else ()
    bar_keys = local_keys(_by_bar(chroma, grid), key)
    return Reading(song, parts, where, grid, key, tuple(bar_keys), chords, bool(symbols), estimated)


def phrases(
    reading: Reading, source: str, name: str, style: str = "", role: Role | None = None, words: str = ""
) -> list[PhraseRecord]:
    """All phrases of a song that was read. ``style`` and ``role`` are the musician's word, "" and None where
    the music is to say; with a role, only pitched voices change it (drums stay drums). ``words`` are what is
    known of the file besides: its name, its folder."""
    song = reading.song
    tempo = TempoMap(song.tempos)
    lines = _lines(reading, role)
    lags = [0 if song.notated else lag(rows[:, 0]) for _, rows in lines]
    swings = [_swing(rows[:, 0] - late, reading) for (_, rows), late in zip(lines, lags, strict=True)]
    known = [s for s in swings if s is not None]
    shared = settle_swing(float(np.median(known))) if known else 0.5
    style = style or style_of(song.title, words or name, shared, tempo.bpm_at(0), [r for r, _ in lines])
    found: list[PhraseRecord] = []
    bar_of_section = 0
    for section in reading.sections:
        if section.meter is not None:
            for (line_role, rows), own, late in zip(lines, swings, lags, strict=True):
                swing = (
                    (settle_swing(own) if own is not None else shared) if section.meter.unit == PPQ else 0.5
                )
                notes = _straight_notes(rows, section, swing, late, line_role)
                for piece in cut(notes, section.bars, section.meter, line_role):
                    record = _record(
                        piece, section, bar_of_section, line_role, reading, source, name, style, swing, tempo
                    )
                    if record is not None:
                        found.append(record)
        bar_of_section += section.bars
    return found


def _on_beats(song: Song) -> tuple[Song, bool]:
    """The song on its own grid: beats found where the file has none, a late grid moved to the file's."""
    onsets = np.array([n.onset for v in song.voices for n in v.notes], dtype=np.int64)
    if song.notated:
        return song, False
    if song.clocked or (len(onsets) >= 48 and grid_fit(onsets) < STEADY):
        return follow(song), True
    offset = grid_offset(onsets)
    return (_shifted(song, -offset), False) if offset else (song, False)


def _shifted(song: Song, ticks: int) -> Song:
    voices = tuple(
        replace(v, notes=tuple(n._replace(onset=n.onset + ticks) for n in v.notes)) for v in song.voices
    )
    tempos = [(tick + ticks, bpm) for tick, bpm in song.tempos]
    symbols = tuple((tick + ticks, chord) for tick, chord in song.symbols)
    return replace(song, voices=voices, tempos=tuple(tempos), symbols=symbols)


def _parts(song: Song) -> tuple[Part, ...]:
    pitched = sum(not voice.drums for voice in song.voices)
    return tuple(part_of(v, shape(v), only=pitched == 1) for v in song.voices)


def _rows(notes: Sequence[Sounded]) -> Rows:
    return np.array(notes, dtype=np.int64).reshape(-1, 4)


def _phase(song: Song, heard: Rows, symbols: Sequence[tuple[int, Chord]]) -> int:
    """Ticks from the file's first bar line to the music's, for the first meter of the song."""
    first = song.meters[0] if song.meters and song.meters[0].tick == 0 else None
    meter = played_meter(first.numerator, first.denominator) if first else played_meter(4, 4)
    if meter is None:
        return 0
    if len(song.meters) > 1 and song.meters[1].tick < 2 * meter.bar_ticks:
        return 0  # the file itself notates a pickup
    if len(symbols) >= 6:
        places = [round(tick / (PPQ // 2)) * (PPQ // 2) % meter.bar_ticks for tick, _ in symbols]
        best = max(sorted(set(places)), key=places.count)
        return (
            best if places.count(best) > 1.5 * places.count(0) and places.count(best) * 2 > len(places) else 0
        )
    return find_phase(heard, meter.bar_ticks, PPQ // 2)


def _voices_of_harmony(
    parts: Sequence[Part], rows: Sequence[Rows], pitched: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A weight for each note, and which notes can be the bass: those of basses, else of chordal voices."""
    if not pitched:
        return np.zeros(0), np.zeros(0, dtype=bool)
    chordal = any(parts[i] in _CHORDAL for i in pitched)
    weights = [
        _WEIGHT.get(parts[i], 1.0) if chordal else max(_WEIGHT.get(parts[i], 1.0), 0.8) for i in pitched
    ]
    basses = {i for i in pitched if parts[i] is Part.BASS}
    low = basses or {i for i in pitched if parts[i] in _CHORDAL}
    return (
        np.concatenate([np.full(len(rows[i]), w) for i, w in zip(pitched, weights, strict=True)]),
        np.concatenate([np.full(len(rows[i]), i in low) for i in pitched]),
    )


def _by_bar(chroma: NDArray[np.float64], grid: Beats) -> NDArray[np.float64]:
    bars = np.zeros((int(grid.bar[-1]) + 1 if grid.count else 0, 12))
    np.add.at(bars, grid.bar, chroma)
    return bars


def _chord_tones(chords: Sequence[ChordSpan], grid: Beats) -> NDArray[np.float64]:
    """1 for each tone of the chord that sounds, a row for each beat."""
    chroma = np.zeros((grid.count, 12))
    for span in chords:
        first, end = np.searchsorted(grid.starts[: grid.count], (span.start, span.start + span.length))
        chroma[first:end, list(span.chord.pitch_classes)] = 1
    return chroma


def _given_chords(
    symbols: Sequence[tuple[int, Chord]], grid: Beats, where: Sequence[Section]
) -> tuple[ChordSpan, ...]:
    """The file's symbols as spans, moved to the nearest beat (one that is half a beat early belongs to the
    beat it anticipates); each sounds until the next."""
    at: dict[int, Chord] = {}
    for tick, chord in symbols:
        section = next((s for s in where if s.start <= tick + PPQ // 2 < s.end), where[-1])
        unit = section.meter.unit if section.meter else PPQ
        at[section.start + (tick - section.start + unit // 2) // unit * unit] = chord
    ticks = sorted(at)
    ends = [*ticks[1:], max(int(grid.starts[-1]), ticks[-1] + PPQ)]
    return tuple(ChordSpan(t, e - t, at[t]) for t, e in zip(ticks, ends, strict=True) if e > t)


def _lines(reading: Reading, role: Role | None) -> list[tuple[Role, Rows]]:
    lines: list[tuple[Role, Rows]] = []
    for voice, part in zip(reading.song.voices, reading.parts, strict=True):
        if role is not None and part not in (Part.DRUMS, Part.EFFECT):
            part = Part(role.value) if role is not Role.DRUMS else part
        for line_role, rows in split(_rows(voice.notes), part):
            if role in (None, line_role) and len(rows):
                lines.append((line_role, rows))
    return lines


def _swing(onsets: NDArray[np.int64], reading: Reading) -> float | None:
    return None if reading.song.notated and reading.given else find_swing(onsets)


def _straight_notes(rows: Rows, section: Section, swing: float, late: int, role: Role) -> list[Note]:
    """Notes of a section with onsets from its start, on the straight grid, in order; the voice as a whole is
    ``late`` ticks, which stays in the residuals."""
    assert section.meter is not None
    inside = (rows[:, 0] >= section.start - 60) & (rows[:, 0] < section.end - 60)
    low, high = _RANGE[role]
    inside &= (rows[:, 1] >= low) & (rows[:, 1] <= high)
    chosen = rows[inside]
    if not len(chosen):
        return []
    played = chosen[:, 0] - section.start - late
    onset = straighten(played, swing)
    end = straighten(played + chosen[:, 2], swing)
    grid = quantise(onset, np.maximum(end, onset + 1))
    start = np.maximum(grid.onset, 0)
    # Where two notes of one pitch fall on one place, the first stays.
    _, first = np.unique(np.stack([start, chosen[:, 1]]), axis=1, return_index=True)
    duration = grid.duration
    if role in MONOPHONIC:
        _, first = np.unique(start, return_index=True)
        gaps = np.diff(np.append(start[first], start[first[-1]] + duration[first[-1]]))
        duration = duration.copy()
        duration[first] = np.minimum(duration[first], gaps)
    velocity = np.clip(chosen[:, 3], 1, 127)
    notes = zip(
        start[first],
        chosen[first, 1],
        duration[first],
        velocity[first],
        grid.residual[first] + late,
        strict=True,
    )
    return sorted(Note(int(o), int(p), int(d), int(v), int(r)) for o, p, d, v, r in notes)


def _record(
    piece: Piece,
    section: Section,
    bars_before: int,
    role: Role,
    reading: Reading,
    source: str,
    name: str,
    style: str,
    swing: float,
    tempo: TempoMap,
) -> PhraseRecord | None:
    meter = section.meter
    assert meter is not None
    start = section.start + piece.first * meter.bar_ticks
    length = piece.bars * meter.bar_ticks
    spans = chords_between(reading.chords, start, start + length)
    if role is not Role.DRUMS and (not spans or spans[0].chord == NO_CHORD):
        return None  # a phrase without a chord cannot be found again
    bar = bars_before + piece.first
    key = reading.bar_keys[min(bar, len(reading.bar_keys) - 1)] if reading.bar_keys else reading.key
    if role is Role.DRUMS:
        spans = spans or (ChordSpan(0, length, NO_CHORD),)
    bpm = min(max(round(tempo.bpm_at(start), 1), 20.0), 400.0)
    phrase = Phrase(
        f"{name}, bar {bar + 1}", role, style, piece.bars, spans, piece.notes, meter, bpm, Source.LIBRARY
    )
    pitched = role is not Role.DRUMS
    return PhraseRecord(
        phrase,
        key.words if pitched else "",
        tuple(roman(span.chord, key) for span in spans) if pitched else (),
        swing,
        source,
        bar,
    )


def chords_between(chords: Sequence[ChordSpan], start: int, end: int) -> tuple[ChordSpan, ...]:
    """The chords from ``start`` to ``end``, relative to ``start``, without gaps: a silence takes the chord
    before it, or the one after it at the beginning. N.C. alone stays; () where there are none at all."""
    found: list[tuple[int, Chord]] = []
    for span in chords:
        left, right = max(span.start, start), min(span.start + span.length, end)
        if left < right and span.chord != NO_CHORD and (not found or found[-1][1] != span.chord):
            found.append((left - start, span.chord))
    if not found:
        return (ChordSpan(0, end - start, NO_CHORD),) if chords else ()
    found[0] = (0, found[0][1])
    ends = [*(at for at, _ in found[1:]), end - start]
    return tuple(ChordSpan(at, stop - at, chord) for (at, chord), stop in zip(found, ends, strict=True))
