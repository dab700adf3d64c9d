"""The library screen: which phrases are shown, what is typed there, and what its keys do."""

from dataclasses import dataclass
from enum import StrEnum

from jamtui.session.client import BandClient
from jamtui.session.library_page import LibraryPage, LibraryRow, PageRequest

PAGE = 60
"""Rows that are asked for at once."""
LONGEST = 400
"""Characters that can be typed."""


class Typing(StrEnum):
    """What is being typed, if anything."""

    NOTHING = ""
    WORDS = "show"
    PATH = "ingest"


@dataclass(frozen=True, slots=True)
class LibraryState:
    """What the screen shows. ``text`` is what is being typed; ``cursor`` counts from the page's first row."""

    page: LibraryPage | None = None
    cursor: int = 0
    typing: Typing = Typing.NOTHING
    text: str = ""


class LibraryScreen:
    """Keys in, requests to the band out. The band plays on whatever is done here."""

    def __init__(self, client: BandClient) -> None:
        self._client = client
        self._words = ""
        self._first = 0
        self._cursor = 0
        self._from_end = False
        self._typing = Typing.NOTHING
        self._text = ""
        self._path = "~/"
        self._offered = False  # whether the text is a path that nobody has touched yet
        self._page: LibraryPage | None = None

    @property
    def state(self) -> LibraryState:
        """For the screen."""
        return LibraryState(self._page, self._cursor, self._typing, self._text)

    @property
    def typing(self) -> bool:
        """Whether keys are letters now."""
        return self._typing is not Typing.NOTHING

    def open(self) -> None:
        """Show what was shown last, as it is now."""
        self._typing = Typing.NOTHING
        self.ask()

    def ask(self) -> None:
        """Ask for the page again: something changed."""
        self._client.ask_page(PageRequest(self._words, self._first, PAGE))

    def take(self) -> None:
        """Look whether a page has come."""
        page = self._client.page()
        if page is None or page is self._page or (page.wanted, page.first) != (self._words, self._first):
            return
        self._page = page
        last = max(0, len(page.rows) - 1)
        self._cursor = last if self._from_end else min(self._cursor, last)
        self._from_end = False

    def paste(self, text: str) -> None:
        """Text from the clipboard, a path most likely; without the quotes of a dropped file. A whole path
        takes the place of one that was only offered."""
        if self.typing and text.strip():
            line = text.strip().splitlines()[0].strip()
            if len(line) > 2 and line[0] == line[-1] and line[0] in "'\"":
                line = line[1:-1]
            whole = line[0] in "/\\~" or line[1:2] == ":"
            self._text = (("" if self._offered and whole else self._text) + line)[:LONGEST]
            self._offered = False

    def key(self, key: str, character: str | None, *, ingesting: bool) -> bool:
        """One key; False where it is not the screen's. While something is typed all keys are."""
        if self.typing:
            self._type(key, character)
            return True
        row = self._row()
        if key in ("up", "down", "pageup", "pagedown"):
            self._move({"up": -1, "down": 1, "pageup": -10, "pagedown": 10}[key])
        elif key == "enter" and row is not None:
            self._client.act("audition", f"{row.id} {row.role}")
        elif key in ("h", "j") and row is not None:
            action, on = ("keep", row.kept) if key == "h" else ("ban", row.banned)
            self._client.act(action, f"L:{row.id} off" if on else f"L:{row.id}")
        elif key == "slash":
            self._typing, self._text, self._offered = Typing.WORDS, self._words, False
        elif key == "i" and ingesting:
            self._client.act("ingest_stop")
        elif key == "i":
            self._typing, self._text, self._offered = Typing.PATH, self._path, True
        else:
            return False
        return True

    def leave(self) -> bool:
        """Esc: stop typing; False where nothing was typed."""
        was, self._typing = self.typing, Typing.NOTHING
        return was

    def _row(self) -> LibraryRow | None:
        rows = self._page.rows if self._page is not None else ()
        return rows[self._cursor] if self._cursor < len(rows) else None

    def _move(self, step: int) -> None:
        page = self._page
        if page is None or not page.rows:
            return
        at = self._cursor + step
        if at >= len(page.rows) and page.first + len(page.rows) < page.total:
            self._first, self._cursor = page.first + len(page.rows), 0
            self.ask()
        elif at < 0 and page.first > 0:
            self._first, self._from_end = max(0, page.first - PAGE), True
            self.ask()
        else:
            self._cursor = max(0, min(len(page.rows) - 1, at))

    def _type(self, key: str, character: str | None) -> None:
        # A path that begins anew does not go on behind the one offered; "/" behind a name goes further down.
        if self._offered and (character == "~" or (character == "/" and self._text.endswith("/"))):
            self._text = ""
        self._offered = False
        if key == "escape":
            self._typing = Typing.NOTHING
        elif key == "backspace":
            self._text = self._text[:-1]
        elif key == "ctrl+u":
            self._text = ""
        elif key == "enter":
            typing, self._typing = self._typing, Typing.NOTHING
            if typing is Typing.PATH:
                self._path = self._text
                self._client.act("ingest", self._text)
            else:
                self._words, self._first, self._cursor = " ".join(self._text.split()), 0, 0
                self.ask()
        elif character is not None and character.isprintable() and len(self._text) < LONGEST:
            self._text += character
