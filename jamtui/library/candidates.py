"""Which phrases are worth ranking: the nearest by everything that is known, and the nearest by harmony."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from jamtui.library.cells import Numbers
from jamtui.library.features import CHORDS, DENSITY, H_DENSITY, WEIGHTS
from jamtui.library.flatten import Floats, Ints
from jamtui.library.index import Shelf
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
        self._density: list[Floats] = []
        self._of: list[int] = []
        self._wanted_density: list[float] = []

    def cast(self, shelf: Shelf, whole: int, harmony: int, budget: int) -> None:
        """Ask ``shelf`` for so many phrases in each space."""
        query = self._aim.whole(shelf)
        self._wanted_density.append(float(query[DENSITY]))
        self._take(shelf, "whole", query, whole, budget)
        if self._harmonic and harmony:
            self._take(shelf, "harmony", self._aim.by_harmony(shelf), harmony, budget)
        self._shelves.append(shelf)

    def _take(self, shelf: Shelf, space: str, query: Floats, k: int, budget: int) -> None:
        vectors = shelf.spaces[space]
        near = vectors.nearest(query, k, budget)
        self._numbers.append(near.phrases)
        self._chords.append(vectors.vectors[near.rows, CHORDS])
        self._density.append(vectors.vectors[near.rows, DENSITY if space == "whole" else H_DENSITY])
        self._of += [len(self._shelves)] * len(near.phrases)

    @property
    def count(self) -> int:
        """Different phrases so far."""
        return len({number for part in self._numbers for number in part.tolist()})

    def caught(self) -> Candidates:
        """All of it; a phrase that was found twice counts once."""
        numbers = np.concatenate(self._numbers)
        order = np.argsort(numbers, kind="stable")
        numbers = numbers[order]
        once = np.append(True, numbers[1:] != numbers[:-1]) if len(numbers) else order
        numbers, first = numbers[once], order[once]
        of = np.array(self._of, np.int64)[first]
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
    meter = meter_text(query.meter)
    mine = [s for s in shelves if s.role == query.role.value and s.size]
    if not mine:
        return None
    here = [s for s in mine if s.meter == meter]
    own = [s for s in here if not query.style or s.style in ("", query.style)]
    others = [s for s in here if s not in own] if sum(s.size for s in own) < SMALL_SHELF else []
    nets = _Nets(known, query.role is not Role.DRUMS and bool(query.chords))
    share = budget // max(1, len(own))
    for shelf in own:
        nets.cast(shelf, FETCH_WHOLE + extra, FETCH_HARMONY, share)
    if not others and nets.count < FETCH_WHOLE:
        others = [s for s in mine if s.meter != meter]
    for shelf in others:
        nets.cast(shelf, FETCH_OTHERS, 0, share // 4)
    return nets.caught()
