"""Keys from the table of actions: defaults, the player's own, and how each is written on screen."""

import string
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from jamtui.console.frame import KeyHint
from jamtui.console.pads import PAD_KEYS, SHIFTED_KEYS
from jamtui.errors import ConfigError
from jamtui.session.actions import ACTIONS, BY_NAME, Action

_WRITTEN: Mapping[str, str] = {
    "exclamation_mark": "!",
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "plus": "+",
    "minus": "-",
    "comma": ",",
    "full_stop": ".",
    "slash": "/",
    "semicolon": ";",
    "apostrophe": "'",
    "equals_sign": "=",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "escape": "esc",
}
_PLAIN = frozenset(
    (
        *("escape", "enter", "return", "tab", "space", "backspace", "insert", "delete", "home", "end"),
        *("left", "right", "up", "down", "pageup", "pagedown"),
        *(f"f{n}" for n in range(1, 25)),
    )
)
_MODIFIERS = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_RENAMED: Mapping[str, str] = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Characters that Textual calls otherwise than Unicode does."""

SOON_PREFIX = "alt+"
"""With this modifier a key takes effect at the next beat, where the terminal passes it on."""


def written(key: str) -> str:
    """A Textual key name as the screen shows it."""
    return _WRITTEN.get(key, key)


def named(key: str) -> str:
    """What Textual calls a key that is given by its name or as the character itself, with its modifiers:
    ``alt+!`` is ``alt+exclamation_mark``.

    Raises:
        ConfigError: there is no such key, with the nearest one that there is.
    """
    *before, last = _parts(key.strip())
    for modifier in before:
        if modifier not in _MODIFIERS:
            raise _no_key(key, modifier, _MODIFIERS)
    if len(last) == 1 and last.isprintable():
        last = last if last.isalnum() else _character_name(last)
    elif last not in _PLAIN and last not in (characters := [_character_name(c) for c in string.punctuation]):
        raise _no_key(key, last, sorted(_PLAIN.union(characters)))
    return "+".join((*before, last))


def _parts(key: str) -> list[str]:
    """Modifiers and key; the key may be the plus sign itself: ``+``, ``alt++``."""
    if key.endswith("+"):
        return [*(m for m in key[:-1].removesuffix("+").split("+") if m), "+"]
    return key.split("+")


def _character_name(character: str) -> str:
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(name, name)


def _no_key(key: str, part: str, known: Iterable[str]) -> ConfigError:
    near = get_close_matches(part, list(known), n=1)
    hint = (
        f"; did you mean {near[0]!r}?" if near else "; give a character, or a name such as 'f10' or 'ctrl+p'"
    )
    return ConfigError(f"[keys]: there is no key {key!r}{hint}")


class Keymap:
    """Which key does what.

    ``overrides`` maps action names to keys, as Textual names them or as the character itself; an empty
    string takes the key away.

    Raises:
        ConfigError: an unknown action or key, a key given twice, or no key left for panic.
    """

    def __init__(self, overrides: Mapping[str, str] | None = None) -> None:
        chosen = {a.name: a.key for a in ACTIONS}
        for name, key in (overrides or {}).items():
            if name not in BY_NAME:
                near = get_close_matches(name, list(BY_NAME), n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ConfigError(f"there is no action {name!r} to give a key to{hint}")
            chosen[name] = named(key) if key.strip() else ""
        if not chosen["panic"]:
            raise ConfigError("panic needs a key; give it one, or leave its line out for '!'")
        self._by_key: dict[str, Action] = {}
        taken = dict.fromkeys((*PAD_KEYS, *SHIFTED_KEYS), "a chord pad")
        for action in ACTIONS:
            key = chosen[action.name]
            if not key:
                continue
            if key in taken:
                raise ConfigError(
                    f"key {written(key)!r} is given to {action.name} and to {taken[key]}; change one of them"
                )
            taken[key] = action.name
            self._by_key[key] = action
        self.panic_key = chosen["panic"]
        self.hints: tuple[KeyHint, ...] = tuple(
            KeyHint(a.name, written(chosen[a.name]), a.title, a.help, a.footer and bool(chosen[a.name]))
            for a in ACTIONS
        )

    def action(self, key: str) -> tuple[Action, bool] | None:
        """The action of a key, and whether the key carried the next-beat modifier."""
        found = self._by_key.get(key)
        if found is not None:
            return found, False
        if key.startswith(SOON_PREFIX):
            found = self._by_key.get(key.removeprefix(SOON_PREFIX))
            if found is not None:
                return found, True
        return None
