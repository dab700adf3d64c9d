"""What was found, as it would be played over the chords at hand: for the screen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from jamtui.library.adapt import Adapted, Setting, adapt
from jamtui.library.placing import bars_in
from jamtui.library.search import Query, SearchHit
from jamtui.library.setting import line_before, setting_for
from jamtui.music.phrase import Brief, Note
from jamtui.session.planning import RANGES


@dataclass(frozen=True, slots=True)
class Fitted:
    """A whole phrase as it is played: ``moved`` as ``Adapted`` has it, ``length`` in ticks."""

    notes: tuple[Note, ...]
    moved: tuple[int, ...]
    length: int


def fitted(brief: Brief, hit: SearchHit, played: Mapping[int, Adapted]) -> Fitted:
    """``hit`` over the chords of ``brief``, from its first bar on; those of its bars that are in ``played``
    (by their number) as they are there. Where no chord is known yet the notes are the phrase's own."""
    record, meter = hit.record, brief.meter
    bars = max(1, bars_in(record.phrase, meter))
    parts = dict(played)
    missing = [n for n in range(bars) if n not in parts]
    if missing:
        first = missing[0]
        # What goes on past the bars of the brief goes on behind them.
        at = brief.bars if played else 0
        before, since = line_before(brief.just_played)
        chords = brief.forecast or brief.chords
        setting = setting_for(brief, chords, at, bars - first, before, since)
        made = adapt(record, setting, transpose=hit.transpose, first_bar=first)
        parts |= {n: made.bar(n - first, meter) for n in missing}
    length = meter.bar_ticks
    notes = [
        (replace(note, onset=note.onset + n * length), by)
        for n in range(bars)
        for note, by in zip(parts[n].notes, parts[n].moved, strict=True)
    ]
    return Fitted(tuple(note for note, _ in notes), tuple(by for _, by in notes), bars * length)


def over(query: Query, hit: SearchHit) -> Adapted:
    """``hit`` over the chords of ``query``, as many of its bars as those are, in the range of its role."""
    bars = max(1, min(query.bars, bars_in(hit.record.phrase, query.meter)))
    low, high = RANGES[query.role]
    setting = Setting(query.role, query.chords, bars, low, high, query.meter, query.tempo)
    return adapt(hit.record, setting, transpose=hit.transpose)
