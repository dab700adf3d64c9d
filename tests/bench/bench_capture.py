"""How soon a capture is found for its own chords, while the band plays.

    python -m tests.bench.bench_capture [--captures 24] [--tempo 120]

The demo plays, headless, with all its processes and no ports, over a library of its own with the starter
phrases. Again and again, at other places of the bar, the key for a capture of 1, 2 or 4 bars goes over the
control socket, as the console sends it. Then the band's own searcher is asked, through the same socket, for
the phrases of that role that fit the capture's chords, until the capture is among them; then it is taken
back. So what is told is the time from the key to an answer that holds it, with the way there and back and
with looking 50 times a second: more than what the band itself needs, never less.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from dataclasses import dataclass

from jamtui.paths import HOME_VARIABLE
from jamtui.processes.benching.band import load_average
from jamtui.processes.client import EngineLink
from jamtui.processes.options import INSTALLED, SessionOptions
from jamtui.session.library_page import LibraryPage, LibraryRow, PageRequest
from tests.processes.wire import RunningBand

NO_MIDI = '[midi]\napi = "none"\n'
LOOK_S = 0.02
PATIENCE_S = 20.0
FOUND = 64
BEATS = 4


@dataclass(frozen=True, slots=True)
class Capture:
    """Seconds from the key to when the capture was stored and listed, and to when it was found by its
    chords."""

    stored: float
    found: float


def asked(link: EngineLink, words: str, until: float) -> LibraryPage:
    """What the library answers to ``words``."""
    link.ask_page(PageRequest(words, 0, FOUND))
    while time.monotonic() < until:
        page = link.page()
        if page is not None and page.wanted == words:
            return page
        time.sleep(0.001)
    raise SystemExit(f"no answer to {words!r} within {PATIENCE_S:.0f} s")


def capture(band: RunningBand, bars: int) -> Capture:
    """One capture, measured and taken back."""
    link = band.link
    begun = time.monotonic()
    end = begun + PATIENCE_S
    link.act("capture", bars)
    rows: list[LibraryRow] = []
    turn = 0
    while not rows:
        # Words of their own each time, so that an old page is not taken for the answer.
        turn += 1
        rows = [r for r in asked(link, "kept" + " " * turn, end).rows if "own take" in r.origin]
        time.sleep(0 if rows else LOOK_S)
    stored = time.monotonic() - begun
    left = {row.id: row for row in rows}
    while left:
        turn += 1
        for row in list(left.values()):
            words = f"{row.role} {row.chords}" + " " * turn
            if row.id in {hit.id for hit in asked(link, words, end).rows}:
                del left[row.id]
        time.sleep(LOOK_S if left else 0)
    found = time.monotonic() - begun
    link.act("undo")
    while asked(link, "kept" + " " * (turn := turn + 1), time.monotonic() + PATIENCE_S).total:
        time.sleep(LOOK_S)
    return Capture(stored, found)


def main() -> int:
    """Measure and print; 1 where a capture was found after more than a bar."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--captures", type=int, default=24)
    parser.add_argument("--tempo", type=float, default=120.0)
    asked_for = parser.parse_args()
    chance = random.Random(5)
    bar_s = BEATS * 60 / asked_for.tempo
    made: list[Capture] = []
    with tempfile.TemporaryDirectory(prefix="jtc") as home:
        os.environ[HOME_VARIABLE] = home
        options = SessionOptions(
            demo=True, autostart=True, headless=True, tempo=asked_for.tempo, seed=4, generators=INSTALLED
        )
        with RunningBand(options, config=NO_MIDI, graph=False, name="console") as band:
            band.wait(lambda s: (s.library.phrases or 0) > 300, "the starter phrases", 60.0)
            band.wait(lambda s: s.state == "playing" and s.bar > 4, "four bars", 60.0)
            while len(made) < asked_for.captures:
                if band.snapshot().state != "playing":
                    band.link.act("start_stop")
                    band.wait(lambda s: s.state == "playing" and s.bar > 4, "four bars", 60.0)
                time.sleep(chance.uniform(0.5, 1.5) * bar_s)
                made.append(capture(band, (1, 2, 4)[len(made) % 3]))
    load = load_average()[0]
    print(f"{len(made)} captures at {asked_for.tempo:g} BPM, a bar is {bar_s:.2f} s; load {load:.2f}")
    for name, values in (
        ("stored", [c.stored for c in made]),
        ("found by its chords", [c.found for c in made]),
    ):
        middle, most = statistics.median(values), max(values)
        in_bars = f"{middle / bar_s:.2f} and {most / bar_s:.2f} bars"
        print(f"{name}: {middle:.3f} s p50, {most:.3f} s at most; {in_bars}")
    return 0 if all(c.found <= bar_s for c in made) else 1


if __name__ == "__main__":
    raise SystemExit(main())
