"""Which chord sounds when: a soft template over what sounds in each beat, smoothed along the song.

Each beat votes with the duration of its pitch classes, basses with more weight. A chord explains a beat as
well as its tones are likely under the chord (a multinomial over the twelve classes, fitted by hand to lead
sheets), with a prior for common qualities and for tones of the key. A Viterbi search then finds the best
series of chords, which may change freely at bar lines and, at a price, within the bar.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from jamtui.library.ingest.bars import Beats
from jamtui.library.ingest.figures import QUALITY_OF_KIND, figure
from jamtui.music.chord import NO_CHORD, Chord, make_chord
from jamtui.music.phrase import ChordSpan
from jamtui.music.scale import Key

_QUALITIES: tuple[tuple[str, dict[int, float], float], ...] = (
    # quality, weight of each tone, prior (natural logarithm, relative to the major triad)
    ("", {0: 1.0, 4: 0.8, 7: 0.8}, 0.0),
    ("m", {0: 1.0, 3: 0.8, 7: 0.8}, -0.1),
    ("7", {0: 1.0, 4: 0.75, 7: 0.55, 10: 0.65}, -0.5),
    ("maj7", {0: 1.0, 4: 0.75, 7: 0.65, 11: 0.6}, -0.9),
    ("m7", {0: 1.0, 3: 0.75, 7: 0.65, 10: 0.6}, -0.5),
    ("m7b5", {0: 1.0, 3: 0.75, 6: 0.7, 10: 0.65}, -1.6),
    ("dim7", {0: 0.85, 3: 0.75, 6: 0.75, 9: 0.75}, -1.9),
    ("dim", {0: 1.0, 3: 0.8, 6: 0.8}, -1.9),
    ("aug", {0: 1.0, 4: 0.8, 8: 0.8}, -2.6),
    ("sus4", {0: 1.0, 5: 0.75, 7: 0.8}, -1.8),
    ("7sus4", {0: 1.0, 5: 0.7, 7: 0.6, 10: 0.65}, -1.9),
    ("sus2", {0: 1.0, 2: 0.75, 7: 0.8}, -2.3),
    ("6", {0: 1.0, 4: 0.75, 7: 0.65, 9: 0.6}, -1.8),
    ("m6", {0: 1.0, 3: 0.75, 7: 0.65, 9: 0.6}, -2.0),
    ("mMaj7", {0: 1.0, 3: 0.75, 7: 0.65, 11: 0.6}, -3.0),
)
_FOREIGN = 0.11
"""Weight of a tone that is not in the chord, to a chord tone's 0.55 to 1."""
_BASS = {0: 0.66, 1: 0.13, 2: 0.16, 3: 0.05}
"""Chance that the bass is the root, the third, the fifth, the seventh or sixth; anything else is 0.012."""
_SWITCH = {3: 2.6, 2: 3.2, 1: 5.1}
"""Price of a new chord at a bar line, in the middle of a bar, on another beat."""
_GAIN = 8.2
"""How many independent notes a full beat's sound is worth."""
_KEY = 0.45
"""Price of each chord tone outside the key."""
_LOWEST = 2
"""Semitones above the lowest note of a beat within which a note is the bass."""
_STRONG = 0.06
"""Share of a chord's sound from which a pitch class is part of it, not a passing note."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What sounds in each beat: ``chroma`` (n × 12, quarter notes weighted by voice) and ``bass`` (n × 12,
    shares of the lowest voice, each row at most 1)."""

    chroma: NDArray[np.float64]
    bass: NDArray[np.float64]


def sound(
    notes: NDArray[np.int64],
    weights: NDArray[np.float64],
    beats: Beats,
    bass_notes: NDArray[np.bool_],
    longest: int = 16,
) -> Sound:
    """What sounds in each beat. ``notes`` has rows (onset, pitch, duration, velocity), ``weights`` one number
    for each, ``bass_notes`` marks those of a bass voice (with none, the lowest sounding note below middle C
    is the bass). A note counts for at most ``longest`` beats."""
    count = beats.count
    chroma = np.zeros((count, 12))
    bass = np.zeros((count, 12))
    if not len(notes) or not count:
        return Sound(chroma, bass)
    starts, pitch = notes[:, 0], notes[:, 1]
    ends = starts + notes[:, 2]
    pc = pitch % 12
    edges = beats.starts
    first = np.clip(np.searchsorted(edges, starts, side="right") - 1, 0, count - 1)
    lowest = np.full(count, 200.0)
    held: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    low_voice = bass_notes if bass_notes.any() else np.ones(len(pitch), dtype=bool)
    for step in range(longest):
        slot = first + step
        alive = slot < count
        slot = np.minimum(slot, count - 1)
        left, right = np.maximum(edges[slot], starts), np.minimum(edges[slot + 1], ends)
        overlap = np.where(alive, right - left, 0)
        alive &= overlap > 0
        if not alive.any():
            break
        share = overlap[alive] / 960.0
        np.add.at(chroma, (slot[alive], pc[alive]), share * weights[alive])
        low = alive & low_voice
        if low.any():
            # The lowest note counts by how long it sounds and by standing at the start of its beat.
            early = np.where(left[low] - edges[slot[low]] < 240, 1.5, 1.0)
            strength = overlap[low] / 960.0 * early
            held.append((slot[low], pitch[low], strength))
            np.minimum.at(lowest, slot[low], pitch[low])
    for slot, pitches, strength in held:
        near = pitches <= lowest[slot] + _LOWEST
        np.add.at(bass, (slot[near], pitches[near] % 12), strength[near])
    total = bass.sum(axis=1, keepdims=True)
    return Sound(chroma, bass / np.maximum(total, 1.0))


