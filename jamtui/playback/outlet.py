"""The last step to the ports: messages that were handed over leave at their time.

`Outlet.step` is driven from outside, by a thread with real time or by a test with a dummy clock. It sends
what is due, keeps the ledger of what it sent and so can end all of it, whatever became of those who asked.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter_ns

from jamtui.playback.handover import Fate, Handed, Receipt
from jamtui.playback.late import SEND_SOON, LatePolicy
from jamtui.playback.ledger import Key, Ledger, note_off
from jamtui.playback.sinks import PortGone, Sink
from jamtui.playback.wire import key_event, pedal_event

ENDED = 64
"""Keys remembered that were ended last."""

_SYSTEM = 16
"""Stands for the channel of a message that has none."""


class Outlet:
    """Sends messages for numbered ports.

    ``ports`` names them, as ``ledger`` does. ``now`` stamps what was sent. A port is served by a sink from
    `serve` on until it fails; ``receipts`` collects what became of messages whose sender wants to know.
    """

    def __init__(
        self,
        ports: Sequence[str],
        ledger: Ledger,
        *,
        now: Callable[[], int] = perf_counter_ns,
        late: LatePolicy = SEND_SOON,
    ) -> None:
        self._ports = tuple(ports)
        self._ledger = ledger
        self._now = now
        self._late_ns = round(late.send_within_ms * 1_000_000)
        self._sinks: dict[str, Sink] = {}
        self._gone: dict[str, str] = {}
        self._heap: list[tuple[int, int, Handed]] = []
        self._count = 0
        self._floors: dict[tuple[int, int], int] = {}
        """Per port and channel: when the last message that was handed over is to leave."""
        self.receipts: deque[Receipt] = deque()
        self.ended: deque[Key] = deque(maxlen=ENDED)
        """What was ended last, the newest last."""
        self.struck: set[Key] = set()
        """All that was ever struck."""

    # Ports

    def serve(self, port: str, sink: Sink | None) -> None:
        """``port`` is served by ``sink`` (None: by nobody) from now on. What sounds through another sink is
        ended there; what the port still owes is sent first."""
        before = self._sinks.get(port)
        if before is not None and before is not sink:
            self._release(port)
        self._gone.pop(port, None)
        if sink is None:
            self._sinks.pop(port, None)
            return
        self._sinks[port] = sink
        self._release(port)

    def gone(self) -> tuple[tuple[str, str], ...]:
        """Ports that failed, with the reason, until `serve`."""
        return tuple(self._gone.copy().items())

    # Driving

    def take(self, handed: Handed) -> None:
        """Keep ``handed`` until its time. What is for a port that does not exist is left out."""
        if handed.port >= len(self._ports) or not handed.data:
            self._report(handed, 0, Fate.GONE)
            return
        status = handed.data[0]
        lane = handed.port, status & 15 if status < 0xF0 else _SYSTEM
        due = max(handed.due_ns, self._floors.get(lane, 0))
        self._floors[lane] = due
        self._count += 1
        heapq.heappush(self._heap, (due, self._count, handed))

    def step(self, now: int) -> int | None:
        """Send what is due at ``now``. Returns when the next message is due, None: there is none."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            self._send(heapq.heappop(heap)[2], now)
        return heap[0][0] if heap else None

    def settle(self, now: int) -> int | None:
        """Clear the marks of notes that ended some time ago; when there is more to clear."""
        return self._ledger.settle(now)

    def settle_all(self) -> None:
        """Clear the marks of all notes that ended."""
        self._ledger.settle()

    def end_again(self, keys: Iterable[Key]) -> None:
        """Send note-offs that were sent already, for those who may not have heard them. What sounds again is
        left alone."""
        for port, channel, pitch in keys:
            if (port, channel, pitch) not in self._ledger:
                self._pass(port, note_off(channel, pitch))

    def release(self) -> tuple[Key, ...]:
        """Forget what waits and end all that sounds: nobody is there to end it. Returns what was
        ended, now and last."""
        for _, _, handed in sorted(self._heap, key=lambda entry: entry[:2]):
            self._report(handed, 0, Fate.GONE)
        self._heap.clear()
        self._floors.clear()
        self._release(None)
        return tuple(dict.fromkeys(self.ended))

    # Within

    def _send(self, handed: Handed, now: int) -> None:
        port, data = self._ports[handed.port], handed.data
        sink = self._sinks.get(port)
        if sink is None:
            self._report(handed, 0, Fate.GONE)
            return
        struck = key_event(data)
        if struck is not None and struck[0]:
            if handed.lapses and now - handed.due_ns > self._late_ns:
                self._report(handed, 0, Fate.LATE)
                return
            key = port, struck[1], struck[2]
            self._ledger.add(key)
            self.struck.add(key)
            sent_ns = self._now()
            left = True
            try:
                sink.send(data)
            except PortGone as gone:
                self._ledger.remove(key)
                self._lose(port, gone)
                left = False
            except Exception as error:
                # A driver's failure is that port's. Nobody knows whether the note left: its end stays owed.
                self._lose(port, error)
                left = False
        else:
            pedal = pedal_event(data)
            if pedal is not None and pedal[1]:
                self._ledger.pedal(port, pedal[0], True)
            sent_ns = self._now()
            left = self._pass(port, data)
            if left and struck is not None:
                self._ledger.remove((port, struck[1], struck[2]))
                self.ended.append((port, struck[1], struck[2]))
            elif left and pedal is not None and not pedal[1]:
                self._ledger.pedal(port, pedal[0], False)
        if left:
            self._report(handed, sent_ns, Fate.SENT)
        else:
            self._report(handed, 0, Fate.GONE)

    def _pass(self, port: str, data: bytes) -> bool:
        sink = self._sinks.get(port)
        if sink is None:
            return False
        try:
            sink.send(data)
        except Exception as error:
            # Whatever the driver raised is that port's failure; the others go on.
            self._lose(port, error)
            return False
        return True

    def _release(self, port: str | None) -> None:
        owed = self._ledger.owed(port)
        self._ledger.release_all(self._pass, port)
        self.ended.extend(key for key in owed if key not in self._ledger)

    def _report(self, handed: Handed, sent_ns: int, fate: Fate) -> None:
        if handed.reported:
            self.receipts.append(Receipt(handed.serial, sent_ns, fate))

    def _lose(self, port: str, error: Exception) -> None:
        self._sinks.pop(port, None)
        self._gone[port] = str(error) or type(error).__name__
