"""What is open beside the stage: which drawer, where its cursor stands, and what its keys do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jamtui.console.exchange_screen import ExchangeScreen, ExchangeState
from jamtui.console.frame import Drawer
from jamtui.console.layout import drawer_size
from jamtui.console.library_screen import LibraryScreen, LibraryState
from jamtui.console.model_screen import ModelScreen, ModelsState
from jamtui.console.panels.drawers import Choice, choices
from jamtui.session.client import BandClient
from jamtui.session.snapshot import Snapshot

BY_ACTION: Mapping[str, Drawer] = {
    "help": Drawer.HELP,
    "style_pick": Drawer.STYLES,
    "devices": Drawer.DEVICES,
    "library": Drawer.LIBRARY,
    "llm": Drawer.LLM,
    "model_pick": Drawer.MODELS,
    "hits": Drawer.HITS,
}
"""What the actions open, or close again."""


@dataclass(frozen=True, slots=True)
class DrawerState:
    """What the panels show of it. ``cursor`` counts the rows one can choose from; ``scroll`` the lines that
    are scrolled out at the top; ``unfolded`` is the role whose ports are shown, empty for none."""

    drawer: Drawer
    cursor: int
    scroll: int
    unfolded: str
    library: LibraryState
    exchange: ExchangeState
    models: ModelsState


class Drawers:
    """Keys in, requests to the band out; one drawer is open at most.

    Args:
        client: the band.
        time_of_day: a Unix time in words.
        do: does an action of the table, by name, with its argument.
    """

    def __init__(
        self,
        client: BandClient,
        time_of_day: Callable[[float], str],
        do: Callable[[str, str | None], None],
    ) -> None:
        self.drawer = Drawer.NONE
        self._do = do
        self._cursor = 0
        self._scroll = 0
        self._unfolded = ""
        self._library = LibraryScreen(client)
        self._library_seen: object = None
        self._exchange = ExchangeScreen(client, time_of_day)
        self._models = ModelScreen(client)

    @property
    def state(self) -> DrawerState:
        """For the screen."""
        return DrawerState(
            self.drawer,
            self._cursor,
            self._scroll,
            self._unfolded,
            self._library.state,
            self._exchange.state,
            self._models.state,
        )

    def take(self, snapshot: Snapshot | None) -> None:
        """Take what is new from the band for what is open."""
        if self.drawer is Drawer.LIBRARY:
            self._library.take()
            if snapshot is not None and snapshot.library.phrases != self._library_seen:
                self._library_seen = snapshot.library.phrases
                self._library.ask()
        elif self.drawer is Drawer.LLM:
            self._exchange.take()
        elif self.drawer is Drawer.MODELS:
            self._models.take(snapshot)

    def toggle(self, drawer: Drawer, snapshot: Snapshot | None) -> None:
        """Open ``drawer``, or close it where it is open."""
        self._open(Drawer.NONE if self.drawer is drawer else drawer, snapshot)

    def back(self, snapshot: Snapshot | None) -> bool:
        """Esc: leave what is innermost; False where nothing is open."""
        if self._unfolded:
            self._unfold("", snapshot)
        elif self.drawer is Drawer.LIBRARY and self._library.leave():
            pass
        elif self.drawer is not Drawer.NONE:
            self._open(Drawer.NONE, snapshot)
        else:
            return False
        return True

    def paste(self, text: str) -> bool:
        """A path, most likely, into what is being typed; False where nothing takes it."""
        if self.drawer is not Drawer.LIBRARY:
            return False
        self._library.paste(text)
        return True

    def key(self, key: str, character: str | None, snapshot: Snapshot | None, size: tuple[int, int]) -> bool:
        """One key, on a stage of ``size`` (columns, rows); False where it is not the open drawer's."""
        if self.drawer in (Drawer.NONE, Drawer.HITS):
            return False
        if self.drawer is Drawer.LIBRARY:
            ingesting = snapshot is not None and bool(snapshot.library.ingest)
            return self._library.key(key, character, ingesting=ingesting)
        if self.drawer is Drawer.MODELS:
            return self._models.key(key)
        if self.drawer is Drawer.LLM:
            if key == "enter":
                self._open(Drawer.MODELS, snapshot)
                return True
            return self._exchange.key(key, *drawer_size(*size, self.drawer))
        rows = choices(self.drawer, snapshot, self._unfolded)
        if key in ("up", "down"):
            step = 1 if key == "down" else -1
            self._cursor = (self._cursor + step) % len(rows) if rows else 0
            self._scroll = max(0, self._scroll + step)
            return True
        if key == "enter" and rows:
            self._choose(rows[min(self._cursor, len(rows) - 1)], snapshot)
            return True
        return False

    def _choose(self, choice: Choice, snapshot: Snapshot | None) -> None:
        if choice.folds:
            self._unfold("" if choice.folds == self._unfolded else choice.folds, snapshot)
            return
        self._do(choice.action, choice.argument or None)
        if self.drawer is Drawer.STYLES:
            self._open(Drawer.NONE, snapshot)
        elif self._unfolded:
            self._unfold("", snapshot)

    def _unfold(self, role: str, snapshot: Snapshot | None) -> None:
        """Show the ports that a role can play into, or hide them; the cursor stays in sight of it."""
        before, self._unfolded = self._unfolded, role
        rows = choices(self.drawer, snapshot, role)
        here = next((i for i, row in enumerate(rows) if row.folds == (role or before)), 0)
        ports = [i for i, row in enumerate(rows) if row.action == "output_pick"]
        chosen = [i for i in ports if rows[i].chosen]
        self._cursor = (chosen or ports or [here])[0]

    def _open(self, drawer: Drawer, snapshot: Snapshot | None) -> None:
        self.drawer = drawer
        self._scroll = 0
        self._unfolded = ""
        rows = choices(drawer, snapshot)
        self._cursor = next((i for i, row in enumerate(rows) if row.chosen), 0)
        if drawer is Drawer.LIBRARY:
            self._library.open()
        elif drawer is Drawer.LLM:
            self._exchange.open()
        elif drawer is Drawer.MODELS:
            self._models.open()
