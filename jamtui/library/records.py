"""What the phrase library stores: phrases and the files they came from."""

from dataclasses import dataclass
from pathlib import Path

from jamtui.music.phrase import Phrase

STARTER = "starter/"
"""How ``SourceRecord.path`` of the starter phrases begins."""
CAPTURED = "captured"
"""``SourceRecord.path`` of what the musician captured: it is no file."""
FORGOTTEN = "forgotten"
"""``SourceRecord.refused`` of starter phrases that the musician has deleted: they are not put in again."""


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One ingested file, or why it was refused."""

    sha256: str
    """Hash of the file's bytes, lower-case hexadecimal; what a file is known by."""
    path: str
    """Where it was found, for people; not needed again."""
    title: str = ""
    licence: str = ""
    ingested_at: float = 0.0
    """Seconds since 1970, UTC."""
    analysis: int = 0
    """Version of the analysis that read it; a newer one reads the file again."""
    refused: str = ""
    """Why nothing was taken, in words; empty where it was."""


@dataclass(frozen=True, slots=True)
class PhraseRecord:
    """One phrase as stored: the music, where it comes from and what became of it."""

    phrase: Phrase
    """Notes on the straight grid with their residual; ``origin`` is ``Source.LIBRARY``."""
    key: str = ""
    """The local key, as "D minor"; empty where it is not known."""
    romans: tuple[str, ...] = ()
    """Roman numerals in that key, one per chord span; empty where there is no key."""
    swing: float = 0.5
    """Share of the beat that the first eighth took when it was played: 0.5 straight, 0.667 triplets."""
    source: str = ""
    """``SourceRecord.sha256``; empty for what the musician captured."""
    first_bar: int = 0
    """Bar of the source at which the phrase starts, counted from 0."""
    count: int = 1
    """How many near-duplicates of it were seen, itself included."""
    id: int = 0
    """The store's number; 0 where it is not stored yet."""
    played: int = 0
    """How often the band has played it."""
    kept: bool = False
    """The musician wants to hear it again."""
    banned: bool = False
    """The musician never wants to hear it again."""


@dataclass(frozen=True, slots=True)
class AddResult:
    """``added`` are the new phrases' numbers, ``met`` those of phrases that were stored before; ``merged``
    counts what was merged into either. ``kinds`` are style ("" fits any) and role of each of ``added``."""

    added: tuple[int, ...]
    merged: int
    met: tuple[int, ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StoreStats:
    """What the library holds. ``sources`` are files that gave phrases (captures are none),
    ``refused`` those that did not."""

    phrases: int
    sources: int
    refused: int
    merged: int
    """Near-duplicates that were counted instead of stored."""
    kept: int
    banned: int
    played: int
    """Phrases that the band has played."""
    roles: dict[str, int]
    styles: dict[str, int]
    bytes: int
    schema: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Which phrases: of a role, a style, files with ``named`` in path or title; ``only`` those that are
    ``kept`` or ``banned``. What is empty (or, for ``style``, None) chooses nothing out."""

    role: str = ""
    style: str | None = None
    named: str = ""
    only: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """``records`` of the ``total`` phrases that were chosen."""

    total: int
    records: tuple[PhraseRecord, ...]


@dataclass(frozen=True, slots=True)
class StoreSetAside:
    """A damaged library was moved away. ``path`` is where it lies now."""

    path: Path
    reason: str

    @property
    def sentence(self) -> str:
        """For the musician."""
        return (
            f"the phrase library was damaged ({self.reason}) and is set aside as {self.path}; the band plays "
            "on from the starter phrases, ingest your files again or put a backup in its place"
        )
