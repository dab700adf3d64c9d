"""Reading lead-sheet chord symbols, with the spellings in common use."""

import re
from functools import lru_cache

from jamtui.errors import MusicError
from jamtui.music.quality import QUALITIES, Quality, quality_of

_NO_CHORD = {"nc", "n.c.", "n.c", "nochord"}
_ASCII = str.maketrans(
    {
        "♭": "b",
        "♯": "#",
        "𝄫": "bb",
        "Δ": "^",
        "△": "^",
        "∆": "^",
        "ø": "h",
        "Ø": "h",
        "⌀": "h",
        "°": "o",
        "º": "o",
        "−": "-",
        "–": "-",
        "⁺": "+",
        "⁷": "7",
    }
)
_ROOT = re.compile(r"([A-G](?:bb|##|b|#|))(.*)", re.DOTALL)
_BASS = re.compile(r"(.*)/([A-G](?:bb|##|b|#|))", re.DOTALL)
_SLASH = re.compile(r"\s*/\s*")
_TRIVIA = re.compile(r"[()\[\],/\s]+")

# Longest first: a kind of third, fifth or seventh that stands right behind the root.
_CORE = re.compile(
    r"(?P<mmaj>(?:minor|min|mi|m|-)(?:major|maj|Maj|ma(?!dd)|M|\^))"
    r"|(?P<maj>major|maj|Maj|MAJ|ma(?!dd)|Ma|M|\^|j)"
    r"|(?P<hdim>half-?dim|hdim|h)"
    r"|(?P<dim>dim|o)"
    r"|(?P<min>minor|min|Min|MIN|mi|m|-)"
    r"|(?P<aug>aug|\+)"
    r"|(?P<dom>dom)"
)
_NUMBER = re.compile(r"69|13|11|[245679]")
_MODIFIER = re.compile(
    r"(?P<sus>sus(?:2sus4|4sus2|24|42|4|2)?)"
    r"|(?P<alt>alt(?:ered|\.)?)"
    r"|(?P<no>(?:no|omit)(?P<no_degree>3|5))"
    r"|(?P<maj7>(?:add)?(?:maj|Maj|ma|M|\^)7)"
    r"|(?P<add>add(?P<add_sign>bb|b|#|\+|-)?(?P<add_degree>2|4|6|9|11|13))"
    r"|(?P<alter>(?P<sign>b|#|\+|-)(?P<degree>4|5|6|9|10|11|13))"
    r"|(?P<aug>aug|\+)"
    r"|(?P<number>69|13|11|[679])"
)
_DEGREE = {2: 2, 4: 5, 5: 7, 6: 9, 9: 2, 10: 4, 11: 5, 13: 9}


def read_symbol(text: str) -> tuple[str, Quality, str] | None:
    """Root name, quality and bass name (empty when there is no slash); None for no chord.

    Raises MusicError when the symbol cannot be read.
    """
    symbol = _SLASH.sub("/", text.strip().translate(_ASCII))
    if symbol.lower().replace(" ", "") in _NO_CHORD:
        return None
    match = _ROOT.fullmatch(symbol)
    if match is None:
        raise _unreadable(text, symbol)
    root_name, rest = match[1], match[2]
    bass_name = ""
    slash = _BASS.fullmatch(rest)
    if slash is not None:
        rest, bass_name = slash[1], slash[2]
    pitch_classes = _read_quality(rest)
    if pitch_classes is None:
        raise _unreadable(text, symbol)
    return root_name, quality_of(pitch_classes), bass_name


class _Draft:
    """Intervals of a quality while its name is being read."""

    def __init__(self) -> None:
        self.third: set[int] = {4}
        self.fifth: set[int] = {7}
        self.seventh: set[int] = set()
        self.natural: set[int] = set()  # implied by the number; an alteration of the same degree replaces it
        self.added: set[int] = set()
        self.kind = ""

    def pitch_classes(self) -> frozenset[int]:
        return frozenset({0} | self.third | self.fifth | self.seventh | self.natural | self.added)

    def set_core(self, kind: str) -> None:
        self.kind = kind
        if kind in ("min", "mmaj", "dim", "hdim"):
            self.third = {3}
        if kind in ("dim", "hdim"):
            self.fifth = {6}
        if kind == "aug":
            self.fifth = {8}
        if kind == "hdim":
            self.seventh = {10}

    def set_number(self, number: str) -> bool:
        if number == "5":
            self.third = set()
        elif number in ("2", "4"):
            if self.kind in ("min", "mmaj"):
                self.added.add(_DEGREE[int(number)])
            else:
                self.third = {_DEGREE[int(number)]}
        elif number in ("6", "69"):
            self.added.add(9)
            if number == "69":
                self.natural.add(2)
        else:
            if self.seventh and self.kind != "hdim":
                return False
            self._set_seventh()
            if int(number) >= 9:
                self.natural.add(2)
            if number == "11" or (number == "13" and self.third == {3}):
                self.natural.add(5)
            if number == "13":
                self.natural.add(9)
        return not (number == "5" and self.kind)

    def _set_seventh(self) -> None:
        if self.seventh:
            return
        if self.kind in ("maj", "mmaj"):
            self.seventh = {11}
        elif self.kind == "dim":
            self.added.add(9)
        else:
            self.seventh = {10}

    def suspend(self, which: str) -> None:
        self.third = {2} if which == "2" else {5}
        if which in ("24", "42", "2sus4", "4sus2"):
            self.third = {2, 5}

    def alter(self, sign: str, degree: int) -> bool:
        shift = -1 if sign in ("b", "-") else 1
        if degree == 5:
            if 7 in self.fifth:
                self.fifth = set()
            self.fifth.add(7 + shift)
        elif degree == 6:
            if shift != -1:
                return False
            # With a seventh a b6 is a b13; without one it takes the place of the fifth.
            if not self.seventh:
                self.fifth = {8}
            else:
                self.added.add(8)
        else:
            pc = _DEGREE[degree]
            if (degree in (10, 13)) != (shift == -1) and degree in (10, 13):
                return False
            if degree in (4, 11) and shift == -1:
                return False
            self.natural.discard(pc)
            self.added.add((pc + shift) % 12)
        return True


