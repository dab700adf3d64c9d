"""The worker process: generators that take longer than the engine may wait.

It receives briefs over the engine link, asks each generator for bars, and sends every bar as soon as it
is whole. A brief that a newer plan made useless is cancelled by closing its stream.
"""

import asyncio
import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Protocol

from jamtui.music.phrase import Brief, Source
from jamtui.processes.children import when_orphaned
from jamtui.processes.client import EngineLink
from jamtui.processes.codec import Plain, from_plain
from jamtui.processes.options import SessionOptions
from jamtui.processes.tidying import tidy
from jamtui.session.generator import (
    Corresponding,
    Generator,
    GeneratorHealth,
    Inspired,
    Reporting,
    Retrieving,
)


class Link(Protocol):
    """The way to the engine."""

    def send(self, kind: str, body: object = None) -> bool:
        """Send one message; False when not connected."""
        ...


ABSENT: tuple[GeneratorHealth, ...] = (
    GeneratorHealth(Source.LIBRARY, "library", "absent", "No phrase library was asked for in this session."),
    GeneratorHealth(Source.MODEL, "model", "absent", "No embedded model in this version yet."),
    GeneratorHealth(Source.OLLAMA, "ollama", "absent", "No LLM was asked for in this session."),
)
"""What to say of the sources that no generator stands for."""


def load_generators(names: Sequence[str]) -> tuple[list[Generator], list[str]]:
    """Generators from ``module:factory`` names, and a sentence for each that cannot be had."""
    found: list[Generator] = []
    problems: list[str] = []
    for name in names:
        module, _, factory = name.partition(":")
        try:
            found.append(getattr(importlib.import_module(module), factory)())
        except Exception as error:  # a source that does not load must not cost the others
            traceback.print_exc()
            reason = f"{type(error).__name__}: {error}"
            problems.append(f"the source {name} cannot be loaded ({reason}); the band plays without it")
    return found, problems


