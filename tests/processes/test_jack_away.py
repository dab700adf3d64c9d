"""The JACK server stops under a band, or was never there; processes die meanwhile; it comes back."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jamtui.midi.jack import JackControl
from jamtui.midi.ports import JACK_AWAY
from jamtui.midi.rescue import RESCUE_PORT
from jamtui.processes.control import panic
from jamtui.processes.options import SessionOptions
from tests.conftest import start_jack, stop_jack
from tests.processes.wire import ROLES, Ear, RunningBand, wait_until

pytestmark = [pytest.mark.wire, pytest.mark.slow]

DEMO = SessionOptions(demo=True, autostart=True, tempo=200.0, seed=11)


class Jack:
    """A JACK server that comes and goes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._server = start_jack(name)
        self._up = True

    def stop(self) -> None:
        if self._up:
            self._up = False
            stop_jack(self._server, self._name)

    def start(self) -> None:
        if self._up:
            return
        self._server = start_jack(self._name)
        self._up = True


@pytest.fixture
def jack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jack]:
    """A server of its own for the band: the test process has no ports there while it may stop."""
    name = f"jamtui-away-{os.getpid()}"
    monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    server = Jack(name)
    yield server
    server.stop()


def begin(jack: Jack, band: RunningBand) -> None:
    """The band is playing, then its server stops."""
    band.wait(lambda s: s.state == "playing" and s.output.startswith("virtual ports"), "the band plays")
    jack.stop()
    band.wait_event(JACK_AWAY)
    band.wait(lambda s: s.notices == (JACK_AWAY,), "one sentence says what is the matter")


def stays_so(band: RunningBand, *pids: int | None) -> None:
    """For so long that the band looks after its ports some times: nobody restarts, nothing is added."""
    told = len(band.events)
    end = time.monotonic() + 5
    while time.monotonic() < end:
        assert band.snapshot().notices == (JACK_AWAY,)
        assert (band.pid("outlet"), band.pid("engine")) == pids
        time.sleep(0.2)
    assert band.events[told:] == []


def heard_again(jack: Jack, band: RunningBand) -> None:
    """The server returns, and with it every port; the band is heard, and nothing hangs in the end."""
    jack.start()  # if it is not there already
    graph = JackControl("test graph")
    outputs = {f"jamtui {role}:out" for role in ROLES} | {f"{RESCUE_PORT}:out"}
    wait_until(lambda: outputs <= set(graph.senders()), "the outputs and the rescue port")
    wait_until(lambda: "jamtui in:in" in graph.receivers(), "the input")
    band.wait(lambda s: s.output.startswith("virtual ports") and s.notices == (), "all is well on screen")
    band.wait(lambda s: s.state == "playing", "the band plays")
    ear = Ear("test comp")
    assert graph.connect("jamtui comp:out", ear.full_name)

    def heard(count: int) -> bool:
        ear.fetch()
        return ear.struck >= count

    wait_until(lambda: heard(6), "the band on the wire")
    wait_until(
        lambda: ear.full_name in graph.connections(f"{RESCUE_PORT}:out"), "the rescue port at the receiver"
    )
    old = band.kill("outlet")
    struck = ear.struck
    band.wait_replaced("outlet", old)
    wait_until(lambda: heard(struck + 4), "the band after the outlet's death")
    band.stop()
    wait_until(lambda: heard(0) and not ear.sounding, "the end of all notes")
    ear.close()
    graph.close()


def no_traceback(home: Path) -> None:
    for log in home.rglob("*.log"):
        assert "Traceback" not in log.read_text(errors="replace"), log.name


def test_an_outlet_that_died_meanwhile_has_its_ports_with_the_server(jamtui_home: Path, jack: Jack) -> None:
    with RunningBand(DEMO, graph=False) as band:
        begin(jack, band)
        engine, old = band.pid("engine"), band.kill("outlet")
        outlet = band.wait_replaced("outlet", old)
        band.wait_event("the process that owns the MIDI outputs died")
        band.wait(lambda s: s.notices == (JACK_AWAY,), "one sentence")
        stays_so(band, outlet, engine)
        heard_again(jack, band)
        assert sum("back" in text for text in band.events) <= 2
    no_traceback(jamtui_home)


def test_an_engine_that_died_meanwhile_is_restarted_once(jamtui_home: Path, jack: Jack) -> None:
    with RunningBand(DEMO, graph=False) as band:
        begin(jack, band)
        outlet, old = band.pid("outlet"), band.kill("engine")
        engine = band.wait_replaced("engine", old)
        band.wait_event("the engine was restarted; the band plays on")
        band.wait(lambda s: s.notices == (JACK_AWAY,), "one sentence")
        band.wait(lambda _: band.events.count(JACK_AWAY) == 2, "the sentence of the new engine")
        stays_so(band, outlet, engine)
        heard_again(jack, band)
    no_traceback(jamtui_home)


def test_both_died_meanwhile(jamtui_home: Path, jack: Jack) -> None:
    with RunningBand(DEMO, graph=False) as band:
        begin(jack, band)
        outlet, engine = band.kill("outlet"), band.kill("engine")
        band.wait_replaced("outlet", outlet)
        band.wait_replaced("engine", engine)
        band.wait_event("the engine was restarted; the band plays on")
        heard_again(jack, band)
    no_traceback(jamtui_home)


def test_a_band_that_began_without_a_server_has_ports_when_there_is_one(
    jamtui_home: Path, jack: Jack
) -> None:
    jack.stop()
    with RunningBand(DEMO, config='[midi]\napi = "jack"\n', graph=False) as band:
        band.wait(lambda s: s.output.startswith("null output: no JACK server answers"), "it says why")
        engine = band.report()["engine_pid"]
        jack.start()
        band.wait(lambda s: s.output.startswith("virtual ports"), "ports of its own")
        assert band.report()["engine_pid"] == engine
        heard_again(jack, band)
        assert any("a JACK server is there" in text for text in band.events)
    no_traceback(jamtui_home)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_panic_and_stop_wait_for_nobody_meanwhile(
    jamtui_home: Path, jack: Jack, number: signal.Signals
) -> None:
    with RunningBand(DEMO, graph=False) as band:
        begin(jack, band)
        old = band.kill("outlet", number)
        assert panic(band.runtime)
        band.wait_replaced("outlet", old)
        assert panic(band.runtime) == "all notes ended"
        old = band.kill("outlet", number)
        left = band.stop()
        assert not left.processes
        assert not left.files
    no_traceback(jamtui_home)
