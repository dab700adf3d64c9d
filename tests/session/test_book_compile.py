from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from jamtui.errors import ConfigError, MusicError
from jamtui.music.phrase import Role
from jamtui.session.book import ReflexBook
from jamtui.session.book_compile import compile_book
from jamtui.styles.style import Feel, FigureText, RoleStyle, Style

FIGURE = FigureText("walk", "dominant", "C7", "4/4", 0.5, None, 0.0, "C2:4 E2:4 G2:4 A2:4")


def style(name: str = "swing", bass: tuple[FigureText, ...] = (FIGURE,)) -> Style:
    roles = {
        Role.LEAD: RoleStyle(Feel(), 55, 86, 0.5),
        Role.BASS: RoleStyle(Feel(), 28, 55, 0.5),
        Role.COMP: RoleStyle(Feel(), 48, 81, 0.5),
        Role.DRUMS: RoleStyle(Feel(), 35, 81, 0.5),
    }
    return Style(name, name, 120, (60, 240), "4/4", roles, (), bass=bass)


STYLES: Mapping[str, Style] = {"swing": style()}


def phrase(**changes: str) -> str:
    fields = {
        "name": '"line"',
        "context": '"major"',
        "chords": '"Cmaj7"',
        "energy": "0.5",
        "surprise": "0.1",
        "notes": '"r:8 E5:8 G5:4 D5:2"',
        **changes,
    }
    return "[[phrase]]\n" + "".join(f"{key} = {value}\n" for key, value in fields.items() if value)


def write(folder: Path, text: str, name: str = "swing/lead.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def compiled(folder: Path, text: str) -> ReflexBook:
    return compile_book(write(folder, text), STYLES)


def test_library_and_bass_figures_become_one_book(tmp_path: Path) -> None:
    write(tmp_path, phrase(name='"stab"', notes='"[E3 B3]:4 r:2."'), "swing/comp.toml")
    book = compiled(tmp_path, phrase() + phrase(name='"other"', density="0.9", surprise=""))
    found = {(p.role, p.name): p for p in book.phrases}
    assert sorted(found) == [
        (Role.BASS, "walk"),
        (Role.COMP, "stab"),
        (Role.LEAD, "line"),
        (Role.LEAD, "other"),
    ]
    line = found[Role.LEAD, "line"]
    assert (line.style, line.context, line.meter, line.bars) == ("swing", "major", "4/4", 1)
    assert (line.energy, line.density, line.surprise) == (0.5, 0.375, 0.1)
    assert found[Role.LEAD, "other"].density == 0.9
    assert found[Role.LEAD, "other"].surprise == 0.0


def test_the_digest_follows_the_sources(tmp_path: Path) -> None:
    first = compiled(tmp_path, phrase())
    assert compiled(tmp_path, "# a remark\n" + phrase()) == first
    assert compiled(tmp_path, phrase(energy="0.6")).digest != first.digest
    louder = {"swing": style(bass=(replace(FIGURE, energy=0.9),))}
    assert compile_book(write(tmp_path, phrase()), louder).digest != first.digest


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"notes": '"E5:4"'}, r"'line', bar 1 lasts 1 quarter notes instead of 4"),
        ({"notes": '"E7:1"'}, r"MIDI note 100 is outside the lead range of swing"),
        ({"notes": '"r:1"'}, r"no notes"),
        ({"notes": '"[C5 E5]:1"'}, r"two notes sound at tick 0; a lead line has one"),
        ({"notes": '"Db5:2 G5:2"'}, r"outside Cmaj7"),
        ({"notes": '"E5:1 | E5:1 | E5:1"', "chords": '"Cmaj7 | % | %"'}, r"3 bars; make it 1, 2 or 4"),
        ({"chords": '"Cmaj7 | %"'}, r"1 bars of notes over 2 bars of chords"),
        ({"chords": '"Zmaj7"'}, r"Zmaj7"),
        ({"context": '"minor"'}, r"it is for minor but its chords are major"),
        ({"context": '"ii-V-I"'}, r"only one chord"),
        ({"context": '"majr"'}, r'did you mean "major"'),
        ({"energy": "1.5"}, r"energy is 1.5"),
        ({"energies": "0.5"}, r'"energies" is not known here; did you mean "energy"'),
        ({"meter": '"9/8"'}, r'meter is "9/8"'),
        ({"notes": ""}, r"notes is missing"),
    ],
)
def test_errors_name_file_and_phrase(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    with pytest.raises(MusicError, match=said) as caught:
        compiled(tmp_path, phrase(**changes))
    assert "lead.toml" in str(caught.value)
    assert "line" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_phrases_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MusicError, match=r"line.*another phrase has this name"):
        compiled(tmp_path, phrase() + phrase())


def test_a_wrong_bass_figure_is_named_with_its_style(tmp_path: Path) -> None:
    wrong = {"swing": style(bass=(replace(FIGURE, notes="C2:4"),))}
    with pytest.raises(MusicError, match=r"style swing, \[\[bass\]\] walk: 'walk', bar 1 lasts"):
        compile_book(write(tmp_path, phrase()), wrong)


def test_files_that_cannot_be_used_say_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no phrases"):
        compile_book(tmp_path, STYLES)
    with pytest.raises(MusicError, match="not valid TOML"):
        compiled(tmp_path, "[[phrase]\n")
    with pytest.raises(MusicError, match='"phrases" is not known here'):
        compiled(tmp_path, "[[phrases]]\n")
    with pytest.raises(MusicError, match="no style 'polka'"):
        compile_book(write(write(tmp_path, phrase()), phrase(), "polka/lead.toml"), STYLES)
