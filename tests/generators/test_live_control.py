"""What the player turns reaches the LLM's bars at the next bar line."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from jamtui.generators.host import make_hosts
from jamtui.generators.ollama import OllamaSource
from jamtui.music.phrase import Source
from tests.generators.double import Double
from tests.generators.playing import Playing, ready
from tests.generators.virtual_time import run
from tests.session.stage import styles

BAR = 3840
TURNED = 6
"""The bar in which something is turned."""


def hot(body: dict[str, Any]) -> bool:
    """Whether a request has the temperature of the knob at its end."""
    return bool(body["options"]["temperature"] == 1.1)


def many(body: dict[str, Any]) -> bool:
    """Whether a request asks for many notes."""
    return "many notes" in body["prompt"].rsplit("Lead, bars", 1)[1]


def outside(body: dict[str, Any]) -> bool:
    """Whether a request's mask lets E flat stand by itself: in the scales of none of these chords in C, in
    those of A7 and G7 altered; without surprise it may only lead to its neighbours."""
    groups = re.findall(r"\(([^()]+)\)", body["format"]["pattern"])
    return any("Eb" in group.split("|") for group in groups if "[.]" in group)


def latin(body: dict[str, Any]) -> bool:
    """Whether a request is for a bossa nova."""
    return f"{styles()['bossa'].title}, about" in body["prompt"]


@pytest.mark.parametrize(
    ("action", "argument", "turned"),
    [
        ("temperature", 1.0, hot),
        ("density", 1.0, many),
        ("surprise", 1.0, outside),
        ("style", "bossa", latin),
    ],
)
def test_bars_that_lie_ready_are_written_anew_when_something_is_turned(
    action: str, argument: float | str, turned: Callable[[dict[str, Any]], bool]
) -> None:
    async def play() -> tuple[dict[tuple[int, ...], set[bool]], Playing, int]:
        async with Double(tokens_per_s=60.0) as server:
            source = OllamaSource(make_hosts([server.url]), styles())
            written: dict[tuple[int, ...], set[bool]] = {}
            ahead = 0
            put = source.shelf.put

            def kept(bar, style, meter, wish):  # type: ignore[no-untyped-def]  # as Shelf.put
                key = (bar.start_tick, *(n.pitch for n in bar.notes))
                written.setdefault(key, set()).add(turned(server.written[-1].body))
                put(bar, style, meter, wish)

            def turn(playing: Playing) -> None:
                nonlocal ahead
                ahead = max(key[0] for key in written) // BAR
                playing.stage.act(action, argument)

            source.shelf.put = kept  # type: ignore[method-assign]  # looked at, then done
            playing = Playing(source, 12, tempo=120, started=ready, events={TURNED: turn})
            await playing.play()
            return written, playing, ahead

    written, playing, ahead = run(play())
    assert ahead > TURNED, "bars lay ready that had to be written anew"
    # The last bar taken for a bar line is the one that is played.
    played = {
        b.start_tick // BAR: b for b, taken, _ in playing.offered if taken and b.origin is Source.OLLAMA
    }
    at = {n: written[b.start_tick, *(p.pitch for p in b.notes)] for n, b in played.items()}
    before = [at[n] for n in at if n < TURNED]
    assert before, "it played before"
    assert all(found == {False} for found in before)
    after = {n: at[n] for n in at if n > TURNED}
    assert after == {n: {True} for n in after}
    assert len(after) >= 4
    assert all(playing.lead_by_bar()), "no bar of the lead is empty"
    assert playing.dead_air == 0
