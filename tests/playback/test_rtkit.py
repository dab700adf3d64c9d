"""What RealtimeKit is asked, and that it is asked only where nothing else helps."""

import os
import resource
import sys
from collections.abc import Sequence

import pytest

from jamtui.playback import priority, rtkit

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="RealtimeKit is Linux's")


def test_the_thread_is_named_and_the_answer_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (-1, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", lambda _which, limit: limits.append(limit))
    asked: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> int:
        asked.append(command)
        return len(asked) - 1

    assert rtkit.ask(12, 34, 4, run=run) is True
    assert rtkit.ask(12, 34, 4, run=run) is False
    assert asked[0][-5:] == ("MakeThreadRealtimeWithPID", "ttu", "12", "34", "4")
    assert limits[0] == (rtkit.CPU_LIMIT_US, rtkit.CPU_LIMIT_US)


def test_a_nice_value_is_asked_for_behind_the_end_of_options() -> None:
    asked: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> int:
        asked.append(command)
        return 0

    assert rtkit.ask_nice(12, 34, -11, run=run) is True
    assert "--" in asked[0]
    assert asked[0][-5:] == ("MakeThreadHighPriorityWithPID", "tti", "12", "34", "-11")


def test_without_busctl_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rtkit.shutil, "which", lambda _name: None)
    before = resource.getrlimit(resource.RLIMIT_RTTIME)
    assert rtkit.ask(1, 1, 4) is False
    # A limit here would be that of all processes that later tests start.
    assert resource.getrlimit(resource.RLIMIT_RTTIME) == before


@pytest.mark.parametrize("granted", [True, False])
def test_it_is_asked_when_the_system_refuses(granted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr(os, "setpriority", refuse)
    monkeypatch.setattr(priority, "ask", lambda *_: granted)
    assert ("RealtimeKit" in priority.raise_this_thread()) is granted


@pytest.mark.parametrize("granted", [True, False])
def test_a_process_that_may_not_help_itself_asks_too(granted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    monkeypatch.setattr(priority, "ask_nice", lambda *_: granted)
    assert priority.raise_this_process() is granted
