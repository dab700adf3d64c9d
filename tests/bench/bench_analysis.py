"""The analysis of ingest beside music21: speed, keys, figures; chords beside music21 and Krumhansl.

    python tests/bench/bench_analysis.py speed FOLDER [--files 30]
    python tests/bench/bench_analysis.py chords FOLDER
    python tests/bench/bench_analysis.py keys FOLDER

FOLDER holds MIDI files and a ``manifest.json`` whose ``files`` have ``file``, ``chords`` (``[[position,
symbol], ...]``), ``chord_unit`` and ``key``. CPU time is that of one process, without imports. Not collected
by pytest.
"""

import argparse
import json
import os
import sys
import time
import warnings
from collections import defaultdict
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from mido import MidiFile

from jamtui.library.ingest.analyse import Reading, read
from jamtui.library.ingest.figures import QUALITY_OF_KIND, figure
from jamtui.library.ingest.files import analyse_bytes
from jamtui.library.ingest.key import find_key
from jamtui.library.ingest.smf import read_midi
from jamtui.library.ingest.song import RefusedError, Song, Sounded, Voice
from jamtui.library.ingest.walk import Item
from jamtui.music.chord import NO_CHORD, Chord, Family, make_chord, parse_chord
from jamtui.music.meter import PPQ
from jamtui.music.scale import Key
from jamtui.music.tempo import TempoMap

Answer = tuple[int, str, int]
"""Root, music21's word for the kind of chord, bass."""


@dataclass
class Slice:
    """A slice of chordify: where it is (quarters), what music21 calls it, what music21 calls the flattened
    notes at the same place, given to it as MIDI numbers, and how far from where it read it music21 has put
    the last note that began (quarters)."""

    start: float
    length: float
    pitch_classes: frozenset[int]
    answer: Answer
    flattened_classes: frozenset[int]
    flattened: Answer | None
    drift: float = 0.0

    @property
    def agrees(self) -> bool:
        """It is a chord (three pitch classes or more), and music21 has one answer by both ways."""
        same = self.pitch_classes == self.flattened_classes and self.answer == self.flattened
        return same and len(self.pitch_classes) >= 3

    @property
    def in_place(self) -> bool:
        """music21 has its notes where it read them, but for its rounding (a sixteenth for the notes of a
        chord, an eighth of a beat for each). Where bars that it makes come out too long, all that follows
        moves away from the file, and slices have no place in it."""
        return abs(self.drift) <= 0.4


@dataclass
class Naive:
    """What music21 says of a file, and what it took."""

    cpu: float
    key: tuple[int, bool]
    slices: list[Slice]
    numerals: int


def naive(path: Path) -> Naive:
    """Parse, key, chordify, a figure and a roman numeral for every slice: as its documentation does it."""
    from music21 import chord, converter, roman

    begun = time.process_time()
    score = converter.parse(path, forceSource=True, storePickle=False)
    key = score.analyze("key")
    rows: list[tuple[Any, Answer]] = []
    numerals = 0
    for one in score.chordify().flatten().getElementsByClass(chord.Chord):
        answer = named(one)
        numerals += bool(roman.romanNumeralFromChord(one, key).figure)
        rows.append((one, answer))
    cpu = time.process_time() - begun
    flat = sorted(
        (float(n.offset), float(n.offset + n.quarterLength), p.midi)
        for n in score.flatten().notes
        if hasattr(n, "pitches")
        for p in n.pitches
    )
    starts = np.array([f[0] for f in flat])
    division = MidiFile(path).ticks_per_beat
    read_at = sorted(
        (float(n.offset), n.editorial.midiTickStart / division)
        for n in score.flatten().notes
        if "midiTickStart" in n.editorial and (n.tie is None or n.tie.type == "start")
    )
    begins = np.array([offset for offset, _ in read_at])
    slices: list[Slice] = []
    for one, answer in rows:
        start, length = float(one.offset), float(one.quarterLength)
        if length <= 0:
            continue
        middle = start + length / 2
        near = flat[max(0, int(np.searchsorted(starts, middle - 64))) : int(np.searchsorted(starts, middle))]
        sounding = sorted({p for begin, end, p in near if begin <= middle < end})
        classes = frozenset(p.pitchClass for p in one.pitches)
        flattened = named(chord.Chord(sounding)) if sounding else None
        last = int(np.searchsorted(begins, middle)) - 1
        drift = begins[last] - read_at[last][1] if last >= 0 else 0.0
        slices.append(
            Slice(start, length, classes, answer, frozenset(p % 12 for p in sounding), flattened, drift)
        )
    return Naive(cpu, (key.tonic.pitchClass, key.mode == "minor"), slices, numerals)


