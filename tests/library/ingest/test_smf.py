"""The reader of MIDI files agrees with mido, salvages what it can and refuses the rest in words."""

import io

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.library.ingest.smf import chord_symbols, read_midi
from jamtui.library.ingest.song import RefusedError, Sounded
from tests.library.ingest.midi_files import band, midi_bytes, tune


def track(body: bytes) -> bytes:
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def header(kind: int = 1, tracks: int = 1, division: int = 480) -> bytes:
    return b"MThd" + (6).to_bytes(4, "big") + b"".join(n.to_bytes(2, "big") for n in (kind, tracks, division))


END = bytes([0, 0xFF, 0x2F, 0])
NOTE = bytes([0, 0x90, 60, 80, 0x83, 0x60, 0x80, 60, 0])


WHOLE = midi_bytes([("x", 0, tune(4))])


def data_before_last_track(data: bytes) -> bytes:
    return data[: data.rfind(b"MTrk")]


def notes_of_mido(data: bytes) -> list[tuple[int, int, int, int]]:
    """(onset, pitch, duration, channel) as mido reads them."""
    file = mido.MidiFile(file=io.BytesIO(data))
    found = []
    for one in file.tracks:
        now, begun = 0, {}
        for message in one:
            now += message.time
            if message.type == "note_on" and message.velocity:
                begun.setdefault((message.channel, message.note), []).append(now)
            elif message.type in ("note_on", "note_off") and begun.get((message.channel, message.note)):
                onset = begun[message.channel, message.note].pop(0)
                found.append((onset * 2, message.note, (now - onset) * 2, message.channel))
    return sorted(found)


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.integers(0, 127), st.integers(1, 40), st.integers(1, 127)),
        min_size=1,
        max_size=30,
    ),
    st.integers(0, 15),
)
def test_reads_the_notes_that_mido_reads(rows: list[tuple[int, int, int, int]], channel: int) -> None:
    notes = [Sounded(a * 60, pitch, length * 60, velocity) for a, pitch, length, velocity in rows]
    data = midi_bytes([("x", channel, notes)])
    song = read_midi(data)
    mine = sorted((n.onset, n.pitch, n.duration, v.channel) for v in song.voices for n in v.notes)
    assert mine == notes_of_mido(data)


def test_tempo_meter_names_programs_and_chords_arrive() -> None:
    markers = [(i * 1920, symbol) for i, symbol in enumerate(("Dm7", "G7", "Cmaj7", "A7/C#"))]
    data = midi_bytes(band(), bpm=90, meter=(3, 4), markers=markers, programs=[66, 0, 33])
    song = read_midi(data)
    assert song.tempos == ((0, pytest.approx(90.0, abs=0.001)),)
    assert [(m.numerator, m.denominator) for m in song.meters] == [(3, 4)]
    assert [(v.name, v.program) for v in song.voices] == [("Melody", 66), ("Piano", 0), ("Bass", 33)]
    assert [(tick, chord.symbol) for tick, chord in song.symbols] == markers


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for candidate in (data, header() + data, header() + track(data)):
        words = "read"
        try:
            song = read_midi(candidate)
        except RefusedError as refusal:
            words = str(refusal)
        else:
            assert all(n.duration > 0 and 0 <= n.pitch <= 127 for v in song.voices for n in v.notes)
        assert words[0].islower()


@given(st.integers(14, 400))
def test_a_file_cut_anywhere_keeps_what_stood_before(length: int) -> None:
    data = WHOLE[:length]
    whole = {(n.onset, n.pitch) for n in read_midi(WHOLE).voices[0].notes}
    try:
        song = read_midi(data)
    except RefusedError:
        return
    assert {(n.onset, n.pitch) for v in song.voices for n in v.notes} <= whole
    # A track that is cut between two of its notes says so by its length.
    in_track = length > len(data_before_last_track(data)) + 8
    assert bool(song.notes_to_reader) == (in_track and length < len(WHOLE))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "header is missing"),
        (b"%PDF-1.7", "not a MIDI file"),
        (b"MThd\0\0", "ends within its header"),
        (header(2, 2) + track(NOTE + END) * 2, "separate patterns"),
        (header(7) + track(NOTE + END), "format 7"),
        (header(division=0) + track(NOTE + END), "no resolution"),
        (header(division=0xE700) + track(NOTE + END), "no frame rate"),
        (header(), "no tracks"),
        (header() + track(END), "no notes"),
        (header() + track(bytes([0xFF, 0xFF, 0xFF, 0x7F, 0x90, 60, 80]) + NOTE[4:] + END), "bars"),
        (header() + track(bytes([0, 60, 60])), "damaged"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(data: bytes, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        read_midi(data)


def test_running_status_goes_on_after_a_meta_event() -> None:
    text = bytes([0, 0xFF, 0x01, 1, 65])
    body = bytes([0, 0x90, 60, 80]) + text + bytes([0x10, 60, 0, 0, 62, 80, 0x10, 62, 0])
    song = read_midi(header() + track(body + END))
    assert [n.pitch for n in song.voices[0].notes] == [60, 62]


def test_notes_that_are_never_ended_ring_for_a_beat() -> None:
    song = read_midi(header() + track(bytes([0, 0x90, 60, 80]) + END))
    assert song.voices[0].notes == (Sounded(0, 60, 960, 80),)


def test_frames_are_read_as_seconds() -> None:
    # 25 frames of 40: 1000 ticks a second; a second is two quarter notes of 120 a minute.
    song = read_midi(header(division=0xE728) + track(NOTE + END))
    assert song.clocked
    assert song.voices[0].notes[0].duration == round(0x1E0 * 1.92)


def test_a_riff_wrapper_is_unwrapped() -> None:
    data = midi_bytes([("x", 0, tune(2))])
    wrapped = b"RIFF" + (len(data) + 12).to_bytes(4, "little") + b"RMIDdata"
    wrapped += len(data).to_bytes(4, "little") + data
    assert read_midi(wrapped).voices == read_midi(data).voices


def test_more_notes_than_anybody_plays_are_refused() -> None:
    one = bytes([0, 0x90, 60, 80, 1, 60, 0])
    body = one + bytes([0, 60, 80, 1, 60, 0]) * 150_001
    with pytest.raises(RefusedError, match="150,000 notes"):
        read_midi(header() + track(body + END))


@pytest.mark.parametrize(
    "texts",
    [
        ["Verse", "Chorus", "Bridge", "Chorus", "End"],
        ["A", "B", "A", "C"],
        ["Hel", "lo", "my", "dar", "ling"],
        ["C", "C", "C", "C"],
        ["Dm7", "G7"],
    ],
)
def test_words_are_no_chord_symbols(texts: list[str]) -> None:
    assert chord_symbols([(i * 960, text) for i, text in enumerate(texts)]) == ()
