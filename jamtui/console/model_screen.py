"""The model screen: the models on all hosts, and taking one of them."""

from dataclasses import dataclass

from jamtui.session.client import BandClient
from jamtui.session.model_page import ModelPage, ModelRow
from jamtui.session.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ModelsState:
    """What the screen shows. ``page`` is None until the workers answer; ``cursor`` counts its rows."""

    page: ModelPage | None = None
    cursor: int = 0


class ModelScreen:
    """Keys in, requests to the band out. Asks again whenever the LLM's state changes."""

    def __init__(self, client: BandClient) -> None:
        self._client = client
        self._page: ModelPage | None = None
        self._cursor: int | None = None
        """None: on the model that is chosen."""
        self._seen: object = None

    @property
    def state(self) -> ModelsState:
        """For the screen."""
        return ModelsState(self._page, self._at())

    def open(self) -> None:
        """Ask for the models as they are now."""
        self._cursor = None
        self._client.ask_models()

    def take(self, snapshot: Snapshot | None) -> None:
        """Look whether an answer has come, or there is something new to ask for."""
        self._page = self._client.models()
        view = next((s for s in snapshot.sources if s.letter == "O"), None) if snapshot is not None else None
        # Its sentence begins with the model; the figures after it change all the time.
        seen = (view.state, view.detail.partition(": ")[0]) if view is not None else None
        if seen != self._seen:
            self._seen = seen
            self._client.ask_models()

    def key(self, key: str) -> bool:
        """One key; False where it is not the screen's."""
        rows = self._rows()
        if key in ("up", "down"):
            if rows:
                self._cursor = (self._at() + (1 if key == "down" else -1)) % len(rows)
            return True
        if key == "enter" and rows:
            self._client.act("model", rows[self._at()].name)
            return True
        return key == "enter"

    def _rows(self) -> tuple[ModelRow, ...]:
        return self._page.rows if self._page is not None else ()

    def _at(self) -> int:
        rows = self._rows()
        if self._cursor is not None:
            return max(0, min(self._cursor, len(rows) - 1))
        return next((i for i, row in enumerate(rows) if row.playing or row.chosen), 0)
