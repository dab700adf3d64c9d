"""Which of the installed models to play with: what was measured to keep up, else known names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jamtui.generators.ollama_client import Installed

PREFERRED = (
    r"qwen3:1\.7b",
    r"qwen2\.5:1\.5b",
    r"qwen3:4b",
    r"qwen2\.5:3b",
    r"qwen3:0\.6b",
    r"qwen2\.5:0\.5b",
    r"qwen3:8b",
    r"qwen2\.5:7b",
    r"qwen(2|2\.5|3):",
)
"""Names that are tried first while nothing is measured, the best first: dense models of a size that a laptop
writes in time. Hybrid ones (qwen3.5 and later) read the whole prompt again with every request."""
SUGGESTED = "qwen3:1.7b"
"""What to pull where there is nothing."""
LARGEST = 12 * 10**9
"""Bytes; a larger file is not taken by itself."""
ACCEPTED = 0.8
"""Share of its bars that the guard has to accept for a model to be recommended."""
BARS_PER_S = 0.75
"""Bars a second that a model has to write to be recommended: half as fast again as a bar of 4/4 at 120."""
_NOT_FOR_TEXT = re.compile(r"embed|bert|bge|rerank|vision|whisper|ocr", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measured:
    """What ``jamtui llm bench`` found of a model on a host: bars a second, share of the bars that the guard
    accepted, seconds to the first bar, tokens a second."""

    model: str
    host: str
    bars_per_s: float
    accepted: float
    first_bar_s: float
    tokens_per_s: float
    load_s: float = 0.0
    """Seconds to load it, where it had to be loaded; 0: not known."""

    @property
    def recommended(self) -> bool:
        """Fast and reliable enough to play with."""
        return self.bars_per_s >= BARS_PER_S and self.accepted >= ACCEPTED


Measurements = Mapping[tuple[str, str], Measured]
"""Figures by the host's URL and the model: a fast machine's say nothing of a slow one."""


def measured_on(host: str, measured: Measurements | None) -> dict[str, Measured]:
    """What was found on ``host`` (its URL), by model."""
    return {model: found for (where, model), found in (measured or {}).items() if where == host}


def writes_text(model: Installed) -> bool:
    """Whether ``model`` is for writing, as far as its name says."""
    return not _NOT_FOR_TEXT.search(model.name)


def has_tag(name: str) -> str:
    """``name`` as servers list it: with its tag."""
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"


def find_model(name: str, models: Sequence[Installed]) -> Installed | None:
    """The installed model that ``name`` means."""
    return next((m for m in models if m.name == has_tag(name)), None)


def wanted(
    wish: str, models: Sequence[Installed], measured: Mapping[str, Measured] | None, *, alone: bool
) -> Installed | None:
    """The model to play on a host: the one that is wished for, else (where nothing is wished for, or another
    host may have it) the recommended one. ``alone``: there is no other host."""
    found = find_model(wish, models) if wish else None
    return found if found is not None or (wish and alone) else recommend(models, measured)


def recommend(
    models: Sequence[Installed], measured: Mapping[str, Measured] | None = None
) -> Installed | None:
    """The model to play with on a host, by what was measured there: the largest that keeps up; without
    measurements the first of the preferred names, else the smallest that writes text. None where there is
    none."""
    usable = [m for m in models if writes_text(m)]
    known = measured or {}
    fast = [m for m in usable if m.name in known and known[m.name].recommended]
    if fast:
        return max(fast, key=lambda m: (m.size, m.name))
    untried = [m for m in usable if m.name not in known] or usable
    for pattern in PREFERRED:
        for model in untried:
            if re.match(pattern, model.name) and model.size <= LARGEST:
                return model
    return min(untried, key=lambda m: (m.size, m.name), default=None)
