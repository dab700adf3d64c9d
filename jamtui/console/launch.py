"""Shows the stage screen with the settings of the configuration."""

from collections.abc import Callable, Mapping
from pathlib import Path

from jamtui import __version__
from jamtui.console.app import JamApp
from jamtui.session.client import BandClient


def show(
    client: BandClient,
    *,
    fps: float,
    key_overrides: Mapping[str, str],
    screenshot_folder: Path,
    theme: str,
    color: bool,
    failure: Callable[[], str | None],
) -> bool:
    """Run the app until the player leaves; True when the band is to stop as well.

    Args:
        failure: why the band could not start, None while it can; shown instead of waiting for ever.
    """
    app = JamApp(
        client,
        version=__version__,
        fps=fps,
        key_overrides=dict(key_overrides),
        screenshot_folder=screenshot_folder,
        theme=theme,
        color=color,
        failure=failure,
    )
    # Without the mouse, moving it costs nothing and the terminal's own selection works.
    return app.run(mouse=False) == "quit"
