"""What the player turns reaches the LLM's bars at the next bar line."""

from jamtui.generators.host import make_hosts
from jamtui.generators.ollama import OllamaSource
from jamtui.music.phrase import Source
from tests.generators.double import Double
from tests.generators.playing import Playing, ready
from tests.generators.virtual_time import run
from tests.session.stage import styles

BAR = 3840


def test_bars_that_lie_ready_are_written_anew_when_the_temperature_is_turned() -> None:
    async def play() -> tuple[dict[tuple[int, ...], set[float]], Playing]:
        async with Double(tokens_per_s=60.0) as server:
            source = OllamaSource(make_hosts([server.url]), styles())
            written: dict[tuple[int, ...], set[float]] = {}
            put = source.shelf.put

            def kept(bar, style, meter, wish):  # type: ignore[no-untyped-def]  # as Shelf.put
                key = (bar.start_tick, *(n.pitch for n in bar.notes))
                written.setdefault(key, set()).add(server.written[-1].body["options"]["temperature"])
                put(bar, style, meter, wish)

            source.shelf.put = kept  # type: ignore[method-assign]  # looked at, then done
            hotter = {6: lambda playing: playing.stage.act("temperature", 1.0)}
            playing = Playing(source, 12, tempo=120, started=ready, events=hotter)
            await playing.play()
            return written, playing

    written, playing = run(play())
    # The last bar taken for a bar line is the one that is played.
    played = {
        b.start_tick // BAR: b for b, taken, _ in playing.offered if taken and b.origin is Source.OLLAMA
    }
    at = {n: written[b.start_tick, *(p.pitch for p in b.notes)] for n, b in played.items()}
    before = {t for n, found in at.items() if n < 6 for t in found}
    assert before, "it played before"
    assert max(before) < 1.0
    assert {n: t for n, t in at.items() if n >= 7} == {n: {1.1} for n in at if n >= 7}
    assert len([n for n in at if n >= 7]) >= 4
