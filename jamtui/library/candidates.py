"""Which phrases are worth ranking: the nearest by everything that is known, and the nearest by harmony."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from jamtui.library.cells import Numbers
from jamtui.library.features import CHORDS, DENSITY, H_DENSITY, WEIGHTS
from jamtui.library.flatten import Floats, Ints
from jamtui.library.index import Shelf, Space
from jamtui.library.query_vector import Query, Wanted, aim
from jamtui.library.texts import meter_text
from jamtui.music.phrase import Role

FETCH_WHOLE = 20
FETCH_HARMONY = 12
BUDGET = 4096
"""Vectors of a shelf that one fetch looks at."""
SMALL_SHELF = 512
"""With fewer phrases in the style that is wanted, other styles are asked too."""
FETCH_OTHERS = 12


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Phrases by ascending number. ``shelf`` says on which of ``shelves`` each was found; ``harmony`` and
    ``energy`` (0 to 1) how near its chords and its density are to what is wanted."""

    numbers: Numbers
    shelf: Ints
    harmony: Floats
    energy: Floats
    shelves: tuple[Shelf, ...]

    def but(self, avoid: Collection[int]) -> "Candidates":
        """Without those of ``avoid``."""
        stay = [i for i, number in enumerate(self.numbers.tolist()) if number not in avoid]
        return Candidates(
            self.numbers[stay], self.shelf[stay], self.harmony[stay], self.energy[stay], self.shelves
        )


class _Nets:
    """What the fetches of one search have brought so far."""

    def __init__(self, known: Wanted, harmonic: bool) -> None:
        self._known = known
        self._aim = aim(known, harmonic)
        self._harmonic = harmonic
        self._shelves: list[Shelf] = []
        self._numbers: list[Numbers] = []
        self._chords: list[Floats] = []
        """The chords of what was found."""
        self._density: list[Floats] = []
        self._counts: list[int] = []
        """How many of what was found are of each of the shelves."""
        self._wanted_density: list[np.float32] = []

    def cast(self, shelf: Shelf, whole: int, harmony: int, budget: int) -> None:
        """Ask ``shelf`` for so many phrases in each space."""
        query = self._aim.whole(shelf)
        count = self._take(shelf.spaces["whole"], query, whole, budget, DENSITY)
        if self._harmonic and harmony:
            query_harmony = self._aim.by_harmony(shelf)
            count += self._take(shelf.spaces["harmony"], query_harmony, harmony, budget, H_DENSITY)
        self._shelves.append(shelf)
        self._counts.append(count)
        self._wanted_density.append(query[DENSITY])

    def _take(self, space: Space, query: Floats, k: int, budget: int, density: int) -> int:
        near = space.nearest(query, k, budget)
        vectors = space.vectors.take(near.rows, axis=0)
        self._numbers.append(near.phrases)
        self._chords.append(vectors[:, CHORDS])
        self._density.append(vectors[:, density])
        return len(vectors)

    def fewer_than(self, count: int) -> bool:
        """Whether fewer different phrases were caught so far."""
        # Nothing is found twice in one space.
        if any(len(part) >= count for part in self._numbers):
            return False
        return len({number for part in self._numbers for number in part.tolist()}) < count

    def caught(self) -> Candidates:
        """All of it; a phrase that was found twice counts once."""
        numbers = np.concatenate(self._numbers)
        order = numbers.argsort(kind="stable")
        numbers = numbers[order]
        once = np.empty(len(numbers), np.bool_)
        once[:1] = True
        np.not_equal(numbers[1:], numbers[:-1], out=once[1:])
        numbers, first = numbers[once], order[once]
        of = np.arange(len(self._shelves)).repeat(self._counts)[first]
        if self._harmonic:
            away = np.concatenate(self._chords)[first] - np.float32(WEIGHTS["chords"]) * self._known.chords
            harmony = 1 - np.einsum("ij,ij->i", away, away) / (4 * WEIGHTS["chords"] ** 2)
        else:
            harmony = np.ones(len(numbers), np.float32)
        wanted = np.array(self._wanted_density, np.float32)[of]
        energy = 1 - np.abs(np.concatenate(self._density)[first] - wanted) / WEIGHTS["density"]
        return Candidates(numbers, of, np.maximum(0, harmony), np.maximum(0, energy), tuple(self._shelves))


def fetch(
    shelves: Sequence[Shelf], query: Query, known: Wanted, extra: int, budget: int = BUDGET
) -> Candidates | None:
    """What the vectors say is near, and ``extra`` more; None where there is nothing for the role.

    Other styles are asked where the wanted one has few phrases, other meters where there is little else.
    """
    meter, role = meter_text(query.meter), query.role.value
    mine = [s for s in shelves if s.role == role and s.size]
    if not mine:
        return None
    here = [s for s in mine if s.meter == meter]
    own = [s for s in here if not query.style or s.style in ("", query.style)]
    others = [s for s in here if s not in own] if sum(s.size for s in own) < SMALL_SHELF else []
    nets = _Nets(known, query.role is not Role.DRUMS and bool(query.chords))
    share = budget // max(1, len(own))
    for shelf in own:
        nets.cast(shelf, FETCH_WHOLE + extra, FETCH_HARMONY, share)
    if not others and nets.fewer_than(FETCH_WHOLE):
        others = [s for s in mine if s.meter != meter]
    for shelf in others:
        nets.cast(shelf, FETCH_OTHERS, 0, share // 4)
    return nets.caught()
