"""What the engine does with actions of the MIDI keyboard and with inputs that go."""

from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

from jamtui.processes.codec import decode, encode, from_plain
from jamtui.processes.engine_desk import TWICE_NS, Desk
from jamtui.processes.engine_views import Audience
from jamtui.session.exchange import Exchange
from jamtui.session.journal import JournalWriter, read_journal
from jamtui.session.model_page import ModelPage, ModelRow


class Peer:
    """A client that keeps what it was sent."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.got: list[tuple[str, Any]] = []

    def send(self, data: bytes) -> None:
        self.got.append(decode(data))


class Server:
    def __init__(self, *peers: Peer) -> None:
        self.peers = peers


class Band:
    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []

    def midi(self, _ns: int, port: str, data: bytes) -> None:
        self.heard.append((port, data))


class Ports:
    def __init__(self) -> None:
        self.picked: list[str] = []

    def pick_output(self, choice: str) -> list[Any]:
        self.picked.append(choice)
        return []


def desk(*peers: Peer) -> tuple[Desk, Band, Ports, list[str]]:
    audience, band, ports, stopped = Audience(), Band(), Ports(), []
    audience.server = Server(*peers)  # type: ignore[assignment]  # as much of a server as is used
    unused: Any = None
    made = Desk(
        session="test",
        band=band,  # type: ignore[arg-type]  # as much of a band as is used
        ports=ports,  # type: ignore[arg-type]  # the same
        sources=unused,
        audience=audience,
        views=unused,
        commands=deque(),
        flush=lambda: None,
        stop=lambda: stopped.append("stopped"),
    )
    return made, band, ports, stopped


def test_what_is_the_consoles_is_asked_of_every_console_and_of_nobody_else() -> None:
    console, workers = Peer("console"), Peer("workers")
    made, _, ports, _ = desk(console, workers)
    assert made.elsewhere("style_pick", None, 0) is True
    assert made.elsewhere("output_pick", "bass=Synth", 0) is True
    assert made.elsewhere("style_next", None, 0) is False
    assert console.got == [("do", "style_pick")]
    assert workers.got == []
    assert ports.picked == ["bass=Synth"]


def test_quit_ends_everything_when_it_is_pressed_twice_in_time() -> None:
    made, _, _, stopped = desk()
    made.elsewhere("quit", None, 0)
    made.elsewhere("quit", None, TWICE_NS)
    assert stopped == []
    made.elsewhere("quit", None, 2 * TWICE_NS - 1)
    assert stopped == ["stopped"]


def test_keys_and_pedal_of_an_input_that_goes_are_let_go_through_the_band() -> None:
    made, band, _, _ = desk()
    for message in (b"\x90\x3c\x50", b"\x90\x40\x50", b"\xb0\x40\x7f"):
        made.hear(0, "Nord", message)
    made.hear(0, "Pad", b"\x90\x43\x50")
    band.heard.clear()
    made.let_go(["Nord"], 1)
    assert band.heard == [("Nord", b"\x80\x3c\x00"), ("Nord", b"\x80\x40\x00"), ("Nord", b"\xb0\x40\x00")]


def test_what_the_llm_was_asked_goes_to_consoles_with_its_time_to_one_that_comes_later_too(
    tmp_path: Path,
) -> None:
    console, workers, later = Peer("console"), Peer("workers"), Peer("console")
    audience = Audience()
    audience.server = Server(console, workers)  # type: ignore[assignment]  # as much of a server as is used
    audience.journal = JournalWriter(tmp_path / "j.jsonl", session="s", seed=1, version="0")
    said = Exchange("http://x:1", "qwen", "Dm7 |\n", "^( C)$", '" C - |"', "stop", 1, 0, seconds=0.5)
    audience.take_exchange(said, 77)
    audience.welcome(later)  # type: ignore[arg-type]  # as much of a peer as is used
    audience.journal.close()
    ((kind, body),) = console.got
    shown = from_plain(Exchange, body)
    assert kind == "exchange"
    assert later.got == console.got
    assert workers.got == []
    assert shown.at > 0
    assert replace(shown, at=0.0) == said
    (kept,) = [r for r in read_journal(tmp_path / "j.jsonl").records if r["t"] == "llm"]
    assert (kept["ns"], kept["at"], kept["prompt"]) == (77, shown.at, "Dm7 |\n")


def test_models_are_asked_of_the_workers_shown_to_consoles_and_chosen_by_name() -> None:
    console, workers = Peer("console"), Peer("workers")
    made, _, _, _ = desk(console, workers)
    made.take(console, encode("models"), 0)  # type: ignore[arg-type]  # as much of a peer as is used
    assert workers.got == [("models", None)]
    page = ModelPage((ModelRow("qwen3:4b", "", 1),))
    made.take(workers, encode("models", page), 0)  # type: ignore[arg-type]  # the same
    ((kind, body),) = console.got
    assert kind == "models"
    assert from_plain(ModelPage, body).rows[0].name == "qwen3:4b"
    asked = {"name": "model", "argument": "qwen3:4b"}
    made.take(console, encode("action", asked), 0)  # type: ignore[arg-type]  # the same
    assert workers.got[-1] == ("model", "qwen3:4b")
    assert made.elsewhere("model", "phi", 0) is True, "mapped to a key of the keyboard"
    assert workers.got[-1] == ("model", "phi")


def test_without_the_workers_it_is_said_that_no_model_can_be_chosen() -> None:
    console = Peer("console")
    made, _, _, _ = desk(console)
    asked = {"name": "model", "argument": "phi"}
    made.take(console, encode("action", asked), 0)  # type: ignore[arg-type]  # as much of a peer as is used
    ((kind, body),) = console.got
    assert kind == "event"
    assert "choose again in a moment" in body["text"]
