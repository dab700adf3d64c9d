"""Commands that start, end and look after a band, and measure this machine."""

import argparse
from pathlib import Path

from jamtui.cli.song import read_config, session_options
from jamtui.errors import JamtuiError

DEMO_BARS = 32
"""Length of the demo's form."""


def stage(arguments: argparse.Namespace) -> int:
    """``jamtui``: the screen, and the band if none is running."""
    from jamtui import paths
    from jamtui.processes.console import has_terminal, run_console

    config = read_config()
    if arguments.demo and not has_terminal():
        # The first command of README shows that the band plays wherever it is typed.
        from jamtui.processes.headless import run_headless

        return run_headless(
            paths.runtime_dir(),
            paths.log_dir(),
            session_options(arguments, headless=True),
            bars=DEMO_BARS,
            notice=f"there is no terminal here, so the demo plays its {DEMO_BARS} bars without the screen",
        )
    options = session_options(arguments, headless=False)
    return run_console(paths.runtime_dir(), paths.log_dir(), config, options)


def play(arguments: argparse.Namespace) -> int:
    """``jamtui play``."""
    from jamtui import paths
    from jamtui.processes.headless import run_headless

    if not arguments.headless:
        if arguments.seconds is not None or arguments.report is not None:
            raise JamtuiError("--seconds and --report belong to `jamtui play --headless`")
        return stage(arguments)
    report: Path | None = arguments.report
    if report is not None and not report.parent.is_dir():
        raise JamtuiError(f"there is no folder {report.parent} for the report; make it first")
    read_config()  # a bad configuration is said here, where it can be read
    return run_headless(
        paths.runtime_dir(),
        paths.log_dir(),
        session_options(arguments, headless=True),
        seconds=arguments.seconds,
        report_path=report,
    )


def attach(arguments: argparse.Namespace) -> int:
    """``jamtui attach``."""
    from jamtui import paths
    from jamtui.processes.console import run_console

    return run_console(paths.runtime_dir(), paths.log_dir(), read_config(), None)


def stop(arguments: argparse.Namespace) -> int:
    """``jamtui stop``."""
    from jamtui import paths
    from jamtui.processes.control import stop_band

    print("stopped" if stop_band(paths.runtime_dir()) else "no band was running")
    return 0


def panic(arguments: argparse.Namespace) -> int:
    """``jamtui panic``."""
    from jamtui import paths
    from jamtui.processes.control import panic

    print(panic(paths.runtime_dir()))
    return 0


def screenshot(arguments: argparse.Namespace) -> int:
    """``jamtui screenshot``."""
    from jamtui import paths
    from jamtui.processes.picture import take_picture

    print(take_picture(paths.runtime_dir(), arguments.file, arguments.size))
    return 0


def ports(arguments: argparse.Namespace) -> int:
    """``jamtui ports``."""
    from jamtui.processes.doctor import print_ports

    return print_ports(read_config(), as_json=arguments.json)


def doctor(arguments: argparse.Namespace) -> int:
    """``jamtui doctor``."""
    from jamtui.processes.doctor import print_checks

    return print_checks(as_json=arguments.json, fix=arguments.fix)


def bench_live(arguments: argparse.Namespace) -> int:
    """``jamtui bench live``."""
    from jamtui.processes.bench import bench_live

    return bench_live(
        events=arguments.events,
        only=arguments.only,
        as_json=arguments.json,
        jack_defaults=arguments.jack_defaults,
    )
