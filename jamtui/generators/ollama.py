"""The LLM in the band: a source that writes ahead for the bars that are expected, and is never waited for.

Each brief says what is coming. In the background the source has a host write the bars that are missing and
can be in time; what is whole lies on a shelf until its bar line comes. A request none of whose bars can be of
use any more is closed at once.
"""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from jamtui.errors import JamtuiError, MusicError
from jamtui.generators.ahead import Ahead, Job, next_job, still_useful
from jamtui.generators.host import Host
from jamtui.generators.hosts import NAME, Hosts
from jamtui.generators.models import Measurements
from jamtui.generators.ollama_client import Kind, Trouble, loop_time, trouble
from jamtui.generators.pacing import Pacing, plan
from jamtui.generators.picking import Picking
from jamtui.generators.prompt import Example, example_of, fitting
from jamtui.generators.request import Request, make_request
from jamtui.generators.shelf import Place, Shelf, bar_chords, wish_of
from jamtui.generators.state import state_of
from jamtui.generators.stream import Stream
from jamtui.generators.trial import warm_up
from jamtui.music.meter import EIGHTH
from jamtui.music.phrase import Bar, Brief, Note, Role, Source
from jamtui.session.exchange import Exchange
from jamtui.session.generator import GeneratorHealth, Retrieving
from jamtui.styles.style import Style

LOOK_S = 0.1
"""How often a request on its way is looked at, and what is missing is looked for."""
TELL_S = 0.8
"""A sentence on the screen stays for so long, unless the state changes."""
STUMBLE_S = 2.0
"""Pause after a mistake of its own."""

EXAMPLES = 3
"""Phrases that are looked up for a request; the prompt takes as many as it has room for."""

Examples = Callable[[Request], Sequence[Example]]


@dataclass(slots=True)
class _Running:
    job: Job
    stream: Stream
    task: "asyncio.Task[None]"
    why: str = ""


