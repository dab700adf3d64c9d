"""What the musician does to the library while the band plays: keep, ban, take back, look up."""

import time
from dataclasses import dataclass, replace

from jamtui.errors import JamtuiError
from jamtui.library.phrase_refs import chord_words, number_of, roll_notes
from jamtui.library.records import Choice, PhraseRecord
from jamtui.library.search import Query, Searcher
from jamtui.library.store import PhraseStore
from jamtui.library.takes import records_of
from jamtui.music.chord import parse_chord
from jamtui.music.meter import COMMON_TIME
from jamtui.music.phrase import ChordSpan, Role
from jamtui.session.library_page import LibraryPage, LibraryRow
from jamtui.session.library_step import LibraryStep, PhraseMarks
from jamtui.session.taking import Take

MOST_ROWS = 200
"""Rows of a page."""
MOST_KEPT = 512
"""Kept phrases that are held against the coming chords one by one."""
FOUND = 64
"""Phrases that are looked up for chords."""


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in words for the event line; ``step`` takes it back, None where nothing was done."""

    words: str
    step: LibraryStep | None = None


class Librarian:
    """Writes to one library. Every method may wait for the disk.

    What can be taken back is the caller's to remember. All methods raise StoreError where the library
    cannot be written.
    """

    def __init__(self, store: PhraseStore, searcher: Searcher) -> None:
        self._store = store
        self._searcher = searcher

    def keep_take(self, take: Take) -> Done:
        """Store what was captured; it is kept, so that it comes often. What the library had already is kept
        from now on, too, and not banned any more."""
        source, records = records_of(take, time.time())
        if not records:
            return Done("nothing to keep there: no notes over a chord")
        result = self._store.add(source, records)
        before = self._store.get_many(result.met)
        for number in (*result.added, *before):
            self._store.mark(number, kept=True, banned=False)
        self._searcher.refresh()
        marks = tuple(PhraseMarks(n, r.kept, r.banned) for n, r in before.items())
        step = LibraryStep(f"{take.label}: not kept", marks, source.sha256)
        roles = ", ".join(dict.fromkeys(r.phrase.role.value for r in records))
        if not result.added:
            return Done(
                f"{take.label}: the library has that already, it is kept now; undo takes it back", step
            )
        many = len(result.added)
        words = f"kept {take.label}: {many} phrase{'s' if many > 1 else ''} ({roles}); undo takes it back"
        return Done(words, step)

    def mark(
        self, ref: str, *, kept: bool | None = None, banned: bool | None = None, label: str = ""
    ) -> Done:
        """Keep or ban the phrase that ``ref`` calls, or stop that. What is kept is not banned, and what is
        banned is not kept."""
        number = number_of(ref)
        record = self._store.get(number) if number is not None else None
        if number is None or record is None:
            return Done("that phrase is not in the library any more")
        if kept:
            banned = False
        elif banned:
            kept = False
        self._store.mark(number, kept=kept, banned=banned)
        self._searcher.refresh()
        done, back = _words(kept, banned)
        name = label or record.phrase.name
        step = LibraryStep(f"{back}: {name}", (PhraseMarks(number, record.kept, record.banned),))
        return Done(f"{done}: {name}; undo takes it back", step)

    def undo(self, step: LibraryStep) -> str:
        """Take a step back; what was deleted since is passed over."""
        if step.source and self._store.source(step.source) is not None:
            self._store.forget(step.source)
        there = self._store.get_many([marks.number for marks in step.marks])
        for marks in step.marks:
            if marks.number in there:
                self._store.mark(marks.number, kept=marks.kept, banned=marks.banned)
        self._searcher.refresh()
        return step.words

    def played(self, numbers: list[int]) -> None:
        """Count that phrases were played."""
        self._store.played(numbers)

    def page(self, wanted: str, first: int, count: int) -> LibraryPage:
        """Rows ``first`` and on of what ``wanted`` describes, newest first: words may be roles, styles,
        ``kept``, ``banned``, chords (then the best fit comes first), or part of a file's name."""
        count, first = max(1, min(MOST_ROWS, count)), max(0, first)
        choice, chords = self._read(wanted)
        if not chords:
            listed = self._store.page(choice, first, count)
            return LibraryPage(wanted, first, listed.total, tuple(map(_row, listed.records)))
        found = self._for_chords(chords, choice)
        return LibraryPage(wanted, first, len(found), tuple(map(_row, found[first : first + count])))

    def kept(self) -> list[PhraseRecord]:
        """What is kept and not banned, the newest last; of very many the newest."""
        numbers = self._store.numbers(only="kept")[-MOST_KEPT:]
        records = self._store.get_many(numbers)
        return [records[n] for n in numbers if n in records and not records[n].banned]

    def get(self, number: int) -> PhraseRecord | None:
        """A phrase, None where there is none."""
        return self._store.get(number)

    def _read(self, wanted: str) -> tuple[Choice, tuple[ChordSpan, ...]]:
        """What the words mean: which phrases, or chords of a bar each."""
        styles = self._store.styles()
        choice = Choice()
        chords: list[ChordSpan] = []
        bar = COMMON_TIME.bar_ticks
        for word in wanted.split():
            low = word.lower()
            if low in {r.value for r in Role}:
                choice = replace(choice, role=low)
            elif low in styles:
                choice = replace(choice, style=low)
            elif low in ("kept", "banned"):
                choice = replace(choice, only=low)
            elif (span := _chord(word, len(chords) * bar, bar)) is not None:
                chords.append(span)
            else:
                choice = replace(choice, named=f"{choice.named} {word}".strip())
        return choice, tuple(chords)

    def _for_chords(self, chords: tuple[ChordSpan, ...], choice: Choice) -> list[PhraseRecord]:
        roles = [Role(choice.role)] if choice.role else [Role.LEAD, Role.COMP, Role.BASS]
        hits = []
        for one in roles:
            query = Query(chords, one, choice.style or "", min(4, len(chords)), COMMON_TIME)
            hits += self._searcher.search(query, FOUND // len(roles))
        return [h.record for h in sorted(hits, key=lambda h: -h.score)]


def _words(kept: bool | None, banned: bool | None) -> tuple[str, str]:
    """How to say that it was done, and that it was taken back."""
    if kept:
        return "kept", "not kept any more"
    if banned:
        return "banned", "not banned any more"
    return (
        ("not kept any more", "kept again") if kept is not None else ("not banned any more", "banned again")
    )


def _chord(word: str, start: int, length: int) -> ChordSpan | None:
    if not word[:1].isupper():
        return None
    try:
        return ChordSpan(start, length, parse_chord(word))
    except JamtuiError:
        return None


def _row(record: PhraseRecord) -> LibraryRow:
    phrase = record.phrase
    return LibraryRow(
        id=record.id,
        role=phrase.role.value,
        style=phrase.style,
        bars=phrase.bars,
        chords=chord_words(phrase.chords),
        origin=phrase.name,
        notes=roll_notes(phrase.notes),
        length=phrase.length,
        kept=record.kept,
        banned=record.banned,
        played=record.played,
        count=record.count,
    )
