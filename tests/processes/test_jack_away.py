"""The JACK server is restarted under a band, and the band's engine with it."""

import os
from pathlib import Path

import pytest

from jamtui.midi.jack import JackControl
from jamtui.processes.options import SessionOptions
from tests.conftest import start_jack, stop_jack
from tests.processes.wire import ROLES, RunningBand, wait_until

pytestmark = [pytest.mark.wire, pytest.mark.slow]


def test_an_engine_that_died_while_jack_was_away_is_back_with_jack(
    jamtui_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"jamtui-away-{os.getpid()}"
    monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    server = start_jack(name)
    try:
        with RunningBand(SessionOptions(), graph=False) as band:
            assert band.snapshot().output.startswith("virtual ports")
            stop_jack(server, name)
            band.wait_event("the JACK server stopped")
            outlet, engine = band.pid("outlet"), band.kill("engine")
            again = band.wait_replaced("engine", engine)
            wait_until(lambda: band.pid("engine") != again, "the engine leaves it to another one")
            server = start_jack(name)
            band.wait_event("the engine was restarted")
            band.wait(lambda s: s.output.startswith("virtual ports"), "the band plays through its ports")
            assert band.pid("outlet") == outlet
            graph = JackControl("test graph")
            wait_until(
                lambda: {f"jamtui {role}:out" for role in ROLES} <= set(graph.senders()), "the outputs"
            )
            wait_until(lambda: "jamtui in:in" in graph.receivers(), "the input")
            graph.close()
            band.stop()
    finally:
        stop_jack(server, name)