def named(one: Any) -> Answer:
    """music21's answer for a chord of its own."""
    from music21 import harmony

    kind = harmony.chordSymbolFigureFromChord(one, True)
    return one.root().pitchClass, kind[1] if isinstance(kind, tuple) else "", one.bass().pitchClass


def pitched(song: Song) -> np.ndarray[Any, Any]:
    rows = [n for v in song.voices if not v.drums for n in v.notes]
    return np.array(sorted(rows), dtype=np.int64).reshape(-1, 4)


def chosen(folder: Path, count: int) -> list[Path]:
    """Every n-th file in order of size within each kind, none of the malformed ones."""
    manifest = json.loads((folder / "manifest.json").read_text())["files"]
    files = [f for f in manifest if f["kind"] != "nasty" and f["n_notes"] <= 4000]
    files.sort(key=lambda f: (f["kind"], f["n_notes"]))
    step = len(files) / count
    return [folder / files[int((i + 0.5) * step)]["file"] for i in range(count)]


def file_order(path: Path) -> dict[tuple[int, int], int]:
    """Where in the file a note begins, by its tick (960 to the quarter note) and pitch."""
    file = MidiFile(path)
    order: dict[tuple[int, int], int] = {}
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                order.setdefault((round(tick * PPQ / file.ticks_per_beat), message.note), len(order))
    return order


def as_music21_reads(song: Song, order: dict[tuple[int, int], int]) -> np.ndarray[Any, Any]:
    """The notes of a song at the times that music21's MIDI reader gives them (rows of onset, pitch, duration,
    velocity; ticks): those of a track that begin and end within a sixteenth of each other are one chord, with
    the onset of its first note and the length of its last, and both are moved to the nearest quarter or third
    of a beat, lengths by the divisor that fills the gap to what comes next. ``order`` says which of two notes
    that begin together comes first in the file (music21's ``midiTrackToStream``, ``Stream.quantize``)."""
    rows: list[tuple[float, int, float, int]] = []
    for voice in song.voices:
        if voice.drums:
            continue
        notes = sorted(voice.notes, key=lambda n: (n.onset, order.get((n.onset, n.pitch), 0)))
        gathered = [False] * len(notes)
        groups: list[list[Sounded]] = []
        for i, first in enumerate(notes):
            if gathered[i]:
                continue
            group = [first]
            for j in range(i + 1, len(notes)):
                if notes[j].onset - first.onset >= PPQ // 4:
                    break
                ends_apart = abs(notes[j].onset + notes[j].duration - first.onset - first.duration)
                if not gathered[j] and ends_apart <= PPQ // 4:
                    group.append(notes[j])
                    gathered[j] = True
            groups.append(group)
        begins = [nearest(group[0].onset / PPQ) for group in groups]
        for i, group in enumerate(groups):
            after = next((b for b in begins[i + 1 :] if b > begins[i]), begins[i])
            length = nearest(group[-1].duration / PPQ, after - begins[i], zero=False)
            rows += [(begins[i] * PPQ, n.pitch, length * PPQ, n.velocity) for n in group]
    return np.array(sorted(rows), dtype=float).reshape(-1, 4)


def nearest(target: float, gap: float = 0.0, zero: bool = True) -> float:
    """A place or a length in beats as ``Stream.quantize`` rounds it."""
    found = []
    for tick in (1 / 4, 1 / 3):
        match = ceil(target / tick - 0.5) * tick  # halfway goes down
        if match == 0 and not zero:
            match = tick
        # Thirds of whole beats are not exact in binary; music21 counts them in fractions.
        fills = abs(gap / tick - round(gap / tick)) < 1e-6
        found.append((0.0 if fills else max(gap - match, 0.0), abs(target - match), tick, match))
    return min(found)[3]


