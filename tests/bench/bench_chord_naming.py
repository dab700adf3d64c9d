"""How often voicings get the right name, and how fast, beside other libraries.

    python tests/bench/bench_chord_naming.py VOICINGS.jsonl [--only jamtui,music21] [--json]

Each line of the file is a voicing: ``midi_notes``, ``symbol``, ``equivalent_symbols`` (other names of the
same pitch classes over the same bass), ``group``, ``rootless`` and ``bass_pc``. Names are compared by pitch
class: root, set of chord tones, bass. A library that is not installed is left out with a note. Not
collected by pytest.
"""

import argparse
import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jamtui.music.chord import parse_chord
from jamtui.music.detect import Context, default_namer, name_voicing
from jamtui.music.pitch import SHARP_NAMES, parse_pitch_class

Name = tuple[int, frozenset[int], int]
"""Root, chord tones seen from the root, bass: what makes two symbols the same chord."""

Namer = Callable[[Sequence[int], int | None], list[Name]]
"""Names of a voicing, best first; the second argument is a bass that somebody else plays."""


def read_name(symbol: str) -> Name:
    chord = parse_chord(symbol)
    return chord.root, chord.quality.pitch_classes, chord.bass_pc


def jamtui_namer(notes: Sequence[int], bass: int | None) -> list[Name]:
    guesses = name_voicing(notes, None if bass is None else Context(bass=bass))
    return [(g.chord.root, g.chord.quality.pitch_classes, g.chord.bass_pc) for g in guesses]


def with_bass(notes: Sequence[int], bass: int | None) -> list[int]:
    """For libraries that know no context the bass is one more note, below the others."""
    if bass is None:
        return sorted(notes)
    low = min(notes) - 1
    return [low - (low - bass) % 12, *sorted(notes)]


def music21_namer() -> Namer:
    import warnings

    from music21 import chord, harmony, pitch

    def name(notes: Sequence[int], bass: int | None) -> list[Name]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            figure = harmony.chordSymbolFigureFromChord(chord.Chord(with_bass(notes, bass)))
            if "Cannot Be Identified" in figure:
                root = chord.Chord(with_bass(notes, bass)).root()
                return [(root.pitchClass, frozenset(), -1)]
            # Tones outside the chord are written with their names, as in CaddD or CaddF#,addA.
            figure, *added = re.split(r",?add(?=[A-G])", figure)
            symbol = harmony.ChordSymbol(figure)
            root_pc = symbol.root().pitchClass
            pitch_classes = {p.pitchClass for p in symbol.pitches}
            pitch_classes |= {pitch.Pitch(name.split(",")[0]).pitchClass for name in added}
            tones = frozenset((pc - root_pc) % 12 for pc in pitch_classes)
            return [(root_pc, tones, symbol.bass().pitchClass)]

    return name


def pychord_namer() -> Namer:
    import pychord

    def name(notes: Sequence[int], bass: int | None) -> list[Name]:
        names = list(dict.fromkeys(SHARP_NAMES[n % 12] for n in with_bass(notes, bass)))
        found = []
        for chord in pychord.find_chords_from_notes(names):
            root = parse_pitch_class(chord.root)
            tones = frozenset((parse_pitch_class(c) - root) % 12 for c in chord.components())
            on = getattr(chord, "on", None)
            if on:
                plain = pychord.Chord(str(chord).split("/")[0])
                tones = frozenset((parse_pitch_class(c) - root) % 12 for c in plain.components())
            found.append((root, tones, parse_pitch_class(on) if on else root))
        return found

    return name


def mingus_namer() -> Namer:
    from mingus.core import chords

    def name(notes: Sequence[int], bass: int | None) -> list[Name]:
        names = list(dict.fromkeys(SHARP_NAMES[n % 12] for n in with_bass(notes, bass)))
        lowest = parse_pitch_class(names[0])
        found = []
        for shorthand in chords.determine(names, shorthand=True):
            # Inversions come without their bass ("CM" for E G C): the lowest note is it.
            root_name = shorthand[: 2 if shorthand[1:2] in ("b", "#") else 1]
            root = parse_pitch_class(root_name)
            try:
                components = chords.from_shorthand(shorthand)
            except Exception:
                found.append((root, frozenset(), lowest))
                continue
            found.append((root, frozenset((parse_pitch_class(c) - root) % 12 for c in components), lowest))
        return found

    return name


def template_namer() -> Namer:
    """The usual baseline: the triad or seventh whose pitch classes are nearest by cosine, each pitch class
    weighted by how many keys sound it, the bass counted once more."""
    qualities = ("", "m", "7", "maj7", "m7", "m7b5", "dim", "dim7", "aug", "sus4", "sus2", "6", "m6")
    templates = [(root, parse_chord("C" + q).quality.pitch_classes) for root in range(12) for q in qualities]

    def name(notes: Sequence[int], bass: int | None) -> list[Name]:
        voicing = with_bass(notes, bass)
        weights = [0.0] * 12
        for note in voicing:
            weights[note % 12] += 1.0
        lowest = voicing[0] % 12
        weights[lowest] += 1.0
        scored = [
            (sum(weights[(root + i) % 12] for i in tones) / len(tones) ** 0.5, root, tones)
            for root, tones in templates
        ]
        scored.sort(key=lambda s: (-s[0], (s[1] - lowest) % 12))
        return [(root, tones, lowest) for _, root, tones in scored[:3]]

    return name


