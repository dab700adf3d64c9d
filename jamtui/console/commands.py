"""The command palette: every action of the table, every style, from the same names as the keys."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Protocol, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from jamtui.console.frame import ROLES
from jamtui.session.actions import ACTIONS, Argument

Entry = tuple[str, str, str, str | None]
"""Title, help, action, argument."""

_NUMBERS = {
    "temperature": tuple(f"{n / 10:.1f}" for n in range(11)),
    "energy": tuple(f"{n / 10:.1f}" for n in range(11)),
    "density": tuple(f"{n / 10:.1f}" for n in range(11)),
    "surprise": tuple(f"{n / 10:.1f}" for n in range(11)),
    "seed": tuple(str(n) for n in range(1, 10)),
    "tempo": tuple(str(n) for n in range(60, 241, 10)),
    "capture": tuple(str(n) for n in range(1, 9)),
}
"""Steps offered for the actions that take a number; any other can be typed after the action's title."""
_TYPED = re.compile(r"(\D*\S)\s+(\d+(?:\.\d+)?)")
"""An action's title, or the beginning of it, and a number."""
_MEANT = 1000.0
"""Score of what is written out: above all that merely has its letters."""


def _typed(query: str) -> Iterator[Entry]:
    """The actions that take a number, with the one that was typed: ``seed 4127``. What is offered anyway is
    left out; whether the number can be used, the engine says."""
    found = _TYPED.fullmatch(query.strip())
    if found is None:
        return
    words, number = found.groups()
    for action in ACTIONS:
        if action.argument is not Argument.NUMBER or number in _NUMBERS[action.name]:
            continue
        if action.title.lower().startswith(words.lower()):
            yield f"{action.title} {number}", action.help, action.name, number


class Performer(Protocol):
    """The app, as far as the palette knows it."""

    def perform(self, name: str, argument: str | None = None) -> None:
        """Do an action of the table, by name."""
        ...

    def style_names(self) -> tuple[tuple[str, str], ...]:
        """Name and title of every style."""
        ...

    def input_names(self) -> tuple[str, ...]:
        """Every input port."""
        ...

    def output_names(self) -> tuple[str, ...]:
        """Every output port."""
        ...

    def key_of(self, action: str) -> str:
        """The key of an action as it is written, empty for none."""
        ...


class ActionCommands(Provider):
    """Finds actions by a few letters of their title."""

    @property
    def _performer(self) -> Performer:
        return cast(Performer, self.app)

    def _entries(self) -> Iterator[Entry]:
        app = self._performer
        for action in ACTIONS:
            if action.argument is Argument.STYLE:
                for name, title in app.style_names():
                    yield f"{action.title}: {title}", action.help, action.name, name
            elif action.argument is Argument.NUMBER:
                for number in _NUMBERS[action.name]:
                    yield f"{action.title} {number}", action.help, action.name, number
            elif action.argument is Argument.ROLE:
                for role in ROLES:
                    yield f"{action.title}: {role}", action.help, action.name, role
            elif action.name == "input_toggle":
                for port in app.input_names():
                    yield f"{action.title}: {port}", action.help, action.name, port
            elif action.name == "output_pick":
                for role in ROLES:
                    for port in app.output_names():
                        yield f"{action.title}: {role} → {port}", action.help, action.name, f"{role}={port}"
            elif action.name != "palette":
                key = app.key_of(action.name)
                yield f"{action.title}  ({key})" if key else action.title, action.help, action.name, None

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        app = self._performer
        for title, text, action, argument in self._entries():
            yield DiscoveryHit(title, partial(app.perform, action, argument), help=text)

    async def search(self, query: str) -> Hits:
        """Those that match what was typed."""
        app = self._performer
        matcher = self.matcher(query)
        for title, text, action, argument in self._entries():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), partial(app.perform, action, argument), help=text)
        for title, text, action, argument in _typed(query):
            yield Hit(_MEANT, title, partial(app.perform, action, argument), help=text)
