"""The LLM's composition root: the source for the worker process, and what ``jamtui llm`` does."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from jamtui import paths
from jamtui.config import Config, load_config, save_choice
from jamtui.errors import JamtuiError
from jamtui.generators.bench import BARS, REQUESTS, Trial, try_model
from jamtui.generators.host import Host, make_hosts
from jamtui.generators.models import (
    SUGGESTED,
    Measured,
    Measurements,
    find_model,
    measured_on,
    recommend,
    writes_text,
)
from jamtui.generators.ollama import OllamaSource
from jamtui.generators.ollama_client import (
    Installed,
    Kind,
    OllamaClient,
    RunnerOptions,
    Trouble,
    default_hosts,
)
from jamtui.generators.picking import installed_on, models_on
from jamtui.music.meter import EIGHTH, PPQ, SIXTEENTH
from jamtui.music.phrase import Role
from jamtui.styles.loading import load_styles
from jamtui.styles.style import Style

STEPS = {"1/8": EIGHTH, "1/16": SIXTEENTH, "1/8t": PPQ // 3}
"""Ticks of a step, by the name of the grid in the configuration."""
GET_IT = "get Ollama at ollama.com and start it (`ollama serve`)"


class LlmError(JamtuiError):
    """No server, no model, or a model that cannot be had."""

    exit_code = 5


def source() -> OllamaSource:
    """The source of a session, from the configuration file."""
    config = load_config(paths.config_file())
    llm = config.llm
    hosts = hosts_of(config) if llm.on else ()
    styles = _styles()
    first = config.playing.style
    ordered = {n: styles[n] for n in sorted(styles, key=lambda n: n != first)}
    return OllamaSource(
        hosts,
        ordered,
        roles=tuple(Role(name) for name in llm.roles),
        step=STEPS[llm.grid],
        measured=load_measured(measured_file()),
        remember=_remember,
    )


def hosts_of(config: Config, host: str = "") -> tuple[Host, ...]:
    """The configured hosts; or ``host`` alone, as it is written there, whether it is configured or not."""
    llm = config.llm
    options = RunnerOptions(num_ctx=llm.context, num_thread=llm.threads)
    return make_hosts(default_hosts((host,) if host else llm.hosts), llm.model, options)


def measured_file() -> Path:
    """Where the figures of ``jamtui llm bench`` are kept."""
    return paths.cache_dir() / "llm-bench.json"


def load_measured(path: Path) -> dict[tuple[str, str], Measured]:
    """The figures in ``path`` by host and model; none where there is no usable file."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {(str(e["host"]), str(e["model"])): Measured(**e) for e in entries}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def save_measured(path: Path, measured: Measurements) -> None:
    """Keep ``measured`` for ``load_measured``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps([asdict(m) for m in measured.values()], indent=1)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


@dataclass(frozen=True, slots=True)
class Listed:
    """A model in the list: what is known of it, and whether it is the one that plays."""

    model: Installed
    host: str
    measured: Measured | None
    chosen: bool


def list_models(config: Config, *, as_json: bool) -> int:
    """Print the models on every host, with sizes, speeds and which of them is taken."""
    listed = asyncio.run(_list(config))
    if as_json:
        print(json.dumps([_plain(entry) for entry in listed], indent=1))
        return 0
    if not listed:
        raise LlmError(f"no model is installed; fetch one with `jamtui llm pull {SUGGESTED}`")
    width = max(len(entry.model.name) for entry in listed)
    for entry in listed:
        model, found = entry.model, entry.measured
        mark = "*" if entry.chosen else " "
        speed = (
            f"{found.bars_per_s:5.1f} bars/s, {found.accepted:4.0%} accepted, "
            f"first bar after {found.first_bar_s:.1f} s"
            if found is not None
            else "not measured"
        )
        size = f"{model.size / 1e9:6.1f} GB {model.parameters:>6}"
        print(f"{mark} {model.name:{width}} {size}  {speed}  {entry.host}")
    print("* plays; measure them with `jamtui llm bench`, choose another with `jamtui llm use`")
    return 0


def bench(config: Config, names: list[str], *, host: str = "", as_json: bool) -> int:
    """Measure each installed model (or those named) on every host that answers, one after the other, or on
    ``host`` alone."""
    return asyncio.run(_bench(config, names, host, as_json=as_json))


def pull(config: Config, name: str, *, host: str = "") -> int:
    """Fetch a model onto the first host that answers, or onto ``host``, with a progress bar."""
    url = asyncio.run(_pull(config, name, host))
    if url in default_hosts(config.llm.hosts):
        print(f"{name} is there, on {url}; `jamtui llm use {name}` makes it the one that plays")
    else:
        print(f"{name} is there, on {url}; write that host under [llm] hosts to play with it")
    return 0


def use(config: Config, name: str) -> int:
    """Write ``name`` into the configuration, if a host has it."""
    listed = asyncio.run(_list(config))
    found = find_model(name, [entry.model for entry in listed])
    if found is None:
        names = ", ".join(sorted({entry.model.name for entry in listed}))
        known = f"installed: {names}" if names else "nothing is installed"
        raise LlmError(f"{name} is not installed ({known}); fetch it with `jamtui llm pull {name}`")
    _remember(found.name)
    print(f"{found.name} plays from the next start on")
    return 0


def _remember(name: str) -> None:
    save_choice(paths.config_file(), {"llm": {"model": name}})


def _styles() -> dict[str, Style]:
    return load_styles(paths.styles_dir(), paths.own_styles_dir())


def _plain(entry: Listed) -> dict[str, object]:
    found = None if entry.measured is None else asdict(entry.measured)
    return {**asdict(entry.model), "host": entry.host, "chosen": entry.chosen, "measured": found}


async def _list(config: Config) -> list[Listed]:
    hosts = hosts_of(config)
    try:
        found, problems = await models_on(hosts, load_measured(measured_file()))
    finally:
        for host in hosts:
            await host.client.close()
    if not found and problems:
        host, trouble = problems[0]
        raise LlmError(in_words(host.client.url, trouble))
    silent = [host.client.url for host, _ in problems]
    first = next((host for host in hosts if host.client.url not in silent), None)
    return [
        Listed(entry.model, entry.host.client.url, entry.measured, entry.chosen and entry.host is first)
        for entry in found
    ]


@dataclass(frozen=True, slots=True)
class _Bench:
    """What is to be measured on a host: its models, and what is measured with."""

    host: Host
    installed: tuple[Installed, ...]
    chosen: tuple[Installed, ...]
    style: Style | None
    grid: str


async def _answering(hosts: Sequence[Host]) -> tuple[list[tuple[Host, tuple[Installed, ...]]], list[str]]:
    """The hosts that answer with their models, and in words what is wrong with the others."""
    found, troubles = await installed_on(hosts)
    problems = [in_words(host.client.url, trouble) for host, trouble in troubles]
    if not found:
        raise LlmError(problems[0] if problems else GET_IT)
    return found, problems


async def _first(hosts: Sequence[Host]) -> Host:
    """The first host that answers; those before it are named on stderr."""
    problems: list[str] = []
    for host in hosts:
        try:
            await host.client.models()
        except Trouble as error:
            problems.append(in_words(host.client.url, error))
            await host.client.close()
        else:
            for problem in problems:
                print(f"left out: {problem}", file=sys.stderr)
            return host
    raise LlmError(problems[0] if problems else GET_IT)


async def _bench(config: Config, names: list[str], host: str, *, as_json: bool) -> int:
    hosts = hosts_of(config, host)
    try:
        found, problems = await _answering(hosts)
        chosen = _chosen([installed for _, installed in found], names)
        for problem in problems:
            print(f"left out: {problem}", file=sys.stderr)
        styles = _styles()
        style = styles.get(config.playing.style) or next(iter(styles.values()), None)
        trials: dict[str, dict[str, Trial]] = {}
        for (one, installed), models in zip(found, chosen, strict=True):
            job = _Bench(one, installed, models, style, config.llm.grid)
            trials[one.client.url] = await _bench_on(job, quiet=as_json)
    finally:
        for one in hosts:
            await one.client.close()
    if as_json:
        plain = {url: {name: asdict(t) for name, t in of.items()} for url, of in trials.items()}
        print(json.dumps(plain, indent=1))
    return 0


def _chosen(installed: Sequence[tuple[Installed, ...]], names: Sequence[str]) -> list[tuple[Installed, ...]]:
    """Which of each host's models are measured: all that write text, or those of ``names`` that it has."""
    if not names:
        chosen = [tuple(m for m in models if writes_text(m)) for models in installed]
        if not any(chosen):
            raise LlmError(f"no model is installed; fetch one with `jamtui llm pull {SUGGESTED}`")
        return chosen
    for name in names:
        if not any(find_model(name, models) for models in installed):
            raise LlmError(f"{name} is not installed; fetch it with `jamtui llm pull {name}`")
    return [
        tuple(model for name in names if (model := find_model(name, models)) is not None)
        for models in installed
    ]


