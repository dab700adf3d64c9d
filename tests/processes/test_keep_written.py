"""What the LLM plays is kept: from a band that plays into the library's file, and back out of it."""

from pathlib import Path

from jamtui.generators.host import make_hosts
from jamtui.generators.ollama import OllamaSource
from jamtui.library.store.sqlite import SqliteStore
from jamtui.music.phrase import Role, Source
from jamtui.playback.commands import Route
from jamtui.processes.codec import to_plain
from jamtui.processes.engine_library import LibraryDesk
from jamtui.processes.engine_views import Audience
from jamtui.processes.library_worker import LibraryWorker
from jamtui.session.library_page import PageRequest
from tests.generators.double import Double
from tests.generators.playing import Playing, ready
from tests.generators.virtual_time import run
from tests.library.test_source import brief
from tests.processes.test_engine_library import Peer, Server
from tests.processes.test_library_worker import Told, scene, until
from tests.session.stage import CHANNEL, styles

BAR = 3840


def kept_while_it_plays() -> dict[str, object]:
    """The message to the workers when the lead's LLM phrase is kept in the middle of its second bar."""
    workers = Peer("workers")

    async def play() -> None:
        async with Double(tokens_per_s=60.0) as server:
            source = OllamaSource(make_hosts([server.url]), styles())

            def keep(playing: Playing) -> None:
                band = playing.stage.band
                now = playing.stage.time()
                bars = band.conductor.phrase_bars(Role.LEAD, band.clock.segment.tick_at(now))
                if workers.got or len(bars) < 2 or {b.source for b in bars} != {Source.OLLAMA}:
                    return
                audience = Audience()
                audience.server = Server(workers)  # type: ignore[assignment]  # as much of a server as is used
                routes = {role: Route(role.value, channel) for role, channel in CHANNEL.items()}
                desk = LibraryDesk(band, playing.sources, audience, lambda: routes, playing.stage.commands)
                desk.act("keep", "lead", now)

            playing = Playing(source, 8, tempo=120, started=ready, look=keep)
            await playing.play()

    run(play())
    ((kind, body),) = workers.got
    assert kind == "take"
    return dict(body)


def test_a_phrase_of_the_llm_is_kept_in_the_library_and_found_for_its_chords(tmp_path: Path) -> None:
    body = kept_while_it_plays()
    take = body["take"]
    assert isinstance(take, dict)
    assert (take["role"], take["origin"], take["label"]) == ("lead", "O", "qwen3:1.7b")
    path = tmp_path / "library.db"

    async def play(worker: LibraryWorker, told: Told) -> None:
        await until(lambda: worker.health().state == "ready", "a library")
        await worker.take("take", body)
        await worker.take("browse", to_plain(PageRequest("kept", 0, 10)))
        symbols = " ".join(c["chord"] for c in take["chords"])
        assert [bar async for bar in worker.bars(brief(symbols, 0, Role.LEAD))]

    told = scene(path, play)
    assert "kept qwen3:1.7b" in told.sentences()
    (page,) = told.of("page")
    assert page.total >= 1
    assert all(row.kept and row.origin.startswith("qwen3:1.7b") for row in page.rows)
    hits = told.of("hits")[-1]
    assert any(h.kept and h.origin.startswith("qwen3:1.7b") for h in hits), "it is found where it fits"
    with SqliteStore.open(path) as store:
        phrases = [record for row in page.rows if (record := store.get(row.id)) is not None]
    assert len(phrases) == page.total
    stored = {
        (n.onset + (p.first_bar - take["first_bar"]) * BAR, n.pitch) for p in phrases for n in p.phrase.notes
    }
    assert stored == {(n["onset"], n["pitch"]) for n in take["notes"]}, "note for note"
