"""Reading Standard MIDI Files as they are found: fast, bounded, and salvaging what a broken file still says.

Follows the Standard MIDI Files 1.0 specification (RP-001). Bytes are walked once, without an object per
message, because a folder of a musician has thousands of files; a file that ends too early or whose track is
damaged keeps what stood before the damage.
"""

import struct
from typing import NamedTuple

from jamtui.errors import MusicError
from jamtui.library.ingest.song import MeterChange, RefusedError, Song, Sounded, Voice
from jamtui.music.chord import NO_CHORD, Chord, parse_chord
from jamtui.music.meter import PPQ
from jamtui.music.scale import Key

MAX_NOTES = 150_000
"""More notes than this are a drawing, not music a phrase can be cut from."""
MAX_TICKS = PPQ * 4 * 20_000
"""20,000 bars of 4/4: some eleven hours."""

_DATA_BYTES = (2, 2, 2, 2, 1, 1, 2)
"""Data bytes of channel messages 8n to En."""
_SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1}
"""Data bytes of system common messages; files must not hold them, some do."""
_TONICS = {s: (s * 7) % 12 for s in range(-7, 8)}
"""Pitch class of the major key with so many sharps (negative: flats)."""


class _Meta(NamedTuple):
    """What tracks say besides notes; ticks are the file's own."""

    tempos: list[tuple[int, float]]
    meters: list[tuple[int, int, int]]
    keys: list[tuple[int, Key]]
    texts: list[tuple[int, int, str]]
    """(tick, meta type, text)."""


def read_midi(data: bytes) -> Song:
    """The song in the bytes of a MIDI file (a RIFF wrapper is unwrapped).

    Raises:
        RefusedError: not a MIDI file, nothing readable in it, of a format whose tracks have no common
            time, or beyond ``MAX_NOTES`` or ``MAX_TICKS``.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        data = data[data.find(b"MThd") :] if b"MThd" in data[:64] else b""
    start = data[:1024].find(b"MThd")
    if start < 0:
        raise RefusedError("it is not a MIDI file (its header is missing)")
    data = data[start:] if start else data
    if len(data) < 14:
        raise RefusedError("the file ends within its header")
    header, kind, count, division = struct.unpack(">IHHH", data[4:14])
    if kind == 2 and count > 1:
        raise RefusedError("its tracks are separate patterns (format 2); export it as format 1")
    if kind > 2:
        raise RefusedError(f"it says it has MIDI file format {kind}; only 0 and 1 can be read")
    clocked = bool(division & 0x8000)
    if clocked:
        frames = 256 - (division >> 8)
        per_second = (30_000 / 1001 if frames == 29 else frames) * (division & 0xFF)
        if per_second <= 0:
            raise RefusedError("it counts in frames but gives no frame rate")
        scale = 2 * PPQ / per_second  # 120 quarter notes a minute
    elif division == 0:
        raise RefusedError("it gives no resolution (0 ticks to the beat)")
    else:
        scale = PPQ / division
    meta = _Meta([], [], [], [])
    voices: list[Voice] = []
    mended: list[str] = []
    names: list[str] = []
    at, tracks, notes_left = 8 + header, 0, MAX_NOTES
    while at + 8 <= len(data) and tracks < max(count, 1) + 64:
        length = int.from_bytes(data[at + 4 : at + 8], "big")
        if data[at : at + 4] == b"MTrk":
            tracks += 1
            end = min(at + 8 + length, len(data))
            if at + 8 + length > len(data):
                mended.append(f"track {tracks} ends too early")
            found, name, broken = _read_track(data, at + 8, end, scale, meta, notes_left)
            if broken:
                mended.append(f"track {tracks} is damaged ({broken})")
            voices += found
            names.append(name)
            notes_left -= sum(len(v.notes) for v in found)
        at += 8 + length
    if not tracks:
        raise RefusedError("it has no tracks")
    if not voices:
        raise RefusedError(f"it has no notes ({'; '.join(mended)})" if mended else "it has no notes")
    last = max(v.notes[-1].onset for v in voices)
    if last > MAX_TICKS:
        raise RefusedError(f"it lasts {round(last / PPQ / 4):,} bars; nobody plays that long")
    return Song(
        tuple(voices),
        _title(names, meta, bool(voices) and kind == 0),
        _tempos(meta, scale) if not clocked else ((0, 120.0),),
        tuple(MeterChange(round(t * scale), n, d) for t, n, d in sorted(meta.meters)),
        tuple((round(t * scale), k) for t, k in sorted(meta.keys, key=lambda k: k[0])),
        chord_symbols([(round(t * scale), text) for t, kind, text in meta.texts if kind in (1, 5, 6, 7)]),
        next((text for _, kind, text in meta.texts if kind == 2), ""),
        clocked=clocked,
        notes_to_reader=tuple(mended),
    )


def chord_symbols(texts: list[tuple[int, str]]) -> tuple[tuple[int, Chord], ...]:
    """Chords from markers or texts, if chords are what they are: at least four, three quarters of all of them
    readable and two of them different. Lyrics and section names ("A", "Chorus") give none."""
    found: list[tuple[int, Chord]] = []
    tried = 0
    for tick, text in sorted(texts, key=lambda t: t[0]):
        text = text.strip()
        if not text or len(text) > 24:
            continue
        tried += 1
        try:
            chord = parse_chord(text.removeprefix("chord:").strip())
        except MusicError:
            continue
        if found and found[-1][0] == tick:
            found[-1] = (tick, chord)
        else:
            found.append((tick, chord))
    chords = {c for _, c in found if c != NO_CHORD}
    # A tune of the sections A, B and C would read as three major chords.
    plain = all(c.symbol in ("A", "B", "C", "D", "E") for c in chords)
    if len(found) < 3 or len(found) < 0.75 * tried or len(chords) < 2 or (plain and len(found) < 12):
        return ()
    return tuple(found)


def _read_track(
    data: bytes, at: int, end: int, scale: float, meta: _Meta, notes_left: int
) -> tuple[list[Voice], str, str]:
    """Voices by channel, the track's name and what broke it off ("" if nothing did)."""
    now, status, running, broken, name = 0, 0, 0, "", ""
    programs: dict[int, int] = {}
    sounding: dict[int, list[tuple[int, int]]] = {}
    notes: dict[int, list[Sounded]] = {}
    used: dict[int, int] = {}
    made = 0
    try:
        while at < end:
            byte = data[at]
            at += 1
            delta = byte & 0x7F
            width = 1
            while byte & 0x80:
                byte = data[at]
                at += 1
                width += 1
                if width > 4:
                    raise ValueError("a time that never ends")
                delta = delta << 7 | byte & 0x7F
            now += delta
            byte = data[at]
            if byte & 0x80:
                at += 1
                status = byte
            elif running:
                # The specification ends running status at a meta event; many writers go on with it.
                status = running
            else:
                raise ValueError("data without a message")
            if status < 0xF0:
                running = status
                high = status >> 4
                width = _DATA_BYTES[high - 8]
                first = data[at]
                second = data[at + 1] if width == 2 else 0
                at += width
                if high == 9 and second:
                    made += 1
                    if made > notes_left:
                        raise RefusedError(f"it has more than {MAX_NOTES:,} notes; no band could play it")
                    sounding.setdefault((status & 15) << 7 | first & 127, []).append((now, min(second, 127)))
                elif high in (8, 9):
                    started = sounding.get((status & 15) << 7 | first & 127)
                    if started:
                        onset, velocity = started.pop(0)
                        tick = round(onset * scale)
                        notes.setdefault(status & 15, []).append(
                            Sounded(tick, first & 127, max(1, round(now * scale) - tick), velocity)
                        )
                elif high == 12:
                    programs.setdefault(status & 15, first & 127)
                    if (status & 15) not in notes:
                        programs[status & 15] = first & 127
            elif status == 0xFF:
                kind = data[at]
                length, at = _length(data, at + 1)
                if at + length > end:
                    raise ValueError("a text that is longer than the track")
                body = data[at : at + length]
                at += length
                if kind == 0x2F:
                    break
                if kind == 3 and not name:
                    name = _text(body)
                elif kind in used and used[kind] > 20_000:
                    continue
                else:
                    used[kind] = used.get(kind, 0) + 1
                    _take_meta(kind, body, now, meta)
            elif status in (0xF0, 0xF7):
                length, at = _length(data, at)
                at += length
            else:
                at += _SYSTEM_BYTES.get(status, 0)
    except IndexError:
        broken = "it ends too early"
    except ValueError as error:
        broken = str(error)
    for place, started in sounding.items():
        for onset, velocity in started:
            tick = round(onset * scale)
            # A note that is never ended rings for a beat: how long it was meant to is not known.
            length = min(max(1, round(now * scale) - tick), PPQ) if now > onset else PPQ
            notes.setdefault(place >> 7, []).append(Sounded(tick, place & 127, length, velocity))
    voices = [
        Voice(name, tuple(sorted(found)), channel, programs.get(channel, -1), channel == 9)
        for channel, found in sorted(notes.items())
    ]
    return voices, name, broken


