"""What it costs: ``naming``, ``cpu``, ``startup`` and ``soak``."""

import random
import subprocess
import sys
import time

from jamtui import paths
from jamtui.music.chord import parse_chord
from jamtui.music.detect import Context, name_voicing
from jamtui.processes.benching.band import BandUnderTest, cpu_seconds, resident_mb, write_config
from jamtui.processes.benching.bench import COLUMNS, ROWS, Bench
from jamtui.processes.benching.figures import Figure, at_least, at_most, exactly, percentile
from jamtui.processes.benching.playing import voicings
from jamtui.processes.benching.timing import control_beside, end_control
from jamtui.processes.benching.wire import Terminal
from jamtui.processes.control import stop_band
from jamtui.processes.options import SessionOptions
from jamtui.session.kpi import ON_TIME_NS

CPU_S = 20.0
STARTS = 5
SOAK_S = 600.0
SOAK_EVENTS = 5000
"""With at least so many events asked for, the soak takes its full ten minutes."""
SETTLE_S = 60.0
NOTES_A_SECOND = 24
"""About what the demo plays, note-ons and note-offs."""


def naming(bench: Bench) -> Figure:
    """Time for one name: sets of notes as they come, most of them seen before, as on stage."""
    rng = random.Random(bench.seed)
    source = voicings(bench.seed)
    asked: list[tuple[tuple[int, ...], Context]] = []
    previous = None
    for _ in range(bench.events):
        keys = list(next(source))
        if rng.random() < 0.3:
            keys.pop(rng.randrange(len(keys)))
        if rng.random() < 0.2:
            keys.append(72 + rng.randrange(12))
        asked.append((tuple(keys), Context(previous, None, None)))
        previous = parse_chord("C") if rng.random() < 0.1 else previous
    took: list[float] = []
    for sounding, context in asked:
        before = time.perf_counter_ns()
        name_voicing(sounding, context)
        took.append((time.perf_counter_ns() - before) / 1000)
    return Figure(
        "naming",
        "chord naming time",
        (at_most("median", percentile(took, 0.5), 50.0, "µs"),),
        len(took),
        details={"p99 µs": percentile(took, 0.99), "max µs": max(took), "the first µs": took[0]},
    )


def cpu(bench: Bench) -> Figure:
    """Processor time of console, engine and outlet while the demo plays."""
    write_config()
    options = SessionOptions(demo=True, autostart=True, seed=bench.seed)
    with BandUnderTest(bench.listener, options) as band, bench.console() as terminal:
        band.wait_playing()
        engine = int(band.fetch()["engine_pid"])
        processes = engine, terminal.pid, band.outlet_pid()
        time.sleep(3.0)
        began = time.monotonic()
        before = [cpu_seconds(pid) for pid in processes]
        time.sleep(CPU_S)
        after = [cpu_seconds(pid) for pid in processes]
        wall = time.monotonic() - began
        memory = resident_mb(engine), resident_mb(terminal.pid)
    bench.listener.clear()
    return Figure(
        "cpu",
        f"share of one core while the demo plays, console at {COLUMNS}×{ROWS}",
        (
            at_most("console", (after[1] - before[1]) / wall * 100, 35.0, "%"),
            at_most("engine", (after[0] - before[0]) / wall * 100, 15.0, "%"),
        ),
        1,
        details={
            "outlet %": round((after[2] - before[2]) / wall * 100, 1),
            "seconds": round(wall, 1),
            "engine MB": memory[0],
            "console MB": memory[1],
        },
    )


def startup(bench: Bench) -> Figure:
    """``jamtui --version``, and the first paint with no band running and with one."""
    write_config()
    versions: list[float] = []
    cold: list[float] = []
    attached: list[float] = []
    for _ in range(STARTS):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "jamtui", "--version"], stdout=subprocess.DEVNULL, check=True)
        versions.append(time.perf_counter() - began)
    # A musician's first paint has the compiled book there; making it is the first start's own.
    for number in range(STARTS + 1):
        terminal = Terminal(columns=COLUMNS, rows=ROWS)
        try:
            painted = terminal.painted()
            if number:
                cold.append(painted)
            _wait_for_band()
        finally:
            terminal.close()
            stop_band(paths.runtime_dir())
    with BandUnderTest(None, SessionOptions(demo=True, autostart=True, seed=bench.seed)):
        for _ in range(STARTS):
            terminal = Terminal("attach", columns=COLUMNS, rows=ROWS)
            try:
                attached.append(terminal.painted())
            finally:
                terminal.close()
    return Figure(
        "startup",
        "time from the command to its answer",
        (
            at_most("jamtui --version", percentile(versions, 0.5), 0.25, "s"),
            at_most("first paint, no band running", percentile(cold, 0.5), 1.0, "s"),
            at_most("first paint, attaching to a band that plays", percentile(attached, 0.5), 1.0, "s"),
        ),
        STARTS,
        details={
            "--version, slowest s": max(versions),
            "no band running, slowest s": max(cold),
            "attaching, slowest s": max(attached),
        },
    )


def soak(bench: Bench) -> Figure:
    """Ten minutes of the demo, all styles in turn, with a console."""
    write_config()
    seconds = SOAK_S * min(1.0, bench.events / SOAK_EVENTS)
    options = SessionOptions(demo=True, autostart=True, styles_in_turn=True, seed=bench.seed)
    resident: list[float] = []
    styles: set[str] = set()
    with BandUnderTest(bench.listener, options) as band, bench.console():
        band.wait_playing()
        engine = int(band.fetch()["engine_pid"])
        # Asleep all the way, or it would be a load of its own: what it is for is the machine standing still.
        with control_beside(int(seconds * NOTES_A_SECOND), round(1e9 / NOTES_A_SECOND), 0) as control:
            end = time.monotonic() + seconds
            settled = time.monotonic() + min(SETTLE_S, seconds / 3)
            while time.monotonic() < end:
                time.sleep(min(5.0, seconds / 10))
                styles.add(str(band.fetch()["style"]))
                if time.monotonic() >= settled:
                    resident.append(resident_mb(engine))
                bench.listener.clear()
            report = band.fetch()
            late, _ = end_control(control)
    stood = sum(ms > ON_TIME_NS / 1e6 for ms in late)
    drift = max(abs(r - resident[0]) for r in resident)
    air = report["dead_air"]
    dropped = report["notes_dropped"]
    return Figure(
        "soak",
        f"{seconds:.0f} s of the demo, all styles in turn",
        (
            at_least(
                "on-time share", float(report["on_time_share"]), 0.9999, floor=1.0 - stood / max(1, len(late))
            ),
            exactly("dead air", sum(air.values()), 0),
            exactly("hung notes", int(report["hung_notes"]), 0),
            at_most("resident memory after the first minute, largest change", drift, 5.0, "MB"),
            at_most("the engine's restarts", float(int(report["engine_pid"]) != engine), 0, ""),
        ),
        int(report["notes_sent"]),
        details={
            "styles": " ".join(sorted(styles)),
            "notes dropped": str(dropped),
            "engine MB": resident[-1],
            "lateness p99 ms": report["lateness_ms"]["p99"],
            "lateness max ms": report["lateness_ms"]["max"],
            "control, as many deadlines a second, late by more than 5 ms": f"{stood} of {len(late)}",
            "control, max ms": max(late, default=None),
            "chord response": report["chord_response"],
        },
    )


def _wait_for_band() -> None:
    from jamtui.processes.lock import band_is_running

    end = time.monotonic() + 10
    while not band_is_running(paths.runtime_dir()) and time.monotonic() < end:
        time.sleep(0.02)
