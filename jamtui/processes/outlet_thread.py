"""The thread that sends: it sleeps until a message comes or is due, then spins, then sends."""

import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from multiprocessing import Pipe

from jamtui.playback.handover import Frames, Handed, HandoverError, pack_receipt
from jamtui.playback.ledger import LEDGER_BYTES, Key, Ledger
from jamtui.playback.outlet import Outlet
from jamtui.playback.priority import raise_this_thread
from jamtui.playback.sinks import NullSink, Sink
from jamtui.processes.stream import Stream, readable

SPIN_NS = 1_000_000
"""How long before a message is due sleeping ends."""
DEAF_NS = 60_000
"""So shortly before, new messages are not looked for: that takes some 5 µs and lets the interpreter go."""
REHEARSE_NS = 250_000
"""Between two rehearsals, and between the last one and the moment: several times what one takes."""
BEAT_NS = 100_000_000
BUSY_NS = 30_000_000
REST_S = 0.0001
"""After so long without waiting, in a backlog, it waits so long: a system that limits how long a real-time
thread computes in one go (RealtimeKit asks for 200 ms) kills the process beyond it."""
RECEIPTS = 8192
"""Receipts kept for an engine that does not fetch them; with more it is hung, and its link is ended."""

AGAIN_S = 0.1
AGAIN_FOR_S = 3.0
"""So often and for so long are the notes of a dead engine ended where those who listen may not hear it at
first: JACK2 takes dead clients away one after the other, each in its client timeout (jackd's ``-t``, half a
second), and what is sent meanwhile may be lost."""

_DRY = "dry"


