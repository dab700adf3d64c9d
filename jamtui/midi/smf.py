"""Standard MIDI Files: a take's notes written, a file's notes read. mido is imported when it is needed."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jamtui.errors import JamtuiError
from jamtui.music.meter import PPQ


class MidiFileError(JamtuiError):
    """A MIDI file that cannot be read or written."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class FileNote:
    """A note in ticks of ``PPQ``; channel 0 to 15."""

    tick: int
    duration: int
    pitch: int
    velocity: int
    channel: int = 0


@dataclass(frozen=True, slots=True)
class Take:
    """Notes by track name, tempo changes ``(tick, beats a minute)`` and the time signature at the start."""

    tracks: Mapping[str, tuple[FileNote, ...]]
    tempos: tuple[tuple[int, float], ...] = ((0, 120.0),)
    meter: tuple[int, int] = (4, 4)
    programs: Mapping[str, int] | None = None
    """General MIDI program by track name."""


def write_smf(path: Path, take: Take) -> None:
    """Write a format 1 file: one track for tempo and meter, one per entry of ``tracks``.

    Raises:
        MidiFileError: it cannot be written there.
    """
    import mido

    file = mido.MidiFile(type=1, ticks_per_beat=PPQ)
    conductor = [
        (0, mido.MetaMessage("time_signature", numerator=take.meter[0], denominator=take.meter[1])),
        *((tick, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))) for tick, bpm in take.tempos),
    ]
    file.tracks.append(_track("", conductor))
    for name, notes in take.tracks.items():
        events: list[tuple[int, Any]] = []
        program = (take.programs or {}).get(name)
        if program is not None and notes:
            events.append((0, mido.Message("program_change", program=program, channel=notes[0].channel)))
        # Note-offs first where they share a tick, so that a repeated pitch sounds again.
        edges = [(n.tick, 1, n) for n in notes] + [(n.tick + max(1, n.duration), 0, n) for n in notes]
        for tick, on, n in sorted(edges, key=lambda e: (e[0], e[1])):
            events.append(
                (
                    tick,
                    mido.Message(
                        "note_on" if on else "note_off",
                        note=n.pitch,
                        velocity=n.velocity if on else 0,
                        channel=n.channel,
                    ),
                )
            )
        file.tracks.append(_track(name, events))
    temporary = path.with_name(path.name + ".new")
    try:
        file.save(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise MidiFileError(f"cannot write {path} ({error.strerror}); choose another place") from error


def read_smf(path: Path) -> Take:
    """Read notes, tempo and meter of a format 0 or 1 file, in ticks of ``PPQ``.

    Notes of a track that has no name go under ``track N``; a note that is never ended ends with its track.

    Raises:
        MidiFileError: not there, not a MIDI file, broken, or timed in frames (SMPTE) instead of beats.
    """
    import mido

    try:
        file = mido.MidiFile(path, clip=True)
    except FileNotFoundError as error:
        raise MidiFileError(f"there is no file {path}; check the name") from error
    except OSError as error:
        reason = error.strerror or str(error) or "it ends too early"
        raise MidiFileError(f"cannot read {path} as a MIDI file ({reason}); export it again") from error
    except (
        Exception
    ) as error:  # mido answers broken bytes with EOFError, KeyError, ValueError, IndexError, ...
        reason = str(error) or "it ends too early"
        raise MidiFileError(f"{path} is a broken MIDI file ({reason}); export it again") from error
    if not 0 < file.ticks_per_beat < 0x8000:
        raise MidiFileError(
            f"{path} counts in frames (SMPTE), not in beats; export it with a beat resolution"
        )
    scale = PPQ / file.ticks_per_beat
    tracks: dict[str, tuple[FileNote, ...]] = {}
    programs: dict[str, int] = {}
    tempos: dict[int, float] = {}
    meter: tuple[int, int] | None = None
    for index, track in enumerate(file.tracks):
        name = track.name or f"track {index}"
        if name in tracks:
            name = f"{name} ({index})"
        now = 0
        open_notes: dict[tuple[int, int], list[tuple[int, int]]] = {}
        notes: list[FileNote] = []
        for message in track:
            now += message.time
            if message.type == "set_tempo" and message.tempo:
                tempos[round(now * scale)] = mido.tempo2bpm(message.tempo)
            elif message.type == "time_signature" and meter is None:
                meter = (message.numerator, message.denominator)
            elif message.type == "program_change":
                programs.setdefault(name, message.program)
            elif message.type == "note_on" and message.velocity:
                open_notes.setdefault((message.channel, message.note), []).append((now, message.velocity))
            elif message.type in ("note_on", "note_off"):
                started = open_notes.get((message.channel, message.note))
                if started:
                    notes.append(_note(started.pop(0), now, message.note, message.channel, scale))
        for (channel, pitch), started in open_notes.items():
            notes += [_note(start, now, pitch, channel, scale) for start in started]
        if notes:
            tracks[name] = tuple(sorted(notes, key=lambda n: (n.tick, n.pitch)))
    return Take(
        tracks,
        tuple(sorted(tempos.items())) or ((0, 120.0),),
        meter or (4, 4),
        {name: program for name, program in programs.items() if name in tracks},
    )


def _note(start: tuple[int, int], end: int, pitch: int, channel: int, scale: float) -> FileNote:
    tick = round(start[0] * scale)
    return FileNote(tick, max(1, round(end * scale) - tick), pitch, start[1], channel)


def _track(name: str, events: Sequence[tuple[int, Any]]) -> Any:
    import mido

    track = mido.MidiTrack()
    if name:
        track.append(mido.MetaMessage("track_name", name=name))
    before = 0
    for tick, message in sorted(events, key=lambda e: e[0]):
        track.append(message.copy(time=tick - before))
        before = tick
    return track
