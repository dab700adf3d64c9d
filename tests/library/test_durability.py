"""What may happen to a file: a killed writer, a full disk, damage, another version; and readers meanwhile."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import apsw
import pytest

from jamtui.errors import StoreError
from jamtui.library.search import Query, Searcher
from jamtui.library.store import database
from jamtui.library.store.database import check, migrations, open_database
from jamtui.library.store.sqlite import SqliteStore
from jamtui.music.chart import parse_chart
from jamtui.music.phrase import Role
from tests.library.material import file, lines

ROOT = Path(__file__).parents[2]
WRITER = """
import sys
from pathlib import Path
from jamtui.library.store.sqlite import SqliteStore
from tests.library.material import file, lines
store = SqliteStore.open(Path(sys.argv[1]))
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    store.add(file(f"w{number:03}"), lines(40, seed=number))  # no name begins another
    print(number, flush=True)
"""
QUERY = Query(tuple(parse_chart("Dm7 | G7").spans), Role.LEAD, "swing")


def writer(path: Path, first: int, last: int, code: str = WRITER) -> "subprocess.Popen[str]":
    arguments = [sys.executable, "-c", code, str(path), str(first), str(last)]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def read_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def whole(path: Path) -> bool:
    """Whether the file is in order, and every phrase has its file and its vectors."""
    connection, aside = open_database(path)
    assert aside is None
    phrases = connection.execute("select count(*) from phrases").fetchall()
    vectors = connection.execute("select count(*) from vectors_rowids").fetchall()
    orphans = connection.execute("select count(*) from phrases where source is null").fetchall()
    result = check(connection) == "" and phrases == vectors and orphans == [(0,)]
    connection.close()
    return result


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
def test_a_killed_writer_leaves_whole_files_only(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    chance = random.Random(4)
    for _ in range(6):
        process = writer(path, 0, 400)
        read_line(process)
        time.sleep(chance.uniform(0.0, 0.08))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.communicate()
        assert whole(path)
    with SqliteStore.open(path) as store:
        counts = {s.sha256: len(store.numbers(source=s.sha256)) for s in store.sources()}
        assert len(counts) >= 1
        done = len(counts)
        process = writer(path, 0, done + 2)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert {
            s.sha256: len(store.numbers(source=s.sha256)) for s in store.sources()
        }.items() >= counts.items()
        assert len(store.sources()) == done + 2


def test_reading_goes_on_while_two_processes_write(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    with SqliteStore.open(path) as store:
        store.add(file("first"), lines(50, seed=1000))
        with Searcher(store) as searcher:
            searcher.start()
            writers = [writer(path, 0, 25), writer(path, 100, 125)]
            searches = 0
            while any(w.poll() is None for w in writers):
                assert len(searcher.search(QUERY)) == 8
                store.mark(1, kept=bool(searches % 2))
                searches += 1
                time.sleep(0.01)
            for process in writers:
                _, errors = process.communicate()
                assert process.returncode == 0, errors
            assert searches > 10
            assert searcher.trouble == ""
            searcher.refresh()
            assert searcher.size == store.stats().phrases > 1500
            with Searcher(store) as fresh:
                assert [h.record.id for h in fresh.search(QUERY)] == [
                    h.record.id for h in searcher.search(QUERY)
                ]


def test_what_is_stored_is_found_within_a_moment(tmp_path: Path) -> None:
    with SqliteStore.open(tmp_path / "library.db") as store:
        store.add(file("first"), lines(20))
        with Searcher(store) as searcher:
            searcher.start()
            before = searcher.size
            store.add(file("second"), lines(20, seed=8))
            end = time.monotonic() + 20
            while searcher.size == before and time.monotonic() < end:
                time.sleep(0.02)
            assert searcher.size == before + 20


FULL = """
import resource, signal, sys
from pathlib import Path
from jamtui.errors import StoreError
from jamtui.library.store.sqlite import SqliteStore
from tests.library.material import file, lines
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))
store = SqliteStore.open(Path(sys.argv[1]))
done = 0
try:
    for number in range(1000):
        store.add(file(f"w{number}"), lines(200, seed=number))
        done += 1
