"""Writes what the player chose into the configuration file, beside the thread that plans the music."""

import queue
import threading
from collections.abc import Mapping
from pathlib import Path

from jamtui.config import save_choice
from jamtui.errors import JamtuiError

_CLOSE_S = 2.0


class Choices:
    """Saves choices in the order in which they are made, in a thread of its own.

    Args:
        path: the configuration file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: queue.SimpleQueue[Mapping[str, object] | None] = queue.SimpleQueue()
        self._problems: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def save(self, choice: Mapping[str, object]) -> None:
        """Have ``choice`` (``jamtui.config.save_choice``) written soon. Never blocks."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="choices", daemon=True)
            self._thread.start()
        self._waiting.put(choice)

    def problems(self) -> list[str]:
        """Why choices could not be written, in sentences, since the last call."""
        found: list[str] = []
        while not self._problems.empty():
            found.append(self._problems.get())
        return found

    def close(self) -> None:
        """Wait until all is written."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(_CLOSE_S)

    def _run(self) -> None:
        while (choice := self._waiting.get()) is not None:
            try:
                save_choice(self._path, choice)
            except JamtuiError as error:
                self._problems.put(str(error))