LIBRARIES: dict[str, Callable[[], Namer]] = {
    "jamtui": lambda: jamtui_namer,
    "soft template": template_namer,
    "music21": music21_namer,
    "pychord": pychord_namer,
    "mingus": mingus_namer,
}


@dataclass
class Column:
    count: int = 0
    symbol: int = 0
    best_three: int = 0
    without_bass: int = 0
    root: int = 0
    failed: int = 0


@dataclass
class Result:
    columns: dict[str, Column] = field(default_factory=dict)
    median_us: float = 0.0


def columns_of(voicing: dict[str, Any]) -> Iterator[tuple[str, int | None]]:
    """Where a voicing counts, and the bass that is told."""
    if not voicing["group"].startswith("jazz"):
        yield voicing["group"], None
    elif not voicing["rootless"]:
        yield "jazz, rooted", None
    else:
        yield "jazz, rootless", None
        yield "jazz, rootless, bass given", voicing["bass_pc"]


def measure(namer: Namer, voicings: Iterable[dict[str, Any]]) -> Result:
    result = Result()
    times = []
    for voicing in voicings:
        accepted = {read_name(s) for s in (voicing["symbol"], *voicing["equivalent_symbols"])}
        for title, bass in columns_of(voicing):
            column = result.columns.setdefault(title, Column())
            start = time.perf_counter_ns()
            try:
                names = namer(voicing["midi_notes"], bass)
            except Exception:
                column.failed += 1
                names = []
            times.append((time.perf_counter_ns() - start) / 1000)
            column.count += 1
            if names:
                column.symbol += names[0] in accepted
                column.best_three += any(name in accepted for name in names[:3])
                column.without_bass += names[0][:2] in {name[:2] for name in accepted}
                column.root += names[0][0] in {name[0] for name in accepted}
    result.median_us = statistics.median(times)
    return result


def table(results: dict[str, Result]) -> str:
    titles = list(next(iter(results.values())).columns)
    lines = []
    for heading, attribute in (
        ("Symbol right (root, chord tones and bass)", "symbol"),
        ("Symbol among the best three", "best_three"),
        ("Symbol right, bass left aside", "without_bass"),
        ("Root right", "root"),
    ):
        lines += [f"**{heading}**", ""]
        counts = next(iter(results.values())).columns
        lines.append("| | " + " | ".join(f"{t} (n={counts[t].count})" for t in titles) + " |")
        lines.append("|---|" + "---|" * len(titles))
        for library, result in results.items():
            shares = [getattr(result.columns[t], attribute) / result.columns[t].count for t in titles]
            lines.append(f"| {library} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")
        lines.append("")
    lines += [
        "**Time for one name, median**",
        "",
        "| " + " | ".join(results) + " |",
        "|---" * len(results) + "|",
    ]
    lines.append("| " + " | ".join(f"{r.median_us:.1f} µs" for r in results.values()) + " |")
    return "\n".join(lines)


def lookup_us(voicings: Sequence[dict[str, Any]], rounds: int = 20) -> tuple[float, float]:
    """Median and 99th percentile of one warm ``name_voicing`` call, in microseconds."""
    times = []
    for _ in range(rounds):
        for voicing in voicings:
            notes = voicing["midi_notes"]
            start = time.perf_counter_ns()
            name_voicing(notes)
            times.append((time.perf_counter_ns() - start) / 1000)
    times.sort()
    return statistics.median(times), times[len(times) * 99 // 100]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("voicings", type=Path)
    parser.add_argument("--only", default=",".join(LIBRARIES), help="libraries, separated by commas")
    parser.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    arguments = parser.parse_args()
    voicings = [json.loads(line) for line in arguments.voicings.read_text().splitlines() if line.strip()]
    results: dict[str, Result] = {}
    for library in arguments.only.split(","):
        try:
            namer = LIBRARIES[library]()
        except ImportError as error:
            print(f"{library} is left out: {error}", file=sys.stderr)
            continue
        results[library] = measure(namer, voicings)
        failed = sum(c.failed for c in results[library].columns.values())
        if failed:
            print(f"{library} raised an exception on {failed} voicings (counted as wrong)", file=sys.stderr)
    start = time.perf_counter()
    default_namer().warm()
    warm_s = time.perf_counter() - start
    median, p99 = lookup_us(voicings)
    if arguments.json:
        print(
            json.dumps(
                {
                    name: {
                        "median_us": r.median_us,
                        "columns": {t: vars(c) for t, c in r.columns.items()},
                    }
                    for name, r in results.items()
                }
                | {"lookup": {"median_us": median, "p99_us": p99, "warm_s": warm_s}},
                indent=1,
            )
        )
        return 0
    print(table(results))
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(
        f"\njamtui, warm: median {median:.2f} µs, p99 {p99:.2f} µs a name; warming all sets {warm_s:.2f} s. "
        f"{len(voicings)} voicings, load average {load:.2f}, Python {sys.version.split()[0]}."
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
