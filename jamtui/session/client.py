"""What a client of the engine (console, headless run, bench) can do, whatever carries it."""

from collections.abc import Mapping
from typing import Protocol

from jamtui.session.exchange import Exchange
from jamtui.session.library_page import LibraryPage, PageRequest
from jamtui.session.model_page import ModelPage
from jamtui.session.snapshot import Event, Roll, Snapshot


class BandClient(Protocol):
    """A running band seen from outside. No call blocks; all are safe from one thread."""

    @property
    def link(self) -> str:
        """``connecting``, ``connected``, ``lost`` (for a moment) or ``ended`` (with the band)."""
        ...

    @property
    def link_detail(self) -> str:
        """A sentence for the screen while not connected."""
        ...

    def latest(self) -> Snapshot | None:
        """The newest snapshot, None before the first."""
        ...

    def rolls(self) -> Mapping[str, Roll]:
        """The newest piano roll by role name."""
        ...

    def drain_events(self) -> list[Event]:
        """Events since the last call, oldest first."""
        ...

    def drain_requests(self) -> list[str]:
        """Local actions asked for elsewhere (a key of the MIDI keyboard) since the last call, by name."""
        ...

    def act(self, action: str, argument: str | float | None = None, *, soon: bool = False) -> None:
        """Do a named action (``jamtui.session.actions``). ``soon``: at the next beat, not the next bar."""
        ...

    def ask_page(self, request: PageRequest) -> None:
        """Ask for a page of the phrase library; it comes by ``page``."""
        ...

    def page(self) -> LibraryPage | None:
        """The newest page of the phrase library, None before the first."""
        ...

    def exchange(self) -> Exchange | None:
        """What the LLM was last asked and what it said, None before the first. The same object until there
        is a newer one."""
        ...

    def ask_models(self) -> None:
        """Ask which models could play; they come by ``models``."""
        ...

    def models(self) -> ModelPage | None:
        """The newest list of models, None before the first."""
        ...

    def midi_in(self, data: bytes) -> None:
        """A MIDI message as if played on a keyboard (the computer keyboard's chord pads)."""
        ...

    def close(self) -> None:
        """Detach; the music goes on."""
        ...
