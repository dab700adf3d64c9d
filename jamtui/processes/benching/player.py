"""The musician of the benches, in a process of its own: plays given messages at given times.

``python -m jamtui.processes.benching.player PORT...`` opens these ports and takes one JSON object a line:
``{"play": [[ns, port index, hex], ...], "raise": bool}``. It answers each with the list of the times at which
it sent them (null for a message that rtmidi refused).
"""

import gc
import json
import os
import sys
import time
from typing import Any

from jamtui.playback.priority import raise_this_thread
from jamtui.playback.waiting import PreciseWait


def main() -> int:
    """Serve until standard input closes."""
    import rtmidi

    senders: list[Any] = []
    for name in sys.argv[1:]:
        sender = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=name)
        sender.open_virtual_port("out")
        senders.append(sender)
    print("ready", flush=True)
    wait = PreciseWait()
    raised = False
    gc.collect()
    gc.freeze()
    gc.disable()
    for line in sys.stdin:
        order = json.loads(line)
        if order.get("raise") and not raised:
            raise_this_thread()
            raised = True
        sent: list[int | None] = []
        for at, port, text in order["play"]:
            data = bytes.fromhex(text)
            wait.until(at)
            now = time.perf_counter_ns()
            try:
                senders[port].send_message(data)
            except (ValueError, TypeError, RuntimeError):
                sent.append(None)
            else:
                sent.append(now)
        print(json.dumps(sent), flush=True)
    os._exit(0)  # rtmidi would wait for what it still has to send


if __name__ == "__main__":
    sys.exit(main())