class OllamaSource:
    """See the module; ``session.generator.Generator``.

    Args:
        hosts: servers in order of preference.
        styles: the styles by name.
        roles: whom it writes for.
        step: ticks of a step of the grid.
        examples: phrases to show to the model, by request; ``inspire`` puts the library in their place.
        measured: what ``jamtui llm bench`` found, by host and model.
        remember: keeps the name of a model that was chosen, for the next start.
        on_exchange: gets every request and answer, word for word, at its end; once attached, the engine does
            too.
        now: the time in seconds; the event loop's, where nothing else is said.
    """

    name = NAME
    source = Source.OLLAMA
    messages = frozenset({"models", "model"})

    def __init__(
        self,
        hosts: Sequence[Host],
        styles: Mapping[str, Style],
        *,
        roles: Sequence[Role] = (Role.LEAD,),
        step: int = EIGHTH,
        examples: Examples = lambda _request: (),
        measured: Measurements | None = None,
        remember: Callable[[str], None] = lambda _name: None,
        on_exchange: Callable[[Exchange], None] = lambda _exchange: None,
        now: Callable[[], float] = loop_time,
    ) -> None:
        self.hosts = Hosts(hosts, self._warm, self._keeps_up, measured, now)
        self._picking = Picking(self.hosts, measured, remember)
        self.shelf = Shelf()
        self._styles = styles
        self.roles = tuple(roles)
        self._step = step
        self._examples = examples
        self._on_exchange = on_exchange
        self._now = now
        self._ahead: dict[Role, Ahead] = {}
        self._running: _Running | None = None
        self._pacing: Pacing | None = None
        self._work = asyncio.Event()
        self._written = asyncio.Event()
        self._tell: Callable[[GeneratorHealth], None] = lambda _health: None
        self._told: GeneratorHealth | None = None
        self._told_at = 0.0
        self._life: asyncio.Task[None] | None = None
        self._send: Callable[[str, object], object] = lambda _kind, _body: None

    # -- as a source -------------------------------------------------------------------------------------

    async def bars(self, brief: Brief) -> AsyncIterator[Bar]:
        """The brief's first bar, if it is on the shelf or gets there in time; again where it was changed."""
        if brief.role not in self.roles:
            return
        self._take(brief)
        length = brief.meter.bar_ticks
        chords = bar_chords(brief.chords, 0, length)
        if chords is None:
            return
        place = Place(brief.role, brief.style, brief.meter.name, chords, wish_of(brief))
        until = self._now() + brief.deadline_ms / 1000
        given = None
        while True:
            found = self.shelf.find(place, brief.start_tick)
            if found is not None and found.notes != given:
                self.shelf.give(found, brief.start_tick)
                given = found.notes
                yield Bar(
                    session=brief.session,
                    role=brief.role,
                    start_tick=brief.start_tick,
                    length=length,
                    plan_revision=brief.plan_revision,
                    brief_id=brief.brief_id,
                    chords_assumed=chords,
                    origin=Source.OLLAMA,
                    seed=found.seed,
                    notes=found.notes,
                    label=found.label,
                )
            left = until - self._now()
            if left <= 0:
                return
            try:
                async with asyncio.timeout(left):
                    await self._written.wait()
            except TimeoutError:
                return

    def know(self, brief: Brief, bars: Sequence[Bar]) -> None:
        """``brief`` is about to come, and ``bars`` are written already (a prepared set): they lead to others,
        and are not asked for."""
        self._take(brief)
        for bar in bars:
            self.shelf.put(bar, brief.style, brief.meter, wish_of(brief))

    def health(self) -> GeneratorHealth:
        """What the screen says of it."""
        host = self.hosts.active
        if host is None:
            return self.hosts.health()
        running = self._running
        stream = running.stream if running is not None else None
        return self._health(*state_of(host, self.hosts, stream, self._pacing, self._now()))

    def attach(self, send: Callable[[str, object], object]) -> None:
        """Begin to look for hosts and to write (``session.generator.Corresponding``)."""

        def tell(health: GeneratorHealth) -> None:
            send("health", [health])

        before = self._on_exchange

        def on_exchange(exchange: Exchange) -> None:
            before(exchange)
            send("exchange", exchange)

        self._on_exchange = on_exchange
        self._send = send
        self._life = asyncio.get_running_loop().create_task(self.run(tell))

    def inspire(self, phrases: Retrieving) -> None:
        """Show the phrases that the library finds to the model (``session.generator.Inspired``)."""

        def found(request: Request) -> Sequence[Example]:
            hits = phrases.similar(request.brief, request.chords, request.bars, EXAMPLES)
            return [example_of(phrase, transpose) for phrase, transpose in hits]

        self._examples = found

    def greet(self) -> None:
        """A new engine: it knows nothing, and what the old one played is of no use to it."""
        self._told = None

    async def take(self, kind: str, body: object) -> None:
        """The player asks which models there are (``models``), or chose one (``model``, its name)."""
        if kind == "model":
            try:
                said, severity = await self._picking.choose(str(body)), "info"
            except JamtuiError as error:
                said, severity = str(error), "warning"
            running = self._running
            if running is not None and self.hosts.active is not running.stream.host and not running.why:
                running.why = "changed"
                running.task.cancel()
            self._send("tell", {"text": said, "severity": severity})
            self._say()
        self._send("models", await self._picking.page())

    async def close(self) -> None:
        """End; what is being written is cancelled."""
        if self._life is not None:
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)

    async def run(self, tell: Callable[[GeneratorHealth], None]) -> None:
        """Work in the background until cancelled; ``tell`` gets the health whenever it changes. A mistake of
        its own is said, and begun anew after."""
        self._tell = tell
        try:
            while True:
                try:
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self.hosts.keep(self._say))
                        group.create_task(self.hosts.listen(lambda: self._running is None))
                        group.create_task(self._write_on())
                        group.create_task(self._watch())
                except Exception:  # whatever it is, the band plays on, and this source is back in a moment
                    traceback.print_exc()
                    self._running = None
                    tell(self._health("down", "stumbled; its log says where, it goes on in a moment"))
                    self._told = None
                    await asyncio.sleep(STUMBLE_S)
        finally:
            await self.hosts.close()

    # -- writing ahead -----------------------------------------------------------------------------------

    def _take(self, brief: Brief) -> None:
        before = self._ahead.get(brief.role)
        if before is not None and (
            before.brief.session != brief.session
            or brief.start_tick + brief.meter.bar_ticks < before.brief.start_tick
        ):
            self.shelf.clear()  # ticks begin anew: what lies there belongs to other bar lines
        self._ahead[brief.role] = Ahead(brief, self._now())
        self._review()
        self._work.set()

    async def _write_on(self) -> None:
        while True:
            host = self.hosts.active
            job = self._next(host) if host is not None else None
            if host is None or job is None:
                self._work.clear()
                try:
                    async with asyncio.timeout(LOOK_S):
                        await self._work.wait()
                except TimeoutError:
                    pass
                continue
            await self._write(host, job)

    def _next(self, host: Host) -> Job | None:
        now = self._now()
        jobs: list[Job] = []
        active = [a for a in self._ahead.values() if not a.over(now)]
        for ahead in active:
            tokens = ahead.brief.meter.bar_ticks / self._step + 1
            self._pacing = plan(host.pace, ahead.bar_s, tokens, len(active))
            job = next_job(ahead, self.shelf, self._pacing, now)
            if job is not None:
                jobs.append(job)
        return min(jobs, key=lambda j: j.ahead.starts_at(j.ahead.tick(j.first)), default=None)

    async def _write(self, host: Host, job: Job) -> None:
        brief = job.ahead.brief
        style = self._styles.get(brief.style)
        try:
            request = fitting(make_request(brief, style, first=job.first, bars=job.bars, step=self._step))
        except MusicError:
            await asyncio.sleep(LOOK_S)  # nothing to write in this meter or over these chords
            return
        job = replace(job, bars=request.bars, places=job.places[: request.bars])
        shown = self._examples(request) if self._pacing is None or self._pacing.examples else ()
        stream = Stream(
            host,
            request,
            shown,
            style_words=_words(style),
            before=self._before(job),
            now=self._now,
        )
        task = asyncio.ensure_future(self._stream(host, job, stream))
        self._running = _Running(job, stream, task)
        try:
            await task
        except asyncio.CancelledError:
            if not self._running.why:
                raise  # the whole source is being stopped
        finally:
            task.cancel()
            self._running = None
            self._on_exchange(stream.exchange())
            self._say()

    def _before(self, job: Job) -> tuple[Note, ...] | None:
        """The bar before those of ``job``, if it was written here: the line that leads to them."""
        place = job.ahead.place(job.first - 1) if job.first else None
        found = self.shelf.find(place, job.ahead.tick(job.first - 1)) if place is not None else None
        if found is None:
            return None
        length = job.ahead.brief.meter.bar_ticks
        return tuple(replace(n, onset=n.onset - length) for n in found.notes)

    async def _stream(self, host: Host, job: Job, stream: Stream) -> None:
        brief = job.ahead.brief
        try:
            async with aclosing(stream.bars()) as bars:
                async for bar in bars:
                    self.shelf.put(bar, brief.style, brief.meter, wish_of(brief))
                    self.hosts.succeeded(host)
                    self._written.set()
                    self._written = asyncio.Event()
            if stream.flaw:
                self.hosts.flawed(host, stream.flaw)
        except Exception as error:  # a host may fail in any way; the source goes on
            self.hosts.failed(host, trouble(error))

    def _review(self) -> None:
        """Close the request on its way if none of its bars can be of use."""
        running = self._running
        if running is None or running.why:
            return
        job, stream = running.job, running.stream
        ahead = self._ahead.get(job.role)
        tokens = job.ahead.brief.meter.bar_ticks / self._step + 1
        left = range(1, job.bars - stream.whole + 1)
        ready = [stream.ready_in(n, tokens) for n in left]
        if not ready:
            return
        why = still_useful(job, ahead, stream.whole, self._now(), ready)
        if not why:
            return
        running.why = why
        running.task.cancel()
        waited = self._now() - stream.began
        if why == "late" and stream.first_at is None and waited > max(2.0, 3 * stream.host.pace.start_s):
            self.hosts.failed(stream.host, Trouble(Kind.SILENT, "no answer in time"))
        elif why == "late" and not stream.whole:
            self.hosts.late(stream.host, stopped=stream.stopped)

    def _keeps_up(self, host: Host) -> bool:
        """Whether ``host`` can write every bar of what is played now."""
        now = self._now()
        active = [a for a in self._ahead.values() if not a.over(now)]
        return all(
            plan(host.pace, a.bar_s, a.brief.meter.bar_ticks / self._step + 1, len(active)).keeps_up
            for a in active
        )

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self._review()
            self.hosts.review()
            self._say()

    # -- hosts -------------------------------------------------------------------------------------------

    async def _warm(self, host: Host, first_s: float) -> None:
        """Have ``host`` read what every prompt begins with, then write two bars, which measures its speed."""
        style = next(iter(self._styles.values()), None)
        await warm_up(host, style, self._step, first_s, self._on_exchange, self._now)

    # -- the screen --------------------------------------------------------------------------------------

    @staticmethod
    def _health(state: str, detail: str) -> GeneratorHealth:
        return GeneratorHealth(Source.OLLAMA, NAME, state, detail)

    def _say(self) -> None:
        health = self.health()
        now = self._now()
        told = self._told
        if told == health or (
            told is not None and told.state == health.state and now - self._told_at < TELL_S
        ):
            return
        self._told, self._told_at = health, now
        self._tell(health)


def _words(style: Style | None) -> str:
    return "" if style is None else style.title
