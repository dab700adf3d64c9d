"""What flow costs between a key and its note on the way to the output thread.

    python -m tests.bench.bench_flow [strokes]

A whole band under the dummy clock, over a chart with changes in the bar. Counted is the processor time of the
planning thread, which other load does not touch: from handing the message over to the wake-up of the output
thread, and to the end of all that follows. Beside it, the same for a key's way to *thru*.
"""

import gc
import sys
from time import thread_time_ns

from jamtui.music.chart import parse_chart
from tests.session.stage import Stage

CHART = "Dm7 | G7 | Cmaj7 | A7 | Dm7 G7 | Em7 A7 | Dm7 | G7"


def measure(strokes: int, *, flow: bool) -> tuple[list[int], list[int]]:
    """Nanoseconds to the wake-up and to the end, per key."""
    stage = Stage(chart=parse_chart(CHART), tempo=160.0)
    if flow:
        stage.act("flow")
    stage.act("start_stop")
    stage.wait(100)
    woken: list[int] = []
    stage.band._hurry = stage.band._outlet._hurry = lambda: woken.append(thread_time_ns())
    first: list[int] = []
    whole: list[int] = []
    gc.collect()
    gc.disable()
    for n in range(strokes):
        key = 60 + n % 12
        woken.clear()
        began = thread_time_ns()
        stage.band.midi(stage.time(), "keys", bytes((0x90, key, 80)))
        ended = thread_time_ns()
        if woken:
            first.append(woken[0] - began)
            whole.append(ended - began)
        stage.wait(70)
        stage.lift(key)
        stage.wait(30)
    gc.enable()
    return first, whole


def row(name: str, values: list[int]) -> str:
    """A line of the table, in microseconds."""
    ordered = sorted(values)
    p50, p99 = (ordered[int(q * (len(ordered) - 1))] / 1000 for q in (0.5, 0.99))
    return f"| {name} | {len(ordered)} | {p50:.0f} | {p99:.0f} | {ordered[-1] / 1000:.0f} |"


def main() -> None:
    """Print the table."""
    strokes = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    print("| from the key | n | p50 µs | p99 µs | max µs |\n|---|---|---|---|---|")
    for flow, name in (
        (True, "flow: its note is handed over"),
        (False, "thru: the same bytes are handed over"),
    ):
        first, whole = measure(strokes, flow=flow)
        print(row(name, first))
        print(row("  and all that follows is done", whole))


if __name__ == "__main__":
    main()
