"""When a host is asked, and when it is left alone for a while. Pure: the time comes from outside."""

from dataclasses import dataclass

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
}
"""Failures of a kind, one after the other, until a host is left alone."""
FIRST_REST_S = 1.0
LONGEST_REST_S = 20.0
"""How long it is left alone: the first time, and at most; doubled each time it fails again."""


@dataclass(slots=True)
class Breaker:
    """Counts the failures of one host. Closed: the host is asked. Open until ``retry_at``; then a request may
    try (half open): if it goes well the breaker closes, else it stays open for twice as long."""

    retry_at: float = 0.0
    open: bool = False
    kind: Kind | None = None
    text: str = ""
    _row: int = 0
    _rest_s: float = FIRST_REST_S

    def allows(self, now: float) -> bool:
        """Whether the host may be asked at ``now`` (seconds)."""
        return not self.open or now >= self.retry_at

    def reached(self) -> bool:
        """The host answers, and its model is loaded. True where that is news that closes the breaker: not
        after nonsense or errors, which only an answer with music disproves."""
        return self.open and self.kind not in (Kind.NONSENSE, Kind.ERROR) and self.succeeded()

    def succeeded(self) -> bool:
        """An answer had music in it. True where the host was given up before: it is back."""
        was = self.open
        self.open, self.kind, self.text = False, None, ""
        self._row, self._rest_s = 0, FIRST_REST_S
        return was

    def failed(self, kind: Kind, text: str, now: float) -> bool:
        """A request failed. True where the host is left alone from now on."""
        self._row = self._row + 1 if kind is self.kind else 1
        self.kind, self.text = kind, text
        if not self.open and self._row < PATIENCE[kind]:
            return False
        if self.open:
            self._rest_s = min(LONGEST_REST_S, 2 * self._rest_s)
        self.open = True
        self.retry_at = now + self._rest_s
        return True
