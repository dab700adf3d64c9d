"""Finding the music in what the musician names: files, folders and zips, and nothing outside of them.

What is found is listed, not opened, but for the table of contents of a zip. A link that leads out of its
folder, a device, a zip that unpacks to more than it should: each becomes a refusal in words.
"""

import os
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jamtui.errors import JamtuiError
from jamtui.library.ingest.song import RefusedError

MIDI_SUFFIXES = (".mid", ".midi", ".kar", ".smf", ".rmi")
SCORE_SUFFIXES = (".musicxml", ".mxl", ".xml", ".abc")
SUFFIXES = MIDI_SUFFIXES + SCORE_SUFFIXES
"""Endings of files that can be read, lower case."""

MAX_MIDI_BYTES = 8 << 20
MAX_SCORE_BYTES = 16 << 20
MAX_ZIP_BYTES = 4 << 30
MAX_ZIP_ENTRIES = 60_000
MAX_ZIP_UNPACKED = 4 << 30
_MAX_RATIO = 400
"""A file in a zip that is so many times smaller than itself is a bomb, if it is large too."""
_BOMB_BYTES = 1 << 20
_EFFORT = {".abc": 200, ".mxl": 16, ".musicxml": 4, ".xml": 4}
"""Microseconds for a byte of a score, as measured."""
_MIDI_EFFORT = 4
_MOST_EFFORT = 5_000_000
"""What takes longer is refused."""
_MAX_DIRECTORY = 32 << 20
"""Bytes of a zip's table of contents."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file to read, or why it is not to be: ``refused`` is then a reason in words. ``member`` is its name
    in the zip ``path``, "" for a plain file."""

    path: Path
    member: str = ""
    refused: str = ""
    size: int = 0
    """Bytes, unpacked."""

    @property
    def effort(self) -> int:
        """About how long it takes to read, in microseconds; what counts is how files compare."""
        suffix = "." + (self.member or self.path.name).lower().rpartition(".")[2]
        return 0 if self.refused else min(1 + self.size * _EFFORT.get(suffix, _MIDI_EFFORT), _MOST_EFFORT)

    @property
    def name(self) -> str:
        """Path for people, on one line whatever the name holds."""
        text = f"{self.path}:{self.member}" if self.member else str(self.path)
        return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)

    @property
    def title(self) -> str:
        """The file's name without folder and ending."""
        last = self.member.rpartition("/")[2] if self.member else self.path.name
        stem = last.rpartition(".")[0] or last
        return "".join(c if c.isprintable() else " " for c in stem).strip()


