"""Compile the reflex book: read phrases and bass figures, check them, analyse every note.

Sources are ``<library>/<style>/lead.toml`` and ``comp.toml`` (tables ``[[phrase]]``) and the bass
figures of the styles. Reading files apart, everything here is pure.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from jamtui.errors import ConfigError, MusicError
from jamtui.music.chord import Family
from jamtui.music.meter import METERS
from jamtui.music.phrase import Phrase, Role
from jamtui.music.phrase_text import parse_phrase
from jamtui.session.book import ReflexBook, ReflexPhrase
from jamtui.session.book_analysis import analyse
from jamtui.styles.checking import Table
from jamtui.styles.loading import CONTEXTS, FIGURE_KEYS
from jamtui.styles.style import FigureText, Style

COMPILER_VERSION = 1
"""Raised when the same sources compile to another book."""

PROGRESSIONS = ("ii-V-I", "minor ii-V-i", "turnaround")
"""Contexts that need more than one chord."""

LENGTHS = (1, 2, 4)
"""Bars a phrase may have."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A phrase as written, before it is read; ``where`` names file and table for messages."""

    where: str
    role: Role
    style: str
    text: FigureText
    measured_surprise: bool = False
    """The file gives no surprise: measure it."""


def compile_book(library_dir: Path, styles: Mapping[str, Style]) -> ReflexBook:
    """The book of all phrases in ``library_dir`` and all bass figures of ``styles``.

    Its digest is over the sources as read and the compiler's version.

    Raises:
        ConfigError: the library cannot be read.
        MusicError: a phrase is wrong; the message names file, phrase and what to do.
    """
    entries = [*read_library(library_dir, styles), *bass_entries(styles)]
    digest = hashlib.sha256(f"reflex book compiler {COMPILER_VERSION}".encode())
    seen: dict[tuple[str, Role, str], str] = {}
    phrases: list[ReflexPhrase] = []
    for entry in entries:
        key = (entry.style, entry.role, entry.text.name)
        if key in seen:
            raise MusicError(f"{entry.where}: another phrase has this name; give each its own.")
        seen[key] = entry.where
        digest.update(repr((entry.role.value, entry.style, entry.text)).encode())
        phrases.append(compile_entry(entry, styles[entry.style]))
    return ReflexBook(digest.hexdigest(), tuple(phrases))


def compile_entry(entry: Entry, style: Style) -> ReflexPhrase:
    """Read, check and analyse one phrase. Raises MusicError, which names its place."""
    text = entry.text
    try:
        phrase = parse_phrase(text.name, entry.role, entry.style, text.chords, text.notes, METERS[text.meter])
        _check(phrase, text.context, style)
        surprise = None if entry.measured_surprise else text.surprise
        return analyse(phrase, text.context, text.energy, text.density, surprise)
    except MusicError as error:
        raise MusicError(f"{entry.where}: {error}") from error


def read_library(library_dir: Path, styles: Mapping[str, Style]) -> Iterator[Entry]:
    """The lead and comp phrases of the library, file by file in alphabetical order.

    Raises ConfigError when a file cannot be read, MusicError when one is wrong or belongs to no style.
    """
    for path in library_files(library_dir):
        style = path.parent.name
        if style not in styles:
            raise MusicError(
                f"{path}: there is no style {style!r}; "
                f"rename the folder to one of {', '.join(sorted(styles))}."
            )
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(
                f"The phrases {path} cannot be read ({error.strerror}); check the file."
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise MusicError(f"{path}: this is not valid TOML: {error}; correct that line.") from error
        top = Table(document, str(path))
        top.only(["phrase"])
        for table in top.tables("phrase"):
            yield _entry(table, Role(path.stem), style)


def library_files(library_dir: Path) -> tuple[Path, ...]:
    """The phrase files of a library. Raises ConfigError when there are none."""
    found = (library_dir.glob(f"*/{role.value}.toml") for role in (Role.LEAD, Role.COMP))
    files = tuple(sorted(path for paths in found for path in paths))
    if not files:
        raise ConfigError(
            f"The phrase library {library_dir} has no phrases; "
            f"put <style>/lead.toml there or correct the path."
        )
    return files


def bass_entries(styles: Mapping[str, Style]) -> Iterator[Entry]:
    """The bass figures of all styles."""
    for name in sorted(styles):
        for figure in styles[name].bass:
            yield Entry(f"style {name}, [[bass]] {figure.name}", Role.BASS, name, figure)


def _entry(table: Table, role: Role, style: str) -> Entry:
    table.only(FIGURE_KEYS)
    text = FigureText(
        name=table.text("name"),
        context=table.choice("context", CONTEXTS),
        chords=table.text("chords"),
        meter=table.choice("meter", METERS, "4/4"),
        energy=table.number("energy", 0.0, 1.0),
        density=None if "density" not in table.values else table.number("density", 0.0, 1.0),
        surprise=table.number("surprise", 0.0, 1.0, 0.0),
        notes=table.text("notes"),
    )
    return Entry(table.where, role, style, text, "surprise" not in table.values)


def _check(phrase: Phrase, context: str, style: Style) -> None:
    """What a phrase has to keep to, whatever it plays. Raises MusicError."""
    if phrase.bars not in LENGTHS:
        raise MusicError(f"it has {phrase.bars} bars; make it 1, 2 or 4.")
    if not phrase.notes:
        raise MusicError("it has no notes; write some or remove it.")
    role = style.roles[phrase.role]
    for note in phrase.notes:
        if not role.low <= note.pitch <= role.high:
            raise MusicError(
                f"MIDI note {note.pitch} is outside the {phrase.role.value} range of {style.name} "
                f"({role.low} to {role.high}); move it by an octave."
            )
    if phrase.role is not Role.COMP:
        ordered = sorted(phrase.notes)
        for before, after in pairwise(ordered):
            if before.onset + before.duration > after.onset:
                raise MusicError(
                    f"two notes sound at tick {after.onset}; a {phrase.role.value} line has one."
                )
    families = [span.chord.family for span in phrase.chords]
    if context in PROGRESSIONS:
        if len({span.chord for span in phrase.chords}) < 2:
            raise MusicError(f"it is for {context} but has only one chord; write the progression.")
    elif context in {family.value for family in Family} and set(families) != {Family(context)}:
        raise MusicError(
            f"it is for {context} but its chords are {', '.join(sorted(set(families)))}; match them."
        )
