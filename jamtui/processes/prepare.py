"""Prepared sets' composition root: what ``jamtui prepare`` does, and the LLM's source with them in front."""

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jamtui import paths
from jamtui.config import Config
from jamtui.errors import JamtuiError, StoreError
from jamtui.generators.host import Host
from jamtui.generators.ollama import EXAMPLES
from jamtui.generators.ollama_client import Kind, Trouble
from jamtui.generators.prepared import PreparedSet, digest_of
from jamtui.generators.prepared_files import PreparedFiles
from jamtui.generators.prepared_source import PreparedFirst
from jamtui.generators.preparing import Preparation, Wish
from jamtui.generators.prompt import Example, example_of
from jamtui.generators.request import Request
from jamtui.music.chart import Chart, parse_chart
from jamtui.music.meter import METERS
from jamtui.music.phrase import Role
from jamtui.processes import llm
from jamtui.styles.loading import load_styles

if TYPE_CHECKING:
    from rich.progress import Progress

SHOWN_BEFORE = 24
"""Phrases of the library that are not shown to the model again at once."""
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the command line asks for. ``chart`` is the chart's text; None: as the configuration says."""

    chart: str
    style: str | None = None
    role: str = "lead"
    choruses: int = 3
    tempo: float | None = None
    meter: str | None = None


def source() -> PreparedFirst:
    """The source of a session: prepared choruses first, the LLM for everything else."""
    return PreparedFirst(llm.source(), files())


def files() -> PreparedFiles:
    """The prepared sets of this user."""
    return PreparedFiles(paths.prepared_dir())


def prepare(config: Config, order: Order, *, as_json: bool) -> int:
    """Have the LLM write what is missing, with progress and a time left.

    Raises:
        JamtuiError: the chart, the style, the LLM or the file is not as it should be.
    """
    styles = load_styles(paths.styles_dir(), paths.own_styles_dir())
    name = order.style or config.playing.style
    if name not in styles:
        raise JamtuiError(f'there is no style "{name}"; choose one of {", ".join(styles)}')
    style = styles[name]
    chart = parse_chart(order.chart, METERS[order.meter or config.playing.meter or style.meter])
    kept = files()
    prepared = kept.load(chart, style.name) or PreparedSet(chart, style.name, order.tempo or style.tempo)
    wish = Wish(
        style,
        Role(order.role),
        order.choruses,
        config.playing.temperature,
        llm.STEPS[config.llm.grid],
    )
    began = time.monotonic()
    hosts = llm.hosts_of(config)
    work = Preparation(
        wish,
        prepared,
        hosts,
        keep=kept.save,
        examples=_library_examples(),
        measured=llm.load_measured(llm.measured_file()),
    )
    path = kept.path(chart, style.name)
    try:
        if as_json:
            asyncio.run(_work(work, hosts))
        else:
            _with_progress(work, hosts)
    except KeyboardInterrupt:
        if not as_json:
            print(f"{_so_far(work, wish.role)}; the same command goes on")
        return INTERRUPTED
    except Trouble as error:
        url = hosts[0].client.url if hosts else "no host"
        if error.kind is Kind.MISSING:
            sentence = f"{url}: {error}"
        elif error.kind is Kind.NONSENSE:
            model = work.model or "the model"
            sentence = f"{model} writes nothing that the guard takes; choose another with `jamtui llm use`"
        else:
            sentence = llm.in_words(url, error)
        if work.tally.done:
            sentence = f"{sentence}; {_so_far(work, wish.role)}, the same command goes on"
        raise llm.LlmError(sentence) from error
    if work.tally.bars and not work.tally.done:
        raise llm.LlmError(
            f"the model wrote no bar that the guard takes{_why(work)}; choose another with `jamtui llm use`"
        )
    if as_json:
        print(json.dumps(_report(work, wish, path, time.monotonic() - began)))
    else:
        _say(work, wish, path, time.monotonic() - began)
    return 0


def list_prepared(*, as_json: bool) -> int:
    """Print what is prepared."""
    found = files().list()
    if as_json:
        print(json.dumps([_entry(f.path, f.prepared, f.problem) for f in found], indent=1))
        return 0
    if not found:
        print('nothing is prepared; `jamtui prepare --chart "Dm7 | G7 | Cmaj7 | %"` has the LLM write')
        return 0
    for one in found:
        if one.prepared is None:
            print(one.problem)
            continue
        chart = one.prepared.chart
        counts = ", ".join(f"{role.value} {len(own)}" for role in Role if (own := one.prepared.of(role)))
        missing = sum(c.missing for c in one.prepared.choruses)
        gaps = f", {missing} bars missing" if missing else ""
        size = f"{len(chart.bars)} bars of {chart.meter.name}"
        print(f"{chart.name}  {one.prepared.style}, {size}: {counts}{gaps}")
    return 0


