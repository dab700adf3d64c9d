from jamtui.processes.insist import FOR_S, REPEAT_S, SETTLED_S, insist


class Graph:
    """A JACK graph under a clock of its own: ports that die one by one."""

    def __init__(self, dead: dict[str, float]) -> None:
        self.now = 0.0
        self.alive = True
        self.dead = dead
        self.sent: list[float] = []

    def senders(self) -> tuple[str, ...]:
        return ("other:out", *(name for name, until in self.dead.items() if self.now < until))

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def send(self) -> None:
        self.sent.append(self.now)


def run(graph: Graph, until: float = 1e9) -> None:
    insist(
        graph.send,
        graph,
        lambda name: name.startswith("jamtui"),
        lambda: graph.now >= until,
        now=graph.time,
        sleep=graph.sleep,
    )


def test_it_goes_on_until_shortly_after_the_last_dead_port_is_gone() -> None:
    graph = Graph({"jamtui lead:out": 0.5, "jamtui bass:out": 1.0})
    run(graph)
    assert graph.sent[0] == 0.0
    assert 1.0 + SETTLED_S <= graph.sent[-1] <= 1.0 + SETTLED_S + 2 * REPEAT_S
    gaps = [b - a for a, b in zip(graph.sent, graph.sent[1:], strict=False)]
    assert max(gaps) <= REPEAT_S * 1.01


def test_with_nothing_dead_it_settles_at_once() -> None:
    graph = Graph({})
    run(graph)
    assert len(graph.sent) >= 2
    assert graph.sent[-1] <= SETTLED_S + 2 * REPEAT_S


def test_it_ends_with_the_successor_the_server_or_its_patience() -> None:
    graph = Graph({"jamtui lead:out": 1e9})
    run(graph, until=0.3)
    assert graph.sent[-1] < 0.3
    graph = Graph({"jamtui lead:out": 1e9})
    run(graph)
    assert FOR_S <= graph.sent[-1] <= FOR_S + 2 * REPEAT_S
    graph = Graph({"jamtui lead:out": 1e9})
    graph.alive = False
    run(graph)
    assert graph.sent == []
