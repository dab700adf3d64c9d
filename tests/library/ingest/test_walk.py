"""What is found in a folder, and what is refused before it is opened: links, pipes, bombs and traps."""

import os
import struct
import sys
import zipfile
from pathlib import Path

import pytest

from jamtui.errors import JamtuiError
from jamtui.library.ingest.files import analyse_file
from jamtui.library.ingest.song import RefusedError
from jamtui.library.ingest.walk import MAX_MIDI_BYTES, Item, find, read_bytes
from tests.library.ingest.midi_files import band, midi_bytes

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
MIDI = midi_bytes(band(4))


def reasons(items: list[Item]) -> dict[str, str]:
    return {item.member or item.path.name: item.refused for item in items}


def test_folders_are_searched_and_other_files_left_alone(tmp_path: Path) -> None:
    for name in (
        "b.mid",
        "a/c.MIDI",
        "a/deep/d.kar",
        "e.abc",
        "f.musicxml",
        "g.mxl",
        "readme.txt",
        "._b.mid",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(MIDI)
    found = find([tmp_path])
    assert [i.path.relative_to(tmp_path).as_posix() for i in found] == [
        *("a/c.MIDI", "a/deep/d.kar", "b.mid", "e.abc", "f.musicxml", "g.mxl")
    ]
    assert not any(i.refused for i in found)


def test_what_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(JamtuiError, match="no file or folder"):
        find([tmp_path / "nothing"])


def test_a_file_of_no_known_kind_is_refused_if_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    path.write_bytes(b"RIFF")
    assert "none of the kinds" in find([path])[0].refused


@POSIX
def test_links_lead_nowhere_outside(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret.mid").write_bytes(MIDI)
    (inside / "own.mid").write_bytes(MIDI)
    (inside / "link.mid").symlink_to(outside / "secret.mid")
    (inside / "folder").symlink_to(outside)
    (inside / "again.mid").symlink_to(inside / "own.mid")
    (inside / "loop").symlink_to(inside)
    (inside / "broken.mid").symlink_to(inside / "gone.mid")
    (inside / "round.mid").symlink_to(inside / "round.mid")
    found = reasons(find([inside]))
    assert "leads out" in found["link.mid"]
    assert "leads out" in found["folder"]
    assert "cannot be read" in found["broken.mid"]
    assert "cannot be read" in found["round.mid"]
    assert [name for name, refused in found.items() if not refused] == [
        "again.mid"
    ]  # and own.mid is the same


@POSIX
def test_pipes_and_devices_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mid")
    found = find([tmp_path, Path("/dev/null")])
    assert "pipe" in found[0].refused
    assert "kinds" in found[1].refused
    with pytest.raises(RefusedError):
        read_bytes(Item(tmp_path / "pipe.mid"))


@POSIX
def test_names_with_line_breaks_are_shown_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "two\nlines\x1b[2J.mid"
    path.write_bytes(b"nothing")
    item = find([tmp_path])[0]
    assert item.name.isprintable()
    assert analyse_file(item.path).source.path.isprintable()


def test_a_sparse_gigabyte_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "big.mid"
    with path.open("wb") as file:
        file.write(MIDI)
        file.truncate(1 << 30)
    assert "larger than 8 MB" in find([path])[0].refused
    # A file that grew since it was listed is not read to its end either.
    with pytest.raises(RefusedError, match="larger"):
        read_bytes(Item(path))


def test_music_in_a_zip(tmp_path: Path) -> None:
    path = tmp_path / "songs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("a/one.mid", MIDI)
        box.writestr("../../escape.mid", MIDI)
        box.writestr("notes.txt", "no")
        box.writestr("__MACOSX/._one.mid", MIDI)
        box.writestr("inner.zip", b"PK")
    found = reasons(find([path]))
    assert "zip within a zip" in found.pop("inner.zip")
    assert found == {"a/one.mid": "", "../../escape.mid": ""}
    analysed = analyse_file(path, member="../../escape.mid")
    assert analysed.phrases
    assert not (tmp_path.parent.parent / "escape.mid").exists()


def test_zip_bombs_are_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("zeros.mid", bytes(MAX_MIDI_BYTES - 1))
        box.writestr("large.mid", bytes(MAX_MIDI_BYTES + 1))
    found = reasons(find([path]))
    assert "tightly" in found["zeros.mid"]
    assert "larger" in found["large.mid"]


def test_a_zip_that_lies_about_its_sizes_is_read_no_further(tmp_path: Path) -> None:
    path = tmp_path / "liar.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("x.mid", bytes(MAX_MIDI_BYTES * 3))
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        at = data.find(mark) + offset
        data[at : at + 4] = struct.pack("<I", 1000)
    path.write_bytes(data)
    (item,) = find([path])
    assert item.refused == ""
    with pytest.raises(RefusedError, match=r"damaged in its zip|larger"):
        read_bytes(item)


def test_a_zip_that_promises_too_many_entries_is_not_listed(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 1 << 30, 0, 0)
    path.write_bytes(b"PK\3\4" + bytes(100) + end)
    assert "entries" in find([path])[0].refused


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all", b"PK\5\6" + bytes(18) + b"x" * 50])
def test_broken_zips_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "broken.zip"
    path.write_bytes(data)
    found = find([path])
    assert all(item.refused for item in found)


def test_encrypted_music_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "locked.zip"
    with zipfile.ZipFile(path, "w") as box:
        box.writestr("x.mid", MIDI)
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.find(mark) + offset] |= 1
    path.write_bytes(data)
    assert "encrypted" in find([path])[0].refused


def test_a_member_whose_bytes_are_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("x.mid", MIDI * 3)
    data = bytearray(path.read_bytes())
    data[60:90] = bytes(30)
    path.write_bytes(data)
    (item,) = find([path])
    with pytest.raises(RefusedError, match="zip"):
        read_bytes(item)