def looked_up(notes: np.ndarray[Any, Any], tick: float) -> Answer | None:
    """The table's answer for what sounds at ``tick``."""
    pitches = notes[(notes[:, 0] <= tick) & (notes[:, 0] + notes[:, 2] > tick), 1].astype(int)
    if not len(pitches):
        return None
    found = figure(int(np.bitwise_or.reduce(1 << (pitches % 12))), int(pitches.min()) % 12)
    return found.root, found.kind, found.bass


def speed(folder: Path, count: int) -> None:
    files = chosen(folder, count)
    analyse_bytes(files[0].read_bytes(), Item(files[0]))
    import music21  # noqa: F401  (so that its import is not in the figure)

    mine_cpu = theirs_cpu = 0.0
    with_key = same_key = slices = 0
    # All slices on which music21 agrees with itself, and those of them that are where the file has them.
    everywhere, in_place = Figures(), Figures()
    for path in files:
        data = path.read_bytes()
        begun = time.process_time()
        analysed = analyse_bytes(data, Item(path))
        cpu = time.process_time() - begun
        try:
            answer = naive(path)
        except Exception as error:  # music21 gives up on a file
            print(f"{path.name}: music21 gives up ({type(error).__name__})")
            continue
        mine_cpu += cpu
        theirs_cpu += answer.cpu
        notes = pitched(read_midi(data))
        verdict = "no key"
        if len(notes):
            key, _ = find_key(np.bincount(notes[:, 1] % 12, notes[:, 2], minlength=12).astype(float))
            with_key += 1
            same_key += (key.tonic, key.minor) == answer.key
            verdict = "same key" if (key.tonic, key.minor) == answer.key else "other key"
        grid = as_music21_reads(read_midi(data), file_order(path))
        mine, placed = Figures(), Figures()
        for one in answer.slices:
            slices += len(one.pitch_classes) >= 3
            if not one.agrees:
                continue
            middle = (one.start + one.length / 2) * PPQ
            table = figure(sum(1 << pc for pc in one.pitch_classes), one.answer[2])
            for figures in (mine, everywhere, *((placed, in_place) if one.in_place else ())):
                figures.add(
                    one.answer,
                    (table.root, table.kind, table.bass),
                    looked_up(grid, middle),
                    looked_up(notes, middle),
                )
        print(
            f"{path.name:60} {cpu:6.3f} s, music21 {answer.cpu:7.2f} s, {len(analysed.phrases):4} phrases, "
            f"figures {mine.rounded}/{mine.slices}, in place {placed.rounded}/{placed.slices}, {verdict}",
            flush=True,
        )
    print(f"\n{len(files)} files, load average {os.getloadavg()[0]:.2f}, Python {sys.version.split()[0]}")
    print(f"CPU: ingest {mine_cpu:.2f} s, music21 {theirs_cpu:.1f} s: {theirs_cpu / mine_cpu:.0f} times")
    print(f"key the same: {same_key} of {with_key} files with pitches ({same_key / with_key:.3f})")
    print(f"of {slices} slices with three pitch classes or more music21 agrees with itself on:")
    print(f"{everywhere}\nof these its notes are where it read them on:\n{in_place}")


@dataclass
class Figures:
    """Slices, and on how many of them three ways give music21's answer: the table for the same notes, the
    table for the file's notes at the times that music21 rounds them to, and as they were played."""

    slices: int = 0
    table: int = 0
    rounded: int = 0
    played: int = 0

    def add(self, truth: Answer, table: Answer, rounded: Answer | None, played: Answer | None) -> None:
        self.slices += 1
        self.table += table == truth
        self.rounded += rounded == truth
        self.played += played == truth

    def __str__(self) -> str:
        n = max(self.slices, 1)
        return (
            f"{self.slices}; the same figure from its own notes {self.table / n:.4f}, from the file's notes "
            f"rounded as it does {self.rounded / n:.4f}, as they were played {self.played / n:.4f}"
        )


