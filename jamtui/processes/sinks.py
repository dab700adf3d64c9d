"""Names of the engine's sinks, which the supervisor needs to read the ledger's bitmap."""

SINKS = ("lead", "bass", "comp", "drums", "thru", "clock")
"""In the order of the bitmap."""
THRU, CLOCK = "thru", "clock"
ONE = "lead"
"""The sink that takes all roles where there is only one port."""
