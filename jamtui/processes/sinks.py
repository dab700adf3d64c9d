"""Names of the engine's sinks, which the supervisor needs to read the ledger's bitmap."""

SINKS = ("lead", "bass", "comp", "drums", "thru", "clock", "synth")
"""In the order of the bitmap."""
THRU, CLOCK = "thru", "clock"
SYNTH = "synth"
"""The General MIDI synth that was found, once the band plays through it."""
ONE = "lead"
"""The sink that takes all roles where there is only one port."""
