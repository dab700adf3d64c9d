"""What other processes prepare: light to send, and the same library as phrase by phrase."""

import pickle
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from jamtui.library.prepared import Prepared, prepare_phrases
from jamtui.library.store.sqlite import SqliteStore
from tests.library.material import file, lines

POOL = [replace(record, first_bar=4 * number) for number, record in enumerate(lines(12))]


def sent(prepared: Prepared) -> Prepared:
    copy = pickle.loads(pickle.dumps(prepared))
    assert isinstance(copy, Prepared)
    return copy


@settings(max_examples=15)
@given(st.lists(st.lists(st.integers(0, len(POOL) - 1), min_size=1, max_size=20), min_size=1, max_size=4))
def test_each_phrase_once_with_the_count_of_all_files(files: list[list[int]]) -> None:
    heard: Counter[int] = Counter()
    owner: dict[int, int] = {}
    with tempfile.TemporaryDirectory() as place, SqliteStore.open(Path(place) / "library.db") as store:
        number_of: dict[int, int] = {}
        for n, inside in enumerate(files):
            result = store.add_prepared(file(f"{n}"), sent(prepare_phrases([POOL[i] for i in inside])))
            fresh = [i for i in dict.fromkeys(inside) if i not in owner]
            known = [i for i in dict.fromkeys(inside) if i in owner]
            assert len(result.added) == len(fresh)
            assert result.merged == len(inside) - len(fresh)
            assert sorted(result.met) == sorted(number_of[i] for i in known)
            number_of |= dict(zip(fresh, result.added, strict=True))
            owner |= dict.fromkeys(fresh, n)
            heard.update(inside)
        for i, number in number_of.items():
            record = store.get(number)
            expected = replace(POOL[i], id=number, source=f"sha-{owner[i]}", count=heard[i])
            assert record == expected
        # What a file gave is taken back to the last one of it.
        for n, inside in enumerate(files):
            store.forget(f"sha-{n}")
            heard.subtract(inside)
            counts = Counter({i: r.count for i, m in number_of.items() if (r := store.get(m)) is not None})
            assert counts == +heard


def test_what_travels_is_plain_and_holds_each_phrase_once() -> None:
    once = prepare_phrases(POOL)
    ten_times = prepare_phrases(POOL * 10)
    assert ten_times.found == 10 * len(POOL)
    assert set(ten_times.counts) == {10}
    assert len(pickle.dumps(ten_times)) - len(pickle.dumps(once)) < 100
    assert b"jamtui.music" not in pickle.dumps(once)


def test_nothing_prepared_is_nothing_stored(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path / "library.db") as store:
        assert store.add_prepared(file("none"), prepare_phrases([])).added == ()
        assert store.stats().phrases == 0
        assert store.has_source("sha-none", 1)
