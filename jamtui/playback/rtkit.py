"""Asking RealtimeKit, where a Linux desktop has it, to make a thread real-time without any rights of ours."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence

RTKIT = "org.freedesktop.RealtimeKit1"
TIMEOUT_S = 0.4
CPU_LIMIT_US = 200_000
"""RealtimeKit wants a limit on how long the thread computes without waiting (its own is 200 ms)."""

Run = Callable[[Sequence[str]], int]


def ask(pid: int, tid: int, priority: int, *, run: Run | None = None) -> bool:
    """Ask for ``SCHED_RR`` with ``priority`` for thread ``tid`` of process ``pid``; whether it was granted.

    Goes through ``busctl``, at most ``TIMEOUT_S`` long. False where either is missing.
    """
    run = run or _busctl()
    if run is None:
        return False
    _limit_computing()
    return _call("MakeThreadRealtimeWithPID", "ttu", (pid, tid, priority), run)


def ask_nice(pid: int, tid: int, nice: int, *, run: Run | None = None) -> bool:
    """Ask for nice value ``nice`` for thread ``tid`` of process ``pid``; whether it was granted."""
    run = run or _busctl()
    return run is not None and _call("MakeThreadHighPriorityWithPID", "tti", (pid, tid, nice), run)


def _call(method: str, signature: str, values: Sequence[int], run: Run) -> bool:
    place = f"/{RTKIT.replace('.', '/')}"
    call = ("busctl", "--system", "--timeout=0.3", "--", "call", RTKIT, place, RTKIT, method, signature)
    return run((*call, *map(str, values))) == 0


def _busctl() -> Run | None:
    return _run if shutil.which("busctl") is not None else None


def _limit_computing() -> None:
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(ValueError, OSError):
            hard = resource.getrlimit(resource.RLIMIT_RTTIME)[1]
            most = CPU_LIMIT_US if hard == resource.RLIM_INFINITY else min(hard, CPU_LIMIT_US)
            resource.setrlimit(resource.RLIMIT_RTTIME, (most, most))


def _run(command: Sequence[str]) -> int:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            check=False,
        ).returncode
    except (OSError, subprocess.TimeoutExpired):
        return 1
