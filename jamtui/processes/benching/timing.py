"""How late notes leave the engine, beside the control loop: ``lateness``."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

from jamtui.playback.waiting import SPIN_NS
from jamtui.processes.benching.band import BandUnderTest, write_config
from jamtui.processes.benching.bench import Bench
from jamtui.processes.benching.figures import Check, Figure, at_most, holds, percentile
from jamtui.processes.benching.matching import on_wire, read_outs
from jamtui.processes.benching.wire import PACKAGE
from jamtui.processes.options import SessionOptions

ROUNDS = 3
CONTROL_INTERVAL_NS = 12_500_000
PATIENCE_S = 600.0


def lateness(bench: Bench) -> Figure:
    """The demo without and with a console, each after a turn of the control loop."""
    write_config()
    turn = max(20, -(-bench.events // ROUNDS))
    options = SessionOptions(demo=True, headless=True, seed=bench.seed)
    control: list[float] = []
    windows: dict[bool, list[tuple[int, int]]] = {False: [], True: []}
    priority = ""
    with BandUnderTest(bench.listener, options) as band:
        for number in range(ROUNDS):
            for console in (False, True):
                bench.say(
                    f"lateness, round {number + 1} of {ROUNDS}, {'with' if console else 'without'} console"
                )
                got, priority = run_control(-(-turn // 2))
                control += got
                if console:
                    with bench.console():
                        windows[True].append(play_events(bench, band, turn))
                else:
                    windows[False].append(play_events(bench, band, turn))
        report = band.fetch()
        outs = read_outs(band.journal().records)
    wire = on_wire(outs, bench.listener.since(band.started_ns))
    bench.listener.clear()
    late: dict[bool, list[float]] = {}
    on_the_wire: list[float] = []
    for console, spans in windows.items():
        chosen = [(o, w) for o, w in zip(outs, wire, strict=True) if any(a <= o.ns < b for a, b in spans)]
        late[console] = [max(0, o.ns - o.due) / 1e6 for o, _ in chosen]
        if console:
            on_the_wire = [(w - o.due) / 1e6 for o, w in chosen if w is not None]
    raised = str(report["priority"])
    return Figure(
        "lateness",
        "output lateness at the send call",
        (
            *lateness_checks(late, control),
            holds("the same priority as the control", raised == priority, f"{priority}"),
        ),
        len(late[True]),
        details={
            "priority": raised,
            "without console, p99 ms": _at(late[False], 0.99),
            "without console, max ms": max(late[False], default=None),
            "with console, max ms": max(late[True], default=None),
            "control, max ms": max(control),
            "control events": len(control),
            "events without console": len(late[False]),
            "on the wire after due, p50 ms": _at(on_the_wire, 0.5),
            "on the wire after due, p99 ms": _at(on_the_wire, 0.99),
        },
    )


def lateness_checks(late: Mapping[bool, Sequence[float]], control: Sequence[float]) -> tuple[Check, ...]:
    """The bars of lateness in milliseconds, by whether a console redraws."""
    floor, rare = percentile(control, 0.99), percentile(control, 0.999)
    without, shown = _at(late[False], 0.99), _at(late[True], 0.99)
    checks = [
        at_most("p99, console redrawing", shown, floor * 1.2 + 0.1, why="control × 1.2 + 0.1", floor=floor),
        at_most(
            "p99.9, console redrawing", _at(late[True], 0.999), rare + 1.0, why="control + 1", floor=rare
        ),
    ]
    if without is None:
        return (
            *checks,
            Check("p99 with the console against without", shown, "no value without", False, "ms"),
        )
    limit = max(without * 1.2, without + 0.05)
    checks.append(
        at_most(
            "p99 with the console against without",
            shown,
            limit,
            why="without × 1.2 or + 0.05",
            floor=without,
        )
    )
    return tuple(checks)


def run_control(count: int) -> tuple[list[float], str]:
    """One turn of the control loop in a process of its own: lateness in milliseconds, and its priority."""
    with control_beside(count, CONTROL_INTERVAL_NS, SPIN_NS) as control:
        return end_control(control)


@contextlib.contextmanager
def control_beside(count: int, interval_ns: int, spin_ns: int) -> "Iterator[subprocess.Popen[str]]":
    """The control loop runs beside what is measured; if that fails, it ends with it."""
    command = [sys.executable, "-m", f"{PACKAGE}.floor", str(count), str(interval_ns), str(spin_ns)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as control:
        try:
            yield control
        finally:
            control.kill()  # it is over by then, if all went well


def end_control(control: "subprocess.Popen[str]") -> tuple[list[float], str]:
    """Wait for its end: lateness in milliseconds, and its priority."""
    out, _ = control.communicate()
    if control.returncode:
        raise subprocess.CalledProcessError(control.returncode, control.args)
    got = json.loads(out)
    return [max(0, ns) / 1e6 for ns in got["lateness_ns"]], str(got["priority"])


def play_events(bench: Bench, band: BandUnderTest, events: int) -> tuple[int, int]:
    """Let the demo play ``events`` note events; from when to when."""
    band.act("start_stop")
    band.wait_playing()
    began = time.perf_counter_ns()
    end = time.monotonic() + PATIENCE_S
    before = bench.listener.count()
    while bench.listener.count() - before < events and time.monotonic() < end:
        time.sleep(0.2)
    over = time.perf_counter_ns()
    band.act("start_stop")
    time.sleep(0.3)
    return began, over


def _at(values: Sequence[float], share: float) -> float | None:
    return percentile(values, share) if values else None
