"""The configuration: its settings as values, read from TOML, refused in one sentence where they are wrong.

The dataclasses below are the whole schema: names, types, limits and defaults. Names that other layers
know (actions, styles) are handed to ``check_names`` by whoever has them.
"""

import dataclasses
import difflib
import math
import os
import re
import tomllib
import types
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from jamtui.errors import ConfigError

_ANY = 2**63 - 1

ROLE_NAMES = ("lead", "bass", "comp", "drums")


def _limits(low: float, high: float) -> dict[str, Any]:
    return {"low": low, "high": high}


def _one_of(*choices: str) -> dict[str, Any]:
    return {"choices": choices}


@dataclass(frozen=True, slots=True)
class MidiConfig:
    """Ports. Names are patterns: part of the name, any case, ``*`` and ``?`` as wildcards."""

    api: str = field(default="auto", metadata=_one_of("auto", "jack", "alsa", "coremidi", "winmm", "none"))
    """MIDI system to use. ``auto``: JACK where a server answers, else ALSA, CoreMIDI or Windows MM. ``none``:
    open no ports at all."""
    inputs: tuple[str, ...] = ("*",)
    """Keyboards to listen to. ``*`` is every input that is not jamtui's own (on JACK: all hardware; a program
    is named here, or connected to ``jamtui in``); an empty list is none."""
    ignore: tuple[str, ...] = ()
    """Inputs that are not listened to although ``inputs`` means them: whole names, or patterns with ``*`` and
    ``?``. The devices drawer writes here."""
    outputs: str = field(default="virtual", metadata=_one_of("virtual", "ports", "single", "none"))
    """``virtual``: one virtual port per role (where the system has none, as ``ports``). ``ports``: each role
    to the existing port that its ``port`` names. ``single``: all roles to ``port``, told apart by their
    channels. ``none``: play into nothing."""
    port: str = ""
    """The one port of ``outputs = "single"``."""
    thru: bool = True
    """Pass what you play on to ``jamtui thru``, for a DAW that cannot open the keyboard itself."""
    thru_port: str = ""
    """Existing port for thru where there are no virtual ports. Left out: no thru there."""


@dataclass(frozen=True, slots=True)
class RoleConfig:
    """One player of the band."""

    on: bool = True
    """Whether the role is heard when the band starts; its mute key changes that."""
    channel: int = field(default=1, metadata=_limits(1, 16))
    """MIDI channel, 1 to 16."""
    program: int | None = field(default=None, metadata=_limits(0, 127))
    """General MIDI program, 0 to 127. Left out: as the style says."""
    volume: int = field(default=100, metadata=_limits(0, 127))
    """Channel volume, 0 to 127."""
    octave: int = field(default=0, metadata=_limits(-4, 4))
    """Octaves up or down, -4 to 4."""
    offset_ms: float = field(default=0.0, metadata=_limits(-30, 500))
    """Milliseconds later (or, negative, earlier), to make up for a slow instrument, -30 to 500."""
    port: str = ""
    """Existing output port of this role: with ``outputs = "ports"``, or with ``virtual`` in place of its
    virtual port. The devices drawer writes here."""


@dataclass(frozen=True, slots=True)
class RolesConfig:
    """The band."""

    lead: RoleConfig = RoleConfig(channel=1)
    """The soloist."""
    bass: RoleConfig = RoleConfig(channel=2)
    """The bass."""
    comp: RoleConfig = RoleConfig(channel=3)
    """The accompanist."""
    drums: RoleConfig = RoleConfig(channel=10)
    """The drummer; General MIDI keeps channel 10 for drums."""


@dataclass(frozen=True, slots=True)
class ClockConfig:
    """Who gives the tempo."""

    source: str = field(default="internal", metadata=_one_of("internal", "midi"))
    """``internal``: jamtui's own clock. ``midi``: follow the MIDI clock of a DAW."""
    input: str = ""
    """Input port whose MIDI clock is followed. Left out: whichever input sends one."""
    send: bool = False
    """Send MIDI clock with Start, Stop and Song Position."""
    port: str = ""
    """Existing output port for MIDI clock. Left out: the lead's port."""


