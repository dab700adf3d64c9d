from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.midi.smf import FileNote, MidiFileError, Take, read_smf, write_smf

LINE = (FileNote(0, 480, 60, 90), FileNote(480, 480, 60, 70), FileNote(960, 1920, 64, 100))


def test_a_take_comes_back_as_it_was_written(tmp_path: Path) -> None:
    drums = (FileNote(0, 120, 36, 110, 9), FileNote(0, 120, 42, 60, 9))
    take = Take({"lead": LINE, "drums": drums}, ((0, 92.0), (3840, 184.0)), (7, 8), {"lead": 65, "drums": 0})
    write_smf(tmp_path / "take.mid", take)
    back = read_smf(tmp_path / "take.mid")
    assert back.tracks == {"lead": LINE, "drums": drums}
    assert back.meter == (7, 8)
    assert back.programs == {"lead": 65, "drums": 0}
    assert [tick for tick, _ in back.tempos] == [0, 3840]
    assert [bpm for _, bpm in back.tempos] == pytest.approx([92, 184], abs=0.001)


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.integers(1, 2000), st.integers(0, 127), st.integers(1, 127)),
        max_size=12,
        unique_by=lambda n: n[2],
    )
)
def test_any_notes_survive(
    tmp_path_factory: pytest.TempPathFactory, raw: list[tuple[int, int, int, int]]
) -> None:
    notes = tuple(sorted((FileNote(t, d, p, v) for t, d, p, v in raw), key=lambda n: (n.tick, n.pitch)))
    path = tmp_path_factory.mktemp("smf") / "x.mid"
    write_smf(path, Take({"x": notes}))
    assert read_smf(path).tracks.get("x", ()) == notes


def test_other_resolutions_are_scaled_and_open_notes_end_with_the_track(tmp_path: Path) -> None:
    track = mido.MidiTrack(
        [
            mido.Message("note_on", note=60, velocity=80, time=0),
            mido.Message("note_on", note=60, velocity=0, time=48),
            mido.Message("note_on", note=62, velocity=80, time=48),
            mido.MetaMessage("end_of_track", time=96),
        ]
    )
    mido.MidiFile(type=0, ticks_per_beat=96, tracks=[track]).save(tmp_path / "old.mid")
    take = read_smf(tmp_path / "old.mid")
    assert take.tracks == {"track 0": (FileNote(0, 480, 60, 80), FileNote(960, 960, 62, 80))}
    assert take.tempos == ((0, 120.0),)
    assert take.meter == (4, 4)


@pytest.mark.parametrize("content", [b"", b"not music", b"MThd\0\0\0\6\0\1\0\1\3\xc0MTrk\0\0\0\x20\0\x90"])
def test_a_broken_file_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mid"
    path.write_bytes(content)
    with pytest.raises(MidiFileError, match=r"broken\.mid") as error:
        read_smf(path)
    assert "\n" not in str(error.value)


def test_frames_instead_of_beats_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.mid"
    path.write_bytes(b"MThd\0\0\0\6\0\1\0\1\xe7\x28MTrk\0\0\0\4\0\xff\x2f\0")
    with pytest.raises(MidiFileError, match="SMPTE"):
        read_smf(path)


def test_a_missing_file_and_a_missing_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(MidiFileError, match=r"there is no file .*none\.mid"):
        read_smf(tmp_path / "none.mid")
    with pytest.raises(MidiFileError, match="cannot write"):
        write_smf(tmp_path / "nowhere" / "x.mid", Take({"x": LINE}))
