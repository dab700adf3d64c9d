"""``jamtui doctor`` and ``jamtui ports``: what this machine gives, and a fix for each thing it does not."""

import importlib.metadata
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from jamtui import paths
from jamtui.config import Config, load_config
from jamtui.errors import JamtuiError
from jamtui.midi import names
from jamtui.midi.ports import MidiSystem
from jamtui.midi.synth import find_synth
from jamtui.processes.check_band import check_band
from jamtui.processes.checks import Check
from jamtui.processes.leftovers import clear_leftovers, find_leftovers
from jamtui.processes.selftest import measure_loopback, measure_priority, measure_sleep

SLEEP_LIMIT_MS = 1.5
"""The output thread wakes so long before a note and spins; a sleep that errs more makes notes late."""
LOOP_LIMIT_MS = 12.0


@dataclass(frozen=True, slots=True)
class PortLine:
    """A port in the list. ``marks``: ``ours``, ``used`` (as the configuration says), ``synth``."""

    name: str
    is_input: bool
    marks: tuple[str, ...]


def run_checks(*, fix: bool = False) -> list[Check]:
    """All checks, in the order in which things build on each other.

    Args:
        fix: also clear what a dead band left behind.
    """
    return list(checks(fix=fix))


def checks(*, fix: bool = False) -> Iterator[Check]:
    """The same one by one, as they are done."""
    yield check_python(sys.version_info[:2])
    yield check_packages()
    config, line = check_config(paths.config_file())
    yield line
    yield from check_folders()
    yield from check_content()
    system = MidiSystem(config.midi.api)
    try:
        yield check_midi(system, config)
        yield check_inputs(system, config)
        yield check_outputs(system, config)
        band = check_band(paths.runtime_dir(), system.api)
        if band is not None:
            yield band
        yield check_loopback(system)
    finally:
        system.close()
    yield check_timer()
    yield check_priority()
    yield check_leftovers(paths.runtime_dir(), fix=fix)


def check_python(version: tuple[int, ...]) -> Check:
    """The interpreter."""
    text = ".".join(map(str, version))
    return Check(
        "Python",
        (3, 11) <= tuple(version) < (3, 13),
        f"{text} on {sys.platform}",
        "install Python 3.11 or 3.12 (python-rtmidi has no ready-made build for others) and jamtui with it",
    )


def check_packages(requirements: Sequence[str] | None = None) -> Check:
    """What jamtui was installed with (extras apart)."""
    if requirements is None:
        try:
            requirements = importlib.metadata.requires("jamtui") or []
        except importlib.metadata.PackageNotFoundError:
            return Check(
                "Packages", False, "jamtui itself is not installed", "install it: pip install jamtui"
            )
    missing: list[str] = []
    found = 0
    for requirement in requirements:
        name = re.split(r"[\s;<>=!~\[(]", requirement, maxsplit=1)[0]
        if "extra ==" in requirement:
            continue
        try:
            importlib.metadata.version(name)
            found += 1
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check("Packages", False, "missing: " + ", ".join(missing), "pip install " + " ".join(missing))
    return Check("Packages", True, f"all {found} are there")


def check_config(path: Path) -> tuple[Config, Check]:
    """The configuration, or the defaults where it cannot be used."""
    # Imported here: actions are the engine's and keys the console's; ports and other commands need neither.
    from jamtui.console.keys import Keymap
    from jamtui.processes.configured import check_configured, style_names

    try:
        config = load_config(path)
        check_configured(config, style_names(), str(path))
        Keymap(config.keys)
    except JamtuiError as error:
        return Config(), Check("Configuration", False, str(error), f"correct that line in {path}")
    detail = str(path) if path.exists() else f"defaults ({path} does not exist)"
    return config, Check("Configuration", True, detail)


def check_folders() -> Iterator[Check]:
    """Places that are written to."""
    for name, find in (
        ("Journals", paths.journal_dir),
        ("Cache", paths.cache_dir),
        ("Running band", paths.runtime_dir),
    ):
        yield check_folder(name, find)


def check_folder(name: str, find: Callable[[], Path]) -> Check:
    """Whether a folder, or the nearest one above it that exists, can be written."""
    fix = f"make it writable, or set {paths.HOME_VARIABLE} to a folder that is"
    try:
        folder = find()
    except JamtuiError as error:
        return Check(f"Folder: {name}", False, str(error), fix)
    there = next((p for p in (folder, *folder.parents) if p.exists()), folder)
    writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    return Check(f"Folder: {name}", writable, str(folder) if writable else f"cannot write {there}", fix)


