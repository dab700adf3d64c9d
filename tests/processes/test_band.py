"""The whole band on real ports: it plays, obeys, and leaves nothing behind."""

import os
import time
from pathlib import Path

import pytest

from jamtui.processes.leftovers import Leftovers
from jamtui.processes.options import SessionOptions
from jamtui.session.actions import ACTIONS, Argument
from tests.processes.wire import ROLES, SEVENTH, RunningBand, wait_until

pytestmark = pytest.mark.wire


def test_the_demo_plays_on_four_ports_and_leaves_nothing_behind(jamtui_home: Path) -> None:
    with RunningBand(SessionOptions(demo=True, autostart=True, tempo=240.0, seed=3), listen=ROLES) as band:
        band.wait_notes(8)
        left = band.stop()
        band.wait_silence()
        assert left == Leftovers(False)
        assert sorted(p.name for p in band.runtime.iterdir()) == ["supervisor.lock"]
        journal = band.journal()
        sent = [r for r in journal.records if r["t"] == "out"]
        for role in ROLES:
            on = sum(r["role"] == role and str(r["hex"]).startswith("9") for r in sent)
            off = sum(r["role"] == role and str(r["hex"]).startswith("8") for r in sent)
            assert on == off > 0
            if role != "drums":  # the click sounds there, too
                assert band.ears[role].struck == on


def test_every_action_is_obeyed_over_the_link(jamtui_home: Path) -> None:
    arguments = {Argument.STYLE: "bossa", Argument.TEXT: None, Argument.NUMBER: 0.7, Argument.NONE: None,
                 Argument.ROLE: "lead"}  # fmt: skip
    special: dict[str, str | float | None] = {"tempo": 150.0, "input_toggle": "nobody's keys"}
    with RunningBand(SessionOptions(demo=True, autostart=True, seed=3)) as band:
        band.wait(lambda s: s.state == "playing", "playing")
        last = ("ending", "panic", "start_stop")
        chosen = [a for a in ACTIONS if not a.local and a.name not in ("synth", *last)]
        for action in chosen:
            band.link.act(action.name, special.get(action.name, arguments[action.argument]))
        for name in last:
            band.link.act(name)
        band.wait(lambda s: s.state == "stopped" and s.style == "bossa", "the stop that was asked for")
        # mutes and solos, click and freeze were each done once; the number actions took their numbers
        snapshot = band.snapshot()
        assert (snapshot.temperature, snapshot.energy, snapshot.bpm) == (0.7, 0.7, 150.0)
        assert snapshot.click
        assert [r.role for r in snapshot.roles if r.solo] == list(ROLES)
        assert not [e for e in band.events if "not understood" in e or "knows no action" in e]
        band.link.act("synth")
        band.wait_event("no General MIDI synth was found")
        band.link.act("no such action")
        band.wait_event("no such action")
        assert band.pid("engine") == band.report()["engine_pid"]


def test_keys_that_a_client_held_are_let_go_when_it_dies(jamtui_home: Path) -> None:
    with RunningBand(SessionOptions(), listen=["thru"]) as band:
        console = band.client("console")
        other = band.client("console")
        for key in SEVENTH:
            console.midi_in(bytes((0x90, key, 80)))
        other.midi_in(bytes((0x90, SEVENTH[0], 80)))
        thru = band.ears["thru"]
        wait_until(lambda: thru.sounding == {(0, key) for key in SEVENTH}, "the keys on thru")
        band.wait(lambda s: s.chord.held, "the chord is held")
        console.close()
        wait_until(lambda: thru.sounding == {(0, SEVENTH[0])}, "keys let go but the one another holds")
        other.close()
        band.wait_silence()
        band.wait(lambda s: not s.chord.held, "no key is held")


def test_without_midi_the_band_plays_into_nothing_and_says_so(
    jamtui_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "nobody-at-home")
    options = SessionOptions(demo=True, autostart=True, tempo=240.0)
    with RunningBand(options, config='[midi]\napi = "jack"\n', graph=False) as band:
        band.wait(lambda s: s.state == "playing" and s.gauges.queue_depth > 0, "playing")
        snapshot = band.snapshot()
        assert snapshot.output.startswith("null output: ")
        assert "JACK" in snapshot.output
        wait_until(lambda: band.report()["notes_sent"] > 8, "notes into nothing")
        assert band.pid("engine") == band.report()["engine_pid"]


@pytest.mark.slow
def test_planning_never_spins(jamtui_home: Path) -> None:
    with RunningBand(SessionOptions(demo=True, autostart=True, tempo=60.0, seed=3), graph=False) as band:
        stat = Path(f"/proc/{band.pid('engine')}/stat")
        if not stat.exists():
            pytest.skip("processor time is read from /proc")

        def share_of_a_core(seconds: float = 1.5) -> float:
            before, began = processor_seconds(stat), time.monotonic()
            time.sleep(seconds)
            return (processor_seconds(stat) - before) / (time.monotonic() - began)

        band.wait(lambda s: s.state == "playing", "playing")
        playing = share_of_a_core()
        band.link.act("ending")
        band.wait(lambda s: s.state == "ending", "ending")
        ending = share_of_a_core()
        band.link.act("start_stop")
        band.wait(lambda s: s.state == "stopped", "stopped")
        stopped = share_of_a_core()
        # a loop that spins takes all of what this machine can give it
        assert max(playing, ending, stopped) < 0.5


def processor_seconds(stat: Path) -> float:
    fields = stat.read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
