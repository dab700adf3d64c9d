"""What else goes on must not be heard: the engine's lateness beside an ingest, or beside a language model.

    python -m tests.bench.bench_disturbance ingest ../shared/data [--events 1500] [--rounds 3]
    python -m tests.bench.bench_disturbance llm [--events 1500] [--rounds 3]

The demo plays over a JACK server of its own, with a console that redraws, in turns without and with the
disturbance: ``jamtui ingest FOLDER --workers 1`` again and again, each time into an empty library; or a
language model (the protocol double, 20 tokens a second, in this process) whose streams the workers read and
parse for lead, comp and bass. Beside each turn stands the control loop.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from jamtui import paths
from jamtui.paths import HOME_VARIABLE
from jamtui.processes.benching.band import BandUnderTest, load_average, write_config
from jamtui.processes.benching.bench import Bench, open_bench
from jamtui.processes.benching.figures import percentile
from jamtui.processes.benching.matching import read_outs
from jamtui.processes.benching.timing import play_events, run_control
from jamtui.processes.options import INSTALLED, SessionOptions
from tests.generators.double import Double

BARS = {"ingest": 1.3, "llm": 1.2}
"""Most that the p99 with the disturbance may be of the one without."""

Disturb = Callable[[bool], AbstractContextManager[None]]
"""Sets the disturbance up, or its absence, before the band starts."""


@contextlib.contextmanager
def ingesting(folder: Path, on: bool) -> Iterator[None]:
    """One worker ingests ``folder`` over and over, as a musician would start it."""
    write_config()
    over = threading.Event()
    ended: list[int] = []

    def work() -> None:
        while not over.is_set():
            home = tempfile.mkdtemp(prefix="jti")
            try:
                command = [sys.executable, "-m", "jamtui", "ingest", str(folder), "--workers", "1", "--json"]
                with subprocess.Popen(
                    command,
                    env={**os.environ, HOME_VARIABLE: home},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                ) as running:
                    while running.poll() is None and not over.wait(0.2):
                        pass
                    running.terminate()
                ended.append(running.returncode)
            finally:
                shutil.rmtree(home, ignore_errors=True)

    thread = threading.Thread(target=work, daemon=True)
    if on:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if on:
            thread.join()
            if any(code not in (0, -15, 130) for code in ended):
                raise SystemExit(f"the ingest failed: {ended}")


@contextlib.contextmanager
def writing(on: bool) -> Iterator[None]:
    """A language model writes for three roles."""
    with Double(tokens_per_s=20.0, prompt_tokens_per_s=200.0) as server:
        write_config()
        with paths.config_file().open("a", encoding="utf-8") as config:
            hosts = f'hosts = ["{server.url}"]\nroles = ["lead", "comp", "bass"]' if on else "on = false"
            config.write(f"\n[llm]\n{hosts}\n")
        yield
        if on and not server.written:
            raise SystemExit("nothing was asked of the language model; it disturbed nobody")


def turn(bench: Bench, disturb: Disturb, on: bool, events: int) -> tuple[list[float], list[float]]:
    """One turn: lateness of the engine and of the control in milliseconds."""
    with disturb(on):
        options = SessionOptions(demo=True, headless=True, seed=bench.seed, generators=INSTALLED)
        with BandUnderTest(bench.listener, options) as band, bench.console():
            control, _ = run_control(300)
            began, ended = play_events(bench, band, events)
            band.fetch()
            outs = read_outs(band.journal().records)
        bench.listener.clear()
    return [max(0, o.ns - o.due) / 1e6 for o in outs if began <= o.ns < ended], control


def main() -> int:
    """Measure and print; 1 where the bar is not met."""
    parser = argparse.ArgumentParser(description="Engine lateness with and without a disturbance.")
    parser.add_argument("kind", choices=sorted(BARS))
    parser.add_argument("folder", nargs="?", type=Path, help="what is ingested")
    parser.add_argument("--events", type=int, default=1500, help="note events a turn")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    if asked.kind == "ingest" and (asked.folder is None or not asked.folder.is_dir()):
        parser.error("ingest needs a folder of MIDI files")
    disturb: Disturb = writing if asked.kind == "llm" else lambda on: ingesting(asked.folder.resolve(), on)
    late: dict[bool, list[float]] = {False: [], True: []}
    control: dict[bool, list[float]] = {False: [], True: []}
    with open_bench(asked.events) as bench:
        for number in range(asked.rounds):
            for on in (False, True):
                got, floor = turn(bench, disturb, on, asked.events)
                late[on] += got
                control[on] += floor
                print(
                    f"round {number + 1} {'with' if on else 'without'}: p99 {percentile(got, 0.99):.3f} ms",
                    file=sys.stderr,
                )
    print(f"{asked.kind}: lateness of note-ons and note-offs, ms; load {load_average()[0]:.2f}")
    print("| | events | p50 | p99 | p99.9 | max | control p99 |\n|---|---|---|---|---|---|---|")
    for on, values in late.items():
        shares = " | ".join(f"{percentile(values, share):.3f}" for share in (0.5, 0.99, 0.999, 1.0))
        floor_ms = percentile(control[on], 0.99)
        print(f"| {'with' if on else 'without'} | {len(values)} | {shares} | {floor_ms:.3f} |")
    ratio = percentile(late[True], 0.99) / percentile(late[False], 0.99)
    print(f"ratio of the p99: {ratio:.2f} (bar {BARS[asked.kind]})")
    return 0 if ratio <= BARS[asked.kind] else 1


if __name__ == "__main__":
    sys.exit(main())
