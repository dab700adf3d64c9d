"""How fast and how right the library's search is at 10 thousand, 100 thousand and a million phrases.

    python -m tests.bench.bench_search --pool ../shared/train [--sizes 10000 100000 1000000] [--keep FOLDER]

The library is made of phrases cut from the tunes of the pool, and of mutations of them where more are wanted
(see ``library_material.py``). One tune in ten is held out and gives the queries: the chords of a phrase, and
the phrase before it as what was just played. FAISS and Chroma are measured in the same run where they are
installed; they answer the vector part alone.
"""

import argparse
import gc
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

# Before numpy is loaded: its threads would measure the other core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from jamtui.library.candidates import BUDGET
from jamtui.library.flatten import Floats
from jamtui.library.index import Shelf
from jamtui.library.query_vector import aim, wanted
from jamtui.library.records import PhraseRecord, SourceRecord
from jamtui.library.search import Query, Searcher
from jamtui.library.store.sqlite import SqliteStore
from jamtui.music.phrase import Role
from jamtui.processes.tidying import settle
from tests.bench.library_material import Piece, mutate, pieces

BARS_MS = {10_000: 1.0, 100_000: 2.0, 1_000_000: 5.0}
CHROMA_MOST = 100_000
"""Chroma takes minutes to fill above this."""
HNSW_MOST = 100_000
BATCH = 20_000
WRITTEN = 1000
"""Phrases a second that the other process writes."""


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds."""

    p50: float
    p99: float
    most: float

    def __str__(self) -> str:
        return f"{self.p50:.2f} / {self.p99:.2f}"


def times(run: Callable[[int], object], count: int, clock: Callable[[], float] = time.perf_counter) -> Times:
    """Time of ``run(0)`` to ``run(count - 1)`` by ``clock``: by default wall time. Garbage is collected as
    the worker process does it, between two runs and not in one."""
    taken = []
    gc.disable()
    for index in range(count):
        start = clock()
        run(index)
        taken.append((clock() - start) * 1000)
        if index % 100 == 99:
            gc.collect(1)
    gc.enable()
    return Times(*(float(v) for v in (np.median(taken), np.percentile(taken, 99), max(taken))))


def split(found: Sequence[Piece]) -> tuple[list[Piece], list[Piece]]:
    """Tunes for the library, and one in ten for the queries."""
    shuffled = list(found)
    random.Random(1).shuffle(shuffled)
    held = len(shuffled) // 10
    return shuffled[held:], shuffled[:held]


def queries_of(held: Sequence[Piece], count: int) -> list[Query]:
    """Chords and what went before, of tunes that are not in the library; every other one without history."""
    found: list[Query] = []
    for piece in held:
        for before, after in zip(piece.phrases, piece.phrases[1:], strict=False):
            phrase = after.phrase
            if phrase.role is not Role.LEAD or phrase.meter != before.phrase.meter:
                continue
            played = tuple(replace(n, onset=n.onset - before.phrase.length) for n in before.phrase.notes)
            history = played if len(found) % 2 else ()
            found.append(
                Query(phrase.chords, phrase.role, phrase.style, 2, phrase.meter, history, 0.5, phrase.tempo)
            )
    random.Random(2).shuffle(found)
    return found[:count]


def fill(store: SqliteStore, known: Sequence[Piece], size: int) -> float:
    """Add phrases until there are ``size``; how many went in a second, their making not counted."""
    real = [record for piece in known for record in piece.phrases]
    chance = random.Random(3)
    chance.shuffle(real)
    spent, tried, have, batch = 0.0, 0, 0, 0
    while have < size:
        want = min(BATCH, size - have)
        part = real[tried : tried + want]
        while len(part) < want:
            part.append(mutate(chance.choice(real), chance))
        start = time.perf_counter()
        result = store.add(SourceRecord(f"batch {batch}", f"batch {batch}", analysis=1), part)
        spent += time.perf_counter() - start
        tried, have, batch = tried + want, have + len(result.added), batch + 1
    return tried / spent


def recall(store: SqliteStore, searcher: Searcher, queries: Sequence[Query], k: int = 8) -> dict[str, float]:
    """Share of the exact nearest ``k`` (sqlite-vec's scan of the shelf) that the index finds, by
    space; and of the best ``k`` hits of whole searches that look at every vector."""
    reader = store.reader()
    shares: dict[str, list[float]] = {"whole": [], "harmony": [], "hits": []}
    thorough = Searcher(store, budget=1 << 40)
    thorough.warm()
    for query in queries:
        shelf = shelf_of(searcher, query)
        for space, vector in vectors_of(query, shelf).items():
            exact = reader.nearest(shelf.number, space, vector, k)
            got = shelf.spaces[space].nearest(vector, k, BUDGET)
            # By distance: phrases over the same chords are equally near in the harmony space.
            limit = exact[-1][1] ** 2 * (1 + 1e-4) + 1e-5
            shares[space].append(sum(d <= limit for d in got.squared.tolist()) / len(exact))
        quick = {h.record.id for h in searcher.search(query, k)}
        full = {h.record.id for h in thorough.search(query, k)}
        shares["hits"].append(len(quick & full) / max(1, len(full)))
    reader.close()
    thorough.close()
    return {name: float(np.mean(values)) for name, values in shares.items()}


def shelf_of(searcher: Searcher, query: Query) -> Shelf:
    """The shelf on which a query searches first."""
    return next(
        s
        for s in searcher._index.shelves
        if (s.role, s.style, s.meter) == (query.role.value, query.style, query.meter.name)
    )


def vectors_of(query: Query, shelf: Shelf) -> dict[str, Floats]:
    """The query in both spaces."""
    known = wanted(query.chords, query.meter, query.just_played, query.energy)
    made = aim(known, pitched=True)
    return {"whole": made.whole(shelf), "harmony": made.by_harmony(shelf)}


def beside(searcher: Searcher, queries: Sequence[Query], size: int, folder: Path) -> dict[str, Any]:
    """FAISS and Chroma over the whole-space vectors of all shelves, k = 8, without re-ranking."""
    shelves = searcher._index.shelves
    spaces = [s.spaces["whole"] for s in shelves]
    vectors = np.concatenate([s.vectors[: s.size] for s in spaces])
    asked = np.stack([vectors_of(q, shelf_of(searcher, q))["whole"] for q in queries])
    found: dict[str, Any] = {}
    try:
        import faiss
    except ImportError:
        found["faiss"] = "not installed"
    else:
        faiss.omp_set_num_threads(1)
        flat = faiss.IndexFlatL2(vectors.shape[1])
        flat.add(vectors)
        few = min(100, len(asked))
        found["FAISS flat, all phrases"] = times(lambda i: flat.search(asked[i : i + 1], 8), few)
        truth = flat.search(asked[:few], 8)[1]
        cells = max(1, min(4096, size // 256))
        ivf = faiss.IndexIVFFlat(flat.__class__(vectors.shape[1]), vectors.shape[1], cells)
        ivf.train(vectors[:: max(1, len(vectors) // (cells * 40))])
        ivf.add(vectors)
        ivf.nprobe = 32
        found["FAISS IVF, 32 probes"] = times(lambda i: ivf.search(asked[i : i + 1], 8), len(asked))
        found["FAISS IVF recall"] = _same(truth, ivf.search(asked[:few], 8)[1])
        if size <= HNSW_MOST:
            graph = faiss.IndexHNSWFlat(vectors.shape[1], 32)
            graph.add(vectors)
            graph.hnsw.efSearch = 64
            found["FAISS HNSW"] = times(lambda i: graph.search(asked[i : i + 1], 8), len(asked))
            found["FAISS HNSW recall"] = _same(truth, graph.search(asked[:few], 8)[1])
    if size <= CHROMA_MOST:
        found |= _chroma(shelves, queries, asked, folder)
    return found


def _chroma(
    shelves: Sequence[Shelf], queries: Sequence[Query], asked: Floats, folder: Path
) -> dict[str, Any]:
    try:
        import chromadb
    except ImportError:
        return {"Chroma": "not installed"}
    client = chromadb.PersistentClient(
        str(folder / "chroma"), settings=chromadb.Settings(anonymized_telemetry=False)
    )
    collection = client.create_collection("phrases", metadata={"hnsw:space": "l2"})
    start, count = time.perf_counter(), 0
    for shelf in shelves:
        space = shelf.spaces["whole"]
        facts: Any = {"role": shelf.role, "style": shelf.style, "meter": shelf.meter}
        for at in range(0, space.size, 5000):
            part = slice(at, min(at + 5000, space.size))
            ids = [str(n) for n in space.phrases[part].tolist()]
            collection.add(ids=ids, embeddings=space.vectors[part], metadatas=[facts] * len(ids))
            count += len(ids)
    spent = time.perf_counter() - start

    def ask(index: int) -> object:
        query = queries[index]
        facts: Any = {
            "$and": [{"role": query.role.value}, {"style": query.style}, {"meter": query.meter.name}]
        }
        return collection.query(query_embeddings=asked[index : index + 1], n_results=8, where=facts)

    ask(0)
    return {
        "Chroma, where role, style and meter": times(ask, min(100, len(queries))),
        "Chroma inserts/s": round(count / spent),
    }


def _same(truth: Any, got: Any) -> float:
    return float(np.mean([len(set(a) & set(b)) / len(a) for a, b in zip(truth, got, strict=True)]))


def while_ingesting(
    path: Path, searcher: Searcher, queries: Sequence[Query], pool: Path, seconds: float
) -> tuple[Times, Times, int]:
    """Search times without and with a process that writes files into the same library, and how many phrases
    that wrote. The searcher takes them up meanwhile."""
    idle = _paced(searcher, queries, seconds)
    before = searcher.size
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bench_search", "--write", str(path), "--pool", str(pool),
         "--seconds", str(seconds + 1)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert writer.stdout is not None
    writer.stdout.readline()  # it has begun
    busy = _paced(searcher, queries, seconds)
    if writer.wait():
        raise SystemExit("the writer failed")
    searcher.refresh()
    return idle, busy, searcher.size - before


def _paced(searcher: Searcher, queries: Sequence[Query], seconds: float) -> Times:
    """Searches with 2 ms between them: a band asks now and then."""
    taken: list[float] = []
    gc.disable()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.perf_counter()
        searcher.search(queries[len(taken) % len(queries)])
        taken.append((time.perf_counter() - start) * 1000)
        time.sleep(0.002)
        if len(taken) % 1000 == 0:
            gc.collect(1)
    gc.enable()
    return Times(*(float(v) for v in (np.median(taken), np.percentile(taken, 99), max(taken))))


def write(path: Path, pool: Path, seconds: float) -> None:
    """Add files of mutated phrases, one transaction each, as ``jamtui ingest`` does, for some seconds."""
    os.nice(10)
    real = [piece for _, piece in zip(range(200), pieces(pool), strict=False)]
    chance = random.Random(time.time_ns())
    with SqliteStore.open(path) as store:
        print("begun", flush=True)
        end, number = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            begun = time.monotonic()
            piece = chance.choice(real)
            made: list[PhraseRecord] = [mutate(record, chance) for record in piece.phrases]
            store.add(SourceRecord(f"{path} {time.time_ns()} {number}", "bench", analysis=1), made)
            number += 1
            # Reading and analysing files does not let more through.
            time.sleep(max(0.0, len(made) / WRITTEN - (time.monotonic() - begun)))
            if number % 50 == 0:
                store.recluster()


def measure(
    size: int, known: Sequence[Piece], held: Sequence[Piece], arguments: argparse.Namespace
) -> dict[str, Any]:
    """All figures at one size."""
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="jamtui-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{size}.db"
    result: dict[str, Any] = {"size": size, "load": round(os.getloadavg()[0], 2)}
    with SqliteStore.open(path) as store:
        if store.stats().phrases < size:
            result["inserts/s"] = round(fill(store, known, size - store.stats().phrases))
            start = time.perf_counter()
            store.recluster(float("inf"))
            result["clustering s"] = round(time.perf_counter() - start, 1)
        store._connection.execute("pragma wal_checkpoint(truncate)")
        result["file MB"] = round(path.stat().st_size / 1e6)
        if arguments.only_fill:
            return result
        queries = queries_of(held, arguments.queries)
        before = _memory()
        start = time.perf_counter()
        searcher = Searcher(store)
        searcher.warm()
        searcher.read_ahead()
        result["warm s"] = round(time.perf_counter() - start, 2)
        result["memory MB"] = round((_memory() - before) / 1e6)
        settle()
        result["full query, re-ranked"] = times(lambda i: searcher.search(queries[i]), len(queries))
        result["once more"] = times(lambda i: searcher.search(queries[i]), len(queries))
        result["the same, processor time"] = times(
            lambda i: searcher.search(queries[i]), len(queries), time.thread_time
        )
        result["bar ms"] = BARS_MS.get(size)
        shelf = shelf_of(searcher, queries[0])
        vector = vectors_of(queries[0], shelf)["whole"]
        index = shelf.spaces["whole"]
        result["vectors in memory, one shelf"] = times(lambda _: index.nearest(vector, 8, BUDGET), 300)
        reader = store.reader()
        result["sqlite-vec scan, same shelf"] = times(
            lambda _: reader.nearest(shelf.number, "whole", vector, 8), 30
        )
        reader.close()
        result["shelf"] = shelf.size
        result["recall@8"] = recall(store, searcher, queries[:100])
        if arguments.beside:
            with tempfile.TemporaryDirectory() as scratch:
                result |= beside(searcher, queries, size, Path(scratch))
        if arguments.ingest:
            copy = path.with_suffix(".copy.db")
            copy.unlink(missing_ok=True)
            store.backup(copy)
            searcher.close()
            with SqliteStore.open(copy) as other:
                busy_searcher = Searcher(other)
                busy_searcher.warm()
                busy_searcher.start()
                idle, busy, added = while_ingesting(
                    copy, busy_searcher, queries, arguments.pool, arguments.seconds
                )
                busy_searcher.close()
            copy.unlink()
            result |= {"idle": idle, "while ingesting": busy, "ingested meanwhile": added}
            result["p99 ratio"] = round(busy.p99 / idle.p99, 2)
        else:
            searcher.close()
    if arguments.keep is None:
        shutil.rmtree(folder)
    return result


def _memory() -> int:
    """Bytes of this process in memory, files that are mapped not counted."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pool", type=Path, default=Path("../shared/train"))
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--keep", type=Path, help="keep the libraries there and use them again")
    parser.add_argument("--only-fill", action="store_true")
    parser.add_argument("--beside", action="store_true", help="FAISS and Chroma too")
    parser.add_argument("--ingest", action="store_true", help="search while another process writes too")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        write(arguments.write, arguments.pool, arguments.seconds)
        return 0
    known, held = split(list(pieces(arguments.pool)))
    for size in arguments.sizes:
        result = measure(size, known, held, arguments)
        if arguments.json:
            print(json.dumps(result, default=str), flush=True)
        else:
            print("\n".join(f"{name:40} {value}" for name, value in result.items()) + "\n", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
