"""How well phrases of the library fit after adaptation: chord tones over the real chords of held-out songs.

    python -m tests.bench.bench_adapt FOLDER

FOLDER holds MIDI files and a ``manifest.json`` (``files`` with ``file``, ``kind`` and ``title``). Songs and
solos whose tune is held out (see ``held_out``) are asked for, two bars at a time in their order; the library
is made of all others, through the ingest. Each window's real chords are the symbols written in its file.
Compared are the top hit adapted, the top hit only transposed, a phrase drawn at random in a random
transposition, and the song's own melody. Shares are of notes whose pitch class is a tone of the chord that
sounds when they begin; strong are the first and the third beat.
"""

import hashlib
import json
import random
import re
import sys
import tempfile
import time
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from jamtui.library.adapt import Setting, adapt
from jamtui.library.ingest.files import Analysed, analyse_file
from jamtui.library.records import PhraseRecord
from jamtui.library.search import Query, Searcher
from jamtui.library.store.sqlite import SqliteStore
from jamtui.music.chord import Family
from jamtui.music.meter import COMMON_TIME, PPQ
from jamtui.music.phrase import ChordSpan, Note, Role
from jamtui.music.scale import chord_tones
from jamtui.session.planning import RANGES

ASKED = ("leadsheet", "jazz_solo")
BAR = COMMON_TIME.bar_ticks


def held_out(entry: dict[str, object]) -> bool:
    """Half of the tunes, by a hash of the name; for solos the tune's name stands in the file's. Three tenths
    are those that nothing may be trained on, of which a folder for development holds few; two come on top."""
    name = str(entry["title"])
    if entry["kind"] == "jazz_solo":
        name = Path(str(entry["file"])).stem.split("_")[2]
    plain = re.sub(r"\([^)]*\)|'", "", name)
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"^(the|a|an) ", "", plain.strip())
    plain = re.sub(r"[^a-z0-9]", "", plain)
    return int(hashlib.sha1(plain.encode()).hexdigest()[:8], 16) % 10 < 5


class Shares:
    """Notes that are chord tones, of all and of those on strong beats."""

    def __init__(self) -> None:
        self._count = [0, 0, 0, 0]

    def add(self, notes: Iterable[Note], chords: Sequence[ChordSpan]) -> None:
        for note in notes:
            here = next((s.chord for s in chords if s.start <= note.onset < s.start + s.length), None)
            if here is None or here.family is Family.NONE:
                continue
            right = note.pitch % 12 in chord_tones(here)
            strong = note.onset % (2 * PPQ) == 0
            for at, counts in ((0, True), (2, strong)):
                self._count[at] += right and counts
                self._count[at + 1] += counts

    def row(self, name: str) -> str:
        right, of, strong, of_strong = self._count
        return f"| {name} | {right / max(1, of):.3f} | {strong / max(1, of_strong):.3f} | {of:,} |"


def windows(analysed: Analysed, role: Role) -> list[PhraseRecord]:
    """The song's own phrases of two bars in 4/4, in order."""
    found = [
        r
        for r in analysed.phrases
        if r.phrase.role is role and r.phrase.bars == 2 and r.phrase.meter == COMMON_TIME and r.phrase.chords
    ]
    return sorted(found, key=lambda r: r.first_bar)


def main() -> None:
    """Print the table and the time that an adaptation takes."""
    folder = Path(sys.argv[1])
    manifest = json.loads((folder / "manifest.json").read_text())["files"]
    draw = random.Random(5)
    songs: list[Analysed] = []
    with tempfile.TemporaryDirectory() as temporary:
        store = SqliteStore.open(Path(temporary) / "library.db")
        for entry in manifest:
            if entry["kind"] == "nasty":
                continue
            analysed = analyse_file(folder / entry["file"])
            if entry["kind"] in ASKED and held_out(entry):
                songs.append(analysed)
            elif not (entry["kind"] in (*ASKED, "lick") and held_out(entry)) and analysed.phrases:
                store.add(analysed.source, analysed.phrases)
        searcher = Searcher(store)
        searcher.warm()
        print(f"{store.stats().phrases:,} phrases of other tunes, {len(songs)} held-out songs and solos\n")
        spent: list[float] = []
        for role in (Role.LEAD, Role.COMP, Role.BASS):
            shares: dict[str, Shares] = defaultdict(Shares)
            pool = store.numbers(role=role.value)
            for song in songs:
                _ask(song, role, searcher, store, pool, draw, shares, spent)
            print(f"{role.value}\n\n| | all | strong beats | notes |\n|---|---|---|---|")
            for name in ("top hit adapted", "top hit transposed", "random, transposed", "original"):
                print(shares[name].row(name))
            print()
        spent.sort()
        print(f"adapting: p50 {spent[len(spent) // 2]:.2f} ms, p99 {spent[len(spent) * 99 // 100]:.2f} ms")
        searcher.close()
        store.close()


def _ask(
    song: Analysed,
    role: Role,
    searcher: Searcher,
    store: SqliteStore,
    pool: Sequence[int],
    draw: random.Random,
    shares: dict[str, Shares],
    spent: list[float],
) -> None:
    low, high = RANGES[role]
    before: tuple[Note, ...] = ()
    asked = windows(song, Role.LEAD)  # the chords of the melody's windows, for every role
    recent: list[int] = []
    for window in asked:
        chords = window.phrase.chords
        shares["original"].add(window.phrase.notes, chords)
        query = Query(chords, role, "", 2, COMMON_TIME, before, 0.5, window.phrase.tempo)
        hits = searcher.search(query, 8, avoid=recent[-12:])
        if not hits:
            continue
        hit = hits[0]
        recent.append(hit.record.id)
        last = max((n.onset for n in before), default=-PPQ)
        pitches = tuple(n.pitch for n in before if n.onset == last)
        setting = Setting(role, chords, 2, low, high, before=pitches, since=-last)
        began = time.perf_counter()
        made = adapt(hit.record, setting, transpose=hit.transpose)
        spent.append((time.perf_counter() - began) * 1e3)
        shares["top hit adapted"].add(made.notes, chords)
        plain = [n for n in hit.record.phrase.notes if n.onset < 2 * BAR]
        shares["top hit transposed"].add(_moved(plain, hit.transpose), chords)
        other = store.get(draw.choice(pool))
        assert other is not None
        shares["random, transposed"].add(_moved(other.phrase.notes, draw.randrange(12)), chords)
        before = tuple(Note(n.onset - 2 * BAR, n.pitch, n.duration, n.velocity) for n in made.notes)


def _moved(notes: Iterable[Note], semitones: int) -> list[Note]:
    return [Note(n.onset, n.pitch + semitones, n.duration) for n in notes]


if __name__ == "__main__":
    main()