def find(paths: Sequence[Path]) -> list[Item]:
    """All music below ``paths``, in order of path, each file once. Its paths are ``absolute``.

    Raises:
        JamtuiError: one of ``paths`` is not there.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise JamtuiError(f"there is no file or folder {path}; check the name")
    seen: set[tuple[int, int]] = set()
    found: list[Item] = []
    for path in map(absolute, paths):
        found += _one(path, path.parent if not path.is_dir() else path, seen, named=True)
    return found


def absolute(path: Path) -> Path:
    """``path`` from the root, with no link or ``..`` on the way; a link at its end stays one."""
    if path.name in ("", ".."):
        return Path(os.path.realpath(path))
    return Path(os.path.realpath(path.parent)) / path.name


def read_bytes(item: Item) -> bytes:
    """The bytes of an item, no more than its kind may have.

    Raises:
        RefusedError: it is too large, gone, not readable or damaged in its zip.
    """
    limit = _limit(item.member or item.path.name)
    try:
        if item.member:
            with zipfile.ZipFile(item.path) as box, box.open(item.member) as inside:
                data = inside.read(limit + 1)
        else:
            # O_NONBLOCK: a pipe that took the file's place meanwhile would wait for ever.
            handle = os.open(
                item.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            )
            with os.fdopen(handle, "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise RefusedError("it is not a file any more")
                data = file.read(limit + 1)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, KeyError) as error:
        raise RefusedError(f"it is damaged in its zip ({' '.join(str(error).split())[:80]})") from error
    except OSError as error:
        raise RefusedError(f"it cannot be read ({error.strerror or error})") from error
    except Exception as error:
        if type(error).__module__ in ("zlib", "lzma"):
            raise RefusedError("it is damaged in its zip; pack it again") from error
        raise
    if len(data) > limit:
        raise RefusedError(_too_large(limit))
    return data


def _one(path: Path, root: Path, seen: set[tuple[int, int]], named: bool = False) -> Iterator[Item]:
    """``path`` and what is below it; ``named``: the musician named it, so it is refused aloud."""
    suffix = path.suffix.lower()
    wanted = suffix in SUFFIXES or suffix == ".zip"
    try:
        link = path.is_symlink()
        if link and not named and not _inside(path, root):
            if wanted or path.is_dir():
                yield Item(path, refused="it is a link that leads out of its folder")
            return
        info = path.stat()
    except (OSError, RuntimeError, ValueError) as error:
        if wanted or named:
            reason = getattr(error, "strerror", None) or "its links go round in a circle"
            yield Item(path, refused=f"it cannot be read ({reason})")
        return
    if stat.S_ISDIR(info.st_mode):
        if (info.st_dev, info.st_ino) in seen or path.name == "__MACOSX":
            return
        seen.add((info.st_dev, info.st_ino))
        try:
            below = sorted(entry.name for entry in os.scandir(path))
        except OSError as error:
            yield Item(path, refused=f"this folder cannot be opened ({error.strerror})")
            return
        for name in below:
            if not name.startswith("._"):  # what macOS leaves beside a file is not music
                yield from _one(path / name, root, seen)
        return
    if not wanted:
        if named:
            yield Item(
                path, refused=f"it is none of the kinds that can be read ({', '.join(SUFFIXES)}, .zip)"
            )
        return
    if not stat.S_ISREG(info.st_mode):
        yield Item(path, refused="it is not a file but a pipe, a socket or a device")
        return
    if info.st_ino and (info.st_dev, info.st_ino) in seen:
        return
    seen.add((info.st_dev, info.st_ino))
    if suffix == ".zip":
        yield from _zipped(path, info.st_size)
    elif info.st_size > _limit(path.name):
        yield Item(path, refused=_too_large(_limit(path.name)))
    else:
        yield Item(path, size=info.st_size)


def _inside(path: Path, root: Path) -> bool:
    return path.resolve(strict=True).is_relative_to(root.resolve())


def _limit(name: str) -> int:
    return MAX_MIDI_BYTES if name.lower().endswith(MIDI_SUFFIXES) else MAX_SCORE_BYTES


def _too_large(limit: int) -> str:
    return f"it is larger than {limit >> 20} MB, which no such file of music is"


def _zipped(path: Path, size: int) -> Iterator[Item]:
    """The music in a zip, as its table of contents tells."""
    reason = _unreasonable(path, size)
    if reason:
        yield Item(path, refused=reason)
        return
    try:
        with zipfile.ZipFile(path) as box:
            inside = box.infolist()
    except Exception as error:  # zipfile answers a broken zip with BadZipFile, struct.error, ValueError, ...
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        yield Item(path, refused=f"this zip cannot be opened ({reason})")
        return
    total = sum(info.file_size for info in inside)
    if total > MAX_ZIP_UNPACKED:
        yield Item(path, refused=f"this zip would unpack to {total / 2**30:.0f} GB; it is not opened")
        return
    names: set[str] = set()
    for info in sorted(inside, key=lambda i: i.filename):
        name = info.filename
        last = name.rpartition("/")[2]
        if info.is_dir() or name in names or last.startswith("._") or name.startswith("__MACOSX/"):
            continue
        names.add(name)
        if last.lower().endswith(".zip"):
            yield Item(path, name, "a zip within a zip is not opened; unpack it first")
        elif not last.lower().endswith(SUFFIXES):
            continue
        elif info.flag_bits & 1:
            yield Item(path, name, "it is encrypted; unpack the zip first")
        elif info.file_size > _limit(last):
            yield Item(path, name, _too_large(_limit(last)))
        elif info.file_size > _BOMB_BYTES and info.file_size > _MAX_RATIO * max(info.compress_size, 1):
            yield Item(path, name, "it is packed so tightly that it can only be a trap; it is not unpacked")
        else:
            yield Item(path, name, size=info.file_size)


def _unreasonable(path: Path, size: int) -> str:
    """Why a zip is not even listed, "" if it is: its end is read by hand, since ``zipfile`` makes an object
    for each entry that it promises."""
    if size > MAX_ZIP_BYTES:
        return f"this zip is larger than {MAX_ZIP_BYTES >> 30} GB; unpack it first"
    try:
        with path.open("rb") as file:
            file.seek(max(0, size - (1 << 16) - 22))
            tail = file.read()
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"
    at = tail.rfind(b"PK\5\6")
    if at < 0 or at + 20 > len(tail):
        return "this zip is damaged (its table of contents is missing)"
    entries = int.from_bytes(tail[at + 10 : at + 12], "little")
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    if entries > MAX_ZIP_ENTRIES or (directory > _MAX_DIRECTORY):
        return f"this zip has more than {MAX_ZIP_ENTRIES:,} entries; unpack it first"
    return ""
