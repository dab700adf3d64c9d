"""What a session was asked to be, on its way from the command line through the supervisor to the engine."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

INSTALLED = ("jamtui.processes.library_worker:load", "jamtui.processes.prepare:source")
"""The sources that a band started from the command line has, as ``module:factory``."""


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """One session's choices; None means: as the configuration says."""

    demo: bool = False
    autostart: bool = False
    """Count in as soon as the engine is up, without a key press."""
    headless: bool = False
    style: str | None = None
    tempo: float | None = None
    meter: str | None = None
    grid: str | None = None
    chart: str | None = None
    seed: int | None = None
    output: str | None = None
    """``null`` to open no output port."""
    styles_in_turn: bool = False
    """Step to the next style every 32 bars (long demos and soak runs)."""
    generators: tuple[str, ...] = ()
    """Sources in the worker process, as ``module:factory``; none: the band plays by reflex alone, the same
    notes for the same seed whatever the library holds."""

    def text(self) -> str:
        """As ``read`` takes it."""
        return json.dumps(asdict(self))

    def save(self, runtime: Path) -> None:
        """Leave the options for the processes to come."""
        (runtime / "session.json").write_text(self.text(), encoding="utf-8")

    @classmethod
    def load(cls, runtime: Path) -> "SessionOptions":
        """The options left by ``save``; the defaults where there are none."""
        try:
            return cls.read((runtime / "session.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()

    @classmethod
    def read(cls, text: str) -> "SessionOptions":
        """The options of ``text``; what this version does not know is left out."""
        data = json.loads(text)
        known = {f.name for f in fields(cls)}
        chosen = {k: v for k, v in data.items() if k in known}
        return cls(**{**chosen, "generators": tuple(chosen.get("generators", ()))})
