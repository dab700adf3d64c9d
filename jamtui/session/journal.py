"""The record of a session: inputs, accepted bars verbatim, live changes, tempo, outputs.

A journal is JSON lines: a versioned header, then one record a line. The hot side only appends to a
deque; a thread of its own turns records into text and writes them in batches. Replay plays back what
was sent; it never generates again.
"""

import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from jamtui.errors import JamtuiError
from jamtui.music.phrase import Bar
from jamtui.playback.commands import DroppedNote, SentNote
from jamtui.session.bar_record import bar_record
from jamtui.session.exchange import Exchange

JOURNAL_VERSION = 1
FLUSH_S = 0.5
RETRY_S = 2.0
TAIL_RECORDS = 50_000
"""Records kept in memory while nothing can be written; the oldest go first."""


@dataclass(frozen=True, slots=True)
class InputRecord:
    """A MIDI message as it came in, with its stamp and the musical time it fell on."""

    ns: int
    tick: float
    data: bytes
    port: str = ""


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """A live change: a named action as the player did it."""

    ns: int
    tick: float
    action: str
    argument: str | float | None = None
    soon: bool = False


@dataclass(frozen=True, slots=True)
class ClockRecord:
    """From ``ns`` on, musical time ran from ``tick`` at ``bpm``."""

    ns: int
    tick: float
    bpm: float


@dataclass(frozen=True, slots=True)
class TextRecord:
    """Something worth telling whoever reads the journal: a port lost, a worker back."""

    ns: int
    text: str


@dataclass(frozen=True, slots=True)
class ChordRecord:
    """A chord as it was heard: ``kind`` as `jamtui.session.hearing.Heard` has it, ``trigger_ns`` the press
    that made it a chord, ``tick`` musical time at that press."""

    ns: int
    tick: float
    kind: str
    symbol: str
    trigger_ns: int
    notes: tuple[int, ...] = ()


Output = SentNote | DroppedNote
Record = InputRecord | Bar | ChangeRecord | ChordRecord | ClockRecord | TextRecord | Exchange | Output


def record_line(record: Record) -> dict[str, object]:
    """``record`` as the JSON object of its line; ``t`` names the kind."""
    match record:
        case InputRecord():
            line: dict[str, object] = {
                "t": "in",
                "ns": record.ns,
                "tick": round(record.tick, 3),
                "hex": record.data.hex(),
            }
            if record.port:
                line["port"] = record.port
            return line
        case Bar():
            return {"t": "bar", **bar_record(record)}
        case ChangeRecord():
            return {
                "t": "change",
                "ns": record.ns,
                "tick": round(record.tick, 3),
                "action": record.action,
                "argument": record.argument,
                "soon": record.soon,
            }
        case ChordRecord():
            return {
                "t": "chord",
                "ns": record.ns,
                "tick": round(record.tick, 3),
                "kind": record.kind,
                "symbol": record.symbol,
                "trigger": record.trigger_ns,
                "notes": list(record.notes),
            }
        case ClockRecord():
            return {"t": "clock", "ns": record.ns, "tick": round(record.tick, 3), "bpm": record.bpm}
        case TextRecord():
            return {"t": "text", "ns": record.ns, "text": record.text}
        case Exchange():
            return {"t": "llm", **asdict(record)}
        case SentNote():
            status = (0x90 if record.on else 0x80) | record.channel
            out: dict[str, object] = {
                "t": "out",
                "ns": record.sent_ns,
                "due": record.due_ns,
                "tick": record.tick,
                "role": record.role.value,
                "port": record.port,
                "hex": bytes((status, record.pitch, record.velocity)).hex(),
                "source": record.source.value,
                "bar": record.bar_tick,
            }
            if record.trigger_ns:
                out["trigger"] = record.trigger_ns
            return out
        case DroppedNote():
            return {
                "t": "dropped",
                "tick": record.tick,
                "role": record.role.value,
                "pitch": record.pitch,
                "reason": record.reason,
                "source": record.source.value,
            }


