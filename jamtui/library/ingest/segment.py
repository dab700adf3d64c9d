"""Cutting a voice into phrases of 1, 2 and 4 bars where a player would breathe.

A bar line is a good place to cut where a rest or a long note stands before it, where a bar comes back, or
where four bars are full; a note that sounds across it makes it a bad one. The best way through all bars is
found by dynamic programming; the halves of what comes out are taken too where they can stand alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from jamtui.music.meter import Meter
from jamtui.music.phrase import Note, Role

LENGTHS = (4, 2, 1)
_COST = 0.45
"""What every cut has to be worth."""
_FEWEST = {
    Role.LEAD: {1: 3, 2: 4, 4: 7},
    Role.BASS: {1: 2, 2: 4, 4: 8},
    Role.COMP: {1: 2, 2: 4, 4: 8},
    Role.DRUMS: {1: 3, 2: 6, 4: 12},
}
"""Notes that a phrase of so many bars has at least."""
_MOST = 24
"""Notes to the quarter note that no player of the band can play; comping counts stacks."""


@dataclass(frozen=True, slots=True)
class Piece:
    """``bars`` bars from bar ``first`` of the section on; ``notes`` relative to its start, in order."""

    first: int
    bars: int
    notes: tuple[Note, ...]


def cut(notes: Sequence[Note], count: int, meter: Meter, role: Role) -> list[Piece]:
    """The phrases in ``count`` bars of notes, whose onsets count from the first bar line; all lengths, in
    order of their first bar."""
    ticks = meter.bar_ticks
    by_bar: list[list[Note]] = [[] for _ in range(count)]
    for note in notes:
        if 0 <= note.onset < count * ticks:
            by_bar[note.onset // ticks].append(note)
    strength = boundaries(by_bar, meter)
    pieces: dict[tuple[int, int], Piece] = {}
    for first, length in _best_cuts(by_bar, strength):
        _take(pieces, by_bar, first, length, ticks, role)
        if length > 1 and strength[first + length // 2] > -0.2:
            half = length // 2
            for begin in (first, first + half):
                _take(pieces, by_bar, begin, half, ticks, role)
                if half > 1 and strength[begin + 1] > 0.15:
                    _take(pieces, by_bar, begin, 1, ticks, role)
                    _take(pieces, by_bar, begin + 1, 1, ticks, role)
    return [pieces[key] for key in sorted(pieces)]


def boundaries(by_bar: Sequence[Sequence[Note]], meter: Meter) -> list[float]:
    """How good a place each bar line is to cut at, from about -0.8 (a note sounds across it) to 2; one
    number more than there are bars."""
    count, ticks = len(by_bar), meter.bar_ticks
    beat = ticks / max(1, meter.beats)
    found = [0.0] * (count + 1)
    found[0] = found[count] = 1.0
    signatures = [
        tuple((n.onset - b * ticks, n.pitch) for n in bar) if len(bar) > 1 else ()
        for b, bar in enumerate(by_bar)
    ]
    seen: dict[tuple[tuple[int, int], ...], int] = {}
    sounding = 0
    for b in range(count):
        line = b * ticks
        if b:
            value = 0.16 if b % 4 == 0 else 0.08 if b % 2 == 0 else 0.0
            before, here = by_bar[b - 1], by_bar[b]
            if sounding > line + 30:
                value -= 0.8
            else:
                last = max(before, key=lambda n: (n.onset, n.duration), default=None)
                rest = (here[0].onset if here else line + ticks) - max(sounding, line - ticks)
                value += min(max(rest, 0) / beat, 3.0) * 0.35
                if last is not None and last.duration >= 1.5 * beat:
                    value += 0.3
            earlier = seen.get(signatures[b])
            # The first bar had none before it, so it comes back after another one whatever that is.
            if (
                signatures[b]
                and earlier is not None
                and (earlier == 0 or signatures[b - 1] != signatures[earlier - 1])
            ):
                value += 0.4
            found[b] = value
        seen.setdefault(signatures[b], b)
        for note in by_bar[b]:
            sounding = max(sounding, note.onset + note.duration)
    return found


def _best_cuts(by_bar: Sequence[Sequence[Note]], strength: Sequence[float]) -> list[tuple[int, int]]:
    """(first bar, bars) of the best way through all bars; empty bars are passed over one by one."""
    count = len(by_bar)
    score = [0.0] + [-1e9] * count
    came = [0] * (count + 1)
    for b in range(count):
        if not by_bar[b] and score[b] > score[b + 1]:
            score[b + 1], came[b + 1] = score[b], -1
        for length in LENGTHS:
            end = b + length
            if end > count or not by_bar[b]:
                continue
            value = score[b] + strength[end] - _COST
            if value > score[end]:
                score[end], came[end] = value, length
    cuts = []
    at = count
    while at > 0:
        if came[at] > 0:
            cuts.append((at - came[at], came[at]))
        at -= max(1, came[at])
    return cuts[::-1]


def _take(
    pieces: dict[tuple[int, int], Piece],
    by_bar: Sequence[Sequence[Note]],
    first: int,
    length: int,
    ticks: int,
    role: Role,
) -> None:
    start, size = first * ticks, length * ticks
    notes = tuple(
        Note(n.onset - start, n.pitch, min(n.duration, start + size - n.onset), n.velocity, n.residual)
        for bar in by_bar[first : first + length]
        for n in bar
    )
    moments = len({n.onset for n in notes})
    if (first, length) in pieces or len(notes) < _FEWEST[role][length]:
        return
    if moments > _MOST * size / 960 / 4 or (role is Role.COMP and len(notes) > 64 * length):
        return
    # Half of the bars at least have to say something.
    if sum(bool(bar) for bar in by_bar[first : first + length]) * 2 < length + (length == 2):
        return
    pieces[first, length] = Piece(first, length, notes)
