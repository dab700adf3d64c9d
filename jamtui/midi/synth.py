"""Finding a General MIDI synthesizer among the outputs, for those who have no DAW at hand."""

from collections.abc import Iterable

SYNTHS = (
    "fluid",  # FLUID Synth (ALSA), fluidsynth and qsynth's engine (JACK), FluidSynth virtual port (macOS)
    "qsynth",
    "timidity",
    "virtualmidisynth",
    "bassmidi",
    "microsoft gs wavetable",
)
"""Parts of their names, best sounding first."""


def find_synth(outputs: Iterable[str]) -> str | None:
    """The output that is a General MIDI synth, None where there is none."""
    available = list(outputs)
    for part in SYNTHS:
        for name in available:
            if part in name.lower():
                return name
    return None
