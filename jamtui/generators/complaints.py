"""What the panel says of a host that fails: what happened, and what can be done."""

from urllib.parse import urlsplit

from jamtui.generators.ollama_client import Kind, Trouble

_STATES = {Kind.NONSENSE: "nonsense", Kind.SLOW: "slow", Kind.SILENT: "slow"}
_WORDS = {
    Kind.REFUSED: "does not answer",
    Kind.SILENT: "stopped answering",
    Kind.SLOW: "is too slow",
    Kind.BUSY: "is busy: its queue is full",
    Kind.CUT: "broke off in mid-answer",
}
"""What happened, for kinds that say it all."""
_ADVICE = {
    Kind.REFUSED: "start Ollama there (`ollama serve`)",
    Kind.NONSENSE: "choose another model with `jamtui llm use`",
    Kind.FOREIGN: "look at `hosts` under [llm] in the configuration",
    Kind.MISSING: "",
}
"""What to do; nothing for the others but to wait."""


def state_of(kind: Kind) -> str:
    """The state of a host whose last request failed so, while it is not given up."""
    return _STATES.get(kind, "down")


def without_advice(who: str, said: Trouble) -> str:
    """What happened to ``who`` (a model, and its host if it is not this machine), in a few words."""
    if said.kind is Kind.NONSENSE:
        return f"{who} {said}"
    if said.kind is Kind.FOREIGN:
        return f"{who}: {said}"
    return f"{who} {_WORDS.get(said.kind, f'says: {said}')}"


def in_words(who: str, url: str, said: Trouble) -> str:
    """What happened and what to do about it, in a sentence. ``url``: the host's."""
    place = urlsplit(url)
    here = place.hostname in ("127.0.0.1", "::1")
    if said.kind is Kind.REFUSED:
        who = "Ollama" if here else place.netloc
    elif said.kind is Kind.FOREIGN:
        who = f"port {place.port} of this machine" if here else place.netloc
    advice = _ADVICE.get(said.kind, "it is tried again")
    text = without_advice(who, said)
    return f"{text}; {advice}" if advice else text
