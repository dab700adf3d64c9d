"""The colours of the screen: one accent per source, red for what must be acted on; brighter, or none at all.

The accents keep apart for colour-blind eyes by lightness as well as hue (blue, green, yellow, violet,
white), and each comes with its letter everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.style import Style

BACKGROUND = "#07090c"
"""Nearly black: on a dark stage the screen must not light the room."""

THEMES = ("dark", "high-contrast")
"""Themes that the configuration may name."""
PLAIN = "plain"
"""The theme without any colour, for NO_COLOR."""

SOURCE_NAMES: Mapping[str, str] = {
    "R": "reflex",
    "L": "library",
    "M": "model",
    "O": "Ollama",
    "Y": "you",
}
"""Letters of the sources and their names."""

_ACCENTS: Mapping[str, str] = {
    "R": "#5ab8f5",
    "L": "#37d69a",
    "M": "#f4d43e",
    "O": "#d59bff",
    "Y": "#ffffff",
}


@dataclass(frozen=True, slots=True)
class Accent:
    """The styles of one source, from loud to quiet."""

    sounding: Style
    locked: Style
    planned: Style
    past: Style
    chip: Style
    """Reversed: the letter on a block of the accent."""


@dataclass(frozen=True, slots=True)
class Inks:
    """Every style that the panels paint with."""

    blank: Style
    text: Style
    strong: Style
    dim: Style
    faint: Style
    rule: Style
    title: Style
    key: Style
    now: Style
    one: Style
    """The lit beat 1."""
    beat: Style
    """Any other lit beat."""
    alert: Style
    alert_bar: Style
    notice_bar: Style
    on: Style
    selected: Style
    accents: Mapping[str, Accent]
    theme: str
    background: str = BACKGROUND

    def accent(self, letter: str) -> Accent:
        """The accent of a source; an unknown letter is painted like plain text."""
        return self.accents.get(letter, self.accents["Y"])


def _triplet(code: str) -> tuple[int, int, int]:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def _mix(code: str, amount: float, background: str = BACKGROUND) -> str:
    """``code`` laid over the background with the opacity ``amount``."""
    front, back = _triplet(code), _triplet(background)
    mixed = ColorTriplet(*(round(b + (f - b) * amount) for f, b in zip(front, back, strict=True)))
    return mixed.hex


def _ink(fore: str, back: str = BACKGROUND, *, bold: bool = False) -> Style:
    return Style(color=Color.parse(fore), bgcolor=Color.parse(back), bold=bold)


def _accent(code: str) -> Accent:
    return Accent(
        sounding=_ink(_mix("#ffffff", 1.0) if code == "#ffffff" else code, bold=True),
        locked=_ink(code),
        planned=_ink(_mix(code, 0.94)),
        past=_ink(_mix(code, 0.46)),
        chip=_ink(BACKGROUND, code, bold=True),
    )


@cache
def colour_inks() -> Inks:
    """The dark theme."""
    return Inks(
        blank=_ink("#d7dee8"),
        text=_ink("#d7dee8"),
        strong=_ink("#ffffff", bold=True),
        dim=_ink("#97a3b4"),
        faint=_ink("#566273"),
        rule=_ink("#333d4b"),
        title=_ink("#97a3b4"),
        key=_ink("#ffffff", "#2a3442", bold=True),
        now=_ink("#ffffff", bold=True),
        one=_ink("#07090c", "#ffffff", bold=True),
        beat=_ink("#07090c", "#8fa0b8", bold=True),
        alert=_ink("#ff6b61", bold=True),
        alert_bar=_ink("#ffffff", "#b3160d", bold=True),
        notice_bar=_ink("#ffffff", "#2a3442", bold=True),
        on=_ink("#ffffff"),
        selected=_ink("#07090c", "#d7dee8", bold=True),
        accents={letter: _accent(code) for letter, code in _ACCENTS.items()},
        theme="dark",
    )


_BLACK = "#000000"
_BRIGHT: Mapping[str, str] = {
    "R": "#7cc8ff",
    "L": "#4dffbe",
    "M": "#ffe95c",
    "O": "#e3b8ff",
    "Y": "#ffffff",
}


def _bright_accent(code: str) -> Accent:
    return Accent(
        sounding=_ink(code, _BLACK, bold=True),
        locked=_ink(code, _BLACK),
        planned=_ink(code, _BLACK),
        past=_ink(_mix(code, 0.82, _BLACK), _BLACK),
        chip=_ink(_BLACK, code, bold=True),
    )


@cache
def bright_inks() -> Inks:
    """Black and white for weak projectors, bright rooms and tired eyes: no text below a ratio of 7 to 1."""
    white, grey = "#ffffff", "#c9d1db"
    return Inks(
        blank=_ink(white, _BLACK),
        text=_ink(white, _BLACK),
        strong=_ink(white, _BLACK, bold=True),
        dim=_ink("#e2e7ee", _BLACK),
        faint=_ink(grey, _BLACK),
        rule=_ink("#9aa5b3", _BLACK),
        title=_ink(white, _BLACK, bold=True),
        key=_ink(_BLACK, white, bold=True),
        now=_ink(white, _BLACK, bold=True),
        one=_ink(_BLACK, white, bold=True),
        beat=_ink(_BLACK, "#b9c4d2", bold=True),
        alert=_ink("#ff9d94", _BLACK, bold=True),
        alert_bar=_ink(white, "#a30000", bold=True),
        notice_bar=_ink(_BLACK, "#ffe95c", bold=True),
        on=_ink(white, _BLACK),
        selected=_ink(_BLACK, white, bold=True),
        accents={letter: _bright_accent(code) for letter, code in _BRIGHT.items()},
        theme="high-contrast",
        background=_BLACK,
    )


@cache
def plain_inks() -> Inks:
    """NO_COLOR: only bold, dim and reverse; letters and shapes tell the rest."""
    plain, bold, dim = Style(), Style(bold=True), Style(dim=True)
    reverse = Style(reverse=True, bold=True)
    accent = Accent(sounding=bold, locked=plain, planned=plain, past=dim, chip=reverse)
    return Inks(
        blank=plain,
        text=plain,
        strong=bold,
        dim=plain,
        faint=dim,
        rule=dim,
        title=plain,
        key=reverse,
        now=bold,
        one=reverse,
        beat=reverse,
        alert=Style(bold=True, underline=True),
        alert_bar=reverse,
        notice_bar=Style(bold=True, underline=True),
        on=plain,
        selected=reverse,
        accents=dict.fromkeys(_ACCENTS, accent),
        theme=PLAIN,
    )


def inks_of(theme: str) -> Inks:
    """The inks of a theme of the configuration, or ``PLAIN``; an unknown one is painted dark."""
    return {"high-contrast": bright_inks, PLAIN: plain_inks}.get(theme, colour_inks)()
