"""Charts in ChordPro: grids of bars, or words with chords above them.

A ``{start_of_grid}`` says which chord stands in which bar. Where there is none, the chords between the words
are taken, each for a whole bar: the format says nothing of their time. ``{chorus}`` plays the chorus again.
"""

import re
from dataclasses import dataclass, field

from jamtui.errors import MusicError
from jamtui.music.chord import parse_chord
from jamtui.music.form import Measure

_DIRECTIVE = re.compile(r"^\s*\{\s*([\w-]+)\s*:?\s*(.*?)\s*\}\s*$")
_IN_WORDS = re.compile(r"\[([^\]]+)\]")
_BAR = re.compile(r":\|\d>?|:\|\|?:|\|\|?:|:\|\|?|\|\d>?|\|\.|\|\|?")
_SHORT = {"t": "title", "sog": "start_of_grid", "eog": "end_of_grid", "soc": "start_of_chorus",
          "eoc": "end_of_chorus", "sot": "start_of_tab", "eot": "end_of_tab"}  # fmt: skip


@dataclass(slots=True)
class ChordProSong:
    """A song: ``meter`` as written, empty where it is not."""

    title: str = ""
    meter: str = ""
    measures: list[Measure] = field(default_factory=list)


def is_chordpro(text: str) -> bool:
    """Whether ``text`` looks like ChordPro: a directive on a line of its own."""
    return any(_DIRECTIVE.match(line) for line in text.splitlines())


def read_chordpro(text: str) -> ChordProSong:
    """The song's chart.

    Raises:
        MusicError: there are no chords in it.
    """
    song = ChordProSong()
    loose: list[Measure] = []
    chorus: dict[bool, list[Measure]] = {True: [], False: []}
    grid = tab = in_chorus = False
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        if (told := _DIRECTIVE.match(line)) is not None:
            name, value = _SHORT.get(told[1].lower(), told[1].lower()), told[2]
            if name == "title":
                song.title = value
            elif name == "time":
                song.meter = song.meter or value.replace(" ", "")
            elif name in ("start_of_grid", "end_of_grid"):
                grid = name.startswith("start")
            elif name in ("start_of_tab", "end_of_tab"):
                tab = name.startswith("start")
            elif name in ("start_of_chorus", "end_of_chorus"):
                in_chorus = name.startswith("start")
                if in_chorus:
                    chorus = {True: [], False: []}
            elif name == "chorus":
                song.measures += chorus[True]
                loose += chorus[False]
            continue
        if tab:
            continue
        found = _grid(line, song.measures) if grid else _words(line)
        (song.measures if grid else loose).extend(found)
        if in_chorus:
            chorus[grid] += found
    if not song.measures:
        song.measures = loose
    if not song.measures:
        raise MusicError("there are no chords in it; write a {start_of_grid} with bars as | Dm7 . G7 . |.")
    return song


def _words(line: str) -> list[Measure]:
    found = []
    for symbol in _IN_WORDS.findall(line):
        if symbol.startswith("*"):
            continue  # an annotation
        found.append(Measure([(0.0, symbol.strip())]))
    return found


def _grid(line: str, before: list[Measure]) -> list[Measure]:
    """The bars of one line of a grid."""
    found: list[Measure] = []
    starts: re.Match[str] | None = None
    for sign in _BAR.finditer(line):
        if starts is not None:
            _bar(line[starts.end() : sign.start()], starts[0], sign[0], found, [*before, *found])
        starts = sign
    if starts is None and line.strip():
        raise MusicError(f"a line of the grid has no bar lines: {line.strip()!r}; put | around its bars.")
    return found


def _bar(inside: str, left: str, right: str, found: list[Measure], before: list[Measure]) -> None:
    cells = inside.split()
    here = Measure([], repeat_start=left.endswith(":"), repeat_end=right.startswith(":"))
    if digit := re.search(r"\|(\d)", left):
        here.endings = frozenset({int(digit[1])})
    if cells == ["%"] and before:
        here.chords = list(before[-1].chords)
    elif cells == ["%%"] and len(before) > 1:
        one, two = before[-2:]
        found.append(Measure(list(one.chords), repeat_start=here.repeat_start, endings=here.endings))
        here = Measure(list(two.chords), repeat_end=here.repeat_end)
    else:
        entries: list[tuple[float, str]] = []
        for n, cell in enumerate(cells):
            for k, symbol in enumerate(cell.split("~")):
                if symbol not in (".", "/", ""):
                    parse_chord(symbol)
                    entries.append(((n + k / (cell.count("~") + 1)) / len(cells), symbol))
        if not cells:
            return
        here.chords = entries
    found.append(here)
