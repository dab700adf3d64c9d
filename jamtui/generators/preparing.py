"""Has an LLM write choruses for a song before the show.

Bars are asked for a few at a time, each request with the line that leads to it, and pass the guard as on
stage. What does not come, or is refused, is asked for again, a bounded number of times.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from jamtui.generators.host import Host
from jamtui.generators.models import SUGGESTED, Measurements, find_model, measured_on, recommend
from jamtui.generators.ollama_client import LOAD_S, Kind, Trouble, loop_time
from jamtui.generators.prepared import BarNotes, Chorus, PreparedSet, bar_chords
from jamtui.generators.prompt import Example
from jamtui.generators.request import Request, cut, make_request
from jamtui.generators.stream import Stream
from jamtui.music.chord import Family
from jamtui.music.meter import EIGHTH
from jamtui.music.phrase import FORECAST_BARS, Brief, Note, Role
from jamtui.music.scale import key_of
from jamtui.session.randomness import number
from jamtui.styles.style import Style

REQUEST_BARS = 4
"""Bars of a request: a phrase."""
ATTEMPTS = 4
"""How often a bar is asked for before it is left out."""
PLAYED_BARS = 2
"""Bars before a request that it is told of."""
HOPELESS = 12
"""Answers in a row without a bar that the guard takes: the model cannot do it."""
FIRST_S = 120.0
"""Longest wait for the first piece of an answer: nobody waits on a stage."""
NEW_TOKENS = 400
"""Tokens of a prompt beyond those that stay: there is time to read more examples than on stage."""
FAILURES = 4
"""Requests in a row that may fail, whichever host they went to, before it is given up."""
RETRY_S = 2.0
"""Seconds of rest after a failure, more after each further one."""
CALM, HOT = 0.35, 0.7
"""Energy of the first and of the last chorus: a solo grows."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be prepared: ``choruses`` in all for ``role``, on a grid of ``step`` ticks."""

    style: Style
    role: Role = Role.LEAD
    choruses: int = 3
    temperature: float = 0.5
    step: int = EIGHTH
    seed: int = 1


@dataclass(slots=True)
class Tally:
    """How far it is. ``bars``: all that are to be there at the end; ``done``: those that are; ``left_out``:
    those that were asked for too often; ``refused``: by reason of the guard's."""

    bars: int = 0
    done: int = 0
    left_out: int = 0
    requests: int = 0
    refused: Counter[str] = field(default_factory=Counter)


async def open_host(hosts: Sequence[Host], measured: Measurements | None = None) -> Host:
    """The first host that has a model, with that loaded.

    Raises:
        Trouble: none has; it is the first one's.
    """
    first: Trouble | None = None
    for host in hosts:
        try:
            models = await host.client.models()
            known = measured_on(host.client.url, measured)
            model = find_model(host.wish, models) if host.wish else recommend(models, known)
            if model is None:
                missing = host.wish or SUGGESTED
                raise Trouble(Kind.MISSING, f"it has no {missing}; `jamtui llm pull {missing}` fetches it")
            host.model = model.name
            host.thinking = await host.client.thinks(model.name)
            await host.client.load(model.name, LOAD_S)
            return host
        except Trouble as error:
            first = first or error
    raise first or Trouble(Kind.REFUSED, "no host is configured")


