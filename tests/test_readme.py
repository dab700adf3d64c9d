"""README keeps its promises: two commands, every command and key described, no link into nothing."""

import argparse
import re
import shlex
from pathlib import Path

import pytest

from jamtui.cli import build_parser
from jamtui.config import parse_config
from jamtui.console.keys import written
from jamtui.session.actions import ACTIONS, Argument

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def section(title: str) -> str:
    start = README.index(f"\n## {title}\n") + 1
    end = README.find("\n## ", start)
    return README[start : end if end > 0 else None]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(found[0].choices) if found else {}


def options(parser: argparse.ArgumentParser) -> set[str]:
    return {name for action in parser._actions for name in action.option_strings}


def commands(parser: argparse.ArgumentParser, prefix: str = "jamtui") -> dict[str, argparse.ArgumentParser]:
    """Every command that does something, with its words."""
    below = subparsers(parser)
    found = {} if below and prefix != "jamtui" else {prefix: parser}
    for name, sub in below.items():
        found |= commands(sub, f"{prefix} {name}")
    return found


def test_quick_start_is_two_commands() -> None:
    run, tests = blocks(section("Quick start"), "sh")
    assert run.rstrip().endswith("jamtui --demo")
    assert tests.rstrip().endswith("-m pytest")
    for block in (run, tests):
        lines = [line.strip() for line in block.splitlines()]
        assert lines[0].startswith("python3 -m venv .venv")
        assert all(line.endswith("&&") for line in lines[:-1]), "the first failure must stop it"


def test_every_action_is_named_for_the_configuration() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    start = page.index("\n### Names of actions\n")
    plain, argued = page[start : page.index("\n## ", start)].split("| action | argument |")
    takes = {a.name: a.argument is not Argument.NONE for a in ACTIONS}
    listed = re.findall(r"`(\w+)`", plain.partition("With an argument")[0])
    assert sorted(listed) == sorted(name for name, argued_for in takes.items() if not argued_for)
    assert set(re.findall(r"^\| `(\w+)` \|", argued, re.MULTILINE)) == {n for n, a in takes.items() if a}


def test_the_picture_stands_at_the_top() -> None:
    above = README[: README.index("\n## ")]
    found = re.search(r"!\[[^]]+\]\((docs/images/[^)]+)\)", above)
    assert found is not None
    assert README.index(found[0]) < 40
    assert "the stage screen" in (ROOT / found[1]).read_text(encoding="utf-8")


def test_every_command_is_documented() -> None:
    ways = section("Ways to run it")
    documented = set(re.findall(r"^\| `(jamtui[a-z ]*?)(?: --?[^`]*| [a-z]+\.svg| \"[^`]*)?`", ways, re.M))
    assert documented == set(commands(build_parser()))


def test_every_option_of_the_band_is_documented() -> None:
    shared = options(subparsers(build_parser())["play"]) - {"-h", "--help"}
    ways = section("Ways to run it")
    assert {name for name in shared if not re.search(rf"{name}\b", ways)} == set()


def test_commands_that_are_named_exist() -> None:
    parser = build_parser()
    known = commands(parser) | {f"jamtui {name}": sub for name, sub in subparsers(parser).items()}
    lines = [
        line
        for page in PAGES
        for line in re.findall(r"`(?:\.venv/bin/)?(jamtui(?: [^`]*)?)`", page.read_text(encoding="utf-8"))
        if not line.startswith(
            tuple(f"jamtui {port}" for port in ("lead", "bass", "comp", "drums", "thru", "in"))
        )
        and line != "jamtui band"
    ]
    assert len(lines) > 20
    for line in lines:
        words = shlex.split(line)
        name = "jamtui"
        for word in words[1:]:
            if f"{name} {word}" not in known:
                break
            name = f"{name} {word}"
        unknown = [w for w in words if w.startswith("--") and w not in options(known[name])]
        assert not unknown, f"{line}: {name} has no {unknown}"
        rest = words[len(name.split()) :]
        assert name != "jamtui" or not rest or rest[0].startswith("--"), f"{line}: no such command"


def test_keys_are_those_of_the_actions() -> None:
    rows = re.findall(r"^\| `(\S+)` \| (.*?) \| (.*?) \|$", section("Keys"), re.M)
    assert rows == [(written(a.key), a.title, a.help) for a in ACTIONS if a.key]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_configuration_in_the_readme_is_accepted() -> None:
    found = blocks(README, "toml")
    assert len(found) == 2
    for text in found:
        parse_config(text)


def test_it_stays_readable() -> None:
    assert len(README.splitlines()) <= 260
