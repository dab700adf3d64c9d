"""Keys from the table of actions: defaults, the player's own, and how each is written on screen."""

from collections.abc import Mapping
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
_NAMED: Mapping[str, str] = {char: name for name, char in _WRITTEN.items() if len(char) == 1}

SOON_PREFIX = "alt+"
"""With this modifier a key takes effect at the next beat, where the terminal passes it on."""


def written(key: str) -> str:
    """A Textual key name as the screen shows it."""
    return _WRITTEN.get(key, key)


class Keymap:
    """Which key does what.

    ``overrides`` maps action names to keys, as Textual names them or as the character itself; an empty
    string takes the key away.

    Raises:
        ConfigError: an unknown action, a key given twice, or no key left for panic.
    """

    def __init__(self, overrides: Mapping[str, str] | None = None) -> None:
        chosen = {a.name: a.key for a in ACTIONS}
        for name, key in (overrides or {}).items():
            if name not in BY_NAME:
                near = get_close_matches(name, list(BY_NAME), n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ConfigError(f"there is no action {name!r} to give a key to{hint}")
            chosen[name] = _NAMED.get(key.strip(), key.strip())
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
