from pathlib import Path

import pytest

from jamtui.playback.ledger import PEDAL, Ledger, read_bitmap, read_owed, release
from jamtui.processes.shared import SLOT_BYTES, SharedState
from jamtui.processes.sinks import SINKS


def test_what_one_process_writes_another_reads(tmp_path: Path) -> None:
    path = tmp_path / "state.map"
    supervisor = SharedState(path, create=True)
    engine = SharedState(path)
    assert supervisor.read_state() is None
    engine.write_state({"chord": "Dm7"})
    engine.write_state({"chord": "G7"})
    engine.beat(123, 77)
    ledger = Ledger(("lead", "bass"), engine.bitmap)
    ledger.add(("bass", 1, 40))
    assert supervisor.read_state() == {"chord": "G7"}
    assert (supervisor.heartbeat_ns, supervisor.engine_pid) == (123, 77)
    assert read_bitmap(supervisor.bitmap) == [(1, 1, 40)]
    supervisor.clear_bits([(1, 1, 40)])
    assert read_bitmap(engine.bitmap) == []
    engine.close()
    supervisor.close()


def test_a_write_cut_short_leaves_the_older_state(tmp_path: Path) -> None:
    path = tmp_path / "state.map"
    shared = SharedState(path, create=True)
    shared.write_state({"bar": 1})
    shared.write_state({"bar": 2})
    shared.close()
    data = bytearray(path.read_bytes())
    at = data.index(b'{"bar":2}')
    data[at + 7 : at + 8] = b"9"
    path.write_bytes(data)
    again = SharedState(path)
    assert again.read_state() == {"bar": 1}
    again.write_state({"bar": 3})
    assert again.read_state() == {"bar": 3}
    again.close()


def test_a_state_that_is_too_large_is_left_out(tmp_path: Path) -> None:
    shared = SharedState(tmp_path / "state.map", create=True)
    shared.write_state({"bar": 1})
    shared.write_state({"long": "x" * SLOT_BYTES})
    assert shared.read_state() == {"bar": 1}
    shared.close()


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.map"
    path.write_bytes(b"\0" * 65536)
    with pytest.raises(ValueError, match="not a jamtui state file"):
        SharedState(path)


def test_notes_and_pedals_of_a_dead_engine_are_read_beside_its_state(tmp_path: Path) -> None:
    supervisor = SharedState(tmp_path / "state.map", create=True)
    engine = SharedState(tmp_path / "state.map")
    ledger = Ledger(SINKS, engine.bitmap)
    ledger.add(("thru", 0, 60))
    ledger.pedal("thru", 9, True)
    ledger.pedal("synth", 15, True)
    ledger.pedal("lead", 0, True)
    ledger.pedal("lead", 0, False)
    engine.write_state({"tick": 5})
    thru, synth = SINKS.index("thru"), SINKS.index("synth")
    assert read_owed(supervisor.bitmap) == [(thru, 0, 60), (thru, 9, PEDAL), (synth, 15, PEDAL)]
    supervisor.clear_bits(read_owed(supervisor.bitmap))
    assert read_owed(engine.bitmap) == []
    assert supervisor.read_state() == {"tick": 5}
    assert release(9, PEDAL) == bytes((0xB9, 64, 0))
    engine.close()
    supervisor.close()
