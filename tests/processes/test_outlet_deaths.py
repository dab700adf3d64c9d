"""Engine and outlet are killed while notes sound, also on a JACK server with its own defaults: asynchronous,
and half a second for each dead client."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jamtui.playback.ledger import note_off
from jamtui.processes.control import panic
from jamtui.processes.options import SessionOptions
from tests.conftest import start_jack, stop_jack
from tests.processes.wire import ROLES, SEVENTH, RunningBand, wait_until

pytestmark = pytest.mark.wire

DEMO = SessionOptions(demo=True, autostart=True, tempo=200.0, seed=11)
OUTPUTS = (*ROLES, "thru")


@pytest.fixture
def plain_jack(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A JACK server with jackd's defaults."""
    name = f"jamtui-plain-{os.getpid()}"
    monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    server = start_jack(name, ())
    yield
    stop_jack(server, name)


def ears_connected(band: RunningBand) -> bool:
    return all(
        ear.full_name in band.graph.connections(f"jamtui {role}:out") for role, ear in band.ears.items()
    )


@pytest.mark.usefixtures("plain_jack")
def test_a_killed_engine_loses_no_port_and_its_notes_end(jamtui_home: Path) -> None:
    with RunningBand(DEMO, listen=OUTPUTS) as band:
        outlet = band.pid("outlet")
        keyboard = band.keyboard()
        keyboard.press()
        band.wait_notes(4)
        wait_until(lambda: len(band.ears["thru"].sounding) >= 4, "the keys on thru")
        before = band.snapshot()
        old = band.kill("engine")
        wait_until(lambda: not band.ears["thru"].sounding, "the end of the keys on thru")
        # Not All Notes Off alone. What JACK loses of them comes again.
        offs = {note_off(0, key) for key in SEVENTH}
        wait_until(lambda: set(band.ears["thru"].messages) >= offs, "a note-off for each key")
        assert ears_connected(band)
        band.wait_replaced("engine", old)
        band.wait_event("the engine was restarted; the band plays on")
        band.ears.pop("thru").close()
        band.wait_notes(4)
        after = band.snapshot()
        assert (after.bpm, after.seed) == (before.bpm, before.seed)
        assert after.tick > before.tick
        assert band.pid("outlet") == outlet
        assert ears_connected(band)
        band.stop()
        band.wait_silence()
        keyboard.close()


def test_a_killed_outlet_is_replaced_and_the_engine_plays_on(jamtui_home: Path) -> None:
    with RunningBand(DEMO, listen=OUTPUTS) as band:
        engine = band.pid("engine")
        keyboard = band.keyboard()
        keyboard.press()
        band.wait_notes(4)
        bar = band.snapshot().bar
        old = band.kill("outlet")
        wait_until(lambda: not band.ears["thru"].sounding, "the end of the keys on thru")
        band.wait_event("the process that owns the MIDI outputs died")
        assert band.wait_replaced("outlet", old) != old
        band.wait_event("the MIDI outputs are back")
        band.ears.pop("thru").close()
        band.wait_notes(4)  # nobody connected the receivers but the supervisor
        assert band.pid("engine") == engine
        assert band.snapshot().bar >= bar
        keyboard.release()
        band.link.act("start_stop")
        band.wait(lambda s: s.state == "stopped", "stopped")
        band.wait_silence()
        assert band.report()["hung_notes"] == 0
        band.stop()
        keyboard.close()


@pytest.mark.slow
def test_both_are_killed_and_the_band_comes_back(jamtui_home: Path) -> None:
    with RunningBand(DEMO, listen=ROLES) as band:
        band.wait_notes(4)
        outlet, engine = band.kill("outlet"), band.kill("engine")
        band.wait_replaced("outlet", outlet)
        band.wait_replaced("engine", engine)
        band.wait_event("the engine was restarted; the band plays on")
        band.wait_notes(4)
        band.stop()
        band.wait_silence()


@pytest.mark.usefixtures("plain_jack")
def test_panic_and_stop_leave_nothing_sounding(jamtui_home: Path) -> None:
    with RunningBand(DEMO, listen=OUTPUTS) as band:
        keyboard = band.keyboard()
        keyboard.press()
        band.wait_notes(4)
        panic(band.runtime)
        wait_until(lambda: not band.ears["thru"].sounding, "the keys' end")
        controllers = {m[1] for m in band.ears["lead"].messages if m[0] & 0xF0 == 0xB0}
        assert {64, 120, 123} <= controllers
        keyboard.press()
        wait_until(lambda: len(band.ears["thru"].sounding) >= 4, "the keys on thru")
        left = band.stop()
        assert not left.processes
        assert not left.files
        band.wait_silence()
        keyboard.close()


@pytest.mark.slow
def test_a_hung_outlet_is_replaced(jamtui_home: Path) -> None:
    with RunningBand(SessionOptions(), listen=["thru"]) as band:
        keyboard = band.keyboard()
        keyboard.press()
        wait_until(lambda: len(band.ears["thru"].sounding) == 4, "the keys on thru")
        old = band.kill("outlet", signal.SIGSTOP)
        band.wait_silence()
        band.wait_replaced("outlet", old)
        band.wait_event("the MIDI outputs are back")

        def heard() -> bool:
            keyboard.press([72])
            time.sleep(0.05)
            keyboard.release([72])
            return bytes((0x90, 72, 80)) in band.ears["thru"].messages

        wait_until(heard, "the keyboard through the new outlet")
        keyboard.close()


@pytest.mark.slow
def test_panic_ends_the_notes_of_a_hung_outlet(jamtui_home: Path) -> None:
    with RunningBand(SessionOptions(), listen=["thru"]) as band:
        keyboard = band.keyboard()
        keyboard.press()
        wait_until(lambda: len(band.ears["thru"].sounding) == 4, "the keys on thru")
        old = band.kill("outlet", signal.SIGSTOP)
        told = panic(band.runtime)
        assert told == "the outputs did not answer: they are opened anew and their notes are ended"
        band.wait_silence()
        band.wait_replaced("outlet", old)
        keyboard.close()
