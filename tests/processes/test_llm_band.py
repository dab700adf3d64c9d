"""The LLM with real processes in real time: its server is the protocol double, in this one."""

from pathlib import Path

import pytest

from jamtui.processes.options import INSTALLED, SessionOptions
from jamtui.session.snapshot import Snapshot
from tests.generators.double import Double
from tests.processes.wire import RunningBand, wait_until

pytestmark = [pytest.mark.wire, pytest.mark.slow]


def state_of(snapshot: Snapshot) -> str:
    return next((s.state for s in snapshot.sources if s.letter == "O"), "")


def lead(snapshot: Snapshot) -> tuple[str, str]:
    view = next(r for r in snapshot.roles if r.role == "lead")
    return view.source, view.label


def test_the_llm_plays_goes_and_comes_back_while_the_band_plays_on(jamtui_home: Path) -> None:
    with Double(tokens_per_s=150, prompt_tokens_per_s=4000) as server:
        options = SessionOptions(
            chart="Dm7 | G7 | Cmaj7 | A7", tempo=240, seed=5, autostart=True, generators=INSTALLED
        )
        config = f'[llm]\nhosts = ["{server.url}"]\n[playing]\ncount_in = 0\n'
        with RunningBand(options, config=config, listen=["lead"]) as band:
            band.wait(lambda s: state_of(s) == "ready", "the model is loaded")
            band.wait(lambda s: lead(s) == ("O", "qwen3:1.7b"), "the lead plays what the LLM wrote")
            console = band.client("console")
            wait_until(
                lambda: console.exchange() is not None, "a console that comes late has the last exchange"
            )
            said = console.exchange()
            assert said is not None
            assert said.prompt in [s.body["prompt"] for s in server.written]
            assert (said.host, said.model) == (server.url, "qwen3:1.7b")
            assert said.at > 0
            assert said.seconds > 0
            wait_until(lambda: console.exchange() is not said, "and gets newer ones")

            server.kill()
            band.wait(lambda s: state_of(s) == "down", "that it is gone is said")
            band.wait(lambda s: lead(s)[0] in ("R", "L"), "others play")
            server.start()
            band.wait(lambda s: state_of(s) == "ready", "it is back")
            band.wait(lambda s: lead(s)[0] == "O", "and plays")

            workers = band.kill("workers")
            band.wait_replaced("workers", workers)
            band.wait(lambda s: state_of(s) == "ready", "a new worker process finds it")
            band.wait(lambda s: lead(s)[0] == "O", "and it plays again")
            wait_until(
                lambda: not [s for s in server.written if s.ended_at is None][1:], "no request is left"
            )

            report = band.report()
            assert report["hung_notes"] == 0
            assert band.silences() == 0
            assert report["notes_by_source"]["ollama"] > 20
