"""How often the next chord is known, from the second chorus on.

    python tests/bench/bench_prediction.py DATA [--seed N] [--only CORPUS] [--json]

DATA holds ``manifest.json``, whose files have ``chords`` (position and symbol) with a ``chord_unit``, and
the MIDI files themselves (for meter and tempo). Every chord track is played in as a player would: voicings
whose notes are spread over 5 to 40 ms, chords up to 80 ms early or late, one in twenty an eighth early,
one in fifty a wrong chord. What the band hears of it goes to the predictor; before each next chord its
guess is noted. A track that repeats itself is played once, and its form is the shortest distance at which
nine tenths of it return; any other is its own form and is played three times. Beside it, over the same
heard chords: a Markov chain of order two, and an oracle that knows the form and says what was heard one
chorus ago at the same place. A guess is right when root and family (major, minor, dominant ...) are; ``and
beat`` counts those that were also told for the right beat; ``sure`` is the share of guesses that the band
would plan for. Times are CPU times of learning one chord and looking ahead after it. Not collected by
pytest.
"""

import argparse
import json
import math
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mido

from jamtui.errors import MusicError
from jamtui.music.chord import Chord, make_chord, parse_chord
from jamtui.music.meter import EIGHTH, METERS, PPQ, Meter
from jamtui.session.barlines import BarLines
from jamtui.session.hearing import ChordStream
from jamtui.session.prediction import Forecast, Predictor

BPM = 120
NS_PER_TICK = 60_000_000_000 / BPM / PPQ
MS = 1_000_000
CHORUSES = 3
RETURNS = 0.9
BARS_AHEAD = 16
AS_PLAYED = {
    "2/4": "4/4", "2/2": "4/4", "4/2": "4/4", "3/8": "6/8", "12/8": "6/8",
    "9/8": "3/4", "3/2": "3/4", "6/4": "3/4",
}  # fmt: skip


@dataclass
class Track:
    """Chords of one song in quarters from its first bar line, and its form in bars."""

    corpus: str
    meter: Meter
    chords: list[tuple[float, Chord]]
    bars: int
    form: int | None


@dataclass
class Played:
    """One chord as it was heard: stamp of its first note as a tick, final name, chorus and place in it."""

    tick: float
    chord: Chord
    chorus: int
    place: float


@dataclass
class Count:
    chords: int = 0
    right: int = 0
    beat: int = 0
    markov: int = 0
    oracle: int = 0
    sure: int = 0
    sure_right: int = 0
    costs: list[float] = field(default_factory=list)


class Timed(Predictor):
    """Adds up the CPU time that it takes, in nanoseconds."""

    spent = 0

    def hear(self, chord: Chord, tick: float) -> None:
        began = time.thread_time_ns()
        super().hear(chord, tick)
        self.spent += time.thread_time_ns() - began

    def forecast(self, bars: int) -> Forecast:
        began = time.thread_time_ns()
        found = super().forecast(bars)
        self.spent += time.thread_time_ns() - began
        return found


def kind(chord: Chord) -> tuple[int, object]:
    return chord.root, chord.family


def seconds_to_quarters(file: mido.MidiFile) -> list[tuple[float, float, float]]:
    """(second, quarter, seconds to the quarter) where the tempo changes."""
    found = [(0.0, 0.0, 0.5)]
    messages = (found for track in file.tracks for found in absolute(track))
    changes = sorted((tick, message.tempo) for tick, message in messages if message.type == "set_tempo")
    for tick, tempo in changes:
        second, quarter, length = found[-1]
        here = tick / file.ticks_per_beat
        found.append((second + (here - quarter) * length, here, tempo / 1e6))
    return found


def absolute(track: Any) -> Iterator[tuple[int, Any]]:
    tick = 0
    for message in track:
        tick += message.time
        yield tick, message