class Workers:
    """Runs one task per brief and generator on an asyncio loop."""

    def __init__(self, link: Link, generators: Sequence[Generator], problems: Sequence[str] = ()) -> None:
        self._link = link
        self._generators = tuple(generators)
        self._problems = tuple(problems)
        self._down: dict[str, str] = {}
        self._told: dict[str, GeneratorHealth] = {}
        self._tasks: dict[str, set[asyncio.Task[None]]] = {}
        self._errands: set[asyncio.Task[None]] = set()

    def introduce(self) -> None:
        """Say to the engine who is here."""
        ready = [self._health_of(g) for g in self._generators]
        present = {h.source for h in ready}
        self._told = {h.name: h for h in ready}
        self._link.send("health", ready + [h for h in ABSENT if h.source not in present])
        for generator in self._generators:
            if isinstance(generator, Corresponding):
                generator.greet()
        for problem in self._problems:
            self._link.send("tell", {"text": problem, "severity": "warning"})

    def take(self, kind: str, body: Plain) -> None:
        """A message from the engine; runs on the loop."""
        if kind == "brief":
            brief = from_plain(Brief, body)
            for generator in self._generators:
                task = asyncio.get_running_loop().create_task(self._answer(generator, brief))
                tasks = self._tasks.setdefault(brief.brief_id, set())
                tasks.add(task)
                task.add_done_callback(partial(self._done, brief.brief_id))
        elif kind == "cancel":
            for brief_id in body:
                for task in self._tasks.pop(brief_id, ()):
                    task.cancel()
        else:
            for generator in self._generators:
                if isinstance(generator, Corresponding) and kind in generator.messages:
                    task = asyncio.get_running_loop().create_task(self._pass_on(generator, kind, body))
                    self._errands.add(task)
                    task.add_done_callback(self._errands.discard)

    def attach(self) -> None:
        """Acquaint the generators with each other, and let those that correspond with the engine begin; on
        the loop, once."""
        library = next((g for g in self._generators if isinstance(g, Retrieving)), None)
        for generator in self._generators:
            if library is not None and isinstance(generator, Inspired):
                generator.inspire(library)
        for generator in self._generators:
            if isinstance(generator, Corresponding):
                generator.attach(self._link.send)

    async def close(self) -> None:
        """Let them end."""
        for generator in self._generators:
            if isinstance(generator, Corresponding):
                await generator.close()

    async def _pass_on(self, generator: Generator, kind: str, body: Plain) -> None:
        assert isinstance(generator, Corresponding)
        try:
            await generator.take(kind, body)
        except Exception as error:  # whatever it is, the engine and the other sources are not to suffer
            traceback.print_exc()
            text = f"{generator.name}: {kind} failed ({type(error).__name__}: {error})"
            self._link.send("tell", {"text": text[:200], "severity": "warning"})

    def cancel_all(self) -> None:
        """The engine that asked is gone."""
        self.take("cancel", list(self._tasks))

    def _done(self, brief_id: str, task: "asyncio.Task[None]") -> None:
        tasks = self._tasks.get(brief_id)
        if tasks is not None:
            tasks.discard(task)
            if not tasks:
                del self._tasks[brief_id]

    async def _answer(self, generator: Generator, brief: Brief) -> None:
        try:
            async with aclosing(generator.bars(brief)) as bars:  # type: ignore[type-var]  # async generators close
                async for bar in bars:
                    self._link.send("bar", bar)
                    self._say(generator, "")
            self._say(generator, "")
        except Exception as error:  # a generator may fail in any way; the band must not
            self._say(generator, f"{type(error).__name__}: {error}"[:200])

    def _say(self, generator: Generator, trouble: str) -> None:
        if self._down.get(generator.name, "") != trouble:
            self._down[generator.name] = trouble
            if trouble:
                traceback.print_exc()
        health = self._health_of(generator)
        if self._told.get(generator.name) != health:
            self._told[generator.name] = health
            self._link.send("health", [health])

    def _health_of(self, generator: Generator) -> GeneratorHealth:
        trouble = self._down.get(generator.name, "")
        if not trouble and isinstance(generator, Reporting):
            return generator.health()
        return GeneratorHealth(generator.source, generator.name, "down" if trouble else "ready", trouble)


async def run(
    runtime: Path, generators: Sequence[Generator], stop: asyncio.Event, problems: Sequence[str] = ()
) -> None:
    """Serve the engine in ``runtime`` until ``stop`` is set."""
    loop = asyncio.get_running_loop()
    ready = threading.Event()

    def on_message(kind: str, body: Plain) -> None:
        ready.wait()
        loop.call_soon_threadsafe(workers.take, kind, body)

    def on_connect(_link: EngineLink) -> None:
        ready.wait()
        # A new engine: what the old one asked for is of no use to it.
        loop.call_soon_threadsafe(workers.cancel_all)
        loop.call_soon_threadsafe(workers.introduce)

    link = EngineLink(runtime, "workers", on_message, on_connect)
    workers = Workers(link, generators, problems)
    workers.attach()
    ready.set()
    tidying = loop.create_task(tidy())
    try:
        await stop.wait()
    finally:
        tidying.cancel()
        await workers.close()
        link.close()


def main(argv: list[str] | None = None) -> int:
    """``python -m jamtui.processes.workers RUNTIME``."""
    arguments = sys.argv[1:] if argv is None else argv
    # One thread per numeric library: the cores belong to the engine and the DAW.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    runtime = Path(arguments[0])
    # Ctrl-C in the terminal is for whoever started the band; the supervisor tells us to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    generators, problems = load_generators(SessionOptions.load(runtime).generators)

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def over() -> None:
            loop.call_soon_threadsafe(stop.set)

        when_orphaned(over)
        await run(runtime, generators, stop, problems)

    asyncio.run(serve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
