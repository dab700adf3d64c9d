"""Pictures of the stage without a terminal: any client at any size as SVG."""

import asyncio
from collections.abc import Callable, Sequence

from jamtui.console.app import JamApp, local_time
from jamtui.session.client import BandClient

FONT = "DejaVu Sans Mono"
"""A font with all block characters, for renderers that load nothing from the net."""


async def stage_svg(
    client: BandClient,
    size: tuple[int, int] = (120, 40),
    *,
    version: str,
    keys: Sequence[str] = (),
    now: Callable[[], float] = lambda: 0.0,
    time_of_day: Callable[[float], str] = local_time,
    font: str = "",
) -> str:
    """The stage over ``client`` at ``size`` (columns, rows) as SVG, after pressing ``keys``.

    ``font`` replaces the web font that the picture names.
    """
    app = JamApp(client, version=version, now=now, time_of_day=time_of_day)
    async with app.run_test(size=size) as pilot:
        await pilot.press(*keys)
        app.refresh_stage()
        await pilot.pause()
        svg = app.export_screenshot(title="jamtui", simplify=True)
    return svg.replace("Fira Code", font) if font else svg


def render_svg(client: BandClient, size: tuple[int, int] = (120, 40), *, version: str, font: str = "") -> str:
    """``stage_svg`` for callers without an event loop."""
    return asyncio.run(stage_svg(client, size, version=version, font=font))
