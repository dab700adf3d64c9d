"""Strict reading of TOML tables: every key is asked for, and one that nobody asked for is an error."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import cast

from jamtui.errors import MusicError


def nearest(name: str, known: Collection[str]) -> str:
    """A clause that points to the known name most like ``name``, or lists them all if none is near."""
    match = get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f'did you mean "{match[0]}"?' if match else f"use one of {', '.join(sorted(known))}."


class Table:
    """A TOML table with the place where it stands (file and table name) for messages."""

    def __init__(self, values: Mapping[str, object], where: str) -> None:
        self.values = values
        self.where = where

    def error(self, message: str) -> MusicError:
        """An error that names the place."""
        return MusicError(f"{self.where}: {message}")

    def only(self, known: Collection[str]) -> None:
        """Refuse keys that are not in ``known``, with the nearest name."""
        for key in self.values:
            if key not in known:
                raise self.error(f'"{key}" is not known here; {nearest(key, known)}')

    def number(self, key: str, low: float, high: float, default: float | None = None) -> float:
        """A number from ``low`` to ``high``; an error if it is missing and has no default."""
        value = self.values.get(key, default)
        if value is None:
            raise self.error(f"{key} is missing; give a number from {low:g} to {high:g}.")
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self.error(f"{key} is {value!r}; give a number from {low:g} to {high:g}.")
        return float(value)

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from ``low`` to ``high``."""
        value = self.values.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            was = "missing" if value is None else repr(value)
            raise self.error(f"{key} is {was}; give a whole number from {low} to {high}.")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """A string that is not empty."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or not value.strip():
            was = "missing" if value is None else repr(value)
            raise self.error(f"{key} is {was}; give a text in quotes.")
        return value

    def choice(self, key: str, known: Collection[str], default: str | None = None) -> str:
        """One of the ``known`` words."""
        value = self.text(key, default)
        if value not in known:
            raise self.error(f'{key} is "{value}"; {nearest(value, known)}')
        return value

    def numbers(self, key: str, low: float, high: float, most: int) -> tuple[float, ...]:
        """A list of up to ``most`` numbers; empty if the key is missing."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or len(value) > most:
            raise self.error(f"{key} is {value!r}; give a list of at most {most} numbers.")
        for item in value:
            if isinstance(item, bool) or not isinstance(item, int | float) or not low <= item <= high:
                raise self.error(f"{key} has {item!r}; its numbers go from {low:g} to {high:g}.")
        return tuple(float(item) for item in value)

    def table(self, key: str) -> "Table":
        """The table under ``key``; an empty one if it is missing."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.error(f"{key} is {value!r}; write it as a table, [{key}].")
        return Table(value, f"{self.where} [{key}]")

    def tables(self, key: str) -> tuple["Table", ...]:
        """The tables under ``[[key]]``, each placed by its name, or by its number if it has none."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(f"{key} must be written as tables, [[{key}]].")
        return tuple(
            Table(item, f"{self.where} [[{key}]] {item.get('name', f'number {index + 1}')}")
            for index, item in enumerate(cast(list[dict[str, object]], value))
        )
