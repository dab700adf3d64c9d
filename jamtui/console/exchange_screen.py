"""The LLM screen: the newest request and its answer as lines, and how far they are scrolled."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rich.cells import get_character_cell_size

from jamtui.session.client import BandClient
from jamtui.session.exchange import Exchange

HEAD = 6
"""Rows above the lines that scroll: the title, how the LLM is (two), who was asked, what came of it, how it
ended."""
MARGIN = 2
"""Cells left of a line's text."""


class Part(StrEnum):
    """What a line of the screen is."""

    TITLE = "title"
    TEXT = "text"
    MORE = "more"
    """The rest of a line that is wider than the screen."""
    NOTE = "note"
    """Our own words, in place of a text that is not there."""


@dataclass(frozen=True, slots=True)
class ExchangeState:
    """What the screen shows: the exchange (None before the first), the time of day of its end, and how many
    lines are scrolled out at the top."""

    exchange: Exchange | None = None
    time_of_day: str = ""
    scroll: int = 0


def visible(text: str) -> str:
    """``text`` of one line, with a sign in place of each character that is not seen or would act on the
    terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_sign, text))


def _sign(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)  # Unicode's pictures of control characters
    if code == 0x7F:
        return "␡"
    if not char.isprintable() or get_character_cell_size(char) < 1:
        return f"\\u{code:04x}"
    return char


def wrap(text: str, width: int) -> list[str]:
    """``text`` of one line in pieces of at most ``width`` cells, broken after a space where one is near;
    together they are ``text``. A piece is never empty, unless ``text`` is."""
    pieces: list[str] = []
    start = 0
    while start < len(text):
        end, cells = start, 0
        while end < len(text) and (cells := cells + get_character_cell_size(text[end])) <= width:
            end += 1
        if end < len(text) and (space := text.rfind(" ", start, end) + 1) > (start + end) // 2:
            end = space
        end = max(end, start + 1)
        pieces.append(text[start:end])
        start = end
    return pieces or [""]


@lru_cache(maxsize=2)
def exchange_lines(exchange: Exchange, width: int) -> tuple[tuple[Part, str], ...]:
    """The answer as it came, the prompt as it was sent, and the mask, each under its title, as lines whose
    text is at most ``width`` cells wide."""
    lines: list[tuple[Part, str]] = []
    for title, text, missing, more in (
        ("raw answer", exchange.answer, "nothing came", exchange.more),
        ("exact prompt", exchange.prompt, "nothing was sent", 0),
        ("mask (the server lets no other text pass)", exchange.pattern, "none", 0),
    ):
        lines.append((Part.TITLE, f"{title}, {len(text) + more:,} characters" if text else title))
        if not text:
            lines.append((Part.NOTE, missing))
            continue
        for line in text.split("\n"):
            first, *rest = wrap(visible(line), width)
            lines += [(Part.TEXT, first), *((Part.MORE, piece) for piece in rest)]
        if more:
            lines += [(Part.NOTE, piece) for piece in wrap(f"… {more:,} more characters, not kept", width)]
    return tuple(lines)


def last_scroll(exchange: Exchange | None, width: int, height: int) -> int:
    """Most lines that can be scrolled out at the top of a drawer of ``width`` by ``height`` cells."""
    if exchange is None:
        return 0
    return max(0, len(exchange_lines(exchange, max(1, width - MARGIN))) - max(1, height - HEAD))


class ExchangeScreen:
    """Follows the newest exchange while it is open; arrow keys, page up and down, home and end scroll."""

    def __init__(self, client: BandClient, time_of_day: Callable[[float], str]) -> None:
        self._client = client
        self._time_of_day = time_of_day
        self._state = ExchangeState()

    @property
    def state(self) -> ExchangeState:
        """For the screen."""
        return self._state

    def open(self) -> None:
        """Show the newest one from its top."""
        self._state = ExchangeState()
        self.take()

    def take(self) -> None:
        """Look whether there is a newer one."""
        exchange = self._client.exchange()
        if exchange is not None and exchange is not self._state.exchange:
            at = self._time_of_day(exchange.at) if exchange.at else ""
            self._state = ExchangeState(exchange, at, self._state.scroll)

    def key(self, key: str, width: int, height: int) -> bool:
        """One key in a drawer of that many cells; False where it is not the screen's."""
        state = self._state
        last = last_scroll(state.exchange, width, height)
        # A shorter exchange may have come since.
        now = min(state.scroll, last)
        page = max(1, height - HEAD - 1)
        steps = {"up": now - 1, "down": now + 1, "pageup": now - page, "pagedown": now + page}
        wanted = {**steps, "home": 0, "end": last}.get(key)
        if wanted is None:
            return False
        self._state = ExchangeState(state.exchange, state.time_of_day, max(0, min(last, wanted)))
        return True