class Preparation:
    """Writes what is missing of ``prepared`` for ``wish``.

    Args:
        keep: gets the set whenever it is worth keeping: after each chorus, and at the end however it comes.
        told: called when ``tally`` changed.
        examples: phrases to show to the model, by request.
        measured: what ``jamtui llm bench`` found, by host and model.
        now: the time in seconds; the event loop's, where nothing else is said.
    """

    def __init__(
        self,
        wish: Wish,
        prepared: PreparedSet,
        hosts: Sequence[Host],
        *,
        keep: Callable[[PreparedSet], object],
        told: Callable[[], None] = lambda: None,
        examples: Callable[[Request], Sequence[Example]] = lambda _request: (),
        measured: Measurements | None = None,
        now: Callable[[], float] = loop_time,
    ) -> None:
        self.prepared = prepared
        self.tally = Tally()
        self._wish = wish
        self._hosts = hosts
        self._host: Host | None = None
        self._empty = 0
        self.model = ""
        """The model that writes, once it is loaded."""
        self._keep = keep
        self.told = told
        self._examples = examples
        self._measured = measured
        self._now = now
        chart = prepared.chart
        self._length = len(chart.bars)
        self._silent = tuple(
            all(s.chord.family is Family.NONE for s in bar_chords(chart, n)) for n in range(self._length)
        )
        self._key = key_of(s.chord for s in chart.spans)
        own = prepared.of(wish.role)[: wish.choruses]
        playing = self._length - sum(self._silent)
        self.tally.bars = wish.choruses * playing
        self.tally.done = sum(playing - self._gaps(c.bars) for c in own)

    async def run(self) -> PreparedSet:
        """Write; ``prepared`` is the result, also where this ends early.

        Raises:
            Trouble: no host plays (any more).
        """
        for place in range(self._wish.choruses):
            await self._chorus(place)
        return self.prepared

    async def _chorus(self, place: int) -> None:
        own = self.prepared.of(self._wish.role)
        bars: list[BarNotes | None] = list(own[place].bars) if place < len(own) else [None] * self._length
        if not self._gaps(bars):
            return
        for n in range(self._length):
            if self._silent[n]:
                bars[n] = ()
        tries = [0] * self._length
        failures = 0
        seed = number(self._wish.seed, "prepared", self._wish.role, place)
        try:
            while (gap := self._gap(bars, tries)) is not None:
                first, count = gap
                for n in range(first, first + count):
                    tries[n] += 1
                try:
                    await self._ask(place, bars, first, count, number(seed, first, tries[first]))
                    failures = self._empty = 0
                except Trouble as error:
                    if error.kind is Kind.NONSENSE:
                        self._empty += 1
                        if self._empty >= HOPELESS:
                            raise
                        continue
                    failures += 1
                    for n in range(first, first + count):
                        tries[n] -= 1
                    self._host = None
                    if failures >= FAILURES or not self.tally.requests:
                        raise
                    await asyncio.sleep(RETRY_S * failures)
        finally:
            written = sum(bar is not None for bar in bars) - sum(self._silent)
            if written:
                model = self.model or (own[place].model if place < len(own) else "")
                chorus = Chorus(self._wish.role, model, seed, tuple(bars))
                self.prepared = self.prepared.with_chorus(place, chorus)
                self._keep(self.prepared)
        self.tally.left_out += self._gaps(bars)

    async def _ask(self, place: int, bars: list[BarNotes | None], first: int, count: int, seed: int) -> None:
        """Ask for ``count`` bars from the ``first``-th of the ``place``-th chorus; what comes is put into
        ``bars``."""
        host = self._host
        if host is None:
            host = self._host = await open_host(self._hosts, self._measured)
            self.model = host.model
            self.told()
        brief = self._brief(place, bars, first, count, seed)
        style = self._wish.style
        request = make_request(brief, style, bars=count, step=self._wish.step)
        shown = self._examples(request)
        stream = Stream(
            host, request, shown, first_s=FIRST_S, style_words=style.title, new=NEW_TOKENS, now=self._now
        )
        self.tally.requests += 1
        try:
            async with aclosing(stream.bars()) as written:
                async for bar in written:
                    n = first + (bar.start_tick - brief.start_tick) // bar.length
                    if bars[n] is None:
                        self.tally.done += 1
                    bars[n] = bar.notes
                    self.told()
        finally:
            self.tally.refused.update(stream.refused)
            self.told()

    def _brief(self, place: int, bars: Sequence[BarNotes | None], first: int, count: int, seed: int) -> Brief:
        wish, chart = self._wish, self.prepared.chart
        ticks = chart.meter.bar_ticks
        at = place * self._length + first
        forecast = cut(
            [
                replace(span, start=n * ticks + span.start)
                for n in range(FORECAST_BARS)
                for span in chart.bars[(first + n) % self._length]
            ],
            0,
            FORECAST_BARS * ticks,
        )
        share = place / (wish.choruses - 1) if wish.choruses > 1 else 0.5
        role = wish.style.roles.get(wish.role)
        return Brief(
            brief_id=f"prepare-{place}-{first}",
            session="prepare",
            role=wish.role,
            style=wish.style.name,
            meter=chart.meter,
            start_tick=at * ticks,
            bars=count,
            chords=cut(forecast, 0, count * ticks),
            plan_revision=0,
            tempo=self.prepared.tempo,
            temperature=wish.temperature,
            energy=round(CALM + (HOT - CALM) * share, 2),
            seed=seed,
            just_played=self._before(place, bars, first),
            forecast=forecast,
            confidence=1.0,
            key=self._key.words if self._key is not None else "",
            chart=chart.name,
            bar_number=at,
            low=role.low if role is not None else 0,
            high=role.high if role is not None else 127,
            level=role.level if role is not None else 1.0,
        )

    def _before(self, place: int, bars: Sequence[BarNotes | None], first: int) -> tuple[Note, ...]:
        """What leads to bar ``first``: the bars before it, of the chorus before this one at the beginning."""
        ticks = self.prepared.chart.meter.bar_ticks
        own = self.prepared.of(self._wish.role)
        found: list[Note] = []
        for back in range(PLAYED_BARS, 0, -1):
            n = first - back
            if n >= 0:
                notes = bars[n]
            elif 0 < place <= len(own) and -n <= self._length:
                notes = own[place - 1].bars[n]
            else:
                notes = None
            found += [replace(note, onset=note.onset - back * ticks) for note in notes or ()]
        return tuple(found)

    def _gaps(self, bars: Sequence[BarNotes | None]) -> int:
        """Bars that are wanted and not there."""
        return sum(bar is None and not silent for bar, silent in zip(bars, self._silent, strict=True))

    def _gap(self, bars: Sequence[BarNotes | None], tries: Sequence[int]) -> tuple[int, int] | None:
        """The next bars to ask for, as (first, how many); None where none is left."""
        open_ = [b is None and tries[n] < ATTEMPTS for n, b in enumerate(bars)]
        if True not in open_:
            return None
        first = open_.index(True)
        count = 1
        while count < REQUEST_BARS and first + count < self._length and open_[first + count]:
            count += 1
        return first, count
