"""The band without a screen: for soak runs, scripts and machines without a terminal."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from jamtui.errors import JamtuiError
from jamtui.processes.client import EngineLink
from jamtui.processes.control import Reports, start_band, stop_band, wait_for_band
from jamtui.processes.options import SessionOptions

REPORT_EVERY_S = 5.0
LONGEST_ENDING = 16
"""Bars after which a band that was asked to end is stopped."""
LEAVE_S = 5.0
"""How long the supervisor may take to leave once the band has stopped."""


_LATELY = 64
"""Events that are remembered: a notice follows at once, or comes just before."""


class Teller:
    """What is said where there is no screen: every event, and every notice when it comes up.

    Much stands in both, in whichever order they come; it is said once.
    """

    def __init__(self) -> None:
        self._standing: frozenset[str] = frozenset()
        self._events: deque[str] = deque(maxlen=_LATELY)

    def new(self, events: Iterable[str], notices: Iterable[str]) -> list[str]:
        """The lines to say now, of the events since the last call and the notices that stand."""
        lines = [text for text in events if text not in self._standing]
        self._events.extend(lines)
        standing = frozenset(notices)
        lines += sorted(standing.difference(self._standing, self._events))
        # What stood and stands no more is said again when it comes back.
        over = self._standing - standing
        self._events = deque((text for text in self._events if text not in over), _LATELY)
        self._standing = standing
        return lines


def run_headless(
    runtime: Path,
    log_folder: Path,
    options: SessionOptions,
    *,
    seconds: float | None = None,
    bars: int | None = None,
    report_path: Path | None = None,
    notice: str = "",
) -> int:
    """Play until ``seconds`` passed, the ending came, or Ctrl-C; then print (or write) the JSON report.

    ``bars``: after so many the band is asked to end, and does so at the end of its phrase.
    ``notice`` is said on standard error once the band is being started.

    Returns:
        The exit status: 0, or 1 when the band died.
    """
    supervisor = start_band(runtime, log_folder, options, tied=True)
    if notice:
        print(f"jamtui: {notice}", file=sys.stderr, flush=True)
    reports = Reports()
    link = EngineLink(runtime, "headless", reports.on_message)
    over = threading.Event()
    before = [
        (number, signal.signal(number, lambda *_: over.set())) for number in (signal.SIGINT, signal.SIGTERM)
    ]
    report: dict[str, object] | None = None
    status = 0
    try:
        wait_for_band(link, runtime, supervisor)
        began = time.monotonic()
        next_report = began
        heard_playing = asked_to_end = False
        teller = Teller()
        while not over.wait(0.05):
            now = time.monotonic()
            snapshot = link.latest()
            notices = snapshot.notices if snapshot is not None else ()
            for line in teller.new((event.text for event in link.drain_events()), notices):
                print(line, file=sys.stderr, flush=True)
            playing = snapshot is not None and snapshot.state != "stopped"
            heard_playing = heard_playing or playing
            if seconds is not None and now - began >= seconds:
                break
            if options.autostart and heard_playing and not playing:
                break
            if bars is not None and snapshot is not None and snapshot.bar > bars:
                if not asked_to_end:
                    asked_to_end = True
                    link.act("ending")
                elif snapshot.bar > bars + LONGEST_ENDING:
                    break
            if supervisor.poll() is not None:
                # In good order where `jamtui stop`, or the MIDI keyboard, ended the band.
                status = int(supervisor.returncode != 0)
                break
            if now >= next_report:
                # Kept as the last good one, in case the band is not there at the end.
                report = reports.fetch(link) or report
                next_report = now + REPORT_EVERY_S
        report = reports.fetch(link) or report
    finally:
        # One that could not start must not end the band that was there before it.
        if supervisor.poll() is None:
            with contextlib.suppress(Exception):
                stop_band(runtime)
        link.close()
        if supervisor.stdin is not None:
            with contextlib.suppress(OSError):
                supervisor.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            supervisor.wait(LEAVE_S)
        for number, handler in before:
            signal.signal(number, handler)
    if report is None:
        print("jamtui: no report: the band ended before it gave one", file=sys.stderr, flush=True)
        return 1
    text = json.dumps(report, indent=2)
    if report_path is None:
        print(text)
    else:
        try:
            report_path.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            print(text)
            raise JamtuiError(
                f"the report could not be written to {report_path} ({error.strerror}), so it stands above"
            ) from error
    return status
