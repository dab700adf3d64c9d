"""The one interface that all sources of music speak, the reflex included."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from jamtui.music.phrase import Bar, Brief, Source


class Generator(Protocol):
    """A source in the worker process. ``bars`` yields each bar as soon as it is whole; the conductor's
    guard checks every one. Cancelling means closing the iterator (``contextlib.aclosing``)."""

    name: str
    source: Source

    def bars(self, brief: Brief) -> AsyncIterator[Bar]:
        """Bars for ``brief`` in order, each within its deadline or not at all."""
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase that retrieval found for the chords at hand, for the screen. ``notes`` are ``(onset, duration,
    pitch)`` in ticks over ``length``."""

    score: float
    chords: str
    style: str
    origin: str
    notes: tuple[tuple[int, int, int], ...]
    length: int
    ref: str = ""
    """``Bar.ref`` of what is played of it."""
    role: str = ""
    kept: bool = False


@dataclass(frozen=True, slots=True)
class GeneratorHealth:
    """State of a source in a word (``absent``, ``loading``, ``ready``, ``slow``, ``down``) and a sentence
    that says what the player can do about it."""

    source: Source
    name: str
    state: str
    detail: str