def read_tracks(data: Path) -> Iterator[Track]:
    for entry in json.loads((data / "manifest.json").read_text(encoding="utf-8"))["files"]:
        if len(entry.get("chords") or ()) < 3:
            continue
        try:
            file = mido.MidiFile(data / entry["file"])
        except (OSError, ValueError, EOFError, KeyError, IndexError):
            continue
        written = entry.get("time_signature")
        for track in file.tracks:
            for _, message in absolute(track):
                if message.type == "time_signature" and not written:
                    written = f"{message.numerator}/{message.denominator}"
        meter = METERS.get(AS_PLAYED.get(written or "", written or ""), METERS["4/4"])
        places = [float(c[0]) for c in entry["chords"]]
        if entry["chord_unit"] == "seconds":
            tempos = seconds_to_quarters(file)
            places = [quarter_at(tempos, second) for second in places]
            phases = [round(place % 1 * 24) % 24 for place in places]
            phase = max(set(phases), key=phases.count) / 24
            places = [round((place - phase) * 4) / 4 for place in places]
        chords = sounding(places, [c[1] for c in entry["chords"]])
        if len(chords) >= 3:
            yield make_track(Path(entry["file"]).name.split("_")[0], meter, chords)


def quarter_at(tempos: list[tuple[float, float, float]], second: float) -> float:
    at, quarter, length = max((t for t in tempos if t[0] <= second), default=tempos[0])
    return quarter + (second - at) / length


def sounding(places: list[float], symbols: list[str]) -> list[tuple[float, Chord]]:
    """Chords that differ from the one before, N.C. left out."""
    found: list[tuple[float, Chord]] = []
    for place, symbol in zip(places, symbols, strict=True):
        try:
            chord = parse_chord(symbol)
        except MusicError:
            continue
        if not chord.quality.intervals or (found and found[-1][1] == chord):
            continue
        if found and found[-1][0] == place:
            found.pop()
        found.append((place, chord))
    return found


