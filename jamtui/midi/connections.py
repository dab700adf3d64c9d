"""Who listens to our virtual ports, remembered, so that they hear us again after either side was away.

JACK and ALSA forget a connection with the port. The graph is read through libjack or ALSA's ``aconnect``;
on other systems DAWs reconnect by themselves and there is nothing to do.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from jamtui.errors import PortError
from jamtui.midi import names
from jamtui.midi.jack import JackControl

KEPT = (names.INPUT, names.THRU, *names.ROLE_PORTS.values())
"""Our ports whose connections are remembered; the others are connected by whoever opened them."""


@dataclass(frozen=True, slots=True)
class Link:
    """A connection of one of our virtual ports. ``own`` is its clean name, ``peer`` the other's full name."""

    own: str
    peer: str
    outgoing: bool


class Graph(Protocol):
    """Ports and connections by full name, as they were at the last ``refresh``."""

    def refresh(self) -> None:
        """Look at the system now."""
        ...

    @property
    def alive(self) -> bool:
        """False once it can only be opened anew."""
        ...

    def senders(self) -> tuple[str, ...]:
        """Ports that send."""
        ...

    def receivers(self) -> tuple[str, ...]:
        """Ports that can be played into."""
        ...

    def connections(self, port: str) -> tuple[str, ...]:
        """Ports connected with ``port``, in either direction."""
        ...

    def connect(self, sender: str, receiver: str) -> bool:
        """Connect; True also when they already were."""
        ...

    def close(self) -> None:
        """Read no more."""
        ...


class ConnectionMemory:
    """Remembers links; restores those that went because a port went, not those that somebody took away: both
    ports are still there at two looks. (A port is disconnected a moment before it goes.)

    Args:
        opener: opens the graph, at first and again after its server went (``lambda: open_graph("jack")``).
    """

    def __init__(self, opener: Callable[[], Graph | None]) -> None:
        self._opener = opener
        self._graph: Graph | None = None
        self._links: dict[Link, bool] = {}  # True: it was whole at the last look
        self._doubted: set[Link] = set()

    @property
    def graph(self) -> Graph | None:
        """The graph, opened if need be; None while there is none."""
        if self._graph is None or not self._graph.alive:
            self._graph = self._opener()
        return self._graph

    @property
    def links(self) -> tuple[Link, ...]:
        """All that is remembered, whole or broken."""
        return tuple(self._links)

    @property
    def broken(self) -> tuple[Link, ...]:
        """Links that wait for a port to return."""
        return tuple(link for link, whole in self._links.items() if not whole)

    def receivers_of(self, own: str) -> tuple[str, ...]:
        """Full names of the ports that listen, or listened, to our port ``own``."""
        return tuple(link.peer for link in self._links if link.own == own and link.outgoing)

    def remember(self, links: Iterable[Link]) -> None:
        """Take over links from elsewhere; they are made at the next look where both ends are there."""
        for link in links:
            self._links.setdefault(link, False)

    def port_owner_died(self) -> None:
        """All our ports went at once: what is not connected at the next look was not taken away."""
        self._links = dict.fromkeys(self._links, False)
        self._doubted.clear()

    def close(self) -> None:
        """Let the graph go; what is remembered stays."""
        if self._graph is not None:
            self._graph.close()
            self._graph = None

    def observe(self) -> tuple[Link, ...]:
        """Look at the graph and mend what can be mended; returns what was restored."""
        graph = self.graph
        if graph is None:
            self.port_owner_died()
            return ()
        graph.refresh()
        senders, receivers = graph.senders(), graph.receivers()
        own: dict[tuple[str, bool], str] = {}
        current: set[Link] = set()
        for ports, outgoing in ((senders, True), (receivers, False)):
            for full in ports:
                name = own_name(full)
                if name is None:
                    continue
                own.setdefault((name, outgoing), full)
                current |= {Link(name, peer, outgoing) for peer in graph.connections(full)}
        restored: list[Link] = []
        doubted, self._doubted = self._doubted, set()
        for link, was_whole in list(self._links.items()):
            if link in current:
                continue
            full = own.get((link.own, link.outgoing), "")
            if not full or link.peer not in (receivers if link.outgoing else senders):
                self._links[link] = False
            elif was_whole and link in doubted:
                del self._links[link]
            elif was_whole:
                self._doubted.add(link)
            elif graph.connect(*((full, link.peer) if link.outgoing else (link.peer, full))):
                self._links[link] = True
                restored.append(link)
        self._links.update(dict.fromkeys(current, True))
        return tuple(restored)


