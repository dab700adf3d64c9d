"""What happens when something dies or goes: ``kill`` and ``ports``."""

import time
from collections.abc import Callable, Sequence

from jamtui.processes.benching.answering import attacks_now, presses_of
from jamtui.processes.benching.band import BandUnderTest, write_config
from jamtui.processes.benching.bench import COLUMNS, ROWS, Bench
from jamtui.processes.benching.figures import Check, Figure, at_most, exactly, holds
from jamtui.processes.benching.matching import Key, Out, ended_after, read_outs, sounding_at
from jamtui.processes.benching.wire import PORTS, Player, Terminal
from jamtui.processes.children import kill_now
from jamtui.processes.options import SessionOptions
from jamtui.session.journal import Journal

RUN_S = 22.0
KILLS = 3
PATIENCE_S = 6.0
MS = 1_000_000
KEYBOARD = "bench keys"


def kill(bench: Bench) -> Figure:
    """kill -9 of console, workers, both, and the engine."""
    write_config()
    plain, _ = _demo(bench, lambda band, terminal: None)
    back: dict[str, list[float]] = {"console": [], "workers": []}

    def kills(band: BandUnderTest, terminal: Terminal) -> None:
        began = time.monotonic()
        screens = [terminal]
        for number, victims in enumerate((("console",), ("workers",), ("console", "workers"))):
            time.sleep(max(0.0, began + 5.0 * (number + 1) - time.monotonic()))
            killed = time.monotonic()
            old = int(band.status()["workers"]["pid"])
            if "workers" in victims:
                kill_now(old)
            if "console" in victims:
                kill_now(screens[-1].pid)
                screens.append(Terminal("attach", columns=COLUMNS, rows=ROWS))
                screens[-1].painted()
                back["console"].append(time.monotonic() - killed)
            if "workers" in victims:
                back["workers"].append(_workers_back(band, old, killed))
        for screen in screens[1:]:
            screen.close()

    killed, late_ms = _demo(bench, kills)
    same, compared, length = same_notes(plain, killed)
    checks = [
        holds("console, workers, both: the same note list", same, f"{compared} notes, {length} bars alike"),
        at_most("worst lateness meanwhile", late_ms, 20.0),
        at_most("attached again", max(back["console"], default=None), 2.0, "s"),
        at_most("workers back", max(back["workers"], default=None), 2.0, "s"),
    ]
    return Figure(
        "kill", "kill -9 of console, workers, both, and the engine", (*checks, *_kill_engine(bench)), compared
    )


def _demo(bench: Bench, meanwhile: Callable[[BandUnderTest, Terminal], None]) -> tuple[list[Out], float]:
    """A demo with a console; what left, and the worst lateness in milliseconds."""
    options = SessionOptions(demo=True, autostart=True, headless=True, seed=bench.seed, style="swing")
    with BandUnderTest(bench.listener, options) as band:
        terminal = Terminal("attach", columns=COLUMNS, rows=ROWS)
        try:
            terminal.painted()
            band.wait_playing()
            began = time.monotonic()
            meanwhile(band, terminal)
            time.sleep(max(0.0, began + RUN_S - time.monotonic()))
            band.fetch()
            outs = read_outs(band.journal().records)
        finally:
            terminal.close()
    bench.listener.clear()
    return outs, max((o.ns - o.due) / 1e6 for o in outs)


def same_notes(first: Sequence[Out], second: Sequence[Out], bar: int = 3840) -> tuple[bool, int, int]:
    """Whether two runs played the same notes (role, tick, pitch) in the bars that both played to the end; how
    many notes, and how many bars."""
    last = min(max(o.tick for o in first if o.on), max(o.tick for o in second if o.on)) // bar * bar
    lists = [
        sorted((o.role, o.tick, o.data[1]) for o in outs if o.on and o.tick < last)
        for outs in (first, second)
    ]
    return lists[0] == lists[1] and bool(lists[0]), len(lists[0]), last // bar


def _workers_back(band: BandUnderTest, old: int, since: float) -> float:
    """Seconds from ``since`` until other workers are connected with the engine."""
    while time.monotonic() < since + PATIENCE_S:
        pid = band.status()["workers"]["pid"]
        if pid not in (None, old) and "workers" in band.fetch()["clients"]:
            return time.monotonic() - since
        time.sleep(0.02)
    return float("inf")


