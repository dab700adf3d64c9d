"""Loading a style: what is right arrives unchanged, what is wrong is named with its file and table."""

from pathlib import Path

import pytest

from jamtui.errors import ConfigError, MusicError
from jamtui.music.phrase import Role
from jamtui.styles.loading import load_style, load_styles
from jamtui.styles.style import DrumHit, Feel, FigureText

GOOD = """
version = 1
name = "stomp"
title = "Stomp"
tempo = 120
tempo_range = [60, 200]

[feel]
swing = 0.6
spread_ms = 5

[roles.lead]
range = ["G3", "D6"]
density = 0.5
[roles.bass]
range = ["E1", "G3"]
density = 0.9
program = 32
feel = { push_ms = -4, accents = [1.0, 0.9] }
[roles.comp]
range = ["E3", "A5"]
density = 0.4
[roles.drums]
density = 0.8

[mix]
kick = 0.5

[[drums]]
name = "plain"
kind = "groove"
energy = 0.5
steps = 4
kick = "X---"
snare = "--x-"

[[bass]]
name = "down"
context = "major"
chords = "Cmaj7"
energy = 0.4
notes = "C2:2 G1:2"
"""


def write(folder: Path, text: str, name: str = "stomp") -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_style_arrives_as_written(tmp_path: Path) -> None:
    style = load_style(write(tmp_path, GOOD))
    assert (style.name, style.title, style.tempo, style.tempo_range) == (
        "stomp",
        "Stomp",
        120.0,
        (60.0, 200.0),
    )
    assert (style.meter, style.count_in) == ("4/4", 1)
    bass = style.roles[Role.BASS]
    assert (bass.low, bass.high, bass.program) == (28, 55, 32)
    assert style.roles[Role.LEAD].program is None
    assert style.drums[0].hits == (DrumHit(0, 36, 56), DrumHit(1920, 38, 86))
    assert style.bass == (FigureText("down", "major", "Cmaj7", "4/4", 0.4, None, 0.0, "C2:2 G1:2"),)


def test_a_role_replaces_single_keys_of_the_shared_feel(tmp_path: Path) -> None:
    style = load_style(write(tmp_path, GOOD))
    assert style.roles[Role.LEAD].feel == Feel(swing=0.6, spread_ms=5.0)
    assert style.roles[Role.BASS].feel == Feel(swing=0.6, spread_ms=5.0, push_ms=-4.0, accents=(1.0, 0.9))


