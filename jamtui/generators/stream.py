"""One request: prompt and mask go out, bars come in as they are whole, the answer is judged at its end."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from jamtui.generators.answer import AnswerReader
from jamtui.generators.host import Host
from jamtui.generators.mask import build_pattern
from jamtui.generators.ollama_client import Ask, Figures, Kind, Trouble, loop_time
from jamtui.generators.pacing import Pace
from jamtui.generators.prompt import NEW, Example, build_prompt
from jamtui.generators.request import Request
from jamtui.music.notation_decoder import FaultReason
from jamtui.music.phrase import Bar, Note
from jamtui.session.exchange import Exchange
from jamtui.session.guard import Guard
from jamtui.session.randomness import number

SILENT_S = 5.0
"""Shortest patience with a host that says nothing at all."""
GAP_S = 2.5
"""Shortest patience with one that stops in mid-answer."""
HALT_S = 0.8
"""A pause in an answer that is said on the screen: with the time between two looks, within a second."""
STOP_TOKENS, STOP_S = 10, 0.25
"""A pause for so many tokens, and at least so long, is not slowness."""
UNMEASURED_GAP_S = 10.0
"""Patience with one whose speed is not known yet."""
TEMPERATURES = (0.5, 1.1)
"""Sampling temperature at the band's temperature 0 and 1."""
ANSWER_LIMIT = 16_000
"""Characters of an answer that are kept to be shown; of the others it is said how many there were."""

QUOTED = 16
"""Characters of an answer that is no music, for the screen."""
_FAULTS = {
    FaultReason.STEPS: "writes bars of the wrong length",
    FaultReason.UNFINISHED: "stopped in mid-bar",
}