def _length(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for _ in range(4):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, at
    raise ValueError("a length that never ends")


def _take_meta(kind: int, body: bytes, now: int, meta: _Meta) -> None:
    if kind == 0x51 and len(body) >= 3:
        micros = int.from_bytes(body[:3], "big")
        if micros:
            meta.tempos.append((now, min(max(60e6 / micros, 5.0), 1000.0)))
    elif kind == 0x58 and len(body) >= 2 and 1 <= body[0] <= 64 and body[1] <= 6:
        meta.meters.append((now, body[0], 1 << body[1]))
    elif kind == 0x59 and len(body) >= 2:
        sharps = body[0] - 256 if body[0] > 127 else body[0]
        if sharps in _TONICS and body[1] <= 1:
            minor = body[1] == 1
            meta.keys.append((now, Key((_TONICS[sharps] + (9 if minor else 0)) % 12, minor)))
    elif kind in (1, 2, 5, 6, 7) and body:
        meta.texts.append((now, kind, _text(body)))


def _text(body: bytes) -> str:
    body = body[:200]
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    return "".join(c if c.isprintable() else " " for c in text).strip()


def _tempos(meta: _Meta, scale: float) -> tuple[tuple[int, float], ...]:
    by_tick = {round(tick * scale): bpm for tick, bpm in sorted(meta.tempos, key=lambda t: t[0])}
    by_tick.setdefault(0, 120.0)
    return tuple(sorted(by_tick.items()))


def _title(names: list[str], meta: _Meta, single: bool) -> str:
    """The name of the first track, which in a format 1 file names the song."""
    name = next((n for n in names[:1] if n), "")
    if not name and not single:
        return ""
    return name
