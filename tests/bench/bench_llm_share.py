"""How many of the lead's bars an LLM writes in time, by its speed.

    python tests/bench/bench_llm_share.py [--real] [--json]

A 4-bar loop at 120 beats a minute is played in; from the third time round on, the sources of 32 bars of
the lead are counted. The server is the tests' protocol double over HTTP: 8, 20 and 50 tokens a second,
prompts read at 200 tokens a second. The band is the whole one (chord stream, prediction, conductor,
guard, timeline, output loop) with the worker process's half and the library's starter phrases beside it,
in simulated time, so that figures do not depend on the machine's load. With ``--real`` the processes run
in real time instead: supervisor, engine, workers, and the double in this one.

Then how long after a chord change that makes a request useless its slot is free, in real time.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

from jamtui.generators.host import make_hosts
from jamtui.generators.ollama import OllamaSource
from jamtui.library.ingest import ingest_starter
from jamtui.library.search import Query, Searcher
from jamtui.library.store.sqlite import SqliteStore
from jamtui.music.meter import EIGHTH, SIXTEENTH
from jamtui.music.phrase import Brief, ChordSpan, Phrase
from tests.generators.briefs import brief_for
from tests.generators.double import Double
from tests.generators.playing import LOOP_KEYS, LOOP_TEXT, Playing, ready
from tests.generators.virtual_time import run
from tests.session.stage import styles

RATES = (8.0, 20.0, 50.0)
PROMPT_RATE = 200.0
FIRST, BARS = 8, 32
GRIDS = {"eighths": (EIGHTH, "1/8"), "sixteenths": (SIXTEENTH, "1/16")}
CANCELS = 40


class Shelves:
    """The starter phrases in a library of their own, searched as the worker process does."""

    def __init__(self, folder: str) -> None:
        path = Path(folder) / "library.db"
        ingest_starter(path)
        self.searcher = Searcher(SqliteStore.open(path, read_only=True))
        self.searcher.warm()

    def similar(
        self, brief: Brief, chords: tuple[ChordSpan, ...], bars: int, count: int
    ) -> list[tuple[Phrase, int]]:
        """``session.generator.Retrieving``."""
        query = Query(chords, brief.role, brief.style, bars, brief.meter, (), brief.energy, brief.tempo)
        return [(hit.record.phrase, hit.transpose) for hit in self.searcher.search(query, count)]


async def simulated(rate: float, step: int, shelves: Shelves, *, chart: bool) -> dict[str, object]:
    """One figure in simulated time."""
    async with Double(tokens_per_s=rate, prompt_tokens_per_s=PROMPT_RATE) as server:
        made = OllamaSource(make_hosts([server.url]), styles(), step=step)
        made.inspire(shelves)
        told = {"chart": LOOP_TEXT} if chart else {"chart": "", "chords": LOOP_KEYS}
        band = await Playing(made, FIRST + BARS, tempo=120.0, started=ready, **told).play()  # type: ignore[arg-type]
        return figures(band.lead_by_bar(), server, band.refusals(), band.dead_air)


def figures(letters: list[str], server: Double, refusals: object, dead_air: int) -> dict[str, object]:
    """What is reported of a run. A bar counts as the LLM's where all notes that begin in it are."""
    counted = letters[FIRST : FIRST + BARS]
    written = server.written
    return {
        "share": round(sum(letter == "O" for letter in counted) / len(counted), 3),
        "letters": "".join(letter[0] if letter else "-" for letter in letters),
        "requests": len(written),
        "new prompt tokens, the double's count": max(s.new_prompt_tokens for s in written[2:]),
        "cancelled": sum(s.cancelled for s in written),
        "refused": dict(refusals) if isinstance(refusals, dict) else {},
        "dead_air": dead_air,
    }


