"""Percentiles, verdicts and tables of the benches."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.errors import JamtuiError
from jamtui.processes.bench import FIGURES, choose
from jamtui.processes.benching.figures import (
    Check,
    Figure,
    at_least,
    at_most,
    beside,
    exactly,
    holds,
    percentile,
    table,
)
from jamtui.processes.benching.terminal import visible
from jamtui.processes.benching.timing import lateness_checks


def test_percentiles_by_nearest_rank() -> None:
    values = [float(v) for v in range(100, 0, -1)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.99) == 99
    assert percentile(values, 0.999) == 100
    assert percentile([3.0], 0.0) == 3.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.floats(0, 1))
def test_a_percentile_is_one_of_the_values_and_covers_its_share(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(v <= found for v in values) >= share * len(values) - 1e-9


def test_a_bar_is_kept_exactly_at_it_and_not_above() -> None:
    assert at_most("x", 2.0, 2.0).passed
    assert not at_most("x", 2.0001, 2.0).passed
    assert not at_most("x", float("inf"), 2.0).passed
    assert at_least("x", 0.99, 0.99).passed
    assert not at_least("x", 0.9899, 0.99).passed
    assert exactly("x", 0, 0).passed
    assert not exactly("x", 1, 0).passed


def test_what_was_not_measured_does_not_pass() -> None:
    assert not at_most("x", None, 2.0).passed
    assert not at_least("x", None, 0.5).passed
    assert not exactly("x", None, 0).passed
    assert not beside("x", [], [1.0], 0.5, 3.0).passed
    assert not beside("x", [1.0], [], 0.5, 3.0).passed


def test_beside_takes_the_same_percentile_of_both() -> None:
    check = beside("p50", [4.0, 5.0, 90.0], [1.0, 2.0, 50.0], 0.5, 3.0)
    assert (check.value, check.floor, check.passed) == (5.0, 2.0, True)
    assert not beside("p50", [5.1], [2.0], 0.5, 3.0).passed


def test_lateness_is_held_to_the_control_and_to_the_run_without_console() -> None:
    control = [0.01] * 1000
    good = lateness_checks({False: [0.05] * 1000, True: [0.09] * 1000}, control)
    assert [c.passed for c in good] == [True, True, True]
    # 0.112 is the bar; against the run without console it may be 0.05 more.
    assert [c.passed for c in lateness_checks({False: [0.01] * 9, True: [0.111] * 9}, control)] == [
        True,
        True,
        False,
    ]
    assert not lateness_checks({False: [0.01], True: [1.2]}, control)[1].passed
    assert [c.passed for c in lateness_checks({False: [], True: []}, control)] == [False] * 3


def test_a_figure_passes_with_all_its_checks_and_is_json() -> None:
    checks = (at_most("p50", 1.0, 2.0, floor=0.5), holds("alive", False, "yes"))
    figure = Figure("ttfn", "time to first note", checks, 10, load=(0.25, 0.0, 0.0), details={"max ms": 3.25})
    assert not figure.passed
    plain = json.loads(json.dumps(figure.plain()))
    assert plain["passed"] is False
    assert plain["checks"][0]["floor"] == 0.5
    text = table([figure])
    assert "| ttfn: p50 | 1 ms | ≤ 2 ms | 0.5 ms | ok | 10 | 0.25 |" in text
    assert "| ttfn: alive | - | yes |  | NOT MET | 10 | 0.25 |" in text
    assert "| ttfn: max ms | 3.25 |" in text
    assert Figure("x", "", (Check("a", 1.0, "", True),), 1).passed


def test_figures_are_chosen_by_name_and_the_soak_only_when_named() -> None:
    assert "soak" not in choose(None)
    assert choose(["soak", "ttfn"]) == ["ttfn", "soak"]
    assert set(choose(None)) | {"soak"} == set(FIGURES)
    with pytest.raises(JamtuiError, match="there is no figure"):
        choose(["speed"])


def test_a_window_title_is_not_yet_a_paint() -> None:
    assert b"jamtui" not in visible(b"\x1b]0;jamtui\x07\x1b[?1049h\x1b[2J")
    assert b"jamtui 0.1" in visible(b"\x1b[1;1H\x1b[38;2;1;2;3mjamtui\x1b[0m 0.1")
