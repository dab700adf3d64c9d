"""Where swing applies: a style's feel in the meter that is played."""

from dataclasses import replace

from jamtui.music.meter import Meter
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
