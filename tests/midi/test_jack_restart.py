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
print("well", flush=True)
os._exit(0)
"""


LATER = """
import os, sys
sys.path.insert(0, sys.argv[1])
name = f"jamtui-later-{os.getpid()}"
os.environ["JACK_DEFAULT_SERVER"] = name
from tests.conftest import start_jack, stop_jack
from jamtui.errors import PortError
from jamtui.midi.hotplug import LOOK_SLOWLY_NS, PortKeeper
from jamtui.midi.ports import JACK_AWAY, MidiSystem

system = MidiSystem("jack", awaited=sys.argv[2] == "awaited")
assert not system.alive
assert system.api == ("jack" if sys.argv[2] == "awaited" else "none")
keeper = PortKeeper(system, [], lambda _name: None)
if sys.argv[2] == "awaited":
    for name_, opening in (("out", system.open_virtual_output), ("in", system.open_output)):
        try:
            opening(name_)
        except PortError as error:
            assert str(error) == JACK_AWAY, error
        else:
            raise AssertionError(name_)
lead = system.await_output("", "jamtui lead")
keeper.keep(lead)
assert keeper.missing[0] == JACK_AWAY or sys.argv[2] != "awaited"
for look in range(3):
    keeper.poll(look * LOOK_SLOWLY_NS)
assert not system.alive
server = start_jack(name)
assert [c.name for c in keeper.poll(9 * LOOK_SLOWLY_NS)] == ["JACK", "jamtui lead"]
assert (system.api, system.reason, keeper.missing) == ("jack", "", ())
assert lead.full_name in system.jack.senders()
system.close()
stop_jack(server, name)
print("well", flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("how", ["awaited", "none"])
def test_a_server_that_comes_later_is_found(how: str, pytestconfig: pytest.Config) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LATER, str(pytestconfig.rootpath), how],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "well\n", done.stderr


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
