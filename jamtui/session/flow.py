"""Flow playing: the player's keys give the rhythm, the lead's line gives the notes.

While it is on, the lead's own notes are held back; each key that is struck plays the next note of the line
that is planned (a prepared chorus, where there is one), as loud as the key and as long as it is held. Within
a chord of a bar the notes come in order; who plays more notes than there are walks back through them and
forth again; with the next chord, or bar, the line goes on from that chord's first note, whatever was left
over. So the player may play as sparsely or as busily as they like and is never in another chord.

Every note passes the guard, over the chords that hold there. Choosing it looks at the runway alone, so that
it leaves before anything else is worked out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

from jamtui.music.chord import Family
from jamtui.music.meter import PPQ, SIXTEENTH
from jamtui.music.phrase import Bar, Note, Role, Source
from jamtui.playback.commands import Command, PlannedNote, Splice
from jamtui.session.barlines import NEVER
from jamtui.session.planning import Planner
from jamtui.session.settings import BandSettings

EARLY = SIXTEENTH // 2
"""Ticks before a change of chord from which a key belongs to what follows."""
TOGETHER_NS = 25_000_000
"""Keys that are struck so close together are one stroke: fingers of one hand."""
CHANGES = 8
"""Changes of chord that are looked at for where a held note would become wrong."""

Key = tuple[str, int, int]
"""Input, channel and key."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A chord within a bar, ``start`` to ``end`` in ticks."""

    start: int
    end: int


