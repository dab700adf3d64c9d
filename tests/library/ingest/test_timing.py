"""Grid, swing, beats and bar lines: what was played is found again, whatever was done to its time."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.library.ingest.analyse import read
from jamtui.library.ingest.bars import find_phase, played_meter, sections
from jamtui.library.ingest.beats import follow
from jamtui.library.ingest.grid import (
    STEADY,
    find_swing,
    grid_fit,
    grid_offset,
    quantise,
    settle_swing,
    straighten,
)
from jamtui.library.ingest.song import MeterChange, RefusedError, Song, Sounded, Voice
from jamtui.music.tempo import TempoMap
from tests.library.ingest.midi_files import band, bass, chords, tune

onsets = st.lists(st.integers(0, 20_000), min_size=1, max_size=60)


def song_of(*tracks: tuple[str, int, list[Sounded]], **more: object) -> Song:
    voices = tuple(
        Voice(name, tuple(sorted(notes)), channel, -1, channel == 9) for name, channel, notes in tracks
    )
    return Song(voices, **more)  # type: ignore[arg-type]  # passed on as it is


@given(onsets)
def test_a_note_is_where_it_was_played(ticks: list[int]) -> None:
    played = np.array(sorted(ticks))
    grid = quantise(played, played + 300)
    assert (grid.onset + grid.residual == played).all()
    assert (np.abs(grid.residual) <= 160).all()
    assert (grid.duration > 0).all()
    assert (grid.onset % 40 == 0).all()


@given(onsets, st.floats(0.5, 0.72))
def test_straightening_keeps_the_order_and_the_beats(ticks: list[int], swing: float) -> None:
    played = np.array(sorted(ticks))
    straight = straighten(played, swing)
    assert (np.diff(straight) >= 0).all()
    assert (straight // 960 == played // 960).all() or np.abs(straight - played).max() <= 960
    assert (straighten(played[played % 960 == 0], swing) == played[played % 960 == 0]).all()


@pytest.mark.parametrize("swing", [0.56, 0.6, 2 / 3])
def test_swing_is_found_and_taken_out(swing: float) -> None:
    chance = random.Random(1)
    beat = [b * 960 + round(chance.gauss(0, 8)) for b in range(64)]
    off = [b * 960 + round(swing * 960 + chance.gauss(0, 8)) for b in range(64)]
    played = np.array(sorted(beat + off)) + 20
    found = find_swing(played - 20)
    assert found == pytest.approx(swing, abs=0.02)
    straight = straighten(played - 20, settle_swing(found))
    assert set(quantise(straight, straight + 100).onset % 960) <= {0, 480}


@pytest.mark.parametrize("step", [480, 240, 720])
def test_straight_and_dotted_rhythms_are_no_swing(step: int) -> None:
    played = np.array([b * 960 + i for b in range(32) for i in sorted({0, step})])
    assert settle_swing(find_swing(played)) == 0.5


def test_triplets_and_sixteenths_keep_their_places() -> None:
    played = np.array([0, 320, 640, 960, 1200, 1440, 1680, 1920, 2040, 2160, 2280])
    grid = quantise(played, played + 100)
    assert grid.onset.tolist() == played.tolist()
    assert not grid.residual.any()


@pytest.mark.parametrize("late", [60, 100, 310, 460])
def test_a_grid_beside_the_files_is_found(late: int) -> None:
    line = np.array([n.onset for n in tune(16)])
    assert grid_offset(line) == 0
    assert (grid_offset(line + late) - late) % 480 == 0


@pytest.mark.parametrize("other", [640, 720])
def test_eighths_among_triplets_or_dotted_notes_are_no_swing(other: int) -> None:
    beats = np.arange(32) * 960
    places = np.where(np.arange(32) % 2, other, 480)
    assert find_swing(np.sort(np.concatenate([beats, beats + places]))) == 0.5


@pytest.mark.parametrize("straight", [5, 9])
def test_straight_eighths_do_not_make_a_swing_straight_while_more_are_swung(straight: int) -> None:
    beats = np.arange(40) * 960
    places = np.where(np.arange(40) % 20 < straight, 480, 640)
    found = find_swing(np.sort(np.concatenate([beats, beats + places])))
    assert found is not None
    assert abs(found - 2 / 3) < 0.001


@pytest.mark.parametrize("late", [240, 720])
def test_a_recording_that_starts_a_sixteenth_late_is_moved(late: int) -> None:
    line = np.array([n.onset for n in tune(16)])
    assert len(line) >= 48
    assert (grid_offset(line + late) - late) % 480 == 0
    # Syncopated music on its own grid stays: as many notes between the eighths as on them.
    assert grid_offset(np.sort(np.concatenate([line, line + 240]))) == 0


def played_freely(notes: list[Sounded], seed: int) -> list[Sounded]:
    """As somebody plays them without a click, at a tempo that wanders between 96 and 128; ticks are those of
    a file at a fixed 120."""
    chance = random.Random(seed)
    seconds, bpm = [0.7], 110.0
    for _ in range(400):
        bpm = min(max(bpm + chance.gauss(0, 1.2), 96), 128)
        seconds.append(seconds[-1] + 60 / bpm)
    beat = np.arange(len(seconds)) * 960

    def at(tick: int) -> int:
        return round(float(np.interp(tick, beat, seconds)) * 1920 + chance.gauss(0, 12))

    return [
        Sounded(at(n.onset), n.pitch, max(1, at(n.onset + n.duration) - at(n.onset)), n.velocity)
        for n in notes
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_beat_is_found_in_a_performance(seed: int) -> None:
    played = [(name, ch, played_freely(notes, seed)) for name, ch, notes in band(32)]
    song = song_of(*played)
    raw = np.array([n.onset for v in song.voices for n in v.notes])
    assert grid_fit(raw) < STEADY
    found = follow(song)
    assert grid_fit(np.array([n.onset for v in found.voices for n in v.notes])) > 0.6
    tempos = [bpm for _, bpm in found.tempos][8:-70]
    assert 90 < float(np.median(tempos)) < 134
    # What sounded at a time still does.
    before, after = TempoMap(song.tempos), TempoMap(found.tempos)
    start = after.seconds_at(found.voices[0].notes[0].onset) - before.seconds_at(
        song.voices[0].notes[0].onset
    )
    for a, b in list(zip(song.voices[0].notes, found.voices[0].notes, strict=True))[::10]:
        assert after.seconds_at(b.onset) - before.seconds_at(a.onset) == pytest.approx(start, abs=0.03)


def test_notes_without_a_beat_are_refused() -> None:
    chance = random.Random(5)
    notes = [Sounded(chance.randrange(200_000), chance.randrange(40, 80), 400, 80) for _ in range(400)]
    with pytest.raises(RefusedError, match="click"):
        read(song_of(("Piano", 0, notes)))


@pytest.mark.parametrize("pickup", [0, 960, 1920, 2880, 1440])
def test_the_first_bar_line_is_found(pickup: int) -> None:
    notes = [n for track in (tune(24, pickup), chords(24, pickup), bass(24, pickup)) for n in track]
    table = np.array(sorted(notes))
    assert find_phase(table, 3840, 480) == pickup
    reading = read(song_of(*((name, ch, n) for name, ch, n in band(24, pickup))))
    assert [s.start for s in reading.sections] == [pickup - 3840 if pickup else 0]


@pytest.mark.parametrize(
    ("signature", "name"),
    [
        ((4, 4), "4/4"),
        ((2, 4), "4/4"),
        ((2, 2), "4/4"),
        ((3, 4), "3/4"),
        ((3, 2), "3/4"),
        ((6, 8), "6/8"),
        ((12, 8), "6/8"),
        ((3, 8), "6/8"),
        ((5, 4), "5/4"),
        ((7, 8), "7/8"),
        ((9, 8), None),
        ((11, 8), None),
    ],
)
def test_meters_are_played_as_one_that_the_band_knows(signature: tuple[int, int], name: str | None) -> None:
    meter = played_meter(*signature)
    assert (meter.name if meter else None) == name


def test_sections_follow_the_signatures() -> None:
    song = song_of(
        ("x", 0, tune(16)),
        meters=(MeterChange(0, 4, 4), MeterChange(15360, 3, 4), MeterChange(15360 + 4 * 2880, 9, 8)),
    )
    found = sections(song)
    assert [(s.start, s.bars, s.meter.name if s.meter else "") for s in found[:2]] == [
        (0, 4, "4/4"),
        (15360, 4, "3/4"),
    ]
    assert found[2].meter is None


def test_a_song_in_nine_eight_is_refused_with_its_meter() -> None:
    song = song_of(*band(8))
    with pytest.raises(RefusedError, match="9/8"):
        read(replace(song, meters=(MeterChange(0, 9, 8),)))