@dataclass(frozen=True, slots=True)
class PlayingConfig:
    """How a session begins. Style, tempo, meter, temperature, energy, grid and latch have keys as well."""

    style: str = "swing"
    """Style by name."""
    tempo: float | None = field(default=None, metadata=_limits(20, 400))
    """Beats a minute, 20 to 400. Left out: the style's tempo."""
    meter: str | None = field(default=None, metadata=_one_of("4/4", "3/4", "6/8", "5/4", "7/8"))
    """Meter. Left out: the style's meter."""
    temperature: float = field(default=0.5, metadata=_limits(0, 1))
    """How adventurous the band is, 0 to 1."""
    energy: float = field(default=0.5, metadata=_limits(0, 1))
    """How busy and loud the band is, 0 to 1."""
    grid: str = field(default="1/8", metadata=_one_of("free", "1/8", "1/16"))
    """Where a new chord is answered: at the next eighth or sixteenth, or at once (``free``)."""
    latch: bool = True
    """Hold the chord after the keys are let go."""
    fade_bars: int | None = field(default=None, metadata=_limits(1, 64))
    """Bars without a key after which a latched chord ends, 1 to 64. Left out: never."""
    split: int | None = field(default=None, metadata=_limits(0, 127))
    """MIDI number of the lowest key that is not read as harmony (60 is middle C). Left out: all keys are."""
    count_in: int | None = field(default=None, metadata=_limits(0, 4))
    """Bars of count-in, 0 to 4. Left out: as the style says."""
    feel: float = field(default=1.0, metadata=_limits(0, 1.5))
    """Amount of swing, push and human spread, 0 (the grid exactly) to 1.5; 1 is the style as written."""
    seed: int | None = field(default=None, metadata=_limits(0, _ANY))
    """Seed of all chance, 0 or more: the same seed, inputs and bars give the same notes. Left out: a new one
    each time."""


@dataclass(frozen=True, slots=True)
class ConsoleConfig:
    """The screen."""

    theme: str = field(default="dark", metadata=_one_of("dark", "high-contrast"))
    """Colours: ``dark``, or ``high-contrast``: black and white with bright accents."""
    color: bool = True
    """Use colours; the ``NO_COLOR`` environment variable turns them off too."""
    fps: int = field(default=20, metadata=_limits(2, 30))
    """Screen updates a second, 2 to 30."""


@dataclass(frozen=True, slots=True)
class JournalConfig:
    """The record of each session."""

    on: bool = True
    """Write a journal."""
    folder: str = ""
    """Folder for journals. Left out: jamtui's own (``jamtui doctor`` shows it)."""


@dataclass(frozen=True, slots=True)
class LlmConfig:
    """The language model that writes along, on a server of Ollama."""

    on: bool = True
    """Use one where there is one."""
    hosts: tuple[str, ...] = ()
    """Servers in order of preference, like ``["rack:11434", "127.0.0.1"]``; the next one takes over when one
    fails. Left out: what ``OLLAMA_HOST`` names, else this machine."""
    model: str = ""
    """Model by name. Left out: the installed one that is recommended (`jamtui llm list` marks it)."""
    roles: tuple[str, ...] = field(default=("lead",), metadata=_one_of(*ROLE_NAMES[:3]))
    """Whom it writes for: any of ``lead``, ``bass`` and ``comp``."""
    grid: str = field(default="1/8", metadata=_one_of("1/8", "1/16", "1/8t"))
    """Shortest note it writes: eighths, sixteenths (about twice the work) or eighth triplets."""
    context: int = field(default=4096, metadata=_limits(1024, 32768))
    """Tokens of context that the server keeps for it, 1024 to 32768; more costs memory only."""
    threads: int | None = field(default=None, metadata=_limits(1, 256))
    """Threads the server may use, 1 to 256. Set it below the number of cores when Ollama runs beside the DAW.
    Left out: as the server thinks best."""


