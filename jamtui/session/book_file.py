"""The compiled reflex book as a file: written atomically, checked when it is read, quick to load.

The first line is a JSON object that says what the file is, its version, the book's digest and the
SHA-256 of the rest; the second holds the phrases, their notes as flat lists of numbers.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from jamtui.errors import ConfigError
from jamtui.music.chord import Family
from jamtui.music.phrase import Role
from jamtui.session.book import Function, ReflexBook, ReflexChord, ReflexNote, ReflexPhrase

BOOK_KIND = "jamtui reflex book"
BOOK_VERSION = 1
"""Version of the file's layout; another one is refused."""

_FUNCTIONS = tuple(Function)
_FIELDS = 6


def save_book(book: ReflexBook, path: Path) -> None:
    """Write ``book`` to ``path``, whole or not at all; folders are made. Raises ConfigError."""
    payload = json.dumps([_pack(phrase) for phrase in book.phrases], separators=(",", ":")).encode()
    header = {
        "kind": BOOK_KIND,
        "version": BOOK_VERSION,
        "digest": book.digest,
        "sha256": hashlib.sha256(payload).hexdigest(),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(json.dumps(header).encode() + b"\n" + payload + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise ConfigError(
            f"The reflex book cannot be written to {path} ({error.strerror}); make room or make it writable."
        ) from error


def load_book(path: Path) -> ReflexBook:
    """The book in ``path``.

    Raises:
        ConfigError: it is missing, of another version or damaged; the message says what to do.
    """
    digest, payload = _checked(path)
    try:
        phrases = tuple(_unpack(row) for row in json.loads(payload))
    except (ValueError, TypeError, IndexError) as error:
        raise _damaged(path) from error
    return ReflexBook(digest, phrases)


def book_path(library_dir: Path, styles_dir: Path, cache_dir: Path, own_styles: Path | None = None) -> Path:
    """Where the book of these sources is kept: its name holds the digest of every source file's bytes,
    so that a book made from other sources is another file.

    Raises ConfigError when a source cannot be read.
    """
    from jamtui.session.book_compile import COMPILER_VERSION, library_files  # tomllib stays out of the engine

    own = sorted(own_styles.glob("*.toml")) if own_styles is not None else []
    digest = hashlib.sha256(f"{BOOK_VERSION} {COMPILER_VERSION}".encode())
    for path in (*library_files(library_dir), *sorted(styles_dir.glob("*.toml")), *own):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{path} cannot be read ({error.strerror}); check the file.") from error
        digest.update(f"\0{path.parent.name}/{path.name}\0{len(content)}\0".encode() + content)
    return cache_dir / f"reflex-{digest.hexdigest()[:20]}.book"


def ensure_book(library_dir: Path, styles_dir: Path, cache_dir: Path, own_styles: Path | None = None) -> Path:
    """The compiled book of these sources, made now if it is missing, stale or damaged; books of other
    sources in ``cache_dir`` are removed.

    Raises ConfigError when a file cannot be read or written, MusicError when a source is wrong.
    """
    path = book_path(library_dir, styles_dir, cache_dir, own_styles)
    try:
        _checked(path)
        return path
    except ConfigError:
        pass
    from jamtui.session.book_compile import compile_book
    from jamtui.styles.loading import load_styles

    save_book(compile_book(library_dir, load_styles(styles_dir, own_styles)), path)
    for old in cache_dir.glob("reflex-*.book"):
        if old != path:
            # Another jamtui may be reading it: then it stays.
            with contextlib.suppress(OSError):
                old.unlink()
    return path


def _checked(path: Path) -> tuple[str, bytes]:
    """Digest and payload of a book file that is whole. Raises ConfigError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"The reflex book {path} cannot be read ({error.strerror}); start jamtui again to make it anew."
        ) from error
    first, _, rest = content.partition(b"\n")
    try:
        header = json.loads(first)
        kind, version = header["kind"], header["version"]
        digest, expected = header["digest"], header["sha256"]
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged(path) from error
    if kind != BOOK_KIND:
        raise _damaged(path)
    if version != BOOK_VERSION:
        raise ConfigError(
            f"The reflex book {path} has version {version}, this jamtui reads {BOOK_VERSION}; "
            f"delete it and start again."
        )
    payload = rest.removesuffix(b"\n")
    if not isinstance(digest, str) or hashlib.sha256(payload).hexdigest() != expected:
        raise _damaged(path)
    return digest, payload


def _damaged(path: Path) -> ConfigError:
    return ConfigError(
        f"The reflex book {path} is damaged; delete it and start jamtui again to make it anew."
    )


def _pack(phrase: ReflexPhrase) -> list[Any]:
    notes: list[int] = []
    for n in phrase.notes:
        notes += (n.onset, n.duration, n.interval, n.velocity, _FUNCTIONS.index(n.function), n.chord)
    return [
        phrase.name,
        phrase.role.value,
        phrase.style,
        phrase.context,
        phrase.meter,
        phrase.bars,
        phrase.energy,
        phrase.density,
        phrase.surprise,
        [[c.start, c.root, c.quality, c.family.value] for c in phrase.chords],
        notes,
    ]


def _unpack(row: list[Any]) -> ReflexPhrase:
    name, role, style, context, meter, bars, energy, density, surprise, chords, flat = row
    columns = [flat[i::_FIELDS] for i in range(_FIELDS)]
    functions = [_FUNCTIONS[i] for i in columns[4]]
    return ReflexPhrase(
        name=name,
        role=Role(role),
        style=style,
        context=context,
        meter=meter,
        bars=bars,
        energy=energy,
        density=density,
        surprise=surprise,
        chords=tuple(
            ReflexChord(start, root, quality, Family(family)) for start, root, quality, family in chords
        ),
        notes=tuple(map(ReflexNote, *columns[:4], functions, columns[5])) if flat else (),
    )
