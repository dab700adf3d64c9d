"""What the screen sees of the plan: piano rolls and the chords to come."""

from collections.abc import Mapping

from jamtui.music.meter import EIGHTH, PPQ
from jamtui.music.phrase import Role
from jamtui.session.barlines import BarLines
from jamtui.session.harmony import Harmony
from jamtui.session.runway import Runway
from jamtui.session.snapshot import NextChord, Roll, RollNote


class RollBook:
    """Piano rolls by role, made anew only when the plan changed or an eighth has passed."""

    def __init__(self) -> None:
        self._made: dict[Role, tuple[int, int, Roll]] = {}

    def rolls(self, runways: Mapping[Role, Runway], now: int, locked: int) -> dict[Role, Roll]:
        """Rolls with notes before ``now`` sounding or played, before ``locked`` locked, others planned."""
        place = now // EIGHTH
        found: dict[Role, Roll] = {}
        for role, runway in runways.items():
            known = self._made.get(role)
            if known is None or known[0] != runway.revision or known[1] != place:
                notes = tuple(
                    RollNote(
                        n.tick, n.duration, n.pitch, n.velocity, n.source.value,
                        "s" if n.tick <= now else "l" if n.tick < locked else "p",
                    )
                    for bar in runway.bars
                    for n in bar.notes
                )  # fmt: skip
                if known is not None and known[2].notes == notes:
                    roll = known[2]
                else:
                    roll = Roll(role.value, known[2].revision + 1 if known else 1, notes)
                known = self._made[role] = (runway.revision, place, roll)
            found[role] = known[2]
        return found


def next_chords(harmony: Harmony, lines: BarLines, tick: int, count: int) -> tuple[NextChord, ...]:
    """Up to ``count`` chords after ``tick``, where a chart (or an early key press) makes them known."""
    found: list[NextChord] = []
    at = tick
    last = harmony.at(tick)
    for _ in range(4 * count):
        at = harmony.next_change(at)
        if at > tick + 64 * PPQ or len(found) == count:
            break
        chord = harmony.at(at)
        if chord is not None and chord != last:
            found.append(NextChord(chord.symbol, lines.bar_at(at).number + 1, (at - tick) / PPQ))
        last = chord
    return tuple(found)
