"""The one interface that all sources of music speak, the reflex included."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from jamtui.music.phrase import Bar, Brief, ChordSpan, Phrase, Source


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
    moved: tuple[tuple[int, int], ...] = ()
    """Which of ``notes`` (their index) were moved to fit, and by how many semitones, octaves left out."""


@dataclass(frozen=True, slots=True)
class GeneratorHealth:
    """State of a source in a word (``absent``, ``loading``, ``ready``, ``slow``, ``nonsense``, ``down``) and
    a sentence that says what the player can do about it."""

    source: Source
    name: str
    state: str
    detail: str


@runtime_checkable
class Reporting(Protocol):
    """A generator that knows its own health. The worker process asks when it introduces itself and after each
    brief, and tells the engine what changed."""

    def health(self) -> GeneratorHealth:
        """How it is now. Never blocks."""
        ...


@runtime_checkable
class Corresponding(Protocol):
    """A generator that has more to do with the engine than to answer briefs.

    ``attach`` is called once, on the loop, before anything else; ``send(kind, body)`` puts a message on the
    link and never blocks. ``greet`` is called whenever an engine connects. ``take`` gets messages of the
    engine, of the kinds in ``messages``; ``close`` is called at the end.
    """

    messages: frozenset[str]

    def attach(self, send: Callable[[str, object], object]) -> None:
        """Begin; work that takes longer goes on by itself."""
        ...

    def greet(self) -> None:
        """An engine is there that knows nothing yet."""
        ...

    async def take(self, kind: str, body: Any) -> None:  # any JSON value
        """A message from the engine."""
        ...

    async def close(self) -> None:
        """The worker process ends."""
        ...


@runtime_checkable
class Retrieving(Protocol):
    """A generator that can find phrases for others: the library."""

    def similar(
        self, brief: Brief, chords: tuple[ChordSpan, ...], bars: int, count: int
    ) -> Sequence[tuple[Phrase, int]]:
        """``count`` phrases for ``bars`` bars over ``chords``, otherwise as ``brief`` says, best first, each
        with the semitones by which it is to be transposed. A few milliseconds; none where there are none."""
        ...


@runtime_checkable
class Inspired(Protocol):
    """A generator that shows found phrases to its model."""

    def inspire(self, phrases: Retrieving) -> None:
        """Ask ``phrases`` from now on. Called before ``attach``."""
        ...
