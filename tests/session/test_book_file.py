import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import ConfigError, MusicError
from jamtui.music.chord import Family
from jamtui.music.phrase import Role
from jamtui.session import book_compile, book_file
from jamtui.session.book import Function, ReflexBook, ReflexChord, ReflexNote, ReflexPhrase
from jamtui.session.book_file import book_path, ensure_book, load_book, save_book

ROOT = Path(__file__).parents[2]

share = st.floats(0, 1, allow_nan=False)
chords = st.builds(
    ReflexChord, st.integers(0, 15360), st.integers(0, 11), st.text(max_size=6), st.sampled_from(Family)
)
notes = st.builds(
    ReflexNote,
    st.integers(0, 15360),
    st.integers(1, 3840),
    st.integers(-30, 30),
    st.integers(1, 127),
    st.sampled_from(Function),
    st.integers(0, 3),
)
phrases = st.builds(
    ReflexPhrase,
    name=st.text(max_size=12),
    role=st.sampled_from(Role),
    style=st.text(max_size=6),
    context=st.text(max_size=6),
    meter=st.sampled_from(["4/4", "6/8"]),
    bars=st.integers(1, 4),
    energy=share,
    density=share,
    surprise=share,
    chords=st.lists(chords, max_size=3).map(tuple),
    notes=st.lists(notes, max_size=6).map(tuple),
)
books = st.builds(ReflexBook, st.text(max_size=20), st.lists(phrases, max_size=4).map(tuple))

PHRASE = ReflexPhrase(
    "a", Role.LEAD, "swing", "major", "4/4", 1, 0.5, 0.5, 0.0,
    (ReflexChord(0, 0, "maj7", Family.MAJOR),), (ReflexNote(0, 960, 4, 80, Function.CHORD),),
)  # fmt: skip
BOOK = ReflexBook("d1", (PHRASE,))


@given(book=books)
def test_a_book_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, book: ReflexBook) -> None:
    path = tmp_path_factory.getbasetemp() / "any.book"
    save_book(book, path)
    assert load_book(path) == book


def test_saving_makes_folders_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "reflex.book"
    save_book(BOOK, path)
    save_book(BOOK, path)
    assert list(path.parent.iterdir()) == [path]
    assert load_book(path) == BOOK


def test_a_failed_save_keeps_the_old_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "reflex.book"
    save_book(BOOK, path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ConfigError, match=r"cannot be written.*No space left"):
        save_book(ReflexBook("d2", ()), path)
    assert load_book(path) == BOOK
    assert list(tmp_path.iterdir()) == [path]


def test_every_damaged_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "reflex.book"
    save_book(BOOK, path)
    content = path.read_bytes()
    payload = content.index(b"\n") + 1
    for at in [2, *range(payload, len(content) - 1, 7)]:
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(ConfigError, match=r"(damaged|version).*start"):
            load_book(path)
    for cut in (0, 10, payload, len(content) - 5):
        path.write_bytes(content[:cut])
        with pytest.raises(ConfigError, match=r"damaged; delete it and start jamtui again"):
            load_book(path)


def test_missing_and_foreign_books_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read.*start jamtui again"):
        load_book(tmp_path / "none.book")
    path = tmp_path / "reflex.book"
    path.write_text('{"version": 1}\n[]\n')
    with pytest.raises(ConfigError, match="damaged"):
        load_book(path)
    save_book(BOOK, path)
    path.write_bytes(path.read_bytes().replace(b'"version": 1', b'"version": 9'))
    with pytest.raises(ConfigError, match="has version 9, this jamtui reads 1; delete it"):
        load_book(path)


STYLE = (ROOT / "styles" / "swing.toml").read_text(encoding="utf-8")
LEAD = """
[[phrase]]
name = "line"
context = "major"
chords = "Cmaj7"
energy = 0.5
notes = "r:8 E5:8 G5:4 D5:2"
"""


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Path, Path, Path]:
    library, styles = tmp_path / "library", tmp_path / "styles"
    (library / "swing").mkdir(parents=True)
    styles.mkdir()
    (library / "swing" / "lead.toml").write_text(LEAD, encoding="utf-8")
    (styles / "swing.toml").write_text(STYLE, encoding="utf-8")
    return library, styles, tmp_path / "cache"


def test_the_book_is_made_once_and_again_when_a_source_changes(
    sources: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    library, styles, cache = sources
    path = ensure_book(*sources)
    assert {p.name for p in load_book(path).phrases} > {"line"}

    made = path.stat().st_mtime_ns, path.stat().st_ino
    assert ensure_book(*sources) == path
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == made

    (library / "swing" / "lead.toml").write_text(LEAD.replace("line", "lane"), encoding="utf-8")
    other = ensure_book(*sources)
    assert other != path
    assert list(cache.iterdir()) == [other]
    assert "lane" in {p.name for p in load_book(other).phrases}

    (styles / "swing.toml").write_text(STYLE + "\n# a remark\n", encoding="utf-8")
    third = book_path(*sources)
    assert third != other
    monkeypatch.setattr(book_compile, "COMPILER_VERSION", book_compile.COMPILER_VERSION + 1)
    assert book_path(*sources) != third
    monkeypatch.setattr(book_file, "BOOK_VERSION", 99)
    assert book_path(*sources).parent == cache


def test_a_damaged_book_is_made_again(sources: tuple[Path, Path, Path]) -> None:
    path = ensure_book(*sources)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert ensure_book(*sources) == path
    assert path.read_bytes() == whole


def test_a_wrong_source_is_told_and_leaves_no_book(sources: tuple[Path, Path, Path]) -> None:
    library, _, cache = sources
    (library / "swing" / "lead.toml").write_text(LEAD.replace("G5:4", "G5:8"), encoding="utf-8")
    with pytest.raises(MusicError, match=r"lead.toml.*'line', bar 1 lasts"):
        ensure_book(*sources)
    assert not cache.exists()
    with pytest.raises(ConfigError, match="has no phrases"):
        ensure_book(library / "nothing", *sources[1:])


def test_own_styles_are_sources_of_the_book_too(sources: tuple[Path, Path, Path], tmp_path: Path) -> None:
    own = tmp_path / "own"
    without = ensure_book(*sources, own)
    own.mkdir()
    (own / "mine.toml").write_text(STYLE.replace('swing"', 'mine"'), encoding="utf-8")
    path = ensure_book(*sources, own)
    assert path != without
    assert "mine" in {p.style for p in load_book(path).phrases}