def check_content() -> Iterator[Check]:
    """Styles and phrases that ship with the program, and the musician's own styles: one that cannot be read
    keeps the band from starting."""
    # Imported here: `jamtui ports` needs no styles.
    from jamtui.styles.loading import load_styles

    for name, find, pattern in (
        ("Styles", paths.styles_dir, "*.toml"),
        ("Phrases", paths.phrase_library_dir, "*/*.toml"),
    ):
        fix = "install jamtui again: its data files are missing"
        try:
            folder = find()
        except JamtuiError as error:
            yield Check(name, False, str(error), fix)
            continue
        count = len(list(folder.glob(pattern)))
        detail = f"{count} files in {folder}"
        if name == "Styles" and count:
            own = paths.own_styles_dir()
            yours = len(list(own.glob(pattern)))
            detail += f", {yours} of your own in {own}" if yours else ""
            try:
                load_styles(folder, own)
            except JamtuiError as error:
                fix = "correct that file, or move it out of the folder"
                yield Check(name, False, str(error), fix)
                continue
        yield Check(name, count > 0, detail, fix)


def check_midi(system: MidiSystem, config: Config) -> Check:
    """Which MIDI system answers."""
    if system.api == "none":
        fix = {
            "linux": "start JACK, or load ALSA's sequencer: sudo modprobe snd-seq",
            "darwin": "restart the Mac's MIDI server: killall MIDIServer",
        }.get(sys.platform, "check that Windows' audio services run")
        if config.midi.api == "none":
            fix = 'set api = "auto" under [midi] in the configuration'
        return Check("MIDI", False, system.reason, fix)
    virtual = "virtual ports" if system.has_virtual_ports else "no virtual ports"
    return Check("MIDI", True, f"{system.served_by}, {virtual}")


def _chosen_inputs(system: MidiSystem, config: Config) -> tuple[str, ...]:
    midi = config.midi
    return names.choose_inputs(
        midi.inputs, system.inputs(), ignored=midi.ignore, software=system.software_inputs()
    )


def check_inputs(system: MidiSystem, config: Config) -> Check:
    """Keyboards that the configuration means."""
    chosen = _chosen_inputs(system, config)
    if chosen:
        return Check("Inputs", True, ", ".join(chosen))
    there = [n for n in system.inputs() if not names.is_ours(n)]
    return Check(
        "Inputs",
        False,
        "there are " + ", ".join(there) + ", but the configuration means none of them"
        if there
        else "no keyboard",
        "connect a MIDI keyboard (jamtui finds it by itself), or play on the computer's keys",
        needed=False,
    )


def check_outputs(system: MidiSystem, config: Config) -> Check:
    """Whether the band can be heard where the configuration wants it."""
    mode = config.midi.outputs
    if mode == "none":
        return Check("Outputs", True, "turned off in the configuration")
    available = system.outputs()
    wanted = [config.midi.port] if mode == "single" else [config.role(r).port for r in names.ROLE_PORTS]
    named = [p for p in wanted if p]
    heard = named
    if mode == "virtual" and system.has_virtual_ports:
        heard = [config.role(role).port or ours for role, ours in names.ROLE_PORTS.items()]
    missing = [p for p in named if names.find(p, available) is None]
    listed = ", ".join(n for n in available if not names.is_ours(n)) or "none"
    if not heard:
        return Check(
            "Outputs",
            False,
            f"no output port is named in the configuration; there are: {listed}",
            "make ports (Windows: loopMIDI; macOS: IAC in Audio MIDI Setup) and choose them on first start",
            needed=False,
        )
    if missing:
        return Check(
            "Outputs",
            False,
            "not there: " + ", ".join(missing) + f"; there are: {listed}",
            "start what makes these ports, or choose others in the configuration",
            needed=False,
        )
    shared = config.sharing_roles()
    if shared:
        detail = f"{' and '.join(shared)} play on one channel of one port, so they have one sound and volume"
        fix = "give each of them a channel of its own under [roles]"
        return Check("Outputs", False, detail, fix, needed=False)
    return Check("Outputs", True, ", ".join(heard))