@dataclass(frozen=True, slots=True)
class ActionMapping:
    """One ``[[actions]]`` entry: a note or controller that does a named action."""

    action: str = ""
    """Name of the action; must be given. The help screen lists them."""
    note: int | None = field(default=None, metadata=_limits(0, 127))
    """MIDI note that triggers it (the note is then not heard as harmony). Give this or ``cc``."""
    cc: int | None = field(default=None, metadata=_limits(0, 127))
    """Controller that triggers it: at values from 64, or as the number where the action takes one."""
    channel: int | None = field(default=None, metadata=_limits(1, 16))
    """MIDI channel, 1 to 16. Left out: any."""
    argument: str | float | None = None
    """What the action is done with: a role, a style, a number."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings. ``Config()`` is what holds where there is no file."""

    midi: MidiConfig = MidiConfig()
    """Ports."""
    roles: RolesConfig = RolesConfig()
    """The band."""
    clock: ClockConfig = ClockConfig()
    """Who gives the tempo."""
    playing: PlayingConfig = PlayingConfig()
    """How a session begins."""
    console: ConsoleConfig = ConsoleConfig()
    """The screen."""
    journal: JournalConfig = JournalConfig()
    """The record of each session."""
    llm: LlmConfig = LlmConfig()
    """The language model that writes along."""
    actions: tuple[ActionMapping, ...] = ()
    """Notes and controllers that do named actions."""
    keys: Mapping[str, str] = field(default_factory=lambda: types.MappingProxyType({}))
    """Keys of the console by action name, in place of the built-in ones."""

    def role(self, name: str) -> RoleConfig:
        """Settings of the role ``name`` (``lead``, ``bass``, ``comp``, ``drums``)."""
        found: RoleConfig = getattr(self.roles, name)
        return found


def load_config(path: Path) -> Config:
    """The configuration in ``path``; the defaults where there is no such file.

    Raises:
        ConfigError: unreadable, not TOML, an unknown setting, or a value of the wrong type or range.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path} ({error}); make it a readable UTF-8 text file") from error
    return parse_config(text, str(path))


def parse_config(text: str, name: str = "config.toml") -> Config:
    """The configuration in ``text``; ``name`` stands in messages.

    Raises:
        ConfigError: see ``load_config``.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name} is not valid TOML: {error}") from error
    config: Config = _Reader(text, name).table(Config, data, ())
    for index, entry in enumerate(config.actions):
        if not entry.action or (entry.note is None) == (entry.cc is None):
            raise ConfigError(
                f"{name}, entry {index + 1} of [[actions]]: give an action and either a note or a cc"
            )
    return config


def check_names(
    config: Config,
    actions: Collection[str],
    styles: Collection[str] | None = None,
    name: str = "config.toml",
) -> None:
    """Refuse action and style names that nobody knows, with the nearest one that exists.

    Raises:
        ConfigError: naming the first unknown one.
    """
    for entry in config.actions:
        if entry.action not in actions:
            raise ConfigError(
                f'{name}: [[actions]] names no action of jamtui: "{entry.action}"'
                f"{_nearest(entry.action, actions)}"
            )
    for action in config.keys:
        if action not in actions:
            raise ConfigError(
                f'{name}: [keys] names no action of jamtui: "{action}"{_nearest(action, actions)}'
            )
    if styles is not None and config.playing.style not in styles:
        raise ConfigError(
            f'{name}: there is no style "{config.playing.style}"{_nearest(config.playing.style, styles)}'
        )


def save_choice(path: Path, choice: Mapping[str, Any]) -> None:
    """Write settings back, keeping the rest of the file and its comments as they are.

    Args:
        path: the configuration file; made where there is none.
        choice: settings as nested tables, ``{"midi": {"inputs": ["Launchkey"]}, "roles": {"lead": ...}}``.

    Raises:
        ConfigError: the file is not usable as it is, a setting is wrong, or it cannot be written.
    """
    # Imported here: only this function needs to keep comments, and reading must stay cheap.
    import tomlkit

    load_config(path)
    text = path.read_text(encoding="utf-8") if path.exists() else "# jamtui: see docs/configuration.md\n"
    document = tomlkit.parse(text)

    def merge(into: Any, values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            if isinstance(value, Mapping):
                if key not in into:
                    into[key] = tomlkit.table(
                        is_super_table=all(isinstance(v, Mapping) for v in value.values())
                    )
                merge(into[key], value)
            elif value is None:
                if key in into:
                    del into[key]
            else:
                into[key] = list(value) if isinstance(value, tuple) else value

    merge(document, choice)
    result = tomlkit.dumps(document)
    parse_config(result, str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".new")
        temporary.write_text(result, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path} ({error.strerror}); check the folder's permissions"
        ) from error


