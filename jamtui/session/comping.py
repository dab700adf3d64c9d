"""Lay a comping phrase over the chords that are really there, by voicings that lead into each other."""

from collections.abc import Sequence

from jamtui.music.phrase import Note
from jamtui.session.harmony import Harmony
from jamtui.session.laid import Hand, Laid, by_chord, degree_of, gather, until_wrong, velocity_of
from jamtui.session.shading import less_ghosts
from jamtui.session.shelf import Line
from jamtui.session.voicelead import (
    clear_mud,
    close_stack,
    fold,
    movement,
    octave_near,
    voicings_for,
    ways_to,
)

COMP_CENTRE = 61.0
"""Where the middle of a voicing likes to be: around middle C, under the lead."""


def lay_chords(
    line: Line, origin: int, start: int, end: int, bar_start: int, hand: Hand, harmony: Harmony
) -> list[Note]:
    """The voicings of a comping phrase from ``start`` to ``end``, onsets relative to ``bar_start``.

    Rhythm, size and movement of the hits are the phrase's; which inversion begins over each chord is the
    one that moves the hand least."""
    laid, count = gather(line, origin, start, end, harmony, hand.surprise)
    inside = less_ghosts(laid[:count], hand)
    if not inside:
        return []
    before = hand.before
    notes: list[Note] = []
    for group in by_chord(inside):
        hits: list[list[Laid]] = []
        for note in group:
            if hits and hits[-1][0].tick == note.tick:
                hits[-1].append(note)
            else:
                hits.append([note])
        for hit, pitches in zip(hits, _voice(line, hits, before, hand), strict=True):
            tick = hit[0].tick
            duration = max(n.written.duration for n in hit)
            velocity = max(velocity_of(n.written, hand) for n in hit)
            for pitch in pitches:
                lasting = until_wrong(tick, pitch, duration, harmony, hand)
                notes.append(Note(tick - bar_start, pitch, lasting, velocity))
            before = pitches
    return notes


def _voice(
    line: Line, hits: Sequence[Sequence[Laid]], before: tuple[int, ...], hand: Hand
) -> list[tuple[int, ...]]:
    """A voicing for each hit over one chord: the written ones in the octave, or a close one in the
    inversion, that is nearest to ``before`` and to the middle of the range."""
    table = hits[0][0].table
    quality = line.chords[hits[0][0].written.chord].quality
    centre = min(COMP_CENTRE, (hand.low + hand.high) / 2)
    degrees = [[degree_of(n, quality) for n in hit] for hit in hits]

    def cost(voicing: Sequence[int]) -> float:
        middle = sum(voicing) / len(voicing)
        return movement(before, voicing) + abs(middle - centre) * (0.4 if before else 0.8)

    def laid_on(root: int, hit: Sequence[int]) -> tuple[int, ...]:
        pitches = [root + d for d in hit]
        pitches = [p + table.to_consonant[p % 12] for p in pitches]
        return clear_mud(pitches, hand.low, hand.high)

    best: list[tuple[int, ...]] = []
    best_cost = 1e9
    size = len(hits[0])
    every = sorted({d for hit in degrees for d in hit})
    near = octave_near(centre - sum(every) / len(every), table.root)
    safe = hand.safe if hand.safe and hits[0][0].tick < hand.safe_until else frozenset()
    for root in (near, near - 12, near + 12):
        if root + every[0] < hand.low or root + every[-1] > hand.high:
            continue
        # Where the first hit is one note of a broken chord, the whole chord says where the hand is.
        whole = laid_on(root, every if size < 3 else degrees[0])
        first = laid_on(root, degrees[0])
        if not first or (safe and any(p % 12 not in safe for p in first)):
            continue
        # What was written is preferred to what is built unless the hand would have to jump.
        if (here := cost(whole or first) - 2.5) < best_cost:
            best, best_cost = [first, *(laid_on(root, d) for d in degrees[1:])], here
    if size > 1:
        options = voicings_for(table, min(4, max(3, size)), hand.low, hand.high)
        if safe:
            options = tuple(v for v in options if all(p % 12 in safe for p in v))
        for voicing in options:
            if (here := cost(voicing)) < best_cost:
                best, best_cost = [voicing] * len(hits), here
    if not best:
        # What is safe is more than a voicing: of it, what says the chord.
        classes = sorted(safe & table.tones) or sorted(safe or table.tones)
        best = [close_stack(classes[:4], centre, hand.low, hand.high, before)] * len(hits)
    if safe:
        return [_kept_safe(v, hit[0].tick, hand) for v, hit in zip(best, hits, strict=True)]
    return [v or best[0] for v in best]


def _kept_safe(voicing: tuple[int, ...], tick: int, hand: Hand) -> tuple[int, ...]:
    if tick >= hand.safe_until:
        return voicing
    ways = ways_to(hand.safe)
    return tuple(sorted({fold(p + ways[p % 12], hand.low, hand.high) for p in voicing}))
