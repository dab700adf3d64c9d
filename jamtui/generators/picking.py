"""Which models there are on the hosts, which is taken, and taking another one while the band plays."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jamtui.errors import JamtuiError
from jamtui.generators.complaints import in_words
from jamtui.generators.host import Host
from jamtui.generators.hosts import Hosts
from jamtui.generators.models import (
    SUGGESTED,
    Measured,
    Measurements,
    find_model,
    measured_on,
    recommend,
    wanted,
    writes_text,
)
from jamtui.generators.ollama_client import Installed, Trouble
from jamtui.session.model_page import ModelPage, ModelRow

GET_ONE = f"No model there: `jamtui llm pull {SUGGESTED}` fetches one."
OFF = "The LLM is turned off in the configuration: `on = true` in [llm] turns it on."


@dataclass(frozen=True, slots=True)
class Listed:
    """A model on a host: what was measured there, whether it is the ``recommended`` one, and whether it is
    the one that is ``chosen`` there."""

    model: Installed
    host: Host
    measured: Measured | None
    recommended: bool
    chosen: bool


async def installed_on(
    hosts: Sequence[Host],
) -> tuple[list[tuple[Host, tuple[Installed, ...]]], list[tuple[Host, Trouble]]]:
    """The hosts that answer with their models, and what is wrong with the others. All are asked at once."""
    answers = await asyncio.gather(*(host.client.models() for host in hosts), return_exceptions=True)
    found: list[tuple[Host, tuple[Installed, ...]]] = []
    problems: list[tuple[Host, Trouble]] = []
    for host, answer in zip(hosts, answers, strict=True):
        if isinstance(answer, Trouble):
            problems.append((host, answer))
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found.append((host, answer))
    return found, problems


async def models_on(
    hosts: Sequence[Host], measured: Measurements | None
) -> tuple[list[Listed], list[tuple[Host, Trouble]]]:
    """All models on ``hosts``, host by host, and what is wrong with the hosts that cannot be asked."""
    found, problems = await installed_on(hosts)
    listed: list[Listed] = []
    for host, answer in found:
        known = measured_on(host.client.url, measured)
        best = recommend(answer, known)
        chosen = wanted(host.wish, answer, known, alone=len(hosts) == 1)
        listed += [Listed(m, host, known.get(m.name), m == best, m == chosen) for m in answer]
    return listed, problems


class Picking:
    """The player's choice of a model.

    Args:
        hosts: the servers.
        measured: what ``jamtui llm bench`` found, by host and model; asked whenever it is shown.
        remember: keeps a model's name for the next start.
    """

    def __init__(
        self,
        hosts: Hosts,
        measured: Measurements | None,
        remember: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._hosts = hosts
        self._measured = measured
        self._remember = remember

    async def page(self) -> ModelPage:
        """For the screen."""
        hosts = self._hosts.all
        if not hosts:
            return ModelPage((), (OFF,))
        listed, problems = await models_on(hosts, self._measured)
        said = [in_words(host.who, host.client.url, trouble) for host, trouble in problems]
        failed = {host.client.url for host, _ in problems}
        rows = []
        for host in hosts:
            found = [entry for entry in listed if entry.host is host and writes_text(entry.model)]
            if not found and host.client.url not in failed:
                said.append(f"{host.where}: {GET_ONE}" if host.where else GET_ONE)
            rows += [self._row(entry) for entry in found]
        return ModelPage(tuple(rows), tuple(said))

    async def choose(self, name: str) -> str:
        """Have ``name`` play from now on, and remember it; what came of it, in a sentence.

        Raises:
            JamtuiError: no host has it, or it cannot be remembered (it plays all the same).
        """
        listed, _ = await models_on(self._hosts.all, self._measured)
        found = find_model(name, [entry.model for entry in listed])
        if found is None:
            raise JamtuiError(f"{name} is not installed; fetch it with `jamtui llm pull {name}`")
        self._hosts.wish(found.name, [entry.host for entry in listed if entry.model.name == found.name])
        try:
            self._remember(found.name)
        except JamtuiError as error:
            raise JamtuiError(f"{found.name} plays now, but not at the next start: {error}") from error
        return f"{found.name} is being loaded and plays from then on, also at the next start"

    def _row(self, entry: Listed) -> ModelRow:
        host, model, found = entry.host, entry.model, entry.measured
        loaded = host.model == model.name
        live = loaded and host.pace.answers > 0
        return ModelRow(
            model.name,
            host.where,
            model.size,
            model.parameters,
            bars_per_s=found.bars_per_s if found is not None else 0.0,
            accepted=found.accepted if found is not None else 0.0,
            first_bar_s=found.first_bar_s if found is not None else 0.0,
            tokens_per_s=host.pace.tokens_per_s if live else found.tokens_per_s if found is not None else 0.0,
            load_s=(host.pace.load_s if loaded else 0.0) or (found.load_s if found is not None else 0.0),
            recommended=entry.recommended,
            chosen=entry.chosen,
            playing=loaded and self._hosts.active is host,
        )
