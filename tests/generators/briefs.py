"""Briefs as the engine writes them, over a loop that goes on for ever."""

from jamtui.music.chord import parse_chord
from jamtui.music.meter import METERS, PPQ
from jamtui.music.phrase import FORECAST_BARS, Brief, ChordSpan, Role

LOOP = ("Dm7", "G7", "Cmaj7", "A7")


def spans(symbols: tuple[str, ...], first: int, bars: int, length: int) -> tuple[ChordSpan, ...]:
    """One chord a bar, from bar ``first`` of the loop on, equal neighbours joined as the engine does."""
    found: list[ChordSpan] = []
    for n in range(bars):
        chord = parse_chord(symbols[(first + n) % len(symbols)])
        if found and found[-1].chord == chord:
            last = found[-1]
            found[-1] = ChordSpan(last.start, last.length + length, chord)
        else:
            found.append(ChordSpan(n * length, length, chord))
    return tuple(found)


def brief_for(
    bar: int,
    *,
    loop: tuple[str, ...] = LOOP,
    role: Role = Role.LEAD,
    style: str = "swing",
    meter: str = "4/4",
    tempo: float = 120.0,
    confidence: float = 1.0,
    forecast_bars: int = FORECAST_BARS,
    deadline_ms: int | None = None,
    revision: int = 1,
    session: str = "s",
) -> Brief:
    """What the engine asks for at the bar line before ``bar`` (0-based)."""
    length = METERS[meter].bar_ticks
    bar_ms = length * 60_000 / (tempo * PPQ)
    return Brief(
        brief_id=f"{role.value}-{bar}-{revision}",
        session=session,
        role=role,
        style=style,
        meter=METERS[meter],
        start_tick=bar * length,
        bars=2,
        chords=spans(loop, bar, 2, length),
        plan_revision=revision,
        tempo=tempo,
        temperature=0.5,
        energy=0.5,
        seed=7 + bar,
        deadline_ms=round(bar_ms) - 75 if deadline_ms is None else deadline_ms,
        forecast=spans(loop, bar, forecast_bars, length) if forecast_bars else (),
        confidence=confidence,
        key="C major",
        bar_number=bar,
    )
