"""A page of the phrase library, as the library screen asks for it and shows it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """One phrase. ``notes`` are ``(onset, duration, pitch)`` in ticks over ``length``; ``count`` is how many
    near-duplicates of it were met."""

    id: int
    role: str
    style: str
    bars: int
    chords: str
    origin: str
    notes: tuple[tuple[int, int, int], ...]
    length: int
    kept: bool
    banned: bool
    played: int
    count: int


@dataclass(frozen=True, slots=True)
class LibraryPage:
    """Rows ``first`` and on of the ``total`` that the words of ``wanted`` describe; ``problem`` says why
    there are none, where that is not the words' doing."""

    wanted: str
    first: int
    total: int
    rows: tuple[LibraryRow, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What the library screen asks for."""

    wanted: str
    first: int
    count: int
