"""The worker process: generators that take longer than the engine may wait.

It receives briefs over the engine link, asks each generator for bars, and sends every bar as soon as it
is whole. A brief that a newer plan made useless is cancelled by closing its stream.
"""

import asyncio
import contextlib
import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

from jamtui.errors import JamtuiError
from jamtui.music.phrase import Brief, Source
from jamtui.processes.children import when_orphaned
from jamtui.processes.client import EngineLink
from jamtui.processes.codec import Plain, from_plain
from jamtui.processes.options import SessionOptions
from jamtui.session.generator import Generator, GeneratorHealth

ABSENT: tuple[GeneratorHealth, ...] = (
    GeneratorHealth(
        Source.LIBRARY, "library", "absent", "This version plays from its starter phrases; no library yet."
    ),
    GeneratorHealth(Source.MODEL, "model", "absent", "No embedded model in this version yet."),
    GeneratorHealth(Source.OLLAMA, "ollama", "absent", "No LLM in this version yet; nothing to install."),
)
"""What to say of the sources that no generator stands for."""


def load_generators(names: Sequence[str]) -> list[Generator]:
    """Generators from ``module:factory`` names.

    Raises:
        JamtuiError: a name that cannot be imported or called.
    """
    found: list[Generator] = []
    for name in names:
        module, _, factory = name.partition(":")
        try:
            found.append(getattr(importlib.import_module(module), factory)())
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            raise JamtuiError(f"the generator {name} cannot be loaded ({error}); leave it out") from error
    return found


class Workers:
    """Runs one task per brief and generator on an asyncio loop."""

    def __init__(self, link: EngineLink, generators: Sequence[Generator]) -> None:
        self._link = link
        self._generators = tuple(generators)
        self._tasks: dict[str, list[asyncio.Task[None]]] = {}

    def health(self) -> list[GeneratorHealth]:
        """One entry per source."""
        ready = [GeneratorHealth(g.source, g.name, "ready", "") for g in self._generators]
        present = {h.source for h in ready}
        return ready + [h for h in ABSENT if h.source not in present]

    def take(self, kind: str, body: Plain) -> None:
        """A message from the engine; runs on the loop."""
        if kind == "brief":
            brief = from_plain(Brief, body)
            self._tasks[brief.brief_id] = [
                asyncio.get_running_loop().create_task(self._answer(g, brief)) for g in self._generators
            ]
        elif kind == "cancel":
            for brief_id in body:
                for task in self._tasks.pop(brief_id, ()):
                    task.cancel()

    async def _answer(self, generator: Generator, brief: Brief) -> None:
        try:
            async with aclosing(generator.bars(brief)) as bars:  # type: ignore[type-var]  # async generators close
                async for bar in bars:
                    self._link.send("bar", bar)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # a generator may fail in any way; the band must not
            self._link.send(
                "health", [GeneratorHealth(generator.source, generator.name, "down", str(error)[:200])]
            )
        finally:
            self._tasks.pop(brief.brief_id, None)


async def run(runtime: Path, generators: Sequence[Generator], stop: asyncio.Event) -> None:
    """Serve the engine in ``runtime`` until ``stop`` is set."""
    loop = asyncio.get_running_loop()
    holder: list[Workers] = []

    def on_message(kind: str, body: Plain) -> None:
        if holder:
            loop.call_soon_threadsafe(holder[0].take, kind, body)

    def on_connect(link: EngineLink) -> None:
        if holder:
            link.send("health", holder[0].health())

    link = EngineLink(runtime, "workers", on_message, on_connect)
    workers = Workers(link, generators)
    holder.append(workers)
    link.send("health", workers.health())
    try:
        await stop.wait()
    finally:
        link.close()


def main(argv: list[str] | None = None) -> int:
    """``python -m jamtui.processes.workers RUNTIME``."""
    arguments = sys.argv[1:] if argv is None else argv
    # One thread per numeric library: the cores belong to the engine and the DAW.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    runtime = Path(arguments[0])
    generators = load_generators(SessionOptions.load(runtime).generators)

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def over() -> None:
            loop.call_soon_threadsafe(stop.set)

        when_orphaned(over)
        await run(runtime, generators, stop)

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