except StoreError as error:
    print(f"{done} {error}")
    print(store.stats().sources, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are Unix")
def test_a_full_disk_costs_one_file_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    said, errors = writer(path, 0, 0, FULL).communicate(timeout=60)
    assert "Traceback" not in errors
    first, sources = said.splitlines()
    done, _, sentence = first.partition(" ")
    assert int(done) == int(sources) >= 1
    assert "no room left" in sentence
    assert "free some space" in sentence
    assert whole(path)
    with SqliteStore.open(path) as store:
        assert len(store.sources()) == int(done)
        assert len(store.add(file("after"), lines(5, seed=5000)).added) == 5


def filled(path: Path, files: int = 3) -> None:
    with SqliteStore.open(path) as store:
        for number in range(files):
            store.add(file(f"f{number}"), lines(200, seed=number))


def garbage_head(path: Path) -> None:
    with path.open("r+b") as f:
        f.write(b"not a database at all" * 10)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def cut_to_nothing_useful(path: Path) -> None:
    os.truncate(path, 60)


def scribble(path: Path) -> None:
    chance = random.Random(2)
    size = path.stat().st_size
    with path.open("r+b") as f:
        for _ in range(60):
            f.seek(chance.randrange(4096, size - 600))
            f.write(chance.randbytes(512))


def test_what_another_process_began_anew_is_not_set_aside_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "library.db"
    filled(path)
    garbage_head(path)
    damaged = path.read_bytes()
    connect = database._connect

    def overtaken(*arguments: Any) -> apsw.Connection:
        try:
            return connect(*arguments)
        except apsw.NotADBError:
            monkeypatch.setattr(database, "_connect", connect)
            with SqliteStore.open(path) as other:
                assert other.set_aside is not None
                other.add(file("new"), lines(5))
            raise

    monkeypatch.setattr(database, "_connect", overtaken)
    with SqliteStore.open(path) as store:
        assert store.set_aside is None
        assert store.stats().phrases == 5
    (aside,) = tmp_path.glob("library-damaged-*.db")
    assert aside.read_bytes() == damaged


@pytest.mark.parametrize("harm", [garbage_head, cut, cut_to_nothing_useful, scribble])
def test_a_damaged_library_is_set_aside_and_the_band_has_a_new_one(
    tmp_path: Path, harm: "type[object]"
) -> None:
    path = tmp_path / "library.db"
    filled(path)
    size = path.stat().st_size
    harm(path)
    damaged = path.read_bytes()
    with pytest.raises(StoreError, match="is damaged"):
        SqliteStore.open(path, read_only=True)
    with SqliteStore.open(path) as store:
        assert store.set_aside is not None
        assert store.set_aside.path.read_bytes() == damaged
        assert re.fullmatch(r"library-damaged-\d{8}-\d{6}\.db", store.set_aside.path.name)
        assert str(store.set_aside.path) in store.set_aside.sentence
        assert "backup" in store.set_aside.sentence
        assert "\n" not in store.set_aside.sentence
        assert store.stats().phrases == 0
        store.add(file("again"), lines(5))
    with SqliteStore.open(path) as store:
        assert store.set_aside is None
        assert store.stats().phrases == 5
    assert size > 0


BACKUP_FULL = """
import resource, sys
from pathlib import Path
from jamtui.errors import StoreError
from jamtui.library.store.sqlite import SqliteStore

store, target = SqliteStore.open(Path(sys.argv[1])), Path(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, -1))
try:
    store.backup(target)
except StoreError as error:
    print(error, target.exists())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limit there")
def test_a_backup_that_finds_no_room_leaves_nothing_behind(tmp_path: Path) -> None:
    path, target = tmp_path / "library.db", tmp_path / "copy.db"
    filled(path)
    done = subprocess.run(
        [sys.executable, "-c", BACKUP_FULL, str(path), str(target)],
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=True,
    )  # fmt: skip
    assert f"cannot write the backup {target}" in done.stdout
    assert done.stdout.endswith("choose another place False\n")


FULL_COMMANDS = """
import resource, signal, sys
from pathlib import Path
from jamtui.errors import StoreError
from jamtui.library.store.sqlite import SqliteStore
from jamtui.processes import library_commands
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
with SqliteStore.open(path) as store:
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, -1))
    try:
        store.vacuum()
    except StoreError as error:
        print(error)
    print(len(store.numbers()), path.with_name(path.name + "-wal").stat().st_size)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, -1))  # not even the index of a write-ahead log
