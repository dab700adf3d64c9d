"""All settings as values. The dataclasses are the whole schema: names, types, limits and defaults."""

import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

UNLIMITED = 2**63 - 1
"""Highest value of a setting that has no limit above."""

ROLE_NAMES = ("lead", "bass", "comp", "drums")
"""The band, as it is named in the file."""


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
    hedge: bool = True
    """On beats where a change of chord is likely and not known, play what stays right or begin late."""
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
    seed: int | None = field(default=None, metadata=_limits(0, UNLIMITED))
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
    """Name of the action; must be given. docs/configuration.md lists them."""
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

    def sharing_roles(self) -> tuple[str, ...]:
        """The first roles that play on the same channel of the same existing port, empty where none do: a
        channel has one program and one volume."""
        users: dict[tuple[str, int], list[str]] = {}
        for name in (f.name for f in fields(RolesConfig)):
            role = self.role(name)
            port = self.midi.port if self.midi.outputs == "single" else role.port
            if port and role.on:
                users.setdefault((port.lower(), role.channel), []).append(name)
        return next((tuple(roles) for roles in users.values() if len(roles) > 1), ())
