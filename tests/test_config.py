import ast
import contextlib
import dataclasses
import inspect
import itertools
import sys
import typing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.config import (
    ActionMapping,
    Config,
    RoleConfig,
    check_names,
    load_config,
    parse_config,
    save_choice,
)
from jamtui.config import settings as schema
from jamtui.errors import ConfigError

DOCS = Path(__file__).parent.parent / "docs" / "configuration.md"


def settings_of(cls: type, where: str = "") -> list[tuple[str, str, type]]:
    """``(table, setting, class)`` of all settings below ``cls``."""
    found: list[tuple[str, str, type]] = []
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        item = typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else hint
        if dataclasses.is_dataclass(item):
            assert isinstance(item, type)
            found += settings_of(item, f"{where}.{field.name}".strip("."))
        else:
            found.append((where, field.name, cls))
    return found


ALL = settings_of(Config)


def test_no_file_is_the_defaults(tmp_path: Path) -> None:
    assert load_config(tmp_path / "none.toml") == Config()
    assert parse_config("") == Config()


def test_a_whole_file_is_read() -> None:
    read = parse_config(
        """
        [midi]
        inputs = ["Launchkey", "Nord*"]
        outputs = "ports"
        thru = false
        [roles.lead]
        channel = 5
        offset_ms = -10
        [roles.drums]
        on = false
        program = 25
        [playing]
        tempo = 92
        meter = "7/8"
        fade_bars = 4
        [[actions]]
        note = 24
        action = "start_stop"
        [[actions]]
        cc = 20
        channel = 16
        action = "temperature"
        [keys]
        panic = "f10"
        """
    )
    assert read.midi.inputs == ("Launchkey", "Nord*")
    assert (read.midi.outputs, read.midi.thru) == ("ports", False)
    assert read.roles.lead == RoleConfig(channel=5, offset_ms=-10.0)
    assert read.role("drums") == RoleConfig(on=False, channel=10, program=25)
    assert read.roles.bass == Config().roles.bass
    assert (read.playing.tempo, read.playing.meter, read.playing.fade_bars) == (92.0, "7/8", 4)
    assert read.actions == (
        ActionMapping("start_stop", note=24),
        ActionMapping("temperature", cc=20, channel=16),
    )
    assert read.keys == {"panic": "f10"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[playing]\n\ntempoo = 3",
            'my.toml, line 3: "tempoo" in [playing] is no setting of jamtui; did you mean "tempo"?',
        ),
        (
            "[rolls.lead]\non = true",
            'my.toml, line 1: "rolls" is no setting of jamtui; did you mean "roles"?',
        ),
        (
            "[roles.leed]\non = true",
            'my.toml, line 1: "leed" in [roles] is no setting of jamtui; did you mean "lead"?',
        ),
        (
            "[roles.lead]\nchannel = 17",
            '"channel" in [roles.lead] must be a whole number from 1 to 16, not 17',
        ),
        ("[roles.lead]\nchannel = 0", "from 1 to 16, not 0"),
        ('[midi]\ninputs = "x"', 'line 2: "inputs" in [midi] must be a list of names in quotes'),
        ("playing = 3", '"playing" must be a table: write [playing] above it'),
        ("[clock]\nsend = 1", '"send" in [clock] must be true or false, not 1'),
        ("[playing]\ntempo = true", "must be a number from 20 to 400, not true"),
        ("[playing]\ntempo = nan", "must be a number from 20 to 400, not nan"),
        ('[playing]\ngrid = "1/7"', 'must be one of "free", "1/8", "1/16", not \'1/7\''),
        ("[playing]\nseed = -1", "must be a whole number of 0 or more, not -1"),
        ("[keys]\npanic = 3", '"keys" must be a table of names'),
        ("[actions]\nnote = 3", '"actions" must be written as [[actions]] tables'),
        ('[[actions]]\naction = "panic"', "entry 1 of [[actions]]: give an action and either a note or a cc"),
        ('[[actions]]\naction = "panic"\nnote = 1\ncc = 2', "either a note or a cc"),
        ("x =", "my.toml is not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_config(text, "my.toml")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        parse_config(text)


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config(path)


def test_names_of_other_layers_are_checked() -> None:
    actions, styles = ("panic", "start_stop", "meter", "mute_lead", "mute_bass"), ("swing", "bossa")
    check_names(
        parse_config('[[actions]]\nnote = 1\naction = "panic"\n[keys]\nstart_stop = "f5"'), actions, styles
    )
    for text, message in (
        ('[[actions]]\nnote = 1\naction = "panick"', '"panick"; did you mean "panic"'),
        ('[[actions]]\nnote = 1\naction = "mute"', "did you mean one of mute_lead, mute_bass?"),
        ('[keys]\nstart = "f5"', '"start"; did you mean "start_stop"'),
        ('[playing]\nstyle = "bosa"', 'no style "bosa"; did you mean "bossa"'),
    ):
        with pytest.raises(ConfigError) as error:
            check_names(parse_config(text), actions, styles)
        assert message in str(error.value)


def test_a_choice_is_saved_beside_what_the_musician_wrote(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "config.toml"
    path.parent.mkdir()
    path.write_text(
        "# mine\n[midi] # ports\nthru = false # FL has the keys\n\n[playing]\ntempo = 99\n", encoding="utf-8"
    )
    save_choice(
        path,
        {
            "midi": {"inputs": ("Nord",), "outputs": "ports"},
            "roles": {"lead": {"port": "loopMIDI"}},
            "playing": {"tempo": None},
        },
    )
    text = path.read_text(encoding="utf-8")
    assert "# mine" in text
    assert "thru = false # FL has the keys" in text
    saved = load_config(path)
    assert saved.midi.inputs == ("Nord",)
    assert saved.midi.thru is False
    assert saved.roles.lead.port == "loopMIDI"
    assert saved.playing.tempo is None


def test_a_first_choice_makes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    save_choice(path, {"midi": {"inputs": ["Nord"]}})
    assert load_config(path).midi.inputs == ("Nord",)
    assert [p.name for p in path.parent.iterdir()] == ["config.toml"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_file_that_is_a_link_stays_one(tmp_path: Path) -> None:
    kept, path = tmp_path / "dotfiles" / "jamtui.toml", tmp_path / "config.toml"
    kept.parent.mkdir()
    kept.write_text("# mine\n", encoding="utf-8")
    path.symlink_to(kept)
    save_choice(path, {"midi": {"inputs": ["Nord"]}})
    assert path.is_symlink()
    assert "Nord" in kept.read_text(encoding="utf-8")


def test_a_wrong_choice_or_a_broken_file_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[midi]\nthru = false\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        save_choice(path, {"midi": {"outputs": "cable"}})
    assert path.read_text(encoding="utf-8") == "[midi]\nthru = false\n"
    path.write_text("[midi\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="not valid TOML"):
        save_choice(path, {"midi": {"inputs": []}})


@pytest.mark.parametrize(("table", "name", "cls"), ALL, ids=[f"{t}.{n}".strip(".") for t, n, _ in ALL])
def test_every_setting_has_a_docstring_and_is_documented(table: str, name: str, cls: type) -> None:
    module = ast.parse(inspect.getsource(schema))
    body = next(n.body for n in module.body if isinstance(n, ast.ClassDef) and n.name == cls.__name__)
    after = {
        first.target.id: second
        for first, second in itertools.pairwise(body)
        if isinstance(first, ast.AnnAssign) and isinstance(first.target, ast.Name)
    }
    assert isinstance(after[name], ast.Expr), f"{cls.__name__}.{name} has no docstring under it"
    section = "roles" if table.startswith("roles.") else table or name
    text = DOCS.read_text(encoding="utf-8")
    start = text.find(f"## `[[{section}]]`" if section == "actions" else f"## `[{section}]`")
    assert start >= 0, f"docs/configuration.md has no section [{section}]"
    end = text.find("\n## ", start)
    assert table == "" or f"| `{name}` |" in text[start : end if end > 0 else None], (
        f"{table}.{name} is not documented"
    )


def test_the_example_in_the_docs_is_valid() -> None:
    text = DOCS.read_text(encoding="utf-8")
    examples = text.split("```toml\n")[1:]
    assert examples
    for example in examples:
        parse_config(example.split("```")[0], "docs/configuration.md")


def test_hosts_of_the_llm_are_checked() -> None:
    hosts = ("rack", "rack:11434", "::1", "[::1]:80", "https://llm.example.com/ollama")
    assert parse_config(f"[llm]\nhosts = {list(hosts)}").llm.hosts == hosts
    for host in ("rack:port", "rack:99999", "ftp://rack", "http://[::1", "a b"):
        with pytest.raises(ConfigError, match="under \\[llm\\] hosts is no address"):
            parse_config(f'[llm]\nhosts = ["127.0.0.1", "{host}"]')


def test_roles_of_the_llm_are_checked() -> None:
    assert parse_config('[llm]\nroles = ["lead", "bass"]').llm.roles == ("lead", "bass")
    with pytest.raises(ConfigError, match=r"line 2: .*must name lead, bass, comp, not 'drums'"):
        parse_config('[llm]\nroles = ["drums"]')
