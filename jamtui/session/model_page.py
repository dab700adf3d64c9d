"""The models that could play, as the model screen shows them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model on a host. ``size`` in bytes; ``parameters`` as the server words it (``1.7B``)."""

    name: str
    host: str
    """The host as the player knows it; empty: this machine."""
    size: int
    parameters: str = ""
    bars_per_s: float = 0.0
    """What ``jamtui llm bench`` found; 0: it was not measured on that host."""
    accepted: float = 0.0
    """Share of its bars that the guard took, as far as it was measured."""
    first_bar_s: float = 0.0
    """Seconds to its first bar, as far as it was measured."""
    tokens_per_s: float = 0.0
    """The newest figure: of this session, else of the bench; 0: none."""
    load_s: float = 0.0
    """Seconds that it took to load; 0: not known."""
    recommended: bool = False
    """It would be taken on that host by itself."""
    chosen: bool = False
    """It is the one that plays, or would, on that host."""
    playing: bool = False
    """It is loaded, and writes."""


@dataclass(frozen=True, slots=True)
class ModelPage:
    """``rows`` host by host in order of preference; ``problems``: sentences on hosts that cannot be asked, or
    have no model, with what to do."""

    rows: tuple[ModelRow, ...]
    problems: tuple[str, ...] = ()