class _Reader:
    """Turns parsed TOML into the dataclasses; knows the text only to name lines."""

    def __init__(self, text: str, name: str) -> None:
        self._lines = text.splitlines()
        self._name = name

    def table(self, cls: Any, data: Any, where: tuple[str, ...]) -> Any:
        if not isinstance(data, dict):
            raise self._error(where[:-1], where[-1], f"must be a table: write [{'.'.join(where)}] above it")
        known = {f.name: f for f in dataclasses.fields(cls)}
        hints = get_type_hints(cls)
        values: dict[str, Any] = {}
        for key, value in data.items():
            if key not in known:
                raise self._error(where, key, f"is no setting of jamtui{_nearest(key, known)}")
            values[key] = self._value(hints[key], known[key].metadata, value, where, key)
        if cls is RolesConfig:  # a role's own defaults (its channel) hold for what its table leaves out
            base = RolesConfig()
            values = {
                role: dataclasses.replace(getattr(base, role), **{k: getattr(new, k) for k in data[role]})
                for role, new in values.items()
            }
        return cls(**values)

    def _value(
        self, hint: Any, limits: Mapping[str, Any], value: Any, where: tuple[str, ...], key: str
    ) -> Any:
        if dataclasses.is_dataclass(hint):
            return self.table(hint, value, (*where, key))
        origin = get_origin(hint)
        if origin is tuple:
            item = get_args(hint)[0]
            if not isinstance(value, list) or any(not isinstance(v, _natural(item)) for v in value):
                raise self._error(where, key, f"must be {_EXPECTED[item]}")
            if dataclasses.is_dataclass(item):
                return tuple(self.table(item, v, (*where, key)) for v in value)
            unknown = [v for v in value if "choices" in limits and v not in limits["choices"]]
            if unknown:
                raise self._error(
                    where, key, f"must name {', '.join(limits['choices'])}, not {unknown[0]!r}"
                    f"{_nearest(unknown[0], limits['choices'])}"
                )  # fmt: skip
            return tuple(value)
        if origin is Mapping:
            if not isinstance(value, dict) or any(not isinstance(v, str) for v in value.values()):
                raise self._error(where, key, 'must be a table of names, like  panic = "f10"')
            return types.MappingProxyType(dict(value))
        kinds = [
            k
            for k in (get_args(hint) if origin in (Union, types.UnionType) else (hint,))
            if k is not type(None)
        ]
        if isinstance(value, bool):
            if bool not in kinds:
                raise self._error(where, key, f"must be {_expected(kinds, limits)}, not {str(value).lower()}")
            return value
        if isinstance(value, int) and float in kinds:
            value = float(value)
        if type(value) not in kinds or (isinstance(value, float) and not math.isfinite(value)):
            raise self._error(where, key, f"must be {_expected(kinds, limits)}, not {value!r}")
        choices = limits.get("choices")
        if choices and value not in choices:
            raise self._error(
                where, key, f"must be {_expected(kinds, limits)}, not {value!r}{_nearest(value, choices)}"
            )
        if "low" in limits and not limits["low"] <= value <= limits["high"]:
            raise self._error(where, key, f"must be {_expected(kinds, limits)}, not {value!r}")
        return value

    def _error(self, where: tuple[str, ...], key: str, problem: str) -> ConfigError:
        table = f" in [{'.'.join(where)}]" if where else ""
        line = self._line_of(where, key)
        place = f"{self._name}, line {line}" if line else self._name
        return ConfigError(f'{place}: "{key}"{table} {problem}')

    def _line_of(self, where: tuple[str, ...], key: str) -> int | None:
        """The line that sets ``key`` in the table ``where``, None where it is written some other way."""
        current: tuple[str, ...] = ()
        for number, line in enumerate(self._lines, 1):
            header = re.match(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$", line)
            if header:
                current = tuple(part.strip().strip("\"'") for part in header[1].split("."))
                if current == (*where, key) or current[: len(where) + 1] == (*where, key):
                    return number
                continue
            if current == where and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
                return number
        return None


_EXPECTED: dict[Any, str] = {
    str: 'a list of names in quotes, like  ["Launchkey"]',
    ActionMapping: "written as [[actions]] tables",
}


def _natural(item: Any) -> type:
    return dict if dataclasses.is_dataclass(item) else item


def _expected(kinds: list[Any], limits: Mapping[str, Any]) -> str:
    if "choices" in limits:
        return "one of " + ", ".join(f'"{c}"' for c in limits["choices"])
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text in quotes"}
    text = " or ".join(words[k] for k in kinds)
    if limits.get("high") == _ANY:
        text += " of 0 or more"
    elif "low" in limits:
        text += f" from {limits['low']:g} to {limits['high']:g}"
    return text


def _nearest(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.5)
    if close:
        return f'; did you mean "{close[0]}"?'
    return "; known are: " + ", ".join(sorted(known)) if known else ""
