"""The store on real files does what any store must, also with all that crosses its interface pickled."""

import pickle
from contextlib import AbstractContextManager
from typing import Any, cast

import pytest

from jamtui.library.store import PhraseStore, StoreReader
from jamtui.library.store.opening import open_library
from tests.library.store_conformance import Opens, StoreConformance


class Carried:
    """A store or a reader whose every argument and answer goes through pickle, as a server's would."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __enter__(self) -> "Carried":
        return self

    def __exit__(self, *_: object) -> None:
        self._real.close()

    def reader(self) -> StoreReader:
        return cast(StoreReader, Carried(self._real.reader()))

    def at_one_moment(self) -> AbstractContextManager[None]:
        moment: AbstractContextManager[None] = self._real.at_one_moment()
        return moment

    def __getattr__(self, name: str) -> Any:
        there = getattr(self._real, name)
        if not callable(there):
            return carried(there)
        return lambda *arguments, **named: carried(there(*carried(arguments), **carried(named)))


def carried(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


class TestSqliteStore(StoreConformance):
    @pytest.fixture
    def opens(self) -> Opens:
        return open_library


class TestSqliteStoreFromAfar(StoreConformance):
    @pytest.fixture
    def opens(self) -> Opens:
        return lambda path: cast(PhraseStore, Carried(open_library(path)))
