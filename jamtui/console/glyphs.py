"""Chord symbols in large letters: a small pixel font drawn with half blocks.

A terminal cell is about twice as high as wide, so the half blocks ``▀`` and ``▄`` give square pixels.
Roots have 8 by 10 pixels with strokes of two, everything else 6 pixels in height.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

_ROOTS: Mapping[str, tuple[str, ...]] = {
    "A": (
        "..####..", ".######.", "###..###", "##....##", "##....##",
        "########", "########", "##....##", "##....##", "##....##",
    ),
    "B": (
        "#######.", "########", "##....##", "##....##", "#######.",
        "#######.", "##....##", "##....##", "########", "#######.",
    ),
    "C": (
        ".######.", "########", "##....##", "##......", "##......",
        "##......", "##......", "##....##", "########", ".######.",
    ),
    "D": (
        "######..", "#######.", "##...###", "##....##", "##....##",
        "##....##", "##....##", "##...###", "#######.", "######..",
    ),
    "E": (
        "########", "########", "##......", "##......", "######..",
        "######..", "##......", "##......", "########", "########",
    ),
    "F": (
        "########", "########", "##......", "##......", "######..",
        "######..", "##......", "##......", "##......", "##......",
    ),
    "G": (
        ".######.", "########", "##....##", "##......", "##..####",
        "##..####", "##....##", "##....##", "########", ".######.",
    ),
    "N": (
        "##....##", "###...##", "####..##", "####..##", "##.##.##",
        "##.##.##", "##..####", "##..####", "##...###", "##....##",
    ),
}  # fmt: skip

_SMALL: Mapping[str, tuple[str, ...]] = {
    "0": (".##.", "#..#", "#..#", "#..#", "#..#", ".##."),
    "1": (".#.", "##.", ".#.", ".#.", ".#.", "###"),
    "2": ("###.", "...#", "..#.", ".#..", "#...", "####"),
    "3": ("###.", "...#", ".##.", "...#", "...#", "###."),
    "4": ("#..#", "#..#", "####", "...#", "...#", "...#"),
    "5": ("####", "#...", "###.", "...#", "...#", "###."),
    "6": (".##.", "#...", "###.", "#..#", "#..#", ".##."),
    "7": ("####", "...#", "..#.", "..#.", ".#..", ".#.."),
    "8": (".##.", "#..#", ".##.", "#..#", "#..#", ".##."),
    "9": (".##.", "#..#", "#..#", ".###", "...#", ".##."),
    "a": ("....", "....", ".###", "#..#", "#..#", ".###"),
    "b": ("#...", "#...", "###.", "#..#", "#..#", "###."),
    "c": ("....", "....", ".###", "#...", "#...", ".###"),
    "d": ("...#", "...#", ".###", "#..#", "#..#", ".###"),
    "e": ("....", ".##.", "#..#", "####", "#...", ".###"),
    "f": (".##", "#..", "###", "#..", "#..", "#.."),
    "g": ("....", ".###", "#..#", ".###", "...#", "###."),
    "h": ("#...", "#...", "###.", "#..#", "#..#", "#..#"),
    "i": ("#", ".", "#", "#", "#", "#"),
    "j": ("..#", "...", "..#", "..#", "..#", "##."),
    "k": ("#...", "#...", "#.#.", "##..", "#.#.", "#..#"),
    "l": ("#.", "#.", "#.", "#.", "#.", ".#"),
    "m": (".....", ".....", "####.", "#.#.#", "#.#.#", "#.#.#"),
    "n": ("....", "....", "###.", "#..#", "#..#", "#..#"),
    "o": ("....", "....", ".##.", "#..#", "#..#", ".##."),
    "p": ("....", "###.", "#..#", "###.", "#...", "#..."),
    "q": ("....", ".###", "#..#", ".###", "...#", "...#"),
    "r": ("...", "...", "#.#", "##.", "#..", "#.."),
    "s": ("....", "....", ".###", "##..", "..##", "###."),
    "t": (".#.", "###", ".#.", ".#.", ".#.", "..#"),
    "u": ("....", "....", "#..#", "#..#", "#..#", ".###"),
    "v": (".....", ".....", "#...#", "#...#", ".#.#.", "..#.."),
    "w": (".....", ".....", "#.#.#", "#.#.#", "#.#.#", ".#.#."),
    "x": ("....", "....", "#..#", ".##.", ".##.", "#..#"),
    "y": ("....", "#..#", "#..#", ".###", "...#", "###."),
    "z": ("....", "....", "####", "..#.", ".#..", "####"),
    "A": (".##.", "#..#", "#..#", "####", "#..#", "#..#"),
    "B": ("###.", "#..#", "###.", "#..#", "#..#", "###."),
    "C": (".###", "#...", "#...", "#...", "#...", ".###"),
    "D": ("###.", "#..#", "#..#", "#..#", "#..#", "###."),
    "E": ("####", "#...", "###.", "#...", "#...", "####"),
    "F": ("####", "#...", "###.", "#...", "#...", "#..."),
    "G": (".###", "#...", "#.##", "#..#", "#..#", ".###"),
    "N": ("#..#", "##.#", "##.#", "#.##", "#.##", "#..#"),
    "M": ("#...#", "##.##", "#.#.#", "#.#.#", "#...#", "#...#"),
    "#": (".#.#.", "#####", ".#.#.", ".#.#.", "#####", ".#.#."),
    "♯": (".#.#.", "#####", ".#.#.", ".#.#.", "#####", ".#.#."),
    "♭": ("#...", "#...", "###.", "#..#", "#.#.", "##.."),
    "/": ("...#", "...#", "..#.", ".#..", "#...", "#..."),
    "(": (".#", "#.", "#.", "#.", "#.", ".#"),
    ")": ("#.", ".#", ".#", ".#", ".#", "#."),
    "+": (".....", "..#..", "..#..", "#####", "..#..", "..#.."),
    "-": ("...", "...", "...", "###", "...", "..."),
    "°": ("###", "#.#", "###", "...", "...", "..."),
    "ø": ("....#", ".###.", "#..##", "#.#.#", "##..#", ".###."),
    "Δ": ("...#...", "..#.#..", "..#.#..", ".#...#.", ".#...#.", "#######"),
    ".": (".", ".", ".", ".", ".", "#"),
    ",": (".", ".", ".", ".", "#", "#"),
    " ": ("..", "..", "..", "..", "..", ".."),
    "%": ("#..#", "...#", "..#.", ".#..", "#...", "#..#"),
}

_HEIGHT = 10
_UNKNOWN = ("####", "#..#", "#..#", "#..#", "#..#", "####")


def _halves(pixels: Sequence[str]) -> tuple[str, ...]:
    """Pixel rows, an even number of them, as rows of half blocks."""
    blocks = {"..": " ", "#.": "▀", ".#": "▄", "##": "█"}
    return tuple(
        "".join(blocks[top + bottom] for top, bottom in zip(pixels[i], pixels[i + 1], strict=True))
        for i in range(0, len(pixels), 2)
    )


def _beside(columns: Sequence[Sequence[str]], gap: int) -> list[str]:
    return [("." * gap).join(parts) for parts in zip(*columns, strict=True)]


def _small(text: str) -> list[str]:
    if not text:
        return [""] * 6
    return _beside([_SMALL.get(char, _UNKNOWN) for char in text], 1)


def _spell(symbol: str) -> tuple[str, str, str]:
    """Root letter, accidental and the rest of a symbol."""
    root, rest = symbol[:1], symbol[1:]
    if root in "ABCDEFG" and rest[:1] in ("#", "b", "♯", "♭"):
        accidental = "♭" if rest[0] in "b♭" else "#"
        return root, accidental, rest[1:]
    return root, "", rest


def _large(symbol: str) -> list[str]:
    root, accidental, rest = _spell(symbol)
    columns: list[Sequence[str]] = [_ROOTS[root]]
    if accidental:
        glyph = _SMALL[accidental]
        columns.append([*glyph, *["." * len(glyph[0])] * (_HEIGHT - 6)])
    if rest:
        glyph_rows = _small(rest)
        columns.append([*["." * len(glyph_rows[0])] * (_HEIGHT - 6), *glyph_rows])
    return _beside(columns, 2)


def _doubled(pixels: Sequence[str]) -> list[str]:
    wide = ["".join(pixel * 2 for pixel in row) for row in pixels]
    return [row for row in wide for _ in range(2)]


_SHORTER = (("Maj", "Δ"), ("maj", "Δ"), ("m7b5", "ø7"), ("dim", "°"), ("sus2sus4", "sus24"))
"""Other spellings of the same, from the least to the most surprising."""


def _shorter(symbol: str) -> tuple[str, ...]:
    """The symbol, then ways of writing it in less room."""
    ways = [symbol]
    for long, short in _SHORTER:
        if long in ways[-1]:
            ways.append(ways[-1].replace(long, short))
    return tuple(ways)


@lru_cache(maxsize=256)
def big_chord(symbol: str, width: int, height: int) -> tuple[str, ...]:
    """A chord symbol as large as fits: rows of blocks, all equally wide, at most ``height`` of them.

    Sizes are tried from the largest: doubled (10 rows), root large (5 rows), all small (3 rows), plain
    text (1 row). Shorter spellings (``Δ``, ``ø``, ``°``) are tried before the size goes
    down.
    """
    if not symbol or height < 1:
        return ()
    large = symbol[0] in _ROOTS
    sizes: list[tuple[int, bool]] = [(10, True), (5, True), (3, False)]
    for rows, wants_root in sizes:
        if rows > height or (wants_root and not large):
            continue
        for text in _shorter(symbol):
            pixels = _large(text) if wants_root else _small(text)
            drawn = _halves(_doubled(pixels) if rows == 10 else pixels)
            if len(drawn[0]) <= width:
                return drawn
    return (symbol[:width],)