class Flow:
    """One band's flow playing. ``settings`` are those that hold now."""

    def __init__(self, planner: Planner, settings: Callable[[], BandSettings]) -> None:
        self.on = False
        self._planner = planner
        self._settings = settings
        self._back = -NEVER
        """From this tick on the lead plays its own notes."""
        self._keys: dict[Key, int] = {}
        """Keys that are held, and which stroke they belong to."""
        self._stroke = 0
        self._struck_ns = -NEVER
        self._note: PlannedNote | None = None
        """What the last stroke plays, while its keys are held."""
        self._pitch: int | None = None
        self._place: _Place | None = None
        self._index = 0

    @property
    def silent_until(self) -> int:
        """Up to this tick the lead's own notes are held back; far away while flow is on."""
        return NEVER if self.on else self._back

    # On and off

    def enter(self, tick: float) -> list[Command]:
        """Hold the lead back from ``tick`` on; what sounds rings out."""
        self.on = True
        self._place = None
        self._pitch = None
        at = ceil(tick)
        return [Splice(Role.LEAD, at, (), stale_from=at)]

    def leave(self, line: int) -> list[Command]:
        """The lead plays on from the bar line ``line``."""
        self.on = False
        self._back = line
        return [self._planner.splice(Role.LEAD, line)]

    def let_go(self) -> None:
        """All that sounds was ended, or musical time jumped: no key is held any more."""
        self._keys.clear()
        self._note = None
        self._place = None
        self._back = -NEVER

    def hold(self, command: Splice) -> Splice:
        """``command`` of the plan without the lead's notes that are held back. What the player's own note
        becomes wrong by still ends it."""
        if command.role is not Role.LEAD or self.silent_until <= command.from_tick:
            return command
        notes = tuple(n for n in command.notes if n.tick >= self.silent_until)
        return replace(command, notes=notes, at_once=False, trigger_ns=0, stale_from=None)

    # Keys

    def take(self, ns: int, tick: float, port: str, data: bytes) -> list[Command] | None:
        """What a channel message, played at ``ns`` and ``tick`` on the input ``port``, has played or ended.
        None where it is none of flow's: no note, no chord to play over, or a key that was down before."""
        kind = data[0] & 0xF0
        if kind not in (0x80, 0x90) or len(data) < 3:
            return None
        key = (port, data[0] & 0x0F, data[1])
        if kind == 0x80 or data[2] == 0:
            return self._release(key, tick)
        if not self.on:
            return None
        chord = self._planner.harmony.at(ceil(tick))
        if chord is None or chord.family is Family.NONE:
            return None
        return self._strike(key, ns, ceil(tick), data[2])

    def _strike(self, key: Key, ns: int, at: int, velocity: int) -> list[Command]:
        if self._keys and ns - self._struck_ns <= TOGETHER_NS:
            self._keys[key] = self._stroke
            return []
        self._stroke += 1
        self._struck_ns = ns
        self._keys[key] = self._stroke
        self._note = note = self._next(at, velocity)
        if note is None:
            return []
        self._pitch = note.pitch
        return [Splice(Role.LEAD, at, (note,), at_once=True)]

    def _release(self, key: Key, tick: float) -> list[Command] | None:
        stroke = self._keys.pop(key, None)
        if stroke is None:
            return None
        note = self._note
        if note is None or stroke != self._stroke or stroke in self._keys.values():
            return []
        self._note = None
        if self.on:
            return [Splice(Role.LEAD, ceil(tick), (), stale_from=note.tick)]
        if tick < self._back:
            again = self._planner.splice(Role.LEAD, self._back)
            return [replace(again, stale_from=note.tick)]
        return []  # the lead plays by itself again, and its first note ended this one

    # The line

    def _next(self, at: int, velocity: int) -> PlannedNote | None:
        """The next note of the line, at ``at``; None where the guard lets none through."""
        planner = self._planner
        place = self._place_of(at + EARLY)
        if place != self._place:
            self._place, self._index = place, 0
        else:
            self._index += 1
        line = [n for n in planner.runways[Role.LEAD].notes_from(place.start) if n.tick < place.end]
        meant = line[turned(self._index, len(line))] if line else self._stray(place)
        bar = planner.lines.bar_at(at)
        onset = at - bar.start
        settings = self._settings()
        limits = planner.limits(Role.LEAD, settings, frozenset({onset}))
        pitch = meant.pitch if meant is not None else self._pitch or (limits.low + limits.high) // 2
        source = meant.source if meant is not None else Source.REFLEX
        judged = planner.guard.check(
            Bar(
                session=planner.session,
                role=Role.LEAD,
                start_tick=bar.start,
                length=bar.length,
                plan_revision=planner.revision,
                brief_id=meant.brief_id if meant is not None else "",
                chords_assumed=planner.harmony.spans(bar.start, bar.length + PPQ),
                origin=source,
                seed=planner.seed,
                notes=(Note(onset, pitch, bar.length, velocity),),
            ),
            limits,
        )
        if judged.bar is None or not judged.bar.notes:
            return None
        note = judged.bar.notes[0]
        until = self._right_until(at, note.pitch, at + note.duration)
        return PlannedNote(
            Role.LEAD, at, until - at, note.pitch, note.velocity, 0, source, bar.start,
            self._stroke, planner.seed, judged.bar.brief_id,
        )  # fmt: skip

    def _place_of(self, tick: int) -> _Place:
        bar = self._planner.lines.bar_at(tick)
        for span in self._planner.harmony.spans(bar.start, bar.length):
            start = bar.start + span.start
            if start <= tick < start + span.length:
                return _Place(start, start + span.length)
        return _Place(bar.start, bar.end)

    def _stray(self, place: _Place) -> PlannedNote | None:
        """Where the line rests: what it plays next."""
        return next(iter(self._planner.runways[Role.LEAD].notes_from(place.end)), None)

    def _right_until(self, at: int, pitch: int, until: int) -> int:
        """Up to where a note of ``pitch`` that begins at ``at`` may sound: ``until``, or the change of chord
        that makes it wrong."""
        planner = self._planner
        change = at
        for _ in range(CHANGES):
            change = planner.harmony.next_change(change)
            if change >= until:
                break
            if pitch % 12 in planner.wrong_classes(Role.LEAD, change):
                return change
        return until


def turned(index: int, count: int) -> int:
    """The ``index``-th step of a walk through ``count`` places, back from the last one and forth again."""
    if count <= 1:
        return 0
    step = index % (2 * count - 2)
    return step if step < count else 2 * count - 2 - step
