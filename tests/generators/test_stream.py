"""What is kept of an answer."""

import asyncio

from jamtui.generators.host import make_hosts
from jamtui.generators.ollama_client import Trouble
from jamtui.generators.request import make_request
from jamtui.generators.stream import ANSWER_LIMIT, Stream
from jamtui.generators.trial import trial_brief
from jamtui.session.exchange import Exchange
from tests.generators.double import Double
from tests.generators.plays import Says


def told(*pieces: str) -> Exchange:
    """The exchange of a request that was answered with ``pieces``."""

    async def scene() -> Exchange:
        async with Double() as server:
            server.play(Says(pieces))
            (host,) = make_hosts([server.url], "qwen3:1.7b")
            host.model = "qwen3:1.7b"
            stream = Stream(host, make_request(trial_brief(None), None, bars=2))
            try:
                async for _bar in stream.bars():
                    pass
            except Trouble:
                pass
            await host.client.close()
            return stream.exchange()

    return asyncio.run(scene())


def test_how_much_of_an_answer_was_left_out_is_counted() -> None:
    whole = told("x" * ANSWER_LIMIT)
    assert (len(whole.answer), whole.more) == (ANSWER_LIMIT, 0)
    longer = told("a" * (ANSWER_LIMIT - 3) + "bcdefgh")
    assert longer.answer.endswith("abcd")
    assert (len(longer.answer), longer.more) == (ANSWER_LIMIT, 4)