def make_track(corpus: str, meter: Meter, chords: list[tuple[float, Chord]]) -> Track:
    quarters = meter.bar_ticks / PPQ
    start = math.floor(chords[0][0] / quarters) * quarters
    chords = [(place - start, chord) for place, chord in chords]
    bars = math.ceil((chords[-1][0] + 0.01) / quarters)
    bars += bars % 2
    halves = [kind(chords[0][1])] * int(bars * quarters * 2)
    for place, chord in chords:
        for n in range(int(place * 2), len(halves)):
            halves[n] = kind(chord)
    for form in range(4, bars // 2 + 1):
        lag = int(form * quarters * 2)
        same = sum(a == b for a, b in zip(halves[lag:], halves, strict=False))
        if same >= RETURNS * (len(halves) - lag):
            return Track(corpus, meter, chords, bars, form)
    return Track(corpus, meter, chords, bars, None)


def notes_of(chord: Chord) -> list[int]:
    """A bass note and the chord above it, as a pianist may take it."""
    bass = 36 + chord.bass_pc
    return [bass, *(52 + (chord.root + i - 52) % 12 for i in chord.quality.intervals)]


def play(track: Track, rng: random.Random) -> Iterator[tuple[Played, Timed | None]]:
    """Every chord as it was heard, with the predictor as it is before the next one."""
    quarters = track.meter.bar_ticks / PPQ
    form = track.form or track.bars
    stream = ChordStream(bar_ns=track.meter.bar_ticks * NS_PER_TICK)
    predictor = Timed(BarLines(0, track.meter))
    zero = 10_000 * MS
    down: list[int] = []
    last: Played | None = None
    for turn in range(1 if track.form else CHORUSES):
        for at, written in track.chords:
            place = at + turn * track.bars * quarters
            chorus = int(place / quarters // form)
            chord = written
            if rng.random() < 0.02:
                chord = make_chord(rng.randrange(12), rng.choice(["", "m7", "7"]))
            off = max(-80.0, min(80.0, rng.gauss(0, 30))) * MS
            early = EIGHTH * NS_PER_TICK if rng.random() < 0.05 else 0
            ns = int(max(zero, zero + place * PPQ * NS_PER_TICK + off - early))
            heard = list(stream.advance(ns - 30 * MS))
            for note in down:
                heard += stream.feed(ns - 30 * MS, bytes((0x80, note, 0)))
            last = take(heard, predictor, zero, last)
            if last is not None:
                yield last, predictor
            last = None
            down = notes_of(chord)
            spread = rng.uniform(5, 40) * MS
            heard = []
            for n, note in enumerate(down):
                heard += stream.feed(ns + int(spread * n / len(down)), bytes((0x90, note, 80)))
            began = Played((ns - zero) / NS_PER_TICK, chord, chorus, place - chorus * form * quarters)
            last = take(heard, predictor, zero, None, began)
    if last is not None:
        yield last, None


def take(
    heard: list[Any], predictor: Predictor, zero: int, last: Played | None, began: Played | None = None
) -> Played | None:
    """What the stream says goes to the predictor; ``last`` gets its final name."""
    for update in heard:
        tick = (update.trigger_ns - zero) / NS_PER_TICK
        if update.kind == "provisional" and began is not None:
            last = began
            last.chord = update.chord
            predictor.hear(update.chord, tick)
        elif update.kind in ("provisional", "revised"):
            if last is not None:
                last.chord = update.chord
            predictor.revise(update.chord) if update.kind == "revised" else predictor.hear(update.chord, tick)
    return last


def measure(track: Track, seed: int, count: Count) -> None:
    markov: dict[Any, dict[Any, int]] = {}
    before: dict[tuple[int, float], Chord] = {}
    context: tuple[Any, Any] = (None, None)
    guess = None
    rng = random.Random(f"{seed} {track.corpus} {track.bars} {len(track.chords)}")
    for played, predictor in play(track, rng):
        now = kind(played.chord)
        if guess is not None and played.chorus >= 1:
            count.chords += 1
            told, tick, sure, chain = guess
            right = told == now
            count.right += right
            beat = right and abs(tick - played.tick) <= PPQ * 9 // 16
            count.beat += beat
            count.markov += chain == now
            count.sure += sure >= 0.75
            count.sure_right += sure >= 0.75 and beat
            known = before.get((played.chorus - 1, played.place))
            count.oracle += known is not None and kind(known) == now
        before[played.chorus, played.place] = played.chord
        following = markov.setdefault(context, {})
        following[now] = following.get(now, 0) + 1
        context = (context[1], now)
        if predictor is None:
            return
        forecast = predictor.forecast(BARS_AHEAD)
        count.costs.append(predictor.spent / 1e9)
        predictor.spent = 0
        options = markov.get(context)
        chain = max(options, key=lambda k: options[k]) if options else None
        change = forecast.changes[0] if forecast.changes else None
        guess = (kind(change[1]) if change else None, change[0] if change else 0, forecast.confidence, chain)


def row(name: str, c: Count) -> dict[str, Any]:
    costs = sorted(c.costs)
    return {
        "corpus": name,
        "chords": c.chords,
        "hit rate": round(c.right / c.chords, 3),
        "and beat": round(c.beat / c.chords, 3),
        "Markov 2": round(c.markov / c.chords, 3),
        "oracle": round(c.oracle / c.chords, 3),
        "of oracle": round(c.right / c.oracle, 3),
        "sure": round(c.sure / c.chords, 3),
        "right when sure": round(c.sure_right / max(1, c.sure), 3),
        "µs p50": round(costs[len(costs) // 2] * 1e6),
        "µs p99": round(costs[len(costs) * 99 // 100] * 1e6),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", metavar="CORPUS")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    counts: dict[str, Count] = defaultdict(Count)
    for track in read_tracks(arguments.data):
        if arguments.only in (None, track.corpus):
            measure(track, arguments.seed, counts[track.corpus])
    counts = {name: c for name, c in sorted(counts.items()) if c.chords}
    whole = Count()
    for c in counts.values():
        for name in ("chords", "right", "beat", "markov", "oracle", "sure", "sure_right"):
            setattr(whole, name, getattr(whole, name) + getattr(c, name))
        whole.costs += c.costs
    rows = [row(name, c) for name, c in [*counts.items(), ("all", whole)]]
    if arguments.json:
        print(json.dumps({"load": os.getloadavg()[0], "rows": rows}, ensure_ascii=False))
    else:
        print("| " + " | ".join(rows[0]) + " |")
        print("|" + "---|" * len(rows[0]))
        for one in rows:
            print("| " + " | ".join(map(str, one.values())) + " |")
        print(f"load {os.getloadavg()[0]:.2f}")
    met = all(r["of oracle"] >= 0.9 and r["hit rate"] > r["Markov 2"] for r in rows)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
