"""How well a model plays: a fixed brief, on each model, through mask, reader and guard."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from jamtui.generators.host import Host
from jamtui.generators.models import Measured
from jamtui.generators.ollama_client import Trouble, loop_time
from jamtui.generators.pacing import LOADED_S
from jamtui.generators.request import make_request
from jamtui.generators.stream import Stream
from jamtui.generators.trial import trial_brief
from jamtui.styles.style import Style

REQUESTS = 3
"""Requests that are measured, after one that is not: the first one reads the whole prompt."""
BARS = 4
"""Bars in each."""
FIRST_S = 120.0
"""Longest wait for the first token; beyond it a model is of no use on a stage."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a model: its figures, or, where it failed, why."""

    measured: Measured | None
    load_s: float = 0.0
    problem: str = ""
    refused: tuple[tuple[str, int], ...] = ()
    """Why the guard refused bars, and how many."""


async def try_model(
    host: Host, style: Style | None, step: int, now: Callable[[], float] = loop_time
) -> Trial:
    """Load ``host.model`` and have it write over the trial changes on a grid of ``step`` ticks."""
    began = now()
    try:
        host.thinking = await host.client.thinks(host.model)
        await host.client.load(host.model)
    except Trouble as error:
        return Trial(None, 0.0, str(error))
    load_s = now() - began
    whole = wanted = 0
    writing = 0.0
    firsts: list[float] = []
    reasons: dict[str, int] = {}
    problem = ""
    for number in range(REQUESTS + 1):
        request = make_request(trial_brief(style, number), style, bars=BARS, step=step)
        words = "" if style is None else style.title
        stream = Stream(host, request, (), first_s=FIRST_S, style_words=words, now=now)
        began = now()
        first = None
        try:
            async with aclosing(stream.bars()) as bars:
                async for _bar in bars:
                    first = first if first is not None else now() - began
        except Trouble as error:
            problem = str(error)
        for reason in stream.refused:
            reasons[reason] = reasons.get(reason, 0) + 1
        if number == 0:
            continue
        wanted += BARS
        whole += stream.whole
        writing += now() - began
        if first is not None:
            firsts.append(first)
    if not whole:
        return Trial(None, load_s, problem or "it wrote no bar", tuple(reasons.items()))
    return Trial(
        Measured(
            model=host.model,
            host=host.client.url,
            bars_per_s=round(whole / writing, 3) if writing > 0 else 0.0,
            accepted=round(whole / wanted, 3),
            first_bar_s=round(sorted(firsts)[len(firsts) // 2], 3),
            tokens_per_s=round(host.pace.tokens_per_s, 2),
            load_s=round(load_s, 3) if load_s >= LOADED_S else 0.0,
        ),
        round(load_s, 3),
        "",
        tuple(reasons.items()),
    )
