"""What a library can do, wherever it lies. All that crosses this interface are plain values.

Every method raises StoreError with one sentence for the musician where the library cannot be used. Stores and
readers may be used from several threads; the threads take turns.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from jamtui.library.cells import Cells, Numbers
from jamtui.library.flatten import Floats
from jamtui.library.prepared import Prepared
from jamtui.library.records import (
    AddResult,
    Choice,
    Listed,
    PhraseRecord,
    SourceRecord,
    StoreSetAside,
    StoreStats,
)

CatalogueRow = tuple[int, bytes, int, str, int, int | None, int]
"""Of one phrase: number, notes (``note_blob``), bars, meter (``texts``), pitch class of the first chord (-1
without one), row of its file (None without one), 1 where it is kept. A bare tuple: there are a million."""
MarkRow = tuple[int, int, int, int, int]
"""Number, count, played, kept and banned (1 or 0) of one phrase."""


@dataclass(frozen=True, slots=True)
class ShelfEntry:
    """The phrases of one role, style ("" fits any) and meter (``texts``). ``revision`` is another, higher
    number each time that its cells are made anew, 0 before."""

    number: int
    role: str
    style: str
    meter: str
    revision: int


@dataclass(frozen=True, slots=True, eq=False)
class ShelfVectors:
    """All vectors of a shelf, in ascending order of the phrases' numbers."""

    phrases: Numbers
    whole: Floats
    harmony: Floats


@dataclass(frozen=True, slots=True)
class ChangedPhrase:
    """A phrase that was marked, deleted or went over to another file, as it is now. ``shelf`` is None where
    it is gone."""

    number: int
    shelf: int | None
    banned: bool
    source: int | None
    kept: bool


