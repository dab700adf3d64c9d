"""``jamtui library ...``: look into the phrase library from a shell, and look after it."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from jamtui import paths
from jamtui.errors import JamtuiError, MusicError, StoreError, StoreFullError
from jamtui.library.adapt import Adapted
from jamtui.library.fitted import over
from jamtui.library.records import FORGOTTEN, STARTER, PhraseRecord, SourceRecord
from jamtui.library.search import Query, Searcher, SearchHit
from jamtui.library.store import PhraseStore
from jamtui.library.store.opening import can_be_written, open_library
from jamtui.music.chart import parse_chart
from jamtui.music.meter import METERS, PPQ
from jamtui.music.phrase import Note, Phrase, Role
from jamtui.music.phrase_text import print_chords
from jamtui.music.pitch import note_name

ALIKE = 5
"""How many phrases ``show`` says are most like the one shown."""


@contextmanager
def _library() -> Iterator[PhraseStore]:
    """The library; made with the starter phrases where there is none. What was set aside is said."""
    with open_library(paths.library_file()) as store:
        if store.set_aside is not None:
            print(f"jamtui: {store.set_aside.sentence}", file=sys.stderr)
        # Also where a first ingest was killed before anything was in it; those forgotten leave their mark.
        if not store.sources():
            from jamtui.library.ingest import add_starter

            add_starter(store)
        yield store


@contextmanager
def _looking() -> Iterator[PhraseStore]:
    """The library to look into, also where it cannot be written and where the disk is full."""
    path = paths.library_file()
    with ExitStack() as opened:
        try:
            if can_be_written(path):
                store = opened.enter_context(_library())
            else:
                store = opened.enter_context(open_library(path, read_only=True))
        except StoreFullError:
            if not path.exists():
                raise
            store = opened.enter_context(open_library(path, read_only=True))
        yield store


def show_stats(*, as_json: bool) -> int:
    """What the library holds."""
    with _looking() as store:
        stats = store.stats()
        if as_json:
            print(json.dumps(asdict(stats) | {"path": store.place}))
            return 0
    print(f"{store.place}: {stats.bytes / 1e6:.1f} MB")
    print(
        f"{_counted(stats.phrases, 'phrase')} from {_counted(stats.sources, 'file')}; {stats.merged} "
        f"near-duplicates were counted instead of stored, {_counted(stats.refused, 'file')} refused"
    )
    print(f"{stats.played} played, {stats.kept} kept, {stats.banned} banned")
    for what, counts in (("role", stats.roles), ("style", stats.styles)):
        print(f"by {what}: " + ", ".join(f"{name or 'any'} {count}" for name, count in counts.items()))
    return 0


def search(chords: str, *, role: str, style: str, meter: str, count: int, as_json: bool) -> int:
    """The phrases that fit ``chords``: a chart, or chords that get a bar each."""
    beats = METERS[meter]
    text = chords if "|" in chords else " | ".join(chords.split())
    chart = parse_chart(text, beats)
    query = Query(tuple(chart.spans), Role(role), style, len(chart.bars), beats)
    with _looking() as store, Searcher(store) as searcher:
        hits = searcher.search(query, count)
        sources = {h.record.source: store.source(h.record.source) for h in hits}
        styles = store.stats().styles if style else {}
    if style and style not in styles:
        there = ", ".join(name for name in styles if name) or "none"
        print(f'jamtui: no phrase here is in style "{style}"; the styles here: {there}', file=sys.stderr)
    if as_json:
        found = [_hit(h, sources[h.record.source], over(query, h)) for h in hits]
        print(json.dumps({"chords": chart.text, "hits": found}))
        return 0
    if not hits:
        print(f"nothing fits yet: there are no {role} phrases; `jamtui ingest FOLDER` adds some")
        return 0
    print(f"{'id':>7}  score  move  {'chords':28} {'style':10} where from")
    for hit in hits:
        record = hit.record
        print(
            f"{record.id:7}  {hit.score:5.2f}  {hit.transpose:+4}  {_chords(record.phrase):28} "
            f"{record.phrase.style or 'any':10} {_where(record, sources[record.source])}"
        )
    return 0


def show(number: int, *, as_json: bool) -> int:
    """One phrase with its notes, and those most like it."""
    with _looking() as store:
        record = _phrase(store, number)
        source = store.source(record.source)
        alike = store.alike(number, ALIKE)
    if as_json:
        print(
            json.dumps(
                phrase_json(record, source)
                | {"alike": [{"id": n, "distance": round(d, 4)} for n, d in alike]}
            )
        )
        return 0
    phrase = record.phrase
    print(
        f"{record.id}  {phrase.name}: {phrase.role}, {phrase.style or 'any style'}, {_where(record, source)}"
    )
    print(
        f"{_counted(phrase.bars, 'bar')} of {phrase.meter.name} at {phrase.tempo:.0f}, "
        f"key {record.key or 'unknown'}, swing {record.swing:.2f}; "
        f"seen {_counted(record.count, 'time')}, played {record.played}"
        + (", kept" if record.kept else "")
        + (", banned" if record.banned else "")
    )
    print(f"chords: {_chords(phrase)}")
    if record.romans:
        print(f"in its key: {' '.join(record.romans)}")
    for bar in range(phrase.bars):
        start = bar * phrase.meter.bar_ticks
        inside = [n for n in phrase.notes if start <= n.onset < start + phrase.meter.bar_ticks]
        notes = "  ".join(f"{1 + (n.onset - start) / PPQ:g} {note_name(n.pitch)}" for n in inside)
        print(f"bar {bar + 1} (beat and note): {notes or 'rest'}")
    print("most like it: " + (", ".join(f"{n} ({d:.2f})" for n, d in alike) or "nothing"))
    return 0


def export(target: Path, numbers: Sequence[int], *, role: str, style: str | None, as_json: bool) -> int:
    """Write phrases as MIDI or JSON, by the file's name; without numbers all of a role and style."""
    if target.suffix.lower() not in (".mid", ".midi", ".json"):
        raise JamtuiError(f"{target} is neither .mid nor .json; name the file by what it shall be")
    if not target.absolute().parent.is_dir():
        raise JamtuiError(f"there is no folder {target.parent} for the phrases; make it first")
    with _looking() as store:
        chosen = list(numbers) or store.numbers(role=role, style=style)
        records = [_phrase(store, number) for number in chosen]
        sources = {r.source: store.source(r.source) for r in records}
    if not records:
        raise StoreError(
            "no phrase of the library is of that role and style; `jamtui library stats` lists them"
        )
    if target.suffix.lower() == ".json":
        found = [phrase_json(record, sources[record.source]) for record in records]
        try:
            target.write_text(json.dumps({"phrases": found}, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise JamtuiError(f"cannot write {target} ({error.strerror}); choose another place") from error
    else:
        _write_midi(target, records)
    _say(
        {"file": str(target), "phrases": len(records)},
        f"{_counted(len(records), 'phrase')} in {target}",
        as_json,
    )
    return 0


def forget(names: Sequence[str], phrases: Sequence[int], *, as_json: bool) -> int:
    """Delete files (by path, folder, title or the beginning of their hash) with their phrases, or phrases."""
    if not names and not phrases:
        raise StoreError("name a file that was ingested, or phrases with --phrase; nothing was forgotten")
    with _library() as store:
        before = store.stats().phrases
        named = [source for name in names for source in _sources(store, name)]
        chosen = list({s.sha256: s for s in named}.values())
        for number in phrases:
            _phrase(store, number)
        for source in chosen:
            _forget(store, source)
        store.remove(phrases)
        gone = before - store.stats().phrases
    result = {"files": [s.path for s in chosen], "phrases": gone}
    are = "is" if gone == 1 else "are"
    text = f"{_counted(gone, 'phrase')} {are} gone; `jamtui library vacuum` gives the room back"
    _say(result, text, as_json)
    return 0


def vacuum(*, as_json: bool) -> int:
    """Check the whole file, give back unused room, renew the search cells."""
    with _library() as store:
        before = store.stats().bytes
        complaint = store.vacuum()
        if complaint:
            raise StoreError(
                f"the phrase library {store.place} is damaged ({complaint}); export what you need, move it "
                "away, and ingest your files again or put a backup in its place"
            )
        after = store.stats().bytes
    text = f"the library is in order; {before / 1e6:.1f} MB before, {after / 1e6:.1f} MB now"
    _say({"before": before, "after": after}, text, as_json)
    return 0


def backup(target: Path, *, as_json: bool) -> int:
    """Write a copy of the library as it is now, also while it is in use."""
    if not target.parent.is_dir():
        raise StoreError(f"there is no folder {target.parent} for the backup; make it first")
    with _looking() as store:
        size = store.backup(target)
    _say({"file": str(target), "bytes": size}, f"{target}: {size / 1e6:.1f} MB", as_json)
    return 0


def phrase_json(record: PhraseRecord, source: SourceRecord | None) -> dict[str, Any]:
    """A phrase for other programs: times in quarter notes."""
    phrase = record.phrase
    spans = [
        {"start": s.start / PPQ, "duration": s.length / PPQ, "chord": s.chord.plain_symbol}
        for s in phrase.chords
    ]
    return {
        "id": record.id, "name": phrase.name, "role": phrase.role.value, "style": phrase.style,
        "bars": phrase.bars, "meter": phrase.meter.name, "tempo": phrase.tempo, "key": record.key,
        "swing": record.swing, "romans": list(record.romans), "count": record.count, "played": record.played,
        "kept": record.kept, "banned": record.banned, "source": _named(source), "sha256": record.source,
        "licence": source.licence if source else "", "first_bar": record.first_bar + 1,
        "chords": spans, "notes": [_note(n) for n in phrase.notes],
    }  # fmt: skip


def _note(note: Note) -> dict[str, Any]:
    return {
        "note": note_name(note.pitch), "velocity": note.velocity, "start": note.onset / PPQ,
        "duration": note.duration / PPQ, "residual": note.residual / PPQ,
    }  # fmt: skip


def _hit(hit: SearchHit, source: SourceRecord | None, made: Adapted) -> dict[str, Any]:
    phrase = hit.record.phrase
    return {
        "id": hit.record.id, "score": round(hit.score, 4), "transpose": hit.transpose,
        "chords": _chords(phrase), "style": phrase.style, "role": phrase.role.value,
        "bars": phrase.bars, "name": phrase.name, "source": _named(source), "sha256": hit.record.source,
        "kept": hit.record.kept,
        "parts": {name: round(value, 4) for name, value in asdict(hit.parts).items()},
        "notes": [_note(n) | {"moved": by} for n, by in zip(made.notes, made.moved, strict=True)],
    }  # fmt: skip


def _chords(phrase: Phrase) -> str:
    try:
        return print_chords(phrase.chords, phrase.bars, phrase.meter, phrase.name)
    except MusicError:
        # What a chart has no place for: chords off the beats, as a captured phrase may have them.
        return " ".join(s.chord.symbol for s in phrase.chords)


def _named(source: SourceRecord | None) -> str:
    return "captured" if source is None else source.title or source.path


def _where(record: PhraseRecord, source: SourceRecord | None) -> str:
    return "captured" if source is None else f"{_named(source)}, bar {record.first_bar + 1}"


def _phrase(store: PhraseStore, number: int) -> PhraseRecord:
    record = store.get(number)
    if record is None:
        raise StoreError(f"there is no phrase {number}; `jamtui library search` lists some")
    return record


def _sources(store: PhraseStore, name: str) -> list[SourceRecord]:
    """The file called ``name``, or all in the folder or zip of that name."""
    from jamtui.library.ingest.walk import absolute

    there = [s for s in store.sources() if s.refused != FORGOTTEN]
    here = str(absolute(Path(name)))
    found = [s for s in there if name in (s.path, s.title) or (len(name) > 5 and s.sha256.startswith(name))]
    found = found or [s for s in there if s.path == here]
    for folder in (here, name.rstrip("/" + os.sep)):
        inside = (folder.rstrip(os.sep) + os.sep, folder + "/", folder + ":")
        if not found and folder and (found := [s for s in there if s.path.startswith(inside)]):
            return found
    found = found or [s for s in there if Path(s.path).name == name]
    if len(found) > 1:
        raise StoreError(
            f"{len(found)} files are called {name}; give the path or the beginning of the hash of one"
        )
    if not found:
        raise StoreError(
            f"no file {name} was ingested; give its path or folder, its title or the beginning of its hash"
        )
    return found


def _forget(store: PhraseStore, source: SourceRecord) -> None:
    """Delete a file with its phrases. Of starter phrases a row stays: the next start would bring
    them back."""
    if source.path.startswith(STARTER):
        store.add(replace(source, refused=FORGOTTEN), ())
    else:
        store.forget(source.sha256)


def _write_midi(target: Path, records: Sequence[PhraseRecord]) -> None:
    from jamtui.midi.smf import FileNote, Take, write_smf

    meter = records[0].phrase.meter
    if any(r.phrase.meter != meter for r in records):
        raise StoreError(
            "the phrases are in several meters; export those of one meter at a time, or as .json"
        )
    tracks: dict[str, list[FileNote]] = {}
    tempos: list[tuple[int, float]] = []
    start = 0
    for record in records:
        phrase = record.phrase
        if not tempos or tempos[-1][1] != phrase.tempo:
            tempos.append((start, phrase.tempo))
        channel = 9 if phrase.role is Role.DRUMS else 0
        tracks.setdefault(phrase.role.value, []).extend(
            FileNote(max(0, start + n.onset + n.residual), n.duration, n.pitch, n.velocity, channel)
            for n in phrase.notes
        )
        start += phrase.length
    written = {name: tuple(notes) for name, notes in tracks.items()}
    write_smf(target, Take(written, tuple(tempos), (meter.numerator, meter.denominator)))


def _say(result: dict[str, Any], text: str, as_json: bool) -> None:
    print(json.dumps(result) if as_json else text)


def _counted(count: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
