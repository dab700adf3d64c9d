"""Patterns that a server really enforces.

Ollama hands a schema ``{"type": "string", "pattern": ...}`` to llama.cpp, which makes a grammar of it. Of
regular expressions it knows a part; what it does not know it replaces by "any string", with nothing but a
line in its log (``json-schema-to-grammar.cpp``: ``unsupported_pattern``). Its two converters (the one in C++
and the one in Python) differ as well, for example in whether alternatives outside a group reach the quotes
around the string. So patterns are built from what every version keeps, and checked.
"""

from jamtui.errors import JamtuiError

MOST_REPEATS = 256
"""llama.cpp refuses more than 2,000 repeated rules, nested repeats multiplied."""

MOST_DEPTH = 16
LONGEST = 64 * 1024
_SPECIAL = frozenset("|.()[]{}*+?^$\\")


class PatternError(JamtuiError):
    """A pattern that a server would not enforce."""


class _Reader:
    """Recursive descent over the part of regular expressions that holds."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 1
        self.end = len(text) - 1

    def refuse(self, why: str) -> PatternError:
        near = self.text[max(0, self.at - 8) : self.at + 12]
        return PatternError(f"This pattern would not be enforced: {why}, at character {self.at} ({near!r}).")

    def peek(self) -> str:
        return self.text[self.at] if self.at < self.end else ""

    def sequence(self, depth: int) -> int:
        """Reads to the end of the group; returns how many rules its repeats multiply to at most."""
        if depth > MOST_DEPTH:
            raise self.refuse(f"groups are nested deeper than {MOST_DEPTH}")
        most = items = 0
        while (character := self.peek()) and character != ")":
            if character == "|":
                if depth == 0:
                    raise self.refuse("alternatives stand outside a group")
                if not items or self.text[self.at + 1] in "|)":
                    raise self.refuse("an alternative is empty")
                self.at += 1
                continue
            most = max(most, self.item(depth))
            items += 1
        if not items:
            raise self.refuse("a group is empty" if depth else "it asks for nothing")
        return max(1, most)

    def item(self, depth: int) -> int:
        character = self.peek()
        rules = 1
        if character == "(":
            self.at += 1
            if self.peek() == "?":
                raise self.refuse("look-around, named groups and flags are not known")
            rules = self.sequence(depth + 1)
            if self.peek() != ")":
                raise self.refuse("a group is not closed")
            self.at += 1
        elif character == "[":
            self.letters()
        elif character == "\\":
            raise self.refuse("classes such as \\d, \\w, \\s and other escapes lose their meaning")
        elif character in "^$":
            raise self.refuse("an anchor stands inside")
        elif character == ".":
            raise self.refuse('"." lets any character through')
        elif character in _SPECIAL:
            raise self.refuse(f"{character!r} is not used; write {{n}} for repeats")
        else:
            self.plain(character)
            self.at += 1
        return self.repeats(rules)

    def letters(self) -> None:
        close = self.text.find("]", self.at + 1, self.end)
        inside = self.text[self.at + 1 : close]
        if close < 0 or not inside:
            raise self.refuse("a class of letters is empty or not closed")
        if inside[0] == "^":
            raise self.refuse("a class of all but some letters lets quotes and line ends through")
        for character in inside:
            self.plain(character)
            if character in "\\[":
                raise self.refuse("a class may hold plain letters only")
        self.at = close + 1

    def repeats(self, rules: int) -> int:
        if self.peek() == "{":
            close = self.text.find("}", self.at, self.end)
            number = self.text[self.at + 1 : close]
            if close < 0 or not (number.isascii() and number.isdigit()):
                raise self.refuse("repeats are written {n}")
            times = int(number)
            if not 0 < times <= MOST_REPEATS or rules * times > MOST_REPEATS:
                raise self.refuse(f"repeats multiply to 0 or more than {MOST_REPEATS}")
            self.at = close + 1
            rules *= times
        if self.peek() in ("*", "+", "?", "{"):
            raise self.refuse("repeats are written {n}, once")
        return rules

    def plain(self, character: str) -> None:
        if not " " <= character <= "~" or character == '"':
            raise self.refuse(f"{character!r} would have to be escaped in a JSON string")


def check_pattern(pattern: str) -> None:
    """Refuse ``pattern`` unless llama.cpp enforces exactly what it says: anchored at both ends, made of plain
    letters, groups, alternatives within groups, classes of plain letters and ``{n}``.

    Raises PatternError that says what is wrong and where.
    """
    if len(pattern) < 3 or pattern[0] != "^" or pattern[-1] != "$":
        raise PatternError("This pattern would not be enforced: it must begin with ^ and end with $.")
    if len(pattern) > LONGEST:
        raise PatternError(f"This pattern of {len(pattern)} characters is too long: ask for fewer bars.")
    reader = _Reader(pattern)
    reader.sequence(0)
    if reader.at != reader.end:
        raise reader.refuse("a bracket is closed that was not opened")
