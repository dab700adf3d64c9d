"""The settled label: what the screen shows of what is heard, without flicker."""

from jamtui.music.chord import NO_CHORD, Chord

CONFIRM_NS = 120_000_000
"""A new chord must stand this long before it becomes the label."""

DWELL_NS = 400_000_000
"""A label stays at least this long."""


class Settler:
    """Takes what is heard at each moment and says when the label changes. Times are stamps."""

    __slots__ = ("_candidate", "_candidate_ns", "label", "since_ns")

    def __init__(self) -> None:
        self.label: Chord = NO_CHORD
        self.since_ns: int | None = None
        self._candidate: Chord = NO_CHORD
        self._candidate_ns = 0

    def propose(self, chord: Chord, ns: int) -> None:
        """``chord`` is what is heard from ``ns`` on."""
        if chord != self._candidate:
            self._candidate = chord
            self._candidate_ns = ns

    @property
    def due_ns(self) -> int | None:
        """When the label will change if nothing else is heard; None when it is right as it is."""
        if self._candidate == self.label:
            return None
        confirmed = self._candidate_ns + CONFIRM_NS
        return confirmed if self.since_ns is None else max(confirmed, self.since_ns + DWELL_NS)

    def settle(self, ns: int) -> Chord | None:
        """The new label if it is time for one, else None."""
        due = self.due_ns
        if due is None or ns < due:
            return None
        self.label, self.since_ns = self._candidate, ns
        return self.label
