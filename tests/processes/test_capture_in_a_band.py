"""What the player captures comes back: a band in simulated time, with a real library in its worker's half."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from jamtui.library.ingest import ingest_starter
from jamtui.library.librarian import Librarian
from jamtui.library.phrase_refs import hit_of, ref_of
from jamtui.library.search import Searcher
from jamtui.library.source import LibrarySource
from jamtui.library.store.sqlite import SqliteStore
from jamtui.music.phrase import Bar, Brief, Role, Source
from jamtui.playback.commands import Route, SentNote
from jamtui.processes.codec import from_plain
from jamtui.processes.engine_library import LibraryDesk
from jamtui.processes.engine_views import Audience
from jamtui.session.generator import GeneratorHealth, Hit
from jamtui.session.taking import Take
from tests.generators.playing import LOOP_KEYS, Playing
from tests.generators.virtual_time import run
from tests.processes.test_engine_library import Peer, Server
from tests.session.stage import CHANNEL

BAR = 3840
CHORUS = len(LOOP_KEYS)


class Library:
    """The library as a generator that answers within the loop, so that simulated time does not outrun it."""

    name = "library"
    source = Source.LIBRARY

    def __init__(self, searcher: Searcher) -> None:
        self.composing = LibrarySource(lambda: searcher)
        self.hits: list[tuple[int, Hit]] = []
        """Tick of the brief and what was found for it."""

    def health(self) -> GeneratorHealth:
        return GeneratorHealth(self.source, self.name, "ready", "")

    async def bars(self, brief: Brief) -> AsyncIterator[Bar]:
        made = self.composing.compose(brief)
        self.hits += [(brief.start_tick, hit_of(hit)) for hit in made.hits]
        for bar in made.bars:
            yield bar


class Capturing:
    """`a` at the beginning of a bar: through the engine's desk, and into the library."""

    def __init__(self, store: SqliteStore, searcher: Searcher, library: Library) -> None:
        self._librarian = Librarian(store, searcher)
        self._library = library
        self.words = ""

    def __call__(self, playing: Playing) -> None:
        peer, audience = Peer("workers"), Audience()
        audience.server = Server(peer)  # type: ignore[assignment]  # as much of a server as is used
        routes = {role: Route(role.value, channel) for role, channel in CHANNEL.items()}
        stage = playing.stage
        desk = LibraryDesk(stage.band, playing.sources, audience, lambda: routes, stage.commands)
        desk.act("capture", CHORUS, stage.time())
        ((kind, body),) = peer.got
        assert kind == "take"
        self.words = self._librarian.keep_take(from_plain(Take, body["take"])).words
        self._library.composing.keep(self._librarian.kept())


def played(path: Path, at: int, bars: int, **options: Any) -> tuple[Playing, Library, set[str], str]:
    """A band whose player plays the loop and captures it in bar ``at``, the captured phrases' references, and
    what was said of it."""
    ingest_starter(path)
    with SqliteStore.open(path) as store, Searcher(store) as searcher:
        before = set(store.numbers())
        library = Library(searcher)
        capture = Capturing(store, searcher, library)
        band = Playing(None, bars, 120, chords=LOOP_KEYS, others=[library], events={at: capture}, **options)
        run(band.play())
        own = {ref_of(number) for number in set(store.numbers()) - before}
    return band, library, own, capture.words


def test_a_capture_is_found_and_played_in_the_next_chorus(tmp_path: Path) -> None:
    at = 2 * CHORUS
    band, library, own, words = played(tmp_path / "library.db", at, at + 2 * CHORUS + 1)
    assert own
    assert "kept own take" in words
    assert "(comp)" in words
    # Found: among what the panel shows for the chords of the very next bars.
    found = [tick // BAR for tick, hit in library.hits if hit.ref in own]
    assert at <= min(found) <= at + 2
    assert all(hit.origin.startswith("own take") and hit.kept for _, hit in library.hits if hit.ref in own)
    # Played: taken by the engine and sent, before the chorus is over.
    bars = {b.start_tick // BAR: b for b, taken, _ in band.offered if taken and b.role is Role.COMP}
    mine = sorted(number for number, bar in bars.items() if bar.ref in own)
    assert mine
    assert at < mine[0] <= at + CHORUS
    sent = {
        report.tick // BAR
        for report in band.stage.all_reports
        if isinstance(report, SentNote) and report.on and report.role is Role.COMP
        if report.source is Source.LIBRARY
    }
    assert mine[0] in sent
    assert bars[mine[0]].label.startswith("own take")
    assert band.dead_air == 0