class Stream:
    """A request on its way.

    Args:
        host: whom it goes to.
        request: what is wanted.
        examples: phrases in the notation, for the prompt.
        before: the line that leads to these bars (onsets from their first bar line, negative), where it is
            not what the brief says was just played.
        new: most tokens of the prompt beyond those that stay the same.
        first_s: longest wait for the first piece; None: by the host's pace.
        now: the time in seconds; the event loop's, where nothing else is said.
    """

    def __init__(
        self,
        host: Host,
        request: Request,
        examples: Sequence[Example] = (),
        *,
        first_s: float | None = None,
        style_words: str = "",
        before: Sequence[Note] | None = None,
        new: int = NEW,
        now: Callable[[], float] = loop_time,
    ) -> None:
        self.host = host
        self.request = request
        self.prompt = build_prompt(
            request, examples, style_words=style_words, thinking=host.thinking, before=before, new=new
        )
        self.pattern = build_pattern(request)
        self.began = now()
        self.first_at: float | None = None
        self.pieces = 0
        self.whole = 0
        """Bars that are whole."""
        self.refused: list[str] = []
        """Why the guard refused bars."""
        self.outcome = "cancelled"
        self.flaw = ""
        """What was wrong with an answer that is over and has some of its bars, in words; empty: nothing."""
        self.stalled = False
        """Whether it stopped for longer than is usual."""
        self._now = now
        self._last_at: float | None = None
        self._pieces_before = 0
        self._reader = AnswerReader(request, label=host.model)
        self._answer: list[str] = []
        self._kept = self._more = 0
        self._guard = Guard()
        self._limits = request.limits
        pace = host.pace
        low, high = TEMPERATURES
        self._ask = Ask(
            host.model,
            self.prompt.text,
            self.pattern,
            request.tokens,
            low + (high - low) * request.brief.temperature,
            number(request.brief.seed, "llm", request.start_tick) % (1 << 31),
            first_s if first_s is not None else max(SILENT_S, 4 * pace.start_s),
            max(GAP_S, 8 / max(pace.tokens_per_s, 0.01)) if pace.answers else UNMEASURED_GAP_S,
        )

    async def bars(self) -> AsyncGenerator[Bar, None]:
        """Bars that the guard accepts, each the moment it is whole; a later one of the same bar line replaces
        the earlier one. Close it to cancel the request.

        Raises:
            Trouble: the host failed, or said nothing that is music.
        """
        figures: Figures | None = None
        try:
            async with aclosing(self.host.client.write(self._ask)) as parts:
                async for part in parts:
                    if isinstance(part, Figures):
                        figures = part
                        continue
                    self._note(part)
                    for bar in self._judged(self._reader.feed(part)):
                        yield bar
                    if self._reader.done and self._reader.whole < self.request.bars:
                        break  # hopeless: what would follow is of no use
            if figures is not None and figures.reason == "stop":
                for bar in self._judged(self._reader.finish()):
                    yield bar
            self.outcome = figures.reason if figures is not None else "nonsense"
        except Trouble as error:
            self.outcome = str(error)
            if self.whole >= self.request.bars:
                return  # all that was asked for is there
            raise
        finally:
            self._measure(figures)
        if not self.whole:
            raise Trouble(Kind.NONSENSE, self._why(figures))
        if self._reader.whole < self.request.bars:
            self.flaw = self._why(figures)

    def exchange(self) -> Exchange:
        """What was said so far."""
        host = self.host
        return Exchange(
            host.client.url,
            host.model,
            self.prompt.text,
            self.pattern,
            "".join(self._answer),
            self.outcome,
            self.whole,
            len(self.refused),
            seconds=self._now() - self.began,
            more=self._more,
        )

    def ready_in(self, bars: int, tokens_per_bar: float) -> float:
        """Seconds from now until ``bars`` more bars are whole, at the pace seen so far."""
        pace = self.host.pace
        now = self._now()
        tokens = pace.tokens_per_bar or tokens_per_bar
        if self.first_at is None:
            waiting = max(pace.start_s - (now - self.began), 0.0)
            return waiting + bars * pace.bar_s(tokens_per_bar)
        per_token = 1 / pace.tokens_per_s
        seen = (now - self.first_at) / self.pieces
        per_token = max(seen, per_token / 2) if self.pieces > 3 else max(seen, per_token)
        begun = min(self.pieces - self._pieces_before, tokens - 1)
        return (bars * tokens - begun) * per_token

    def waited(self) -> float:
        """Seconds for which nothing has come, where something should have."""
        pace, now = self.host.pace, self._now()
        if self._last_at is None:
            waited = now - self.began
            return waited if waited > 2 * pace.start_s else 0.0
        waited = now - self._last_at
        return waited if waited > 3 / pace.tokens_per_s else 0.0

    @property
    def stopped(self) -> bool:
        """Whether it has begun, and then for the time of many tokens nothing has come."""
        gap = max(STOP_S, STOP_TOKENS / self.host.pace.tokens_per_s)
        return self._last_at is not None and self._now() - self._last_at > gap

    def _note(self, text: str) -> None:
        if self.pieces and self.waited() > HALT_S:
            self.stalled = True
        self.pieces += 1
        self._last_at = self._now()
        if self.first_at is None:
            self.first_at = self._last_at
        kept = text[: ANSWER_LIMIT - self._kept]
        if kept:
            self._answer.append(kept)
            self._kept += len(kept)
        self._more += len(text) - len(kept)

    def _judged(self, bars: Sequence[Bar]) -> list[Bar]:
        found = []
        for bar in bars:
            judged = self._guard.check(bar, self._limits)
            if judged.bar is None:
                self.refused.append(judged.reason)
                continue
            found.append(judged.bar)
        fresh = max(self._reader.whole - len(self.refused), 0)
        if fresh > self.whole:
            self.whole = fresh
            self._pieces_before = self.pieces
        return found

    def _why(self, figures: Figures | None) -> str:
        """Why bars are missing, as what is said of the model: ``thinks``, ``stopped in mid-bar``."""
        fault = next(iter(self._reader.faults), None)
        if fault is not None and fault.reason is FaultReason.TOKEN and fault.token.isprintable():
            return f"writes “{fault.token}”, which is no note"
        if fault is not None and fault.reason in _FAULTS:
            return _FAULTS[fault.reason]
        if self.refused:
            return f"writes what the guard refuses ({self.refused[0]})"
        answer = "".join(self._answer).strip()
        if not answer:
            return "says nothing"
        if fault is None and figures is not None and figures.reason == "length":
            return "stopped in mid-bar"
        if self.whole:
            return "writes fewer bars than were asked for"
        begin = "".join(c for c in answer[:QUOTED] if c.isprintable()).strip()
        return f"writes “{begin}…”, which is no music" if begin else "writes what is no music"

    def _measure(self, figures: Figures | None) -> None:
        """Speed of this answer: the server's own figures, or, where it did not get so far, the clock's."""
        pace: Pace = self.host.pace
        bars = self._reader.whole
        if figures is not None and not bars:
            return  # what has no bar in it says nothing of how fast bars come
        if figures is not None:
            first_at, last_at = self.first_at or self._now(), self._last_at or self._now()
            # What passed until the first piece counts, not only what the server says of the prompt; and
            # nothing that it says is faster, or longer, than what was seen of it.
            self.host.pace = pace.measured(
                tokens=figures.tokens if 0 < figures.tokens <= self._ask.num_predict else self.pieces,
                spoken_s=max(figures.spoken_s, last_at - first_at),
                prompt_s=first_at - self.began,
                prompt_tokens=figures.prompt_tokens,
                bars=bars if bars == self.request.bars else 0,
                load_s=min(figures.load_s, first_at - self.began),
            )
        elif self.first_at is not None and (
            # As in `ready_in`: what made a request hopeless counts, or the next one goes the same way.
            self.pieces > 3 or self._now() - self.first_at > self.pieces / pace.tokens_per_s
        ):
            self.host.pace = pace.measured(
                tokens=self.pieces,
                spoken_s=self._now() - self.first_at,
                prompt_s=self.first_at - self.began,
                bars=0,
            )
        elif self.first_at is None and (waited := self._now() - self.began) > pace.prompt_s:
            self.host.pace = pace.measured(tokens=0, spoken_s=0.0, prompt_s=waited, bars=0)
