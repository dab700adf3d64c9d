"""A terminal for the benches: runs a command under a pseudo-terminal and reads what it paints.

``python -m jamtui.processes.benching.terminal COLUMNS ROWS TEXT COMMAND...`` prints a JSON line with ``pid``
and ``began`` (ns, before the command starts), one with ``painted`` when TEXT is first on the screen, and one
with ``bytes`` at the end. It ends the command when its own standard input closes.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

assert sys.platform != "win32"  # which has no pseudo-terminals

_ESCAPES = re.compile(
    rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[PX^_].*?\x1b\\|\x1b.", re.S
)


def visible(data: bytes) -> bytes:
    """What is painted: ``data`` without window titles, colours and cursor moves."""
    return _ESCAPES.sub(b"", data)


def main() -> int:
    """Run the command."""
    columns, rows, wanted = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].encode()
    began = time.perf_counter_ns()
    pid, screen = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        try:
            os.execvp(sys.argv[4], sys.argv[4:])
        finally:
            os._exit(127)
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    _say({"pid": pid, "began": began})
    seen = b""
    painted = False
    count = 0
    while True:
        ready, _, _ = select.select([screen, sys.stdin], [], [])
        if sys.stdin in ready:
            os.kill(pid, signal.SIGKILL)
            break
        try:
            data = os.read(screen, 1 << 16)
        except OSError:
            data = b""
        if not data:
            break
        count += len(data)
        if not painted:
            seen += data
            if wanted in visible(seen):
                painted = True
                _say({"painted": time.perf_counter_ns()})
    os.waitpid(pid, 0)
    _say({"bytes": count})
    return 0


def _say(what: dict[str, int]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    sys.exit(main())
