"""Ports come and go, clocks start and stop, floods come in: on real JACK ports."""

import random
import threading
import time
from pathlib import Path

import pytest

from jamtui.processes.options import SessionOptions
from tests.processes.wire import ROLES, SEVENTH, Ear, Keyboard, RunningBand, wait_until

pytestmark = pytest.mark.wire


def test_a_keyboard_that_vanishes_and_returns_plays_again(jamtui_home: Path) -> None:
    config = '[midi]\ninputs = ["stage piano"]\n'
    with RunningBand(SessionOptions(), config=config, listen=["thru"]) as band:
        for number in range(2):
            keyboard = Keyboard("stage piano")
            band.wait(lambda s: any("stage piano" in name for name in s.inputs), "the keyboard is open")
            keys = [key + number for key in SEVENTH]
            keyboard.press(keys)
            band.wait(lambda s: s.chord.held, "the chord is heard")
            wait_until(lambda: len(band.ears["thru"].sounding) == 4, "the keys on thru")
            keyboard.close()  # pulled out with the keys down
            band.wait(lambda s: any("disappeared" in n for n in s.notices), "it is missed")
            band.wait_silence()
            band.wait(lambda s: not s.chord.held, "its keys are up")
        assert sum("disappeared" in e for e in band.events) == 2
        assert any("is back" in e or "listening" in e for e in band.events)


@pytest.mark.slow
def test_a_receiver_that_vanishes_and_returns_hears_the_band_again(jamtui_home: Path) -> None:
    options = SessionOptions(demo=True, autostart=True, tempo=200.0)
    with RunningBand(options, listen=["lead"]) as band:
        band.wait_notes(2)
        gone = band.ears.pop("lead")
        gone.close()
        wait_until(lambda: gone.full_name not in band.graph.receivers(), "the receiver is gone")
        time.sleep(1.0)  # the supervisor looks five times a second, and must not take it for a pulled plug
        band.ears["lead"] = Ear(gone.name, exact=True)
        band.wait_notes(2)  # nobody connected it but the band itself
        band.stop()
        band.wait_silence()


@pytest.mark.slow
def test_an_output_that_is_named_is_waited_for_and_found_again(jamtui_home: Path) -> None:
    config = '[midi]\noutputs = "single"\nport = "stage rack"\n'
    options = SessionOptions(demo=True, autostart=True, tempo=200.0)
    with RunningBand(options, config=config) as band:
        band.wait_event("stage rack")
        for _ in range(2):
            rack = Ear("stage rack", exact=True)
            band.ears["rack"] = rack
            band.wait_notes(4)
            band.ears.pop("rack").close()
            band.wait(lambda s: any("stage rack" in n for n in s.notices), "it is missed")
        assert sum("plays into stage rack again" in e for e in band.events) == 2
        assert band.report()["hung_notes"] == 0


@pytest.mark.slow
def test_a_midi_clock_starts_leads_and_stops_the_band(jamtui_home: Path) -> None:
    config = '[clock]\nsource = "midi"\n[playing]\ncount_in = 0\n'
    with RunningBand(SessionOptions(), config=config, listen=["drums", "bass"]) as band:
        daw = band.keyboard("test daw")
        daw.press()
        over = threading.Event()
        bpm = [120.0]

        def pulse() -> None:
            due = time.perf_counter()
            while not over.is_set():
                daw.play(b"\xf8")
                due += 60.0 / bpm[0] / 24
                time.sleep(max(0.0, due - time.perf_counter()))

        thread = threading.Thread(target=pulse, daemon=True)
        thread.start()
        try:
            daw.play(b"\xfa")
            band.wait(lambda s: s.state == "playing" and s.clock == "midi", "playing by the clock")
            band.wait(lambda s: abs(s.bpm - 120.0) < 6.0, "its tempo")
            band.wait_notes(3)
            bpm[0] = 150.0
            band.wait(lambda s: abs(s.bpm - 150.0) < 6.0, "its new tempo")
            band.link.act("tempo", 60.0)
            band.wait_event("the tempo comes from the MIDI clock")
            daw.play(b"\xfc")
            band.wait(lambda s: s.state == "stopped", "stopped by the clock")
            band.wait_silence()
            daw.play(b"\xfa")
            band.wait(lambda s: s.state == "playing", "started again")
            band.wait(lambda s: s.bar >= 2, "bar 2")
            over.set()
            thread.join()
            band.wait(lambda s: not s.clock_locked, "the clock is missed")
            bar = band.snapshot().bar
            band.wait(lambda s: s.bar > bar and s.state == "playing", "running on freely")
        finally:
            over.set()
            thread.join()
        daw.release()
        band.stop()
        band.wait_silence()
        daw.close()


def random_message(dice: random.Random) -> bytes:
    kind = dice.randrange(12)
    key, value = dice.randrange(128), dice.randrange(128)
    if kind < 4:
        return bytes((0x90 | dice.randrange(2), key, value))
    if kind < 6:
        return bytes((0x80 | dice.randrange(2), key, value))
    if kind == 6:
        return bytes((0x90, key, 0))
    if kind == 7:
        return bytes((0xB0, dice.choice((1, 7, 64, 66, 120, 123)), value))
    if kind == 8:
        return dice.choice((b"\xf8", b"\xfa", b"\xfb", b"\xfc", b"\xfe", b"\xff"))
    if kind == 9:
        return bytes((0xE0, key, value))
    if kind == 10:
        return bytes((0xF0, *(dice.randrange(128) for _ in range(dice.randrange(1, 24))), 0xF7))
    return dice.choice((bytes((0xD0, value)), bytes((0xC0, value)), bytes((0xF2, key, value)), b"\xf6"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_hundred_thousand_random_events_leave_nothing_sounding(jamtui_home: Path) -> None:
    dice = random.Random(20)
    options = SessionOptions(autostart=True, seed=4, tempo=200.0)
    with RunningBand(options, listen=[*ROLES, "thru"]) as band:
        engine = band.pid("engine")
        keyboard = band.keyboard()
        for number in range(100_000):
            keyboard.play(random_message(dice))
            if number % 40 == 39:
                time.sleep(0.004)  # JACK's ring to this port holds so much
        for channel in range(2):
            keyboard.play(*(bytes((0x80 | channel, key, 0)) for key in range(128)))
            time.sleep(0.1)
            keyboard.play(bytes((0xB0 | channel, 64, 0)), bytes((0xB0 | channel, 66, 0)))
        assert band.pid("engine") == engine
        bar = band.snapshot().bar
        band.wait(lambda s: s.bar > bar, "still playing", 60.0)
        band.link.act("start_stop")
        band.wait(lambda s: s.state == "stopped", "stopped")
        wait_until(lambda: band.report()["sounding"] == 0, "an empty ledger")
        band.wait_silence(100.0)
        assert band.pid("engine") == engine
        assert band.report()["hung_notes"] == 0
        keyboard.close()
