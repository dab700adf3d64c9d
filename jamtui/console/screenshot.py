"""Pictures of the stage without a terminal: any client at any size as SVG."""

import asyncio
import time
from collections.abc import Callable, Sequence

from jamtui.console.app import JamApp, local_time
from jamtui.session.client import BandClient


async def stage_svg(
    client: BandClient,
    size: tuple[int, int] = (120, 40),
    *,
    version: str,
    keys: Sequence[str] = (),
    now: Callable[[], float] = time.monotonic,
    time_of_day: Callable[[float], str] = local_time,
) -> str:
    """The stage over ``client`` at ``size`` (columns, rows) as SVG, after pressing ``keys``."""
    app = JamApp(client, version=version, now=now, time_of_day=time_of_day)
    async with app.run_test(size=size) as pilot:
        await pilot.press(*keys)
        app.refresh_stage()
        await pilot.pause()
        return app.picture()


def render_svg(client: BandClient, size: tuple[int, int] = (120, 40), *, version: str) -> str:
    """``stage_svg`` for callers without an event loop."""
    return asyncio.run(stage_svg(client, size, version=version))
