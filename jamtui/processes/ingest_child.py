"""An ingest that runs beside the band: a process of low priority that tells its progress line by line.

Each line on standard output is a JSON object: ``files``, ``done``, ``phrases``, ``added``, ``refused`` (a
count), ``left_s`` (seconds that it will take yet, None while that cannot be said), ``set_aside`` (a sentence
where a damaged library was moved away) and, in the last one, ``end`` (``done``, ``stopped`` or a sentence
that says what went wrong). It stops in good order, after the file it is at, when its standard input is
closed.
"""

import _thread
import contextlib
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jamtui.errors import JamtuiError

if TYPE_CHECKING:
    from jamtui.library.ingest import IngestReport

NICENESS = 15
TELL_S = 0.25
SURE_S = 2.0
"""After so many seconds what is left is estimated."""


def main(argv: list[str] | None = None) -> int:
    """``python -m jamtui.processes.ingest_child STORE PATH...``."""
    store, *paths = sys.argv[1:] if argv is None else argv
    if sys.platform != "win32":  # there the pool lowers its own priority
        with contextlib.suppress(OSError):
            os.nice(NICENESS)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    told = _Told()
    try:
        threading.Thread(target=_until_closed, name="stdin", daemon=True).start()
        from jamtui.library.ingest import ingest

        report = ingest([Path(p) for p in paths], Path(store), workers=1, progress=told.tell)
        told.tell(report, "stopped" if report.interrupted else "done")
    except KeyboardInterrupt:
        told.end("stopped")
    except JamtuiError as error:
        told.end(str(error))
        return error.exit_code
    return 0


def left_s(report: "IngestReport") -> float | None:
    """Seconds until the end if the rest goes on as fast, None where that cannot be said yet."""
    if report.seconds < SURE_S or not report.effort_done:
        return None
    return round(report.seconds * (report.effort - report.effort_done) / report.effort_done, 1)


class _Told:
    """Prints the progress, not more often than anybody can read it."""

    def __init__(self) -> None:
        self._last = float("-inf")
        self._line: dict[str, object] = {"files": 0, "done": 0, "phrases": 0, "added": 0, "refused": 0}

    def tell(self, report: "IngestReport", end: str = "") -> None:
        """What ``report`` says now; ``end``: it is the last."""
        self._line = {
            "files": report.files,
            "done": report.done,
            "phrases": report.phrases,
            "added": report.added,
            "refused": len(report.refused),
            "left_s": left_s(report),
            "set_aside": report.set_aside,
        }
        now = time.monotonic()
        if end:
            self.end(end)
        elif now - self._last >= TELL_S:
            self._last = now
            print(json.dumps(self._line), flush=True)

    def end(self, how: str) -> None:
        """The last line."""
        print(json.dumps({**self._line, "end": how}), flush=True)


def _until_closed() -> None:
    # Not through sys.stdin: a thread that waits in there holds a lock, and Python aborts at the end for it.
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    # As Ctrl-C does: the ingest ends after the file that it is at.
    main = threading.main_thread().ident
    if sys.platform == "win32" or main is None:
        _thread.interrupt_main()
    else:
        signal.pthread_kill(main, signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main())
