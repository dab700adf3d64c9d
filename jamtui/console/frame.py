"""What the panels paint from: one immutable picture of everything, made once a frame."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from jamtui.console.exchange_screen import ExchangeState
from jamtui.console.inks import Inks
from jamtui.console.library_screen import LibraryState
from jamtui.console.model_screen import ModelsState
from jamtui.console.news import Told
from jamtui.music.meter import COMMON_TIME, METERS, Meter
from jamtui.session.snapshot import GaugeView, RoleView, Roll, Snapshot

ROLES = ("lead", "bass", "comp", "drums")
"""The band in the order of its number keys."""


class Drawer(StrEnum):
    """What may be open beside the stage. None of it keeps keys from the band."""

    NONE = ""
    HELP = "help"
    STYLES = "styles"
    DEVICES = "devices"
    LIBRARY = "library"
    LLM = "llm"
    MODELS = "models"
    HITS = "hits"


@dataclass(frozen=True, slots=True)
class PadsView:
    """The chord pads of the computer keyboard: their key, (key, symbol) of each, the one that sounds."""

    tonic: str
    pads: tuple[tuple[str, str], ...]
    shifted: tuple[tuple[str, str], ...]
    active: str = ""


def ended(snapshot: Snapshot) -> Snapshot:
    """The last of a band that is no more: nothing plays, is held, is recorded or comes."""
    roles = tuple(replace(r, source="", level=0.0, label="", runway_bars=0.0) for r in snapshot.roles)
    gauges = replace(snapshot.gauges, queue_depth=0, runway_bars=0.0)
    return replace(
        snapshot,
        state="stopped",
        roles=roles,
        gauges=gauges,
        chord=replace(snapshot.chord, held=False, heard=""),
        next_chords=(),
        notices=(),
        pending=(),
        recording="",
        frozen=False,
        clock="internal",
        clock_locked=True,
    )


@dataclass(frozen=True, slots=True)
class KeyHint:
    """A key as it is written on screen, with the title and help of its action."""

    action: str
    key: str
    title: str
    help: str
    footer: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """All that one frame shows. ``tick`` is carried forward between snapshots."""

    snapshot: Snapshot | None
    rolls: Mapping[str, Roll]
    gauges: GaugeView
    tick: float
    link: str
    link_detail: str
    events: tuple[Told, ...]
    """What was said lately, what the event line tells last (`News`)."""
    pads: PadsView | None
    keys: tuple[KeyHint, ...]
    roll_role: str
    drawer: Drawer
    cursor: int
    scroll: int
    soon: bool
    quitting: bool
    version: str
    inks: Inks
    failure: str = ""
    """Why the band cannot start; empty while it can."""
    unfolded: str = ""
    """Role whose ports the devices drawer shows; empty for none."""
    library: LibraryState = field(default_factory=LibraryState)
    """What the library drawer shows."""
    exchange: ExchangeState = field(default_factory=ExchangeState)
    """What the LLM drawer shows."""
    models: ModelsState = field(default_factory=ModelsState)
    """What the model drawer shows."""

    @property
    def meter(self) -> Meter:
        """The meter in force."""
        return METERS.get(self.snapshot.meter, COMMON_TIME) if self.snapshot else COMMON_TIME

    @property
    def rolling(self) -> bool:
        """Musical time moves."""
        return self.snapshot is not None and self.snapshot.state != "stopped"

    @property
    def over(self) -> bool:
        """There is no band any more."""
        return bool(self.failure) or self.link == "ended"

    @property
    def stopped(self) -> bool:
        """There is a band, and it does not play."""
        return self.snapshot is not None and self.snapshot.state == "stopped"

    def _bar_start(self, tick: float) -> int:
        length = self.meter.bar_ticks
        start = self.snapshot.bar_tick if self.snapshot else 0
        return start + int((tick - start) // length) * length

    @property
    def bar_tick(self) -> int:
        """Tick of the first beat of the bar of ``tick``."""
        return self._bar_start(self.tick)

    @property
    def beat(self) -> int:
        """Felt beat of ``tick``, 1-based; 0 while stopped."""
        if not self.rolling:
            return 0
        return self.meter.beat_at(int(self.tick) - self.bar_tick) + 1

    @property
    def bar(self) -> int:
        """Bar of ``tick``, 1-based, 0 in the count-in."""
        if self.snapshot is None:
            return 0
        passed = self.bar_tick - self._bar_start(self.snapshot.tick)
        return self.snapshot.bar + passed // self.meter.bar_ticks

    def role(self, name: str) -> RoleView | None:
        """The view of a role, None before the first snapshot."""
        if self.snapshot is None:
            return None
        return next((r for r in self.snapshot.roles if r.role == name), None)