@lru_cache(maxsize=1)
def _states() -> tuple[list[tuple[int, str]], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(root, quality) of each state; log chance of each pitch class; of each bass; log prior."""
    names: list[tuple[int, str]] = []
    tones, basses, priors = [], [], []
    for root in range(12):
        for quality, weights, prior in _QUALITIES:
            names.append((root, quality))
            row = np.full(12, _FOREIGN)
            low = np.full(12, 0.012)
            for place, (interval, weight) in enumerate(sorted(weights.items())):
                row[(root + interval) % 12] = weight
                low[(root + interval) % 12] = _BASS[place]
            tones.append(np.log(row / row.sum()))
            basses.append(np.log(low))
            priors.append(prior)
    return names, np.array(tones), np.array(basses), np.array(priors)


def find_chords(heard: Sound, beats: Beats, key: Key) -> list[ChordSpan]:
    """The chords of the song, one span for each stretch of beats with one chord, in the ticks of ``beats``.
    Before the first note and where nothing sounds for two bars stands N.C."""
    count = beats.count
    if not count:
        return []
    names, tones, basses, priors = _states()
    loud = heard.chroma.sum(axis=1)
    present = loud > 0.02
    if not present.any():
        return [ChordSpan(int(beats.starts[0]), int(beats.starts[-1] - beats.starts[0]), NO_CHORD)]
    # A beat's sound counts up to a full chord's worth; a thin beat says less.
    full = np.median(loud[present])
    share = heard.chroma / np.where(present, loud, 1.0)[:, None]
    gain = _GAIN * np.minimum(loud / full, 1.25)
    inside = np.array([root_in(key, root, quality) for root, quality in names])
    evidence = gain[:, None] * (share @ tones.T)
    evidence += heard.bass @ basses.T
    evidence += (priors - _KEY * inside) * np.where(present, 0.5, 0.0)[:, None]
    path = _viterbi(evidence, beats.strength)
    spans: list[ChordSpan] = []
    silent = _silent(present, beats)
    starts = beats.starts.tolist()
    begin = 0
    for i in range(1, count + 1):
        if i < count and path[i] == path[begin] and silent[i] == silent[begin]:
            continue
        root, quality = names[path[begin]]
        chord = NO_CHORD if silent[begin] else _named(heard, begin, i, root, quality)
        spans.append(ChordSpan(starts[begin], starts[i] - starts[begin], chord))
        begin = i
    return spans


def root_in(key: Key, root: int, quality: str) -> int:
    """How many tones of a chord are outside the key; a dominant's third and seventh are not counted twice."""
    tones = next(weights for name, weights, _ in _QUALITIES if name == quality)
    return sum((root + interval) % 12 not in key.pitch_classes for interval in tones)


def _viterbi(evidence: NDArray[np.float64], strength: NDArray[np.int64]) -> list[int]:
    """The best state for each beat: stay for nothing, change for the price of the place."""
    count = len(evidence)
    score = evidence[0].copy()
    origin = np.zeros((count, evidence.shape[1]), dtype=np.int32)
    everyone = np.arange(evidence.shape[1])
    for i in range(1, count):
        best = int(np.argmax(score))
        moved = score[best] - _SWITCH[int(strength[i])]
        stay = score >= moved
        origin[i] = np.where(stay, everyone, best)
        score = np.where(stay, score, moved) + evidence[i]
    at = int(np.argmax(score))
    path = [at]
    for i in range(count - 1, 0, -1):
        at = int(origin[i, at])
        path.append(at)
    return path[::-1]


def _silent(present: NDArray[np.bool_], beats: Beats) -> NDArray[np.bool_]:
    """Beats in a rest of two bars or more, or before the first note."""
    quiet = np.zeros(len(present), dtype=bool)
    begin = 0
    for i in range(len(present) + 1):
        if i < len(present) and not present[i]:
            continue
        if i > begin and (begin == 0 or beats.bar[i - 1] - beats.bar[begin] >= 2):
            quiet[begin:i] = True
        begin = i + 1
    return quiet


def _named(heard: Sound, begin: int, end: int, root: int, quality: str) -> Chord:
    """The chord under the name that music21 has for its sound, where that says more than the template; with
    its bass, where another tone than the root clearly lies below it all along."""
    bass = heard.bass[begin:end].sum(axis=0)
    chroma = heard.chroma[begin:end].sum(axis=0)
    plain = make_chord(root, quality)
    lowest = int(np.argmax(bass)) if bass.any() else root
    strong = np.flatnonzero(chroma > _STRONG * chroma.sum())
    mask = sum(1 << int(pc) for pc in strong) | 1 << root
    answer = figure(mask, lowest if mask >> lowest & 1 else root)
    named = QUALITY_OF_KIND.get(answer.kind)
    chord = plain
    if named is not None and answer.root == root:
        fuller = make_chord(root, named)
        if fuller.family is plain.family and fuller.quality.pitch_classes > plain.quality.pitch_classes:
            chord = fuller
    if lowest != root and bass[lowest] > 0.6 * bass.sum() and bass[root] < 0.25 * bass.sum():
        tones = next(weights for name, weights, _ in _QUALITIES if name == quality)
        if (lowest - root) % 12 in tones:
            return make_chord(root, chord.quality.name, lowest)
    return chord
