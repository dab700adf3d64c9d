"""Leaving the interpreter to the output thread around each event.

A thread that holds the interpreter lock when an event is due delays it by up to a switch interval and a
wake-up, whatever the output thread's priority. So the engine's other threads put their short and regular
work beside the moments at which something leaves.
"""

BEFORE_NS = 500_000
"""From so long before an event on others keep still: more than one turn of theirs takes."""
AFTER_NS = 200_000
"""Until so long after it was due: a whole chord has left by then."""


class Quiet:
    """When the next event leaves. Written by the output loop; read by any thread."""

    def __init__(self) -> None:
        self.due_ns: int | None = None
        """``time.perf_counter_ns`` at which the next event is due, None: there is none."""

    def outside(self, wake_ns: int, before_ns: int = BEFORE_NS) -> int:
        """``wake_ns``, or the end of the quiet time that it falls into."""
        due = self.due_ns
        if due is None or not due - before_ns <= wake_ns < due + AFTER_NS:
            return wake_ns
        return due + AFTER_NS
