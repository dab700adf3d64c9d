"""The console process: attaches the Textual app to a running band, starting one where there is none."""

import contextlib
import subprocess
import sys
from pathlib import Path

from jamtui.config import Config
from jamtui.errors import JamtuiError
from jamtui.processes.client import EngineLink
from jamtui.processes.control import failure, start_band, stop_band
from jamtui.processes.lock import band_is_running
from jamtui.processes.options import SessionOptions


def run_console(runtime: Path, log_folder: Path, config: Config, options: SessionOptions | None) -> int:
    """Show the stage screen until the player leaves.

    Args:
        options: what to start when no band is running; None joins a running one only.

    Raises:
        JamtuiError: there is no terminal, or no band to join.
    """
    if not sys.stdout.isatty():
        raise JamtuiError("there is no terminal here; `jamtui play --headless` plays without one")
    supervisor: subprocess.Popen[bytes] | None = None
    if options is not None and not band_is_running(runtime):
        # Before the app runs: Textual replaces standard output, and starting a process then fails.
        supervisor = start_band(runtime, log_folder, options)
    elif options is None and not band_is_running(runtime):
        raise JamtuiError("no band is running; start one with `jamtui`")
    link = EngineLink(runtime, "console")
    from jamtui.console.launch import show

    try:
        stop = show(
            link,
            fps=config.console.fps,
            key_overrides=config.keys,
            screenshot_folder=Path.cwd(),
            failure=lambda: failure(runtime),
        )
    finally:
        link.close()
    if stop:
        with contextlib.suppress(JamtuiError):
            stop_band(runtime)
    problem = failure(runtime)
    if problem is not None and supervisor is not None:
        raise JamtuiError(problem)
    return 0
