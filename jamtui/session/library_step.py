"""A step in the phrase library that the player may take back.

The engine holds the steps, so that they outlive the workers; all that undoing needs is in them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PhraseMarks:
    """How phrase ``number`` was marked."""

    number: int
    kept: bool
    banned: bool


@dataclass(frozen=True, slots=True)
class LibraryStep:
    """How the library was before: ``marks`` of phrases, and the hash of a capture (``source``) that was not
    there. ``words`` say that it was taken back."""

    words: str
    marks: tuple[PhraseMarks, ...] = ()
    source: str = ""


@dataclass(frozen=True, slots=True)
class StepAnswer:
    """What became of the engine's step ``number``; ``step`` is None where nothing was done."""

    number: int
    step: LibraryStep | None