def _kill_engine(bench: Bench) -> list[Check]:
    """Three times: are its notes ended, and does the band play on in the same time?"""
    options = SessionOptions(demo=True, autostart=True, headless=True, seed=bench.seed, style="ballad")
    listener = bench.listener
    ended: list[float] = []
    again: list[float] = []
    left: set[Key] = set()
    notes = 0
    deaths: list[int] = []
    with BandUnderTest(listener, options) as band, bench.console():
        band.wait_playing()
        time.sleep(6.0)
        tick0, ns0, tick_ns = band.clock()
        for _ in range(KILLS):
            pid = int(band.fetch()["engine_pid"])
            _wait_for(lambda: bool(sounding_at(listener.since(band.started_ns), time.perf_counter_ns())))
            deaths.append(time.perf_counter_ns())
            kill_now(pid)
            time.sleep(PATIENCE_S)
        now = band.clock()
        band.fetch()
        journal = band.journal()
        heard = listener.since(band.started_ns)
    for died in deaths:
        # What the engine had handed to JACK still arrives for a period or two.
        sounding = sounding_at(heard, died + 5 * MS)
        notes += len(sounding)
        for key, ns in ended_after(heard, sounding, died).items():
            if ns is None:
                left.add(key)
            else:
                ended.append((ns - died) / 1e9)
        later = [a.ns for a in heard if a.ns > died + 30 * MS and a.data[0] & 0xF0 == 0x90 and a.data[2]]
        # The successor's first note comes after the note-offs of the supervisor.
        first = min(later, default=None)
        again.append((first - died) / 1e9 if first is not None else float("inf"))
    drift = abs((now[1] - ns0) - (now[0] - tick0) * tick_ns) / 1e6
    listener.clear()
    return [
        exactly("engine: sounding notes without a note-off", len(left) if notes else None, 0),
        at_most(f"engine: {notes} sounding notes ended, the last", max(ended, default=None), 1.0, "s"),
        at_most("engine: the band plays on, the slowest", max(again), 3.0, "s"),
        at_most("engine: phase moved by the restarts", drift, 1.0),
        at_most("engine: notes after the restarts, worst lateness", _late_after(journal, deaths), 20.0),
    ]


def _late_after(journal: Journal, deaths: Sequence[int]) -> float | None:
    late = [(o.ns - o.due) / 1e6 for o in read_outs(journal.records) if o.ns > deaths[0]]
    return max(late, default=None)


def ports(bench: Bench) -> Figure:
    """The keyboard and the DAW are unplugged and come back."""
    write_config()
    listener = bench.listener
    options = SessionOptions(autostart=True, headless=True, grid="free", seed=bench.seed)
    with BandUnderTest(listener, options) as band, bench.console():
        band.wait_playing()
        attacks_now(bench, 1)
        time.sleep(0.5)
        # A keyboard that goes with keys held down.
        held = bench.seed % 12 + 48
        bench.player.play([(time.perf_counter_ns(), 0, bytes((0x90, k, 80)).hex()) for k in (held, held + 7)])
        time.sleep(0.3)
        unplugged = time.perf_counter_ns()
        bench.player.close()
        time.sleep(2.0)
        thru = sounding_at(
            [a for a in listener.since(band.started_ns) if a.port == "thru"], time.perf_counter_ns()
        )
        player = Player()
        returned = time.perf_counter_ns()
        bench.use_player(player)
        input_s = _answered_after(bench, band, returned)
        listener.close_port("lead")
        time.sleep(2.0)
        listener.open("lead")
        back = time.perf_counter_ns()
        _wait_for(lambda: any(a.port == "lead" for a in listener.since(back)))
        first = min((a.ns for a in listener.since(back) if a.port == "lead"), default=None)
        output_s = (first - back) / 1e9 if first is not None else None
        time.sleep(1.0)
        band.act("start_stop")
        time.sleep(1.0)
        report = band.fetch()
        over = time.perf_counter_ns()
        ringing = sounding_at([a for a in listener.since(back) if a.port in PORTS], over)
    listener.clear()
    return Figure(
        "ports",
        "input port removed and back, output receiver removed and back",
        (
            at_most("playing again after the keyboard returned", input_s, 3.0, "s"),
            exactly("keys of the lost keyboard that still sound on thru", len(thru), 0),
            at_most("playing again after the receiver returned", output_s, 3.0, "s"),
            exactly("owed in the ledger after stop", int(report["sounding"]), 0),
            exactly("sounding on the wire after stop", len(ringing), 0),
            exactly("hung notes", int(report["hung_notes"]), 0),
        ),
        2,
        details={"keyboard away s": round((returned - unplugged) / 1e9, 2)},
    )


def _answered_after(bench: Bench, band: BandUnderTest, since: int) -> float | None:
    """Play a chord now and then until the band answers one; seconds from ``since`` to its first note."""
    end = time.monotonic() + PATIENCE_S
    number = 1
    while time.monotonic() < end:
        number += 1
        attacks_now(bench, number)
        records = band.journal().records
        stamps = [presses_of(r) for r in records]
        if any(ns is not None and ns >= since for ns in stamps):
            answered = [o.ns for o in read_outs(records) if o.trigger >= since]
            if answered:
                return (min(answered) - since) / 1e9
    return None


def _wait_for(true: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
    end = time.monotonic() + timeout_s
    while not true() and time.monotonic() < end:
        time.sleep(0.005)