async def _bench_on(job: _Bench, *, quiet: bool) -> dict[str, Trial]:
    """Measure one host, keep its figures and, unless ``quiet``, print them."""
    client = job.host.client
    if not quiet:
        print(f"on {client.url}:" if job.chosen else f"on {client.url}: nothing to measure", flush=True)
    trials: dict[str, Trial] = {}
    for model in job.chosen:
        fresh = Host(OllamaClient(client.url, client.options), model.name, model.name)
        try:
            trial = await try_model(fresh, job.style, STEPS[job.grid])
        finally:
            await fresh.client.close()
        trials[model.name] = trial
        _keep(client.url, model.name, trial)
        if not quiet:
            print(_row(model, trial), flush=True)
    if job.chosen and not quiet:
        known = measured_on(client.url, load_measured(measured_file()))
        best = recommend(job.installed, known)
        print(f"{REQUESTS} requests of {BARS} bars each, grid {job.grid}, on {client.url}")
        if best is not None and best.name in known and known[best.name].recommended:
            print(f"recommended: {best.name} (`jamtui llm use {best.name}`)")
        else:
            print("none of them keeps up with 120 beats a minute by itself; a smaller one might")
    return trials


def _keep(url: str, model: str, trial: Trial) -> None:
    """Write a model's figures down at once: who stops the command keeps what was measured until then."""
    measured = load_measured(measured_file())
    measured.pop((url, model), None)
    if trial.measured is not None:
        measured[url, model] = trial.measured
    save_measured(measured_file(), measured)


