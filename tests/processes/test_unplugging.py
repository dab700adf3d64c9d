"""A keyboard is pulled out while its keys are down."""

from pathlib import Path

import pytest

from jamtui.playback.ledger import note_off
from jamtui.processes.options import SessionOptions
from tests.processes.wire import SEVENTH, Keyboard, RunningBand, wait_until

pytestmark = pytest.mark.wire


@pytest.mark.parametrize("own_port", [True, False])
def test_its_notes_on_thru_end_and_the_next_chord_is_only_itself(own_port: bool, jamtui_home: Path) -> None:
    """``own_port``: it was connected to ``jamtui in``; else jamtui listens to it by name."""
    config = "" if own_port else '[midi]\ninputs = ["nord"]\n'
    with RunningBand(SessionOptions(), config=config, listen=["thru"]) as band:
        keyboard = band.keyboard("Nord") if own_port else Keyboard("Nord")
        if not own_port:
            band.wait(lambda s: s.inputs == ("Nord",), "the keyboard")
        keyboard.press()
        keyboard.play(b"\xb0\x40\x7f")
        thru = band.ears["thru"]
        wait_until(lambda: len(thru.sounding) == 4 and b"\xb0\x40\x7f" in thru.messages, "keys on thru")
        keyboard.close()
        band.wait_silence()
        wait_until(lambda: b"\xb0\x40\x00" in thru.messages, "the pedal's end on thru")
        assert set(thru.messages) >= {note_off(0, key) for key in SEVENTH}
        other = band.keyboard("other keys")
        other.press((53, 57, 60))
        band.wait(lambda s: s.chord.symbol == "F", "a chord of the new keys alone")
        other.close()
