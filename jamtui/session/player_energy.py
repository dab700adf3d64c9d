"""How lively the player plays, as it was known at any tick: the band follows it in what it plans."""

_EVER = 1 << 62


class PlayerEnergy:
    """Remembers the last changes, 0 (calm) to 1 (lively), in steps of a twentieth."""

    def __init__(self) -> None:
        self._known: list[tuple[int, float]] = [(-_EVER, 0.5)]

    def restart(self) -> None:
        """Musical time begins anew; the player is as lively as last."""
        self._known = [(-_EVER, self.last)]

    def note(self, energy: float, tick: int) -> None:
        """The player is so lively from ``tick`` on."""
        value = min(1.0, max(0.0, round(energy * 20) / 20))
        if value != self.last:
            self._known.append((tick, value))
            del self._known[:-64]

    @property
    def last(self) -> float:
        """How lively the player was last."""
        return self._known[-1][1]

    def at(self, tick: int) -> float:
        """How lively the player was at ``tick``."""
        return next((value for at, value in reversed(self._known) if at <= tick), self._known[0][1])
