"""A server that an LLM runs on, with what is known of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from jamtui.generators.breaker import Breaker
from jamtui.generators.ollama_client import OllamaClient, RunnerOptions
from jamtui.generators.pacing import Pace

LOCAL = ("127.0.0.1", "[::1]", "::1")


@dataclass(slots=True)
class Host:
    """A server with what is known of it."""

    client: OllamaClient
    wish: str = ""
    """The configured model; empty: the recommended one."""
    model: str = ""
    """The model that is loaded there."""
    thinking: bool = False
    pace: Pace = field(default_factory=Pace)
    breaker: Breaker = field(default_factory=Breaker)
    warm_s: float = 0.0
    """How long it took to read its first prompt and to write two bars."""
    late_row: int = 0
    """Requests in a row that were closed as late, without a whole bar."""
    slow_since: float | None = None
    """Since when it does not keep up, in seconds."""
    slow_until: float = 0.0
    """Until when it counts as too slow, in seconds."""
    note: str = ""
    """What to do about a host that cannot play, in a sentence."""
    flaw: tuple[str, str] | None = None
    """State and sentence for what went wrong since its last bar."""
    listed: bool = False
    """Whether it said of itself that its model is loaded."""

    @property
    def where(self) -> str:
        """The host in words: empty for this machine."""
        name = urlsplit(self.client.url).netloc
        return "" if name.rsplit(":", 1)[0] in LOCAL else name

    @property
    def who(self) -> str:
        """Model and host in words."""
        model = self.model or self.wish or "model"
        return f"{model} on {self.where}" if self.where else model


def make_hosts(
    urls: Sequence[str], model: str = "", options: RunnerOptions | None = None
) -> tuple[Host, ...]:
    """Hosts for ``urls``, all with the same runner options."""
    return tuple(Host(OllamaClient(url, options), model) for url in urls)
