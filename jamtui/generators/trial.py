"""The fixed brief that warms a model up and by which models are compared."""

from collections.abc import Callable
from contextlib import aclosing

from jamtui.generators.host import Host
from jamtui.generators.ollama_client import Ask, Figures
from jamtui.generators.request import make_request
from jamtui.generators.stream import Stream
from jamtui.music.chord import parse_chord
from jamtui.music.meter import METERS, PPQ
from jamtui.music.phrase import Brief, ChordSpan, Role
from jamtui.session.exchange import Exchange
from jamtui.styles.style import Style

CHANGES = (("Dm7", "G7", "Cmaj7", "A7"), ("Fm7", "Bb7", "Ebmaj7", "C7"), ("Am7", "D7", "Gmaj7", "E7"))
"""Four bars each: turnarounds in three keys, so that no request is like the one before."""
TEMPO = 120.0


def trial_brief(style: Style | None, number: int = 0, role: Role = Role.LEAD, tempo: float = TEMPO) -> Brief:
    """Four bars over the ``number``-th changes."""
    meter = METERS[style.meter] if style is not None else METERS["4/4"]
    length = meter.bar_ticks
    chords = tuple(
        ChordSpan(i * length, length, parse_chord(symbol))
        for i, symbol in enumerate(CHANGES[number % len(CHANGES)])
    )
    return Brief(
        brief_id=f"trial-{number}",
        session="trial",
        role=role,
        style=style.name if style is not None else "",
        meter=meter,
        start_tick=number * 4 * length,
        bars=4,
        chords=chords,
        plan_revision=0,
        tempo=tempo,
        temperature=0.5,
        energy=0.5,
        seed=number + 1,
        deadline_ms=round(4 * length * 60_000 / (tempo * PPQ)),
        forecast=chords,
        confidence=1.0,
    )


async def warm_up(
    host: Host,
    style: Style | None,
    step: int,
    first_s: float,
    on_exchange: Callable[[Exchange], None],
    now: Callable[[], float],
) -> None:
    """Have ``host`` read what every prompt begins with, then write two bars, which measures its speed.

    Args:
        style: the style that is played first.
        step: ticks of a step of the grid.
        first_s: longest wait for the first piece of an answer, in seconds.
        on_exchange: gets what was asked and said.
        now: the time in seconds.

    Raises:
        Trouble: the host failed, or said nothing that is music.
    """
    words = "" if style is None else style.title
    request = make_request(trial_brief(style), style, bars=2, step=step)
    stream = Stream(host, request, (), first_s=first_s, style_words=words, now=now)
    reading = Ask(host.model, stream.prompt.text, "", 1, first_s=first_s)
    async with aclosing(host.client.write(reading)) as parts:
        async for part in parts:
            if isinstance(part, Figures):
                break
    request = make_request(trial_brief(style, number=1), style, bars=2, step=step)
    stream = Stream(host, request, (), first_s=first_s, style_words=words, now=now)
    try:
        async with aclosing(stream.bars()) as bars:
            async for _bar in bars:
                pass
    finally:
        on_exchange(stream.exchange())
