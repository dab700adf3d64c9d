import itertools

import pytest

from jamtui.midi.connections import AlsaGraph, ConnectionMemory, Link, own_name, parse_aconnect

LEAD = Link("jamtui lead", "daw:in", True)
KEYS = Link("jamtui in", "keys:out", False)


class FakeGraph:
    """Ports and connections in memory. ``has`` and ``lose`` are what happens in the world."""

    def __init__(self) -> None:
        self.alive = True
        self.out: set[str] = set()
        self.into: set[str] = set()
        self.wires: set[tuple[str, str]] = set()

    def refresh(self) -> None:
        pass

    def senders(self) -> tuple[str, ...]:
        return tuple(sorted(self.out))

    def receivers(self) -> tuple[str, ...]:
        return tuple(sorted(self.into))

    def connections(self, port: str) -> tuple[str, ...]:
        return tuple(sorted(itertools.chain(*(set(w) - {port} for w in self.wires if port in w))))

    def connect(self, sender: str, receiver: str) -> bool:
        if sender not in self.out or receiver not in self.into:
            return False
        self.wires.add((sender, receiver))
        return True

    def close(self) -> None:
        self.alive = False

    def lose(self, port: str) -> None:
        self.out.discard(port)
        self.into.discard(port)
        self.wires = {w for w in self.wires if port not in w}


@pytest.fixture
def graph() -> FakeGraph:
    graph = FakeGraph()
    graph.out |= {"jamtui lead:out", "keys:out"}
    graph.into |= {"jamtui in:in", "daw:in"}
    graph.connect("jamtui lead:out", "daw:in")
    graph.connect("keys:out", "jamtui in:in")
    return graph


def test_a_receiver_that_comes_back_hears_the_band_again(graph: FakeGraph) -> None:
    memory = ConnectionMemory(lambda: graph)
    assert memory.observe() == ()
    assert set(memory.links) == {LEAD, KEYS}
    graph.lose("daw:in")
    assert memory.observe() == ()
    assert memory.broken == (LEAD,)
    graph.into.add("daw:in")
    assert memory.observe() == (LEAD,)
    assert ("jamtui lead:out", "daw:in") in graph.wires
    assert memory.broken == ()
    assert memory.observe() == ()


def test_a_connection_that_somebody_takes_away_stays_away(graph: FakeGraph) -> None:
    memory = ConnectionMemory(lambda: graph)
    memory.observe()
    graph.wires.discard(("jamtui lead:out", "daw:in"))
    assert memory.observe() == ()
    assert memory.observe() == ()
    assert memory.links == (KEYS,)
    assert ("jamtui lead:out", "daw:in") not in graph.wires


def test_a_port_seen_disconnected_just_before_it_goes_was_not_taken_away(graph: FakeGraph) -> None:
    memory = ConnectionMemory(lambda: graph)
    memory.observe()
    graph.wires.discard(("jamtui lead:out", "daw:in"))
    assert memory.observe() == ()
    graph.lose("daw:in")
    assert memory.observe() == ()
    graph.into.add("daw:in")
    assert memory.observe() == (LEAD,)
    assert ("jamtui lead:out", "daw:in") in graph.wires


def test_a_new_engine_gets_the_connections_of_the_old_one_whatever_jack_calls_it(graph: FakeGraph) -> None:
    memory = ConnectionMemory(lambda: graph)
    memory.observe()
    graph.lose("jamtui lead:out")
    graph.lose("jamtui in:in")
    memory.port_owner_died()
    # Both ports are back before the next look: without port_owner_died this would look like a choice.
    graph.out.add("jamtui lead-01:out")
    graph.into.add("jamtui in:in")
    assert set(memory.observe()) == {LEAD, KEYS}
    assert graph.wires == {("jamtui lead-01:out", "daw:in"), ("keys:out", "jamtui in:in")}


def test_memory_outlives_the_graph(graph: FakeGraph) -> None:
    graphs: list[FakeGraph | None] = [graph, None]
    memory = ConnectionMemory(lambda: graphs.pop(0))
    memory.observe()
    graph.alive = False
    assert memory.observe() == ()
    assert set(memory.broken) == {LEAD, KEYS}
    after = FakeGraph()
    after.out |= {"jamtui lead:out", "keys:out"}
    after.into |= {"jamtui in:in", "daw:in"}
    graphs.append(after)
    assert set(memory.observe()) == {LEAD, KEYS}


def test_links_can_be_handed_over(graph: FakeGraph) -> None:
    graph.wires.clear()
    memory = ConnectionMemory(lambda: graph)
    memory.remember([LEAD])
    assert memory.receivers_of("jamtui lead") == ("daw:in",)
    assert memory.observe() == (LEAD,)


@pytest.mark.parametrize(
    ("full", "name"),
    [
        ("jamtui lead:out", "jamtui lead"),
        ("jamtui lead-01:out", "jamtui lead"),
        ("jamtui keys:in", None),
        ("jamtui rescue:out", None),
        ("daw:in", None),
    ],
)
def test_only_the_ports_of_the_band_are_remembered(full: str, name: str | None) -> None:
    assert own_name(full) == name


def test_what_aconnect_prints_is_read() -> None:
    text = (
        "client 20: 'Launchkey' [type=kernel,card=1]\n"
        "    0 'Launchkey MIDI 1'\n"
        "\tConnecting To: 128:0[real:0]\n"
        "    1 'Launchkey MIDI 2'\n"
        "client 128: 'jamtui in' [type=user,pid=7]\n"
        "    0 'jamtui in       '\n"
        "\tConnected From: 20:0[real:0], 21:3\n"
    )
    addresses, connected = parse_aconnect(text)
    assert addresses == {
        "Launchkey:Launchkey MIDI 1": "20:0",
        "Launchkey:Launchkey MIDI 2": "20:1",
        "jamtui in:jamtui in": "128:0",
    }
    assert connected == {"20:0": ("128:0",), "128:0": ("20:0", "21:3")}


def test_one_look_at_alsa_is_one_command() -> None:
    text = (
        "client 20: 'Keys' [type=kernel,card=1]\n    0 'Keys MIDI 1'\n\tConnecting To: 128:0\n"
        "client 128: 'jamtui in' [type=user,pid=7]\n    0 'jamtui in'\n\tConnected From: 20:0\n"
        "client 129: 'jamtui lead' [type=user,pid=7]\n    0 'jamtui lead'\n\tConnecting To: 130:0\n"
        "client 130: 'daw' [type=user,pid=9]\n    0 'in'\n\tConnected From: 129:0\n"
    )
    calls: list[tuple[str, ...]] = []

    def run(*arguments: str) -> str:
        calls.append(arguments)
        return text

    memory = ConnectionMemory(lambda: graph)
    graph = AlsaGraph(run)
    memory.observe()
    assert set(memory.links) == {
        Link("jamtui in", "Keys:Keys MIDI 1", False),
        Link("jamtui lead", "daw:in", True),
    }
    assert calls == [("-l",)]
