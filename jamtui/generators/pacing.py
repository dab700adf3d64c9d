"""How far ahead an LLM has to write, and how much at a time, so that its bars are there when they are due.

Pure: measured speed and the length of a bar in, a plan out. The numbers that decide are named here.
"""

from dataclasses import dataclass, replace
from math import ceil, inf

SMOOTHING = 0.3
"""Weight of the newest measurement."""
WARNING = 0.8
"""Its weight where it is more than twice as slow as what was known: that is believed at once."""
SAFETY = 1.25
"""Times are taken this much longer than measured: a request comes while another program is busy."""
LOAD = 0.85
"""Share of the time that a host may write: the rest makes up for what is written in vain."""
MIN_BARS, MAX_BARS = 2, 8
"""Bars per request: fewer are no phrase, more are stale before they are played. Only a host that cannot write
a bar in the time that it lasts is asked for single ones."""
CUSHION = 1
"""Bars that are kept written beyond those that must be."""
GUESS_TOKENS_PER_S = 20.0
GUESS_PROMPT_S = 1.0
"""What is taken until there is a measurement."""
MIN_CONFIDENCE = 0.3
"""Below this the forecast is not written for, only the chords that are known."""
LOADED_S = 0.5
"""A server that says that it needed longer than this to load did load; below, it is its own housekeeping."""
LOCK_S = 0.1
"""Before a bar's first note is due, it is locked; and a bar has to get to the engine."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Measured speed of a model on a host. ``prompt_s``: from sending a request to its first token, the model
    loaded and the prompt's beginning known; ``tokens_per_bar``: of the answers so far, 0 while unknown;
    ``load_s``: what the model needed to be loaded, when it last was; ``reloaded``: the newest answer began
    with that, for something else had thrown the model out; ``answers``: how many measurements there were."""

    tokens_per_s: float = GUESS_TOKENS_PER_S
    prompt_s: float = GUESS_PROMPT_S
    tokens_per_bar: float = 0.0
    prompt_tokens_per_s: float = 0.0
    load_s: float = 0.0
    reloaded: bool = False
    answers: int = 0

    def measured(
        self,
        *,
        tokens: int,
        spoken_s: float,
        prompt_s: float,
        bars: int,
        prompt_tokens: int = 0,
        load_s: float = 0.0,
    ) -> "Pace":
        """With one more answer's figures. The first one replaces what was guessed. ``prompt_s``: until its
        first token, the ``load_s`` seconds included that its server needed to load the model."""
        weight = 1.0 if self.answers == 0 else SMOOTHING
        alarmed = 1.0 if self.answers == 0 else WARNING
        pace = replace(self, reloaded=load_s >= LOADED_S)
        if pace.reloaded:
            pace = replace(pace, load_s=load_s)
            prompt_s = max(prompt_s - load_s, 0.0)
        if tokens > 0 and spoken_s > 0:
            rate = tokens / spoken_s
            slower = 2 * rate < pace.tokens_per_s
            rate = _blend(pace.tokens_per_s, rate, alarmed if slower else weight)
            pace = replace(pace, tokens_per_s=rate)
        if prompt_s > 0:
            if prompt_tokens > 0:
                rate = prompt_tokens / prompt_s
                old = pace.prompt_tokens_per_s or rate
                pace = replace(pace, prompt_tokens_per_s=_blend(old, rate, weight))
            slower = prompt_s > 2 * pace.prompt_s
            prompt_s = _blend(pace.prompt_s, prompt_s, alarmed if slower else weight)
            pace = replace(pace, prompt_s=prompt_s)
        if bars > 0 and tokens > 0:
            old = pace.tokens_per_bar or tokens / bars
            pace = replace(pace, tokens_per_bar=_blend(old, tokens / bars, weight))
        return replace(pace, answers=pace.answers + 1)

    @property
    def start_s(self) -> float:
        """Seconds from sending a request to its first token, as they are to be expected now: where the model
        had to be loaded for the last one, it may have to be for the next."""
        return self.prompt_s + (self.load_s if self.reloaded else 0.0)

    def bar_s(self, tokens: float) -> float:
        """Seconds to write a bar; ``tokens``: what to take for its tokens while nothing is measured."""
        return (self.tokens_per_bar or tokens) / self.tokens_per_s if self.tokens_per_s > 0 else inf

    def request_s(self, bars: int, tokens: float) -> float:
        """Seconds until the last of ``bars`` bars of a request is there."""
        return self.start_s + bars * self.bar_s(tokens)


@dataclass(frozen=True, slots=True)
class Pacing:
    """What follows: requests of ``bars`` bars; the nearest bar that can be in time is ``ahead_s`` seconds
    away; work is done for ``reach`` bars ahead; ``keeps_up``: every bar can be written in time; ``examples``:
    there is time to read examples, which are most of what is new in a prompt."""

    bars: int
    ahead_s: float
    reach: int
    keeps_up: bool
    examples: bool = True


def plan(pace: Pace, bar_s: float, tokens: float, roles: int = 1) -> Pacing:
    """What ``pace`` allows where a bar lasts ``bar_s`` seconds and has about ``tokens`` tokens, for ``roles``
    roles that one host writes for in turn."""
    write = pace.bar_s(tokens) * roles
    left = LOAD * bar_s - write
    needed = inf if left <= 0 else pace.start_s * roles / left
    keeps_up = needed <= MAX_BARS
    bars = MAX_BARS if not keeps_up else max(MIN_BARS, ceil(needed))
    hopeless = write > bar_s
    if hopeless:
        # It never catches up: of two bars the second would be late whenever the first one is not.
        bars = 1
    ahead_s = SAFETY * pace.request_s(1, tokens) + LOCK_S
    # While the farthest bars of one request are written, its first ones are due.
    reach = ceil(SAFETY * pace.request_s(bars, tokens) * roles / bar_s) + bars + CUSHION
    return Pacing(bars, ahead_s, reach, keeps_up, not hopeless)


def words(pace: Pace, pacing: Pacing | None) -> str:
    """The measured speed and what follows of it, for the screen."""
    if pace.answers == 0:
        return "not measured yet"
    text = f"{pace.tokens_per_s:.0f} tok/s, prompt {pace.prompt_s:.1f} s"
    if pace.load_s:
        text += f", load {pace.load_s:.1f} s" + (" each time" if pace.reloaded else "")
    if pacing is None:
        return text
    return f"{text}; {pacing.bars} bars a request, {pacing.reach} ahead"


def _blend(old: float, new: float, weight: float) -> float:
    return old + weight * (new - old)
