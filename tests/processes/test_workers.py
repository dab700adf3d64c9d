"""What the worker process does with messages and generators, without a process around it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from jamtui.music.phrase import Bar, Brief, Source
from jamtui.processes.workers import Workers
from jamtui.session.generator import GeneratorHealth


class RecordedLink:
    """Keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, object]] = []

    def send(self, kind: str, body: object = None) -> bool:
        self.sent.append((kind, body))
        return True

    def bodies(self, kind: str) -> list[object]:
        return [body for k, body in self.sent if k == kind]


class Correspondent:
    """Has an errand of its own and says how it is."""

    name = "errands"
    source = Source.LIBRARY
    messages = frozenset({"fetch", "fall"})

    def __init__(self) -> None:
        self.state = "loading"
        self.took: list[tuple[str, Any]] = []
        self.closed = False

    def attach(self, send: Callable[[str, object], object]) -> None:
        self._send = send

    def greet(self) -> None:
        self._send("hello there", None)

    def health(self) -> GeneratorHealth:
        return GeneratorHealth(self.source, self.name, self.state, "as it says")

    async def take(self, kind: str, body: Any) -> None:
        if kind == "fall":
            raise RuntimeError("tripped")
        self.took.append((kind, body))
        self.state = "ready"

    async def close(self) -> None:
        self.closed = True

    async def bars(self, brief: Brief) -> AsyncIterator[Bar]:
        return
        yield


def test_errands_reach_the_generator_that_named_them_and_cost_nobody_else_anything() -> None:
    async def scene() -> tuple[RecordedLink, Correspondent]:
        link, generator = RecordedLink(), Correspondent()
        workers = Workers(link, [generator])
        workers.attach()
        workers.introduce()
        workers.take("fetch", {"what": 1})
        workers.take("fall", None)
        workers.take("unheard of", None)
        for _ in range(5):
            await asyncio.sleep(0)
        await workers.close()
        return link, generator

    link, generator = asyncio.run(scene())
    assert generator.took == [("fetch", {"what": 1})]
    assert generator.closed
    assert link.bodies("hello there") == [None]
    told = link.bodies("tell")
    assert len(told) == 1
    assert "tripped" in str(told[0])
    first = link.bodies("health")[0]
    assert isinstance(first, list)
    assert [(h.name, h.state) for h in first if h.source is Source.LIBRARY] == [("errands", "loading")]
