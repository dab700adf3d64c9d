"""Charts from files: plain bars, ChordPro, iReal Pro, MusicXML (also compressed)."""

import zipfile
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from jamtui.errors import MusicError
from jamtui.music.chart import Chart, parse_chart, read_head
from jamtui.music.chord import NO_CHORD, Chord, parse_chord
from jamtui.music.chordpro import is_chordpro, read_chordpro
from jamtui.music.form import Measure, play_out
from jamtui.music.ireal import ireal_links, read_ireal
from jamtui.music.meter import COMMON_TIME, METERS, Meter
from jamtui.music.phrase import ChordSpan

LARGEST = 16 * 1024 * 1024
"""Bytes; no chart is larger."""
_XML = (".musicxml", ".mxl", ".xml")
_CHORDPRO = (".cho", ".crd", ".chopro", ".chordpro", ".pro")
_AS_PLAYED = {"2/2": "4/4", "12/8": "4/4", "9/8": "3/4", "3/8": "3/4", "6/4": "3/4"}
"""Time signatures that the band plays as another one, bar by bar."""

_KINDS = {
    "major": "", "minor": "m", "augmented": "aug", "diminished": "dim", "dominant-seventh": "7",
    "major-seventh": "maj7", "minor-seventh": "m7", "diminished-seventh": "dim7", "augmented-seventh": "aug7",
    "half-diminished-seventh": "m7b5", "half-diminished": "m7b5", "minor-major-seventh": "mMaj7",
    "augmented-major-seventh": "maj7#5", "major-sixth": "6", "minor-sixth": "m6", "dominant-ninth": "9",
    "major-ninth": "maj9", "minor-ninth": "m9", "minor-major-ninth": "mMaj9", "dominant-11th": "11",
    "major-11th": "maj11", "minor-11th": "m11", "dominant-13th": "13", "major-13th": "maj13",
    "minor-13th": "m13", "suspended-second": "sus2", "suspended-fourth": "sus4",
    "suspended-fourth-seventh": "7sus4", "power": "5",
}  # fmt: skip
"""music21's names of chord kinds as lead sheets write them."""


def read_chart_file(path: Path, meter: Meter | None = None) -> Chart:
    """The chart in ``path``; its title is the file's name where it has none. ``meter`` overrides the file's.

    Raises:
        MusicError: the file cannot be read or has no chart in it.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise MusicError(f"The file {path} is too large for a chart; choose another.")
        data = path.read_bytes()
    except OSError as error:
        why = error.strerror or "unknown reason"
        raise MusicError(f"The chart {path} cannot be read ({why}); check its name.") from error
    try:
        if data[:2] == b"PK" or path.suffix.lower() == ".mxl" or _is_musicxml(path, data):
            return _named(_read_musicxml(path, meter), path)
        return _named(read_chart_text(_decode(data), meter, path.suffix.lower()), path)
    except MusicError as error:
        raise MusicError(f"{path.name}: {error}") from error


def chart_page(path: Path, meter: Meter | None = None) -> str:
    """The chart in ``path`` as ``parse_chart`` reads it, with its title; plain bars stay as they are written,
    so that they keep the meter that is played where they name none.

    Raises:
        MusicError: as ``read_chart_file``.
    """
    chart = read_chart_file(path, meter)
    data = path.read_bytes()
    if not _is_musicxml(path, data) and data[:2] != b"PK":
        text = _decode(data)
        if not ireal_links(text) and path.suffix.lower() not in _CHORDPRO and not is_chordpro(text):
            return text if "title" in read_head(text)[0] else f"title: {chart.title}\n{text}"
    return chart.page


def read_chart_text(text: str, meter: Meter | None = None, suffix: str = "") -> Chart:
    """The chart in ``text``: an iReal Pro link or page, ChordPro, or plain bars.

    Raises:
        MusicError: there is no chart in it.
    """
    if links := ireal_links(text):
        song = read_ireal(links[0])
        return _chart(play_out(song.measures), song.meter, meter, song.title)
    if suffix in _CHORDPRO or is_chordpro(text):
        pro = read_chordpro(text)
        return _chart(play_out(pro.measures), pro.meter, meter, pro.title)
    return parse_chart(text, meter or COMMON_TIME)


def _decode(data: bytes) -> str:
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise MusicError("this is no chart; give plain bars, ChordPro, an iReal Pro export or MusicXML.")
    for encoding in ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise MusicError("its characters cannot be read; save it as UTF-8.")


def _is_musicxml(path: Path, data: bytes) -> bool:
    head = data[:4096].lstrip()
    return path.suffix.lower() in _XML or b"<score-partwise" in head or b"<score-timewise" in head


def _named(chart: Chart, path: Path) -> Chart:
    return chart if chart.title else Chart(chart.meter, chart.bars, path.stem)


def _meter(written: str) -> tuple[Meter, int]:
    """The band's meter for a time signature, and how many written bars make one of it."""
    if written in METERS:
        return METERS[written], 1
    if written == "2/4":
        return METERS["4/4"], 2
    if written in _AS_PLAYED:
        return METERS[_AS_PLAYED[written]], 1
    raise MusicError(f"the time signature {written} is not played here; the band plays {', '.join(METERS)}.")


