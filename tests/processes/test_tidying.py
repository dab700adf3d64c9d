"""The worker process collects garbage when nothing is searched for."""

import asyncio
import gc
import weakref

from jamtui.processes.tidying import settle, tidy


class Knot:
    """Something that holds itself."""

    def __init__(self) -> None:
        self.own = self


async def _gone(knot: "weakref.ref[Knot]") -> bool:
    for _ in range(1000):
        await asyncio.sleep(0.001)
        if knot() is None:
            return True
    return False


def test_garbage_goes_at_its_own_moments_alone() -> None:
    async def play() -> None:
        tidying = asyncio.create_task(tidy(0.005))
        await asyncio.sleep(0)
        assert not gc.isenabled()
        assert await _gone(weakref.ref(Knot()))
        old = Knot()
        gc.collect()
        watched = weakref.ref(old)
        del old
        assert await _gone(watched), "what grew old is collected too"
        tidying.cancel()
        await asyncio.gather(tidying, return_exceptions=True)
        assert gc.isenabled()

    asyncio.run(play())


def test_what_is_settled_is_looked_through_no_more() -> None:
    before = gc.get_freeze_count()  # of what the tests were collected from
    try:
        kept = [[n] for n in range(1000)]
        settle()
        assert gc.get_freeze_count() >= before + len(kept)
        assert not {id(k) for k in kept} & {id(o) for o in gc.get_objects()}
    finally:
        if not before:
            gc.unfreeze()
