"""The voicings of a stored comping phrase over other chords."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jamtui.library.placing import Event
from jamtui.session.comping import COMP_CENTRE
from jamtui.session.voicelead import ChordTable, clear_mud, fold, movement, voicings_for

MOST = 5
"""Notes of a hit that are kept, the highest: more is two hands, and the bass has its own player."""
_OWN = 3.0
"""Semitones of movement that the phrase's own voicing may cost more than one that is built."""
_TENSION = 2.5
"""Semitones of movement that a tension in a voicing costs: the phrase says how open it is, not the table."""


@dataclass(frozen=True, slots=True)
class Voiced:
    """``pitch`` takes the place of event number ``event``."""

    event: int
    pitch: int


@dataclass(frozen=True, slots=True)
class _Held:
    """What became of a written voicing over a chord; ``firm``: of chord tones alone."""

    table: ChordTable | None
    written: tuple[int, ...]
    firm: bool
    chosen: tuple[int, ...]


def voice(
    events: Sequence[Event],
    under: Sequence[ChordTable | None],
    way: int,
    bounds: tuple[int, int],
    before: tuple[int, ...],
    strong: Callable[[int], bool],
) -> list[Voiced]:
    """A pitch for what is kept of each hit (events that begin together), in the order of time.

    A hit of three or more notes says third or seventh of its chord; two may share them; a single note is
    fitted as part of a broken chord. ``way`` is the transposition in semitones. Where ``strong`` says so of
    an onset, tensions of the phrase become tones of the chord.
    """
    low, high = bounds
    voiced: list[Voiced] = []
    held: dict[int, _Held] = {}
    at = 0
    while at < len(events):
        end = at
        while end < len(events) and events[end].onset == events[at].onset:
            end += 1
        hit = sorted(range(at, end), key=lambda i: events[i].pitch)
        table = under[at]
        written = tuple(sorted({events[i].pitch + way for i in hit}))
        firm = strong(events[at].onset)
        known = held.get(len(written))
        if known is not None and known.table is table and known.written == written and known.firm >= firm:
            chosen = known.chosen  # the same voicing again stays the same
        else:
            chosen = _choose(written, table, low, high, before, firm)
            held[len(written)] = _Held(table, written, firm, chosen)
        for n, pitch in enumerate(chosen):
            # From the top: what lies lowest is what a smaller voicing leaves out.
            index = hit[max(0, len(hit) - len(chosen) + n)]
            voiced.append(Voiced(index, pitch))
        before = chosen or before
        at = end
    return voiced


def _choose(
    written: tuple[int, ...],
    table: ChordTable | None,
    low: int,
    high: int,
    before: tuple[int, ...],
    strong: bool,
) -> tuple[int, ...]:
    inside = [p for p in written if low <= p <= high]
    kept = inside if len(inside) >= min(3, len(written)) else [fold(p, low, high) for p in written]
    kept = sorted(set(kept))[-MOST:]
    if table is None:
        return clear_mud(kept, low, high)
    if len(kept) == 1:
        pitch = kept[0] + table.to_tone[kept[0] % 12]
        return (fold(pitch, low, high),)
    ways = table.to_tone if strong else table.to_consonant
    own = clear_mud([p + ways[p % 12] for p in kept], low, high)
    centre = min(COMP_CENTRE, (low + high) / 2)

    def cost(voicing: Sequence[int]) -> float:
        middle = sum(voicing) / len(voicing)
        foreign = sum(p % 12 not in table.tones for p in voicing)
        return movement(before, voicing) + 0.4 * abs(middle - centre) + _TENSION * foreign

    best, best_cost = own, 1e9
    if own and _says(own, table, len(kept)):
        best_cost = cost(own) - _OWN
    size = len(kept) if len(kept) > 2 else 3
    for voicing in voicings_for(table, min(4, size), low, high):
        if (here := cost(voicing)) < best_cost:
            best, best_cost = voicing, here
    return best[-len(kept) :] if len(kept) == 2 else best


def _says(voicing: Sequence[int], table: ChordTable, wanted: int) -> bool:
    """Whether a voicing tells the chord: its third (or what stands for it) or its seventh, and no note short
    of what was played."""
    if len(voicing) < min(3, wanted):
        return False
    guides = {(p - table.root) % 12 for p in voicing} & {(t - table.root) % 12 for t in table.tones}
    return bool(guides & {2, 3, 4, 5, 9, 10, 11})
