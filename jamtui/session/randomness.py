"""Named random streams: all chance in a session comes from one seed.

A stream is named by what it decides ("reflex", role, bar), so that one decision more or less elsewhere
never shifts the others, and the same inputs and seed give the same music.
"""

from hashlib import blake2b
from random import Random


def number(seed: int, *names: object) -> int:
    """A 63-bit number that ``seed`` and ``names`` fix."""
    text = "\x1f".join([str(seed), *map(str, names)])
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def stream(seed: int, *names: object) -> Random:
    """A random stream of its own for ``names``."""
    return Random(number(seed, *names))


def chance(seed: int, *names: object) -> float:
    """One draw from [0, 1) for ``names``; cheaper than opening a stream for it."""
    return number(seed, *names) / float(1 << 63)
