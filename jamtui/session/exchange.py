"""What was asked of a language model and what it said, word for word, for the screen and the journal."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer. ``outcome`` is ``stop``, ``length``, ``cancelled`` or what went wrong;
    ``bars`` became whole, ``refused`` did not pass the guard."""

    host: str
    model: str
    prompt: str
    pattern: str
    answer: str
    outcome: str
    bars: int
    refused: int
    ns: int = 0
    """When the engine had it."""
    at: float = 0.0
    """The same as Unix time; 0 for never."""
    seconds: float = 0.0
    """How long it took, from the request to the end of the answer."""
    more: int = 0
    """Characters of the answer that came after those in ``answer``, and were not kept."""
