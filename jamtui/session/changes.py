"""Changes by the player that wait for their moment."""

from dataclasses import dataclass, replace

from jamtui.music.meter import Meter
from jamtui.session.settings import BandSettings

SHARES = ("temperature", "energy", "density", "surprise")
"""Settings that are a number from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that takes effect at ``tick``. ``value`` is a style's name, a share or a meter."""

    tick: int
    field: str
    value: str | float | Meter
    words: str
    """As the screen says it, without when."""

    def apply(self, settings: BandSettings) -> BandSettings:
        """``settings`` with this change."""
        if self.field == "style":
            return replace(settings, style=str(self.value))
        if self.field == "meter" and isinstance(self.value, Meter):
            return replace(settings, meter=self.value)
        if self.field in SHARES and isinstance(self.value, float):
            return replace(settings, **{self.field: self.value})  # type: ignore[arg-type]  # one of SHARES
        return settings


class Changes:
    """Settings now, and those to come in order of their ticks."""

    def __init__(self, settings: BandSettings) -> None:
        self.now = settings
        self.pending: list[Change] = []

    @property
    def latest(self) -> BandSettings:
        """Settings once everything pending has happened."""
        return self.at(1 << 62)

    def at(self, tick: int) -> BandSettings:
        """Settings that hold at ``tick``."""
        settings = self.now
        for change in self.pending:
            if change.tick <= tick:
                settings = change.apply(settings)
        return settings

    def add(self, change: Change) -> None:
        """Wait for ``change``; a pending one of the same field is replaced."""
        self.pending = [c for c in self.pending if c.field != change.field]
        self.pending.append(change)
        self.pending.sort(key=lambda c: c.tick)

    def settle(self, tick: int) -> list[Change]:
        """Make what is due at ``tick`` hold; returns it."""
        due = [c for c in self.pending if c.tick <= tick]
        for change in due:
            self.now = change.apply(self.now)
        self.pending = [c for c in self.pending if c.tick > tick]
        return due
