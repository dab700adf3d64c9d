"""What the engine says of itself: events and snapshots for whoever watches, and the report."""

import os
import time
from collections import deque
from dataclasses import asdict, replace

from jamtui import __version__
from jamtui.playback.commands import SentNote
from jamtui.playback.output import OutputLoop
from jamtui.processes.codec import encode
from jamtui.processes.engine_ports import EnginePorts
from jamtui.processes.link import Peer, Server
from jamtui.processes.sources import Sources
from jamtui.session.band import Band
from jamtui.session.exchange import Exchange
from jamtui.session.journal import JournalWriter, TextRecord
from jamtui.session.snapshot import Event
from jamtui.session.view import Levels, Surroundings, snapshot

WATCHERS = ("console", "headless")
"""Clients that get snapshots and events."""
UNTOLD = 20
"""Events that are kept while nobody watches."""


class Audience:
    """The clients of the link, and the sentences that those who watch are told.

    ``server`` and ``journal`` are set when they are there.
    """

    def __init__(self) -> None:
        self.server: Server | None = None
        self.journal: JournalWriter | None = None
        self._exchange: Exchange | None = None
        self._untold: deque[Event] = deque(maxlen=UNTOLD)

    @property
    def peers(self) -> tuple[Peer, ...]:
        """All clients."""
        return self.server.peers if self.server is not None else ()

    @property
    def watching(self) -> list[Peer]:
        """Clients that get snapshots and events."""
        return [p for p in self.peers if p.name in WATCHERS]

    def send_to(self, name: str, data: bytes) -> None:
        """Send to every client that is called ``name``."""
        for peer in self.peers:
            if peer.name == name:
                peer.send(data)

    def welcome(self, peer: Peer) -> None:
        """A client said who it is: what nobody was told, the first watcher is."""
        if peer.name == "console" and self._exchange is not None:
            peer.send(encode("exchange", self._exchange))
        while peer.name in WATCHERS and self._untold:
            peer.send(encode("event", self._untold.popleft()))

    def take_exchange(self, exchange: Exchange, ns: int) -> None:
        """What a language model was asked and said: for the journal and the consoles."""
        self._exchange = exchange = replace(exchange, at=time.time())
        self.send_to("console", encode("exchange", exchange))
        if self.journal is not None:
            self.journal.record(replace(exchange, ns=ns))

    def tell(self, text: str, severity: str = "info") -> None:
        """A sentence for the event line and the journal."""
        event = Event(time.time(), text, severity)
        watching = self.watching
        if not watching:
            self._untold.append(event)  # for the first who comes
        for peer in watching:
            peer.send(encode("event", event))
        if self.journal is not None:
            self.journal.record(TextRecord(time.perf_counter_ns(), text))


class Views:
    """Snapshots, piano rolls and the report."""

    def __init__(
        self,
        *,
        session: str,
        seed: int,
        demo: bool,
        band: Band,
        ports: EnginePorts,
        loop: OutputLoop,
        sources: Sources,
        audience: Audience,
    ) -> None:
        self._session = session
        self._seed = seed
        self._demo = demo
        self._band = band
        self._ports = ports
        self._loop = loop
        self._sources = sources
        self._audience = audience
        self._levels = Levels()
        self._seq = 0
        self._rolls: dict[str, int] = {}

    def take(self, sent: SentNote) -> None:
        """A note left: the role's meter shows it."""
        if sent.on:
            self._levels.hit(sent.role, sent.velocity, sent.sent_ns)

    def send_all_rolls(self) -> None:
        """Somebody has none yet."""
        self._rolls.clear()

    def send(self, now: int) -> None:
        """A snapshot, and the piano rolls that changed, to all who watch."""
        watching = self._audience.watching
        if not watching:
            return
        self._seq += 1
        data = encode("snapshot", snapshot(self._band, self._surroundings(), self._levels, self._seq, now))
        for peer in watching:
            peer.send_latest("snapshot", data)
        for role, roll in self._band.conductor.rolls().items():
            if self._rolls.get(role.value) != roll.revision:
                self._rolls[role.value] = roll.revision
                data = encode("roll", roll)
                for peer in watching:
                    peer.send_latest(f"roll {role.value}", data)

    def report(self, now: int) -> dict[str, object]:
        """The figures of the session so far."""
        band, journal = self._band, self._audience.journal
        return {
            "version": __version__,
            "session": self._session,
            "seed": self._seed,
            "state": band.state,
            "bar": band.conductor.bar_at(band.clock.segment.tick_at(now)).number + 1,
            "style": band.conductor.settings.style,
            "bpm": round(band.clock.bpm, 2),
            "grid": band.conductor.settings.grid,
            "output": self._ports.output,
            "places": {role.value: asdict(at) for role, at in self._ports.places().items()},
            "priority": self._ports.priority,
            "journal": str(journal.path) if journal is not None and not journal.problem else None,
            "engine_pid": os.getpid(),
            "sounding": len(self._loop.sounding()),
            "clients": sorted(p.name for p in self._audience.peers),
            "sources": {h.name: h.state for h in self._sources.health},
            **band.kpi.report(),
        }

    def _surroundings(self) -> Surroundings:
        ports_in, ports_out, synth = self._ports.lists()
        journal = self._audience.journal
        recording = "the journal is turned off"
        notices = self._ports.notices
        if journal is not None:
            recording = str(journal.path)
            if journal.problem:
                recording = journal.problem
                notices = (*notices, journal.problem)
        return Surroundings(
            session=self._session,
            seed=self._seed,
            inputs=self._ports.inputs,
            ports_in=ports_in,
            ports_out=ports_out,
            output=self._ports.output,
            synth=synth,
            recording=recording,
            notices=notices,
            priority=self._ports.priority,
            routes=self._ports.routes,
            port_names=self._ports.port_names,
            health=self._sources.health,
            hits=self._sources.hits,
            library=self._sources.library,
            queue_depth=self._loop.queue_depth,
            demo=self._demo,
        )
