"""The fixed brief that warms a model up and by which models are compared."""

from jamtui.music.chord import parse_chord
from jamtui.music.meter import METERS, PPQ
from jamtui.music.phrase import Brief, ChordSpan, Role
from jamtui.styles.style import Style

CHANGES = (("Dm7", "G7", "Cmaj7", "A7"), ("Fm7", "Bb7", "Ebmaj7", "C7"), ("Am7", "D7", "Gmaj7", "E7"))
"""Four bars each: turnarounds in three keys, so that no request is like the one before."""
TEMPO = 120.0


def trial_brief(style: Style | None, number: int = 0, role: Role = Role.LEAD, tempo: float = TEMPO) -> Brief:
    """Four bars over the ``number``-th changes."""
    meter = METERS[style.meter] if style is not None else METERS["4/4"]
    length = meter.bar_ticks
    chords = tuple(
        ChordSpan(i * length, length, parse_chord(symbol))
        for i, symbol in enumerate(CHANGES[number % len(CHANGES)])
    )
    return Brief(
        brief_id=f"trial-{number}",
        session="trial",
        role=role,
        style=style.name if style is not None else "",
        meter=meter,
        start_tick=number * 4 * length,
        bars=4,
        chords=chords,
        plan_revision=0,
        tempo=tempo,
        temperature=0.5,
        energy=0.5,
        seed=number + 1,
        deadline_ms=round(4 * length * 60_000 / (tempo * PPQ)),
        forecast=chords,
        confidence=1.0,
    )