class JournalWriter:
    """Writes a journal beside the music. ``record`` is an append and never raises; everything else
    happens in a thread of its own, or in ``step`` where the caller drives it (``threaded=False``).

    ``outside`` says until when a time, in nanoseconds of ``time.perf_counter_ns``, is in somebody's way.

    When the folder is missing or the disk is full the newest ``tail`` records stay in memory, writing is
    tried again every two seconds, and ``problem`` says in one sentence what is wrong.
    """

    def __init__(
        self,
        path: Path,
        *,
        session: str,
        seed: int,
        version: str,
        style: str = "",
        settings: Mapping[str, object] | None = None,
        started: float | None = None,
        tail: int = TAIL_RECORDS,
        threaded: bool = True,
        now: Callable[[], float] = time.monotonic,
        outside: Callable[[int], int] | None = None,
    ) -> None:
        self.path = path
        self._header = _encode(
            {
                "t": "header",
                "journal": JOURNAL_VERSION,
                "session": session,
                "seed": seed,
                "version": version,
                "style": style,
                "settings": dict(settings or {}),
                "started": time.time() if started is None else started,
            }
        )
        self._pending: deque[Record] = deque()
        self._tail = tail
        self._buffer = b""
        self._buffered = 0
        self._fd: int | None = None
        self._begun = False
        self._now = now
        self._outside = outside
        self._retry_at = 0.0
        self._stop = threading.Event()
        self._closed = False
        self.problem = ""
        """Why nothing is written at present, as a sentence; empty while all is well."""
        self.lost = 0
        """Records that were given up because nothing could be written for too long."""
        self._thread: threading.Thread | None = None
        if threaded:
            self._thread = threading.Thread(target=self._run, name="jamtui-journal", daemon=True)
            self._thread.start()

    def record(self, record: Record) -> None:
        """Append a record; never waits, never raises. After ``close`` it does nothing."""
        if not self._closed:
            self._pending.append(record)

    def step(self) -> None:
        """Write what is pending, as far as it can be written now."""
        excess = len(self._pending) - self._tail
        if self.problem and self._now() < self._retry_at:
            self._give_up(excess)
            return
        try:
            self._open()
            while True:
                if not self._buffer and not self._fill():
                    break
                assert self._fd is not None  # _open raised otherwise
                written = os.write(self._fd, self._buffer)
                self._buffer = self._buffer[written:]
                if written == 0:
                    raise OSError("nothing was written")
        except OSError as error:
            self._retry_at = self._now() + RETRY_S
            reason = (error.strerror or str(error)).lower()
            self.problem = f"The journal cannot be written to {self.path}: {reason}; free or mend the folder."
            self._close_file()
            self._give_up(len(self._pending) - self._tail)
        else:
            self.problem = ""

    def close(self, timeout_s: float = 3.0) -> None:
        """Write what is left and close the file. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():  # stuck in the file system: leave it, the process must end
                return
        self._retry_at = 0.0
        self.step()
        self._close_file()

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_S):
            self.step()

    def _open(self) -> None:
        if self._fd is not None:
            if self.path.exists():
                return
            self._close_file()  # moved or deleted under us: begin again rather than write to nowhere
        new = not self._begun or not self.path.exists()
        if new and not self._begun:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._fd = os.open(self.path, flags, 0o600)
        if new:
            # A rest of a line belongs to the file that is gone; the new one starts with the header.
            whole = self._buffer.find(b"\n") + 1 if self._torn() else 0
            self._buffer = self._header + self._buffer[whole:]
            self._begun = True

    def _keep_quiet(self) -> None:
        if self._outside is not None and not self._closed:
            now = time.perf_counter_ns()
            over = self._outside(now)
            if over > now:
                time.sleep((over - now) / 1e9)

    def _torn(self) -> bool:
        return bool(self._buffer) and not self._buffer.startswith(b'{"t":')

    def _fill(self) -> bool:
        """Turn up to a thousand pending records into text; False when there are none."""
        lines: list[bytes] = []
        for _ in range(1000):
            self._keep_quiet()
            try:
                record = self._pending.popleft()
            except IndexError:
                break
            try:
                lines.append(_encode(record_line(record)))
            except (TypeError, ValueError) as error:  # one bad record must not end the journal
                lines.append(_encode({"t": "text", "ns": 0, "text": f"unwritable record: {error}"}))
        self._buffer = b"".join(lines)
        return bool(lines)

    def _give_up(self, excess: int) -> None:
        for _ in range(max(excess, 0)):
            try:
                self._pending.popleft()
            except IndexError:
                return
            self.lost += 1

    def _close_file(self) -> None:
        if self._fd is not None:
            fd, self._fd = self._fd, None
            try:
                os.close(fd)
            except OSError as error:
                self.problem = self.problem or f"The journal {self.path} could not be closed: {error}."


@dataclass(frozen=True, slots=True)
class Journal:
    """A journal as read: header and records in file order. ``truncated``: the last line was cut off."""

    header: Mapping[str, object]
    records: tuple[Mapping[str, object], ...]
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class PlayedOutput:
    """A message of a replay: nanoseconds after the first, the role and port it went to, its bytes."""

    at_ns: int
    role: str
    port: str
    data: bytes


def read_journal(path: Path) -> Journal:
    """Read a journal; a last line that was cut off by a crash is left out.

    Raises ``JamtuiError`` where there is no such file, it is not a journal, it is of a newer version, or a
    line other than the last is damaged.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise JamtuiError(f"Cannot read the journal {path}: {error.strerror}; check the path.") from error
    lines = [line for line in raw.split(b"\n") if line.strip()]
    records: list[Mapping[str, object]] = []
    truncated = False
    for number, line in enumerate(lines, 1):
        try:
            value = json.loads(line)
        except ValueError as error:
            if number == len(lines) and number > 1:
                truncated = True
                break
            raise JamtuiError(
                f"Line {number} of {path} is not JSON; choose a journal that jamtui wrote."
            ) from error
        if not isinstance(value, dict):
            raise JamtuiError(f"Line {number} of {path} is no record; choose a journal that jamtui wrote.")
        records.append(value)
    if not records or records[0].get("t") != "header":
        raise JamtuiError(f"{path} has no journal header; choose a journal that jamtui wrote.")
    if records[0].get("journal") != JOURNAL_VERSION:
        raise JamtuiError(
            f"{path} is a journal of version {records[0].get('journal')}, this jamtui reads version "
            f"{JOURNAL_VERSION}; use the jamtui that wrote it."
        )
    # A journal whose file was lost meanwhile begins again with its header.
    body = tuple(r for r in records[1:] if r.get("t") != "header")
    return Journal(records[0], body, truncated)


def replay_outputs(journal: Journal) -> Iterator[PlayedOutput]:
    """The outputs of a journal in the order in which they were sent, to be played back as they are.

    Raises ``JamtuiError`` for an output record that cannot be read.
    """
    first: int | None = None
    try:
        played = sorted((_output(r) for r in journal.records if r.get("t") == "out"), key=lambda o: o.at_ns)
    except (KeyError, TypeError, ValueError) as error:
        raise JamtuiError("An output in this journal is damaged; choose another journal.") from error
    for output in played:
        if first is None:
            first = output.at_ns
        yield PlayedOutput(output.at_ns - first, output.role, output.port, output.data)


def _output(record: Mapping[str, object]) -> PlayedOutput:
    ns = record["ns"]
    if not isinstance(ns, int):
        raise ValueError(f"not a time: {ns!r}")
    return PlayedOutput(ns, str(record["role"]), str(record["port"]), bytes.fromhex(str(record["hex"])))


def _encode(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
