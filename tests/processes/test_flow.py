"""A prepared chorus and flow on real ports: the set plays without a server, then under the player's keys."""

from pathlib import Path

import pytest

from jamtui.generators.prepared import Chorus, PreparedSet
from jamtui.music.chart import parse_chart
from jamtui.music.phrase import Note, Role
from jamtui.processes.options import SessionOptions
from jamtui.processes.prepare import files
from jamtui.session.snapshot import RoleView, Snapshot
from tests.processes.wire import RunningBand, wait_until

CHART = "Dm7 | G7"
LINE = tuple(
    tuple(Note(n * 960, p, 900) for n, p in enumerate(bar)) for bar in ((62, 65, 69, 72), (67, 71, 74, 77))
)
CONFIG = '[llm]\nhosts = ["127.0.0.1:9"]\n'


def lead(snapshot: Snapshot) -> RoleView:
    return next(r for r in snapshot.roles if r.role == "lead")


@pytest.mark.wire
@pytest.mark.slow
def test_a_prepared_chorus_plays_and_the_keys_give_its_rhythm(jamtui_home: Path) -> None:
    chorus = Chorus(Role.LEAD, "a model", 1, LINE)
    files().save(PreparedSet(parse_chart(CHART), "swing", 120.0, (chorus,)))
    options = SessionOptions(
        autostart=True,
        style="swing",
        tempo=160.0,
        seed=5,
        chart=CHART,
        generators=("jamtui.processes.prepare:source",),
    )
    with RunningBand(options, config=CONFIG, listen=["lead"]) as band:
        band.wait(lambda s: lead(s).label == "prepared, chorus 1", "the chorus")
        band.wait(lambda s: lead(s).source == "O", "its letter")
        detail = next(s.detail for s in band.snapshot().sources if s.letter == "O")
        assert detail.startswith("prepared: 1 chorus")
        ear = band.ears["lead"]
        band.link.act("flow")
        band.wait(lambda s: "flow: your keys play the lead" in s.pending, "flow")
        band.wait_snapshots(3)  # what was locked then is sent
        band.wait(lambda _s: not ear.sounding, "the lead's last note to end")
        struck = ear.struck
        band.link.midi_in(bytes((0x90, 40, 77)))
        wait_until(lambda: ear.struck == struck + 1, "the note of the key")
        assert {pitch % 12 for _, pitch in ear.sounding} <= {n.pitch % 12 for bar in LINE for n in bar}
        assert [m for m in ear.messages if m[0] & 0xF0 == 0x90][-1][2] == 77
        band.link.midi_in(bytes((0x80, 40, 0)))
        wait_until(lambda: not ear.sounding, "its end")
        assert ear.struck == struck + 1, "nothing of the lead's own"
        band.link.act("flow")
        wait_until(lambda: ear.struck > struck + 2, "the lead by itself")
        assert band.report()["hung_notes"] == 0
        band.stop()
        band.wait_silence()
