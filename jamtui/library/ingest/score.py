"""Reading MusicXML, MXL and ABC through music21, which takes a second to import: only where it is used."""

import warnings
from typing import Any

from jamtui.errors import MusicError
from jamtui.library.ingest.song import MeterChange, RefusedError, Song, Sounded, Voice
from jamtui.music.chord import Chord, parse_chord
from jamtui.music.meter import PPQ
from jamtui.music.scale import Key

MAX_NOTES = 60_000


def read_score(data: bytes, suffix: str, name: str) -> Song:
    """The song in a score file: its parts as voices, chord symbols, meters, keys and bar lines as written;
    repeats are not played out.

    ``suffix`` (lower case, with the dot) says what the bytes are: ``.abc``, ``.mxl``, or MusicXML otherwise.

    Raises:
        RefusedError: music21 cannot read it, or it has no notes.
    """
    from music21 import converter, harmony, note, stream

    if suffix == ".abc" and b"X:" not in data:
        raise RefusedError("it is not ABC music (a tune starts with X:)")
    if suffix != ".abc" and suffix != ".mxl" and b"<score-" not in data[:20_000]:
        raise RefusedError("it is not MusicXML (there is no score in it)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text: str | bytes = _unpacked(data) if suffix == ".mxl" else data
            shape = "abc" if suffix == ".abc" else "musicxml"
            parsed = converter.parseData(_decoded(text), format=shape)
            if isinstance(parsed, stream.Opus):
                # A tune book: the first tune stands for the file only if it is alone.
                scores = list(parsed.scores)
                if len(scores) != 1:
                    return _joined([_song(s, harmony, note, name) for s in scores])
                parsed = scores[0]
            return _song(parsed, harmony, note, name)
    except (RefusedError, MemoryError):
        raise
    except Exception as error:  # music21 answers broken input with almost any exception
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise RefusedError(f"music21 cannot read it ({reason})") from error


def _unpacked(data: bytes) -> bytes:
    """The score inside a compressed MusicXML file (a zip with one score and a table of contents)."""
    import io
    import zipfile

    from jamtui.library.ingest.walk import MAX_SCORE_BYTES

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as box:
            scores = [
                i
                for i in box.infolist()
                if i.filename.lower().endswith((".xml", ".musicxml"))
                and not i.filename.startswith("META-INF")
            ]
            if not scores:
                raise RefusedError("there is no score in this MXL file")
            if scores[0].file_size > MAX_SCORE_BYTES:
                raise RefusedError("the score in this MXL file is larger than any score; it is not unpacked")
            with box.open(scores[0]) as inside:
                return inside.read(MAX_SCORE_BYTES)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        raise RefusedError("this MXL file is damaged; export it again") from error


def _decoded(data: str | bytes) -> str:
    if isinstance(data, str):
        return data
    for encoding in ("utf-8-sig", "utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _song(score: Any, harmony: Any, note: Any, name: str) -> Song:
    from music21 import key as keys
    from music21 import meter as meters
    from music21 import tempo as tempos

    voices: list[Voice] = []
    symbols: dict[int, Chord] = {}
    signatures: dict[int, tuple[int, int]] = {}
    found_keys: dict[int, Key] = {}
    speeds: dict[int, float] = {}
    first_bar = 0
    left = MAX_NOTES
    for number, part in enumerate(list(score.parts) or [score]):
        flat = part.flatten()
        notes: list[Sounded] = []
        tied: dict[int, int] = {}
        for element in flat.notes:
            at = round(float(element.offset) * PPQ)
            if isinstance(element, harmony.Harmony):
                chord = _symbol(element)
                if chord is not None:
                    symbols[at] = chord
                continue
            if element.duration.isGrace:
                continue
            length = round(float(element.quarterLength) * PPQ)
            for one in element.notes if element.isChord else (element,):
                if not isinstance(one, note.Note):
                    continue
                pitch = int(one.pitch.midi)
                if not 0 <= pitch <= 127 or length <= 0:
                    continue
                tie = one.tie.type if one.tie is not None else ""
                if tie in ("stop", "continue") and pitch in tied:
                    start = notes[tied[pitch]]
                    notes[tied[pitch]] = start._replace(duration=at + length - start.onset)
                else:
                    left -= 1
                    if left < 0:
                        raise RefusedError(f"it has more than {MAX_NOTES:,} notes; no band could play it")
                    velocity = one.volume.velocity
                    tied[pitch] = len(notes)
                    notes.append(Sounded(at, pitch, length, int(velocity) if velocity else 80))
                if tie not in ("start", "continue"):
                    tied.pop(pitch, None)
        instrument = part.getInstrument(returnDefault=False)
        program = getattr(instrument, "midiProgram", None)
        drums = getattr(instrument, "midiChannel", None) == 9
        if notes:
            title = str(part.partName or getattr(instrument, "partName", "") or "")
            voices.append(
                Voice(
                    title,
                    tuple(sorted(notes)),
                    9 if drums else number % 9,
                    -1 if program is None else program,
                    drums,
                )
            )
        if number == 0:
            for element in flat.getElementsByClass(meters.TimeSignature):
                signatures[round(float(element.offset) * PPQ)] = (element.numerator, element.denominator)
            for element in flat.getElementsByClass(keys.KeySignature):
                mode = element if isinstance(element, keys.Key) else element.asKey("major")
                found_keys[round(float(element.offset) * PPQ)] = Key(
                    mode.tonic.pitchClass, mode.mode == "minor"
                )
            bars = list(part.getElementsByClass("Measure"))
            if len(bars) > 1:
                # A first bar shorter than its meter is a pickup: the second begins the counting.
                first = float(bars[1].offset) - float(bars[0].offset)
                whole = bars[0].barDuration.quarterLength if signatures else 4.0
                if 0 < first < float(whole):
                    first_bar = round(first * PPQ)
        for mark in flat.getElementsByClass(tempos.MetronomeMark):
            quarter = mark.getQuarterBPM()
            if quarter:
                speeds[round(float(mark.offset) * PPQ)] = min(max(float(quarter), 5.0), 1000.0)
    if not voices:
        raise RefusedError("it has no notes")
    title = score.metadata.bestTitle if score.metadata is not None else ""
    if first_bar:
        beginning = signatures.pop(0, (4, 4))
        signatures = {0: (0, 0), first_bar: beginning, **signatures}
    speeds.setdefault(0, 120.0)
    return Song(
        tuple(voices),
        str(title or name),
        tuple(sorted(speeds.items())),
        tuple(_meter(t, n, d, first_bar) for t, (n, d) in sorted(signatures.items())),
        tuple(sorted(found_keys.items(), key=lambda k: k[0])),
        tuple(sorted(symbols.items(), key=lambda s: s[0])),
        str(getattr(score.metadata, "copyright", "") or "") if score.metadata is not None else "",
        notated=True,
    )


def _meter(tick: int, numerator: int, denominator: int, first_bar: int) -> MeterChange:
    """A signature; 0/0 stands for the pickup, which is as long as it is."""
    if numerator == 0:
        return MeterChange(0, max(1, round(first_bar / (PPQ / 4))), 16)
    return MeterChange(tick, numerator, denominator)


def _symbol(element: Any) -> Chord | None:
    """jamtui's chord for a chord symbol of music21, None where the symbol has no chord we know."""
    figure = str(element.figure).replace("-", "b")
    for text in (figure, str(element.figure)):
        try:
            return parse_chord(text)
        except MusicError:
            continue
    return None


def _joined(songs: list[Song]) -> Song:
    """The tunes of a book one after another, four bars apart."""
    if not songs:
        raise RefusedError("it has no notes")
    voices: list[Voice] = []
    meters: list[MeterChange] = []
    symbols: list[tuple[int, Chord]] = []
    tempos: list[tuple[int, float]] = []
    at = 0
    for song in songs:
        for voice in song.voices:
            moved = tuple(n._replace(onset=n.onset + at) for n in voice.notes)
            voices.append(Voice(voice.name, moved, voice.channel, voice.program, voice.drums))
        meters += [MeterChange(m.tick + at, m.numerator, m.denominator) for m in song.meters]
        symbols += [(tick + at, chord) for tick, chord in song.symbols]
        tempos += [(tick + at, bpm) for tick, bpm in song.tempos]
        at += -(-song.length // (16 * PPQ)) * 16 * PPQ + 16 * PPQ
    return Song(tuple(voices), songs[0].title, tuple(tempos), tuple(meters), (), tuple(symbols), notated=True)
