"""Putting the engine's own record beside what arrived on the wire. Pure: records in, answers out."""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LOST_NS = 250_000_000
"""What has not arrived so long after it was sent is lost."""
_EARLY_NS = 100_000
_REACH_NS = 200_000_000
"""A press reaches the engine within this time."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as the bench's receiver stamped it."""

    ns: int
    port: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Out:
    """A note-on or note-off as the engine's journal has it; ``trigger`` is 0 where it answers nothing."""

    ns: int
    due: int
    tick: int
    role: str
    port: str
    data: bytes
    trigger: int = 0

    @property
    def on(self) -> bool:
        """Whether it is a note-on."""
        return self.data[0] & 0xF0 == 0x90 and self.data[2] > 0


@dataclass(frozen=True, slots=True)
class HeardChord:
    """A chord record of the journal."""

    ns: int
    tick: float
    kind: str
    symbol: str
    trigger: int


def read_outs(records: Iterable[Mapping[str, object]]) -> list[Out]:
    """The outputs in a journal, in the order in which they were sent."""
    found = [
        Out(
            _int(r["ns"]),
            _int(r["due"]),
            _int(r["tick"]),
            str(r["role"]),
            str(r["port"]),
            bytes.fromhex(str(r["hex"])),
            _int(r.get("trigger", 0)),
        )
        for r in records
        if r.get("t") == "out"
    ]
    return sorted(found, key=lambda out: out.ns)


def read_heard(records: Iterable[Mapping[str, object]]) -> list[HeardChord]:
    """The chords that were heard."""
    return [
        HeardChord(_int(r["ns"]), float(str(r["tick"])), str(r["kind"]), str(r["symbol"]), _int(r["trigger"]))
        for r in records
        if r.get("t") == "chord"
    ]


def on_wire(outs: Sequence[Out], arrivals: Iterable[Arrival]) -> list[int | None]:
    """For each output when it arrived, None for one that did not. Ports keep their order, so the first
    arrival of the same bytes that no earlier output took is the one."""
    waiting: dict[tuple[str, bytes], deque[int]] = defaultdict(deque)
    for arrival in sorted(arrivals, key=lambda a: a.ns):
        waiting[arrival.port, arrival.data].append(arrival.ns)
    found: list[int | None] = []
    for out in outs:
        queue = waiting[out.port, out.data]
        while queue and queue[0] < out.ns - _EARLY_NS:
            queue.popleft()
        found.append(queue.popleft() if queue and queue[0] - out.ns <= LOST_NS else None)
    return found


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one chord: the outputs that carry its trigger, and when the first of them arrived."""

    trigger_ns: int
    """On the wire, at the player."""
    stamp_ns: int
    """The engine's own stamp of it."""
    first_ns: int
    outs: tuple[Out, ...]

    @property
    def ttfn_ms(self) -> float:
        """Milliseconds from the press to the first note for it, both on the wire."""
        return (self.first_ns - self.trigger_ns) / 1e6


def answers(
    triggers: Sequence[int], outs: Sequence[Out], wire: Sequence[int | None]
) -> list[Answered | None]:
    """For each chord, given when its press left the player (ascending), the notes that answer it; None where
    nothing did."""
    starts = sorted(triggers)
    groups: dict[int, list[tuple[int, Out]]] = defaultdict(list)
    stamps: dict[int, int] = {}
    for out, arrived in zip(outs, wire, strict=True):
        if not out.trigger or not out.on or arrived is None:
            continue
        index = bisect_right(starts, out.trigger) - 1
        if index >= 0 and out.trigger - starts[index] <= _REACH_NS:
            groups[index].append((arrived, out))
            stamps.setdefault(index, out.trigger)
    return [
        Answered(starts[i], stamps[i], min(ns for ns, _ in groups[i]), tuple(out for _, out in groups[i]))
        if i in groups
        else None
        for i in range(len(starts))
    ]


def heard_between(heard: Sequence[HeardChord], triggers: Sequence[int]) -> list[list[HeardChord]]:
    """The records that belong to each press (ascending), by their stamp; settled ones by when they came."""
    starts = sorted(triggers)
    groups: list[list[HeardChord]] = [[] for _ in starts]
    for chord in heard:
        index = bisect_right(starts, chord.ns if chord.kind == "settled" else chord.trigger) - 1
        if index >= 0:
            groups[index].append(chord)
    return groups


Key = tuple[str, int, int]


def sounding_at(arrivals: Iterable[Arrival], ns: int) -> set[Key]:
    """Keys (port, channel, pitch) that were struck and not ended up to ``ns``."""
    sounding: set[Key] = set()
    for arrival in sorted(arrivals, key=lambda a: a.ns):
        if arrival.ns > ns:
            break
        step = key_step(arrival.data)
        if step is not None:
            on, channel, pitch = step
            (sounding.add if on else sounding.discard)((arrival.port, channel, pitch))
    return sounding


def ended_after(arrivals: Iterable[Arrival], keys: Iterable[Key], ns: int) -> dict[Key, int | None]:
    """When after ``ns`` each key got its explicit note-off; None where it did not."""
    ends: dict[Key, int | None] = dict.fromkeys(keys)
    for arrival in sorted(arrivals, key=lambda a: a.ns):
        step = key_step(arrival.data)
        if arrival.ns >= ns and step is not None and not step[0]:
            key = (arrival.port, step[1], step[2])
            if key in ends and ends[key] is None:
                ends[key] = arrival.ns
    return ends


def key_step(data: bytes) -> tuple[bool, int, int] | None:
    """(on, channel, pitch) of a note message, None for any other."""
    if len(data) != 3 or data[0] & 0xE0 != 0x80:
        return None
    return data[0] & 0xF0 == 0x90 and data[2] > 0, data[0] & 0x0F, data[1]


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError(f"not a whole number: {value!r}")
    return value