WRONG = {
    "top key": ('title = "Stomp"', 'titel = "Stomp"', r'stomp\.toml: "titel".*did you mean "title"\?'),
    "feel key": ("swing = 0.6", "swnig = 0.6", r'\[feel\]: "swnig".*did you mean "swing"\?'),
    "role": ("[roles.comp]", "[roles.comb]", r'\[roles\]: "comb".*did you mean "comp"\?'),
    "missing role": ('[roles.comp]\nrange = ["E3", "A5"]\ndensity = 0.4\n', "", r"comp is missing"),
    "role key": ("program = 32", "programm = 32", r'\[bass\]: "programm".*"program"'),
    "role feel key": ("push_ms = -4", "push = -4", r'"push".*"push_ms"'),
    "instrument": ('snare = "--x-"', 'snaer = "--x-"', r'\[\[drums\]\] plain: "snaer".*"snare"'),
    "mix instrument": ("kick = 0.5", "kik = 0.5", r'\[mix\]: "kik".*"kick"'),
    "bass key": ('notes = "C2', 'note = "C2', r'\[\[bass\]\] down: "note".*"notes"'),
    "context": ('context = "major"', 'context = "mayor"', r'context is "mayor"; did you mean "major"\?'),
    "meter": ("tempo = 120", 'meter = "4/5"\ntempo = 120', r'meter is "4/5"'),
    "kind": ('kind = "groove"', 'kind = "grove"', r'did you mean "groove"\?'),
    "swing": ("swing = 0.6", "swing = 0.9", r"swing is 0\.9; give a number from 0\.5 to 0\.75"),
    "boolean": ("swing = 0.6", "swing = true", r"swing is True"),
    "tempo": ("tempo = 120", "tempo = 240", r"tempo is 240; give a number from 60 to 200"),
    "tempo range": ("[60, 200]", "[200, 60]", r"tempo_range must be two tempos"),
    "early": ("push_ms = -4", "push_ms = -38", r"more than 40 ms early together"),
    "note": ('"E1", "G3"', '"H1", "G3"', r"\[bass\]: range"),
    "range": ('"E1", "G3"', '"G3", "E1"', r"lower to a higher"),
    "name": ('name = "stomp"', 'name = "tramp"', r'the file\'s own name, "stomp"'),
    "row": ('snare = "--x-"', 'snare = "--x"', r"plain: snare: .*3 steps: write 4"),
    "no row": ('kick = "X---"\nsnare = "--x-"', "", r"no instrument plays"),
    "steps": ("steps = 4", "steps = 7", r"does not divide into 7 steps"),
    "steps between": (
        'steps = 4\nkick = "X---"\nsnare = "--x-"',
        'steps = 20\nkick = "X-------------------"',
        r"20 steps a bar fall between the swung notes",
    ),
    "no groove": ('kind = "groove"', 'kind = "fill"', r"no groove in 4/4"),
    "energy": ("energy = 0.5", "energy = 5", r"energy is 5"),
    "no energy": ("energy = 0.5\n", "", r"energy is missing"),
    "empty notes": ('notes = "C2:2 G1:2"', 'notes = " "', r"notes is ' '"),
    "not a table": ("[mix]\nkick = 0.5", "[[mix]]\nkick = 0.5", r"write it as a table, \[mix\]"),
    "not toml": ("tempo = 120", "tempo = = 120", r"not valid TOML"),
    "version": ("version = 1", "version = 2", r"version is 2, but this jamtui reads style version 1"),
    "no version": ("version = 1\n", "", r"version is missing"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named(tmp_path: Path, case: str) -> None:
    right, wrong, message = WRONG[case]
    assert right in GOOD
    with pytest.raises(MusicError, match=message) as caught:
        load_style(write(tmp_path, GOOD.replace(right, wrong, 1)))
    assert str(tmp_path / "stomp.toml") in str(caught.value)


def test_the_version_is_looked_at_before_the_keys(tmp_path: Path) -> None:
    text = GOOD.replace("version = 1", "version = 2\nharmony = 3")
    with pytest.raises(MusicError, match="version is 2"):
        load_style(write(tmp_path, text))


@pytest.mark.parametrize("kind", ["drums", "bass"])
def test_names_are_given_once(tmp_path: Path, kind: str) -> None:
    block = GOOD[GOOD.index(f"[[{kind}]]") :].split("\n\n")[0]
    with pytest.raises(MusicError, match=rf"two \[\[{kind}\]\] tables are named"):
        load_style(write(tmp_path, f"{GOOD}\n{block}\n"))


@pytest.mark.parametrize("swing", ["", "swing = 0.6\n"])
def test_triplet_steps_are_welcome(tmp_path: Path, swing: str) -> None:
    text = GOOD.replace("swing = 0.6\n", swing).replace("steps = 4", "steps = 12")
    text = text.replace('"X---"', '"X--x--x--x--"').replace('"--x-"', '"---X-----X-o"')
    assert load_style(write(tmp_path, text)).drums[0].hits[-1].onset == 11 * 320


def test_a_missing_file_and_folder_are_config_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_style(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="There is no style folder"):
        load_styles(tmp_path / "none")
    with pytest.raises(ConfigError, match=r"has no \.toml files"):
        load_styles(tmp_path)


def test_a_folder_is_read_in_alphabetical_order(tmp_path: Path) -> None:
    for name in ("waltz", "polka", "stomp"):
        write(tmp_path, GOOD.replace("stomp", name), name)
    assert list(load_styles(tmp_path)) == ["polka", "stomp", "waltz"]


def test_own_styles_come_with_those_that_ship_or_in_their_place(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shipped.mkdir()
    for name in ("polka", "waltz"):
        write(shipped, GOOD.replace("stomp", name), name)
    assert list(load_styles(shipped, own)) == ["polka", "waltz"]
    own.mkdir()
    write(own, GOOD)
    write(own, GOOD.replace("stomp", "waltz").replace("Stomp", "My Waltz"), "waltz")
    styles = load_styles(shipped, own)
    assert [(name, style.title) for name, style in styles.items()] == [
        ("polka", "Stomp"),
        ("stomp", "Stomp"),
        ("waltz", "My Waltz"),
    ]
