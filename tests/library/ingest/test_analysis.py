"""Roles, chords and phrases of songs that the tests wrote, so that the answers are known."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.library.ingest.analyse import chords_between, phrases, read
from jamtui.library.ingest.roles import Part, part_of, shape
from jamtui.library.ingest.segment import boundaries, cut
from jamtui.library.ingest.smf import read_midi
from jamtui.library.ingest.song import Song, Sounded, Voice
from jamtui.library.records import PhraseRecord
from jamtui.music.chord import NO_CHORD, parse_chord
from jamtui.music.meter import COMMON_TIME
from jamtui.music.phrase import ChordSpan, Note, Role, Source
from jamtui.music.scale import Key
from tests.library.ingest.midi_files import band, bass, chords, midi_bytes, tune


def part(name: str, notes: list[Sounded], channel: int = 0, program: int = -1) -> Part:
    voice = Voice(name, tuple(notes), channel, program, channel == 9)
    return part_of(voice, shape(voice), only=False)


def beats_of(*pitches: int) -> list[Sounded]:
    return [Sounded(i * 960, p, 900, 80) for i, p in enumerate(pitches * 8)]


@pytest.mark.parametrize(
    ("name", "program", "channel", "notes", "expected"),
    [
        ("Melody", -1, 0, tune(), Part.LEAD),
        ("", 66, 3, tune(), Part.LEAD),
        ("", 33, 3, bass(), Part.BASS),
        ("Fretless Bass", -1, 3, bass(), Part.BASS),
        ("", -1, 3, bass(), Part.BASS),
        ("Bassoon", 70, 3, tune(), Part.LEAD),
        ("Rhythm guitar", 27, 3, chords(), Part.COMP),
        ("", 4, 3, chords(), Part.COMP),
        ("chords", 0, 3, chords(), Part.CHORDS),
        ("Piano", 0, 3, sorted(tune() + chords(low=36)), Part.KEYBOARD),
        ("", 0, 9, beats_of(36, 38), Part.DRUMS),
        ("Strings", 48, 3, chords(), Part.COMP),
        ("rain", 122, 3, tune(), Part.EFFECT),
    ],
)
def test_voices_find_their_parts(
    name: str, program: int, channel: int, notes: list[Sounded], expected: Part
) -> None:
    assert part(name, notes, channel, program) is expected


def analysed(data: bytes, role: Role | None = None, style: str = "") -> list[PhraseRecord]:
    return phrases(read(read_midi(data)), "f" * 64, "Tune", style, role)


def test_chords_key_and_numerals_of_a_band() -> None:
    reading = read(read_midi(midi_bytes(band(16))))
    assert [span.chord.symbol for span in reading.chords[:4]] == ["C", "Am", "F", "G"]
    assert [span.start for span in reading.chords[:4]] == [0, 3840, 7680, 11520]
    assert (reading.key.tonic, reading.key.minor) == (0, False)
    assert not reading.given
    record = next(r for r in analysed(midi_bytes(band(16))) if r.phrase.bars == 4)
    assert record.key == "C major"
    assert record.romans[:4] == ("I", "vi", "IV", "V")


def test_symbols_of_the_file_are_believed() -> None:
    symbols = ["Dm9", "G13", "Cmaj7", "A7b9"] * 4
    markers = [(i * 3840, symbol) for i, symbol in enumerate(symbols)]
    reading = read(read_midi(midi_bytes(band(16), markers=markers)))
    assert reading.given
    assert [span.chord.symbol for span in reading.chords] == symbols
    assert not read(read_midi(midi_bytes(band(16), markers=markers)), use_symbols=False).given


def test_the_key_of_a_short_line_is_that_of_its_chords() -> None:
    line = [74, 77, 81, 84, 83, 80, 76, 74, 73, 76, 79, 82, 81, 77, 74, 72, 71, 74, 78, 76, 79, 83, 81, 78]
    notes = [Sounded(i * 480, p, 480, 80) for i, p in enumerate(line)]
    markers = [(0, "Dm9"), (3840, "G13"), (7680, "Cmaj7")]
    data = midi_bytes([("Lick", 0, notes)], markers=markers)
    assert read(read_midi(data), use_symbols=False).key != Key(0)
    reading = read(read_midi(data))
    assert reading.key == Key(0)
    assert set(reading.bar_keys) == {Key(0)}
    records = analysed(data)
    assert {record.key for record in records} == {"C major"}
    assert {numeral for record in records for numeral in record.romans} >= {"ii9", "V13"}


def test_a_seventh_and_its_bass_are_heard() -> None:
    stacks = [(43, 53, 59, 62), (40, 55, 60, 64), (38, 53, 57, 60), (43, 53, 59, 62)] * 4
    notes = [Sounded(i * 3840, p, 3800, 70) for i, stack in enumerate(stacks) for p in stack]
    found = [s.chord.symbol for s in read(read_midi(midi_bytes([("Piano", 0, notes)]))).chords]
    assert found[:4] == ["G7", "C/E", "Dm7", "G7"]


def test_phrases_of_a_band() -> None:
    records = analysed(midi_bytes([*band(16), ("Drums", 9, beats_of(36, 42, 38, 42))], bpm=132))
    roles = {r.phrase.role for r in records}
    assert roles == set(Role)
    for record in records:
        phrase = record.phrase
        assert phrase.origin is Source.LIBRARY
        assert phrase.bars in (1, 2, 4)
        assert phrase.tempo == 132
        assert record.source == "f" * 64
        assert sum(span.length for span in phrase.chords) == phrase.length
        assert phrase.chords[0].start == 0
        assert list(phrase.notes) == sorted(phrase.notes)
        assert all(n.onset >= 0 and n.onset + n.duration <= phrase.length for n in phrase.notes)
        if phrase.role in (Role.LEAD, Role.BASS):
            ordered = phrase.notes
            assert all(a.onset + a.duration <= b.onset for a, b in pairwise(ordered))


def test_lines_breathe_where_the_tune_does() -> None:
    lead = [r for r in analysed(midi_bytes(band(16))) if r.phrase.role is Role.LEAD]
    twos = [r for r in lead if r.phrase.bars == 2]
    assert {r.first_bar % 2 for r in twos} == {0}
    assert len(twos) == 8


def test_the_musicians_word_decides() -> None:
    records = analysed(midi_bytes([("Melody", 0, tune(8)), ("Piano", 1, chords(8))]), Role.LEAD, "funk")
    assert {(r.phrase.role, r.phrase.style) for r in records} == {(Role.LEAD, "funk")}


def test_a_keyboard_is_cut_into_line_and_comping() -> None:
    records = analysed(midi_bytes([("Piano", 0, sorted(tune(16) + chords(16, low=36)))]))
    assert {r.phrase.role for r in records} == {Role.LEAD, Role.COMP}
    lead = [r for r in records if r.phrase.role is Role.LEAD]
    assert min(n.pitch for r in lead for n in r.phrase.notes) >= 60


def test_swung_lines_are_kept_straight_with_their_swing() -> None:
    swung = [n._replace(onset=n.onset + (160 if n.onset % 960 else 0), duration=300) for n in tune(16)]
    records = analysed(midi_bytes([("Melody", 0, swung), ("Piano", 1, chords(16))]))
    lead = [r for r in records if r.phrase.role is Role.LEAD]
    assert all(r.swing == pytest.approx(2 / 3, abs=0.01) for r in lead)
    assert {n.onset % 480 for r in lead for n in r.phrase.notes} == {0}
    assert {r.phrase.style for r in records} == {"swing"}


def test_a_quiet_stretch_takes_the_chord_beside_it() -> None:
    c, g = parse_chord("C"), parse_chord("G7")
    chords_ = [ChordSpan(0, 1000, NO_CHORD), ChordSpan(1000, 1000, c), ChordSpan(2000, 1000, NO_CHORD)]
    chords_ += [ChordSpan(3000, 1000, g), ChordSpan(4000, 1000, g)]
    assert chords_between(chords_, 0, 4000) == (ChordSpan(0, 3000, c), ChordSpan(3000, 1000, g))
    assert chords_between(chords_, 0, 900) == (ChordSpan(0, 900, NO_CHORD),)
    assert chords_between([], 0, 900) == ()


notes_of_bars = st.lists(
    st.tuples(st.integers(0, 63), st.integers(48, 72), st.integers(1, 12)), min_size=1, max_size=80
)


@given(notes_of_bars, st.sampled_from(list(Role)))
def test_pieces_are_whole_bars_of_the_voice(rows: list[tuple[int, int, int]], role: Role) -> None:
    notes = sorted(Note(slot * 480, pitch, length * 240) for slot, pitch, length in rows)
    count = 8
    for piece in cut(notes, count, COMMON_TIME, role):
        start, length = piece.first * 3840, piece.bars * 3840
        assert 0 <= piece.first <= piece.first + piece.bars <= count
        assert {(n.onset + start, n.pitch) for n in piece.notes} == {
            (n.onset, n.pitch) for n in notes if start <= n.onset < start + length
        }
        assert all(n.onset + n.duration <= length for n in piece.notes)


def test_a_note_across_a_bar_line_keeps_it_together() -> None:
    bars = [[Note(i * 960, 60, 900) for i in range(4)] for _ in range(4)]
    bars = [[Note(n.onset + b * 3840, n.pitch, n.duration) for n in bar] for b, bar in enumerate(bars)]
    bars[1][-1] = Note(7680 - 960, 64, 1900)
    strength = boundaries(bars, COMMON_TIME)
    assert strength[2] < 0 < strength[1]


def bars_of(*pitches: tuple[int, ...], length: int = 900) -> list[Note]:
    """A voice in 4/4, a beat a note; bars with fewer than four end in a rest."""
    return [Note(b * 3840 + i * 960, p, length) for b, bar in enumerate(pitches) for i, p in enumerate(bar)]


def strengths(notes: list[Note], count: int) -> list[float]:
    by_bar = [[n for n in notes if n.onset // 3840 == b] for b in range(count)]
    return boundaries(by_bar, COMMON_TIME)


def test_a_rest_or_a_long_note_makes_a_boundary_the_more_the_longer() -> None:
    full, rest, longer = (60, 62, 64, 65), (60, 62, 64), (60, 62)
    line, one, two = (strengths(bars_of(full, bar, full), 3)[2] for bar in (full, rest, longer))
    assert line < one < two
    held = [*bars_of(full, longer), Note(3840 + 1920, 64, 1900), *bars_of((), (), full)]
    assert strengths(held, 3)[2] > line, "a long note closes as a rest does"


def test_a_bar_that_comes_back_begins_a_phrase_and_its_repetition_does_not() -> None:
    a, b, c = (60, 62, 64, 65), (67, 65, 64, 62), (72, 71, 69, 67)
    returned = strengths(bars_of(a, b, c, a), 4)[3]
    new = strengths(bars_of(a, b, c, (74, 72, 71, 69)), 4)[3]
    assert returned > new
    again = strengths(bars_of(c, a, b, (74, 72, 71, 69), (76, 74, 72, 71), a, b), 7)
    assert again[5] > again[6], "the second bar of what comes back is inside it"


def test_the_first_bar_comes_back_like_any_other_also_after_the_bar_that_ends_the_piece() -> None:
    a, b, c, d = (60, 62, 64, 65), (67, 65, 64, 62), (72, 71, 69, 67), (74, 72, 71, 69)
    twice = strengths(bars_of(a, b, c, a, b, c), 6)
    once = strengths(bars_of(a, b, c, d, b, c), 6)
    assert twice[3] == pytest.approx(once[3] + 0.4)
    assert twice[4] == pytest.approx(once[4] - 0.4), "it goes on as it did the first time"
    later = strengths(bars_of(d, a, b, c, a, b, c), 7)
    assert later[4] == pytest.approx(twice[3] + 0.16), "where it stood first makes no difference"


def test_phrases_end_where_the_voice_breathes_whatever_the_count_of_bars_says() -> None:
    full = [(60 + i, 62 + i, 64 + i, 65 + i) for i in range(8)]
    notes = bars_of(full[0], full[1][:2], full[2], full[3], full[4], full[5][:2], full[6], full[7][:2])
    assert {(p.first, p.bars) for p in cut(notes, 8, COMMON_TIME, Role.LEAD)} >= {(0, 2), (2, 4), (6, 2)}


def test_an_empty_song_has_no_phrases() -> None:
    song = Song((Voice("x", (Sounded(0, 60, 100, 80),)),))
    assert phrases(read(song), "", "x") == []
