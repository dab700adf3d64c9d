"""The command palette: every action of the table, every style, from the same names as the keys."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Protocol, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from jamtui.console.frame import ROLES
from jamtui.music.meter import METERS
from jamtui.session.actions import ACTIONS, Action, Argument
from jamtui.session.midi_map import check_argument
from jamtui.session.settings import GRIDS, SettingError

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
_CHOICES = {"meter": tuple(METERS), "grid": tuple(GRIDS)}
"""What there is of that which is chosen by name; styles, roles and ports are known by the band."""
_FREE = frozenset({"model", "audition", "ingest"})
"""Actions that take any text: what it is good for, the band says."""
_NUMBER = re.compile(r"(\D*\S)\s+(\d+(?:\.\d+)?)")
"""An action's title, or the beginning of it, and a number."""
_MEANT = 1000.0
"""Score of what is written out: above all that merely has its letters."""


def _typed(query: str) -> Iterator[tuple[Action, str]]:
    """The actions that are written out in ``query``, each with its argument: ``seed 4127``,
    ``ingest ~/midis``; of a title before a number the beginning is enough."""
    number = _NUMBER.fullmatch(query)
    for action in ACTIONS:
        title = action.title.lower()
        if action.argument is Argument.NUMBER and number is not None:
            words, value = number.groups()
            if title.startswith(words.lower()):
                yield action, value
        elif action.argument is not Argument.NONE and query.lower().startswith(f"{title} "):
            yield action, query[len(title) :].strip()


class Performer(Protocol):
    """The app, as far as the palette knows it."""

    def perform(self, name: str, argument: str | None = None) -> None:
        """Do an action of the table, by name."""
        ...

    def refuse(self, sentence: str) -> None:
        """Say why what was typed cannot be done."""
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
                for name in _CHOICES.get(action.name, ()):
                    yield f"{action.title}: {name}", action.help, action.name, name

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        app = self._performer
        for title, text, action, argument in self._entries():
            yield DiscoveryHit(title, partial(app.perform, action, argument), help=text)

    async def search(self, query: str) -> Hits:
        """Those that match what was typed."""
        app = self._performer
        matcher = self.matcher(query)
        found: set[str] = set()
        offered: set[tuple[str, str | None]] = set()
        for title, text, action, argument in self._entries():
            offered.add((action, argument))
            score = matcher.match(title)
            if score > 0:
                found.add(action)
                yield Hit(score, matcher.highlight(title), partial(app.perform, action, argument), help=text)
        styles = [name for name, _ in app.style_names()]
        for meant, argument in _typed(query.strip()):
            title = f"{meant.title} {argument}"
            try:
                check_argument(meant, argument, styles)
            except SettingError as error:
                # What is being typed may still become one of those that were found.
                if meant.name not in found:
                    why = str(error)
                    yield Hit(_MEANT, f"{title} is not possible", partial(app.refuse, why), help=why)
                continue
            takes = meant.argument is Argument.NUMBER or meant.name in _FREE
            if takes and (meant.name, argument) not in offered:
                yield Hit(_MEANT, title, partial(app.perform, meant.name, argument), help=meant.help)
