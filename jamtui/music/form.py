"""The form of a chart as it is written, with repeats, endings, segno and coda, and as it is played."""

from collections.abc import Sequence
from dataclasses import dataclass

from jamtui.errors import MusicError

LONGEST = 2000
"""No chart is longer than this many bars when it is played out."""


@dataclass(slots=True)
class Measure:
    """One written bar: ``chords`` as ``(share of the bar, symbol)``, and the signs at its bar lines."""

    chords: list[tuple[float, str]]
    repeat_start: bool = False
    repeat_end: bool = False
    times: int = 2
    """How often the repeated part that ends here is played."""
    endings: frozenset[int] = frozenset()
    """Numbers of the ending that begins here; empty: none does."""
    segno: bool = False
    coda: bool = False
    """The coda sign: where one leaves for the coda, and, the second one, where the coda begins."""
    fine: bool = False
    jump: str = ""
    """After this bar: ``D.C.`` or ``D.S.``, with ``al Coda`` or ``al Fine`` where it says so."""


def play_out(measures: Sequence[Measure]) -> list[Measure]:
    """The bars in the order in which they are played. After a jump repeats are not taken again, and of
    endings the last one is played.

    Raises:
        MusicError: the signs lead round in a circle.
    """
    played: list[Measure] = []
    codas = [n for n, m in enumerate(measures) if m.coda]
    start, turn, at, jumped, leaves = 0, 1, 0, False, ""
    last_end = -1
    while at < len(measures):
        here = measures[at]
        if here.repeat_start and at != start:
            start, turn = at, 1
        elif at > last_end and last_end >= start and not here.repeat_start and not here.endings:
            # Past the end of a repeat: what is repeated next begins here unless it says so itself.
            start, turn, last_end = at, 1, -1
        if here.endings and not _is_turn(measures, at, turn, jumped):
            at = _after_ending(measures, at)
            continue
        if jumped and "coda" in leaves and here.coda and len(codas) > 1 and at == codas[0]:
            leaves = ""
            at = codas[1]
            continue
        played.append(here)
        if len(played) > LONGEST:
            raise MusicError(f"The chart is longer than {LONGEST} bars as it is played; check its repeats.")
        if here.fine and jumped and "coda" not in leaves:
            break
        if here.repeat_end and not jumped:
            if turn < max(here.times, _endings_of(measures, start)):
                turn += 1
                at = start
                continue
            last_end = at
        if here.jump and not jumped:
            words = here.jump.lower()
            jumped, leaves = True, words
            segno = next((n for n, m in enumerate(measures) if m.segno), 0)
            at = segno if words.startswith("d.s") else 0
            start, turn, last_end = at, 1, -1
            continue
        at += 1
    return played


def _group(measures: Sequence[Measure], at: int) -> list[int]:
    """The first bars of the endings that belong together with the one at ``at``."""
    first = at
    while (before := _ending_before(measures, first)) is not None:
        first = before
    group = [first]
    while True:
        following = _after_ending(measures, group[-1])
        if following >= len(measures) or not measures[following].endings:
            return group
        group.append(following)


def _ending_before(measures: Sequence[Measure], at: int) -> int | None:
    """The ending that goes directly before the one at ``at``."""
    if not at or not measures[at - 1].repeat_end:
        return None
    for n in range(at - 1, -1, -1):
        if measures[n].endings:
            return n
        if n < at - 1 and (measures[n].repeat_end or measures[n].repeat_start):
            return None
    return None


def _is_turn(measures: Sequence[Measure], at: int, turn: int, jumped: bool) -> bool:
    group = _group(measures, at)
    if jumped or turn > max(n for g in group for n in measures[g].endings):
        return at == group[-1]
    return turn in measures[at].endings


def _after_ending(measures: Sequence[Measure], at: int) -> int:
    """The bar after the ending that begins at ``at``: behind its repeat sign or before the next ending."""
    for n in range(at, len(measures)):
        if n > at and measures[n].endings:
            return n
        if measures[n].repeat_end:
            return n + 1
    return len(measures)


def _endings_of(measures: Sequence[Measure], start: int) -> int:
    """The highest number of the endings of the repeat that begins at ``start``."""
    highest = 0
    for n in range(start, len(measures)):
        if n > start and measures[n].repeat_start:
            break
        if measures[n].endings:
            return max(m for g in _group(measures, n) for m in measures[g].endings)
        highest = max(highest, 0)
        if measures[n].repeat_end:
            break
    return highest
