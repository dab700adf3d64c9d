"""The phrase library in the worker process: briefs are answered, hits and guests told, takes kept.

Two threads beside the event loop: one searches and adapts, so that a brief never waits for a disk; the other
writes, lists and takes in the starter phrases.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from jamtui import paths
from jamtui.errors import JamtuiError, StoreError
from jamtui.library.fitted import fitted
from jamtui.library.guests import guest
from jamtui.library.ingest import ingest_starter
from jamtui.library.librarian import Done, Librarian
from jamtui.library.phrase_refs import hit_of, number_of
from jamtui.library.search import Query, Searcher, SearchHit
from jamtui.library.source import Composed, LibrarySource
from jamtui.library.store import PhraseStore
from jamtui.library.store.opening import can_be_written, open_library
from jamtui.music.phrase import Bar, Brief, ChordSpan, Phrase, Role, Source
from jamtui.processes.codec import from_plain
from jamtui.processes.ingest_beside import IngestBeside
from jamtui.processes.tidying import settle
from jamtui.session.audition import AuditionNote
from jamtui.session.book import ReflexPhrase
from jamtui.session.generator import GeneratorHealth, Hit
from jamtui.session.library_page import LibraryPage, PageRequest
from jamtui.session.library_step import LibraryStep, StepAnswer
from jamtui.session.snapshot import LibraryView
from jamtui.session.taking import Take
from jamtui.styles.swing import swung

RETRY_S = 5.0
"""How soon a library that could not be opened is tried again."""
LOOK_S = 1.0
"""How often the size of the library is told, if it changed."""
COUNT_S = 10.0
"""How often it is written down what was played."""
GUESTS = 3
"""Phrases for the reflex per brief."""
SURE = 0.5
"""Confidence from which on phrases are looked up for chords further ahead, too."""
SAME_HITS_S = 6.0
"""After so long without a brief for the lead, the hits of other roles are shown."""

Send = Callable[[str, object], object]


class LibraryWorker:
    """A ``Generator`` that corresponds with the engine and reports its health."""

    name = "library"
    source = Source.LIBRARY
    messages = frozenset({"take", "mark", "undo", "browse", "audition", "ingest", "ingest-stop"})

    def __init__(self, path: Path, starter: Callable[[Path], int] = ingest_starter) -> None:
        self._path = path
        self._starter = starter
        self._send: Send = lambda _kind, _body: None
        self._store: PhraseStore | None = None
        self._searcher: Searcher | None = None
        self._librarian: Librarian | None = None
        self._source = LibrarySource(lambda: self._searcher)
        self._state, self._detail = "loading", "opening the phrase library"
        self._tried = asyncio.Event()
        """Whether it has been tried to open the library."""
        self._searching = ThreadPoolExecutor(1, "library search")
        self._writing = ThreadPoolExecutor(1, "library writing")
        self._caring: asyncio.Task[None] | None = None
        self._view = LibraryView()
        self._ingest = IngestBeside(path, self._tell, self._look)
        self._played: list[int] = []
        self._invited: set[tuple[str, str]] = set()
        self._lead_at = 0.0

    # A generator

    async def bars(self, brief: Brief) -> AsyncIterator[Bar]:
        """Bars for ``brief``, all as soon as the first is known."""
        loop = asyncio.get_running_loop()
        try:
            made, guests = await loop.run_in_executor(self._searching, self._compose, brief)
        except StoreError as error:
            await self._fail(str(error))
            return
        for bar in made.bars:
            yield bar
        self._played += made.chosen
        if self._shows(brief.role):
            # One at a time: the briefs of other roles do not wait for the picture.
            shown = [await loop.run_in_executor(self._searching, _shown, brief, made, h) for h in made.hits]
            self._send("hits", shown)
        if guests:
            self._send("guests", guests)

    def similar(
        self, brief: Brief, chords: tuple[ChordSpan, ...], bars: int, count: int
    ) -> Sequence[tuple[Phrase, int]]:
        """Phrases for another generator's model (``session.generator.Retrieving``)."""
        searcher = self._searcher
        if searcher is None or self._state != "ready":
            return ()
        query = Query(chords, brief.role, brief.style, bars, brief.meter, (), brief.energy, brief.tempo)
        try:
            hits = searcher.search(query, count)
        except StoreError:
            return ()
        return [(hit.record.phrase, hit.transpose) for hit in hits]

    def _compose(self, brief: Brief) -> tuple[Composed, list[ReflexPhrase]]:
        made = self._source.compose(brief)
        hits = list(made.hits[:GUESTS])
        searcher = self._searcher
        ahead = 2 * brief.meter.bar_ticks
        if searcher is not None and brief.forecast and brief.confidence >= SURE:
            # For the reflex: chords that are likely to come after those of the brief.
            coming = tuple(s for s in brief.forecast if ahead <= s.start < 2 * ahead)
            if coming:
                chords = tuple(type(s)(s.start - coming[0].start, s.length, s.chord) for s in coming)
                query = Query(chords, brief.role, brief.style, 2, brief.meter, (), brief.energy, brief.tempo)
                hits += searcher.search(query, GUESTS)
        return made, self._guests(hits, brief.style)

    def _guests(self, hits: list[SearchHit], style: str) -> list[ReflexPhrase]:
        found = []
        for hit in hits:
            key = (style, str(hit.record.id))
            if key in self._invited:
                continue
            self._invited.add(key)
            made = guest(hit.record, style)
            if made is not None:
                found.append(made)
        return found

    def _shows(self, role: Role) -> bool:
        """Whether what was found for ``role`` is for the screen: the lead's, or of a band without one."""
        now = time.monotonic()
        if role is Role.LEAD:
            self._lead_at = now
        return role is Role.LEAD or now - self._lead_at >= SAME_HITS_S

    # Health

    def health(self) -> GeneratorHealth:
        """How it is now."""
        if self._state == "ready" and self._searcher is not None:
            if self._searcher.trouble:
                return GeneratorHealth(self.source, self.name, "down", self._searcher.trouble)
            return GeneratorHealth(self.source, self.name, "ready", f"{self._searcher.size:,} phrases")
        return GeneratorHealth(self.source, self.name, self._state, self._detail)

    async def _fail(self, reason: str) -> None:
        """The library cannot be used: say so and open it again soon."""
        if self._searcher is None:
            return  # another search has said so
        self._state, self._detail = "down", reason
        closing = self._shut()
        self._send("health", [self.health()])
        await closing

    # Corresponding

    def attach(self, send: Send) -> None:
        """Open the library, and look after it from now on."""
        self._send = send
        self._caring = asyncio.get_running_loop().create_task(self._care())

    def greet(self) -> None:
        """An engine came that knows nothing yet."""
        self._invited.clear()
        self._send("library", self._view)

    async def take(self, kind: str, body: Any) -> None:
        """One message of the engine; what comes of it is said on the event line. What was played before the
        library is open for the first time is not lost: it waits."""
        if kind in ("take", "mark", "undo") and not self._tried.is_set():
            await self._tried.wait()
        if kind == "audition" and body["playing"] and self._librarian is not None:
            # Before anything is waited for: the brief for the new plan comes right behind.
            self._source.wish(Role(body["role"]), int(body["id"]))
        if kind == "ingest":
            self._ingest.begin(str(body["path"]))
        elif kind == "ingest-stop":
            self._ingest.stop()
        elif kind == "browse":
            self._send("page", await self._page(from_plain(PageRequest, body)))
        elif self._librarian is None:
            self._tell(f"the library is not open: {self._detail}", "warning")
            self._answer(kind, body, None)
        else:
            await self._write(kind, body, self._librarian)

    async def _write(self, kind: str, body: Any, librarian: Librarian) -> None:
        try:
            if kind in ("take", "mark"):
                done: Done = await self._in_turn(self._work(kind, body, librarian))
                self._answer(kind, body, done.step)
                self._tell(done.words)
            elif kind == "undo":
                self._tell(await self._in_turn(librarian.undo, from_plain(LibraryStep, body["step"])))
            elif kind == "audition":
                await self._audition(librarian, int(body["id"]), bool(body["playing"]))
        except StoreError as error:
            self._tell(str(error), "warning")
            self._answer(kind, body, None)
        if kind != "audition":
            with contextlib.suppress(StoreError):  # what was done is done; it is asked again when it opens
                self._source.keep(await self._in_turn(librarian.kept))
        self._look()

    def _work(self, kind: str, body: Any, librarian: Librarian) -> Callable[[], Done]:
        if kind == "take":
            return partial(librarian.keep_take, from_plain(Take, body["take"]))
        number = number_of(str(body["ref"]))
        if body.get("banned") and number is not None:
            # In the thread that composes: it may be choosing at this moment.
            self._searching.submit(self._source.forget, number)
        kept, banned = body.get("kept"), body.get("banned")
        return partial(librarian.mark, str(body["ref"]), kept=kept, banned=banned, label=str(body["label"]))

    def _answer(self, kind: str, body: Any, done: LibraryStep | None) -> None:
        """Tell the engine what its step was; one that could not be taken back it may try again."""
        if kind == "undo":
            done = from_plain(LibraryStep, body["step"])
        if kind in ("take", "mark", "undo"):
            self._send("step", StepAnswer(int(body["number"]), done))

    async def close(self) -> None:
        """Stop the ingest, write down what was played, close the library."""
        await self._ingest.close()
        if self._caring is not None:
            self._caring.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._caring
        await self._count()
        await self._shut()
        self._searching.shutdown()
        self._writing.shutdown()

    # Inside: the library's life

    def _in_turn(self, work: Callable[..., Any], *arguments: object) -> "asyncio.Future[Any]":
        """``work`` in the writing thread, after what is there already."""
        return asyncio.get_running_loop().run_in_executor(self._writing, work, *arguments)

    async def _care(self) -> None:
        counted = time.monotonic()
        while True:
            if self._searcher is None:
                await self._open()
            self._look()
            if time.monotonic() - counted >= COUNT_S:
                counted = time.monotonic()
                await self._count()
            await asyncio.sleep(LOOK_S if self._searcher is not None else RETRY_S)

    async def _open(self) -> None:
        try:
            store, searcher = await self._in_turn(self._opened)
        except JamtuiError as error:
            self._state, self._detail = "down", f"{error}; the band plays from its own book"
        except Exception as error:  # whatever it is, the band plays on from its book
            self._state, self._detail = (
                "down",
                f"the library cannot be opened ({type(error).__name__}: {error})",
            )
        else:
            self._store, self._searcher = store, searcher
            self._librarian = librarian = Librarian(store, searcher)
            self._state, self._detail = "ready", ""
            with contextlib.suppress(StoreError):
                self._source.keep(await self._in_turn(librarian.kept))
        self._tried.set()
        self._send("health", [self.health()])

    def _opened(self) -> tuple[PhraseStore, Searcher]:
        """The library, with the starter phrases in it where it can be written, ready to be searched."""
        mine = can_be_written(self._path)
        store = open_library(self._path, read_only=not mine)
        try:
            if store.set_aside is not None:
                self._tell(store.set_aside.sentence, "warning")
            if mine:
                self._starter(self._path)
            searcher = Searcher(store)
            searcher.warm()
            searcher.read_ahead()
            settle()
            searcher.start()
        except BaseException:
            store.close()
            raise
        return store, searcher

    def _shut(self) -> Awaitable[None]:
        """Let nobody use the library any more, and close it behind what is being written."""
        searcher, store = self._searcher, self._store
        self._searcher = self._store = self._librarian = None
        return self._in_turn(_close, searcher, store)

    def _look(self) -> None:
        """Tell the size and the ingest, if something about them changed."""
        searcher = self._searcher
        size = searcher.size if searcher is not None else None
        view = LibraryView(size, 0, self._ingest.line)
        if view != self._view:
            grown = size != self._view.phrases
            self._view = view
            self._send("library", view)
            if grown:
                self._send("health", [self.health()])

    async def _count(self) -> None:
        numbers, self._played = self._played, []
        librarian = self._librarian
        if numbers and librarian is not None:
            with contextlib.suppress(StoreError):  # another writes for long: it is only a count
                await self._in_turn(librarian.played, numbers)

    def _tell(self, text: str, severity: str = "info") -> None:
        self._send("tell", {"text": text, "severity": severity})

    # Inside: looking up

    async def _page(self, request: PageRequest) -> LibraryPage:
        librarian = self._librarian
        problem = self._detail
        if librarian is not None:
            try:
                page: LibraryPage = await self._in_turn(
                    librarian.page, request.wanted, request.first, request.count
                )
                return page
            except StoreError as error:
                problem = str(error)
        return LibraryPage(request.wanted, 0, 0, (), problem)

    async def _audition(self, librarian: Librarian, number: int, playing: bool) -> None:
        record = await self._in_turn(librarian.get, number)
        if record is None:
            self._tell("that phrase is not in the library any more", "warning")
        elif not playing:
            phrase = record.phrase
            notes = [
                AuditionNote(swung(n.onset, record.swing) + n.residual, n.duration, n.pitch, n.velocity)
                for n in phrase.notes
            ]
            self._send("audition", {"role": phrase.role, "tempo": phrase.tempo, "notes": notes})


def _shown(brief: Brief, made: Composed, hit: SearchHit) -> Hit:
    """``hit`` for the screen, its notes as they are played."""
    return hit_of(hit, fitted(brief, hit, made.played.get(hit.record.id, {})))


def _close(searcher: Searcher | None, store: PhraseStore | None) -> None:
    with contextlib.suppress(StoreError):
        if searcher is not None:
            searcher.close()
        if store is not None:
            store.close()


def load() -> LibraryWorker:
    """The musician's library."""
    return LibraryWorker(paths.library_file())