def check_loopback(system: MidiSystem) -> Check:
    """A note from a port of ours to a port of ours, through the real MIDI system."""
    if not system.has_virtual_ports:
        detail = "not done: no virtual ports here" if system.api != "none" else "not done: no MIDI"
        return Check("Loopback", system.api != "none", detail, "see MIDI above", needed=False)
    try:
        result = measure_loopback(system)
    except JamtuiError as error:
        return Check("Loopback", False, str(error), "restart the MIDI system (JACK, or the computer)")
    figures = f"p50 {result.p50:.2f} ms, p99 {result.p99:.2f} ms over {result.count} notes"
    if result.lost:
        lost = f"{result.lost} of them {'was' if result.lost == 1 else 'were'} lost on the way"
        fix = "start JACK with realtime priority or with a larger buffer, and end other programs"
        return Check("Loopback", False, f"{figures}; {lost}", fix, needed=result.lost > result.count // 2)
    return Check(
        "Loopback",
        result.p99 <= LOOP_LIMIT_MS,
        figures,
        "use a smaller buffer in JACK (64 or 128 frames) and end other programs",
        needed=False,
    )


def check_timer() -> Check:
    """How exactly this machine wakes a sleeper."""
    result = measure_sleep()
    return Check(
        "Timer",
        result.p99 <= SLEEP_LIMIT_MS,
        f"sleeps {result.p50:.2f} ms too long (p99 {result.p99:.2f}, worst {result.worst:.2f})",
        "end other programs, switch power saving off",
        needed=False,
    )


def check_priority() -> Check:
    """What the output thread gets."""
    said = measure_priority()
    plain = said.startswith(("Normal", "Nice", "Without", "Time-constraint priority was refused"))
    got, _, how = said.partition(": ")
    return Check("Priority", not plain, got if plain else said, how or said, needed=False)


def check_leftovers(runtime: Path, *, fix: bool) -> Check:
    """What a band that died left behind."""
    found = clear_leftovers(runtime) if fix else find_leftovers(runtime)
    if found.running:
        return Check("Left over", True, "a band is running; `jamtui attach` shows it")
    what = [f"{module} (process {pid})" for pid, module in found.processes]
    what += [path.name for path in found.files]
    if not what:
        return Check("Left over", True, "nothing")
    if fix:
        return Check("Left over", True, "cleared: " + ", ".join(what))
    return Check("Left over", False, ", ".join(what), "jamtui doctor --fix")


def print_checks(*, as_json: bool = False, fix: bool = False) -> int:
    """Print the checks as they are done; 0 when all that is needed is there, else 1."""
    done: list[Check] = []
    if as_json:
        done = run_checks(fix=fix)
        print(json.dumps([asdict(c) for c in done], indent=2, ensure_ascii=False))
    else:
        # Imported here: rich costs 50 ms, and --json does without.
        from rich.console import Console
        from rich.text import Text

        console = Console(highlight=False)
        for check in checks(fix=fix):
            done.append(check)
            mark, style = (
                ("ok  ", "green")
                if check.ok
                else ("FAIL", "bold red")
                if check.needed
                else ("note", "yellow")
            )
            console.print(Text.assemble((mark, style), f"  {check.name}: {check.detail}"), soft_wrap=True)
            if not check.ok:
                console.print(Text(f"      fix: {check.fix}"), soft_wrap=True)
    return 0 if all(c.ok or not c.needed for c in done) else 1


def list_ports(system: MidiSystem, config: Config) -> list[PortLine]:
    """All ports with what jamtui makes of them."""
    inputs, outputs = system.inputs(), system.outputs()
    used_in = _chosen_inputs(system, config)
    patterns = {
        "single": [config.midi.port],
        "none": [],
    }.get(config.midi.outputs, [config.role(r).port for r in names.ROLE_PORTS])
    if config.midi.outputs == "virtual" and system.has_virtual_ports:
        patterns = []
    used_out = {names.find(p, outputs) for p in patterns if p}
    synth = find_synth(outputs)
    lines: list[PortLine] = []
    for is_input, listed, used in ((True, inputs, set(used_in)), (False, outputs, used_out)):
        for name in listed:
            facts = (
                ("ours", names.is_ours(name)),
                ("used", name in used),
                ("synth", not is_input and name == synth),
            )
            lines.append(PortLine(name, is_input, tuple(mark for mark, holds in facts if holds)))
    return lines


def print_ports(config: Config, *, as_json: bool = False) -> int:
    """Print the ports; 0, or 1 where there is no MIDI at all."""
    system = MidiSystem(config.midi.api)
    try:
        lines = list_ports(system, config)
    finally:
        system.close()
    if as_json:
        print(
            json.dumps(
                {"api": system.api, "reason": system.reason, "ports": [asdict(line) for line in lines]},
                indent=2,
                ensure_ascii=False,
            )
        )
        return 0 if system.api != "none" else 1
    if system.api == "none":
        print(f"no MIDI ports: {system.reason}")
        return 1
    print(f"MIDI system: {system.api}")
    for title, is_input in (("Inputs (keyboards)", True), ("Outputs", False)):
        print(title)
        chosen = [line for line in lines if line.is_input == is_input]
        for line in chosen:
            print(f"  {line.name}" + (f"   [{', '.join(line.marks)}]" if line.marks else ""))
        if not chosen:
            print("  none")
    return 0
