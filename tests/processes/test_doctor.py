import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jamtui import paths
from jamtui.config import Config, MidiConfig, RoleConfig, RolesConfig, parse_config
from jamtui.midi import names
from jamtui.midi.apis import TITLE
from jamtui.midi.ports import MidiSystem
from jamtui.processes import doctor
from jamtui.processes.leftovers import clear_leftovers, find_leftovers
from jamtui.processes.lock import InstanceLock
from jamtui.processes.selftest import spread


class FakeSystem:
    """Ports by name; nothing behind them."""

    def __init__(
        self, api: str = "winmm", inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()
    ) -> None:
        self.api = api
        self.served_by = TITLE[api]
        self.reason = "" if api != "none" else "no MIDI here"
        self.has_virtual_ports = api in ("jack", "alsa", "coremidi")
        self._inputs, self._outputs = inputs, outputs

    def inputs(self) -> tuple[str, ...]:
        return self._inputs

    def outputs(self) -> tuple[str, ...]:
        return self._outputs

    def software_inputs(self) -> frozenset[str]:
        return frozenset()


def system(*arguments: Any) -> Any:
    return FakeSystem(*arguments)


@pytest.mark.parametrize(
    ("version", "ok"), [((3, 10), False), ((3, 11), True), ((3, 12), True), ((3, 13), False)]
)
def test_python_versions(version: tuple[int, int], ok: bool) -> None:
    check = doctor.check_python(version)
    assert check.ok is ok
    assert "3.11 or 3.12" in check.fix


def test_packages_that_are_missing_are_named() -> None:
    check = doctor.check_packages(
        ["rich>=14", "no-such-package-x>=1", 'pytest; extra == "dev"', "also-not-there"]
    )
    assert not check.ok
    assert check.detail == "missing: no-such-package-x, also-not-there"
    assert check.fix == "pip install no-such-package-x also-not-there"
    assert doctor.check_packages(["rich>=14", "mido"]).detail == "all 2 are there"