def own_name(full: str) -> str | None:
    """The clean name of our virtual port behind ``client:port``, None for all others.

    While the client of a dead process is still being cleared, JACK calls its successor ``jamtui lead-01``.
    """
    client = re.sub(r"-\d\d$", "", full.partition(":")[0])
    return client if client in KEPT else None


def open_graph(api: str) -> Graph | None:
    """The connection graph of this system, None where it has none or cannot be read."""
    if api == "jack":
        try:
            return JackControl("jamtui connections")
        except PortError:
            return None
    if api == "alsa" and shutil.which("aconnect"):
        return AlsaGraph()
    return None


class AlsaGraph:
    """ALSA's sequencer graph through the ``aconnect`` command (package alsa-utils), started once a look.

    The list does not say which ports send. Of ours that is known by their names; of others every port is
    taken for both, which does no harm: only connections that were there are ever made again.
    """

    alive = True

    def __init__(self, run: Callable[..., str] | None = None) -> None:
        self._run = _aconnect if run is None else run
        self._addresses: dict[str, str] = {}
        self._connected: dict[str, tuple[str, ...]] = {}

    def close(self) -> None:
        """Nothing is held."""

    def refresh(self) -> None:
        """Look at the system now."""
        self._addresses, self._connected = parse_aconnect(self._run("-l"))

    def senders(self) -> tuple[str, ...]:
        """Ports that may be read from."""
        return tuple(name for name in self._addresses if own_name(name) != names.INPUT)

    def receivers(self) -> tuple[str, ...]:
        """Ports that may be written to."""
        return tuple(name for name in self._addresses if own_name(name) in (None, names.INPUT))

    def connections(self, port: str) -> tuple[str, ...]:
        """Ports connected with ``port``, in either direction."""
        by_address = {address: name for name, address in self._addresses.items()}
        peers = self._connected.get(self._addresses.get(port, ""), ())
        return tuple(by_address[p] for p in peers if p in by_address)

    def connect(self, sender: str, receiver: str) -> bool:
        """Connect; True also when they already were."""
        if sender not in self._addresses or receiver not in self._addresses:
            self.refresh()
        if sender not in self._addresses or receiver not in self._addresses:
            return False
        self._run(self._addresses[sender], self._addresses[receiver])
        self.refresh()
        return receiver in self.connections(sender)


def parse_aconnect(text: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """What ``aconnect -l`` prints: addresses (``"128:0"``) by full name; connected addresses by address."""
    addresses: dict[str, str] = {}
    connected: dict[str, tuple[str, ...]] = {}
    number = client = address = ""
    for line in text.splitlines():
        if found := re.match(r"client (\d+): '(.*)' \[", line):
            number, client = found[1], found[2]
        elif found := re.match(r"\s+(\d+) '(.*)'\s*$", line):
            address = f"{number}:{found[1]}"
            addresses[f"{client}:{found[2].strip()}"] = address
        elif found := re.match(r"\s+Connect(?:ing To|ed From): (.*)$", line):
            peers = re.findall(r"(\d+:\d+)", re.sub(r"\[[^\]]*\]", "", found[1]))
            connected[address] = (*connected.get(address, ()), *peers)
    return addresses, connected


def _aconnect(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["aconnect", *arguments], capture_output=True, text=True, timeout=2, check=False, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
