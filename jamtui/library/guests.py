"""Phrases of the library as the engine's reflex plays them, analysed here so that the engine need not."""

from jamtui.errors import MusicError
from jamtui.library.adapt import Setting, adapt
from jamtui.library.phrase_refs import ref_of
from jamtui.library.records import PhraseRecord
from jamtui.music.chord import Family
from jamtui.music.phrase import Phrase, Role
from jamtui.session.book import ReflexPhrase
from jamtui.session.book_analysis import analyse, measure_density

LONGEST = 4
"""Bars of a guest."""
PROGRESSION = "library"
"""The context of a guest over more than one chord: it is found by its chords."""


def guest(record: PhraseRecord, style: str) -> ReflexPhrase | None:
    """``record`` for the reflex in ``style``; None for one that it cannot use (drums, no chords, too long).

    Notes that belong to nothing are fitted to the phrase's own chords first, as adaptation does.
    """
    phrase = record.phrase
    pitches = [n.pitch for n in phrase.notes]
    if phrase.role is Role.DRUMS or phrase.bars > LONGEST or not pitches or not phrase.chords:
        return None
    if any(span.chord.family is Family.NONE for span in phrase.chords):
        return None
    setting = Setting(
        phrase.role, phrase.chords, phrase.bars, min(pitches), max(pitches), phrase.meter, phrase.tempo
    )
    fitted = adapt(record, setting, transpose=0)
    if not fitted.notes:
        return None
    own = Phrase(
        phrase.name, phrase.role, style, phrase.bars, phrase.chords, fitted.notes, phrase.meter, phrase.tempo
    )
    families = {span.chord.family for span in phrase.chords}
    context = next(iter(families)).value if len(families) == 1 else PROGRESSION
    density = measure_density(own)
    try:
        made = analyse(own, context, min(1.0, 0.2 + density), density, None)
    except MusicError:
        return None
    return ReflexPhrase(
        f"{phrase.name} #{record.id}", made.role, style, context, made.meter, made.bars, made.energy,
        made.density, made.surprise, made.chords, made.notes, ref_of(record.id),
    )  # fmt: skip
