"""Which tests may run at the same time: what conftest.py says, and whether pytest-xdist was told."""

import pytest

from tests.conftest import COMPUTING, HERE, LONGEST_FIRST, REAL_TIME


def test_the_files_that_are_named_are_there() -> None:
    for name in (*COMPUTING, *LONGEST_FIRST):
        assert (HERE / name).is_file(), name


def test_what_needs_ports_or_a_band_is_done_by_one_process(request: pytest.FixtureRequest) -> None:
    if not hasattr(request.config, "workerinput"):
        pytest.skip("all tests run in one process")
    for item in request.session.items:
        group = item.nodeid.rpartition("@")[2]
        assert group != item.nodeid, f"{item.nodeid} is in no group: two processes may run it beside anything"
        alone = any(item.get_closest_marker(mark) for mark in ("wire", "real_time"))
        assert group == REAL_TIME or not alone, item.nodeid
