"""The library in the worker process, with real files: what the engine asks for and what it is told."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from jamtui.library.ingest import ingest_starter
from jamtui.library.store.sqlite import SqliteStore
from jamtui.music.phrase import Bar, Role
from jamtui.processes import library_worker
from jamtui.processes.codec import decode, encode, to_plain
from jamtui.processes.library_worker import LibraryWorker
from jamtui.processes.options import INSTALLED, SessionOptions
from jamtui.session.generator import Hit
from jamtui.session.library_page import LibraryPage, PageRequest
from jamtui.session.library_step import LibraryStep, StepAnswer
from jamtui.session.snapshot import LibraryView
from tests.library.test_source import brief, take
from tests.processes.wire import RunningBand, wait_until

NO_MIDI = '[midi]\napi = "none"\n'


class Told:
    """What went over the link: everything is encoded as it would be."""

    def __init__(self) -> None:
        self.all: list[tuple[str, Any]] = []

    def send(self, kind: str, body: object) -> None:
        assert decode(encode(kind, body))[0] == kind
        self.all.append((kind, body))

    def of(self, kind: str) -> list[Any]:
        return [body for k, body in self.all if k == kind]

    def sentences(self) -> str:
        return "; ".join(body["text"] for body in self.of("tell"))


async def until(condition: Callable[[], object], what: str) -> None:
    for _ in range(1500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"did not happen: {what}")


def scene(path: Path, play: Callable[[LibraryWorker, Told], Awaitable[None]], **options: Any) -> Told:
    """Run ``play`` with a worker on the library at ``path``."""
    told = Told()

    async def run() -> None:
        worker = LibraryWorker(path, **options)
        worker.attach(told.send)
        try:
            await play(worker, told)
        finally:
            await worker.close()

    asyncio.run(run())
    return told


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("library") / "library.db"
    ingest_starter(path)
    return path


@pytest.fixture
def library(starter: Path, tmp_path: Path) -> Path:
    path = tmp_path / "library.db"
    path.write_bytes(starter.read_bytes())
    return path


async def answer(worker: LibraryWorker, symbols: str, role: Role = Role.LEAD) -> list[Bar]:
    return [bar async for bar in worker.bars(brief(symbols, 0, role))]


def test_on_its_first_run_the_starter_phrases_are_taken_in(tmp_path: Path) -> None:
    async def play(worker: LibraryWorker, told: Told) -> None:
        assert worker.health().state == "loading"
        assert await answer(worker, "Dm7 G7") == [], "the band does not wait for it"
        await until(lambda: worker.health().state == "ready", "a library")
        bars = await answer(worker, "Dm7 G7")
        assert [b.start_tick for b in bars] == [0, 3840]

    told = scene(tmp_path / "data" / "library.db", play)
    with SqliteStore.open(tmp_path / "data" / "library.db") as store:
        count = store.stats().phrases
        assert count > 300
        assert store.stats().played >= 1
    assert told.of("library")[-1] == LibraryView(count, 0, "")
    hits = told.of("hits")[-1]
    assert len(hits) == 8
    assert all(isinstance(h, Hit) for h in hits)
    guests = told.of("guests")
    assert guests
    assert all(g.ref.startswith("L:") for g in guests[0])


def test_hits_arrive_as_they_are_played_with_the_notes_that_were_moved(library: Path) -> None:
    bars: list[Bar] = []

    async def play(worker: LibraryWorker, told: Told) -> None:
        await until(lambda: worker.health().state == "ready", "a library")
        bars.extend(await answer(worker, "Ebm7b5 Ab7alt"))

    hits = scene(library, play).of("hits")[-1]
    chosen = [h for h in hits if h.ref == bars[0].ref]
    assert len(chosen) == 1, "what plays is among them"
    sounding = [(n.onset, n.pitch) for n in bars[0].notes]
    assert sounding == [(onset, pitch) for onset, _, pitch in chosen[0].notes if onset < bars[0].length]
    moved = [(h, at, by) for h in hits for at, by in h.moved]
    assert moved, "not all that is found lies over these chords as it is"
    for hit, at, by in moved:
        assert 0 <= at < len(hit.notes)
        assert by in range(-6, 6)
        assert by != 0


def test_a_capture_waits_for_a_library_that_is_being_opened(library: Path) -> None:
    opening = threading.Event()
    lick = [(0, 78, 0.5), (0.5, 81, 0.5), (1, 83, 0.5), (1.5, 78, 0.5), (2, 76, 1)]

    def slow(_: Path) -> int:
        assert opening.wait(10)
        return 0

    async def play(worker: LibraryWorker, told: Told) -> None:
        keeping = asyncio.create_task(
            worker.take("take", {"number": 3, "take": to_plain(take(lick, "F#m7b5"))})
        )
        await asyncio.sleep(0.05)
        assert not keeping.done()
        opening.set()
        await keeping
        assert told.of("step")[-1].number == 3
        assert told.of("step")[-1].step is not None

    told = scene(library, play, starter=slow)
    assert "kept own take" in told.sentences()
    with SqliteStore.open(library) as store:
        assert store.stats().kept > 0


def test_a_damaged_library_is_set_aside_and_the_band_has_the_starter_phrases(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5000)

    async def play(worker: LibraryWorker, told: Told) -> None:
        await until(lambda: worker.health().state == "ready", "a library")
        assert await answer(worker, "Dm7 G7")

    told = scene(path, play)
    assert "set aside" in told.sentences() or "damaged" in told.sentences()
    assert len(list(tmp_path.glob("library*"))) >= 2


def test_a_library_that_cannot_be_written_is_played_from(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_worker, "can_be_written", lambda _: False)
    before = library.read_bytes()

    async def play(worker: LibraryWorker, told: Told) -> None:
        await until(lambda: worker.health().state == "ready", "a library")
        assert await answer(worker, "Dm7 G7")
        await worker.take("mark", {"number": 7, "ref": "L:5", "banned": True, "label": "x"})
        await worker.take("browse", to_plain(PageRequest("", 0, 10)))
        assert await answer(worker, "Dm7 G7")

    told = scene(library, play)
    assert "can be read but not written" in told.sentences()
    assert told.of("step") == [StepAnswer(7, None)]
    assert len(told.of("page")[0].rows) == 10
    assert library.read_bytes() == before


def test_a_library_that_cannot_be_opened_is_said_and_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    path.mkdir()

    async def play(worker: LibraryWorker, told: Told) -> None:
        await until(lambda: worker.health().state == "down", "down")
        assert "plays from its own book" in worker.health().detail
        await worker.take("mark", {"number": 7, "ref": "L:1", "banned": True, "label": ""})
        step = StepAnswer(6, LibraryStep("taken back"))
        await worker.take("undo", to_plain(step))
        assert told.of("step") == [StepAnswer(7, None), step], "it stays to be taken back"
        assert await answer(worker, "Dm7") == []
        await worker.take("browse", to_plain(PageRequest("", 0, 10)))

    told = scene(path, play)
    assert "not open" in told.sentences()
    assert told.of("page")[0].problem


def test_a_library_that_fails_is_closed_behind_what_is_being_written(library: Path) -> None:
    """Another program holds the file for writing, a ban waits for it, and reading fails meanwhile."""
    other = apsw.Connection(str(library))

    async def play(worker: LibraryWorker, told: Told) -> None:
        await until(lambda: worker.health().state == "ready", "a library")
        other.execute("begin immediate")
        ban = asyncio.create_task(
            worker.take("mark", {"number": 1, "ref": "L:5", "banned": True, "label": "x"})
        )
        await asyncio.sleep(0.05)
        searcher = worker._searcher
        assert searcher is not None
        searcher._reader.close()
        failing = asyncio.create_task(answer(worker, "Dm7 G7"))
        await until(lambda: worker.health().state == "down", "down")
        assert "being closed" in worker.health().detail
        assert not ban.done(), "it waits for the other program"
        assert await answer(worker, "Dm7 G7", Role.COMP) == [], "others are not held up"
        assert not failing.done(), "it is closed in its turn"
        other.execute("rollback")
        assert await failing == []
        await ban
        assert told.of("step")[-1].step is not None
        await until(lambda: worker.health().state == "ready", "it is opened again")
        assert await answer(worker, "Dm7 G7")

    told = scene(library, play)
    other.close()
    assert "banned: x" in told.sentences()


def test_takes_marks_pages_and_auditions(library: Path) -> None:
    async def play(worker: LibraryWorker, told: Told) -> None:
        await until(lambda: worker.health().state == "ready", "a library")
        lick = [(0, 78, 0.5), (0.5, 81, 0.5), (1, 83, 0.5), (1.5, 78, 0.5), (2, 76, 1)]
        await worker.take("take", {"number": 1, "take": to_plain(take(lick, "F#m7b5"))})
        await worker.take("browse", to_plain(PageRequest("kept", 0, 10)))
        page = told.of("page")[-1]
        assert isinstance(page, LibraryPage)
        assert page.total == 1
        row = page.rows[0]
        assert row.kept
        assert any(h.kept for h in (await answer(worker, "F#m7b5"), told.of("hits")[-1])[1])
        await worker.take("audition", {"id": row.id, "playing": False})
        (heard,) = told.of("audition")
        assert heard["role"] == "lead"
        assert [n.pitch for n in heard["notes"]] == [78, 81, 83, 78, 76]
        await worker.take("mark", {"number": 2, "ref": f"L:{row.id}", "banned": True, "label": "mine"})
        assert not any(h.kept for h in (await answer(worker, "F#m7b5"), told.of("hits")[-1])[1])
        first, second = told.of("step")
        assert (first.number, second.number) == (1, 2)
        for done in (second, first):
            await worker.take("undo", to_plain(done))
        await worker.take("browse", to_plain(PageRequest("kept", 0, 10)))
        assert told.of("page")[-1].total == 0
        await worker.take("audition", {"id": row.id, "playing": False})
        await worker.take("take", {"number": 3, "take": to_plain(take([], "F#m7b5"))})
        await worker.take("mark", {"number": 4, "ref": f"L:{row.id}", "kept": True, "label": ""})
        assert told.of("step")[2:] == [StepAnswer(3, None), StepAnswer(4, None)]

    told = scene(library, play)
    for words in ("kept own take", "banned: mine", "not banned any more: mine", "own take: not kept",
                  "not in the library any more", "nothing to keep there"):  # fmt: skip
        assert words in told.sentences()


def test_a_phrase_that_is_wished_is_in_the_first_brief_after_it(library: Path) -> None:
    with SqliteStore.open(library) as store:
        number = store.numbers(role="lead", style="funk")[0]

    async def play(worker: LibraryWorker, told: Told) -> None:
        await until(lambda: worker.health().state == "ready", "a library")
        await answer(worker, "Dm7 G7")
        body = {"id": number, "playing": True, "role": "lead"}
        wished = asyncio.get_running_loop().create_task(worker.take("audition", body))
        bars = await asyncio.get_running_loop().create_task(answer(worker, "Dm7 G7"))
        assert bars[0].ref == f"L:{number}"
        await wished

    assert "not in the library" not in scene(library, play).sentences()


def tune(path: Path) -> Path:
    """A small file of one line over two chords, written here."""
    import mido

    track = mido.MidiTrack(
        [mido.MetaMessage("track_name", name="Solo"), mido.MetaMessage("marker", text="Dm7")]
    )
    for n in range(64):
        track += [
            mido.Message("note_on", note=62 + (n * 5) % 12, velocity=80, time=0),
            mido.Message("note_off", note=62 + (n * 5) % 12, time=240),
        ]
    midi = mido.MidiFile(ticks_per_beat=480)
    midi.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    midi.save(path)
    return path


def test_a_folder_is_ingested_beside_the_band_and_used_at_once(library: Path, tmp_path: Path) -> None:
    folder = tmp_path / "midis"
    tune(folder / "tune.mid")
    (folder / "broken.mid").write_bytes(b"MThd nonsense")

    async def play(worker: LibraryWorker, told: Told) -> None:
        await until(lambda: worker.health().state == "ready", "a library")
        before = told.of("library")[-1].phrases if told.of("library") else 0
        await worker.take("ingest", {"path": str(folder)})
        await worker.take("ingest", {"path": str(folder)})
        await until(lambda: "is in the library" in told.sentences(), "the end of the ingest")
        await until(lambda: told.of("library")[-1].phrases > before, "more phrases")
        await worker.take("browse", to_plain(PageRequest("tune", 0, 10)))
        assert told.of("page")[-1].total >= 1
        await worker.take("ingest", {"path": str(tmp_path / "nowhere")})
        await worker.take("ingest", {"path": " "})

    told = scene(library, play)
    views = [v.ingest for v in told.of("library")]
    assert any(v.startswith("midis: ") for v in views)
    assert views[-1] == ""
    for words in (
        "an ingest is running",
        "1 files refused",
        "nowhere to ingest; check the path",
        "say which",
    ):
        assert words in told.sentences()


def test_an_ingest_can_be_stopped(library: Path, tmp_path: Path) -> None:
    folder = tmp_path / "midis"
    first = tune(folder / "0.mid").read_bytes()
    for n in range(1, 4000):  # more than are read while this machine stands still
        (folder / f"{n}.mid").write_bytes(first + bytes((n % 256, n // 256)))

    async def play(worker: LibraryWorker, told: Told) -> None:
        await until(lambda: worker.health().state == "ready", "a library")
        await worker.take("ingest", {"path": str(folder)})
        await until(lambda: any(v.ingest for v in told.of("library")), "its beginning")
        await worker.take("ingest-stop", None)
        await until(
            lambda: "stopped" in told.sentences() or "is in the library" in told.sentences(), "an end"
        )

    told = scene(library, play)
    assert "stopped" in told.sentences()
    assert "goes on" in told.sentences()


@pytest.mark.slow
@pytest.mark.real_time
def test_a_whole_band_plays_from_the_library_and_takes_captures(
    jamtui_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    options = SessionOptions(demo=True, autostart=True, tempo=200.0, seed=4, generators=INSTALLED)
    with RunningBand(options, config=NO_MIDI, graph=False, name="console") as band:
        band.wait(lambda s: (s.library.phrases or 0) > 300, "the starter phrases")
        band.wait(lambda s: any(r.source == "L" for r in s.roles), "a role that plays the library")
        band.wait(lambda s: any(h.playing for h in s.hits), "a hit that plays")
        before = band.snapshot().library.phrases or 0
        band.link.act("capture", 4)
        band.wait_event("kept own take")
        band.wait(lambda s: (s.library.phrases or 0) > before, "more phrases")
        band.link.ask_page(PageRequest("kept", 0, 10))
        wait_until(lambda: band.link.page() is not None, "a page")
        page = band.link.page()
        assert page is not None
        assert page.total >= 1
        assert all("own take" in row.origin for row in page.rows)
        band.link.act("undo")
        band.wait_event("own take: not kept")
        workers = band.kill("workers")
        band.wait_replaced("workers", workers)
        band.wait(
            lambda s: any(x.letter == "L" and x.state == "ready" for x in s.sources), "the library again"
        )
        report = band.report()
        assert report["notes_by_source"]["library"] > 0
        assert report["hung_notes"] == 0