def real(rate: float, grid: str) -> dict[str, object]:
    """One figure with real processes in real time, over the chart of the loop."""
    home = tempfile.TemporaryDirectory(prefix="jt", dir="/tmp")
    os.environ["JAMTUI_HOME"] = home.name
    from jamtui import paths
    from jamtui.music.meter import PPQ
    from jamtui.processes.client import EngineLink
    from jamtui.processes.control import Reports, start_band, stop_band, wait_for_band
    from jamtui.processes.options import INSTALLED, SessionOptions
    from jamtui.session.journal import read_journal

    with Double(tokens_per_s=rate, prompt_tokens_per_s=PROMPT_RATE) as server:
        paths.config_file().parent.mkdir(parents=True, exist_ok=True)
        paths.config_file().write_text(
            f'[midi]\napi = "none"\n[playing]\ncount_in = 0\n'
            f'[llm]\nhosts = ["{server.url}"]\ngrid = "{grid}"\n'
        )
        options = SessionOptions(chart=LOOP_TEXT, tempo=120.0, seed=7, output="null", generators=INSTALLED)
        runtime = paths.runtime_dir()
        runtime.mkdir(parents=True, exist_ok=True)
        supervisor = start_band(runtime, paths.log_dir(), options, tied=True)
        reports = Reports()
        link = EngineLink(runtime, "headless", reports.on_message)
        try:
            wait_for_band(link, runtime, supervisor)
            end = time.monotonic() + 60
            while time.monotonic() < end:
                shot = link.latest()
                if shot is not None and any(
                    s.letter == "O" and s.state in ("ready", "slow") for s in shot.sources
                ):
                    break
                time.sleep(0.05)
            link.act("start_stop", None)
            time.sleep((FIRST + BARS + 1) * 2.0)
            report = reports.fetch(link, 5.0) or {}
            journal = Path(str(report.get("journal")))
        finally:
            stop_band(runtime)
            link.close()
            supervisor.wait(10)
            if supervisor.stdin is not None:
                supervisor.stdin.close()
        found: list[set[str]] = [set() for _ in range(FIRST + BARS)]
        for record in read_journal(journal).records:
            if record["t"] == "out" and record["role"] == "lead" and str(record["hex"])[0] == "9":
                bar = int(str(record["tick"])) // (4 * PPQ)
                if 0 <= bar < len(found):
                    found[bar].add(str(record["source"]))
        letters = ["".join(sorted(letters)) for letters in found]
        home.cleanup()
        air = report.get("dead_air")
        return figures(letters, server, {}, sum(air.values()) if isinstance(air, dict) else -1)


def cancelling() -> list[float]:
    """Milliseconds, in real time, from a brief with other chords to the free slot, with a request at any
    point of its way."""

    async def scene(server: Double) -> list[float]:
        made = OllamaSource(make_hosts([server.url]), styles())
        life = asyncio.create_task(made.run(lambda _health: None))
        while made.hosts.active is None:
            await asyncio.sleep(0.01)
        found: list[float] = []
        loops = (("Dm7", "G7", "Cmaj7", "A7"), ("Ebm7", "Ab7", "Dbmaj7", "Bb7"))
        task: asyncio.Task[None] | None = None
        moment, held = 0.0, len(server.written)
        for number in range(CANCELS + 1):
            brief = brief_for(4, loop=loops[number % 2], revision=number + 1)
            before = len(server.written)
            moment = time.monotonic()
            task = asyncio.create_task(take(made, brief))
            await asyncio.sleep(0.35 + 0.02 * (number % 10))
            if number and before > held:
                ended = server.written[before - 1].ended_at
                found.append((ended - moment) * 1000 if ended is not None else float("inf"))
            task.cancel()
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
        return found

    with Double(tokens_per_s=8, prompt_tokens_per_s=PROMPT_RATE) as server:
        return asyncio.run(scene(server))


async def take(made: OllamaSource, brief: Brief) -> None:
    """Ask for the bars of ``brief``."""
    async with aclosing(made.bars(brief)) as bars:  # type: ignore[type-var]  # a generator
        async for _ in bars:
            pass


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--real", action="store_true", help="real processes in real time: 90 s a figure")
    parser.add_argument("--grid", choices=tuple(GRIDS), help="only this grid")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    table: dict[str, object] = {}
    folder = tempfile.TemporaryDirectory()
    shelves = Shelves(folder.name)
    for name, (step, grid) in GRIDS.items():
        if arguments.grid not in (None, name):
            continue
        for rate in RATES:
            if arguments.real:
                table[f"{name}, {rate:g} tok/s, real"] = real(rate, grid)
                continue
            table[f"{name}, {rate:g} tok/s, played in"] = run(simulated(rate, step, shelves, chart=False))
            table[f"{name}, {rate:g} tok/s, chart"] = run(simulated(rate, step, shelves, chart=True))
    cancels = cancelling()
    table["slot free after, ms"] = {
        "p50": round(statistics.median(cancels), 1),
        "max": round(max(cancels), 1),
        "n": len(cancels),
    }
    table["load"] = os.getloadavg()[0]
    if arguments.json:
        print(json.dumps(table, indent=1))
        return
    for name, value in table.items():
        print(f"{name:36} {value}")


if __name__ == "__main__":
    main()
