"""The phrase store: one interface, and SQLite behind it.

Whoever uses a library takes ``PhraseStore`` and ``StoreReader``; ``opening.open_library`` alone says what is
behind them.
"""

from jamtui.library.store.interface import PhraseStore, ShelfEntry, ShelfVectors, StoreReader

__all__ = ["PhraseStore", "ShelfEntry", "ShelfVectors", "StoreReader"]
