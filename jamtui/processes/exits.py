"""How processes of the band end: statuses that they read from each other, and what a crash leaves behind."""

import os
import sys

EXIT_CRASHED = 70
"""It failed (EX_SOFTWARE)."""
EXIT_AGAIN = 75
"""It could not start for want of another process, and may be started again (EX_TEMPFAIL)."""
EXIT_REFUSED = 78
"""The child cannot start until the musician changes something (EX_CONFIG of sysexits.h)."""


def crashed(text: str) -> None:
    """In a dying thread without which the process is nothing: ``text`` goes to its log, and the supervisor
    starts another one."""
    print(text, file=sys.stderr, flush=True)
    os._exit(EXIT_CRASHED)
