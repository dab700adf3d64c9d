"""What every figure is handed: the wire, the player, the echo, and how many events are asked for."""

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from shutil import rmtree

from jamtui.paths import HOME_VARIABLE
from jamtui.processes.benching.band import load_average
from jamtui.processes.benching.figures import Figure
from jamtui.processes.benching.wire import Echo, Listener, Player, Terminal, jack_server

COLUMNS, ROWS = 120, 40
_SWITCH_S = 0.0001


class Bench:
    """One run of the bench. Figures are functions of it.

    Args:
        events: how many events a figure is asked to measure.
        seed: of all that is drawn by chance.
    """

    def __init__(
        self, listener: Listener, player: Player, *, events: int, seed: int = 7, quiet: bool = False
    ) -> None:
        self.listener = listener
        self.player = player
        self.events = events
        self.seed = seed
        self._quiet = quiet

    def use_player(self, player: Player) -> None:
        """Another player, after the first was taken away."""
        self.player = player

    @contextlib.contextmanager
    def console(self) -> Iterator[Terminal]:
        """A console that redraws at full rate, attached to the band that plays."""
        terminal = Terminal("attach", columns=COLUMNS, rows=ROWS)
        try:
            terminal.painted()
            yield terminal
        finally:
            terminal.close()

    def say(self, text: str) -> None:
        """Progress, on standard error."""
        if not self._quiet:
            print(f"  {text}", file=sys.stderr, flush=True)

    def measure(self, figure: Callable[["Bench"], Figure]) -> Figure:
        """Take one figure, with the load at its middle and its time."""
        began = time.monotonic()
        taken = figure(self)
        return replace(taken, seconds=round(time.monotonic() - began, 1), load=load_average())


@contextlib.contextmanager
def open_bench(events: int, *, quiet: bool = False, plain_jack: bool = False) -> Iterator[Bench]:
    """A bench with a JACK server (``plain_jack``: with jackd's defaults) and a home of its own; nothing of
    the musician's is touched.

    Raises:
        JamtuiError: this machine cannot run it.
    """
    home = tempfile.mkdtemp(prefix="jtb")
    before = os.environ.get(HOME_VARIABLE)
    os.environ[HOME_VARIABLE] = home
    interval = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        with jack_server(plain=plain_jack), contextlib.ExitStack() as stack:
            listener = Listener()
            stack.callback(listener.close)
            bench = Bench(listener, Player(), events=events, quiet=quiet)
            stack.callback(lambda: bench.player.close())
            echo = Echo(listener)
            stack.callback(echo.close)
            yield bench
    finally:
        sys.setswitchinterval(interval)
        if before is None:
            os.environ.pop(HOME_VARIABLE, None)
        else:
            os.environ[HOME_VARIABLE] = before
        rmtree(Path(home), ignore_errors=True)
