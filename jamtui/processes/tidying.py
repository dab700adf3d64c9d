"""When the worker process collects cyclic garbage: at moments of its own, never in the middle of a search.

Left to itself the collector runs wherever the next object is made, which is mostly in a search or while bars
are adapted, and takes one to five milliseconds there.
"""

import asyncio
import gc

PERIOD_S = 5.0
"""How often what is young is looked through: a band leaves some thousand objects in that time, which take
less than a millisecond."""
WHOLE = 24
"""Every so many times everything that was not settled is looked through."""


def settle() -> None:
    """What is loaded now stays: no collection looks through it again."""
    gc.collect()
    gc.freeze()


async def tidy(period_s: float = PERIOD_S) -> None:
    """Collect every ``period_s`` seconds, and at no other time, until cancelled."""
    gc.disable()
    count = 0
    try:
        while True:
            await asyncio.sleep(period_s)
            count += 1
            gc.collect(2 if count % WHOLE == 0 else 1)
    finally:
        gc.enable()
