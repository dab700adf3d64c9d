"""When a host is asked, and when it is left alone for a while. Pure: the time comes from outside."""

from dataclasses import dataclass
from math import inf

from jamtui.generators.ollama_client import Kind

PATIENCE = {
    Kind.REFUSED: 1,
    Kind.CUT: 1,
    Kind.MISSING: 1,
    Kind.SILENT: 1,
    Kind.SLOW: 1,
    Kind.BUSY: 1,
    Kind.ERROR: 2,
    Kind.NONSENSE: 3,
    Kind.FOREIGN: 1,
}
"""Failures of a kind, one after the other, until a host is left alone."""
FIRST_REST_S = 1.0
"""How long it is left alone the first time; doubled each time it fails again."""
LONGEST_REST_S = 20.0
"""At most so long,"""
REFUSED_REST_S = 2.0
"""and where nobody listens, which costs nothing to ask."""
CALM_S = 60.0
"""After so long without a failure the rest begins anew. An answer between is not enough: a host that breaks
off in every second request would be asked every second, and a better one never."""


@dataclass(slots=True)
class Breaker:
    """Counts the failures of one host. Closed: the host is asked. Open until ``retry_at``; then a request may
    try (half open): if it goes well the breaker closes, else it stays open for twice as long."""

    retry_at: float = 0.0
    open: bool = False
    kind: Kind | None = None
    text: str = ""
    _row: int = 0
    _trial: bool = False
    _rest_s: float = FIRST_REST_S
    _opened_at: float = -inf

    def allows(self, now: float) -> bool:
        """Whether the host may be asked at ``now`` (seconds)."""
        return not self.open or now >= self.retry_at

    def reached(self) -> bool:
        """The host answers, and its model is loaded. True where that is news that closes the breaker, on
        trial: the next failure of any kind opens it. Not after nonsense or errors, which only an answer with
        music disproves."""
        if not self.open or self.kind in (Kind.NONSENSE, Kind.ERROR):
            return False
        self.open, self.kind, self.text = False, None, ""
        self._trial = True
        return True

    def succeeded(self) -> bool:
        """An answer had music in it. True where the host was given up before: it is back."""
        was = self.open
        self.open, self.kind, self.text = False, None, ""
        self._row, self._trial = 0, False
        return was

    def failed(self, kind: Kind, text: str, now: float) -> bool:
        """A request failed. True where the host is left alone from now on."""
        self._row = self._row + 1 if kind is self.kind else 1
        self.kind, self.text = kind, text
        if not self.open and not self._trial and self._row < PATIENCE[kind]:
            return False
        again = self.open or now - self._opened_at < CALM_S
        longest = REFUSED_REST_S if kind is Kind.REFUSED else LONGEST_REST_S
        self._rest_s = min(longest, 2 * self._rest_s) if again else FIRST_REST_S
        self._opened_at = now
        self.open = True
        self.retry_at = now + self._rest_s
        return True
