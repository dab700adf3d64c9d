"""A slow instrument's offset is kept whole, as far as the configuration allows one."""

import dataclasses

import pytest

from jamtui.config import RoleConfig
from jamtui.music.phrase import Role
from jamtui.playback.commands import Route, SentNote, SetRoute
from tests.session.stage import Stage


def limit() -> float:
    (field,) = (f for f in dataclasses.fields(RoleConfig) if f.name == "offset_ms")
    return float(field.metadata["high"])


@pytest.mark.parametrize("offset_ms", [60.0, 300.0, limit()])
def test_notes_leave_later_by_the_offset(offset_ms: float) -> None:
    due: dict[float, dict[int, int]] = {}
    for offset in (0.0, offset_ms):
        stage = Stage(feel=0.0)
        stage.commands.append(SetRoute(Role.BASS, Route("bass", 1, offset_ms=offset)))
        stage.act("start_stop")
        stage.press(50, 53, 57, 60)
        stage.wait(6000)
        sent = [r for r in stage.all_reports if isinstance(r, SentNote) and r.role is Role.BASS and r.on]
        due[offset] = {r.tick: r.sent_ns for r in sent if r.tick > 3840}
    common = due[0.0].keys() & due[offset_ms].keys()
    assert len(common) >= 4
    assert all((due[offset_ms][t] - due[0.0][t]) / 1e6 == pytest.approx(offset_ms, abs=1.0) for t in common)
