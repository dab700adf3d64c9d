"""Charts of iReal Pro: ``irealb://`` and ``irealbook://`` links, alone or in an exported page.

The open format (``irealbook``) is described by its makers; of the other one it is publicly known that
stretches of 50 characters have some of theirs swapped in mirror image and that three strings stand for blanks
and bar lines.
"""

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote

from jamtui.errors import MusicError
from jamtui.music.form import Measure

_LINK = re.compile(r"ireal(?:b|book)://[^\"'<>]+")
_PREFIX = "1r34LbKcu7"
_STRETCH = 50
_SWAPPED = (*range(5), *range(10, 24))
_CHORD = re.compile(
    r"(?P<root>[A-GW][b#]?)(?P<quality>(?:sus|alt|add|[-+^ho0-9b#])*)(?:\*(?P<text>[^*]*)\*)?(?:/(?P<bass>[A-G][b#]?))?"
)
_JUMP = re.compile(r"\bD\.?\s*[CS]\b\.?(?:\s+al\s+\w+)?", re.IGNORECASE)


@dataclass(slots=True)
class IRealSong:
    """One song of a link: ``meter`` as written (``4/4``), ``measures`` in the order of the page."""

    title: str
    meter: str
    measures: list[Measure]


def ireal_links(text: str) -> list[str]:
    """Every link in ``text``, which may be a page of HTML."""
    return [unescape(link) for link in _LINK.findall(text.strip())]


def read_ireal(link: str) -> IRealSong:
    """The first song of a link.

    Raises:
        MusicError: there is no chart in it.
    """
    scheme, _, rest = link.partition("://")
    fields = unquote(rest).split("=")
    title = fields[0].strip()
    music = next((f for f in fields if f.startswith(_PREFIX)), None)
    if music is not None:
        music = _unscramble(music.removeprefix(_PREFIX))
    elif scheme == "irealbook" and len(fields) >= 6:
        music = fields[5]
    else:
        raise MusicError("There is no chart in the iReal Pro link; export the song again and use that file.")
    meter, measures = _Reader(music).read()
    if not any(m.chords for m in measures):
        raise MusicError(f"The iReal Pro chart {title!r} has no chords; export the song again.")
    return IRealSong(title, meter, measures)


def _unscramble(text: str) -> str:
    found = []
    while len(text) > _STRETCH + 1:
        stretch, text = list(text[:_STRETCH]), text[_STRETCH:]
        for n in _SWAPPED:
            mirror = _STRETCH - 1 - n
            stretch[n], stretch[mirror] = stretch[mirror], stretch[n]
        found.append("".join(stretch))
    whole = "".join(found) + text
    return whole.replace("Kcl", "| x").replace("LZ", " |").replace("XyQ", "   ")


class _Reader:
    """Reads the characters of one chart, cell by cell."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._measures: list[Measure] = []
        self._here = Measure([])
        self._cells: list[str] = []
        self._meter = ""
        self._last = "N.C."
        self._times = 2

    def read(self) -> tuple[str, list[Measure]]:
        """Meter and measures."""
        at = 0
        while at < len(self._text):
            at = self._take(at)
        self._bar_line()
        return self._meter or "4/4", self._measures

    def _take(self, at: int) -> int:
        """Understand what stands at ``at``; returns where the next thing stands."""
        text = self._text
        sign = text[at]
        if sign in "|[]Z{}":
            if sign == "}":
                ends = self._measures[-1] if self._measures and not self._cells else self._here
                ends.repeat_end = True
                ends.times, self._times = self._times, 2
            self._bar_line()
            if sign == "{":
                self._here.repeat_start = True
        elif sign == "*":
            return at + 2  # the letter of a section
        elif sign == "<":
            end = text.find(">", at)
            end = len(text) - 1 if end < 0 else end
            self._words(text[at + 1 : end])
            return end + 1
        elif sign == "(":
            end = text.find(")", at)
            return len(text) if end < 0 else end + 1  # a chord that may be played instead
        elif sign == "T" and (meter := re.match(r"T(\d\d)", text[at:])):
            digits = meter[1]
            self._meter = self._meter or ("12/8" if digits == "12" else f"{digits[0]}/{digits[1]}")
            return at + 3
        elif sign == "N" and text[at + 1 : at + 2].isdigit():
            self._here.endings = frozenset({max(1, int(text[at + 1]))})
            return at + 2
        elif sign == "S":
            self._here.segno = True
        elif sign == "Q":
            self._here.coda = True
        elif sign in "xr":
            self._cells.append(sign)
        elif sign == "p":
            self._cells.append("")
        elif sign == "n":
            self._cells.append("N.C.")
        elif sign == " ":
            if self._cells:
                self._cells.append("")
        elif found := _CHORD.match(text, at):
            self._cells.append(self._symbol(found))
            return found.end()
        return at + 1  # spacing, sizes and fermatas say nothing of the chords

    def _symbol(self, found: re.Match[str]) -> str:
        bass = f"/{found['bass']}" if found["bass"] else ""
        if found["root"].startswith("W"):
            return self._last.split("/")[0] + bass
        self._last = found["root"] + (found["quality"] or "") + bass
        return self._last

    def _words(self, words: str) -> None:
        words = re.sub(r"^\*\d\d", "", words).strip()  # how high it is written
        if (jump := _JUMP.search(words)) is not None:
            said = jump[0].lower()
            target = "D.S." if "s" in said[:4] else "D.C."
            _, al, where = said.partition(" al ")
            self._here.jump = f"{target} al {where}" if al else target
        elif words.lower().startswith("fine"):
            self._here.fine = True
        elif times := re.match(r"(\d)x", words.lower()):
            self._times = int(times[1])

    def _bar_line(self) -> None:
        cells, self._cells = self._cells, []
        if not cells:
            return
        here = self._here
        while len(cells) > 1 and not cells[-1] and len(cells) > 4:
            cells.pop()
        first = next((c for c in cells if c), "")
        if first == "x" and self._measures:
            here.chords = list(self._measures[-1].chords)
        elif first == "r" and len(self._measures) > 1:
            one, two = self._measures[-2:]
            self._measures.append(Measure(list(one.chords), here.repeat_start, endings=here.endings))
            here = Measure(list(two.chords), repeat_end=here.repeat_end, jump=here.jump, fine=here.fine)
        else:
            here.chords = [(n / len(cells), c) for n, c in enumerate(cells) if c not in ("", "x", "r")]
        self._measures.append(here)
        self._here = Measure([])