def forget(name: str, style: str | None) -> int:
    """Remove what is prepared under ``name``."""
    for path in files().forget(name, style or ""):
        print(f"removed {path}")
    return 0


def _library_examples() -> Callable[[Request], Sequence[Example]]:
    """What the phrase library finds for a request, other phrases each time; nothing where there is none."""
    path = paths.library_file()
    if not path.exists():
        return lambda _request: ()
    # Imported here: without a library nothing of it is needed.
    from jamtui.library.search import Query, Searcher
    from jamtui.library.store.opening import open_library

    try:
        searcher = Searcher(open_library(path, read_only=True))
        searcher.warm()
    except StoreError as error:
        print(f"the phrase library is left out: {error}", file=sys.stderr)
        return lambda _request: ()
    shown: deque[int] = deque(maxlen=SHOWN_BEFORE)

    def found(request: Request) -> list[Example]:
        brief = request.brief
        query = Query(
            request.chords,
            brief.role,
            brief.style,
            request.bars,
            brief.meter,
            (),
            brief.energy,
            brief.tempo,
        )
        try:
            hits = searcher.search(query, EXAMPLES, avoid=tuple(shown))
        except StoreError:
            return []
        shown.extend(hit.record.id for hit in hits)
        return [example_of(hit.record.phrase, hit.transpose) for hit in hits]

    return found


async def _work(work: Preparation, hosts: tuple[Host, ...]) -> None:
    try:
        await work.run()
    finally:
        for host in hosts:
            await host.client.close()


def _with_progress(work: Preparation, hosts: tuple[Host, ...]) -> None:
    # Imported here: only this command draws a bar.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("bars, left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        work.told = _drawing(work, progress)
        asyncio.run(_work(work, hosts))


def _drawing(work: Preparation, progress: "Progress") -> Callable[[], None]:
    # What was there before counts as a start, not as speed.
    task = progress.add_task("loading the model", total=work.tally.bars, completed=work.tally.done)

    def told() -> None:
        tally = work.tally
        refused = f", {tally.refused.total()} refused" if tally.refused else ""
        progress.update(task, completed=tally.done, description=f"{work.model}{refused}")

    return told


def _so_far(work: Preparation, role: Role) -> str:
    count = len(work.prepared.of(role))
    return f"{work.tally.done} of {work.tally.bars} bars are kept in {count} chorus{'es' * (count != 1)}"


def _why(work: Preparation) -> str:
    reasons = ", ".join(f"{reason} {count}" for reason, count in work.tally.refused.most_common())
    return f" ({reasons})" if reasons else ""


def _say(work: Preparation, wish: Wish, path: Path, seconds: float) -> None:
    tally = work.tally
    count = len(work.prepared.of(wish.role))
    chart = work.prepared.chart
    song = f"{chart.title or chart.name} ({wish.style.name}, {wish.role.value})"
    what = f"{count} chorus{'es' * (count != 1)} of {song}"
    if not tally.requests:
        print(f"{what} are there already; --choruses {count + 1} writes another, --forget begins anew")
        return
    refused = f", {tally.refused.total()} more refused by the guard{_why(work)}" if tally.refused else ""
    print(f"{what}: {tally.done} bars{refused}, in {seconds:.0f} s; kept in {path}")
    if tally.left_out:
        print(f"{tally.left_out} bars are missing, others play there; the same command tries them again")


def _report(work: Preparation, wish: Wish, path: Path, seconds: float) -> dict[str, object]:
    tally = work.tally
    return {
        **_entry(path, work.prepared, ""),
        "role": wish.role.value,
        "bars": tally.bars,
        "done": tally.done,
        "left_out": tally.left_out,
        "requests": tally.requests,
        "refused": dict(tally.refused),
        "seconds": round(seconds, 3),
    }


def _entry(path: Path, prepared: PreparedSet | None, problem: str) -> dict[str, object]:
    if prepared is None:
        return {"file": str(path), "problem": problem}
    chart: Chart = prepared.chart
    return {
        "file": str(path),
        "name": chart.name,
        "title": chart.title,
        "digits": digest_of(chart.name),
        "style": prepared.style,
        "meter": chart.meter.name,
        "chart_bars": len(chart.bars),
        "choruses": {role.value: len(own) for role in Role if (own := prepared.of(role))},
        "missing": sum(c.missing for c in prepared.choruses),
    }
