"""MIDI files for the tests, written with mido, and notes to put into them."""

import io
import random
from collections.abc import Iterable, Sequence

import mido

from jamtui.library.ingest.song import Sounded

PPQ = 480
"""Resolution of the files; readers count in 960."""

Events = Iterable[tuple[int, mido.Message | mido.MetaMessage]]

TUNE = (60, 62, 64, 65, 67, 65, 64, 62, 67, 69, 71, 72, 71, 69, 67, 64)
PROGRESSION = ((0, "maj"), (9, "min"), (5, "maj"), (7, "maj"))


def midi_bytes(
    tracks: Sequence[tuple[str, int, Sequence[Sounded]]],
    bpm: float = 120.0,
    meter: tuple[int, int] | None = (4, 4),
    markers: Sequence[tuple[int, str]] = (),
    programs: Sequence[int] = (),
    division: int = PPQ,
) -> bytes:
    """A format 1 file; ``tracks`` are (name, channel, notes), ticks of notes and markers are of 960."""
    file = mido.MidiFile(type=1, ticks_per_beat=division)
    conductor: list[tuple[int, mido.Message | mido.MetaMessage]] = [
        (0, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)))
    ]
    if meter:
        conductor.append((0, mido.MetaMessage("time_signature", numerator=meter[0], denominator=meter[1])))
    conductor += [(tick * division // 960, mido.MetaMessage("marker", text=text)) for tick, text in markers]
    file.tracks.append(_track(conductor))
    for i, (name, channel, notes) in enumerate(tracks):
        events: list[tuple[int, mido.Message | mido.MetaMessage]] = [
            (0, mido.MetaMessage("track_name", name=name))
        ]
        if i < len(programs):
            events.append((0, mido.Message("program_change", channel=channel, program=programs[i])))
        for n in notes:
            on, off = n.onset * division // 960, (n.onset + n.duration) * division // 960
            events.append((on, mido.Message("note_on", channel=channel, note=n.pitch, velocity=n.velocity)))
            events.append((off, mido.Message("note_off", channel=channel, note=n.pitch)))
        file.tracks.append(_track(events))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _track(events: Events) -> mido.MidiTrack:
    track, before = mido.MidiTrack(), 0
    for tick, message in sorted(events, key=lambda e: (e[0], e[1].type != "note_off")):
        track.append(message.copy(time=tick - before))
        before = tick
    return track


def tune(bars: int = 16, start: int = 0, step: int = 480) -> list[Sounded]:
    """An eighth-note line with a breath at the end of every second bar."""
    notes = []
    for bar in range(bars):
        for i in range(8 if bar % 2 == 0 else 5):
            pitch = TUNE[(bar * 5 + i * 3) % len(TUNE)]
            notes.append(Sounded(start + bar * 3840 + i * step, pitch, step - 40, 80 + i))
    return notes


def chords(bars: int = 16, start: int = 0, low: int = 48) -> list[Sounded]:
    """One triad a bar in root position: C, Am, F, G."""
    notes = []
    for bar in range(bars):
        root, kind = PROGRESSION[bar % 4]
        for interval in (0, 4 if kind == "maj" else 3, 7):
            notes.append(Sounded(start + bar * 3840, low + root + interval, 3700, 70))
    return notes


def bass(bars: int = 16, start: int = 0) -> list[Sounded]:
    """Root and fifth in halves."""
    return [
        Sounded(start + bar * 3840 + half * 1920, 36 + PROGRESSION[bar % 4][0] + 7 * half, 1800, 90)
        for bar in range(bars)
        for half in (0, 1)
    ]


def band(bars: int = 16, start: int = 0) -> list[tuple[str, int, list[Sounded]]]:
    """A melody, chords and a bass."""
    return [
        ("Melody", 0, tune(bars, start)),
        ("Piano", 1, chords(bars, start)),
        ("Bass", 2, bass(bars, start)),
    ]


def varied_band(seed: int, bars: int = 8) -> bytes:
    """A file unlike that of any other seed."""
    chance = random.Random(seed)
    line = [
        Sounded(bar * 3840 + i * 480, 60 + chance.choice((0, 2, 4, 5, 7, 9, 11, 12)), 440, 80)
        for bar in range(bars)
        for i in sorted(chance.sample(range(8), 5))
    ]
    return midi_bytes([("Melody", 0, line), ("Piano", 1, chords(bars)), ("Bass", 2, bass(bars))])