def _chart(measures: Sequence[Measure], written: str, meter: Meter | None, title: str) -> Chart:
    """Bars of chords at shares of the bar, as a chart on the beats of its meter."""
    own, joined = _meter(written) if written else (meter or COMMON_TIME, 1)
    here = meter or own
    bars: list[tuple[ChordSpan, ...]] = []
    last = NO_CHORD
    for first in range(0, len(measures), joined):
        entries = [
            ((n + share) / joined, symbol)
            for n, m in enumerate(measures[first : first + joined])
            for share, symbol in m.chords
        ]
        bar = _bar([(share, _chord(symbol, len(bars) + 1)) for share, symbol in entries], here, last)
        last = bar[-1].chord
        bars.append(bar)
    if all(span.chord == NO_CHORD for bar in bars for span in bar):
        raise MusicError("there are no chords in it.")
    return Chart(here, tuple(bars), title.strip())


def _chord(symbol: str, number: int) -> Chord:
    try:
        return parse_chord(symbol)
    except MusicError as error:
        raise MusicError(f"bar {number}: {error}") from error


def _bar(entries: Sequence[tuple[float, Chord]], meter: Meter, last: Chord) -> tuple[ChordSpan, ...]:
    """Chords on the nearest felt beats; before the first one the last bar's goes on."""
    beats = meter.beat_ticks
    at = {0: last}
    for share, chord in entries:
        at[min(beats, key=lambda beat: (abs(beat - share * meter.bar_ticks), beat))] = chord
    ticks = sorted(at)
    ends = [*ticks[1:], meter.bar_ticks]
    spans: list[ChordSpan] = []
    for tick, end in zip(ticks, ends, strict=True):
        if spans and spans[-1].chord == at[tick]:
            spans[-1] = ChordSpan(spans[-1].start, end - spans[-1].start, at[tick])
        else:
            spans.append(ChordSpan(tick, end - tick, at[tick]))
    return tuple(spans)


def _read_musicxml(path: Path, meter: Meter | None) -> Chart:
    """Through music21: chord symbols measure by measure, repeats played out."""
    import warnings

    from music21 import converter, exceptions21, harmony, repeat
    from music21 import meter as meters

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on odd notation that has nothing to do with the chords
            score: Any = converter.parse(str(path), format="musicxml", forceSource=True)
            part = next((p for p in score.parts if p.recurse().getElementsByClass(harmony.ChordSymbol)), None)
            if part is None:
                raise MusicError("there are no chord symbols in it.")
            with suppress(repeat.ExpanderException, exceptions21.Music21Exception):
                # Where its signs contradict each other, the bars are taken as they are written.
                part = part.expandRepeats()
            measures: list[Measure] = []
            signatures: Counter[str] = Counter()
            signature: Any = meters.TimeSignature("4/4")
            for measure in part.getElementsByClass("Measure"):
                signature = measure.timeSignature or signature
                length = signature.barDuration.quarterLength
                symbols = list(measure.getElementsByClass(harmony.ChordSymbol))
                if not measures and measure.duration.quarterLength < length and not symbols:
                    continue  # an upbeat
                signatures[signature.ratioString] += 1
                measures.append(Measure([(float(s.offset / length), _kind(s)) for s in symbols]))
            title = (score.metadata.title or score.metadata.movementName or "") if score.metadata else ""
    except MusicError:
        raise
    except (zipfile.BadZipFile, KeyError) as error:
        raise MusicError("the compressed MusicXML is damaged; export it again.") from error
    except Exception as error:  # whatever is wrong with a file, music21 says it in its own errors
        raise MusicError("this is no MusicXML that can be read; export it again.") from error
    return _chart(measures, signatures.most_common(1)[0][0], meter, title)


def _kind(symbol: Any) -> str:
    """A chord symbol of music21 as lead sheets write it."""
    if symbol.chordKind == "none" or symbol.root() is None:
        return "N.C."
    name: str = symbol.root().name.replace("-", "b")
    text = name + _KINDS.get(symbol.chordKind, "")
    for change in symbol.getChordStepModifications():
        sign = {1: "#", -1: "b"}.get(int(change.interval.semitones) if change.interval else 0, "")
        added = f"{text}{'add' if change.modType == 'add' and not sign else ''}{sign}{change.degree}"
        if change.modType == "subtract":
            added = f"{text}no{change.degree}"
        try:
            parse_chord(added)
        except MusicError:
            continue
        text = added
    bass = symbol.bass()
    if bass is not None and bass.pitchClass != symbol.root().pitchClass:
        text += "/" + bass.name.replace("-", "b")
    return text
