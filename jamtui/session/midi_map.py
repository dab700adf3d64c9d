"""Actions on notes and controllers: hands are on the piano and the DAW has the focus."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from jamtui.session.actions import BY_NAME, Action, Argument
from jamtui.session.settings import (
    GRIDS,
    ROLES,
    SettingError,
    read_choice,
    read_meter,
    read_seed,
    read_share,
)

_CC_ON = 64
"""Controller values from here on count as pressed (the MIDI convention for switches)."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """``number`` of a note (``note`` True) or controller does ``action``; ``channel`` 0 to 15, None any."""

    action: str
    note: bool
    number: int
    channel: int | None = None
    argument: str | float | None = None


@dataclass(frozen=True, slots=True)
class Triggered:
    """What a message asked for; ``action`` empty: it only belongs to a mapping (a release)."""

    action: str = ""
    argument: str | float | None = None


_RANGES: Final[dict[str, tuple[float, float]]] = {
    "temperature": (0.0, 1.0),
    "energy": (0.0, 1.0),
    "density": (0.0, 1.0),
    "surprise": (0.0, 1.0),
    "tempo": (40.0, 240.0),
}
"""What a controller sets from its lowest to its highest value, where the mapping says no number itself."""

_ANY_TEXT: Final = frozenset({"audition", "ingest", "input_toggle", "output_pick"})
"""Actions that need a text which only the moment can judge: a phrase, a folder, a port."""


def check_mapping(mapping: Mapping, styles: Collection[str] | None = None) -> None:
    """Refuse at the start what could only fail on stage: an argument that the action cannot use, or none
    where it needs one.

    Args:
        styles: names of the styles there are; None where that is not known.

    Raises:
        SettingError: with what to do. An unknown action is not judged here.
    """
    name, argument = mapping.action, mapping.argument
    action = BY_NAME.get(name)
    if action is None:
        return
    if action.argument is Argument.NONE:
        if argument is not None:
            raise SettingError(f"The action {name} takes no argument; leave {argument!r} out.")
    elif argument is not None:
        check_argument(action, argument, styles)
    elif name in _RANGES and mapping.note:
        raise SettingError(f"Give {name} an argument on a note: the number it sets; a cc needs none.")
    elif name == "style" or name in _ANY_TEXT:
        raise SettingError(f"Give {name} its argument: {action.help}")


def check_argument(action: Action, argument: str | float, styles: Collection[str] | None = None) -> None:
    """Refuse an argument that ``action``, which takes one, can never use. Of texts that only the moment can
    judge (a phrase, a folder, a port) nothing is said.

    Args:
        styles: names of the styles there are; None where that is not known.

    Raises:
        SettingError: with what to do.
    """
    name = action.name
    readers: dict[str, Callable[[str | float], object]] = {
        "meter": read_meter,
        "grid": lambda value: read_choice(value, tuple(GRIDS), "grid"),
        "seed": read_seed,
        "tempo": lambda value: _number_within(value, 20, 400, "tempo"),
        "capture": lambda value: _number_within(value, 1, 8, "number of bars"),
    }
    if name in readers:
        readers[name](argument)
    elif name in _RANGES:
        read_share(argument, name)
    elif action.argument is Argument.ROLE:
        read_choice(argument, [role.value for role in ROLES], "role")
    elif action.argument is Argument.STYLE and styles is not None:
        read_choice(argument, sorted(styles), "style")


def _number_within(value: str | float, low: int, high: int, what: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise SettingError(f"Give a {what} from {low} to {high}, not {value!r}.")
    return number


class MidiMap:
    """Finds the action of an incoming message. Remembers which controllers are down, so that a pedal
    that sends a stream of values triggers once per press."""

    def __init__(self, mappings: Sequence[Mapping]) -> None:
        self._by_number: dict[tuple[bool, int], list[Mapping]] = {}
        for mapping in mappings:
            self._by_number.setdefault((mapping.note, mapping.number), []).append(mapping)
        self._down: set[tuple[int, int]] = set()

    def take(self, data: bytes) -> Triggered | None:
        """What ``data`` triggers; None when it belongs to no mapping and is to be played."""
        if len(data) != 3 or not self._by_number:
            return None
        kind, channel, number, value = data[0] & 0xF0, data[0] & 0x0F, data[1], data[2]
        if kind not in (0x80, 0x90, 0xB0):
            return None
        for mapping in self._by_number.get((kind != 0xB0, number), ()):
            if mapping.channel is None or mapping.channel == channel:
                return self._pressed(mapping, kind, channel, number, value)
        return None

    def _pressed(self, mapping: Mapping, kind: int, channel: int, number: int, value: int) -> Triggered:
        if kind == 0xB0:
            span = _RANGES.get(mapping.action)
            if span is not None and mapping.argument is None:
                low, high = span
                return Triggered(mapping.action, round(low + (high - low) * value / 127, 3))
            key = (channel, number)
            was_down = key in self._down
            if value < _CC_ON:
                self._down.discard(key)
                return Triggered()
            self._down.add(key)
            if was_down:
                return Triggered()
        elif kind == 0x80 or value == 0:
            return Triggered()
        action = BY_NAME.get(mapping.action)
        takes = action is not None and action.argument is not Argument.NONE
        return Triggered(mapping.action, mapping.argument if takes else None)
