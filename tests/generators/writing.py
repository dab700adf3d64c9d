"""What the protocol double writes: random text that a pattern allows, cut into tokens.

It stands for a model with random weights under the server's mask: each choice that the pattern leaves open is
made by chance, so the answer always has the form that was asked for and nothing else is promised of it.
"""

import random
import re
from collections.abc import Sequence
from re import _constants as sre  # type: ignore[attr-defined]  # the parse tree of re has no public name
from re import _parser as sre_parser  # type: ignore[attr-defined]  # the same
from typing import Any

_TOKEN = re.compile(r" ?(?:[A-Z][a-z]?|[a-z]+|[0-9]+|[^\sA-Za-z0-9])|\s|.", re.DOTALL)
_TWO = frozenset({" Gb", " Bb"})
"""Of the notation's words, those that the Qwen vocabulary writes with two tokens."""


def text_for(pattern: str, rng: random.Random) -> str:
    """Text that ``pattern`` (an anchored one, as ``format`` takes) matches."""
    return _write(sre_parser.parse(pattern), rng)


def tokens_of(text: str) -> list[str]:
    """``text`` in pieces about as long as a model's tokens: words of the notation are one each (`` Gb`` and
    `` Bb`` two), in prose a word is about one. An estimate, for pacing."""
    found: list[str] = []
    for piece in _TOKEN.findall(text):
        if piece in _TWO:
            found += [piece[:2], piece[2:]]
        else:
            found.append(piece)
    return found


def prose_tokens(text: str) -> list[str]:
    """A prompt in pieces about as long as a model's tokens, for counting what is new in it."""
    return re.findall(r" ?[A-Za-z]{1,7}| ?[0-9]|\s+|[^\sA-Za-z0-9]", text)


def _write(tree: Any, rng: random.Random) -> str:
    out: list[str] = []
    for operation, argument in tree:
        if operation is sre.LITERAL:
            out.append(chr(argument))
        elif operation is sre.BRANCH:
            out.append(_write(rng.choice(argument[1]), rng))
        elif operation is sre.SUBPATTERN:
            out.append(_write(argument[3], rng))
        elif operation is sre.IN:
            out.append(chr(rng.choice(_members(argument))))
        elif operation in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            low, high, inner = argument
            for _ in range(rng.randint(low, min(high, low + 8))):
                out.append(_write(inner, rng))
        elif operation is not sre.AT:
            raise ValueError(f"the double cannot write for {operation} in a pattern")
    return "".join(out)


def _members(items: Any) -> list[int]:
    found: list[int] = []
    for operation, argument in items:
        if operation is sre.LITERAL:
            found.append(argument)
        elif operation is sre.RANGE:
            found += range(argument[0], argument[1] + 1)
        else:
            raise ValueError(f"the double cannot write for {operation} in a class")
    return found


def shared_tokens(one: Sequence[str], other: Sequence[str]) -> int:
    """How many tokens two prompts have in common from the start on."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
