"""``jamtui bench live``: the live loop beside a control loop and a bare echo, figure by figure."""

import json
import os
import platform
import sys
from collections.abc import Callable, Mapping
from importlib import import_module

from jamtui import __version__
from jamtui.errors import JamtuiError
from jamtui.processes.benching.bench import Bench, open_bench
from jamtui.processes.benching.figures import Figure, table

FIGURES: Mapping[str, str] = {
    "ttfn": "answering",
    "spread": "answering",
    "response": "answering",
    "lateness": "timing",
    "clock": "following",
    "naming": "costs",
    "cpu": "costs",
    "startup": "costs",
    "kill": "failing",
    "ports": "failing",
    "flood": "flooding",
    "soak": "costs",
}
"""Module of each figure, in the order in which they are taken."""
ONLY_WHEN_NAMED = frozenset({"soak"})
FEWEST = 60


def bench_live(events: int, only: list[str] | None, as_json: bool, jack_defaults: bool = False) -> int:
    """Take the figures and print them; 1 where a bar is not met. ``jack_defaults``: over a JACK server
    without the options that keep a busy one from losing messages and from waiting long for dead clients.

    Raises:
        JamtuiError: an unknown figure, or a machine that cannot run the bench.
    """
    names = choose(only)
    _require_linux()
    figures: list[Figure] = []
    with open_bench(max(events, FEWEST), plain_jack=jack_defaults) as bench:
        for name in names:
            print(f"{name} ...", file=sys.stderr, flush=True)
            figures.append(bench.measure(_figure(name)))
            if not as_json:
                print(table(figures[-1:]), flush=True)
    machine = {
        "version": __version__,
        "machine": platform.platform(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "events": events,
    }
    if as_json:
        print(json.dumps({**machine, "figures": [f.plain() for f in figures]}, indent=2))
    else:
        print("\n".join(f"{k}: {v}" for k, v in machine.items()))
    return 0 if all(f.passed for f in figures) else 1


def _require_linux() -> None:
    if sys.platform != "linux":
        raise JamtuiError("the live bench measures over JACK on Linux; `jamtui doctor` measures here")


def choose(only: list[str] | None) -> list[str]:
    """The figures to take, in their order.

    Raises:
        JamtuiError: one that there is not.
    """
    for name in only or ():
        if name not in FIGURES:
            raise JamtuiError(f'there is no figure "{name}"; choose from {", ".join(FIGURES)}')
    return [n for n in FIGURES if (n in only if only else n not in ONLY_WHEN_NAMED)]


def _figure(name: str) -> Callable[[Bench], Figure]:
    found: Callable[[Bench], Figure] = getattr(
        import_module(f"jamtui.processes.benching.{FIGURES[name]}"), name
    )
    return found
