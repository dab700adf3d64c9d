"""When a queued message really arrived, whenever its queue is looked at.

rtmidi gives each message its distance from the one before, taken in JACK's own thread; only where that row
begins has to be found out. A message came before the look that found it and after the last look that found
nothing, so every look bounds the beginning from both sides.
"""

DRIFT = 1e-4
"""How much faster our clock may run than JACK's (which NTP does not slew), as a share."""


class ArrivalStamps:
    """Turns distances into stamps of ``perf_counter_ns``. One per rtmidi client."""

    __slots__ = ("_after", "_base", "_empty_ns")

    def __init__(self) -> None:
        self._after = 0.0
        self._base = float("inf")
        self._empty_ns = 0

    def nothing(self, ns: int) -> None:
        """The queue was empty when it was looked at at ``ns`` (read before the look)."""
        self._empty_ns = ns

    def arrived(self, distance_s: float, ns: int) -> int:
        """The stamp of the next message: ``distance_s`` after the one before, found at ``ns``.

        Never after ``ns``, and never before the queue was last empty.
        """
        self._after += distance_s * 1e9
        self._base = min(self._base + distance_s * 1e9 * DRIFT, ns - self._after)
        stamp = round(self._base + self._after)
        if stamp < self._empty_ns:
            # A distance that rtmidi swallowed (part of a system exclusive): the row begins anew here.
            stamp = min(self._empty_ns, ns)
            self._base = stamp - self._after
        return stamp
