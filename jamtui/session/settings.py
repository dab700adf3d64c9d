"""What the player can set on the band, and how the values of actions are read."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from jamtui.errors import JamtuiError
from jamtui.music.meter import COMMON_TIME, EIGHTH, METERS, SIXTEENTH, Meter
from jamtui.music.phrase import Role

GRIDS: dict[str, int] = {"free": 0, "1/8": EIGHTH, "1/16": SIXTEENTH}
"""Where an answer to a chord may begin: ticks of the grid, 0 for at once."""

STEP = 0.1
"""What one press of a temperature or energy key changes."""

ROLES: tuple[Role, ...] = (Role.LEAD, Role.BASS, Role.COMP, Role.DRUMS)
PITCHED: tuple[Role, ...] = (Role.BASS, Role.COMP, Role.LEAD)
"""Roles that play chords, in the order in which they are planned."""


class SettingError(JamtuiError):
    """An action's argument that cannot be used."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class BandOptions:
    """What does not change while the band plays.

    Ports name the output loop's sinks; an empty name means none.
    """

    count_in: int | None = None
    """Bars; None as the style says."""
    thru_port: str = ""
    clock_port: str = ""
    """MIDI clock is sent there."""
    clock_source: str = "internal"
    clock_input: str = ""
    """Only this input's clock is followed; empty: any."""
    styles_in_turn: bool = False
    tempo_given: bool = True
    """The tempo was asked for; otherwise a style that is picked while stopped brings its own."""
    demo: bool = False


@dataclass(frozen=True, slots=True)
class BandSettings:
    """Settings of the band. ``temperature`` and ``energy`` run from 0 to 1."""

    style: str
    meter: Meter = COMMON_TIME
    temperature: float = 0.4
    energy: float = 0.5
    density: float = 0.5
    """How many notes, 0 (few) to 1 (many); 0.5 is the style's own measure."""
    surprise: float = 0.0
    """How far out of the chord's own scale the band goes beside what temperature does, 0 to 1."""
    grid: str = "1/8"
    click: bool = False
    feel: float = 1.0
    """Amount of the style's feel, 0 (the grid) to 1."""
    hedge: bool = True
    """Where a change of chord is likely and nobody knows to what: notes that stay right, or a late start."""
    roles: frozenset[Role] = frozenset(ROLES)
    """Roles that take part; the others are left out altogether."""
    muted: frozenset[Role] = field(default_factory=frozenset)
    solo: frozenset[Role] = field(default_factory=frozenset)


def audible(settings: BandSettings, role: Role) -> bool:
    """Whether ``role`` is heard with the mutes and solos of ``settings``."""
    if role not in settings.roles or role in settings.muted:
        return False
    return not settings.solo or role in settings.solo


def read_share(argument: str | float | None, what: str) -> float:
    """A number from 0 to 1. Raises SettingError."""
    try:
        value = float(argument) if argument is not None else float("nan")
    except ValueError:
        value = float("nan")
    if not 0.0 <= value <= 1.0:
        raise SettingError(f"Give the {what} a number from 0 to 1, not {argument!r}.")
    return value


def read_seed(argument: str | float | None) -> int:
    """A seed: a whole number from 0 on. Raises SettingError."""
    try:
        seed = int(float(argument)) if argument is not None else -1
    except (ValueError, OverflowError):
        seed = -1
    if not 0 <= seed < 1 << 53:
        raise SettingError(f"Give the seed as a whole number from 0 on, not {argument!r}.")
    return seed


def step_share(value: float, steps: int) -> float:
    """``value`` moved by ``steps`` presses and kept within 0 to 1."""
    return min(1.0, max(0.0, round(value + steps * STEP, 3)))


def read_choice(argument: str | float | None, names: Sequence[str], what: str) -> str:
    """One of ``names``, without regard to case. Raises SettingError that lists them."""
    text = str(argument or "").strip().casefold()
    for name in names:
        if name.casefold() == text:
            return name
    raise SettingError(f"Choose a {what} from {', '.join(names)}; {argument!r} is none of them.")


def step_choice(value: str, names: Sequence[str], steps: int) -> str:
    """The name ``steps`` further on in ``names``, round and round."""
    if not names:
        return value
    at = names.index(value) if value in names else 0
    return names[(at + steps) % len(names)]


def read_meter(argument: str | float | None) -> Meter:
    """A meter by name. Raises SettingError."""
    return METERS[read_choice(argument, tuple(METERS), "meter")]