def test_a_wrong_configuration_fails_and_the_defaults_hold(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    config, check = doctor.check_config(path)
    assert (config, check.ok) == (Config(), True)
    path.write_text('[playing]\nstyle = "swingg"\n', encoding="utf-8")
    config, check = doctor.check_config(path)
    assert (config, check.ok, check.needed) == (Config(), False, True)
    assert 'did you mean "swing"' in check.detail
    path.write_text('[playing]\nstyle = "bossa"\n[[actions]]\nnote = 1\naction = "panic"\n', encoding="utf-8")
    config, check = doctor.check_config(path)
    assert (config.playing.style, check.ok) == ("bossa", True)
    for wrong, words in (
        ('[keys]\npanic = "q"\n', "is given to quit and to panic"),
        ('[keys]\npanic = "foo bar"\n', "no key 'foo bar'"),
        (
            '[[actions]]\nnote = 1\naction = "style"\nargument = "swng"\n',
            "entry 1 of [[actions]]: Choose a style",
        ),
        ('[[actions]]\nnote = 1\naction = "mute"\n', 'names no action of jamtui: "mute"'),
    ):
        path.write_text(wrong, encoding="utf-8")
        _, check = doctor.check_config(path)
        assert (check.ok, words in check.detail) == (False, True), check.detail


def test_folders(tmp_path: Path) -> None:
    assert doctor.check_folder("x", lambda: tmp_path / "a" / "b").ok
    (tmp_path / "file").write_text("")
    check = doctor.check_folder("x", lambda: tmp_path / "file" / "b")
    assert not check.ok
    assert "JAMTUI_HOME" in check.fix


def test_content_is_there() -> None:
    assert [(c.name, c.ok) for c in doctor.check_content()] == [("Styles", True), ("Phrases", True)]


def test_a_style_of_ones_own_that_keeps_the_band_from_starting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAMTUI_HOME", str(tmp_path))
    own = paths.own_styles_dir()
    own.mkdir(parents=True)
    (own / "mine.toml").write_text(
        (paths.styles_dir() / "swing.toml").read_text().replace('"swing"', '"mine"', 1)
    )
    check = next(iter(doctor.check_content()))
    assert check.ok, check.detail
    assert f"1 of your own in {own}" in check.detail
    (own / "mine.toml").write_text('version = 1\nname = "mine"\n')
    check = next(iter(doctor.check_content()))
    assert (check.name, check.ok, check.needed) == ("Styles", False, True)
    assert "mine.toml" in check.detail


def test_midi_that_does_not_answer_fails_with_the_reason() -> None:
    check = doctor.check_midi(system("none"), Config())
    assert (check.ok, check.detail) == (False, "no MIDI here")
    turned_off = doctor.check_midi(system("none"), Config(midi=MidiConfig(api="none")))
    assert "midi" in turned_off.fix
    assert doctor.check_midi(system("winmm"), Config()).detail == "Windows MM, no virtual ports"


def test_inputs_that_the_configuration_means() -> None:
    here = system("jack", ("jamtui lead", "Nord"))
    assert doctor.check_inputs(here, Config()).detail == "Nord"
    check = doctor.check_inputs(here, Config(midi=MidiConfig(inputs=("Launchkey",))))
    assert (check.ok, check.needed) == (False, False)
    assert "there are Nord, but" in check.detail


def test_outputs_in_each_mode() -> None:
    there = ("loopMIDI Port", "jamtui in", "Synth")
    windows, linux = system("winmm", (), there), system("jack", (), there)
    assert doctor.check_outputs(linux, Config()).detail == ", ".join(names.ROLE_PORTS.values())
    nothing_named = doctor.check_outputs(windows, Config())
    assert not nothing_named.ok
    assert "loopMIDI Port, Synth" in nothing_named.detail
    single = Config(midi=MidiConfig(outputs="single", port="synth"))
    assert doctor.check_outputs(linux, single).ok
    ports = Config(
        midi=MidiConfig(outputs="ports"),
        roles=RolesConfig(lead=RoleConfig(port="loopmidi"), bass=RoleConfig(port="Nord")),
    )
    check = doctor.check_outputs(linux, ports)
    assert not check.ok
    assert check.detail.startswith("not there: Nord;")
    assert doctor.check_outputs(linux, Config(midi=MidiConfig(outputs="none"))).ok
    # One role to a port that exists, or not, in place of its virtual port.
    for port, ok in (("synth", True), ("Nord", False)):
        one = doctor.check_outputs(linux, Config(roles=RolesConfig(bass=RoleConfig(port=port, channel=2))))
        assert one.ok is ok
        assert port in one.detail


def test_roles_that_share_a_channel_of_a_port_are_named() -> None:
    here = system("jack", (), ("Synth",))
    single = MidiConfig(outputs="single", port="synth")
    both = RolesConfig(lead=RoleConfig(channel=3))
    check = doctor.check_outputs(here, Config(midi=single, roles=both))
    assert (check.ok, check.needed) == (False, False)
    assert "lead and comp play on one channel" in check.detail
    assert doctor.check_outputs(here, Config(roles=both)).ok, "each has a port of its own"
    silent = replace(both, comp=replace(both.comp, on=False))
    assert doctor.check_outputs(here, Config(midi=single, roles=silent)).ok


def test_the_list_of_ports_says_what_is_made_of_them() -> None:
    config = parse_config('[midi]\noutputs = "single"\nport = "loop"\n')
    here = system("jack", ("Nord", "jamtui lead"), ("loopMIDI", "FLUID Synth", "jamtui in"))
    marks = {(line.name, line.is_input): line.marks for line in doctor.list_ports(here, config)}
    assert marks == {
        ("Nord", True): ("used",),
        ("jamtui lead", True): ("ours",),
        ("loopMIDI", False): ("used",),
        ("FLUID Synth", False): ("synth",),
        ("jamtui in", False): ("ours",),
    }


def test_spread() -> None:
    result = spread([1_000_000 * n for n in range(1, 101)])
    assert (result.p50, result.p99, result.worst, result.count) == (51, 99, 100, 100)
    with pytest.raises(ValueError, match="no measurements"):
        spread([])


def test_priority_and_timer_say_something() -> None:
    assert doctor.check_priority().detail
    assert "ms too long" in doctor.check_timer().detail


def test_what_a_dead_band_left_is_found_and_cleared(jamtui_home: Path) -> None:
    for name in ("state.map", "engine.sock", "supervisor.pid"):
        (jamtui_home / name).write_text("x")
    check = doctor.check_leftovers(jamtui_home, fix=False)
    assert (check.ok, check.fix) == (False, "jamtui doctor --fix")
    assert "engine.sock" in check.detail
    assert (
        doctor.check_leftovers(jamtui_home, fix=True).detail
        == "cleared: state.map, engine.sock, supervisor.pid"
    )
    assert doctor.check_leftovers(jamtui_home, fix=False).detail == "nothing"


def test_a_running_band_is_left_alone(jamtui_home: Path) -> None:
    (jamtui_home / "engine.sock").write_text("x")
    lock = InstanceLock(jamtui_home)
    try:
        assert clear_leftovers(jamtui_home).running
        assert (jamtui_home / "engine.sock").exists()
        assert doctor.check_leftovers(jamtui_home, fix=True).ok
    finally:
        lock.release()


@pytest.mark.skipif(sys.platform == "win32", reason="there the children end with their supervisor's pipe")
def test_an_engine_without_a_supervisor_is_ended(jamtui_home: Path) -> None:
    # The arguments are what counts: a stand-in that is called as the engine is.
    orphan = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time; print(1, flush=True); time.sleep(60)",
            "jamtui.processes.engine",
            str(jamtui_home),
        ],
        stdout=subprocess.PIPE,
    )
    other = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time; time.sleep(60)",
            "jamtui.processes.engine",
            str(jamtui_home / "other"),
        ]
    )
    try:
        assert orphan.stdout is not None
        orphan.stdout.readline()
        assert [pid for pid, _ in find_leftovers(jamtui_home).processes] == [orphan.pid]
        clear_leftovers(jamtui_home)
        assert orphan.wait(5) != 0
        assert other.poll() is None
    finally:
        for process in (orphan, other):
            process.kill()
            process.wait()
        assert orphan.stdout is not None
        orphan.stdout.close()


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "jamtui", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, **environment},
    )