class OutletThread:
    """Drives an `Outlet`.

    Args:
        beat: called some ten times a second with the time.
        on_crash: called in this thread with the traceback's text if it fails; notes have been ended.
        insistent: whether the notes of a dead engine are ended again and again for a while.
    """

    def __init__(
        self,
        outlet: Outlet,
        *,
        beat: Callable[[int], object],
        on_crash: Callable[[str], object],
        insistent: Callable[[], bool] = lambda: False,
        raise_priority: Callable[[], str] = raise_this_thread,
    ) -> None:
        self._outlet = outlet
        self._beat = beat
        self._on_crash = on_crash
        self._raise_priority = raise_priority
        self._todo: deque[Callable[[], object]] = deque()
        self._hear, self._call = Pipe(duplex=False)
        self._called = threading.Lock()
        self._stream: Stream | None = None
        self._frames = Frames()
        self._insistent = insistent
        self._again: list[tuple[int, tuple[Key, ...]]] = []
        """Keys to end once more, and when."""
        self._next_beat = 0
        self._rested = time.perf_counter_ns()
        """When it last waited."""
        self._stopping = False
        self._rehearse = _Rehearsal().run
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jamtui output", daemon=True)
        self.priority = ""
        """What priority the thread got, in a sentence; set when `start` returns."""

    # For any thread

    def start(self) -> None:
        """Start and wait until the priority is settled."""
        self._thread.start()
        self._ready.wait()

    def serve(self, port: str, sink: Sink | None) -> None:
        """Have ``port`` served by ``sink`` from now on (`Outlet.serve`)."""
        self._do(lambda: self._outlet.serve(port, sink))

    def listen(self, stream: Stream) -> None:
        """Take messages from ``stream``. What came over another one before is ended: its engine is gone."""
        self._do(lambda: self._take_over(stream))

    def stop(self, timeout_s: float = 2.0) -> None:
        """End all notes and the thread."""
        self._stopping = True
        self._wake()
        self._thread.join(timeout_s)

    def _do(self, what: Callable[[], object]) -> None:
        self._todo.append(what)
        self._wake()

    def _wake(self) -> None:
        # One byte at most lies in the pipe, or a caller could have to wait.
        if self._called.acquire(blocking=False):
            self._call.send_bytes(b"!")

    # In the thread

    def _run(self) -> None:
        try:
            try:
                self.priority = self._raise_priority()
            finally:
                self._ready.set()
            while not self._stopping:
                self._turn()
            self._leave_engine()
        except Exception:
            # Whatever it was: no note may hang and it must be said.
            text = traceback.format_exc()
            try:
                self._outlet.release()
            except Exception:
                text += traceback.format_exc()
            self._on_crash(text)

    def _turn(self) -> None:
        while self._todo:
            self._todo.popleft()()
        outlet = self._outlet
        now = time.perf_counter_ns()
        due = outlet.step(now)
        self._account()
        if now - self._rested > BUSY_NS:
            time.sleep(REST_S)
            self._rested = time.perf_counter_ns()
        if due is not None and due - now <= SPIN_NS:
            self._spin(due)
            return
        if now >= self._next_beat:
            self._next_beat = now + BEAT_NS
            self._beat(now)
        settle = outlet.settle(now)
        wake = self._next_beat
        if self._again:
            while self._again and self._again[0][0] <= now:
                outlet.end_again(self._again.pop(0)[1])
            if self._again:
                wake = min(wake, self._again[0][0])
        if due is not None:
            wake = min(wake, due - SPIN_NS)
        if settle is not None:
            wake = min(wake, settle)
        left = wake - time.perf_counter_ns()
        if not self._listen(0.0) and left > 0:
            self._listen(left / 1e9)
            self._rested = time.perf_counter_ns()

    def _spin(self, due: int) -> None:
        now, rehearse = time.perf_counter_ns, self._rehearse
        again = 0
        while (at := now()) < due:
            left = due - at
            if left > DEAF_NS and self._listen(0.0):
                return
            if at >= again and left > REHEARSE_NS:
                rehearse(at)
                again = at + REHEARSE_NS

    def _listen(self, timeout_s: float) -> bool:
        """Take what comes within ``timeout_s`` seconds; False when nothing did."""
        stream = self._stream
        waited = [self._hear] if stream is None else [stream.connection, self._hear]
        if not readable(waited, timeout_s):
            return False
        if stream is not None:
            try:
                for handed in self._frames.take(stream.read()):
                    self._outlet.take(handed)
            except (EOFError, HandoverError):
                self._leave_engine()
        if self._hear.poll(0):
            self._hear.recv_bytes()
            self._called.release()
        return True

    def _account(self) -> None:
        """Send the receipts back."""
        receipts, stream = self._outlet.receipts, self._stream
        if stream is None:
            receipts.clear()
            return
        try:
            stream.flush()
            while receipts and stream.write(pack_receipt(receipts[0])):
                receipts.popleft()
        except OSError:
            self._leave_engine()
        if len(receipts) > RECEIPTS:
            self._leave_engine()

    def _take_over(self, stream: Stream) -> None:
        self._leave_engine()
        self._stream = stream

    def _leave_engine(self) -> None:
        """Nobody is there any more who would end what sounds."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self._frames = Frames()
        ended = self._outlet.release()
        self._outlet.receipts.clear()
        if ended and self._insistent():
            now, every = time.perf_counter_ns(), round(AGAIN_S * 1e9)
            times = range(1, round(AGAIN_FOR_S / AGAIN_S))
            self._again = [(now + n * every, ended) for n in times]


class _Rehearsal:
    """Runs the sending path shortly before it is needed on notes that go nowhere: cold, the first message
    takes several times as long."""

    def __init__(self) -> None:
        self._outlet = Outlet((_DRY,), Ledger((_DRY,), bytearray(LEDGER_BYTES)))
        self._outlet.serve(_DRY, NullSink())

    def run(self, now: int) -> None:
        """Strike a key and end it."""
        outlet = self._outlet
        outlet.take(Handed(1, now, 0, b"\x90\x3c\x50", True, True))
        outlet.take(Handed(2, now, 0, b"\x80\x3c\x00", False, True))
        outlet.step(now)
        while outlet.receipts:
            pack_receipt(outlet.receipts.popleft())
