"""One file to its phrases, or to the reason in words why there are none. Knows nothing of the store."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from jamtui.errors import MusicError
from jamtui.library.ingest.song import RefusedError, Song
from jamtui.library.ingest.walk import MIDI_SUFFIXES, Item, read_bytes
from jamtui.library.records import PhraseRecord, SourceRecord
from jamtui.music.phrase import Role

ANALYSIS_VERSION = 3
"""Raised when the same file gives other phrases; files of an older one are read again."""

TOO_MUCH_MEMORY = "it needs more than 500 MB of memory"


@dataclass(frozen=True, slots=True)
class Analysed:
    """A file and its phrases; ``source.refused`` says why there are none. ``notices`` are what was mended or
    estimated, in words."""

    source: SourceRecord
    phrases: tuple[PhraseRecord, ...] = ()
    notices: tuple[str, ...] = ()


def analyse_file(path: Path, *, member: str = "", style: str = "", role: Role | None = None) -> Analysed:
    """Read and analyse a file, or the file ``member`` of a zip; see ``analyse_bytes``."""
    item = Item(path, member)
    try:
        data = read_bytes(item)
    except RefusedError as refusal:
        return refused(item, str(refusal))
    return analyse_bytes(data, item, style=style, role=role)


def analyse_bytes(data: bytes, item: Item, *, style: str = "", role: Role | None = None) -> Analysed:
    """Analyse the bytes of a file called ``item``.

    ``style`` and ``role`` are the musician's word for all its phrases; else the music decides. Anything
    that is wrong with the file comes back as ``source.refused``.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        song = _read(data, item)
        from jamtui.library.ingest.analyse import phrases, read

        reading = read(song)
        title = song.title if len(song.title) > 2 else item.title
        place = f"{item.member or item.path.name} {item.path.parent.name}"
        found = phrases(reading, sha256, _short(title, item.title), style, role, place)
        if not found:
            # Without the role there may be something in it: what has no hash is not remembered.
            return refused(item, _nothing(song, role), "" if role is not None else sha256)
    except RefusedError as refusal:
        return refused(item, str(refusal), sha256)
    except (MusicError, MemoryError) as error:
        return refused(item, TOO_MUCH_MEMORY if isinstance(error, MemoryError) else str(error), sha256)
    notices = list(song.notes_to_reader)
    if reading.estimated_beat:
        notices.append("played without a click: its beat was found in the notes")
    source = SourceRecord(sha256, item.name, title, song.copyright, time.time(), ANALYSIS_VERSION)
    return Analysed(source, tuple(found), tuple(notices))


def refused(item: Item, reason: str, sha256: str = "") -> Analysed:
    """A file that nothing was taken from."""
    return Analysed(SourceRecord(sha256, item.name, item.title, "", time.time(), ANALYSIS_VERSION, reason))


def _read(data: bytes, item: Item) -> Song:
    name = (item.member or item.path.name).lower()
    if not data:
        raise RefusedError("it is empty")
    if name.endswith(MIDI_SUFFIXES) or data[:4] in (b"MThd", b"RIFF"):
        from jamtui.library.ingest.smf import read_midi

        return read_midi(data)
    from jamtui.library.ingest.score import read_score

    return read_score(data, "." + name.rpartition(".")[2], item.title)


def _nothing(song: Song, role: Role | None) -> str:
    if role is not None and any(not v.drums for v in song.voices) is (role is Role.DRUMS):
        return f"it has nothing that could be {role.value}"
    notes = sum(len(v.notes) for v in song.voices)
    if notes < 8:
        return f"it has only {notes} notes, too few for a phrase"
    return "no phrase could be cut from it (its notes fill no bar, or no chord goes with them)"


def _short(title: str, fallback: str) -> str:
    text = " ".join((title or fallback).split())
    return text if len(text) <= 48 else text[:47].rstrip() + "…"
