"""What temperature and energy do to the notes of a phrase: colour them, thin them out."""

import itertools
from collections.abc import Sequence

from jamtui.music.meter import EIGHTH, PPQ
from jamtui.music.phrase import Role
from jamtui.session.book import Function
from jamtui.session.laid import Hand, Laid
from jamtui.session.randomness import chance

_GHOST = 60
"""Written velocities below it are ghost notes."""

_CALM = 0.4
"""Energy below which ornaments are left out, the more the calmer."""


def colour(laid: Sequence[Laid], bar_start: int, hand: Hand) -> None:
    """Temperature shows in the short notes off the beat and in quarters on two and four: the warmer, the
    more of them lead into the chord tone after them by a semitone; the cooler, the more written approach
    notes become notes of the scale."""
    outside, inside = 1.3 * (hand.temperature - 0.45), 2.5 * (0.35 - hand.temperature)
    if outside <= 0 and inside <= 0:
        return
    for index, (note, following) in enumerate(itertools.pairwise(laid)):
        weak = note.tick % PPQ != 0
        even = not weak and (note.tick - bar_start) // PPQ % 2 == 1
        if not (weak or even) or following.tick - note.tick > (EIGHTH if weak else PPQ):
            continue
        approach = note.written.function is Function.APPROACH
        leads_here = index > 0 and (
            laid[index - 1].chromatic or laid[index - 1].written.function is Function.APPROACH
        )
        if approach and chance(hand.seed, "colour", note.tick) < inside:
            pitch = note.pitch + note.table.to_scale[note.pitch % 12]
            if pitch != following.pitch and not leads_here:
                note.pitch = pitch
        elif not approach and not leads_here and following.written.function is Function.CHORD:
            way = note.pitch - following.pitch
            if 1 < abs(way) <= 4 and chance(hand.seed, "colour", note.tick) < outside:
                note.pitch = following.pitch + (1 if way > 0 else -1)
                note.chromatic = True


def thin(laid: list[Laid], count: int, hand: Hand) -> tuple[list[Laid], int]:
    """A calm band, or one that is asked for fewer notes, leaves out ghost notes and, in a line, short notes
    off the beat; never one that an approach note leads to. The second value counts the notes kept of the
    first ``count``."""
    share = max(0.0, 1.5 * (_CALM - hand.energy)) + max(0.0, 1.4 * (0.5 - hand.density))
    if share <= 0:
        return laid, count
    kept: list[Laid] = []
    left = 0
    for index, note in enumerate(laid):
        ghost = note.written.velocity < _GHOST
        passing = hand.role is Role.LEAD and note.tick % PPQ and note.written.duration <= EIGHTH
        target = index > 0 and (
            laid[index - 1].chromatic or laid[index - 1].written.function is Function.APPROACH
        )
        if index < count and index and (ghost or passing) and not target:
            likely = 2.0 * share if ghost else share
            if chance(hand.seed, "thin", hand.role, note.tick) < likely:
                continue
        kept.append(note)
        left += index < count
    return kept, left


def less_ghosts(laid: list[Laid], hand: Hand) -> list[Laid]:
    """Comping without some of its ghost hits where the band is calm; whole hits stay or go."""
    likely = max(0.0, 3.0 * (_CALM - hand.energy)) + max(0.0, 2.0 * (0.5 - hand.density))
    if likely <= 0:
        return laid
    return [
        note
        for note in laid
        if note.written.velocity >= _GHOST or chance(hand.seed, "thin", hand.role, note.tick) >= likely
    ]
