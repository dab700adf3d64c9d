import pytest

from jamtui.midi.synth import find_synth


@pytest.mark.parametrize(
    ("outputs", "synth"),
    [
        (["Launchkey", "FLUID Synth (812) Synth input port"], "FLUID Synth (812) Synth input port"),
        (["Microsoft GS Wavetable Synth", "loopMIDI Port"], "Microsoft GS Wavetable Synth"),
        (["Microsoft GS Wavetable Synth", "fluidsynth"], "fluidsynth"),
        (["TiMidity port 0"], "TiMidity port 0"),
        (["IAC Driver Bus 1", "jamtui in"], None),
        ([], None),
    ],
)
def test_find_synth(outputs: list[str], synth: str | None) -> None:
    assert find_synth(outputs) == synth