async def _pull(config: Config, name: str, chosen: str) -> str:
    """Fetch ``name``; returns the URL of the host that has it now."""
    # Imported here: only this command draws a bar.
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    host = await _first(hosts_of(config, chosen))
    url = host.client.url
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns) as progress:
            task = progress.add_task(f"{name} onto {url}", total=None)
            async for status, completed, total in host.client.pull(name):
                progress.update(task, description=f"{url}: {status[:40]}")
                if total:  # what has no figures (verifying, success) leaves the bar where it is
                    progress.update(task, completed=completed, total=total)
    except Trouble as error:
        raise LlmError(
            f"{name} cannot be fetched onto {url}: {error}; look for its name at ollama.com/library"
        ) from error
    finally:
        await host.client.close()
    return url


def _row(model: Installed, trial: Trial) -> str:
    found = trial.measured
    if found is None:
        return f"{model.name}: {trial.problem}"
    refused = ", ".join(f"{reason} {count}" for reason, count in trial.refused)
    return (
        f"{model.name}: {found.bars_per_s:.2f} bars/s ({found.tokens_per_s:.0f} tok/s), "
        f"{found.accepted:.0%} accepted, first bar after {found.first_bar_s:.2f} s, loaded in "
        f"{trial.load_s:.1f} s" + (f"; refused: {refused}" if refused else "")
    )


def in_words(url: str, error: Trouble) -> str:
    """What went wrong at ``url``, and what to do, in a sentence."""
    if error.kind is Kind.REFUSED:
        return f"no Ollama answers at {url}; {GET_IT}"
    return f"Ollama at {url}: {error}; see its log, or name another host in [llm] hosts"
