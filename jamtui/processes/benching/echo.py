"""The bare echo: what comes in goes out, in rtmidi's own callback. ``python -m ...echo IN OUT``; ends with
its standard input."""

import os
import sys
from typing import Any


def main() -> int:
    """Serve until standard input closes."""
    import rtmidi

    receiver: Any = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name=sys.argv[1])
    sender: Any = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=sys.argv[2])
    receiver.open_virtual_port("in")
    sender.open_virtual_port("out")
    send = sender.send_message
    receiver.set_callback(lambda event, _data: send(event[0]))
    print("ready", flush=True)
    sys.stdin.read()
    os._exit(0)  # rtmidi would wait for what it still has to send


if __name__ == "__main__":
    sys.exit(main())
