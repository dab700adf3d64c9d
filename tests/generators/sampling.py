"""Random texts that match a pattern: what a model without any taste would write under the mask."""

from collections.abc import Callable
from random import Random

Node = Callable[[Random], str]


def sampler(pattern: str) -> Node:
    """A function that draws texts matching ``pattern`` (the part of regular expressions that masks use);
    each alternative is as likely as the others."""
    text = pattern[1:-1]
    at = 0

    def sequence() -> Node:
        nonlocal at
        options: list[list[Node]] = [[]]
        while at < len(text) and text[at] != ")":
            character = text[at]
            at += 1
            if character == "|":
                options.append([])
                continue
            if character == "(":
                item = sequence()
                at += 1
            elif character == "[":
                close = text.index("]", at)
                letters = text[at:close]
                at = close + 1
                item = _choice([_literal(x) for x in letters])
            else:
                item = _literal(character)
            if at < len(text) and text[at] == "{":
                close = text.index("}", at)
                item = _repeat(item, int(text[at + 1 : close]))
                at = close + 1
            options[-1].append(item)
        return _choice([_chain(items) for items in options])

    return sequence()


def _literal(text: str) -> Node:
    return lambda _random: text


def _repeat(item: Node, times: int) -> Node:
    return lambda random: "".join(item(random) for _ in range(times))


def _chain(items: list[Node]) -> Node:
    return items[0] if len(items) == 1 else lambda random: "".join(item(random) for item in items)


def _choice(options: list[Node]) -> Node:
    return (
        options[0]
        if len(options) == 1
        else lambda random: options[int(random.random() * len(options))](random)
    )
