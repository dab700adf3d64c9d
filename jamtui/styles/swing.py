"""Where swing applies: a style's feel in the meter that is played."""

from dataclasses import replace

from jamtui.music.meter import PPQ, Meter
from jamtui.styles.style import Feel


def feel_in_meter(feel: Feel, meter: Meter) -> Feel:
    """``feel`` as it applies in ``meter``.

    A note value can swing only where it divides the beat into pairs. In meters counted in eighths (6/8, 7/8)
    the felt beats hold three eighths or two and three, so swung eighths are played straight there;
    swung sixteenths stay.
    """
    if feel.swing != 0.5 and meter.unit % (2 * feel.swing_unit):
        return replace(feel, swing=0.5)
    return feel


def swung(tick: int, swing: float) -> int:
    """Where a straight ``tick`` is played when the first of two eighths takes ``swing`` of the beat (0.5
    straight, 0.667 triplets); beats are quarter notes."""
    beat, phase = divmod(tick, PPQ)
    half = PPQ // 2
    if phase < half:
        return beat * PPQ + round(phase * 2 * swing)
    return beat * PPQ + round(swing * PPQ + (phase - half) * 2 * (1 - swing))
