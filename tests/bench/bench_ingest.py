"""Ingest as a whole: every file taken or refused in words, within limits; workers; kill -9.

    python tests/bench/bench_ingest.py files FOLDER       every file of FOLDER and of its nasty/, one by one
    python tests/bench/bench_ingest.py workers FOLDER     one worker and two, in turn, three times
    python tests/bench/bench_ingest.py kill FOLDER [--times 20] [--seed 1]

Not collected by pytest.
"""

import argparse
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SUFFIXES = (".mid", ".midi", ".kar")


def measured(path: Path, link: "multiprocessing.connection.Connection") -> None:
    """In a process of its own: read a file, send what became of it."""
    from jamtui.library.ingest import analyse_file
    from jamtui.library.ingest.travel import pack

    before = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.perf_counter()
    try:
        packed = pack(analyse_file(path))
        phrases = packed.prepared.found if packed.prepared else 0
        refused, failed = packed.source.refused, ""
    except BaseException as error:
        phrases, refused, failed = 0, "", repr(error)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    link.send((phrases, refused, failed, time.perf_counter() - begun, cpu, after.ru_maxrss / 1024))


def alone(path: Path) -> tuple[int, str, str, float, float, float]:
    context = multiprocessing.get_context("forkserver")
    ours, theirs = context.Pipe()
    process = context.Process(target=measured, args=(path, theirs))
    process.start()
    theirs.close()
    try:
        answer: tuple[int, str, str, float, float, float] = ours.recv()
    except EOFError:
        process.join()
        answer = (0, "", f"died with {process.exitcode}", 0.0, 0.0, 0.0)
    process.join()
    return answer


def files(folder: Path) -> None:
    multiprocessing.set_forkserver_preload(["jamtui.library.ingest.travel", "jamtui.library.ingest.analyse"])
    every = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    for name, chosen in (
        ("well-formed", [p for p in every if "nasty" not in p.parts]),
        ("nasty", [p for p in every if "nasty" in p.parts]),
    ):
        rows = [(path, *alone(path)) for path in chosen]
        taken = [r for r in rows if r[1]]
        refused = [r for r in rows if r[2]]
        failed = [r for r in rows if r[3] or not (r[1] or r[2])]
        print(
            f"\n{name}: {len(rows)} files, {len(taken)} taken, {len(refused)} refused, {len(failed)} failed"
        )
        print(f"  phrases {sum(r[1] for r in taken)}, fewest {min((r[1] for r in taken), default=0)}")
        print(f"  seconds: longest {max(r[4] for r in rows):.2f} (CPU {max(r[5] for r in rows):.2f})")
        print(f"  memory: most {max(r[6] for r in rows):.0f} MB")
        for path, _, reason, *_ in refused:
            print(f"  refused {path.name}: {reason}")
        for path, _, _, failure, *_ in failed:
            print(f"  FAILED {path.name}: {failure or 'neither phrases nor a reason'}")
    print(f"\nload average {os.getloadavg()[0]:.2f}, Python {sys.version.split()[0]}")


def workers(folder: Path, rounds: int = 3) -> None:
    from jamtui.library.ingest import ingest

    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for count in seconds:
            with tempfile.TemporaryDirectory() as place:
                report = ingest([folder], Path(place) / "library.db", workers=count)
                seconds[count].append(report.seconds)
                print(
                    f"{count} workers: {report.seconds:.1f} s, {report.phrases} phrases, {report.added} new",
                    flush=True,
                )
    best = {count: min(times) for count, times in seconds.items()}
    print(f"2 workers against 1: {best[1] / best[2]:.2f} times (best of {rounds})")
    print(f"load average {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")


def command(folder: Path, home: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "jamtui", "ingest", str(folder), "--workers", "2", "--json"],
        env={**os.environ, "JAMTUI_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def state(library: Path) -> tuple[str, int]:
    """SQLite's integrity check, and how many phrases there are."""
    import apsw

    if not library.exists():
        return "ok", 0
    connection = apsw.Connection(str(library))
    check = str(next(iter(connection.execute("pragma integrity_check")))[0])
    tables = {row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")}
    phrases = next(iter(connection.execute("select count(*) from phrases")))[0] if "phrases" in tables else 0
    connection.close()
    return check, int(phrases)


def kill(folder: Path, times: int, seed: int) -> None:
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        whole = Path(place) / "whole"
        begun = time.monotonic()
        command(folder, whole).wait()
        length = time.monotonic() - begun
        check, complete = state(whole / "data" / "library.db")
        print(f"undisturbed: {complete} phrases in {length:.1f} s, integrity {check}")
        clean = same = 0
        for number in range(times):
            home = Path(place) / f"killed {number}"
            library = home / "data" / "library.db"
            running = command(folder, home)
            moment = chance.uniform(0.3, length)
            time.sleep(moment)
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            check, phrases = state(library)
            command(folder, home).wait()
            again, second = state(library)
            clean += check == again == "ok"
            same += second == complete
            print(
                f"killed after {moment:5.2f} s: integrity {check}, {phrases} phrases; then {second}, {again}",
                flush=True,
            )
        print(f"integrity clean {clean} of {times}, same phrase count {same} of {times}")
    print(f"load average {os.getloadavg()[0]:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["files", "workers", "kill"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.what == "files":
        files(arguments.folder)
    elif arguments.what == "workers":
        workers(arguments.folder)
    else:
        kill(arguments.folder, arguments.times, arguments.seed)


if __name__ == "__main__":
    main()
