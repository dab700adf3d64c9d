"""The bench over real ports, as short as it gets."""

import json

import pytest

from jamtui.processes import bench

pytestmark = [pytest.mark.wire, pytest.mark.slow]


def test_time_to_first_note_is_measured_beside_the_echo(capsys: pytest.CaptureFixture[str]) -> None:
    # The verdict depends on the machine; that there is one for every chord does not.
    assert bench.bench_live(events=24, only=["ttfn"], as_json=True) in (0, 1)
    (figure,) = json.loads(capsys.readouterr().out)["figures"]
    checks = {c["name"]: c for c in figure["checks"]}
    assert figure["events"] == 15
    assert checks["chords answered"]["value"] > 0.5
    for check in (checks["p50"], checks["p99"]):
        assert check["value"] > 0
        assert 0 < check["floor"] < float(check["bar"].split()[1])
    assert figure["details"]["echo pings"] > 50
