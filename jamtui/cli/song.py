"""What a band is started with: the options, the chart, the configuration."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from jamtui.errors import MusicError

if TYPE_CHECKING:
    from jamtui.config import Config
    from jamtui.processes.options import SessionOptions


def session_options(arguments: argparse.Namespace, *, headless: bool) -> "SessionOptions":
    """What the band is started with. Raises JamtuiError: chart or style cannot be used."""
    from jamtui.processes.options import INSTALLED, SessionOptions

    chart: str | None = arguments.chart
    if chart is not None:
        chart = chart_text(chart, arguments.meter)
    if arguments.style is not None:
        check_style(arguments.style)
    return SessionOptions(
        demo=arguments.demo,
        autostart=arguments.demo or headless,
        headless=headless,
        style=arguments.style,
        tempo=arguments.tempo,
        meter=arguments.meter,
        grid=arguments.grid,
        chart=chart,
        seed=arguments.seed,
        output="null" if arguments.null_output else None,
        styles_in_turn=arguments.all_styles,
        generators=INSTALLED,
    )


def check_style(name: str) -> None:
    """Refuse a style that is not there before anything starts."""
    from difflib import get_close_matches

    from jamtui import paths

    folders = (paths.styles_dir(), paths.own_styles_dir())
    known = sorted({path.stem for folder in folders for path in folder.glob("*.toml")})
    if name not in known:
        near = get_close_matches(name.lower(), known, n=1)
        hint = f'did you mean "{near[0]}"?' if near else "choose one of " + ", ".join(known)
        raise MusicError(f'there is no style "{name}"; {hint}')


def chart_text(chart: str, meter_name: str | None = None) -> str:
    """The chart itself or what the file of that name holds, as bars; checked before anything starts."""
    from jamtui.music.chart import parse_chart
    from jamtui.music.meter import METERS

    meter = METERS[meter_name] if meter_name else None
    path = Path(chart)
    if chart.startswith(("irealb://", "irealbook://")):
        from jamtui.library.chart_file import read_chart_text

        return read_chart_text(chart, meter).page
    named = " " not in chart and path.suffix[1:].isalnum()  # as a file is, whether it is there or not
    if "|" not in chart and (named or path.is_file()):
        from jamtui.library.chart_file import chart_page

        return chart_page(path, meter)
    parse_chart(chart)
    return chart


def read_config() -> "Config":
    """The musician's configuration. Raises JamtuiError: it cannot be used."""
    from jamtui import paths
    from jamtui.config import load_config

    return load_config(paths.config_file())
