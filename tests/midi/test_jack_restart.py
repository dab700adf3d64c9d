"""A JACK server that dies under open ports and comes back, in a process of its own."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.wire

# libjack keeps state for the whole process, and a server must not be taken from under the other tests.
SCRIPT = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
name = f"jamtui-restart-{os.getpid()}"
os.environ["JACK_DEFAULT_SERVER"] = name
from tests.conftest import start_jack, stop_jack
from jamtui.midi.hotplug import LOOK_SLOWLY_NS, PortKeeper
from jamtui.midi.ports import MidiSystem
from jamtui.playback.sinks import PortGone

def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)

server = start_jack(name)
system = MidiSystem("jack")
heard = []
keeper = PortKeeper(system, [], lambda _name: None)
lead = system.open_virtual_output("jamtui lead")
inp = system.open_virtual_input("jamtui in", lambda _stamp, data: heard.append(data))
keeper.keep(lead)
keeper.keep(inp)
keeper.poll(0)
if sys.argv[2] == "kill":
    server.kill()
    server.wait()
else:
    stop_jack(server, name)
until(lambda: not system.alive)
refused = 0
for _ in range(5000):  # rtmidi alone would wait for ever once its ring is full
    try:
        lead.send(b"\\x90\\x3c\\x40")
    except PortGone:
        refused += 1
assert refused == 5000, refused
assert [c.kind for c in keeper.poll(LOOK_SLOWLY_NS)] == ["lost"]
server = start_jack(name)
changes = keeper.poll(3 * LOOK_SLOWLY_NS)
assert {c.kind for c in changes} == {"back"}, changes
assert [c.name for c in changes] == ["JACK", "jamtui lead", "jamtui in"], changes
assert system.jack.connect(lead.full_name, inp.full_name)
lead.send(b"\\x90\\x3c\\x40")
until(lambda: heard == [b"\\x90\\x3c\\x40"])
system.close()
stop_jack(server, name)
print("well")
os._exit(0)
"""


@pytest.mark.parametrize("how", ["terminate", "kill"])
def test_output_never_waits_for_a_dead_server_and_ports_come_back(
    how: str, pytestconfig: pytest.Config
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(pytestconfig.rootpath), how],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "well\n", done.stderr
