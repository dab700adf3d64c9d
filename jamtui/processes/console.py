"""The console process: attaches the Textual app to a running band, starting one where there is none."""

import contextlib
import subprocess
import sys
from pathlib import Path

from jamtui import paths
from jamtui.config import Config
from jamtui.errors import JamtuiError, LinkError
from jamtui.processes.client import EngineLink
from jamtui.processes.control import failure, start_band, stop_band
from jamtui.processes.lock import band_is_running
from jamtui.processes.options import INSTALLED, SessionOptions


def has_terminal() -> bool:
    """Whether there is a terminal to draw on (standard error, which Textual uses) and to take keys from."""
    return all(s is not None and s.isatty() for s in (sys.stdin, sys.stdout, sys.stderr))


def run_console(runtime: Path, log_folder: Path, config: Config, options: SessionOptions | None) -> int:
    """Show the stage screen until the player leaves.

    Args:
        options: what to start when no band is running; None joins a running one only.

    Raises:
        JamtuiError: there is no terminal, no band to join, or keys in the configuration that cannot be used.
    """
    if not has_terminal():
        raise JamtuiError("there is no terminal here; `jamtui play --headless` plays without one")
    if config.keys:
        # Before a band is started that nobody could see; without own keys the import can wait.
        from jamtui.console.keys import Keymap

        Keymap(config.keys)
    supervisor: subprocess.Popen[bytes] | None = None
    running = band_is_running(runtime)
    if running and options not in (None, SessionOptions(), SessionOptions(generators=INSTALLED)):
        raise LinkError(
            "a band is running already, with settings of its own; `jamtui attach` shows it, "
            "`jamtui stop` ends it"
        )
    if options is not None and not running:
        if config.actions:
            # The engine would say it too, but on a screen that has nothing else to show.
            from jamtui.processes.configured import check_configured, style_names

            check_configured(config, style_names(), str(paths.config_file()))
        # Before the app runs: Textual replaces standard output, and starting a process then fails.
        supervisor = start_band(runtime, log_folder, options)
    elif not running:
        raise LinkError("no band is running; start one with `jamtui`")
    link = EngineLink(runtime, "console")
    from jamtui.console.launch import show

    try:
        stop = show(
            link,
            fps=config.console.fps,
            key_overrides=config.keys,
            screenshot_folder=Path.cwd(),
            theme=config.console.theme,
            color=config.console.color,
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
