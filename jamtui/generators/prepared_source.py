"""Prepared choruses on stage: the first source for their chart, before the LLM that writes live."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from jamtui.generators.prepared import Chorus, PreparedSet, digest_of
from jamtui.generators.prepared_files import PreparedFiles
from jamtui.generators.request import cut
from jamtui.music.meter import PPQ
from jamtui.music.phrase import FORECAST_BARS, Bar, Brief, Role, Source
from jamtui.session.generator import GeneratorHealth, Retrieving


class Live(Protocol):
    """The LLM that writes while the band plays (``OllamaSource``)."""

    name: str
    source: Source
    messages: frozenset[str]

    def bars(self, brief: Brief) -> AsyncIterator[Bar]:
        """``session.generator.Generator``."""
        ...

    def know(self, brief: Brief, bars: Sequence[Bar]) -> None:
        """``brief`` is about to come, and ``bars`` are written already."""
        ...

    def health(self) -> GeneratorHealth:
        """``session.generator.Reporting``."""
        ...

    def inspire(self, phrases: Retrieving) -> None:
        """``session.generator.Inspired``."""
        ...

    def attach(self, send: Callable[[str, object], object]) -> None:
        """``session.generator.Corresponding``."""
        ...

    def greet(self) -> None:
        """The same."""
        ...

    async def take(self, kind: str, body: object) -> None:
        """The same."""
        ...

    async def close(self) -> None:
        """The same."""
        ...


class PreparedFirst:
    """``session.generator.Generator``: answers with what was prepared for the chart; everything else, and
    what is missing, is the live LLM's. That one is not asked for bars that are there already.

    Args:
        live: writes what is not prepared.
        files: where prepared sets are kept.
    """

    source = Source.OLLAMA

    def __init__(self, live: Live, files: PreparedFiles) -> None:
        self.name = live.name
        self.messages = live.messages
        self._live = live
        self._files = files
        self._sets: dict[tuple[str, str], PreparedSet] = {}
        self._problems: list[str] = []
        self._playing: PreparedSet | None = None
        self._role = Role.LEAD
        self._send: Callable[[str, object], object] = lambda _kind, _body: None

    async def bars(self, brief: Brief) -> AsyncIterator[Bar]:
        """The brief's bars that are prepared, at once; then what the live LLM brings for others."""
        prepared = self._set_for(brief)
        if prepared is not None:
            known = min(FORECAST_BARS, _bars_known(brief))
            found = [_bar(prepared, brief, ahead) for ahead in range(max(known, brief.bars))]
            for bar in found[: brief.bars]:
                if bar is not None:
                    yield bar
            if all(found[:known]):
                return
            # The player is off the chart here, or a bar is missing: the others are not asked for.
            self._live.know(brief, [bar for bar in found if bar is not None])
        async with aclosing(self._live.bars(brief)) as written:  # type: ignore[type-var]  # async generators close
            async for bar in written:
                ahead = (bar.start_tick - brief.start_tick) // brief.meter.bar_ticks
                if prepared is None or prepared.notes_for(brief, ahead) is None:
                    yield bar

    def health(self) -> GeneratorHealth:
        """The live LLM's; while a prepared set plays, that one's, for it needs no server."""
        return self._told(self._live.health())

    def inspire(self, phrases: Retrieving) -> None:
        """Let the live LLM show what the library finds (``session.generator.Inspired``)."""
        self._live.inspire(phrases)

    def attach(self, send: Callable[[str, object], object]) -> None:
        """Begin (``session.generator.Corresponding``)."""
        self._send = send
        self._read()
        self._live.attach(self._pass_on)

    def greet(self) -> None:
        """A new engine: what was prepared meanwhile is there for it."""
        self._playing = None
        self._read()
        for problem in self._problems:
            self._send("tell", {"text": problem, "severity": "warning"})
        self._live.greet()

    async def take(self, kind: str, body: object) -> None:
        """A message of the engine for the live LLM."""
        await self._live.take(kind, body)

    async def close(self) -> None:
        """End."""
        await self._live.close()

    def _pass_on(self, kind: str, body: object) -> object:
        if kind == "health" and isinstance(body, list):
            body = [self._told(h) if isinstance(h, GeneratorHealth) else h for h in body]
        return self._send(kind, body)

    def _told(self, live: GeneratorHealth) -> GeneratorHealth:
        prepared = self._playing
        if prepared is not None:
            own = prepared.of(self._role)
            title = prepared.chart.title or "this chart"
            count = f"{len(own)} choruses" if len(own) != 1 else "1 chorus"
            detail = f"prepared: {count} for {title}; live: {live.detail or live.state}"
            return GeneratorHealth(self.source, self.name, "ready", detail)
        if self._sets and live.state == "absent":
            # Without a server it still answers for the charts that are prepared.
            count = f"{len(self._sets)} charts" if len(self._sets) != 1 else "1 chart"
            return GeneratorHealth(self.source, self.name, "ready", f"prepared: {count}; live: {live.detail}")
        return live

    def _read(self) -> None:
        found = self._files.list()
        self._sets = {
            (digest_of(f.prepared.chart.name), f.prepared.style): f.prepared
            for f in found
            if f.prepared is not None
        }
        self._problems = [f.problem for f in found if f.problem]

    def _set_for(self, brief: Brief) -> PreparedSet | None:
        """What is prepared for the chart of ``brief``."""
        prepared = self._sets.get((digest_of(brief.chart), brief.style)) if brief.chart else None
        if prepared is not None and not prepared.of(brief.role):
            return None
        if prepared is not None or brief.role is self._role:
            self._role = brief.role
            self._playing = prepared
        return prepared


def _bars_known(brief: Brief) -> int:
    """Whole bars of which ``brief`` knows the chords."""
    known = brief.forecast or brief.chords
    return max((s.start + s.length for s in known), default=0) // brief.meter.bar_ticks


def _bar(prepared: PreparedSet, brief: Brief, ahead: int) -> Bar | None:
    """The prepared bar that lies ``ahead`` bars after the start of ``brief``."""
    notes = prepared.notes_for(brief, ahead)
    chorus = prepared.chorus_at(brief.role, brief.bar_number + ahead)
    if notes is None or chorus is None:
        return None
    ticks = brief.meter.bar_ticks
    return Bar(
        session=brief.session,
        role=brief.role,
        start_tick=brief.start_tick + ahead * ticks,
        length=ticks,
        plan_revision=brief.plan_revision,
        brief_id=brief.brief_id,
        chords_assumed=cut(brief.forecast or brief.chords, ahead * ticks, ticks + PPQ),
        origin=Source.OLLAMA,
        seed=chorus.seed,
        notes=notes,
        label=f"prepared, chorus {_place(prepared, chorus) + 1}",
    )


def _place(prepared: PreparedSet, chorus: Chorus) -> int:
    return next(n for n, own in enumerate(prepared.of(chorus.role)) if own is chorus)
