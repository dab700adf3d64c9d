"""How the LLM that writes now is, in a state and a sentence for the screen."""

from jamtui.generators.host import Host
from jamtui.generators.hosts import Hosts
from jamtui.generators.ollama_client import Kind
from jamtui.generators.pacing import Pacing, words
from jamtui.generators.stream import HALT_S, Stream


def state_of(
    host: Host, hosts: Hosts, stream: Stream | None, pacing: Pacing | None, now: float
) -> tuple[str, str]:
    """State and sentence.

    Args:
        host: the one that writes.
        hosts: all of them.
        stream: the request on its way.
        pacing: what the host's speed allows; None: not known yet.
        now: the time in seconds.
    """
    unheard = hosts.unheard_since
    if stream is not None and (waited := stream.waited()) > HALT_S:
        return "slow", f"{host.who}: no note for {waited:.0f} s"
    if stream is None and unheard is not None and (waited := now - unheard) > HALT_S:
        return "slow", f"{host.who}: no answer for {waited:.0f} s"
    if host.breaker.open:
        return "nonsense" if host.breaker.kind is Kind.NONSENSE else "down", host.note
    flaw = host.flaw
    if flaw is not None and flaw[0] != "slow":
        return flaw
    history = hosts.history
    detail = f"{host.who}: {words(host.pace, pacing)}" + (f"; {history}" if history else "")
    if pacing is not None and not pacing.keeps_up:
        return "slow", f"{detail}; a smaller model would write every bar"
    if flaw is not None:
        return flaw
    if stream is not None and stream.stalled:
        return "slow", f"{host.who}: halts between its notes"
    return "ready", detail