@dataclass
class Score:
    """Ticks: in all, with the right root, with the right root and family."""

    total: int = 0
    root: int = 0
    family: int = 0

    def add(self, truth: Chord, guess: Chord, ticks: int) -> None:
        self.total += ticks
        if guess != NO_CHORD and guess.root == truth.root:
            self.root += ticks
            self.family += ticks * (guess.family == truth.family)

    def __str__(self) -> str:
        return f"{self.root / max(self.total, 1):.3f} / {self.family / max(self.total, 1):.3f}"


GRID = PPQ // 8


def krumhansl_chords(notes: np.ndarray[Any, Any], length: int) -> dict[int, Chord]:
    """The usual baseline: each half bar on its own, the major or minor triad whose probe-tone profile
    (Krumhansl and Kessler 1982) correlates best with the durations."""
    major = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
    minor = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
    half = 2 * PPQ
    count = length // half + 1
    chroma = np.zeros((count, 12))
    for onset, pitch, duration, _ in notes.tolist():
        for slot in range(onset // half, min((onset + duration - 1) // half + 1, count)):
            overlap = min(onset + duration, (slot + 1) * half) - max(onset, slot * half)
            chroma[slot, pitch % 12] += overlap
    rows = np.array([np.roll(p, t) for p in (major, minor) for t in range(12)])
    rows = (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)
    best = np.argmax((chroma - chroma.mean(axis=1, keepdims=True)) @ rows.T, axis=1)
    symbols = [make_chord(root, quality) for quality in ("", "m") for root in range(12)]
    return {slot: symbols[int(k)] for slot, k in enumerate(best)}


def table_chords(notes: np.ndarray[Any, Any], length: int) -> dict[int, Chord]:
    """music21's own answer for what sounds in each half bar: its figure for all pitch classes of it."""
    half = 2 * PPQ
    found: dict[int, Chord] = {}
    for slot in range(length // half + 1):
        on = (notes[:, 0] < (slot + 1) * half) & (notes[:, 0] + notes[:, 2] > slot * half)
        pitches = notes[on, 1]
        if not len(pitches):
            continue
        answer = figure(int(np.bitwise_or.reduce(1 << (pitches % 12))), int(pitches.min()) % 12)
        quality = QUALITY_OF_KIND.get(answer.kind)
        # A set without a kind still has music21's root; its family is then as good as none.
        found[slot] = make_chord(answer.root, "5" if quality is None else quality)
    return found


def with_comping(song: Song, symbols: list[tuple[int, Chord]], rootless: bool) -> Song:
    """A solo without its bass, over comping of its own chords: third, fifth, seventh (and the root unless
    ``rootless``) struck on each change and again each second beat."""
    stacks: list[Sounded] = []
    ends = [tick for tick, _ in symbols[1:]] + [song.length]
    for (tick, chord), end in zip(symbols, ends, strict=True):
        tones = [i for i in chord.quality.intervals if i or not rootless]
        for at in range(tick, end, 2 * PPQ):
            stacks += [
                Sounded(at, 48 + (chord.root + i) % 12, min(2 * PPQ, end - at) * 3 // 4, 70) for i in tones
            ]
    solo = tuple(v for v in song.voices if v.name != "Bass")
    return replace(song, voices=(*solo, Voice("Piano", tuple(sorted(stacks)), 2, 0)), symbols=())


def chords(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())["files"]
    table: dict[str, dict[str, Score]] = defaultdict(lambda: defaultdict(Score))
    for entry in manifest:
        if entry["kind"] == "nasty":
            continue
        song = read_midi((folder / entry["file"]).read_bytes())
        group = Path(entry["file"]).name.split("_")[0]
        if not entry.get("chords"):
            continue
        variants = {group: song}
        tempo = TempoMap(song.tempos)
        seconds = entry["chord_unit"] == "seconds"
        truth = [
            (round(tempo.tick_at(c[0]) if seconds else c[0] * PPQ), parse_chord(c[1]))
            for c in entry["chords"]
        ]
        if group == "pop909cl":
            block = [v for v in song.voices if v.name not in ("chords", "MIDI 01")]
            variants = {group: song, "pop909cl without its chord track": replace(song, voices=tuple(block))}
        if group == "wjd":
            moved = tuple(
                replace(v, notes=tuple(n._replace(pitch=n.pitch - 7) for n in v.notes))
                if v.name == "Bass"
                else v
                for v in song.voices
            )
            variants["wjd, bass a fifth lower"] = replace(song, voices=moved)
            variants["wjd solo, comping with roots"] = with_comping(song, truth, rootless=False)
            variants["wjd solo, rootless comping"] = with_comping(song, truth, rootless=True)
        for name, variant in variants.items():
            try:
                reading = read(variant, use_symbols=False)
            except RefusedError as refusal:
                print(f"{entry['file']}: {refusal}")
                continue
            judge(table[name], variant, reading, truth)
            if variant is song and song.symbols:
                judge(table[f"{group}, its symbols believed"], song, read(song), truth, only="jamtui")
    print("\n| source | jamtui: root / root + family | music21's figures | Krumhansl |\n|---|---|---|---|")
    for name, row in table.items():
        print(f"| {name} | {row['jamtui']} | {row.get('music21', '')} | {row.get('krumhansl', '')} |")


def judge(
    row: dict[str, Score], song: Song, reading: Reading, truth: list[tuple[int, Chord]], only: str = ""
) -> None:
    """Add up who is right for how long; ``truth`` is in ticks of ``song``."""
    # What the reading moved, it moved as a whole.
    shift = reading.song.voices[0].notes[0].onset - song.voices[0].notes[0].onset
    notes = pitched(song)
    others = {} if only else {
        "music21": table_chords(notes, song.length),
        "krumhansl": krumhansl_chords(notes, song.length),
    }  # fmt: skip
    starts = [span.start for span in reading.chords]
    ends = [tick for tick, _ in truth[1:]] + [song.length]
    for (tick, chord), end in zip(truth, ends, strict=True):
        if chord == NO_CHORD or chord.family is Family.NONE:
            continue
        for at in range(tick + GRID // 2, end, GRID):
            place = int(np.searchsorted(starts, at + shift, side="right")) - 1
            guess = reading.chords[place].chord if 0 <= place < len(starts) else NO_CHORD
            row["jamtui"].add(chord, guess, GRID)
            for name, found in others.items():
                row[name].add(chord, found.get(at // (2 * PPQ), NO_CHORD), GRID)


def keys(folder: Path) -> None:
    """The key of whole files with a known one: as ingest's table finds it in the notes, as ingest stores it
    (by the file's symbols where it has some), and by two of music21's ways. The key of a lick over ii-V-I is
    that of its last chord."""
    from music21 import converter

    ways = ("jamtui, notes alone", "jamtui, as stored", "key", "krumhansl")
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: {way: [0, 0, 0] for way in ways})
    for entry in json.loads((folder / "manifest.json").read_text())["files"]:
        lick = entry["kind"] == "lick" and "ii-V-I" in entry["file"]
        if entry["kind"] == "nasty" or not (entry.get("key") or lick):
            continue
        group = Path(entry["file"]).name.split("_")[0]
        chord = parse_chord(entry["chords"][-1][1] if lick else entry["key"])
        truth = Key(chord.root, chord.family is Family.MINOR)
        song = read_midi((folder / entry["file"]).read_bytes())
        notes = pitched(song)
        score = converter.parse(folder / entry["file"])
        for way in ways:
            if way == "jamtui, notes alone":
                key, _ = find_key(np.bincount(notes[:, 1] % 12, notes[:, 2], minlength=12).astype(float))
            elif way == "jamtui, as stored":
                try:
                    key = read(song).key
                except RefusedError:
                    continue
            else:
                other = score.analyze(way)
                key = Key(other.tonic.pitchClass, other.mode == "minor")
            relative = key.minor != truth.minor and (key.tonic - truth.tonic) % 12 == (9 if key.minor else 3)
            row = found[group][way]
            row[0] += key == truth
            row[1] += key == truth or relative
            row[2] += 1
    print("| source, way | right | right or relative | files |\n|---|---|---|---|")
    for group, rows in found.items():
        for way, (right, near, count) in rows.items():
            print(f"| {group}, {way} | {right / count:.3f} | {near / count:.3f} | {count} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["speed", "chords", "keys"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=30)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.what == "speed":
        speed(arguments.folder, arguments.files)
    elif arguments.what == "keys":
        keys(arguments.folder)
    else:
        chords(arguments.folder)


if __name__ == "__main__":
    main()
