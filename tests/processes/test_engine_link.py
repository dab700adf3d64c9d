"""What reaches whom over the link to the engine."""

import threading
from pathlib import Path

from jamtui.processes.client import STOPPED, EngineLink
from jamtui.processes.codec import Plain, encode
from jamtui.processes.link import Peer, Server, link_key
from jamtui.session.model_page import ModelPage


def test_the_workers_hear_the_question_after_models_and_a_console_its_answer(jamtui_home: Path) -> None:
    runtime = jamtui_home / "run"
    key = link_key(runtime, create=True)
    here, heard, listed = threading.Event(), threading.Event(), threading.Event()
    kinds: list[str] = []

    def on_message(kind: str, body: Plain) -> None:
        kinds.append(kind)
        (heard if kind == "models" else listed).set()

    def on_engine(peer: Peer, _data: bytes) -> None:
        peer.send(encode("models"))
        peer.send(encode("models", ModelPage((), ("nobody answers",))))
        peer.send(encode("over"))
        here.set()

    server = Server(runtime, "engine", key, on_engine)
    link = EngineLink(runtime, "workers", on_message)
    assert here.wait(20)
    assert heard.wait(20)
    assert listed.wait(20)
    assert kinds == ["models", "over"]
    assert link.models() == ModelPage((), ("nobody answers",))
    link.close()
    server.close()


def test_a_key_after_the_band_has_ended_is_told_so_and_not_to_be_pressed_again(jamtui_home: Path) -> None:
    runtime = jamtui_home / "run"
    key = link_key(runtime, create=True)
    server = Server(runtime, "engine", key, lambda peer, _data: peer.send(encode("snapshot", {})))
    link = EngineLink(runtime, "console")
    assert link.wait_connected(20)
    server.close()
    pause = threading.Event()
    while link.link_detail != STOPPED:
        pause.wait(0.01)
    link.act("start_stop")
    assert [event.text for event in link.drain_events()] == [f"Start / stop: {STOPPED}"]
    link.close()
