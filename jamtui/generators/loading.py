"""Makes a host ready to write: which model, loading it, and having it read what every prompt begins with."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from math import inf

from jamtui.generators.host import Host
from jamtui.generators.models import SUGGESTED, Measurements, has_tag, measured_on, wanted
from jamtui.generators.ollama_client import LOAD_S, Kind, Trouble
from jamtui.generators.pacing import LOADED_S, Pace

LOAD_PATIENCE_S = 20.0
"""How long a model may take to load where another host waits, unless it is known to need longer; without
another one, as long as it takes."""
SLACK = 2.0
"""A model that is known to need so many seconds to load may take this many times as long."""
BESIDE_S = 3.0
"""A better host that has to load for longer than this is loaded beside one that need not load, and that
plays meanwhile."""
GUESS_LOAD_S = 10.0
"""What is taken for the time to load a model that was never loaded there."""
WARM_S = 120.0
"""How long the first answer of a model that was just loaded may take: it reads a whole prompt."""
WARM_PATIENCE_S = 10.0
"""The same, where the model was heard before, unless it needed half as long then."""
LOOK_S = 1.0
"""How often it is said how far it is, and how long a host may take to say what it has loaded."""

Warm = Callable[[Host, float], Awaitable[None]]


class RepickedError(Exception):
    """Another model was chosen while one was being loaded."""


class Loader:
    """See the module.

    Args:
        warm: asks a host that has just loaded its model for a few bars, so that its prompt is known; with
            the longest wait for its first piece, in seconds.
        tell: gets what a host is doing, in words, and for how many seconds it does it, each second.
        measured: what ``jamtui llm bench`` found, by host and model.
        now: the time in seconds.
        alone: there is one host only: it plays the model that is wished, or none.
    """

    def __init__(
        self,
        warm: Warm,
        tell: Callable[[Host, str, float], None],
        measured: Measurements | None,
        now: Callable[[], float],
        *,
        alone: bool,
    ) -> None:
        self._warm = warm
        self._tell = tell
        self._measured = measured
        self._now = now
        self._alone = alone

    async def soonest(self, hosts: Sequence[Host]) -> Sequence[Host]:
        """``hosts`` (in order of preference) in the order in which they are to be made ready: those that can
        play at once before those that have to load for longer than ``BESIDE_S``."""
        if len(hosts) < 2:
            return hosts
        waits = await asyncio.gather(*(self._wait_s(host) for host in hosts))
        late = [wait > BESIDE_S for wait in waits]
        return sorted(hosts, key=lambda host: late[hosts.index(host)])

    async def ready(self, host: Host, *, others: bool) -> None:
        """Load the model that ``host`` is to play and warm it up; ``others``: another host waits.

        Raises:
            Trouble: it cannot be made ready, or not in time.
            RepickedError: another model was chosen meanwhile.
        """
        models = await host.client.models()
        known = measured_on(host.client.url, self._measured)
        model = wanted(host.wish, models, known, alone=self._alone)
        if model is None:
            missing = host.wish or SUGGESTED
            raise Trouble(Kind.MISSING, f"`jamtui llm pull {missing}` fetches a model")
        if model.name != host.model:
            found = known.get(model.name)
            host.pace = Pace(load_s=found.load_s if found is not None else 0.0)
            host.warm_s, host.listed = 0.0, False
        host.model = model.name
        host.thinking = await host.client.thinks(model.name)
        about = host.pace.load_s
        patience = max(LOAD_PATIENCE_S, SLACK * about) if others else LOAD_S
        began = self._now()
        await self._saying(host, host.client.load(model.name, patience), "loading", about)
        took = self._now() - began
        host.pace = replace(host.pace, load_s=took if took >= LOADED_S else about, reloaded=False)
        patience = LOAD_PATIENCE_S if others else WARM_S
        if host.warm_s:
            patience = max(WARM_PATIENCE_S, 2 * host.warm_s)
        began = self._now()
        # The whole of it, not only its first piece: what trickles is no help.
        warming = asyncio.wait_for(self._warm(host, patience), patience)
        await self._saying(host, warming, "warming up", host.warm_s)
        host.warm_s = self._now() - began

    async def _wait_s(self, host: Host) -> float:
        """Seconds for which ``host`` has to load before it can play; endless where it does not say."""
        try:
            async with asyncio.timeout(LOOK_S):
                loaded = await host.client.running()
        except Exception:  # whatever it is, making it ready tells
            return inf
        name = host.wish or host.model
        if (has_tag(name) in loaded) if name else bool(loaded):
            return 0.0
        found = measured_on(host.client.url, self._measured).get(has_tag(name)) if name else None
        return host.pace.load_s or (found.load_s if found is not None else 0.0) or GUESS_LOAD_S

    async def _saying(self, host: Host, work: Awaitable[None], doing: str, about: float) -> None:
        """Do ``work``, saying each second how long it takes; ``about``: the seconds that it took last."""
        began, wish = self._now(), host.wish
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                passed = self._now() - began
                since = f", {passed:.0f} s" if passed >= 1 else ""
                usual = f" of about {about:.0f}" if about >= 2 and passed < 2 * about else ""
                self._tell(host, f"{doing}{since}{usual if since else ''}", passed)
                await asyncio.wait({task}, timeout=LOOK_S)
                if host.wish != wish:
                    raise RepickedError
            task.result()
        finally:
            task.cancel()