library_commands.paths.library_file = lambda: path
library_commands.show_stats(as_json=False)
try:
    library_commands.forget(["sha-f0"], (), as_json=False)
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are Unix")
def test_a_library_on_a_full_disk_can_be_looked_into(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    filled(path)
    said, errors = writer(path, 0, 0, FULL_COMMANDS).communicate(timeout=60)
    assert errors == ""
    vacuum, whole_still, size, *_, forget = said.splitlines()
    assert "takes for a while as much as it has" in vacuum
    assert whole_still == "600 0", "all is there, and what vacuum wrote has made room"
    assert size.startswith(str(path))
    assert "600 phrases from 3 files" in said
    assert "no room left" in forget
    assert "library backup" in forget
    assert whole(path)


def test_a_backup_that_was_killed_is_none_and_does_not_stand_in_the_way(tmp_path: Path) -> None:
    path, target = tmp_path / "library.db", tmp_path / "copy.db"
    filled(path, 1)
    (tmp_path / "copy.db.part").write_bytes(b"as far as it came")
    with SqliteStore.open(path) as store:
        store.backup(target)
    assert whole(target)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["copy.db", "library.db"]


def test_opening_a_library_waits_for_no_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "library.db"
    filled(path, 1)
    monkeypatch.setattr(database, "BUSY_MS", 0)  # whoever would wait fails
    busy, _ = open_database(path)
    busy.execute("begin immediate")
    with SqliteStore.open(path) as store:
        assert len(store.numbers()) == 200
        with pytest.raises(StoreError, match="another jamtui"):
            store.mark(1, kept=True)
    busy.execute("rollback")
    busy.close()


def use(store: SqliteStore) -> None:
    store.forget("sha-f0")
    for number in range(50):
        store.get_many(store.numbers())
        store.add(file(f"x{number}"), lines(50, seed=900 + number))


def test_damage_that_shows_in_use_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    filled(path)
    with SqliteStore.open(path) as store:
        store._connection.execute("pragma wal_checkpoint(truncate)")
        scribble(path)
        with pytest.raises(StoreError, match=r"is damaged .* set aside"):
            use(store)


def test_a_backup_put_in_place_of_a_damaged_library_is_used(tmp_path: Path) -> None:
    path, backup = tmp_path / "library.db", tmp_path / "backup.db"
    filled(path)
    with SqliteStore.open(path) as store:
        phrases = store.stats().phrases
        store.backup(backup)
    garbage_head(path)
    backup.replace(path)
    with SqliteStore.open(path) as store:
        assert (store.set_aside, store.stats().phrases) == (None, phrases)


def test_a_newer_library_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    filled(path, 1)
    newer = apsw.Connection(str(path))
    newer.execute(f"pragma user_version = {len(migrations()) + 1}")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"newer jamtui .* update jamtui"):
        SqliteStore.open(path)
    assert path.read_bytes() == before


def test_another_programs_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    other = apsw.Connection(str(path))
    other.execute("create table recipes (name text); insert into recipes values ('soup')")
    other.close()
    with pytest.raises(StoreError, match="another program"):
        SqliteStore.open(path)
    assert apsw.Connection(str(path)).execute("select name from recipes").fetchall() == [("soup",)]


def test_migrations_run_in_order_once_and_keep_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    steps = migrations()
    old, _ = open_database(path, steps=steps[:1])
    old.execute(
        "insert into sources (sha256, path, title, licence, ingested_at, analysis, refused) "
        "values ('sha-old', 'old.mid', '', '', 0.0, 1, '')"
    )
    assert old.execute("pragma user_version").fetchall() == [(1,)]
    old.close()
    with pytest.raises(StoreError, match="older jamtui"):
        SqliteStore.open(path, read_only=True)
    with SqliteStore.open(path) as store:
        assert store.stats().schema == len(steps)
        assert store.has_source("sha-old", 1)
        store.add(file("new"), lines(3))
    with SqliteStore.open(path) as store:
        assert store.stats().phrases == 3


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    filled(path, 1)
    broken = [*migrations(), "alter table phrases add column mood text; select nonsense from nowhere"]
    with pytest.raises(apsw.SQLError):
        open_database(path, steps=broken)
    with SqliteStore.open(path) as store:
        assert store.stats().schema == len(migrations())
        assert store.stats().phrases > 0


def test_two_processes_may_make_the_library_at_once(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    writers = [writer(path, number, number + 1) for number in range(3)]
    for process in writers:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    with SqliteStore.open(path) as store:
        assert len(store.sources()) == 3


def test_vectors_of_other_features_are_computed_again(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    filled(path, 1)
    with SqliteStore.open(path) as store, Searcher(store) as searcher:
        before = [(h.record.id, h.score) for h in searcher.search(QUERY)]
        store._connection.execute("update settings set value = 'older' where name = 'features'")
        store._connection.execute("delete from vectors where rowid < 50")
    with SqliteStore.open(path) as store, Searcher(store) as searcher:
        assert [(h.record.id, h.score) for h in searcher.search(QUERY)] == before


@pytest.mark.parametrize("read_only", [True, False])
def test_a_place_that_cannot_be_used_is_named(tmp_path: Path, read_only: bool) -> None:
    (tmp_path / "file").write_text("here is no folder")
    with pytest.raises(StoreError, match="library"):
        SqliteStore.open(tmp_path / "file" / "library.db", read_only=read_only)


def test_a_searcher_waits_for_nobody(tmp_path: Path) -> None:
    """A writer that holds the lock does not stop searches."""
    path = tmp_path / "library.db"
    filled(path, 1)
    with SqliteStore.open(path) as store, Searcher(store) as searcher:
        holder, _ = open_database(path)
        holder.execute("begin immediate")
        holder.execute("update phrases set played = played + 1")
        found: list[int] = []
        thread = threading.Thread(target=lambda: found.append(len(searcher.search(QUERY))), daemon=True)
        thread.start()
        thread.join(10)
        assert found == [8]
        holder.execute("rollback")
        holder.close()
