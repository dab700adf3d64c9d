"""Ingest from beginning to end: find files, read them in a pool, store what is new, report."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from jamtui.errors import StoreError
from jamtui.library.ingest.files import ANALYSIS_VERSION
from jamtui.library.ingest.pool import Pool, default_workers
from jamtui.library.ingest.travel import Packed, pack
from jamtui.library.ingest.walk import Item, find
from jamtui.library.records import FORGOTTEN
from jamtui.library.store import PhraseStore
from jamtui.library.store.opening import open_library
from jamtui.music.phrase import Role

_KEEP_CELLS_EVERY = 50
"""Files between two looks at the search cells."""
_SOON = 8
"""Short files that come first: the musician sees at once that it works."""


@dataclass(slots=True)
class IngestReport:
    """What an ingest has done; it grows while the ingest runs."""

    files: int = 0
    """Files found."""
    done: int = 0
    """Files dealt with so far: taken, refused or known."""
    effort: int = 0
    """Of all files together, estimated from their sizes."""
    effort_done: int = 0
    """Of those that are dealt with: what share of the time is over."""
    taken: int = 0
    """Files that gave phrases."""
    known: int = 0
    """Files whose phrases are in the library already, or that are here twice."""
    earlier: int = 0
    """Those of them that an earlier run read; ``style`` and ``role`` of this one have not changed them."""
    phrases: int = 0
    """Phrases found in them."""
    added: int = 0
    """Phrases new to the library."""
    merged: int = 0
    """Near-duplicates that were counted instead of stored."""
    tally: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Phrases found by style ("" fits any) and role."""
    added_tally: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Those of them that are new to the library; the others were merged."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """(file, reason in words) of each file that gave nothing, now or when it was read before."""
    notices: list[tuple[str, str]] = field(default_factory=list)
    """(file, what was mended or estimated) of files that were taken."""
    set_aside: str = ""
    """A sentence on the damaged library that was moved away for a new one; "" where it was in order."""
    seconds: float = 0.0
    interrupted: bool = False
    """Stopped by the musician; a next run goes on from here."""


Progress = Callable[[IngestReport], None]


def ingest(
    paths: Sequence[Path],
    store_path: Path,
    *,
    style: str = "",
    role: Role | None = None,
    workers: int = 0,
    dry_run: bool = False,
    starter: bool = False,
    progress: Progress | None = None,
) -> IngestReport:
    """Read all music below ``paths`` into the library at ``store_path``.

    ``workers`` 0 is one process for each core but one; with any number the same library comes of it. Each
    file is one transaction: whenever this ends, and however, the library holds whole files, and files it
    holds are not read again. With ``dry_run`` the library is neither made nor changed. With ``starter`` the
    starter phrases are put in first, and always where a damaged library was set aside
    (``IngestReport.set_aside``). ``progress`` is called after
    every file, on this thread. Ctrl-C ends it in good order, with ``interrupted`` set.

    Raises:
        JamtuiError: a path is not there.
        StoreError: the library cannot be opened or written.
    """
    begun = time.monotonic()
    items = find(paths)
    report = IngestReport(files=len(items), effort=sum(item.effort for item in items))
    store = None if dry_run else open_library(store_path)
    try:
        if store is not None and store.set_aside is not None:
            report.set_aside = store.set_aside.sentence
        if store is not None and (starter or report.set_aside):
            add_starter(store)
        known = _known(store, store_path)
        for item in items:
            if item.refused:
                _note(report, item, item.refused)
        ready = in_turn(items)
        if progress is not None:
            progress(report)
        with Pool(min(workers or default_workers(), max(1, len(ready))), frozenset(known)) as pool:
            try:
                for item, packed in pool.read(ready, style, role):
                    before = report.taken
                    with uninterrupted():
                        _settle(report, store, known, item, packed)
                    report.effort_done += item.effort
                    report.seconds = time.monotonic() - begun
                    if progress is not None:
                        progress(report)
                    if store is not None and before < report.taken and report.taken % _KEEP_CELLS_EVERY == 0:
                        store.recluster(0.1)
            except KeyboardInterrupt:
                report.interrupted = True
        if store is not None and not report.interrupted:
            store.recluster()
    finally:
        if store is not None:
            store.close()
    place = {item.name: number for number, item in enumerate(items)}
    report.refused.sort(key=lambda pair: place[pair[0]])
    report.notices.sort(key=lambda pair: place[pair[0]])
    report.seconds = time.monotonic() - begun
    return report


def in_turn(items: Sequence[Item]) -> list[Item]:
    """What is to be read, in the order in which that is done: a few that are soon in, then what takes longest
    first, so that at the end no worker is left alone with a large file."""
    ready = sorted((item for item in items if not item.refused), key=lambda item: item.effort)
    return ready[:_SOON] + ready[: _SOON - 1 : -1]


def ingest_starter(store_path: Path) -> int:
    """Put the starter phrases into the library; how many were new. Cheap where they are there already.

    Raises:
        StoreError: the library cannot be opened or written.
        ConfigError, MusicError: the phrases that were shipped are damaged.
    """
    with open_library(store_path) as store:
        return add_starter(store)


def add_starter(store: PhraseStore) -> int:
    """``ingest_starter`` for a library that is open. What the musician has forgotten stays away; files of
    another version of the program make room, unless something of them is kept."""
    from jamtui import paths
    from jamtui.library.ingest.starter import starter_files

    added = 0
    there = store.sources()
    forgotten = {s.path for s in there if s.refused == FORGOTTEN}
    for file in starter_files(paths.phrase_library_dir(), paths.styles_dir()):
        source = file.source
        if source.path in forgotten:
            continue
        if not store.has_source(source.sha256, ANALYSIS_VERSION):
            packed = pack(file.analysed())
            assert packed.prepared is not None
            added += len(store.add_prepared(packed.source, packed.prepared).added)
        # Also where a start before this one was killed between the two.
        for old in there:
            if old.path == source.path and old.sha256 != source.sha256:
                kept = set(store.numbers(only="kept"))
                if kept.isdisjoint(store.numbers(source=old.sha256)):
                    store.forget(old.sha256)
    if added:
        store.recluster()
    return added


def _known(store: PhraseStore | None, path: Path) -> dict[str, str]:
    """By hash the files that this version of the analysis has read: why it refused them, "" if it did not."""
    if store is not None:
        return {s.sha256: s.refused for s in store.sources() if s.analysis >= ANALYSIS_VERSION}
    try:
        with open_library(path, read_only=True) as reader:
            return {s.sha256: s.refused for s in reader.sources() if s.analysis >= ANALYSIS_VERSION}
    except StoreError:
        return {}  # a dry run needs no library: then every file is a new one


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C takes effect at the end: a file is in the library and in the report, or in neither."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def _settle(
    report: IngestReport, store: PhraseStore | None, known: dict[str, str], item: Item, packed: Packed | str
) -> None:
    sha256 = packed if isinstance(packed, str) else packed.source.sha256
    if known.get(sha256):
        _note(report, item, known[sha256])
        return
    if isinstance(packed, str) or sha256 in known:
        report.known += 1
        report.earlier += isinstance(packed, str)
        report.done += 1
        return
    source = packed.source
    if source.sha256:
        if store is not None:
            result = (
                store.add(source, ())
                if packed.prepared is None
                else store.add_prepared(source, packed.prepared)
            )
            report.added += len(result.added)
            report.merged += result.merged
            report.added_tally.update(result.kinds)
        known[source.sha256] = source.refused
    if packed.prepared is None:
        _note(report, item, source.refused)
    else:
        report.taken += 1
        report.phrases += packed.prepared.found
        report.tally.update(packed.tally)
        report.notices += [(item.name, notice) for notice in packed.notices]
        report.done += 1


def _note(report: IngestReport, item: Item, reason: str) -> None:
    report.done += 1
    report.refused.append((item.name, reason))
