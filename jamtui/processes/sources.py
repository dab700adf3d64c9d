"""What the engine knows of the sources in the worker process, and which briefs are out."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from jamtui.music.phrase import Brief, Source
from jamtui.session.generator import GeneratorHealth, Hit
from jamtui.session.snapshot import LibraryView

_WAITING = ("ready", "slow", "nonsense", "down")
"""States in which a source gets briefs: one that is down may be back with the next."""
AWAY = "The worker process ended; it is being restarted."


class Sources:
    """Health of all sources, the reflex first, and the briefs that may still be worked on."""

    def __init__(self, reflex: GeneratorHealth) -> None:
        self._health: dict[Source, GeneratorHealth] = {reflex.source: reflex}
        self.hits: tuple[Hit, ...] = ()
        """What retrieval found last, the best first."""
        self.library = LibraryView()
        """The phrase library in short."""
        self._away = False
        self._out: dict[str, Brief] = {}

    @property
    def health(self) -> tuple[GeneratorHealth, ...]:
        """One entry per source."""
        return tuple(self._health.values())

    @property
    def wanted(self) -> bool:
        """Whether anybody is there to be briefed."""
        others = [h for h in self._health.values() if h.source is not Source.REFLEX]
        return not self._away and any(h.state in _WAITING for h in others)

    def take(self, health: Iterable[GeneratorHealth]) -> None:
        """What the workers say of themselves."""
        self._away = False
        self._health.update({h.source: h for h in health if h.source is not Source.REFLEX})

    def gone(self) -> None:
        """The worker process is away."""
        self._away = True
        self._out.clear()
        self.hits = ()
        self.library = replace(self.library, ingest="")
        for source, h in self._health.items():
            if source is not Source.REFLEX and h.state in _WAITING:
                self._health[source] = replace(h, state="down", detail=AWAY)

    def sent(self, brief: Brief) -> None:
        """``brief`` went to the workers."""
        self._out[brief.brief_id] = brief

    def useless(self, wanted: Callable[[Brief], bool]) -> list[str]:
        """Ids of briefs of which nothing is ``wanted`` any more; each is named once."""
        found = [i for i, brief in self._out.items() if not wanted(brief)]
        for brief_id in found:
            del self._out[brief_id]
        return found
