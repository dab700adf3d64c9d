"""The configuration file: read into the settings, refused in one sentence where it is wrong."""

import dataclasses
import difflib
import math
import re
import tomllib
import types
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from jamtui.config.address import read_address
from jamtui.config.settings import UNLIMITED, ActionMapping, Config, RolesConfig
from jamtui.errors import ConfigError


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
    for host in config.llm.hosts:
        if read_address(host) is None:
            raise ConfigError(f'{name}: "{host}" under [llm] hosts is no address: write it like "rack:11434"')
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
    if limits.get("high") == UNLIMITED:
        text += " of 0 or more"
    elif "low" in limits:
        text += f" from {limits['low']:g} to {limits['high']:g}"
    return text


def _nearest(name: str, known: Collection[str]) -> str:
    # A first word alone was begun, not misspelt: "mute" is one of mute_lead and its like, not meter.
    begun = [each for each in known if each.startswith(f"{name.lower()}_")]
    if len(begun) > 1:
        return f"; did you mean one of {', '.join(begun)}?"
    close = difflib.get_close_matches(name.lower(), list(known), n=1, cutoff=0.5)
    if close:
        return f'; did you mean "{close[0]}"?'
    return "; known are: " + ", ".join(sorted(known)) if known else ""