@pytest.mark.wire
def test_doctor_finds_a_good_machine_good(jack_server: str, jamtui_home: Path) -> None:
    done = run("doctor", "--json")
    lines = {line["name"]: line for line in json.loads(done.stdout)}
    assert done.returncode == 0, done.stdout
    assert lines["MIDI"]["detail"] == "JACK, virtual ports"
    assert "over 200 notes" in lines["Loopback"]["detail"]
    assert done.stderr == ""


def test_doctor_without_midi_fails_with_a_fix(jamtui_home: Path) -> None:
    (jamtui_home / "config").mkdir()
    (jamtui_home / "config" / "config.toml").write_text('[midi]\napi = "none"\n')
    done = run("doctor")
    assert done.returncode == 1
    assert "FAIL  MIDI: MIDI is turned off" in done.stdout
    assert 'fix: set api = "auto" under [midi]' in done.stdout
    assert done.stderr == ""
    ports = run("ports")
    assert (ports.returncode, ports.stdout) == (1, "no MIDI ports: MIDI is turned off (midi.api)\n")


@pytest.mark.wire
def test_ports_are_listed_with_marks(jack_server: str, jamtui_home: Path) -> None:
    world = MidiSystem("jack")
    try:
        world.open_virtual_output("Nord")
        world.open_virtual_output("jamtui lead")
        paths.config_file().parent.mkdir(parents=True)
        paths.config_file().write_text('[midi]\ninputs = ["nord"]\n', encoding="utf-8")
        done = run("ports")
        listed = json.loads(run("ports", "--json").stdout)
    finally:
        world.close()
    assert done.returncode == 0
    assert "  Nord   [used]\n" in done.stdout
    assert "  jamtui lead   [ours]\n" in done.stdout
    assert {"name": "Nord", "is_input": True, "marks": ["used"]} in listed["ports"]