class PhraseStore(Protocol):
    """A library: files and their phrases are put in, looked up, marked and deleted."""

    @property
    def place(self) -> str:
        """Where it lies, for people."""
        ...

    @property
    def set_aside(self) -> StoreSetAside | None:
        """What was found damaged and moved away when it was opened."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def close(self) -> None:
        """Let it go; the store cannot be used any more. Its readers can."""
        ...

    def reader(self) -> "StoreReader":
        """A way of its own to read, which waits for no writer; to be closed by whoever asked for it."""
        ...

    def add(self, source: SourceRecord, phrases: Sequence[PhraseRecord]) -> AddResult:
        """Store one file's phrases: all of them or, at an error, none.

        A near-duplicate of what is stored raises its count. A file that an older analysis read is replaced:
        its phrases go, but what the musician kept stays, and what was banned and comes again is banned.
        ``phrases`` of a source with ``refused`` must be empty (ValueError). A source without a hash (captured
        phrases) is not recorded.
        """
        ...

    def add_prepared(self, source: SourceRecord, prepared: Prepared) -> AddResult:
        """``add`` for phrases that another process has prepared."""
        ...

    def has_source(self, sha256: str, analysis: int) -> bool:
        """Whether that file was read, or refused, by that analysis or a newer one."""
        ...

    def sources(self) -> list[SourceRecord]:
        """All files in the order in which they came."""
        ...

    def source(self, sha256: str) -> SourceRecord | None:
        """One file by its hash; None where it was never read."""
        ...

    def get(self, number: int) -> PhraseRecord | None:
        """One phrase; None where there is none of that number."""
        ...

    def get_many(self, numbers: Collection[int]) -> dict[int, PhraseRecord]:
        """Those of ``numbers`` that there are."""
        ...

    def numbers(
        self, *, role: str = "", style: str | None = None, source: str = "", only: str = ""
    ) -> list[int]:
        """Numbers, ascending, of the phrases of a role, a style and a file's hash (or its beginning), where
        given; ``only``: those that are ``kept`` or ``banned``."""
        ...

    def styles(self) -> set[str]:
        """The styles that any phrase ever had."""
        ...

    def page(self, choice: Choice, first: int, count: int) -> Listed:
        """``count`` phrases of those that ``choice`` means, from ``first`` on, the newest first."""
        ...

    def alike(self, number: int, count: int) -> list[tuple[int, float]]:
        """The ``count`` phrases of its shelf that are most like a phrase, with their distances, nearest
        first; empty where there is no phrase of that number."""
        ...

    def stats(self) -> StoreStats:
        """What the library holds."""
        ...

    def mark(self, number: int, *, kept: bool | None = None, banned: bool | None = None) -> None:
        """Keep or ban a phrase, or take that back; None leaves it as it is. StoreError where there is no
        phrase of that number."""
        ...

    def played(self, numbers: Iterable[int]) -> None:
        """Count that the band has played phrases; numbers that are gone are passed over."""
        ...

    def remove(self, numbers: Iterable[int]) -> None:
        """Delete phrases; numbers that are gone are passed over. A number is never given twice."""
        ...

    def forget(self, sha256: str) -> int:
        """Delete a file (by its hash) and the phrases that came from it alone; how many those were.

        A phrase that was met in another file too stays and belongs to that one. StoreError where no such
        file was read.
        """
        ...

    def recluster(self, budget_s: float = 0.5) -> int:
        """Bring the search cells up to the library's size, shelf by shelf, until ``budget_s`` seconds are
        used; how many shelves were done. Readers go on with the old cells meanwhile. Cheap when nothing is
        due."""
        ...

    def vacuum(self) -> str:
        """Check everything, give back unused room and renew the search cells; "" or what is damaged."""
        ...

    def backup(self, target: Path) -> int:
        """Write a copy of the library, as it is now, to the file ``target``; its size in bytes. StoreError
        where there is such a file already, or no room."""
        ...


class StoreReader(Protocol):
    """Reads what a search needs, and follows what others write. It never waits for a writer.

    Numbers grow with time: whoever remembers the highest one that was seen finds what is new above it.
    """

    def close(self) -> None:
        """Let it go; the reader cannot be used any more."""
        ...

    def version(self) -> int:
        """Another number after each commit to the library, whoever made it."""
        ...

    def at_one_moment(self) -> AbstractContextManager[None]:
        """What is read inside is all of one moment, whatever is written meanwhile. Not to be nested."""
        ...

    def records(self, numbers: Collection[int]) -> list[PhraseRecord]:
        """Those of ``numbers`` that there are, in no particular order."""
        ...

    def marks(self, numbers: Collection[int]) -> Sequence[MarkRow]:
        """What may change of those of ``numbers`` that there are."""
        ...

    def source_rows(self, hashes: Collection[str]) -> dict[str, int]:
        """The rows of files by their hashes, of those that there are."""
        ...

    def shelves(self) -> list[ShelfEntry]:
        """All shelves that ever were."""
        ...

    def arrivals(self, after: int) -> Sequence[tuple[int, int]]:
        """(phrase, shelf) of all phrases above number ``after``, ascending."""
        ...

    def catalogue(self, after: int, count: int) -> Sequence[CatalogueRow]:
        """The next ``count`` phrases above number ``after``, ascending."""
        ...

    def change_range(self) -> tuple[int, int]:
        """The oldest and the newest change that are remembered; 0 and 0 where there was none."""
        ...

    def changes(self, after: int) -> list[ChangedPhrase]:
        """The phrases that changed after change ``after``, each once."""
        ...

    def banned(self, shelf: int, first: int = 0) -> list[int]:
        """The banned phrases of a shelf from number ``first`` on."""
        ...

    def shelf_vectors(self, shelf: int) -> ShelfVectors:
        """All vectors of a shelf."""
        ...

    def vectors(self, number: int) -> tuple[Floats, Floats] | None:
        """The vectors of one phrase in both spaces; None where there is none of that number."""
        ...

    def cells(self, shelf: int, space: str) -> Cells | None:
        """The cells of a shelf's space (``features.SPACES``); None where it never had any."""
        ...

    def nearest(self, shelf: int, space: str, query: Floats, k: int) -> list[tuple[int, float]]:
        """The exact ``k`` nearest phrases of a shelf with their distances, nearest first."""
        ...
