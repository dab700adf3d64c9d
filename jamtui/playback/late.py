"""What becomes of notes that are late."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LatePolicy:
    """What becomes of a note-on that could not leave when it was due."""

    name: str
    send_within_ms: float
    """Up to so late it is sent at once (its end stays where it was); later than that it is dropped."""


SEND_SOON = LatePolicy("send soon", 60.0)
"""Default: a sixteenth at 120 BPM is 125 ms, so what is sent late still belongs to its own place."""

ON_TIME_ONLY = LatePolicy("on time only", 5.0)
"""Strict: what misses the on-time bound is dropped."""
