"""The whole band through a General MIDI synth, also past an engine's death."""

from pathlib import Path

import pytest

from jamtui.processes.options import SessionOptions
from tests.processes.wire import Ear, RunningBand

pytestmark = pytest.mark.wire


def test_the_band_plays_through_the_synth_again_when_its_engine_was_killed(jamtui_home: Path) -> None:
    with RunningBand(SessionOptions(demo=True, autostart=True, tempo=240.0, seed=3), listen=["lead"]) as band:
        lead = band.ears["lead"]
        band.wait_notes(4)
        band.ears["synth"] = Ear("fluidsynth test")
        band.wait(lambda s: "fluidsynth" in s.synth, "the synth that was found")
        band.link.act("synth")
        band.wait(lambda s: s.output.startswith("playing through"), "the synth in use")
        del band.ears["lead"]
        band.wait_notes(12)
        lead.fetch()
        assert lead.sounding == set()  # what sounded there was ended there
        struck = lead.struck
        old = band.kill("engine")
        band.wait_replaced("engine", old)
        band.wait_event("the engine was restarted; the band plays on")
        band.wait_notes(12)
        assert band.snapshot().output.startswith("playing through")
        lead.fetch()
        assert lead.struck == struck
        band.stop()
        band.wait_silence()
        band.ears["lead"] = lead  # closed when the band is gone from JACK
