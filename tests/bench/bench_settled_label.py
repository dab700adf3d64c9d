"""How calm the settled label is on recorded piano playing.

    python tests/bench/bench_settled_label.py FOLDER [--limit N]

Feeds every MIDI file of the folder through the chord stream and prints, per file and over all: label
changes a minute, the share of time spent in labels shorter than 250 ms, the share of the time that keys
were down in which their pitch class was in the label's chord (a label that is calm because it is stale
shows here), triggers for the band a minute, how many of those were revised, and the time an event takes.
"""

import argparse
import time
from pathlib import Path

import mido

from jamtui.music.chord import Chord
from jamtui.session.hearing import ChordStream

SHORT_NS = 250_000_000


def measure(path: Path) -> dict[str, float]:
    """Figures of one file."""
    stream = ChordStream()
    at = 0.0
    labels: list[tuple[int, str]] = []
    told = revised = events = 0
    spent = 0.0
    label: Chord | None = None
    since = 0
    inside = sounded = 0
    for message in mido.MidiFile(path):
        at += message.time
        if message.is_meta or message.type == "sysex" or getattr(message, "channel", 0) == 9:
            continue
        ns = int(at * 1e9)
        if label is not None:
            # Time with keys down since the event before, note by note.
            keys = stream.held
            inside += sum(n % 12 in label.pitch_classes for n in keys) * (ns - since)
            sounded += len(keys) * (ns - since)
        since = ns
        before = time.perf_counter()
        heard = stream.feed(ns, bytes(message.bytes()))
        spent += time.perf_counter() - before
        events += 1
        for item in heard:
            if item.kind == "settled":
                labels.append((item.ns, item.chord.symbol))
                label = item.chord
            told += item.kind == "provisional"
            revised += item.kind == "revised"
    end = int(at * 1e9)
    for item in stream.advance(end):
        if item.kind == "settled":
            labels.append((item.ns, item.chord.symbol))
    spans = [b[0] - a[0] for a, b in zip(labels, [*labels[1:], (end, "")], strict=True)]
    shown = sum(spans) or 1
    minutes = max((end - labels[0][0]) / 60e9, 1e-9) if labels else 1.0
    return {
        "minutes": minutes,
        "changes": float(max(len(labels) - 1, 0)),
        "short_ns": float(sum(s for s in spans if s < SHORT_NS)),
        "shown_ns": float(shown),
        "inside_ns": float(inside),
        "sounded_ns": float(sounded),
        "told": float(told),
        "revised": float(revised),
        "us": spent / max(events, 1) * 1e6,
        "events": float(events),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=int, default=None)
    arguments = parser.parse_args()
    totals: dict[str, float] = {}
    paths = sorted(arguments.folder.glob("**/*.mid*"))[: arguments.limit]
    print(
        f"{'changes/min':>11} {'short %':>8} {'in chord %':>10}"
        f" {'band/min':>8} {'revised %':>9} {'µs/event':>8}  file"
    )
    for path in paths:
        figures = measure(path)
        for name, value in figures.items():
            totals[name] = totals.get(name, 0.0) + value * (figures["events"] if name == "us" else 1.0)
        _line(figures, path.name[:60])
    totals["us"] /= totals["events"]
    _line(totals, f"all {len(paths)} files, {totals['minutes']:.0f} minutes")


def _line(figures: dict[str, float], name: str) -> None:
    print(
        f"{figures['changes'] / figures['minutes']:11.1f}"
        f" {100 * figures['short_ns'] / figures['shown_ns']:8.2f}"
        f" {100 * figures['inside_ns'] / max(figures['sounded_ns'], 1):10.1f}"
        f" {figures['told'] / figures['minutes']:8.1f}"
        f" {100 * figures['revised'] / max(figures['told'], 1):9.1f}"
        f" {figures['us']:8.1f}  {name}"
    )


if __name__ == "__main__":
    main()
