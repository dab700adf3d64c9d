"""The setting of a phrase that is to answer a brief: chords, range, key, and the line it goes on from."""

from collections.abc import Sequence

from jamtui.library.adapt import Setting
from jamtui.library.windows import window
from jamtui.music.meter import PPQ
from jamtui.music.phrase import Brief, ChordSpan, Note
from jamtui.music.scale import read_key
from jamtui.session.planning import RANGES
from jamtui.session.voicelead import surprise_of


def setting_for(
    brief: Brief, chords: Sequence[ChordSpan], at: int, many: int, before: tuple[int, ...], since: int
) -> Setting:
    """Where a phrase stands that plays ``many`` bars from bar ``at`` of ``brief`` on over ``chords``.
    ``before`` are the pitches that the line goes on from, which began ``since`` ticks before."""
    start = at * brief.meter.bar_ticks
    low, high = (brief.low, brief.high) if brief.low > 0 else RANGES[brief.role]
    return Setting(
        role=brief.role,
        # A bar more than is wanted: where a last note or a push leads.
        chords=window(chords, start, (many + 1) * brief.meter.bar_ticks),
        bars=many,
        low=low,
        high=high,
        meter=brief.meter,
        tempo=brief.tempo,
        key=read_key(brief.key),
        surprise=surprise_of(brief.temperature, brief.surprise),
        energy=brief.energy,
        level=brief.level,
        before=before,
        since=since,
    )


def line_before(played: Sequence[Note]) -> tuple[tuple[int, ...], int]:
    """The pitches of the last note or voicing before the start and how long ago it began."""
    earlier = [n for n in played if n.onset < 0]
    if not earlier:
        return (), PPQ
    last = max(n.onset for n in earlier)
    return tuple(sorted(n.pitch for n in earlier if n.onset == last)), -last