def _flat_ten_is_sharp_nine(sign: str, degree: int) -> tuple[str, int]:
    return ("#", 9) if (sign, degree) == ("b", 10) else (sign, degree)


@lru_cache(maxsize=4096)
def _read_quality(text: str) -> frozenset[int] | None:
    """Intervals folded into one octave, or None when the text is not a quality."""
    rest = _TRIVIA.sub("", text)
    draft = _Draft()
    core = _CORE.match(rest)
    if core is not None:
        draft.set_core(str(core.lastgroup))
        rest = rest[core.end() :]
    number = _NUMBER.match(rest)
    if number is not None:
        if not draft.set_number(number[0]):
            return None
        rest = rest[number.end() :]
    elif core is not None and core[0] in ("^", "j", "m^", "-^", "mi^", "min^"):
        draft.seventh = {11}
    elif draft.kind == "mmaj":
        return None
    while rest:
        token = _MODIFIER.match(rest)
        if token is None or not _apply(draft, token):
            return None
        rest = rest[token.end() :]
    pitch_classes = draft.pitch_classes()
    return None if {10, 11} <= pitch_classes else pitch_classes


def _apply(draft: _Draft, token: re.Match[str]) -> bool:
    groups = token.groupdict()
    if groups["sus"]:
        draft.suspend(token["sus"][3:])
    elif groups["alt"]:
        draft.seventh, draft.fifth = {10}, {8}
        draft.added |= {1, 3}
    elif groups["no"]:
        if groups["no_degree"] == "3":
            draft.third = set()
        else:
            draft.fifth = set()
    elif groups["maj7"]:
        if draft.seventh == {10}:
            return False
        draft.seventh = {11}
    elif groups["add"]:
        shift = {"b": -1, "-": -1, "#": 1, "+": 1, None: 0, "bb": -2}[groups["add_sign"]]
        draft.added.add((_DEGREE[int(token["add_degree"])] + shift) % 12)
    elif groups["alter"]:
        sign, degree = _flat_ten_is_sharp_nine(token["sign"], int(token["degree"]))
        return draft.alter(sign, degree)
    elif groups["aug"]:
        draft.fifth = {8}
    else:
        return draft.set_number(token["number"])
    return True


def _unreadable(text: str, symbol: str) -> MusicError:
    if not symbol:
        return MusicError("A chord symbol is missing: write one such as Cmaj7, or N.C. for no chord.")
    nearest = nearest_symbol(symbol)
    if nearest is None:
        return MusicError(
            f"Cannot read the chord {text.strip()!r}: begin with a root from A to G, for example Cmaj7."
        )
    return MusicError(f"Cannot read the chord {text.strip()!r}: did you mean {nearest!r}?")


def nearest_symbol(symbol: str) -> str | None:
    """A readable symbol near one that is not, for error messages; None when it has no root."""
    letter = symbol[:1].upper()
    if letter and letter in "ABCDEFG":
        accidental = symbol[1:2] if symbol[1:2] in ("#", "b") else ""
        root, rest = letter + accidental, symbol[1 + len(accidental) :]
    elif letter == "H":  # the German name of B
        root, rest = "B", symbol[1:]
    else:
        return None
    slash = re.fullmatch(r"(.*)/([A-Ga-g][b#]?)", rest)
    bass = ""
    if slash is not None:
        rest, bass = slash[1], "/" + slash[2][0].upper() + slash[2][1:]
    if _read_quality(rest) is not None:
        return root + rest + bass
    from difflib import get_close_matches  # only ever needed on the way to an error message

    names = [n for q in QUALITIES.values() for n in (q.name, *q.aliases) if n]
    close = get_close_matches(rest, names, n=1, cutoff=0.3)
    return root + (close[0] if close else "") + bass
