"""Where a session is recorded, as the band sees it."""

from typing import Protocol

from jamtui.session.journal import Record


class Recorder(Protocol):
    """Where the session is recorded; never blocks."""

    def record(self, record: Record) -> None:
        """Keep one record."""
        ...


class NullRecorder:
    """Records nothing."""

    def record(self, record: Record) -> None:
        """Forget ``record``."""
