"""The plan of one role within the timeline: what may still be replaced, and what is locked."""

from typing import Final

from jamtui.music.meter import COMMON_TIME, Meter
from jamtui.playback.clock import NEVER_NS
from jamtui.playback.commands import PlannedNote
from jamtui.playback.events import Answer, NoteOn
from jamtui.playback.feel import STRAIGHT, Felt, apply_feel

Entry = tuple[PlannedNote, Answer]
"""A planned note and what it answers."""

_NO_NS: Final = -NEVER_NS


class Part:
    """The plan of one role. ``plan`` is latest first, so that the next note is popped from its end."""

    __slots__ = (
        "amount",
        "before",
        "feel",
        "felt",
        "last",
        "last_tick",
        "lock_ns",
        "locked",
        "meter",
        "offset_ns",
        "plan",
    )

    def __init__(self) -> None:
        self.plan: list[Entry] = []
        self.locked: list[NoteOn] = []
        self.feel = STRAIGHT
        self.amount = 1.0
        self.meter: Meter = COMMON_TIME
        self.offset_ns = 0
        self.felt: list[Felt] = []
        """How the next notes of ``plan``, those of one tick, are played; empty: not worked out."""
        self.lock_ns: int | None = None
        """When the next note is to be locked; None: not worked out since something changed."""
        self.forget_order()

    def replan(self, plan: list[Entry]) -> None:
        """``plan`` (latest first) instead of what was planned."""
        self.plan, self.felt, self.lock_ns = plan, [], None

    def next_felt(self) -> list[Felt]:
        """How the notes of the next tick are played, in order."""
        if not self.felt:
            tick = self.plan[-1][0].tick
            for note, _ in reversed(self.plan):
                if note.tick != tick:
                    break
                self.felt.append(apply_feel(self.feel, self.amount, self.meter, note))
        return self.felt

    def unanswered(self, tick: int) -> int:
        """The trigger that planned notes from ``tick`` on would still carry, 0 if none does."""
        return max((answer.trigger_ns for note, answer in self.plan if note.tick >= tick), default=0)

    def forget_order(self) -> None:
        self.last_tick: int | None = None
        self.last = _NO_NS
        self.before = _NO_NS

    def floor(self, tick: int) -> int:
        """No note of ``tick`` may come before this: the latest note-on of an earlier tick."""
        if self.last_tick is None or tick < self.last_tick:
            return _NO_NS
        return self.before if tick == self.last_tick else self.last

    def placed(self, tick: int, ns: int) -> None:
        """A note of ``tick`` will leave at ``ns``."""
        if self.last_tick is None or tick > self.last_tick:
            self.before, self.last, self.last_tick = self.last, max(self.last, ns), tick
        elif tick == self.last_tick:
            self.last = max(self.last, ns)
